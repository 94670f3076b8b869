"""Gaussian noise cut off at a bound: what ``trunc_normal_`` initialisers draw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special
from sympy import Expr, Integer, Max, Piecewise, erf, erfinv, exp, pi, sqrt

from graphon_theory.noise.gaussian import Gaussian
from graphon_theory.noise.law import Array, exact_value, require_positive


@dataclass(frozen=True)
class TruncatedNormal:
    """Gaussian noise given that ``|xi| <= bound``.

    With ``G`` the Gaussian survival function, ``Q(t) = (G(t) - G(bound)) / (1 - G(bound))`` up to the bound.

    Parameters
    ----------
    bound
        Largest modulus, positive, in the units of ``xi``.
    scale
        Standard deviation before truncation, positive.
    """

    bound: float = 2.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        require_positive("bound", self.bound)
        require_positive("scale", self.scale)

    @property
    def name(self) -> str:
        """Short name."""
        return "truncated-normal"

    @property
    def variance(self) -> float:
        """``scale^2 (1 - 2 b phi(b) / mass)`` with ``b = bound / scale``."""
        return float(self.truncated_moment(np.zeros(1))[0])

    @property
    def analytic(self) -> bool:
        """A kink at the bound."""
        return False

    @property
    def atoms(self) -> tuple[float, ...]:
        """No atoms."""
        return ()

    def survival(self, t: Array) -> Array:
        """``P(|xi| >= t)``, elementwise; absolute error of some 1e-16 next to the bound."""
        whole = self._whole
        tail = whole.survival(np.minimum(t, self.bound)) - whole.survival(np.asarray(self.bound))
        return np.asarray(tail / self._mass, dtype=np.float64)

    def density(self, t: Array) -> Array:
        """Gaussian density over the mass within the bound, 0 beyond it, elementwise."""
        return np.where(t <= self.bound, self._whole.density(t) / self._mass, 0.0)

    def inverse(self, probability: float) -> float:
        """``scale sqrt(2) erfinv(mass (1 - probability))``."""
        return float(self.scale * math.sqrt(2.0) * special.erfinv(self._mass * (1.0 - probability)))

    def truncated_moment(self, t: Array) -> Array:
        """Gaussian moment between ``t`` and the bound, over the mass within, elementwise."""
        whole = self._whole
        between = whole.truncated_moment(np.minimum(t, self.bound)) - whole.truncated_moment(np.asarray(self.bound))
        return np.asarray(between / self._mass, dtype=np.float64)

    def survival_expr(self, t: Expr) -> Expr:
        """``Max(0, 1 - erf(t / (scale sqrt 2)) / mass)``."""
        return Max(0, 1 - erf(t / (exact_value(self.scale) * sqrt(2))) / self._mass_expr)

    def density_expr(self, t: Expr) -> Expr:
        """``sqrt(2/pi) exp(-t^2 / (2 scale^2)) / (scale mass)`` where ``t <= bound``."""
        s = exact_value(self.scale)
        inside = sqrt(2 / pi) / s * exp(-(t**2) / (2 * s**2)) / self._mass_expr
        return Piecewise((inside, t <= exact_value(self.bound)), (Integer(0), True))

    def inverse_expr(self, probability: Expr) -> Expr:
        """``scale sqrt(2) erfinv(mass (1 - probability))``."""
        return exact_value(self.scale) * sqrt(2) * erfinv(self._mass_expr * (1 - probability))

    def truncated_moment_expr(self, t: Expr) -> Expr:
        """Gaussian moment between ``t`` and the bound, over the mass within."""
        whole = self._whole
        between = whole.truncated_moment_expr(t) - whole.truncated_moment_expr(exact_value(self.bound))
        return Max(0, between / self._mass_expr)

    @property
    def _whole(self) -> Gaussian:
        return Gaussian(self.scale)

    @property
    def _mass(self) -> float:
        return math.erf(self.bound / (self.scale * math.sqrt(2.0)))

    @property
    def _mass_expr(self) -> Expr:
        return erf(exact_value(self.bound) / (exact_value(self.scale) * sqrt(2)))
