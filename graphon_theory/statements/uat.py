"""UAT: the masked network realises every network of width N_J in the active coordinates, whatever the ambient d."""

from __future__ import annotations

from sympy import (
    Abs,
    Derivative,
    Expr,
    Function,
    Integral,
    Matrix,
    Max,
    Min,
    Rational,
    Subs,
    Sum,
    Symbol,
    cos,
    log,
    tanh,
)

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_sigma, _f = Function("sigma"), Function("f")
_x, _t, _z = (Symbol(name, real=True) for name in ("x", "t", "z"))
_f0, _fh, _fx, _slope, _s1, _s2 = (Symbol(name, real=True) for name in ("f_0", "f_h", "f_x", "f'_x", "s_1", "s_2"))
_h, _p, _y, _c, _q, _w = (Symbol(name, positive=True) for name in ("h", "p", "y", "c", "q", "omega"))
_a, _b, _A, _B, _m, _N = (Symbol(name, positive=True) for name in ("a", "b", "A", "B", "m", "N"))
_rho, _r = Symbol("rho", positive=True), Symbol("r", positive=True)
_M, _L = (Symbol(name, integer=True, positive=True) for name in ("M", "L"))
_RANGE = (Rational(1, 4), 2)
_LINE = (-2, 2)


def _reduction() -> tuple[Expr, Expr]:
    """Masked network with zeros put in (4 neurons, 4 inputs, J the first two) and small one, for any activation sigma.

    Neurons 0 and 2 are joined to both inputs of J, neuron 1 lacks the second and neuron 3 the first. The entries of
    the mask outside J stay symbols: the identity holds whatever the mask is there.
    """
    mask = Matrix(4, 4, lambda i, j: Symbol(f"m_{i}{j}") if j >= 2 else 1)
    mask[1, 1], mask[3, 0] = 0, 0
    inputs = Matrix([Symbol(f"x_{j}") for j in range(4)])
    hidden = mask.multiply_elementwise(Matrix(4, 4, lambda i, j: Symbol(f"w_{i}{j}"))) * inputs
    masked = sum(Symbol(f"a_{i}") * _sigma(hidden[i] + Symbol(f"b_{i}")) for i in range(4))
    outside = [Symbol(f"w_{i}{j}") for i in range(4) for j in (2, 3)] + [Symbol("a_1"), Symbol("a_3")]
    small = sum(
        Symbol(f"a_{i}") * _sigma(Symbol(f"w_{i}0") * inputs[0] + Symbol(f"w_{i}1") * inputs[1] + Symbol(f"b_{i}"))
        for i in (0, 2)
    )
    return Subs(masked, outside, [0] * len(outside)), small


def _derivation() -> Derivation:
    masked, small = _reduction()
    return Derivation(
        id="UAT",
        title="Universal approximation in the active coordinates",
        steps=(
            Step(
                id="reduction",
                text="Put zero on every edge outside J and in front of every neuron that is not joined to all of J. "
                "What is left is a dense network of width N_J in the coordinates J, with free weights, for any "
                "activation and whatever the mask is outside J: d does not enter.",
                left=masked,
                relation="=",
                right=small,
                rule="matrix product",
            ),
            Step(
                id="grows",
                text="At a fixed threshold UAT-count gives P(N_J < n t_J/2) <= q^n with q = exp(-t_J/8) < 1. These sum "
                "to less than q/(1 - q), so that almost surely N_J >= n t_J/2 from some n on (Borel and Cantelli): N_J "
                "grows without bound.",
                left=(1 - _q) * Sum(_q**_M, (_M, 1, _L)),
                relation="=",
                right=_q - _q ** (_L + 1),
                rule="geometric series",
                domain={_q: (Rational(1, 10), Rational(9, 10)), _L: (1, 20)},
            ),
            Step(
                id="nested",
                text="A top-k mask of K entries holds the mask at a fixed higher threshold unless that keeps more than "
                "K. If it keeps each entry with mean rate r < rho = K/(nd), that has probability at most "
                "exp(-nd KL(rho | r)) (Hoeffding 1963), with KL(rho | r) >= 2 (rho - r)^2: likewise summable. So under "
                "top-k N_J >= n t/2 from some n on for every t that a smaller density gives.",
                left=_rho * log(_rho / _r) + (1 - _rho) * log((1 - _rho) / (1 - _r)),
                relation=">=",
                right=2 * (_rho - _r) ** 2,
                rule="Pinsker",
                domain={_rho: (Rational(1, 2), Rational(9, 10)), _r: (Rational(1, 10), Rational(2, 5))},
                follows=("grows",),
            ),
            Step(
                id="dense",
                text="Networks of all widths with biases are dense in C(K), K compact, if and only if the activation "
                "is not a polynomial. With the reduction, so are masked networks of growing n.",
                source="Leshno, Lin, Pinkus, Schocken (1993), Neural Networks 6, Theorem 1",
                follows=("reduction", "nested"),
            ),
            Step(
                id="polynomial",
                text="The hypothesis is needed: with the activation z^2 every unit, whatever its weight w and its bias "
                "b, has a third derivative of 0.",
                left=Derivative((_w * _x + _b) ** 2, _x, 3),
                relation="=",
                right=Rational(0),
                rule="differentiation",
                domain={_w: _RANGE, _x: _LINE, _b: _RANGE},
            ),
            Step(
                id="homogeneous",
                text="Biases are needed. ReLU is (z + |z|)/2, and without biases every network satisfies "
                "f(c x) = c f(x) for c > 0: f(0) = 0, so that any target misses by |target(0)| at least.",
                left=(_c * _z + Abs(_c * _z)) / 2,
                relation="=",
                right=_c * (_z + Abs(_z)) / 2,
                rule="positive homogeneity",
                domain={_c: _RANGE, _z: _LINE},
            ),
            Step(
                id="odd",
                text="With an odd activation and no biases f is odd: the error is at least |target(0)| as well, and "
                "the even part of the target cannot be approached.",
                left=as_written(lambda: tanh(-_z)),
                relation="=",
                right=-tanh(_z),
                rule="symmetry",
                domain={_z: _LINE},
            ),
            Step(
                id="left-part",
                text="k = 1, piecewise-linear interpolation on a cell [0, h]: integrate t f''(t) by parts over [0, x] "
                "...",
                left=Derivative(_t * Derivative(_f(_t), _t) - _f(_t), _t),
                relation="=",
                right=_t * Derivative(_f(_t), _t, 2),
                rule="product rule",
            ),
            Step(
                id="right-part",
                text="... and (h - t) f''(t) over [x, h].",
                left=Derivative((_h - _t) * Derivative(_f(_t), _t) + _f(_t), _t),
                relation="=",
                right=(_h - _t) * Derivative(_f(_t), _t, 2),
                rule="product rule",
            ),
            Step(
                id="peano",
                text="Weighted by (h - x)/h and x/h the two integrals add up to the interpolant at x less f(x): f'(x) "
                "cancels. The interpolation error is the integral of f'' against a non-negative kernel.",
                left=(_h - _x) / _h * (_x * _slope - _fx + _f0) + _x / _h * (_fh - _fx - (_h - _x) * _slope),
                relation="=",
                right=(_h - _x) / _h * _f0 + _x / _h * _fh - _fx,
                rule="integration by parts",
                domain={_h: _RANGE, _x: _LINE, _slope: _LINE, _fx: _LINE, _f0: _LINE, _fh: _LINE},
                follows=("left-part", "right-part"),
            ),
            Step(
                id="kernel",
                text="The kernel's integral ...",
                left=Integral(_t * (_h - _x) / _h, (_t, 0, _x)) + Integral(_x * (_h - _t) / _h, (_t, _x, _h)),
                relation="=",
                right=_x * (_h - _x) / 2,
                rule="integration",
                domain={_h: _RANGE, _x: (0, 2)},
            ),
            Step(
                id="cell",
                text="... is at most h^2/8: on a cell the error is at most h^2 max|f''|/8.",
                left=_x * (_h - _x) / 2,
                relation="<=",
                right=_h**2 / 8,
                rule="square of h - 2x",
                domain={_h: _RANGE, _x: (0, 2)},
                follows=("peano", "kernel"),
            ),
            Step(
                id="units",
                text="A ReLU network with m units realises the interpolant with m cells: a constant, a unit at the "
                "left end with the first slope, and at each inner knot p a unit with the change of slope.",
                left=_f0 + _s1 * Max(0, _p + _y) + (_s2 - _s1) * Max(0, _y),
                relation="=",
                right=(_f0 + _s1 * _p) + _s2 * _y,
                rule="telescoping slopes",
                domain={_f0: _LINE, _s1: _LINE, _s2: _LINE, _p: _RANGE, _y: _RANGE},
            ),
            Step(
                id="equidistribution",
                text="Cells of length (8e/|f''|)^(1/2) share an error e. With |f''| = A^2 on a stretch a and B^2 on b, "
                "m cells suffice for e = (a A + b B)^2/(8 m^2), the limit of which is the square of the "
                "integral of |f''|^(1/2) over 8 m^2: rate N_J^(-2).",
                left=_a / (8 * ((_a * _A + _b * _B) ** 2 / (8 * _m**2)) / _A**2) ** Rational(1, 2)
                + _b / (8 * ((_a * _A + _b * _B) ** 2 / (8 * _m**2)) / _B**2) ** Rational(1, 2),
                relation="=",
                right=_m,
                rule="counting cells",
                domain={_a: _RANGE, _b: _RANGE, _A: _RANGE, _B: _RANGE, _m: (1, 50)},
                follows=("cell", "units"),
            ),
            Step(
                id="no-worse",
                text="By Cauchy and Schwarz that is no worse than the mean of |f''| over equal cells would give.",
                left=(_a * _A + _b * _B) ** 2,
                relation="<=",
                right=(_a + _b) * (_a * _A**2 + _b * _B**2),
                rule="Cauchy-Schwarz",
                domain={_a: _RANGE, _b: _RANGE, _A: _RANGE, _B: _RANGE},
            ),
            Step(
                id="variance",
                text="Larger k: a function of Barron norm C_f is a mean of units of size at most 2 r C_f, and the mean "
                "of N independent ones misses it by their variance over N.",
                left=as_written(lambda: (_N * _c**2) / _N**2),
                relation="=",
                right=_c**2 / _N,
                rule="variance of a mean",
                domain={_N: (1, 50), _c: _RANGE},
            ),
            Step(
                id="barron",
                text="So for sigmoidal units and any probability measure on a ball of radius r some network of width "
                "N_J has an L2 error of at most 2 r C_f/sqrt(N_J): the rate does not depend on k either.",
                source="Barron (1993), IEEE Trans. Inform. Theory 39, Theorem 1",
                follows=("variance",),
            ),
            Step(
                id="barron-check",
                text="Checked for k = 1 on cos(omega x), C_f = omega: it is a mixture of steps at t of weight "
                "omega |sin(omega t)|, at most omega, so that over [-r, r] the weights sum to 2 r C_f at most.",
                left=Derivative(cos(_w * _t), _t) ** 2,
                relation="<=",
                right=_w**2,
                rule="chain rule",
                domain={_w: _RANGE, _t: _LINE},
            ),
            Step(
                id="ramp",
                text="Two ReLU units make one sigmoidal unit, a ramp from 0 to 1: N_J/2 of those.",
                left=Max(0, _z + 1) - Max(0, _z),
                relation="=",
                right=Min(1, Max(0, _z + 1)),
                rule="cases",
                domain={_z: _LINE},
            ),
        ),
    )


UAT = Statement(
    id="UAT",
    title="Universal approximation in the active coordinates",
    hypotheses=assumed(
        "one hidden layer; biases and output weights are not pruned, and all kept weights are free",
        "J holds k coordinates, chosen without the edge noise, with t_J > 0",
        "the activation is continuous and not a polynomial",
        "the target is a continuous function of the coordinates in J on a compact K",
    ),
    conclusion=(
        r"With $N_J$ the number of neurons joined to all of $J$, the masked network realises every dense network of "
        r"width $N_J$ in the coordinates $J$. As $N_J \to \infty$ almost surely, masked networks are dense in $C(K)$; "
        r"for $k = 1$ the sup error of ReLU networks falls like $N_J^{-2}$ on $C^2$, and for functions of Barron norm "
        r"$C_f$ the $L^2$ error is at most $2 r C_f N_J^{-1/2}$. The ambient $d$ enters through $N_J$ alone."
    ),
    uses=("UAT-count",),
    source="[P26]; density: Leshno et al. (1993); rate: Barron (1993)",
    derive=_derivation,
)
