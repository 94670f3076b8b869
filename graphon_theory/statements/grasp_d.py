"""GRASP-D: the output of a network pruned by the original GraSP drifts by ``n^(1/2)`` times a linear function."""

from __future__ import annotations

from sympy import Derivative, Expr, Integral, Rational, Symbol, erf, erfc, exp, pi, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.statements.hypothesis import SYMMETRIC_NOISE, assumed
from graphon_theory.statements.statement import Statement

_t, _x = Symbol("t", positive=True), Symbol("x", real=True)
_m, _s, _a = Symbol("m", real=True), Symbol("s", positive=True), Symbol("a", real=True)
_n, _c = Symbol("n", positive=True), Symbol("c", positive=True)
_LEVEL, _SIDES, _SIZES = (Rational(1, 10), 3), (Rational(-2), Rational(2)), (1, 64)
_SPREAD = (Rational(1, 2), 2)


def _phi(x: Expr) -> Expr:
    return exp(-(x**2) / 2) / sqrt(2 * pi)


def _above(m: Expr) -> Expr:
    """``P(z > 0)`` under ``N(m, s^2)``."""
    return erfc(-m / (_s * sqrt(2))) / 2


def _relu_mean(m: Expr) -> Expr:
    """``E[max(z, 0)]`` under ``N(m, s^2)``."""
    return m * _above(m) + _s * _phi(m / _s)


def _derivation() -> Derivation:
    return Derivation(
        id="GRASP-D",
        title="Drift of the original GraSP",
        steps=(
            Step(
                id="positive-field",
                text="Kept are entries with h xi >= tau. x phi(x) is the slope of -phi(x), which vanishes at both "
                "ends: where h > 0 the part of the mean that is kept, above t = tau/h, is phi(t) for Gaussian noise.",
                left=Derivative(-_phi(_x), _x),
                relation="=",
                right=_x * _phi(_x),
                rule="antiderivative",
                domain={_x: (-3, 3)},
            ),
            Step(
                id="negative-field",
                text="Where h < 0 it is that below -t: from -t to t the integrand is odd, so that it is -phi(t). Thus "
                "E[xi; kept] = sign(h) phi(tau/|h|), the same for a threshold below 0.",
                left=Integral(_x * _phi(_x), (_x, -_t, _t)),
                relation="=",
                right=Rational(0),
                rule="odd integrand",
                domain={_t: _LEVEL},
                follows=("positive-field",),
            ),
            Step(
                id="gaussian",
                text="z_i = d^(-1/2) sum of kept weights times inputs: of mean m_i(x) = d^(-1/2) sum sign(h) phi x, "
                "of order 1 where x goes with h, and roughly Gaussian.",
                source="Lindeberg, given the types; inputs that did not prune",
            ),
            Step(
                id="relu",
                text="A ReLU neuron's mean under N(m, s^2): it falls to 0 as m does, and its slope in m is P(z > 0).",
                left=Derivative(_relu_mean(_m), _m),
                relation="=",
                right=_above(_m),
                rule="differentiation",
                domain={_m: _SIDES, _s: _SPREAD},
                follows=("gaussian",),
            ),
            Step(
                id="pairs",
                text="h has the factor a: neurons with a and -a have the means m and -m and equal variances. Their two "
                "parts a E[sigma] add up to a m: s drops out, and the output's mean is linear in x.",
                left=_a * _relu_mean(_m) - _a * _relu_mean(-_m),
                relation="=",
                right=_a * _m,
                rule="Phi(m) + Phi(-m) = 1",
                domain={_a: _SIDES, _m: _SIDES, _s: _SPREAD},
                follows=("relu",),
            ),
            Step(
                id="growth",
                text="n neurons of mean c/2 each, behind n^(-1/2): the drift is n^(1/2) c/2 ...",
                left=as_written(lambda: _n * (_c / 2) / sqrt(_n)),
                relation="=",
                right=sqrt(_n) * _c / 2,
                rule="sum of means",
                domain={_n: _SIZES, _c: _SPREAD},
                follows=("pairs",),
            ),
            Step(
                id="spread",
                text="... and of independent variances c^2/n each: fluctuations of order 1.",
                left=as_written(lambda: sqrt(_n * (_c / sqrt(_n)) ** 2)),
                relation="=",
                right=_c,
                rule="sum of variances",
                domain={_n: _SIZES, _c: _SPREAD},
            ),
            Step(
                id="second",
                text="That variance is a^2 Var[sigma], from E[sigma^2] = (m^2 + s^2) Phi(m/s) + m s phi(m/s): it falls "
                "to 0 as m does, and its slope in m is 2 E[sigma].",
                left=Derivative((_m**2 + _s**2) * _above(_m) + _m * _s * _phi(_m / _s), _m),
                relation="=",
                right=2 * _relu_mean(_m),
                rule="differentiation",
                domain={_m: _SIDES, _s: _SPREAD},
            ),
            Step(
                id="modulus",
                text="By modulus both tails are kept, and their means phi(t) and -phi(t) cancel: no drift.",
                left=as_written(lambda: _phi(_t) - _phi(-_t)),
                relation="=",
                right=Rational(0),
                rule="phi is even",
                domain={_t: _LEVEL},
                follows=("negative-field",),
            ),
            Step(
                id="energy",
                text="The kept energy Q(t)/2 + t phi(t) is no mean: it is larger.",
                left=(1 - erf(_t / sqrt(2))) / 2 + _t * _phi(_t),
                relation=">",
                right=_phi(_t),
                rule="enclosure",
                domain={_t: _LEVEL},
            ),
        ),
    )


GRASP_D = Statement(
    id="GRASP-D",
    title="Drift of the original GraSP",
    hypotheses=(
        SYMMETRIC_NOISE,
        *assumed(
            "one masked hidden layer of ReLU, a dense output layer of symmetric law, no biases",
            "the signed score w (Hg) of the hidden weights, largest kept; kept weights",
            "2 min(rho, 1 - rho) < P(h != 0)",
            "the output is read at other inputs than those that pruned; d and the batch grow with n",
        ),
    ),
    conclusion=(
        r"$E[\xi; kept] = \operatorname{sign}(h)\,\varphi(\tau/|h|)$ for Gaussian weights. At initialisation the "
        r"output has the mean $\sqrt n\, D(x)$ to leading order, $D(x) = \frac12 \sqrt d\, E\big[a \int "
        r"\operatorname{sign}(h)\, \varphi(\tau/|h|)\, x(v)\, dv\big]$, linear in x, and at every width the mean "
        r"$n^{-1/2} \sum_i a_i E[\sigma(z_i)]$ and the variance $n^{-1} \sum_i a_i^2 \operatorname{Var}[\sigma(z_i)]$ "
        r"under $z_i \sim N(m_i, s_i^2)$. Masks by modulus have no drift."
    ),
    uses=("THR",),
    source="new; criterion of Wang, Zhang, Grosse (2020), eq. 8",
    derive=_derivation,
)
