"""Uniform noise: what PyTorch's linear layers start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sympy import Expr, Integer, Max, Piecewise

from graphon_theory.noise.law import Array, exact_value, require_positive


@dataclass(frozen=True)
class Uniform:
    """Uniform noise on [-bound, bound] (PyTorch's default for ``Linear``), ``Q(t) = max(0, 1 - t/bound)``.

    Parameters
    ----------
    bound
        Half-width of the interval, positive.
    """

    bound: float = 1.0

    def __post_init__(self) -> None:
        require_positive("bound", self.bound)

    @property
    def name(self) -> str:
        """Short name."""
        return "uniform"

    @property
    def variance(self) -> float:
        """``bound**2 / 3``."""
        return self.bound**2 / 3.0

    @property
    def analytic(self) -> bool:
        """A kink at the bound."""
        return False

    @property
    def atoms(self) -> tuple[float, ...]:
        """No atoms."""
        return ()

    def survival(self, t: Array) -> Array:
        """``P(|xi| >= t)``, elementwise."""
        return np.maximum(0.0, 1.0 - t / self.bound)

    def density(self, t: Array) -> Array:
        """``1/bound`` up to the bound, 0 beyond, elementwise."""
        return np.where(t <= self.bound, 1.0 / self.bound, 0.0)

    def inverse(self, probability: float) -> float:
        """``bound (1 - probability)``."""
        return self.bound * (1.0 - probability)

    def truncated_moment(self, t: Array) -> Array:
        """``(bound^3 - t^3) / (3 bound)`` up to the bound, 0 beyond, elementwise."""
        capped = np.minimum(np.asarray(t, dtype=np.float64), self.bound)
        return np.asarray((self.bound**3 - capped**3) / (3.0 * self.bound), dtype=np.float64)

    def survival_expr(self, t: Expr) -> Expr:
        """``Max(0, 1 - t/bound)``."""
        return Max(0, 1 - t / exact_value(self.bound))

    def density_expr(self, t: Expr) -> Expr:
        """``1/bound`` where ``t <= bound``."""
        b = exact_value(self.bound)
        return Piecewise((1 / b, t <= b), (Integer(0), True))

    def inverse_expr(self, probability: Expr) -> Expr:
        """``bound (1 - probability)``."""
        return exact_value(self.bound) * (1 - probability)

    def truncated_moment_expr(self, t: Expr) -> Expr:
        """``Max(0, (bound^3 - t^3) / (3 bound))``."""
        b = exact_value(self.bound)
        return Max(0, (b**3 - t**3) / (3 * b))
