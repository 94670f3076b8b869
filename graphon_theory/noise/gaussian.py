"""Gaussian noise: the default of most initialisations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special
from sympy import Expr, erfc, erfinv, exp, pi, sqrt

from graphon_theory.noise.law import Array, exact_value, require_positive

_CAP: Final = 1e3  # standard deviations; the tail beyond is 0 in doubles


@dataclass(frozen=True)
class Gaussian:
    """Centred Gaussian noise, ``Q(t) = erfc(t / (scale sqrt 2))``.

    Parameters
    ----------
    scale
        Standard deviation, positive.
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        require_positive("scale", self.scale)

    @property
    def name(self) -> str:
        """Short name."""
        return "gaussian"

    @property
    def variance(self) -> float:
        """``scale**2``."""
        return self.scale**2

    @property
    def analytic(self) -> bool:
        """Analytic everywhere."""
        return True

    @property
    def atoms(self) -> tuple[float, ...]:
        """No atoms."""
        return ()

    def survival(self, t: Array) -> Array:
        """``P(|xi| >= t)``, elementwise."""
        return np.asarray(special.erfc(t / (self.scale * math.sqrt(2.0))), dtype=np.float64)

    def density(self, t: Array) -> Array:
        """``2 phi(t / scale) / scale``, elementwise."""
        return math.sqrt(2.0 / math.pi) / self.scale * np.exp(-0.5 * (t / self.scale) ** 2)

    def inverse(self, probability: float) -> float:
        """``scale sqrt(2) erfcinv(probability)``."""
        return float(self.scale * math.sqrt(2.0) * special.erfcinv(probability))

    def truncated_moment(self, t: Array) -> Array:
        """``scale^2 (Q + 2 z phi(z))`` with ``z = t / scale``, elementwise (by parts, from ``phi' = -z phi``)."""
        # Beyond the cap both terms are 0 in doubles, and an infinite level stays clear of inf * 0.
        z = np.minimum(np.asarray(t, dtype=np.float64) / self.scale, _CAP)
        tail = special.erfc(z / math.sqrt(2.0)) + math.sqrt(2.0 / math.pi) * z * np.exp(-0.5 * z**2)
        return np.asarray(self.scale**2 * tail, dtype=np.float64)

    def survival_expr(self, t: Expr) -> Expr:
        """``erfc(t / (scale sqrt 2))``."""
        return erfc(t / (exact_value(self.scale) * sqrt(2)))

    def density_expr(self, t: Expr) -> Expr:
        """``sqrt(2/pi) exp(-t^2 / (2 scale^2)) / scale``."""
        s = exact_value(self.scale)
        return sqrt(2 / pi) / s * exp(-(t**2) / (2 * s**2))

    def inverse_expr(self, probability: Expr) -> Expr:
        """``scale sqrt(2) erfinv(1 - probability)``; SymPy evaluates ``erfinv``, but not ``erfcinv``, to digits."""
        return exact_value(self.scale) * sqrt(2) * erfinv(1 - probability)

    def truncated_moment_expr(self, t: Expr) -> Expr:
        """``scale^2 (erfc(z / sqrt 2) + sqrt(2/pi) z exp(-z^2 / 2))`` with ``z = t / scale``."""
        s = exact_value(self.scale)
        z = t / s
        return s**2 * (erfc(z / sqrt(2)) + sqrt(2 / pi) * z * exp(-(z**2) / 2))
