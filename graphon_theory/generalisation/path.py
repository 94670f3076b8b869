"""PATH: path density of the inputs, and the bound on ``y^T K^-1 y`` that it gives for linear teachers.

A ReLU's k0 is 1/4 plus a series of non-negative powers of a correlation, so the kernel of the hidden weights is at
least ``(1/4d) X diag(D) X^T`` in Loewner order, ``D(v) = integral of E[a^2|u] W(u, v) du`` ([P26], path density).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.generalisation.intake import count, matrix, number, vector
from graphon_theory.step import StepGraphon

Array = npt.NDArray[np.float64]

_EXHAUSTIVE: Final = 12
"""Coordinates of the teacher up to which all ways to split them are tried: 4,096."""


@dataclass(frozen=True, eq=False)
class PathBound:
    """A bound on ``y^T K^-1 y`` for ``y = X beta``.

    Parameters
    ----------
    energy
        The bound; infinite where a coordinate that the teacher needs has no path, and nothing is known of the rest.
    along
        Part ``(d/c) sum_A beta_j^2/D_j`` of the coordinates A that go by path density.
    beside
        Part ``||X_(A^c) beta||^2/lambda_min`` of the others. The bound is ``(sqrt(along) + sqrt(beside))^2``.
    by_path
        Whether a coordinate is in A, shape (d,).
    unreached
        Indices of coordinates with ``beta_j != 0`` and ``D_j = 0``.
    exhaustive
        Whether no split gives less: all were tried, or there is nothing to split. Otherwise splits by order of
        ``D_j ||X_j||^2`` were, which are the best ones if the columns of X are orthogonal.
    """

    energy: float
    along: float
    beside: float
    by_path: npt.NDArray[np.bool_]
    unreached: tuple[int, ...]
    exhaustive: bool


def input_path_density(W: npt.ArrayLike | StepGraphon, output_squares: npt.ArrayLike) -> Array:
    """Path density of each input, ``D_j`` = mean over i of ``E[a_i^2] W_ij``.

    Parameters
    ----------
    W
        Kept probabilities, a mask, or a graphon at row and column types, shape (n, d), in [0, 1]; or a step graphon.
    output_squares
        ``E[a_i^2]`` given the type, or ``a_i^2`` itself, shape (n,), at least 0.

    Returns
    -------
    Array
        Shape (d,), from 0 to the mean of ``output_squares``.

    Raises
    ------
    InputError
        If a shape does not fit, or a number is out of its range.
    """
    kept = matrix("W", W.matrix if isinstance(W, StepGraphon) else W)
    if bool((kept > 1.0).any()):
        raise InputError("W", float(kept.max()), "give probabilities in [0, 1]")
    squares = vector("output_squares", output_squares, kept.shape[0])
    density: Array = squares @ kept / kept.shape[0]
    return density


def path_complexity(
    beta: npt.ArrayLike,
    D: npt.ArrayLike,
    dimension: int | None = None,
    *,
    coefficient: float = 0.25,
    rest: tuple[npt.ArrayLike, float] | None = None,
) -> PathBound:
    """Bound ``y^T K^-1 y`` for the labels ``y = X beta`` of a linear teacher (statement PATH).

    For a kernel with ``K >= (c/d) X diag(D) X^T``: ``y^T K^-1 y <= (d/c) sum_j beta_j^2/D_j``, in ReLU networks of one
    hidden layer ``4 d sum beta^2/D``. Where ``K >= lambda_min`` is known as well, coordinates outside of A cost
    ``||X_(A^c) beta||/sqrt(lambda_min)`` instead, and the root of the bound is the sum of both roots.

    Parameters
    ----------
    beta
        The teacher, shape (d,).
    D
        Path density, shape (d,), at least 0.
    dimension
        d of the factor ``1/d`` in the kernel; the length of ``beta`` if not given.
    coefficient
        c, positive: 1/4 for one ReLU layer, ``4^-L`` for L, ``linear_coefficient`` for others.
    rest
        X, shape (N, d), and a lower bound of the kernel's smallest eigenvalue, above 0.

    Returns
    -------
    PathBound
        With ``rest`` the smallest over all sets A if the teacher has at most twelve coordinates, and over the sets
        "A is where ``D_j ||X_j||^2`` is largest" for more. Each of them is a bound.

    Raises
    ------
    InputError
        If a shape does not fit, or a number is out of its range.
    """
    teacher = vector("beta", beta, signed=True)
    density = vector("D", D, teacher.size)
    size = teacher.size if dimension is None else count("dimension", dimension)
    scale = size / number("coefficient", coefficient, 0.0, math.inf, open_low=True)
    needed = teacher != 0.0
    with np.errstate(divide="ignore", over="ignore"):
        costs = np.divide(scale * np.square(teacher), density, out=np.zeros_like(teacher), where=needed)
    unreached = tuple(int(j) for j in np.flatnonzero(needed & (density == 0.0)))
    if rest is None:
        total = float(costs.sum())
        return PathBound(total, total, 0.0, ~needed | (density > 0.0), unreached, exhaustive=True)
    X = matrix("rest", rest[0], signed=True)
    if X.shape[1] != teacher.size:
        raise InputError("rest", f"inputs of shape {X.shape}", f"give one column a coordinate of beta: {teacher.size}")
    least = number("rest", rest[1], 0.0, math.inf, open_low=True)
    used = np.flatnonzero(needed)
    exhaustive = used.size <= _EXHAUSTIVE
    parts = X[:, used] * teacher[used]
    gains = density[used] * np.square(X[:, used]).sum(axis=0)
    sets, norms = _all_splits(parts) if exhaustive else _ordered_splits(parts, gains)
    # A set that holds an unreached coordinate costs infinity, one without pays nothing for it: 0 times inf is 0 here.
    along = np.where(sets, costs[used], 0.0).sum(axis=1)
    roots = np.sqrt(along) + np.sqrt(norms / least)
    best = int(np.argmin(roots))
    by_path = ~needed
    by_path[used] = sets[best]
    return PathBound(
        float(roots[best] ** 2),
        float(along[best]),
        float(norms[best] / least),
        by_path,
        unreached,
        exhaustive=exhaustive,
    )


def _all_splits(parts: Array) -> tuple[npt.NDArray[np.bool_], Array]:
    """Return every set A, and the squared norm of what the other columns sum to."""
    size = parts.shape[1]
    sets = (np.arange(2**size)[:, None] >> np.arange(size)) & 1 == 1
    return sets, np.square(np.where(sets, 0.0, 1.0) @ parts.T).sum(axis=1)


def _ordered_splits(parts: Array, gains: Array) -> tuple[npt.NDArray[np.bool_], Array]:
    """Return the sets A of the columns with the largest gains, of every size from 0 on."""
    order = np.argsort(gains, kind="stable")
    size = order.size
    ranks = np.empty(size, dtype=np.int64)
    ranks[order] = np.arange(size)
    # Set k leaves the k columns of least gain aside.
    sums = np.cumsum(parts[:, order], axis=1)
    norms = np.concatenate([[0.0], np.square(sums).sum(axis=0)])
    return ranks[None, :] >= np.arange(size + 1)[:, None], norms
