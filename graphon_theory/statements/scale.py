"""SCALE: with the trace in closed form, density and scale leave the bound, and the shape of the path density stays."""

from __future__ import annotations

from sympy import Derivative, Rational, Subs, Symbol, sqrt, symbols

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.kernels.relu import relu_expressions
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_A1, _A2, _W11, _W12, _W21, _W22 = symbols("A_1 A_2 W_11 W_12 W_21 W_22", positive=True)
_x1, _x2, _z1, _z2 = symbols("x_1 x_2 z_1 z_2", real=True)
_b1, _b2, _s1, _s2, _D1, _D2 = symbols("b_1 b_2 s_1 s_2 D_1 D_2", positive=True)
_P, _Q, _N, _d, _t, _c, _s, _rho = (Symbol(name, positive=True) for name in ("P", "Q", "N", "d", "t", "c", "s", "rho"))
_D, _b, _lam = Symbol("D", positive=True), Symbol("b", positive=True), Symbol("lambda", nonnegative=True)
_theta, _f, _g = Symbol("theta", real=True), Symbol("f", positive=True), Symbol("g", positive=True)
_k = Symbol("k", positive=True)
_SIDES, _RANGE = (Rational(-2), Rational(2)), (Rational(1, 4), 2)
_PAIR = dict.fromkeys((_b1, _b2, _s1, _s2, _D1, _D2), _RANGE)


def _derivation() -> Derivation:
    half = relu_expressions(Rational(1), Rational(1), Rational(1))[1]
    density = ((_A1 * _W11 + _A2 * _W21) / 2, (_A1 * _W12 + _A2 * _W22) / 2)
    inverse, linear = _b1**2 / _D1 + _b2**2 / _D2, _D1 * _s1**2 + _D2 * _s2**2
    chord = (_P - _theta * _f) * (_Q + _theta * _g)
    return Derivation(
        id="SCALE",
        title="The bound without density and scale",
        steps=(
            Step(
                id="half",
                text="On the diagonal of K_1 the inputs are equal: k0 = 1/2.",
                left=as_written(lambda: relu_expressions(Rational(1), Rational(1), Rational(1))[1]),
                relation="=",
                right=Rational(1, 2),
                rule="value",
            ),
            Step(
                id="trace",
                text="So tr K_1 = (1/2d) sum_j D_j ||X_j||^2, exactly, at every width: here two rows, two inputs, and "
                "samples x and z; for all of them the trace of a product.",
                source="Petersen, Pedersen (2012), section 1.1: tr AB = tr BA, and the trace is linear",
                left=half
                * (
                    _A1 * (_W11 * (_x1**2 + _z1**2) + _W12 * (_x2**2 + _z2**2))
                    + _A2 * (_W21 * (_x1**2 + _z1**2) + _W22 * (_x2**2 + _z2**2))
                )
                / (2 * _d),
                relation="=",
                right=(density[0] * (_x1**2 + _z1**2) + density[1] * (_x2**2 + _z2**2)) / (2 * _d),
                rule="exchange of sums",
                domain=dict.fromkeys((_A1, _A2, _W11, _W12, _W21, _W22), _RANGE)
                | dict.fromkeys((_x1, _x2, _z1, _z2), _SIDES)
                | {_d: (1, 64)},
                follows=("half",),
            ),
            Step(
                id="product",
                text="With PATH the complexity 2 B sqrt(tr K_1)/N of GEN is at most 2 sqrt 2 sqrt(P Q)/N, P = sum "
                "beta^2/D, Q = sum D ||X_j||^2: the width d cancels too.",
                left=as_written(lambda: 2 * sqrt(4 * _d * _P) * sqrt(_Q / (2 * _d)) / _N),
                relation="=",
                right=2 * sqrt(2) * sqrt(_P * _Q) / _N,
                rule="cancellation",
                domain={_P: _RANGE, _Q: _RANGE, _d: (1, 64), _N: (2, 500)},
                follows=("trace",),
            ),
            Step(
                id="free",
                text="D and cD give the same value: only the shape of D counts.",
                left=inverse.subs({_D1: _c * _D1, _D2: _c * _D2}, simultaneous=True)
                * linear.subs({_D1: _c * _D1, _D2: _c * _D2}, simultaneous=True),
                relation="=",
                right=inverse * linear,
                rule="cancellation",
                domain=_PAIR | {_c: _RANGE},
            ),
            Step(
                id="floor",
                text="Cauchy and Schwarz: P Q exceeds (sum |beta_j| ||X_j||)^2 by a square, here for two inputs, "
                "cited for all d (Lagrange's identity: a sum of such squares).",
                source="Steele, The Cauchy-Schwarz Master Class (2004), chapter 3",
                left=inverse * linear - (_b1 * _s1 + _b2 * _s2) ** 2,
                relation="=",
                right=(_b1 * _s2 * sqrt(_D2 / _D1) - _b2 * _s1 * sqrt(_D1 / _D2)) ** 2,
                rule="expansion",
                domain=_PAIR,
            ),
            Step(
                id="attained",
                text="That square is 0 exactly for D_j proportional to |beta_j|/||X_j||.",
                left=(inverse * linear).subs({_D1: _c * _b1 / _s1, _D2: _c * _b2 / _s2}, simultaneous=True),
                relation="=",
                right=(_b1 * _s1 + _b2 * _s2) ** 2,
                rule="substitution",
                domain=_PAIR | {_c: _RANGE},
                follows=("floor",),
            ),
            Step(
                id="constant",
                text="A constant D pays for inputs that are not needed: with k equal ones needed among d equal ones P "
                "Q is d/k times its least value, at every density rho.",
                left=as_written(lambda: (_k * _b**2 / (_rho * _c)) * (_d * _rho * _c * _s**2)),
                relation="=",
                right=_d / _k * (_k * _b * _s) ** 2,
                rule="substitution",
                domain={_k: (1, 8), _d: (8, 64), _b: _RANGE, _s: _RANGE, _rho: (Rational(1, 10), 1), _c: _RANGE},
            ),
            Step(
                id="linearised",
                text="Where caps and a total bind: t^2 P + Q exceeds 2 t sqrt(P Q) by a square, 0 at t^2 = Q/P. So "
                "what minimises P Q also minimises t^2 P + Q at its own t, a convex problem.",
                left=_t**2 * _P + _Q - 2 * _t * sqrt(_P * _Q),
                relation="=",
                right=(_t * sqrt(_P) - sqrt(_Q)) ** 2,
                rule="expansion",
                domain={_P: _RANGE, _Q: _RANGE, _t: _RANGE},
            ),
            Step(
                id="stationary",
                text="Its solution away from the caps is D_j = t |beta_j|/sqrt(||X_j||^2 + lambda), lambda the price "
                "of the total (written for lambda >= 0) ...",
                left=Subs(Derivative(_t**2 * _b**2 / _D + (_s**2 + _lam) * _D, _D), _D, _t * _b / sqrt(_s**2 + _lam)),
                relation="=",
                right=Rational(0),
                rule="differentiation",
                domain={_t: _RANGE, _b: _RANGE, _s: _RANGE, _lam: (0, 2)},
                follows=("linearised",),
            ),
            Step(
                id="convex",
                text="... and a minimum.",
                left=Derivative(_t**2 * _b**2 / _D + (_s**2 + _lam) * _D, (_D, 2)),
                relation=">",
                right=Rational(0),
                rule="differentiation",
                domain={_t: _RANGE, _b: _RANGE, _s: _RANGE, _lam: (0, 2), _D: _RANGE},
            ),
            Step(
                id="concave",
                text="Along a tangent of the curve of least (P, Q), where P falls and Q rises, P Q is concave: "
                "between two tangents it is least at an end or where they cross, which bounds all that lies between.",
                left=Derivative(chord, (_theta, 2)),
                relation="<=",
                right=Rational(0),
                rule="differentiation",
                domain={_theta: (0, 1), _P: _RANGE, _Q: _RANGE, _f: _RANGE, _g: _RANGE},
            ),
        ),
    )


SCALE = Statement(
    id="SCALE",
    title="Density and scale leave the bound",
    hypotheses=assumed(
        "those of GEN and PATH, all D_j > 0 where beta_j is not 0",
        "K is the kernel of the hidden weights alone: K_1",
    ),
    conclusion=(
        r"$\mathrm{tr} K_1 = \frac{1}{2d} \sum_j D_j \|X_j\|^2$, exactly. So $2 B \sqrt{\mathrm{tr} K_1}/N \le 2\sqrt "
        r"2 \sqrt{\sum_j \beta_j^2/D_j \cdot \sum_j D_j \|X_j\|^2}/N$, which is the same for $D$ and $cD$ and least "
        r"for $D_j \propto |\beta_j|/\|X_j\|$, at $2\sqrt 2 \sum_j |\beta_j| \|X_j\|/N$. GEN itself, of which the "
        r"radius is rounded up, has at most twice that for $B \ge 1$."
    ),
    uses=("GEN", "PATH"),
    source="new",
    derive=_derivation,
)
