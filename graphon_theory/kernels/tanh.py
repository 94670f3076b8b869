"""tanh: no closed form. Hermite series and panels give numbers; here is what can be said exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sympy import Derivative, Integral, Rational, Symbol, cosh, exp, oo, pi, sqrt, tanh

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.kernels.activation import Activation

Array = npt.NDArray[np.float64]

_x = Symbol("x", real=True)
_s = Symbol("s", positive=True)
_p, _q, _r = (Symbol(name, real=True) for name in ("p", "q", "r"))
_RANGE = {_s: (Rational(1, 4), 1)}


def tanh_derivation() -> Derivation:
    """Show what holds of tanh's kernels without a closed form."""
    density = exp(-(_x**2) / 2) / sqrt(2 * pi)
    return Derivation(
        id="TANH-DUAL",
        title="tanh: dual activations by Hermite series",
        steps=(
            Step(
                id="slope",
                text="sigma' = 1 - tanh^2 = 1/cosh^2.",
                left=Derivative(tanh(_x), _x),
                relation="=",
                right=1 / cosh(_x) ** 2,
                rule="differentiation",
                domain={_x: (-2, 2)},
            ),
            Step(
                id="mehler",
                text="k1 = sum_k a_k(s11) a_k(s22) c^k with a_k(s) = E[tanh(sqrt(s) x) h_k(x)].",
                source="Mehler's formula; Daniely, Frostig and Singer (2016), section 4",
            ),
            Step(
                id="odd",
                text="tanh is odd, and h_k(-x) = (-1)^k h_k(x): even degrees vanish.",
                left=as_written(lambda: tanh(-sqrt(_s) * _x)),
                relation="=",
                right=-tanh(sqrt(_s) * _x),
                rule="oddness",
                domain={_x: (-2, 2), **_RANGE},
            ),
            Step(
                id="coefficients",
                text="Stein: a_1(s) = sqrt(s) E[sigma'], so that term by term d k1/d s12 = k0; here at s = 1.",
                left=Integral(density * _x * tanh(_x), (_x, 0, oo)),
                relation="=",
                right=Integral(density / cosh(_x) ** 2, (_x, 0, oo)),
                rule="integration by parts",
                symbolic=False,
            ),
            Step(
                id="parts",
                text="Equal inputs: E[sigma^2] = 1 - E[sigma'], since sigma' = 1 - sigma^2.",
                left=tanh(_x) ** 2,
                relation="=",
                right=1 - 1 / cosh(_x) ** 2,
                rule="hyperbolic identity",
                domain={_x: (-2, 2)},
            ),
            Step(
                id="tail",
                text="What degrees above K add is at most |c|^(K+1) times the root of the energies that are left, by "
                "Cauchy and Schwarz: here for two degrees.",
                left=(_p * _r + _q * _s) ** 2,
                relation="<=",
                right=(_p**2 + _q**2) * (_r**2 + _s**2),
                rule="the difference is (p s - q r)^2",
                domain={_p: (-1, 1), _q: (-1, 1), _r: (-1, 1), **_RANGE},
            ),
        ),
    )


def _value(z: Array) -> Array:
    return np.tanh(z)


def _slope(z: Array) -> Array:
    return 1.0 - np.square(np.tanh(z))


TANH = Activation("tanh", _value, _slope, derive=tanh_derivation)
