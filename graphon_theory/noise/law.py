"""The role of a noise law, and what its implementations share: reading and checking their parameters."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt
from sympy import Expr, Rational

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]


class NoiseLaw(Protocol):
    """What a symmetric noise law of finite variance offers; ``name`` also selects its sampler."""

    @property
    def name(self) -> str:
        """Short name, as suite files write it."""
        ...

    @property
    def variance(self) -> float:
        """Second moment of ``xi``."""
        ...

    @property
    def analytic(self) -> bool:
        """Whether ``Q`` is analytic for ``t > 0``; a kink costs rigorous integrals their digits."""
        ...

    @property
    def atoms(self) -> tuple[float, ...]:
        """Moduli that have positive probability; empty for a law that statement THR covers."""
        ...

    def survival(self, t: Array) -> Array:
        """``P(|xi| >= t)`` on an array of levels ``t >= 0`` (infinity allowed), in [0, 1]."""
        ...

    def density(self, t: Array) -> Array:
        """Density of ``|xi|`` on an array of levels ``t >= 0``."""
        ...

    def inverse(self, probability: float) -> float:
        """Return the level ``t`` with ``Q(t) = probability``, for a probability in (0, 1)."""
        ...

    def truncated_moment(self, t: Array) -> Array:
        """``E[xi^2; |xi| >= t]`` on an array of levels ``t >= 0`` (infinity allowed), in [0, variance]."""
        ...

    def survival_expr(self, t: Expr) -> Expr:
        """``Q(t)`` as a SymPy expression."""
        ...

    def density_expr(self, t: Expr) -> Expr:
        """Density of ``|xi|`` as a SymPy expression."""
        ...

    def inverse_expr(self, probability: Expr) -> Expr | None:
        """Return the inverse of ``Q`` as a SymPy expression; None where none is known."""
        ...

    def truncated_moment_expr(self, t: Expr) -> Expr:
        """``E[xi^2; |xi| >= t]`` as a SymPy expression."""
        ...


def require_positive(argument: str, value: float) -> None:
    """Refuse a parameter that is not a finite number above 0.

    Raises
    ------
    InputError
        If it is not.
    """
    if not (math.isfinite(value) and value > 0):
        raise InputError(argument, value, "give a finite number above 0")


def exact_value(value: float) -> Expr:
    """Return the exact rational value of a float (decimals such as 0.1 are read as written)."""
    return Rational(repr(value))
