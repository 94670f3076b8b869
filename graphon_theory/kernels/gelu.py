"""GELU, ``sigma(z) = z Phi(z)``: a closed form by Stein's lemma.

With ``a = 1/(1 + s11)``, ``b = 1/(1 + s22)``, ``D = (1 + s11)(1 + s22) - s12^2``, ``P = 1/(2 pi sqrt(D))``,
``A = 1/4 + arcsin(s12 sqrt(a b))/(2 pi)`` and ``B = s11 s22 + s12^2 (a + b - 1)``:
``k1 = s12 A + P B`` and ``k0 = A + s12 P (2 a + 2 b - 1 + B/D)``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special
from sympy import Derivative, Expr, Integral, Limit, Rational, Subs, Symbol, asin, erf, exp, oo, pi, sqrt

from graphon_theory.derivation import Derivation, Step
from graphon_theory.kernels.activation import Activation, Duals
from graphon_theory.kernels.relu import relu_expressions

Array = npt.NDArray[np.float64]

_EPS = float(np.finfo(np.float64).eps)
_a, _b, _k = Symbol("s11", positive=True), Symbol("s22", positive=True), Symbol("s12", real=True)
_x, _m = Symbol("x", real=True), Symbol("m", positive=True)
_HALF = {_a: (Rational(1, 2), 2), _b: (Rational(1, 2), 2), _k: (Rational(-2, 5), Rational(2, 5))}


def gelu_closed(s11: Array, s22: Array, s12: Array) -> Duals:
    """Evaluate the closed form on checked covariances, float64; no variance is too small for it."""
    a, b = 1.0 / (1.0 + s11), 1.0 / (1.0 + s22)
    bound = np.sqrt(s11) * np.sqrt(s22)
    gap = (bound - s12) * (bound + s12)
    # D = 1 + s11 + s22 + (s11 s22 - s12^2), and B likewise: a sum without cancellation.
    determinant = 1.0 + s11 + s22 + gap
    root = np.sqrt(determinant)
    P = 1.0 / (2.0 * math.pi * root)
    # arctan of the ratio of the legs, since arcsin loses half the digits near 1.
    A = 0.25 + np.arctan2(s12, root) / (2.0 * math.pi)
    B = gap + np.square(s12) * (a + b)
    k1 = s12 * A + P * B
    k0 = A + s12 * P * (2.0 * a + 2.0 * b - 1.0 + B / determinant)
    sensitive = 1.0 + np.sqrt((1.0 + s11) * (1.0 + s22) / determinant)
    rounding = 16.0 * _EPS * sensitive
    return Duals(k1, k0, rounding * (bound + P * (gap + np.square(s12))), rounding * (1.0 + P * bound * sensitive))


def gelu_expressions(s11: Expr, s22: Expr, s12: Expr) -> tuple[Expr, Expr]:
    """``(k1, k0)`` as SymPy expressions."""
    A, P, B, D = _parts(s11, s22, s12)
    bracket = 2 / (1 + s11) + 2 / (1 + s22) - 1 + B / D
    return s12 * A + P * B, A + s12 * P * bracket


def _parts(s11: Expr, s22: Expr, s12: Expr) -> tuple[Expr, Expr, Expr, Expr]:
    D = (1 + s11) * (1 + s22) - s12**2
    A = Rational(1, 4) + asin(s12 / sqrt((1 + s11) * (1 + s22))) / (2 * pi)
    B = s11 * s22 + s12**2 * (1 / (1 + s11) + 1 / (1 + s22) - 1)
    return A, 1 / (2 * pi * sqrt(D)), B, D


def gelu_derivation() -> Derivation:
    """Derive the closed form by Stein's lemma and Price's theorem, with checks that use neither."""
    A, P, _, D = _parts(_a, _b, _k)
    k1, k0 = gelu_expressions(_a, _b, _k)
    rest = _b - _k**2 / _a
    density = exp(-(_x**2) / 2) / sqrt(2 * pi)
    cdf = (1 + erf(_x / sqrt(2))) / 2
    # One exact point, since quadrature to 50 digits is dear: variances 1, covariance 1/2, so z' given z = x has mean
    # x/2 and variance 3/4.
    one, half, left = Rational(1), Rational(1, 2), Rational(3, 4)
    inner = half * _x / sqrt(1 + left)
    smoothed = half * _x * (1 + erf(inner / sqrt(2))) / 2 + left / sqrt(1 + left) * exp(-(inner**2) / 2) / sqrt(2 * pi)
    return Derivation(
        id="GELU-DUAL",
        title="GELU: closed dual activations",
        steps=(
            Step(
                id="gates",
                text="E[Phi(z) Phi(z')] = A: Phi(z) is the chance that z + e > 0 for an independent standard normal e, "
                "so A is k0 of ReLU (see there) at variances 1 + s11, 1 + s22 and covariance s12.",
                left=relu_expressions(1 + _a, 1 + _b, _k)[1],
                relation="=",
                right=A,
                rule="an independent normal more; arccos + arcsin = pi/2",
                domain=_HALF,
            ),
            Step(
                id="densities",
                text="P = E[phi(z) phi(z')] is dA/d s12, by Price's theorem.",
                left=Derivative(A, _k),
                relation="=",
                right=P,
                rule="differentiation",
                domain=_HALF,
                follows=("gates",),
            ),
            Step(
                id="densities-directly",
                text="The same as a Gaussian integral, over z' given z first.",
                left=1 / (2 * pi) / sqrt(1 + rest) / sqrt(1 + _a * (1 + (_k / _a) ** 2 / (1 + rest))),
                relation="=",
                right=P,
                rule="determinant",
                domain=_HALF,
            ),
            Step(
                id="curvature",
                text="E[Phi''(z) Phi(z')] = 2 dA/d s11 = -P s12/(1 + s11).",
                left=2 * Derivative(A, _a),
                relation="=",
                right=-P * _k / (1 + _a),
                rule="Price's theorem for a variance",
                domain=_HALF,
                follows=("gates",),
            ),
            Step(
                id="stein",
                text="Stein: E[z z' f(z) g(z')] = s11 E[z' f' g] + s12 E[f g] + s12 E[z' f g'], and again on z': "
                "E[z' f' g] = s12 E[f'' g] + s22 E[f' g'], E[z' f g'] = s12 E[f' g'] + s22 E[f g''], with f = g = Phi.",
                left=_a * (_k * (-P * _k / (1 + _a)) + _b * P) + _k * A + _k * (_k * P + _b * (-P * _k / (1 + _b))),
                relation="=",
                right=k1,
                rule="Stein's lemma twice",
                domain=_HALF,
                follows=("curvature", "densities"),
            ),
            Step(
                id="price",
                text="k0 = d k1/d s12.",
                left=Derivative(k1, _k),
                relation="=",
                right=k0,
                rule="Price's theorem",
                domain=_HALF,
                follows=("stein",),
            ),
            Step(
                id="independent",
                text="Uncorrelated, equal variances: E[z Phi(z)]^2 = (s/sqrt(2 pi (1 + s)))^2.",
                left=Subs(k1, (_k, _b), (0, _a)),
                relation="=",
                right=_a**2 / (2 * pi * (1 + _a)),
                rule="value",
                domain={_a: _HALF[_a]},
            ),
            Step(
                id="double-integral",
                text="The double integral at variances 1 and covariance 1/2, inner part in closed form: for z' of mean "
                "m and variance s, E[z' Phi(z')] = m Phi(m/sqrt(1 + s)) + s phi(m/sqrt(1 + s))/sqrt(1 + s).",
                left=Integral(density * _x * cdf * smoothed, (_x, -oo, oo)),
                relation="=",
                right=gelu_expressions(one, one, half)[0],
                rule="conditioning; without Stein and Price",
                symbolic=False,
            ),
            Step(
                id="wide",
                text="Large variances: GELU tends to ReLU. With covariances divided by m -> 0, m^2 D tends to the "
                "determinant that the arc-cosine kernel has under its root.",
                left=Limit(_m**2 * D.subs({_a: _a / _m, _b: _b / _m, _k: _k / _m}, simultaneous=True), _m, 0),
                relation="=",
                right=_a * _b - _k**2,
                rule="homogeneity in the limit",
                domain=_HALF,
            ),
        ),
    )


def _value(z: Array) -> Array:
    return np.asarray(z * special.ndtr(z))


def _slope(z: Array) -> Array:
    return np.asarray(special.ndtr(z) + z * np.exp(-0.5 * np.square(z)) / math.sqrt(2.0 * math.pi))


GELU = Activation("gelu", _value, _slope, (), gelu_closed, gelu_expressions, gelu_derivation)
