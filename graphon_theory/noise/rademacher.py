"""Rademacher noise, the simplest law with an atom: what the theory of thresholds leaves out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sympy import Expr, Integer, Piecewise

from graphon_theory.errors import InputError
from graphon_theory.noise.law import Array, exact_value, require_positive


@dataclass(frozen=True)
class Rademacher:
    """A fair sign times ``scale``: ``|xi| = scale`` always, so that ``Q`` jumps from 1 to 0 there.

    Parameters
    ----------
    scale
        The modulus, positive.
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        require_positive("scale", self.scale)

    @property
    def name(self) -> str:
        """Short name."""
        return "rademacher"

    @property
    def variance(self) -> float:
        """``scale**2``."""
        return self.scale**2

    @property
    def analytic(self) -> bool:
        """A jump at the scale."""
        return False

    @property
    def atoms(self) -> tuple[float, ...]:
        """The scale, with probability 1."""
        return (self.scale,)

    def survival(self, t: Array) -> Array:
        """1 up to the scale, 0 beyond, elementwise."""
        return np.where(np.asarray(t) <= self.scale, 1.0, 0.0)

    def density(self, t: Array) -> Array:
        """Refuse: there is none.

        Raises
        ------
        InputError
            Always.
        """
        raise self._refusal("it has no density; choose a law without atoms")

    def inverse(self, probability: float) -> float:
        """Refuse: ``Q`` takes the values 0 and 1 alone.

        Raises
        ------
        InputError
            Always.
        """
        raise self._refusal(f"no level has the probability {probability!r}; choose a law without atoms")

    def truncated_moment(self, t: Array) -> Array:
        """``scale^2`` up to the scale, 0 beyond, elementwise."""
        return self.variance * self.survival(t)

    def survival_expr(self, t: Expr) -> Expr:
        """1 where ``t <= scale``, else 0."""
        return Piecewise((Integer(1), t <= exact_value(self.scale)), (Integer(0), True))

    def density_expr(self, t: Expr) -> Expr:
        """Refuse: there is none.

        Raises
        ------
        InputError
            Always.
        """
        raise self._refusal("it has no density; choose a law without atoms")

    def inverse_expr(self, probability: Expr) -> Expr | None:
        """None: ``Q`` has no inverse."""
        return None

    def truncated_moment_expr(self, t: Expr) -> Expr:
        """``scale^2`` where ``t <= scale``, else 0."""
        return exact_value(self.scale) ** 2 * self.survival_expr(t)

    def _refusal(self, remedy: str) -> InputError:
        return InputError("noise", self, remedy)
