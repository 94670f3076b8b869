"""A rank-one profile at given inputs: its threshold, its graphon, its energy graphon."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from graphon_theory.energy import kept_energy
from graphon_theory.errors import InputError, require_density
from graphon_theory.noise import Gaussian, NoiseLaw
from graphon_theory.saliency import FiniteModel
from verification.names import WEIGHTS

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Profile:
    """``h = g(u) f(v)`` at d inputs and at one node in u, or at n neurons: ``W = Q(tau/(g f))`` of density rho.

    Parameters
    ----------
    columns
        f, shape (d,), finite, at least 0, not all 0.
    density
        rho, in (0, 1), below the share of inputs with ``f > 0``.
    rows
        g, shape (R,), finite, above 0: one node by default, for a graphon that depends on v alone, or R = n neurons.
    noise
        Law of the weights over their scale.
    weights
        "kept" (an edge transmits ``V = E[xi^2; kept]``) or "redrawn" after pruning (``V = Var(xi) W``).

    Raises
    ------
    InputError
        If an argument is not as above.
    """

    columns: Array
    density: float
    rows: Array = field(default_factory=lambda: np.ones(1))
    noise: NoiseLaw = field(default_factory=Gaussian)
    weights: str = "kept"

    def __post_init__(self) -> None:
        require_density(self.density)
        if self.weights not in WEIGHTS:
            raise InputError("weights", self.weights, f"choose one of {', '.join(WEIGHTS)}")
        for name, part in (("columns", self.columns), ("rows", self.rows)):
            if part.ndim != 1 or part.size == 0 or not bool(np.all(np.isfinite(part) & (part >= 0.0))):
                raise InputError(name, f"array of shape {part.shape}", "give a row of finite numbers, at least 0")
        if not bool((self.rows > 0.0).all()):
            raise InputError("rows", 0.0, "give numbers above 0")

    @cached_property
    def model(self) -> FiniteModel:
        """The saliency model at nodes and inputs."""
        return FiniteModel(np.outer(self.rows, self.columns), self.noise)

    @cached_property
    def threshold(self) -> float:
        """``tau`` at which the mean of W over nodes and inputs is rho."""
        return self.model.threshold(self.density)

    @cached_property
    def W(self) -> Array:  # noqa: N802  # its name in the theory
        """Kept probabilities, shape (R, d), in [0, 1], of mean rho."""
        return self.model.probabilities(self.density)

    @cached_property
    def V(self) -> Array:  # noqa: N802  # its name in the theory
        """Second moment that an edge transmits, shape (R, d)."""
        if self.weights == "redrawn":
            return self.noise.variance * self.W
        return kept_energy(self.model.profile, self.noise, self.threshold)

    @property
    def degrees(self) -> Array:
        """Kept fraction of each input's edges, ``deg(v_j)``, shape (d,): path density for unit output weights."""
        mean: Array = self.W.mean(axis=0)
        return mean

    @property
    def effective_inputs(self) -> float:
        """``(sum deg)^2 / sum deg^2``: d for a constant graphon, k if k inputs share all edges."""
        return float(self.degrees.sum() ** 2 / np.square(self.degrees).sum())


def columns_of(kept: Array, noise: NoiseLaw) -> Array:
    """Return the profile with given kept probabilities: ``f = 1/Q^-1(W)``, so that its threshold is 1.

    Parameters
    ----------
    kept
        W, shape (d,), in [0, 1). 0 gives f = 0; any mean is met.
    noise
        Law of the weights.

    Raises
    ------
    InputError
        If a probability is outside [0, 1).
    """
    if not bool(np.all((kept >= 0.0) & (kept < 1.0))):
        raise InputError("kept", "outside [0, 1)", "give probabilities below 1: no finite profile keeps every edge")
    return np.array([1.0 / noise.inverse(float(w)) if w > 0.0 else 0.0 for w in kept])
