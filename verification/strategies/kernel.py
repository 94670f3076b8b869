"""Positive semidefinite kernels, degenerate ones among them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import SearchStrategy

from verification.strategies.given import Given, plain, strategy

Array = npt.NDArray[np.float64]


def kernels(
    points: Given[int] = st.integers(1, 5),
    rank: Given[int] = st.integers(1, 5),
    *,
    features: Given[int] = st.integers(-3, 3),
    correlation: bool = False,
) -> SearchStrategy[Array]:
    """Gram matrices ``X X^T / R`` of points with few feature values.

    Zero, equal and opposite points come often, so that the matrix is often singular. Features are whole numbers by
    default: the Gram matrix before division is then exact, and its smallest eigenvalue not negative but by rounding.

    Parameters
    ----------
    points
        Number of points, positive.
    rank
        Number of features R, positive: a bound of the rank.
    features
        Values of the features.
    correlation
        Give the points unit length: the diagonal is 1, and points at zero are replaced by the first axis.

    Returns
    -------
    SearchStrategy
        Symmetric float64 arrays of shape (points, points); shrink to the kernel of one point at zero.

    Raises
    ------
    InputError
        If ``correlation`` is a strategy.
    """
    entries = strategy(features)
    shapes = st.tuples(strategy(points), strategy(rank))
    found = shapes.flatmap(lambda shape: hnp.arrays(np.float64, shape, elements=entries.map(float)))
    return found.map(_correlations if plain("correlation", correlation) else _gram)


def _gram(X: Array) -> Array:
    return np.asarray(X @ X.T / X.shape[1])


def _correlations(X: Array) -> Array:
    X = X.copy()
    X[~X.any(axis=1), 0] = 1.0
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    K = np.clip(X @ X.T, -1.0, 1.0)
    np.fill_diagonal(K, 1.0)
    return K
