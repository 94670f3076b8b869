"""Laplace noise: tails heavier than Gaussian, and closed forms throughout."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from sympy import Expr, exp, log

from graphon_theory.noise.law import Array, exact_value, require_positive

_CAP: Final = 1e3  # scales; the tail beyond is 0 in doubles


@dataclass(frozen=True)
class Laplace:
    """Centred Laplace noise, ``Q(t) = exp(-t / scale)``.

    Parameters
    ----------
    scale
        Mean of the modulus, positive.
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        require_positive("scale", self.scale)

    @property
    def name(self) -> str:
        """Short name."""
        return "laplace"

    @property
    def variance(self) -> float:
        """``2 scale**2``."""
        return 2.0 * self.scale**2

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
        return np.exp(-t / self.scale)

    def density(self, t: Array) -> Array:
        """``exp(-t / scale) / scale``, elementwise."""
        return np.exp(-t / self.scale) / self.scale

    def inverse(self, probability: float) -> float:
        """``-scale ln(probability)``."""
        return -self.scale * math.log(probability)

    def truncated_moment(self, t: Array) -> Array:
        """``(t^2 + 2 scale t + 2 scale^2) exp(-t / scale)``, elementwise."""
        # Beyond the cap the exponential is 0 in doubles, and an infinite level stays clear of inf * 0.
        z = np.minimum(np.asarray(t, dtype=np.float64) / self.scale, _CAP)
        return np.asarray(self.scale**2 * (z**2 + 2.0 * z + 2.0) * np.exp(-z), dtype=np.float64)

    def survival_expr(self, t: Expr) -> Expr:
        """``exp(-t / scale)``."""
        return exp(-t / exact_value(self.scale))

    def density_expr(self, t: Expr) -> Expr:
        """``exp(-t / scale) / scale``."""
        s = exact_value(self.scale)
        return exp(-t / s) / s

    def inverse_expr(self, probability: Expr) -> Expr:
        """``-scale log(probability)``."""
        return -exact_value(self.scale) * log(probability)

    def truncated_moment_expr(self, t: Expr) -> Expr:
        """``(t^2 + 2 scale t + 2 scale^2) exp(-t / scale)``."""
        s = exact_value(self.scale)
        return (t**2 + 2 * s * t + 2 * s**2) * exp(-t / s)
