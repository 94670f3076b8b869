"""LAZY: at large width a masked network trains as its linearisation; the gap is at most of order ``n^(-1/2)``."""

from __future__ import annotations

from sympy import Abs, Derivative, Expr, Integral, Rational, Subs, Symbol, erfc, exp, pi, sqrt, tanh

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_w, _z, _a = Symbol("w", real=True), Symbol("z", real=True), Symbol("a", real=True)
_b, _c, _t = Symbol("b", real=True), Symbol("c", real=True), Symbol("t", real=True)
_x, _n, _d = Symbol("x", positive=True), Symbol("n", positive=True), Symbol("d", positive=True)
_h, _p, _m, _k = Symbol("h", positive=True), Symbol("p", positive=True), Symbol("m", positive=True), Symbol("k")
_A, _s = Symbol("A", positive=True), Symbol("s", positive=True)
_u, _v = Symbol("u", positive=True), Symbol("v", positive=True)
_g = Symbol("g", real=True)
_UNIT, _SIDES, _SIZES = (Rational(1, 4), 2), (Rational(-2), Rational(2)), (1, 64)
_NEURON = {_a: _SIDES, _b: _SIDES, _c: _SIDES, _z: _SIDES, _n: _SIZES}

_SLOPE = 1 - tanh(_z) ** 2
_BEND = -2 * tanh(_z) * _SLOPE
_SECOND = (2 * _a * _b * _c * _SLOPE + _a**3 * _c**2 * _BEND) / _n ** Rational(3, 2)
"""Second derivative of a neuron's part of the output along its move."""


def _rectified(m: Expr) -> Expr:
    """``E[max(z, 0)]`` under ``N(m, s^2)``."""
    return m * erfc(-m / (_s * sqrt(2))) / 2 + _s * exp(-(m**2) / (2 * _s**2)) / sqrt(2 * pi)


def _derivation() -> Derivation:
    moved = (_a + _t * _b / sqrt(_n)) * tanh(_z + _t * _a * _c / sqrt(_n)) / sqrt(_n)
    tangent = _a**2 * (1 - tanh(_z + _t * _a * _c / sqrt(_n)) ** 2) ** 2 / _n
    bent = _A**3 * _BEND.subs(_z, _A * _m)
    return Derivation(
        id="LAZY",
        title="Training beside the linearisation",
        steps=(
            Step(
                id="move",
                text="A kept weight moves by the rate times residual times n^(-1/2) d^(-1/2) a sigma'(z) x; so z_i "
                "moves by n^(-1/2) a c, an output weight by n^(-1/2) b: c and b are sums over samples, of order 1, "
                "without a. Here for tanh.",
                left=Derivative(_a * tanh((_w * _x + _z) / sqrt(_d)) / sqrt(_n), _w),
                relation="=",
                right=_a * (1 - tanh((_w * _x + _z) / sqrt(_d)) ** 2) * _x / sqrt(_n * _d),
                rule="chain rule",
                domain={_a: _SIDES, _z: _SIDES, _x: _UNIT, _w: (Rational(-1), Rational(1)), _n: _SIZES, _d: _SIZES},
            ),
            Step(
                id="second",
                text="Beyond the linearisation a neuron's part of the output has the second-order term ...",
                left=Derivative(moved, (_t, 2)).doit().subs(_t, 0),
                relation="=",
                right=_SECOND,
                rule="differentiation",
                domain=_NEURON,
                follows=("move",),
            ),
            Step(
                id="orders",
                text="... of size n^(-3/2), so that n neurons add up to n^(-1/2); and order k to n^((1-k)/2), less for "
                "k > 2.",
                left=_n * _n ** Rational(-1, 2) * _n ** (-_k / 2),
                relation="=",
                right=_n ** ((1 - _k) / 2),
                rule="powers",
                domain={_n: _SIZES, _k: (2, 6)},
                follows=("second",),
            ),
            Step(
                id="kernel",
                text="The kernel is a mean over neurons; its first-order change is of the same size, and odd in a too.",
                left=Subs(Derivative(tangent, _t), _t, 0),
                relation="=",
                right=2 * _a**3 * _c * _SLOPE * _BEND / _n ** Rational(3, 2),
                rule="differentiation",
                domain=_NEURON,
                follows=("move",),
            ),
            Step(
                id="time",
                text="Over a time eta t that is fixed, with kernels of order 1, the differential inequality of the gap "
                "multiplies these orders by constants.",
                source="Gronwall; Jacot et al. (2018), Theorem 2; Huang, Yau (2020), Theorem 2.2",
            ),
            Step(
                id="odd",
                text="The term is odd in a. Where the law of mask and weights is the same for a and -a its mean is 0",
                left=_SECOND + _SECOND.subs(_a, -_a),
                relation="=",
                right=Rational(0),
                rule="parity",
                domain=_NEURON,
                follows=("second",),
            ),
            Step(
                id="fluctuation",
                text="and the sum of n independent terms of size m n^(-3/2) is of order n^(-1): the bound is not "
                "sharp there.",
                left=as_written(lambda: sqrt(_n * (_m / _n ** Rational(3, 2)) ** 2)),
                relation="=",
                right=_m / _n,
                rule="variance of a sum",
                domain={_n: _SIZES, _m: _UNIT},
                follows=("odd",),
            ),
            Step(
                id="kink",
                text="ReLU bends at 0 alone. A preactivation that crosses 0 within a move of h leaves z + h: over "
                "preactivations of density p near 0 the mean is p h^2/2, the order n^(-1) a neuron of a smooth bend,",
                left=Integral(_z + _h, (_z, -_h, 0)),
                relation="=",
                right=_h**2 / 2,
                rule="antiderivative",
                domain={_h: _UNIT},
            ),
            Step(
                id="kink-square",
                text="but the mean square p h^3/3, not of order h^4:",
                left=Integral((_z + _h) ** 2, (_z, -_h, 0)),
                relation="=",
                right=_h**3 / 3,
                rule="antiderivative",
                domain={_h: _UNIT},
            ),
            Step(
                id="kink-rate",
                text="so for ReLU the fluctuation of the sum over neurons is of order n^(-3/4), where the mean is 0.",
                left=as_written(lambda: sqrt(_n * (1 / _n) * _p * (_h / sqrt(_n)) ** 3 / 3)),
                relation="=",
                right=sqrt(_p * _h**3 / 3) * _n ** Rational(-3, 4),
                rule="variance of a sum",
                domain={_n: _SIZES, _p: _UNIT, _h: _UNIT},
                follows=("kink-square",),
            ),
            Step(
                id="own",
                text="At an input that trains its own sample's part of c jumps at the kink, from v to u: neurons with "
                "a cross upwards at v, those with -a downwards at u. Their means do not cancel: for ReLU the order "
                "n^(-1/2) stays at training inputs, times a sample's share in c.",
                left=_p * Integral(_z + _h * _v, (_z, -_h * _v, 0)) - _p * Integral(_z + _h * _u, (_z, -_h * _u, 0)),
                relation="=",
                right=_p * _h**2 * (_v - _u) * (_v + _u) / 2,
                rule="antiderivative",
                domain={_p: _UNIT, _h: _UNIT, _u: _UNIT, _v: _UNIT},
                follows=("kink",),
            ),
            Step(
                id="modulus",
                text="Scores by modulus do not see the sign of a: random, magnitude, SNIP, SynFlow.",
                left=Abs(_w * _a * _g),
                relation="=",
                right=as_written(lambda: Abs(-_w * _a * _g)),
                rule="modulus",
                domain={_w: _SIDES, _a: _SIDES, _g: _SIDES},
            ),
            Step(
                id="signed",
                text="Under the original GraSP z has a mean that goes with a (SIGN): there the term is even in a, and",
                left=_a**3 * Subs(_BEND, _z, _a * _m),
                relation="=",
                right=as_written(lambda: (-_a) ** 3 * Subs(_BEND, _z, -_a * _m)),
                rule="parity",
                domain={_a: _SIDES, _m: _UNIT},
                follows=("odd",),
            ),
            Step(
                id="sharp",
                text="of one sign: it does not average out, and the gap is of the order n^(-1/2) itself.",
                left=bent,
                relation="<",
                right=Rational(0),
                rule="enclosure",
                domain={_A: _UNIT, _m: _UNIT},
                follows=("signed",),
            ),
            Step(
                id="signed-relu",
                text="For ReLU it is a b c sigma' that is left: at one sample b c sigma' goes with E[max(z, 0)] (mean "
                "m, variance s^2), and of a and -a, whose means are m and -m, the part a m remains.",
                left=_a * _rectified(_m) - _a * _rectified(-_m),
                relation="=",
                right=_a * _m,
                rule="Phi(m) + Phi(-m) = 1",
                domain={_a: _SIDES, _m: _UNIT, _s: _UNIT},
                follows=("signed",),
            ),
        ),
    )


LAZY = Statement(
    id="LAZY",
    title="At large width a masked network trains as its linearisation",
    hypotheses=assumed(
        "masked hidden layers, a dense output layer, no biases; Lipschitz sigma, smooth or piecewise linear",
        "output weights iid with finite moments; squared loss of the centred network f - f_0; full-batch descent",
        "samples N, inputs d, density and step_size times steps stay fixed as n grows",
        "kernels at initialisation of order 1, their largest eigenvalue bounded away from 0",
    ),
    conclusion=(
        r"The gap of the trained network to its linearisation at initialisation, with the kernel of the kept weights, "
        r"and the relative drift of that kernel are at most of order $n^{-1/2}$. Under signed GraSP the gap is of that "
        r"order and no smaller."
    ),
    uses=(),
    source="Jacot et al. (2018), Huang, Yau (2020) for dense networks; masks and the part of the sign of a: new",
    derive=_derivation,
)
