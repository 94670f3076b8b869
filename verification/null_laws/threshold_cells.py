"""Block counts of a mask thresholded at a fixed level: independent sums of independent indicators.

Given the types, entries above a fixed level are kept independently with probabilities ``P_ij``, so the count of a
block is Poisson-binomial and disjoint blocks are independent. Tails are exact up to ``LARGEST_EXACT`` entries a
block, and at any size where P is constant on the block (binomial). For larger blocks they are bounded: beyond one
unit from the mean a tail of the sum is at most the tail of the binomial of the same mean (Hoeffding 1956, *On the
distribution of the number of successes in independent trials*, Theorem 4). That is valid, and wider the more P
varies inside the block: the variance taken exceeds the true one by ``sum (P_ij - mean P)^2``.

A top-k mask is thresholded at a random level: its counts sum to k and spread a little less. The test keeps its
level there only approximately; ``sampled`` is exact for top-k masks.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from graphon_theory.counts import poisson_binomial
from graphon_theory.errors import InputError
from verification.null_laws.intake import Array, labels, probability_matrix, whole_counts

LARGEST_EXACT = 2**18
"""Entries of a block with unequal probabilities up to which its law is convolved; 0.5 s a block there."""


def threshold_cells_p_value(
    counts: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    rows: npt.ArrayLike,
    columns: npt.ArrayLike,
    *,
    combine: Literal["fisher", "smallest"] = "fisher",
    largest_exact: int = LARGEST_EXACT,
) -> float:
    """p-value of all block counts together, for a mask thresholded at a fixed level.

    Parameters
    ----------
    counts
        Kept entries of each block, shape (R, C); see ``cells.block_counts``.
    probabilities
        ``P_ij`` given the types, shape (n, d), in [0, 1].
    rows, columns
        Group of each row, shape (n,), and of each column, shape (d,).
    combine
        "fisher" adds the logarithms of the blocks' p-values, for many faint deviations; "smallest" takes
        ``1 - (1 - min p)^m`` over the m blocks that are not empty (Sidak), for one that is strong.
    largest_exact
        Entries of a block up to which its law is exact; above it, bounded (see the module).

    Returns
    -------
    float
        Valid p-value: at most ``t`` with probability at most ``t`` under the null. Two-sided p-values of discrete
        counts are larger than uniform ones, so that the test is conservative.

    Raises
    ------
    InputError
        If shapes, labels or probabilities do not fit, or a count exceeds its block.
    """
    if combine not in ("fisher", "smallest"):
        raise InputError("combine", combine, "choose 'fisher' or 'smallest'")
    each = threshold_cell_p_values(counts, probabilities, rows, columns, largest_exact=largest_exact)
    filled = np.multiply.outer(*_memberships(rows, columns)) > 0
    found = each[filled]
    if combine == "smallest":
        return float(-np.expm1(found.size * np.log1p(-found.min()))) if found.min() < 1 else 1.0
    if bool(np.any(found == 0)):
        return 0.0  # a count of probability 0 settles it
    return float(stats.chi2.sf(-2.0 * float(np.log(found).sum()), 2 * found.size))


def threshold_cell_p_values(
    counts: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    rows: npt.ArrayLike,
    columns: npt.ArrayLike,
    *,
    largest_exact: int = LARGEST_EXACT,
) -> Array:
    """Two-sided p-value of each block's count: twice the smaller tail, at most 1; independent over blocks.

    Parameters
    ----------
    counts, probabilities, rows, columns, largest_exact
        As in ``threshold_cells_p_value``.

    Returns
    -------
    numpy.ndarray
        float64, shape (R, C), in [0, 1]; 1 for an empty block.

    Raises
    ------
    InputError
        As ``threshold_cells_p_value``.
    """
    observed = whole_counts(counts)
    row, column = (labels(side, np.size(side), name) for name, side in (("rows", rows), ("columns", columns)))
    given = probability_matrix(probabilities, (row.size, column.size))
    if observed.shape != (int(row.max()) + 1, int(column.max()) + 1):
        raise InputError("counts", f"array of shape {observed.shape}", "give one count for each pair of labels")
    p_values = np.ones(observed.shape)
    for place in np.ndindex(*observed.shape):
        block = given[np.ix_(row == place[0], column == place[1])]
        count = int(observed[place])
        if count > block.size:
            raise InputError("counts", count, f"give at most the {block.size} entries of the block {place}")
        if block.size:
            p_values[place] = _two_sided(count, block, largest_exact)
    return p_values


def _two_sided(count: int, block: Array, largest_exact: int) -> float:
    size, rate = block.size, float(block.flat[0])
    constant = bool(np.all(block == rate))
    if not constant and size <= largest_exact:
        law = poisson_binomial(block)
        return min(1.0, 2.0 * min(law.at_most(count), law.at_least(count)))
    if not constant:
        rate = float(block.mean())
        # The comparison with the binomial says nothing within one unit of the mean (and rounding of the mean).
        if abs(count - size * rate) < 1.0 + 1e-9 * size:
            return 1.0
    return min(1.0, 2.0 * min(float(stats.binom.cdf(count, size, rate)), float(stats.binom.sf(count - 1, size, rate))))


def _memberships(rows: npt.ArrayLike, columns: npt.ArrayLike) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    return np.bincount(np.asarray(rows)), np.bincount(np.asarray(columns))
