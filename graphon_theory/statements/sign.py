"""SIGN: the original GraSP keeps the largest signed scores; its limit is one-sided and its kept weights are biased."""

from __future__ import annotations

from sympy import Derivative, Integral, Limit, Rational, Symbol, erf, erfc, exp, oo, pi, sqrt

from graphon_theory.derivation import Derivation, Step
from graphon_theory.noise import Gaussian
from graphon_theory.statements.hypothesis import SYMMETRIC_NOISE, assumed
from graphon_theory.statements.statement import Statement

_t, _x = Symbol("t", positive=True), Symbol("x", real=True)
_m, _s, _n = Symbol("m", positive=True), Symbol("s", positive=True), Symbol("n", positive=True)
_LEVEL = (Rational(1, 10), 3)
_DENSITY = exp(-(_x**2) / 2) / sqrt(2 * pi)


def _derivation() -> Derivation:
    gaussian = Gaussian()
    return Derivation(
        id="SIGN",
        title="The original GraSP",
        steps=(
            Step(
                id="one-sided",
                text="Half of the modulus's law lies on each side of 0: P(0 <= xi <= t) = (1 - Q(t))/2. So P(xi >= t) "
                "is Q(t)/2 and P(xi >= -t) is 1 - Q(t)/2. The sign of h drops out.",
                left=Integral(_DENSITY, (_x, 0, _t)),
                relation="=",
                right=(1 - gaussian.survival_expr(_t)) / 2,
                rule="symmetry",
                domain={_t: _LEVEL},
            ),
            Step(
                id="bias",
                text="x phi(x) is the slope of -phi(x), which vanishes at infinity: E[xi; xi >= t] = phi(t) > 0. A "
                "kept weight has the sign of h in the mean.",
                left=Derivative(-_DENSITY, _x),
                relation="=",
                right=_x * _DENSITY,
                rule="antiderivative",
                domain={_x: (-3, 3)},
            ),
            Step(
                id="even",
                text="From -t to t the integrand is odd: the same value for thresholds below 0, and none by modulus.",
                left=Integral(_x * _DENSITY, (_x, -_t, _t)),
                relation="=",
                right=Rational(0),
                rule="odd integrand",
                domain={_t: _LEVEL},
            ),
            Step(
                id="drift",
                text="So a preactivation has a mean m of order 1. E[ReLU] under N(m, s^2) rises with m by Phi(m/s):",
                left=Derivative(
                    _m * (1 + erf(_m / (_s * sqrt(2)))) / 2 + _s * exp(-(_m**2) / (2 * _s**2)) / sqrt(2 * pi),
                    _m,
                ),
                relation="=",
                right=erfc(-_m / (_s * sqrt(2))) / 2,
                rule="differentiation",
                domain={_m: _LEVEL, _s: _LEVEL},
            ),
            Step(
                id="positive",
                text="which is above 1/2 for m > 0. As h has the sign of a, so has m, to a factor of the sample: "
                "a E[sigma] does not average out.",
                left=erfc(-_m / (_s * sqrt(2))) / 2,
                relation=">",
                right=Rational(1, 2),
                rule="monotone",
                domain={_m: (Rational(1, 10), 2), _s: (Rational(1, 2), 3)},
            ),
            Step(
                id="growth",
                text="n terms of one sign and of order n^(-1/2) sum to order n^(1/2); their spread stays of order 1 "
                "(s below): the output over sqrt n tends to its drift.",
                left=Limit(sqrt(_n * _m**2 + _s**2) / sqrt(_n), _n, oo),
                relation="=",
                right=_m,
                rule="limit",
            ),
        ),
    )


SIGN = Statement(
    id="SIGN",
    title="The original GraSP: a one-sided limit, biased weights, a growing output",
    hypotheses=(
        SYMMETRIC_NOISE,
        *assumed(
            "the hypotheses of GRASP, with the signed score w (Hg), largest kept",
            "2 min(rho, 1 - rho) < P(h != 0)",
        ),
    ),
    conclusion=(
        r"The mask is as close to $P(\xi \ge \tau/|h_{ij}|)$ in cut norm as a mask sampled from it, $\tau < 0$ for "
        r"$\rho > 1/2$; kept weights have $E[\xi \operatorname{sign}(h)\,|\,\text{kept}] = "
        r"E[\xi; \xi \ge t]/P(\xi \ge t) > 0$ with $t = \tau/|h_{ij}|$; the output at initialisation grows like "
        r"$\sqrt n$."
    ),
    uses=("THR", "LIM-a", "GRASP"),
    source="new; criterion of Wang, Zhang, Grosse (2020)",
    derive=_derivation,
)
