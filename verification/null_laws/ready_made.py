"""Statistics of a mask and its prediction, each sensitive to another kind of deviation.

The cut distance sees structure spread over rectangles; it is slow to notice one heavy column, or faint deviations
of many blocks, which drown in its null. Degree statistics see the former, block counts the latter, and both are
blind to structure that leaves degrees and blocks as predicted, which the cut distance finds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from verification.cutnorm import cut_norm_lower
from verification.null_laws.cells import block_counts
from verification.null_laws.degrees import degree_distance, largest_excess
from verification.null_laws.intake import Array, Mask, boolean_mask, probability_matrix

Statistic: TypeAlias = Callable[[Mask, Array], float]
"""A number of a mask, shape (n, d), and its prediction, same shape; large speaks against the prediction."""

GROUPS = 4
"""Groups of rows and of columns, by quantiles of the prediction's means."""

RESTARTS = 8
"""Starts of the search of the cut statistic; observed and drawn masks are searched alike."""


def cut(kept: Mask, prediction: Array) -> float:
    """Cut distance of the mask to its prediction, as found by a search with a fixed seed; share of n d."""
    return cut_norm_lower(boolean_mask(kept) - probability_matrix(prediction, kept.shape), restarts=RESTARTS, seed=0)


def row_degrees(kept: Mask, prediction: Array) -> float:
    """``degrees.degree_distance`` of the rows, in [0, 1]."""
    return degree_distance(kept, prediction, "row")


def column_degrees(kept: Mask, prediction: Array) -> float:
    """``degrees.degree_distance`` of the columns, in [0, 1]."""
    return degree_distance(kept, prediction, "column")


def largest_row(kept: Mask, prediction: Array) -> float:
    """``degrees.largest_excess`` of the rows, in standard deviations."""
    return largest_excess(kept, prediction, "row")


def largest_column(kept: Mask, prediction: Array) -> float:
    """``degrees.largest_excess`` of the columns, in standard deviations."""
    return largest_excess(kept, prediction, "column")


def blocks(kept: Mask, prediction: Array) -> float:
    """Chi-square of the block counts: ``sum over blocks of (count - expected)^2 / variance``, dimensionless.

    Blocks are ``GROUPS`` quantile groups of the prediction's row means by as many of its column means, and the
    variance is that of independent entries.

    Raises
    ------
    InputError
        If the mask is no mask, or the prediction does not fit it.
    """
    return block_statistic(kept, prediction, GROUPS)


def block_statistic(kept: Mask, prediction: Array, groups: int) -> float:
    """``blocks`` with another number of groups an axis, at least 1; surplus groups stay empty."""
    if groups < 1:
        raise InputError("groups", groups, "give a positive number of groups")
    mask = boolean_mask(kept)
    given = probability_matrix(prediction, mask.shape)
    rows, columns = (quantile_groups(given.mean(axis=axis), groups) for axis in (1, 0))
    row, column = (np.eye(groups)[side] for side in (rows, columns))
    expected, variance = row.T @ given @ column, row.T @ (given * (1.0 - given)) @ column
    counts = np.zeros(expected.shape)
    found = block_counts(mask, rows, columns)
    counts[: found.shape[0], : found.shape[1]] = found
    random = variance > 0
    if bool(np.any(counts[~random] != np.rint(expected[~random]))):
        return float("inf")
    return float(((counts - expected)[random] ** 2 / variance[random]).sum())


def quantile_groups(values: npt.ArrayLike, groups: int) -> npt.NDArray[np.intp]:
    """Group of each vertex by the rank of its value, shape (m,): labels from 0, equal sizes up to one, ties by index.

    Raises
    ------
    InputError
        If there are no values, one is NaN, or ``groups`` is not positive.
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1 or given.size == 0 or bool(np.isnan(given).any()):
        raise InputError("values", f"array of shape {given.shape}", "give one number a vertex, none NaN")
    if groups < 1:
        raise InputError("groups", groups, "give a positive number of groups")
    found = np.empty(given.size, dtype=np.intp)
    for label, part in enumerate(np.array_split(np.argsort(given, kind="stable"), groups)):
        found[part] = label
    return found


READY_MADE: Mapping[str, Statistic] = MappingProxyType(
    {
        "cut": cut,
        "row degrees": row_degrees,
        "column degrees": column_degrees,
        "largest row": largest_row,
        "largest column": largest_column,
        "blocks": blocks,
    }
)
"""The statistics of this module by name."""
