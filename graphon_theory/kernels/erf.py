"""The error function as activation: arcsine kernel (Williams 1997, equation 11, without bias).

``k1 = (2/pi) arcsin(2 s12/sqrt((1 + 2 s11)(1 + 2 s22)))`` and
``k0 = (4/pi)/sqrt((1 + 2 s11)(1 + 2 s22) - 4 s12^2)``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special
from sympy import Derivative, Expr, Integral, Rational, Subs, Symbol, asin, erf, exp, oo, pi, sqrt

from graphon_theory.derivation import Derivation, Step
from graphon_theory.kernels.activation import Activation, Duals

Array = npt.NDArray[np.float64]

_EPS = float(np.finfo(np.float64).eps)
_a, _b, _k = Symbol("s11", positive=True), Symbol("s22", positive=True), Symbol("s12", real=True)
_x, _m, _y = (Symbol(name, real=True) for name in ("x", "m", "y"))
_s = Symbol("s", positive=True)
_HALF = {_a: (Rational(1, 2), 2), _b: (Rational(1, 2), 2), _k: (Rational(-2, 5), Rational(2, 5))}


def erf_closed(s11: Array, s22: Array, s12: Array) -> Duals:
    """Arcsine kernel on checked covariances, float64; no variance is too small for it."""
    first, second = 1.0 + 2.0 * s11, 1.0 + 2.0 * s22
    # (1 + 2 s11)(1 + 2 s22) - 4 s12^2 without the cancellation of its large terms: the covariance lies within bounds.
    bound = np.sqrt(s11) * np.sqrt(s22)
    rest = 1.0 + 2.0 * (s11 + s22) + 4.0 * (bound - s12) * (bound + s12)
    root = np.sqrt(rest)
    # arctan of the ratio of the legs: arcsin would lose half the digits where its argument is near 1.
    k1 = (2.0 / math.pi) * np.arctan2(2.0 * s12, root)
    k0 = (4.0 / math.pi) / root
    sensitive = 1.0 + np.sqrt(first * second / rest)
    return Duals(k1, k0, 8.0 * _EPS * np.maximum(np.abs(k1), 4.0 * bound / np.sqrt(first * second)) * sensitive,
                 8.0 * _EPS * k0 * sensitive**2)  # fmt: skip


def erf_expressions(s11: Expr, s22: Expr, s12: Expr) -> tuple[Expr, Expr]:
    """``(k1, k0)`` as SymPy expressions."""
    product = (1 + 2 * s11) * (1 + 2 * s22)
    return 2 / pi * asin(2 * s12 / sqrt(product)), 4 / pi / sqrt(product - 4 * s12**2)


def erf_derivation() -> Derivation:
    """Derive the arcsine kernel: a Gaussian integral for k0, Price's theorem for k1."""
    k1, k0 = erf_expressions(_a, _b, _k)
    rest = _b - _k**2 / _a
    density = exp(-(_x**2) / 2) / sqrt(2 * pi)
    # One exact point, since quadrature to 50 digits is dear: variances 1, covariance 1/2.
    one, half = Rational(1), Rational(1, 2)
    return Derivation(
        id="ARCSIN",
        title="erf: the arcsine kernel",
        steps=(
            Step(
                id="slope",
                text="sigma'(z) = 2 exp(-z^2)/sqrt(pi), so k0 is 4/pi times E[exp(-z^2 - z'^2)].",
                left=Derivative(erf(_x), _x),
                relation="=",
                right=2 * exp(-(_x**2)) / sqrt(pi),
                rule="differentiation",
                domain={_x: (-2, 2)},
            ),
            Step(
                id="one-variable",
                text="For one Gaussian m + sqrt(s) y of mean m and variance s, E[exp(-z^2)] = "
                "exp(-m^2/(1 + 2 s))/sqrt(1 + 2 s): complete the square in the exponent.",
                left=-(_y**2) / 2 - (_m + sqrt(_s) * _y) ** 2,
                relation="=",
                right=-(1 + 2 * _s) / 2 * (_y + 2 * sqrt(_s) * _m / (1 + 2 * _s)) ** 2 - _m**2 / (1 + 2 * _s),
                rule="completing the square",
                domain={_m: (-1, 1), _y: (-1, 1), _s: (Rational(1, 4), 2)},
            ),
            Step(
                id="two-variables",
                text="Given z = x the other is normal with mean x s12/s11 and variance s22 - s12^2/s11. The outer "
                "integral is Gaussian again: 1/sqrt(det(1 + 2 S)).",
                left=4 / pi / sqrt(1 + 2 * rest) / sqrt(1 + 2 * _a * (1 + (_k / _a) ** 2 / (1 + 2 * rest))),
                relation="=",
                right=k0,
                rule="determinant",
                domain=_HALF,
                follows=("slope", "one-variable"),
            ),
            Step(
                id="price",
                text="d k1/d s12 = k0, by Price's theorem.",
                left=Derivative(k1, _k),
                relation="=",
                right=k0,
                rule="differentiation",
                domain=_HALF,
                follows=("two-variables",),
            ),
            Step(
                id="independent",
                text="erf is odd: uncorrelated, k1 = E[sigma(z)]^2 = 0, which fixes the constant of integration.",
                left=Subs(k1, _k, 0),
                relation="=",
                right=Rational(0),
                rule="oddness",
                domain={_a: _HALF[_a], _b: _HALF[_b]},
            ),
            Step(
                id="odd",
                text="Opposite inputs: k1(-c) = -k1(c).",
                left=Subs(k1, _k, -_k),
                relation="=",
                right=-k1,
                rule="oddness",
                domain=_HALF,
            ),
            Step(
                id="double-integral",
                text="The double integral at variances 1 and covariance 1/2, inner part in closed form: "
                "E[erf(m + sqrt(s) y)] = erf(m/sqrt(1 + 2 s)), here with m = x/2 and s = 3/4.",
                left=2 * Integral(density * erf(_x) * erf(half * _x / sqrt(1 + 2 * Rational(3, 4))), (_x, 0, oo)),
                relation="=",
                right=erf_expressions(one, one, half)[0],
                rule="conditioning; without Price's theorem",
                symbolic=False,
            ),
            Step(
                id="mean",
                text="That inner part: its derivative in m is the Gaussian integral of one variable; both sides are "
                "odd in m.",
                left=Derivative(erf(_m / sqrt(1 + 2 * _s)), _m),
                relation="=",
                right=2 / sqrt(pi) * exp(-(_m**2) / (1 + 2 * _s)) / sqrt(1 + 2 * _s),
                rule="differentiation",
                domain={_m: (-1, 1), _s: (Rational(1, 4), 2)},
                follows=("one-variable",),
            ),
        ),
    )


def _slope(z: Array) -> Array:
    return np.asarray(2.0 / math.sqrt(math.pi) * np.exp(-np.square(z)))


def _value(z: Array) -> Array:
    return np.asarray(special.erf(z))


ERF = Activation("erf", _value, _slope, (), erf_closed, erf_expressions, erf_derivation)
