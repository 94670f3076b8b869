"""The prediction of LIM-a without n d numbers: the level tau_T, and products with ``P_ij = Q(tau_T/|h_ij|)``.

P is a smooth function of row and column profile. Each side is written as sparse weights on m nodes: at rank one by
local polynomial interpolation in ``log |g_i|`` on equal steps (Lagrange, 6 points; 4 where the law has a kink), or
exactly, where there are at most m different factors. Then ``P ~ L K R^T`` with K of m x m values, and means and
products cost O(n + d + m^2). The error of the interpolation is no part of the prediction: ``mask`` measures it entry
by entry where a bound needs it. Models of higher rank with many types have no such form, and ``side`` gives none.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from graphon_theory.errors import InputError, require_density
from verification.streaming.levels import kept
from verification.streaming.model import FactorModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Array = npt.NDArray[np.float64]

_MOST_TYPES: Final = 256
_SMOOTH: Final = (1.0 / 48.0, 6, 1024)  # step in log g, points, most nodes
_KINKED: Final = (1e-4, 4, 1024)  # as many nodes as there may be: the error at a kink falls with their square alone
_BLOCK: Final = 2**19
_PILOT: Final = 256  # rows and columns of the sample that starts the search
_TOLERANCE: Final = 1e-13
_STEP: Final = 1e-3
_NEAR, _FAR = 0.01, 0.5  # first steps of a bracket, in the logarithm of the level


@dataclass(frozen=True, eq=False)
class Side:
    """Rows, or columns, as combinations of nodes.

    Parameters
    ----------
    nodes
        Factors of the nodes, shape (m, R).
    weights
        Shape (count, m), a few non-zero numbers a row.
    """

    nodes: Array
    weights: sparse.csr_array

    @functools.cached_property
    def totals(self) -> Array:
        """Sums of weights over all rows, or columns, shape (m,)."""
        return np.asarray(self.weights.sum(axis=0)).ravel()


@dataclass(frozen=True, eq=False)
class Compressed:
    """``P ~ L K R^T``.

    Parameters
    ----------
    left, right
        The sides.
    kernel
        P at the nodes, shape (m, m').
    """

    left: Side
    right: Side
    kernel: Array

    def times(self, X: Array) -> Array:
        """``P X`` for X of shape (d, k)."""
        return np.asarray(self.left.weights @ (self.kernel @ (self.right.weights.T @ X)))

    def transpose_times(self, Y: Array) -> Array:
        """``P^T Y`` for Y of shape (n, k)."""
        return np.asarray(self.right.weights @ (self.kernel.T @ (self.left.weights.T @ Y)))

    def block(self, rows: slice, columns: slice) -> Array:
        """Values of the compressed form on a block."""
        return np.asarray(self.right.weights[columns] @ (self.left.weights[rows] @ self.kernel).T).T


@dataclass(frozen=True, eq=False)
class Prediction:
    """Mean of kept entries as a function of the level, by nodes or by all entries.

    Parameters
    ----------
    model
        The saliencies.
    """

    model: FactorModel

    @functools.cached_property
    def sides(self) -> tuple[Side, Side] | None:
        """Rows and columns on nodes; None where the model has no short form."""
        left, right = side(self.model.rows, self.model), side(self.model.columns, self.model)
        return None if left is None or right is None else (left, right)

    def compressed(self, level: float) -> Compressed | None:
        """Prediction at a level in short form, or None."""
        if self.sides is None:
            return None
        left, right = self.sides
        return Compressed(left, right, kept(self.model.noise, _saliencies(left.nodes, right.nodes), level))

    def moments(self, level: float) -> tuple[float, float]:
        """Means over all entries of P and of ``P (1 - P)`` at a level."""
        n, d = self.model.shape
        short = self.compressed(level)
        if short is not None:
            left, right, K = short.left.totals, short.right.totals, short.kernel
            return float(left @ K @ right) / (n * d), float(left @ (K * (1.0 - K)) @ right) / (n * d)
        mean = variance = 0.0
        for values in self._blocks(level):
            mean += float(values.sum())
            variance += float((values * (1.0 - values)).sum())
        return mean / (n * d), variance / (n * d)

    def level(self, density: float, near: float | None = None) -> float:
        """``tau_T``: the level at which the mean of P is a density.

        Parameters
        ----------
        density
            In (0, 1), below the share of entries that can be kept.
        near
            A level close by, if one is known.

        Raises
        ------
        InputError
            If it is not, or no level keeps so many entries.
        """
        rho, (n, d) = require_density(density), self.model.shape
        if rho * n * d >= self.model.alive:
            raise InputError(
                "density",
                density,
                f"only {self.model.alive} of {n * d} entries have a profile that does not vanish: lower it",
            )
        if self.sides is not None:
            start, step = (self._guess(), _FAR) if near is None else (near, _NEAR)
            return _solve(lambda level: self.moments(level)[0] - rho, start, step, density)
        pilot, profile = self.model.noise, self._pilot().dense().profile
        start = _solve(lambda level: float(kept(pilot, profile, level).mean()) - rho, 1.0, _FAR, density)
        log = math.log(start)
        # Secant steps: each costs a pass, and the pilot is a few per cent off at most.
        root = optimize.newton(
            lambda x: self.moments(math.exp(x))[0] - rho, log, x1=log + _STEP, tol=_TOLERANCE, maxiter=30
        )
        return math.exp(float(root))

    def _guess(self) -> float:
        sides = self.sides
        if sides is None:
            raise AssertionError("asked for models with nodes only")
        return float(np.max(np.abs(sides[0].nodes)) * np.max(np.abs(sides[1].nodes)))

    def _pilot(self) -> FactorModel:
        n, d = self.model.shape
        rows, columns = (np.unique(np.linspace(0, size - 1, _PILOT).astype(np.int64)) for size in (n, d))
        return FactorModel(self.model.rows[rows], self.model.columns[columns], self.model.noise)

    def _blocks(self, level: float) -> Iterator[Array]:
        n, d = self.model.shape
        step = max(1, _BLOCK // d)
        for first in range(0, n, step):
            yield kept(self.model.noise, self.model.block(slice(first, min(first + step, n)), slice(0, d)), level)


def side(factors: Array, model: FactorModel) -> Side | None:
    """Write rows or columns as combinations of nodes.

    Parameters
    ----------
    factors
        Shape (count, R).
    model
        Decides rank and law.

    Returns
    -------
    Side or None
        None at rank two or more with more than 256 different factors.
    """
    if model.rank == 1:
        values = np.abs(factors[:, 0])
        different, place = np.unique(values, return_inverse=True)
        if len(different) > _MOST_TYPES:
            return _interpolated(values, *(_SMOOTH if model.noise.analytic else _KINKED))
        different = different[:, None]
    else:
        different, place = np.unique(factors, axis=0, return_inverse=True)
        if len(different) > _MOST_TYPES:
            return None
    count, m = len(factors), len(different)
    ones = sparse.csr_array((np.ones(count), place.ravel(), np.arange(count + 1)), shape=(count, m))
    return Side(different, ones)


def _interpolated(values: Array, step: float, points: int, most: int) -> Side:
    alive = values > 0
    logs = np.log(values[alive])
    low, high = float(logs.min()), float(logs.max())
    m = int(np.clip(math.ceil((high - low) / step), 4 * points, most))
    nodes = np.linspace(low, high, m)
    place = (logs - low) / (nodes[1] - nodes[0])
    first = np.clip(np.floor(place).astype(np.int64) - (points // 2 - 1), 0, m - points)
    offset = place - first
    weights = np.ones((len(logs), points))
    for a in range(points):
        for b in range(points):
            if a != b:
                weights[:, a] *= (offset - b) / (a - b)
    ends = np.concatenate([[0], np.cumsum(np.where(alive, points, 0))])
    columns = (first[:, None] + np.arange(points)).ravel()
    table = sparse.csr_array((weights.ravel(), columns, ends), shape=(len(values), m))
    return Side(np.exp(nodes)[:, None], table)


def _saliencies(left: Array, right: Array) -> Array:
    return np.abs(left @ right.T)


def _solve(excess: Callable[[float], float], start: float, first: float, density: float) -> float:
    """Root of a non-increasing function of the level: widen a bracket, then Brent in its logarithm."""
    low = high = math.log(start)
    step = first
    while excess(math.exp(high)) > 0:
        low, high, step = high, high + step, 2 * step
        if high > 600:
            raise InputError("density", density, "no finite level keeps so few entries: raise it")
    step = first
    while excess(math.exp(low)) <= 0:
        low, step = low - step, 2 * step
        if low < -600:
            raise InputError("density", density, "the profile vanishes too often, no level keeps so many: lower it")
    return math.exp(float(optimize.brentq(lambda x: excess(math.exp(x)), low, high, xtol=_TOLERANCE, rtol=_TOLERANCE)))
