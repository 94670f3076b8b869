"""Step graphon of a mask or matrix: the finite network's side of every limit statement.

``W_M(u, v) = M[ceil(n u), ceil(d v)]`` with indices from 1: row i covers ``((i-1)/n, i/n]``, and the first row the
point 0 as well. It reads like a ``Graphon``, but every reading is a finite sum, exact to float64 rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.homomorphism import GraphLike, homomorphism_density

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StepGraphon:
    """Step graphon of a matrix; build it with ``step_graphon``.

    Parameters
    ----------
    matrix
        Values in [0, 1], shape (n, d): row i is a neuron, column j an input. float64 and read-only.

    Raises
    ------
    InputError
        If it is not a non-empty matrix with values in [0, 1].
    """

    matrix: Array

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or self.matrix.size == 0:
            raise InputError("matrix", f"array of shape {self.matrix.shape}", "give a non-empty (n, d) matrix")
        if not bool(np.all((self.matrix >= 0) & (self.matrix <= 1))):
            raise InputError("matrix", "values outside [0, 1] or NaN", "give a mask or kept probabilities")

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, d)``: rows (neurons) and columns (inputs)."""
        n, d = self.matrix.shape
        return n, d

    def __call__(self, u: npt.ArrayLike, v: npt.ArrayLike) -> Array:
        """``W(u, v)`` on broadcastable arrays of positions in [0, 1]; values in [0, 1]."""
        n, d = self.shape
        return np.asarray(self.matrix[_steps(u, n, "u"), _steps(v, d, "v")])

    def density(self) -> float:
        """``double integral of W``: the mean of the matrix, in [0, 1]."""
        return float(self.matrix.mean())

    def degree_input(self, v: npt.ArrayLike) -> Array:
        """``integral of W(u, v) du``: share of neurons joined to the input at ``v``, at least one-dimensional."""
        return np.asarray(self.matrix.mean(axis=0)[_steps(np.atleast_1d(v), self.shape[1], "v")])

    def degree_neuron(self, u: npt.ArrayLike) -> Array:
        """``integral of W(u, v) dv``: share of inputs joined to the neuron at ``u``, at least one-dimensional."""
        return np.asarray(self.matrix.mean(axis=1)[_steps(np.atleast_1d(u), self.shape[0], "u")])

    def homomorphism_density(self, F: GraphLike) -> float:
        """``t(F, W)`` in [0, 1], the finite sum itself; F as in ``homomorphism.bipartite_graph``."""
        return homomorphism_density(F, self)

    def weighted_values(self) -> tuple[Array, Array, Array]:
        """Return the matrix, row weights ``1/n``, shape (n,), and column weights ``1/d``, shape (d,)."""
        n, d = self.shape
        return self.matrix, np.full(n, 1.0 / n), np.full(d, 1.0 / d)


def step_graphon(matrix: npt.ArrayLike) -> StepGraphon:
    """Step graphon of a mask, or of a matrix of kept probabilities.

    Parameters
    ----------
    matrix
        Shape (n, d), boolean, integer or floating, values in [0, 1]; copied.

    Raises
    ------
    InputError
        If it is not a non-empty matrix with values in [0, 1].
    """
    try:
        values = np.asarray(matrix, dtype=np.float64).copy()
    except (TypeError, ValueError):
        raise InputError("matrix", type(matrix).__name__, "give a rectangular matrix of numbers") from None
    values.flags.writeable = False
    return StepGraphon(values)


def _steps(positions: npt.ArrayLike, count: int, argument: str) -> npt.NDArray[np.intp]:
    """Find the indices, from 0, of the steps that hold the positions."""
    points = np.asarray(positions, dtype=np.float64)
    if not bool(np.all((points >= 0) & (points <= 1))):
        raise InputError(argument, "positions outside [0, 1] or NaN", "give positions in [0, 1]")
    # Comparing with the ends i/n decides as ceil does, without the rounding of n * u.
    ends = np.arange(1, count + 1) / count
    return np.asarray(np.searchsorted(ends, points, side="left"))
