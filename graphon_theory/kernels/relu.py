"""ReLU: the arc-cosine kernels of orders 0 and 1 (Cho and Saul 2009, section 2.1, up to their factor 2).

With ``c = s12/sqrt(s11 s22)`` and ``theta = arccos c``:
``k1 = sqrt(s11 s22) (sin theta + (pi - theta) cos theta)/(2 pi)`` and ``k0 = (pi - theta)/(2 pi)``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from sympy import Derivative, Expr, Integral, Rational, Subs, Symbol, acos, asin, cos, erf, exp, oo, pi, sin, sqrt

from graphon_theory.derivation import Derivation, Step
from graphon_theory.kernels.activation import Activation, Duals
from graphon_theory.kernels.intake import scale_of

Array = npt.NDArray[np.float64]

_EPS = float(np.finfo(np.float64).eps)
_c, _theta = Symbol("c", real=True), Symbol("theta", positive=True)
_x, _phi, _r = Symbol("x", positive=True), Symbol("phi", real=True), Symbol("r", positive=True)
_s = Symbol("s", positive=True)
_OPEN = {_c: (Rational(-9, 10), Rational(9, 10))}
_ANGLES = {_theta: (Rational(1, 10), 3)}


def relu_closed(s11: Array, s22: Array, s12: Array) -> Duals:
    """Arc-cosine kernels on checked covariances, float64.

    ``k1`` is accurate to rounding for every covariance; the angle of two nearly equal inputs magnifies the rounding of
    ``s12`` by ``1/theta``, which ``error0`` counts. A neuron of variance 0 is taken as uncorrelated: ``k1 = 0`` and
    ``k0 = 1/4``, the kernel for the slope 1/2 at 0.
    """
    scale = scale_of(s11, s22)
    # Where the product of variances underflows, so does k1; the correlation is then taken as 0.
    c = np.divide(s12, scale, out=np.zeros_like(scale), where=scale > 0)
    np.clip(c, -1.0, 1.0, out=c)
    theta = np.arccos(c)
    k0 = (math.pi - theta) / (2.0 * math.pi)
    # Not 1 - c^2, which would cancel.
    sine = np.sqrt((1.0 - c) * (1.0 + c))
    k1 = scale * (sine / (2.0 * math.pi) + c * k0)
    rounding = 4.0 * _EPS
    error0 = rounding + np.minimum(rounding / np.maximum(sine, math.sqrt(_EPS)), math.sqrt(rounding))
    # Towards c = -1 the two parts of k1 cancel, so its error is relative to the scale and not to k1.
    return Duals(k1, k0, rounding * scale, error0)


def relu_expressions(s11: Expr, s22: Expr, s12: Expr) -> tuple[Expr, Expr]:
    """``(k1, k0)`` as SymPy expressions, for positive variances."""
    angle = acos(s12 / sqrt(s11 * s22))
    return (sqrt(s11 * s22 - s12**2) + s12 * (pi - angle)) / (2 * pi), (pi - angle) / (2 * pi)


def relu_derivation() -> Derivation:
    """Derive the arc-cosine kernels: from polar coordinates, with checks that do not use them."""
    k1, k0 = relu_expressions(Rational(1), Rational(1), _c)
    by_angle = (sin(_theta) + (pi - _theta) * cos(_theta)) / (2 * pi)
    density = exp(-(_x**2) / 2) / sqrt(2 * pi)
    # One exact point, c = 3/5 with sqrt(1 - c^2) = 4/5: quadrature to 50 digits is dear.
    point, spread = Rational(3, 5), Rational(4, 5)
    cumulative = (1 + erf(point * _x / (spread * sqrt(2)))) / 2
    local = spread * exp(-((point * _x / spread) ** 2) / 2) / sqrt(2 * pi)
    return Derivation(
        id="ARCCOS",
        title="ReLU: arc-cosine kernels of orders 0 and 1",
        steps=(
            Step(
                id="scale",
                text="sigma is positively homogeneous, so k1 is sqrt(s11 s22) times its value at variances 1, and k0 "
                "depends on the correlation c alone: here for both variances s.",
                left=relu_expressions(_s, _s, _c * _s)[0],
                relation="=",
                right=_s * k1,
                rule="homogeneity",
                domain={_s: (Rational(1, 4), 4), **_OPEN},
            ),
            Step(
                id="angle",
                text="At variances 1 write z = r cos(phi), z' = r cos(phi - theta), with a uniform angle phi. Both are "
                "positive for phi between theta - pi/2 and pi/2: that share of the circle is k0.",
                left=Integral(1 / (2 * pi), (_phi, _theta - pi / 2, pi / 2)),
                relation="=",
                right=(pi - _theta) / (2 * pi),
                rule="polar coordinates",
                domain=_ANGLES,
            ),
            Step(
                id="radius",
                text="The mean of r^2 is 2.",
                left=Integral(_r**3 * exp(-(_r**2) / 2), (_r, 0, oo)),
                relation="=",
                right=Rational(2),
                rule="Gamma function",
            ),
            Step(
                id="first-order",
                text="So k1 is 2/(2 pi) times the integral of cos(phi) cos(phi - theta) over the same arc.",
                left=Integral(cos(_phi) * cos(_phi - _theta) / pi, (_phi, _theta - pi / 2, pi / 2)),
                relation="=",
                right=by_angle,
                rule="polar coordinates",
                domain=_ANGLES,
                follows=("angle", "radius"),
            ),
            Step(
                id="correlation",
                text="With theta = arccos c this is the formula in c.",
                left=Subs(by_angle, _theta, acos(_c)),
                relation="=",
                right=k1,
                rule="substitution",
                domain=_OPEN,
                follows=("first-order",),
            ),
            Step(
                id="price",
                text="d k1/dc = k0, as Price's theorem demands.",
                left=Derivative(k1, _c),
                relation="=",
                right=k0,
                rule="differentiation",
                domain=_OPEN,
            ),
            Step(
                id="equation",
                text="k1 solves (1 - c^2) k1'' + c k1' - k1 = 0.",
                left=(1 - _c**2) * Derivative(k1, (_c, 2)) + _c * Derivative(k1, _c) - k1,
                relation="=",
                right=Rational(0),
                rule="differentiation",
                domain=_OPEN,
            ),
            Step(
                id="opposite",
                text="Opposite inputs never fire together: k1(-1) = 0.",
                left=Subs(k1, _c, -1),
                relation="=",
                right=Rational(0),
                rule="value",
            ),
            Step(
                id="independent",
                text="Uncorrelated: the square of the mean, E[sigma(z)]^2.",
                left=k1.subs(_c, 0),
                relation="=",
                right=Integral(_x * density, (_x, 0, oo)) ** 2,
                rule="value",
            ),
            Step(
                id="equal",
                text="Equal inputs: E[sigma(z)^2] = 1/2, half the variance.",
                left=k1.subs(_c, 1),
                relation="=",
                right=Integral(_x**2 * density, (_x, 0, oo)),
                rule="value",
            ),
            Step(
                id="double-integral",
                text="The double integral, inner part in closed form, at c = 3/5: given z = x the other is normal with "
                "mean c x and variance 1 - c^2, and E[max(0, m + s y)] = m Phi(m/s) + s phi(m/s).",
                left=Integral(_x * density * (point * _x * cumulative + local), (_x, 0, oo)),
                relation="=",
                right=k1.subs(_c, point),
                rule="conditioning; independent of polar coordinates",
                symbolic=False,
            ),
            Step(
                id="series",
                text="k0 = 1/4 + arcsin(c)/(2 pi): non-negative Taylor coefficients.",
                left=k0,
                relation="=",
                right=Rational(1, 4) + asin(_c) / (2 * pi),
                rule="arccos + arcsin = pi/2",
                domain=_OPEN,
            ),
        ),
    )


def _value(z: Array) -> Array:
    return np.maximum(z, 0.0)


def _slope(z: Array) -> Array:
    return np.heaviside(z, 0.5)


RELU = Activation("relu", _value, _slope, (0.0,), relu_closed, relu_expressions, relu_derivation)
