"""Laws of the edge noise ``xi``: symmetric, without atoms.

Each law gives the survival function of its modulus, ``Q(t) = P(|xi| >= t)``, the density of the modulus
and the inverse of ``Q``: as SymPy expressions for derivations and enclosures, and on arrays for
predictions. The two forms are written separately and the tests compare them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import special
from sympy import Expr, Integer, Max, Piecewise, Rational, erfc, erfinv, exp, log, pi, sqrt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]


class NoiseLaw(Protocol):
    """What a symmetric, atomless noise law offers; ``name`` also selects its sampler."""

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

    def survival(self, t: Array) -> Array:
        """``P(|xi| >= t)`` on an array of levels ``t >= 0`` (infinity allowed), in [0, 1]."""
        ...

    def density(self, t: Array) -> Array:
        """Density of ``|xi|`` on an array of levels ``t >= 0``."""
        ...

    def inverse(self, probability: float) -> float:
        """Return the level ``t`` with ``Q(t) = probability``, for a probability in (0, 1)."""
        ...

    def survival_expr(self, t: Expr) -> Expr:
        """``Q(t)`` as a SymPy expression."""
        ...

    def density_expr(self, t: Expr) -> Expr:
        """Density of ``|xi|`` as a SymPy expression."""
        ...

    def inverse_expr(self, probability: Expr) -> Expr:
        """Return the inverse of ``Q`` as a SymPy expression."""
        ...


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
        _require_positive("scale", self.scale)

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

    def survival(self, t: Array) -> Array:
        """``P(|xi| >= t)``, elementwise."""
        return np.asarray(special.erfc(t / (self.scale * math.sqrt(2.0))), dtype=np.float64)

    def density(self, t: Array) -> Array:
        """``2 phi(t / scale) / scale``, elementwise."""
        return math.sqrt(2.0 / math.pi) / self.scale * np.exp(-0.5 * (t / self.scale) ** 2)

    def inverse(self, probability: float) -> float:
        """``scale sqrt(2) erfcinv(probability)``."""
        return float(self.scale * math.sqrt(2.0) * special.erfcinv(probability))

    def survival_expr(self, t: Expr) -> Expr:
        """``erfc(t / (scale sqrt 2))``."""
        return erfc(t / (_exact(self.scale) * sqrt(2)))

    def density_expr(self, t: Expr) -> Expr:
        """``sqrt(2/pi) exp(-t^2 / (2 scale^2)) / scale``."""
        s = _exact(self.scale)
        return sqrt(2 / pi) / s * exp(-(t**2) / (2 * s**2))

    def inverse_expr(self, probability: Expr) -> Expr:
        """``scale sqrt(2) erfinv(1 - probability)``; SymPy evaluates ``erfinv``, but not ``erfcinv``, to digits."""
        return _exact(self.scale) * sqrt(2) * erfinv(1 - probability)


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
        _require_positive("bound", self.bound)

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

    def survival(self, t: Array) -> Array:
        """``P(|xi| >= t)``, elementwise."""
        return np.maximum(0.0, 1.0 - t / self.bound)

    def density(self, t: Array) -> Array:
        """``1/bound`` up to the bound, 0 beyond, elementwise."""
        return np.where(t <= self.bound, 1.0 / self.bound, 0.0)

    def inverse(self, probability: float) -> float:
        """``bound (1 - probability)``."""
        return self.bound * (1.0 - probability)

    def survival_expr(self, t: Expr) -> Expr:
        """``Max(0, 1 - t/bound)``."""
        return Max(0, 1 - t / _exact(self.bound))

    def density_expr(self, t: Expr) -> Expr:
        """``1/bound`` where ``t <= bound``."""
        b = _exact(self.bound)
        return Piecewise((1 / b, t <= b), (Integer(0), True))

    def inverse_expr(self, probability: Expr) -> Expr:
        """``bound (1 - probability)``."""
        return _exact(self.bound) * (1 - probability)


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
        _require_positive("scale", self.scale)

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

    def survival(self, t: Array) -> Array:
        """``P(|xi| >= t)``, elementwise."""
        return np.exp(-t / self.scale)

    def density(self, t: Array) -> Array:
        """``exp(-t / scale) / scale``, elementwise."""
        return np.exp(-t / self.scale) / self.scale

    def inverse(self, probability: float) -> float:
        """``-scale ln(probability)``."""
        return -self.scale * math.log(probability)

    def survival_expr(self, t: Expr) -> Expr:
        """``exp(-t / scale)``."""
        return exp(-t / _exact(self.scale))

    def density_expr(self, t: Expr) -> Expr:
        """``exp(-t / scale) / scale``."""
        s = _exact(self.scale)
        return exp(-t / s) / s

    def inverse_expr(self, probability: Expr) -> Expr:
        """``-scale log(probability)``."""
        return -_exact(self.scale) * log(probability)


def noise_law(name: str) -> NoiseLaw:
    """Return the law called ``name``, at unit scale.

    Raises
    ------
    InputError
        If no law has that name.
    """
    laws: dict[str, NoiseLaw] = {"gaussian": Gaussian(), "uniform": Uniform(), "laplace": Laplace()}
    if name not in laws:
        raise InputError("noise", name, f"choose one of {', '.join(laws)}")
    return laws[name]


def _require_positive(argument: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise InputError(argument, value, "give a finite number above 0")


def _exact(value: float) -> Expr:
    """Return the exact rational value of a float (decimals such as 0.1 are read as written)."""
    return Rational(repr(value))
