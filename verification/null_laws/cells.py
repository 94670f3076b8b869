"""Block counts of a mask, and their exact law under a constant graphon.

Scores without ties that are independent and of one law make the top-k mask a uniform set of k entries. The
counts of kept entries in disjoint blocks are then multivariate hypergeometric, given the sizes of the blocks,
and the count of one block is hypergeometric; nothing is approximated, at any size.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from graphon_theory.errors import InputError
from verification.null_laws.intake import (
    Array,
    Counts,
    boolean_mask,
    draw_count,
    labels,
    require_population,
    whole_counts,
)
from verification.null_laws.ranks import rank_of_first


def block_counts(kept: npt.ArrayLike, rows: npt.ArrayLike, columns: npt.ArrayLike) -> Counts:
    """Count the kept entries of each block.

    Parameters
    ----------
    kept
        Mask, shape (n, d): booleans, or 0 and 1.
    rows, columns
        Group of each row, shape (n,), and of each column, shape (d,): whole numbers 0, 1, ...

    Returns
    -------
    numpy.ndarray
        int64, shape (R, C), R and C one more than the largest labels: entries kept, a count.

    Raises
    ------
    InputError
        If the mask is no mask, or the labels are not whole numbers from 0, one a row (column).
    """
    mask = boolean_mask(kept)
    row, column = labels(rows, mask.shape[0], "rows"), labels(columns, mask.shape[1], "columns")
    count = int(row.max()) + 1, int(column.max()) + 1
    i, j = np.nonzero(mask)
    flat = np.bincount(row[i] * count[1] + column[j], minlength=count[0] * count[1])
    return flat.astype(np.int64).reshape(count)


def block_sizes(rows: npt.ArrayLike, columns: npt.ArrayLike) -> Counts:
    """Count the entries, kept or not, of each block.

    Parameters
    ----------
    rows, columns
        As in ``block_counts``.

    Returns
    -------
    numpy.ndarray
        int64, shape (R, C): 0 for a label that no row or column has.

    Raises
    ------
    InputError
        If the labels are not whole numbers from 0.
    """
    sides = [
        np.bincount(labels(side, np.size(side), name)).astype(np.int64)
        for name, side in (("rows", rows), ("columns", columns))
    ]
    return np.multiply.outer(sides[0], sides[1])


def uniform_cells_p_value(
    counts: npt.ArrayLike, sizes: npt.ArrayLike, *, draws: int = 999, rng: np.random.Generator
) -> float:
    """Exact Monte Carlo p-value of block counts under a uniform set of k entries.

    The statistic is Pearson's, ``sum over blocks of (count - k size / N)^2 / size``, up to a constant factor. Its
    null is drawn from the multivariate hypergeometric law of the counts themselves, so that the cost depends on
    the number of blocks and draws, not on the size of the mask.

    Parameters
    ----------
    counts
        Entries kept in each block, any shape; they sum to k.
    sizes
        Entries of each block, same shape; they sum to N, below 10^9.
    draws
        Number of null draws; p-values are multiples of ``1/(draws + 1)``.
    rng
        Source of the draws.

    Returns
    -------
    float
        p-value: under the null at most ``t`` with probability at most ``t``, exactly.

    Raises
    ------
    InputError
        If a count exceeds its size, the shapes differ, or N is too large.
    """
    observed, size = _checked(counts, sizes)
    number = draw_count(draws)
    k, total = int(observed.sum()), int(size.sum())
    require_population(total, "sizes")
    drawn = rng.multivariate_hypergeometric(size.ravel(), k, size=number, method="marginals")
    # The observed counts go through the same array, so that equal counts give equal statistics.
    both = np.vstack([observed.reshape(1, -1), drawn])
    filled = size.ravel() > 0
    deviations = both[:, filled] - k * (size.ravel()[filled] / total)
    statistic = (deviations**2 / size.ravel()[filled]).sum(axis=1)
    return rank_of_first(statistic)


def cell_p_values(counts: npt.ArrayLike, sizes: npt.ArrayLike) -> Array:
    """Two-sided p-value of each block's count under a uniform set of k entries.

    Twice the smaller hypergeometric tail, at most 1: valid for each block; over blocks they depend on one another,
    and Bonferroni's correction holds. Accurate to about 1e-12 (SciPy's hypergeometric law).

    Parameters
    ----------
    counts, sizes
        As in ``uniform_cells_p_value``.

    Returns
    -------
    numpy.ndarray
        float64, the shape of ``counts``, in [0, 1]; 1 for an empty block.

    Raises
    ------
    InputError
        If a count exceeds its size or the shapes differ.
    """
    observed, size = _checked(counts, sizes)
    k, total = int(observed.sum()), int(size.sum())
    low = stats.hypergeom.cdf(observed, total, size, k)
    high = stats.hypergeom.sf(observed - 1, total, size, k)
    return np.asarray(np.minimum(1.0, 2.0 * np.minimum(low, high)), dtype=np.float64)


def _checked(counts: npt.ArrayLike, sizes: npt.ArrayLike) -> tuple[Counts, Counts]:
    observed, size = whole_counts(counts), whole_counts(sizes, "sizes")
    if observed.shape != size.shape:
        raise InputError("sizes", f"array of shape {size.shape}", f"give the shape of counts, {observed.shape}")
    if bool(np.any(observed > size)) or int(size.sum()) == 0:
        raise InputError(
            "counts", observed.tolist(), "give at most as many kept entries as a block has, some block one"
        )
    return observed, size
