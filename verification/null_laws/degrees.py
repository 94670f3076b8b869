"""Degrees of a mask under a uniform set of k entries, and under independent entries.

Under a constant graphon the degrees of the rows are multivariate hypergeometric, as are those of the columns.
Under independent entries ``P_ij`` the degree of a row is Poisson-binomial, and rows are independent; given that k
entries are kept in all, they are those laws conditioned on their sum (``conditional_degrees`` draws from them).
Rows and columns are tested apart: given k, their degrees are not independent of one another.

A top-k mask of unequal profiles is neither: k is fixed and its level random. Its degrees follow the conditioned
law up to terms that vanish as n d grows; ``sampled`` is exact for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from verification.null_laws.conditional_degrees import draw_degrees
from verification.null_laws.intake import (
    Array,
    Counts,
    boolean_mask,
    draw_count,
    probability_matrix,
    require_population,
)
from verification.null_laws.ranks import rank_of_first
from verification.statistics import rank_p_value


@dataclass(frozen=True)
class DegreePValues:
    """p-values of the degrees of a mask; each exact, not independent of one another.

    Parameters
    ----------
    row_spread, column_spread
        Of the spread of the degrees about the expected ones, in multiples of ``1/(draws + 1)``.
    row_largest, column_largest
        Of the largest excess of a degree over the expected one, likewise.
    """

    row_spread: float
    row_largest: float
    column_spread: float
    column_largest: float


def uniform_degree_p_values(kept: npt.ArrayLike, *, draws: int = 999, rng: np.random.Generator) -> DegreePValues:
    """Exact Monte Carlo p-values of the degrees under a uniform set of k entries.

    The spread is the variance of the degrees, compared as a whole number (the sum of squares), and the largest
    excess is the largest degree: ties are exact. The rows' degrees are drawn first, then the columns'; the cost
    is ``draws (n + d)`` whatever k is.

    Parameters
    ----------
    kept
        Mask, shape (n, d), fewer than 10^9 entries.
    draws
        Number of null draws for each axis.
    rng
        Source of the draws.

    Returns
    -------
    DegreePValues

    Raises
    ------
    InputError
        If the mask is no mask or too large, or ``draws`` is not positive.
    """
    mask = boolean_mask(kept)
    number = draw_count(draws)
    require_population(mask.size, "kept")
    found: list[float] = []
    for axis in (1, 0):
        degrees = mask.sum(axis=axis, dtype=np.int64)
        room = np.full(degrees.size, mask.shape[axis], dtype=np.int64)
        null = rng.multivariate_hypergeometric(room, int(degrees.sum()), size=number, method="marginals")
        found += [
            rank_p_value(float((degrees**2).sum()), (null**2).sum(axis=1)),
            rank_p_value(float(degrees.max()), null.max(axis=1)),
        ]
    return DegreePValues(*found)


def independent_degree_p_values(
    kept: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    draws: int = 199,
    rng: np.random.Generator,
    count_fixed: bool = True,
) -> DegreePValues:
    """Monte Carlo p-values of the degrees under independent entries, given their number or not.

    With ``E`` and ``V`` the expected degree and its variance without conditioning, the spread is
    ``sum of (degree - E)^2 / V`` and the largest excess is the largest ``(degree - E) / sqrt V``; a vertex with
    ``V = 0`` whose degree is off makes both infinite.

    Parameters
    ----------
    kept
        Mask, shape (n, d).
    probabilities
        ``P_ij``, shape (n, d), in [0, 1].
    draws
        Number of null draws for each axis. At n = d = 256 and 199 draws the call takes about a second.
    rng
        Source of the draws.
    count_fixed
        Whether the null is conditioned on the number of entries kept.

    Returns
    -------
    DegreePValues
        Exact, but for a relative error of about 1e-12 in the probabilities of the draws.

    Raises
    ------
    InputError
        If the mask is no mask, the probabilities do not fit it, or its number of kept entries is impossible.
    """
    mask = boolean_mask(kept)
    given = probability_matrix(probabilities, mask.shape)
    number = draw_count(draws)
    found: list[float] = []
    for rates, entries in ((given, mask), (given.T, mask.T)):
        degrees = entries.sum(axis=1, dtype=np.int64)
        null = draw_degrees(rates, int(degrees.sum()) if count_fixed else None, number, rng)
        spread, largest = _deviations(np.vstack([degrees, null]), rates)
        found += [rank_of_first(spread), rank_of_first(largest)]
    return DegreePValues(*found)


def degree_distance(kept: npt.ArrayLike, probabilities: npt.ArrayLike, axis: Literal["row", "column"]) -> float:
    """L1 distance of degrees to the predicted ones, as a share of all entries.

    ``sum over vertices of |degree - expected| / (n d)``: the L1 norm of the difference of the degree functions of
    the two step graphons, so at most twice their cut distance.

    Parameters
    ----------
    kept
        Mask, shape (n, d).
    probabilities
        ``P_ij``, shape (n, d), in [0, 1].
    axis
        "row" for the degrees of rows (sums over columns), "column" for those of columns.

    Returns
    -------
    float
        In [0, 1]. About ``sqrt(2/pi) sqrt(mean P(1-P) / d)`` for rows of a mask that follows the prediction.

    Raises
    ------
    InputError
        If the mask is no mask, the probabilities do not fit it, or the axis is another.
    """
    mask = boolean_mask(kept)
    given = probability_matrix(probabilities, mask.shape)
    if axis not in ("row", "column"):
        raise InputError("axis", axis, "choose 'row' or 'column'")
    along = 1 if axis == "row" else 0
    return float(np.abs(mask.sum(axis=along) - given.sum(axis=along)).sum() / mask.size)


def largest_excess(kept: npt.ArrayLike, probabilities: npt.ArrayLike, axis: Literal["row", "column"]) -> float:
    """Largest excess of a degree over the predicted one, in its standard deviations.

    Parameters
    ----------
    kept, probabilities, axis
        As in ``degree_distance``.

    Returns
    -------
    float
        Dimensionless; infinite if a vertex without randomness is off.

    Raises
    ------
    InputError
        As ``degree_distance``.
    """
    mask = boolean_mask(kept)
    given = probability_matrix(probabilities, mask.shape)
    if axis not in ("row", "column"):
        raise InputError("axis", axis, "choose 'row' or 'column'")
    entries, rates = (mask, given) if axis == "row" else (mask.T, given.T)
    return float(_deviations(entries.sum(axis=1, dtype=np.int64)[None, :], rates)[1][0])


def _deviations(degrees: Counts, rates: Array) -> tuple[Array, Array]:
    """Spread and largest excess of each row of degrees, shapes (draws,), for rates of shape (vertices, other)."""
    expected, variance = rates.sum(axis=1), (rates * (1.0 - rates)).sum(axis=1)
    random = variance > 0
    if not bool(random.any()):
        scores = np.zeros((degrees.shape[0], 1))
    else:
        scores = (degrees[:, random] - expected[random]) / np.sqrt(variance[random])
    spread, largest = (scores**2).sum(axis=1), scores.max(axis=1)
    off = (degrees[:, ~random] != np.rint(expected[~random])).any(axis=1)
    return np.where(off, np.inf, spread), np.where(off, np.inf, largest)
