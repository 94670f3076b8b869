"""The cut norm by enumeration: exact up to rounding, exponential in the smaller side.

For fixed ``S`` in the smaller side with column sums ``c = 1_S^T A``, the best ``T`` holds the positive or
the negative entries of ``c``, so ``max over T of |A(S x T)| = (sum |c| + |sum c|)/2``. A subset is the
union of a low and a high part; the sums of both kinds are tabulated, so a subset costs ``d`` additions, not
``m d``.
"""

from __future__ import annotations

import torch

from verification.cutnorm.centred import Centred, centre
from verification.cutnorm.intake import MatrixLike, matrix, rescaled
from verification.cutnorm.lower import Witness, rectangle
from verification.cutnorm.result import CutNorm
from verification.cutnorm.rounding import UNDERFLOW, divide_down, divide_up, gamma

LARGEST_SIDE = 22
"""Largest smaller side that enumeration accepts; 22 x 1024 takes about 10 seconds."""

_CHEAP_ENTRIES = 2**24
_BLOCK_SUBSETS = 2**20


def cut_norm_exact(A: MatrixLike) -> CutNorm:
    """Compute the cut norm by trying every subset of the smaller side.

    Parameters
    ----------
    A : torch.Tensor or numpy.ndarray
        Shape ``(n, d)`` with ``min(n, d) <= 22``, real, finite, dense.

    Returns
    -------
    CutNorm
        ``lower`` and ``upper`` differ by rounding only: by the last digit for whole numbers, else by a
        relative ``1e-15 (n + d)`` of the mean modulus.

    Raises
    ------
    TypeError, ValueError
        For unsuitable input, or when both sides exceed 22.
    """
    given = matrix(A)
    if min(given.shape) > LARGEST_SIDE:
        shape = tuple(given.shape)
        msg = f"A has shape {shape}; enumeration needs a side of at most {LARGEST_SIDE}: use cut_norm"
        raise ValueError(msg)
    inner, exponent = rescaled(given)
    return enumerate_subsets(centre(inner)).times_power_of_two(exponent)


def is_cheap(rows: int, columns: int) -> bool:
    """Tell whether enumeration is faster than bounding.

    Parameters
    ----------
    rows, columns : int
        Shape of the matrix.

    Returns
    -------
    bool
        True for a side of at most 22 while the sums to form number at most ``2**24``.
    """
    small, large = sorted((rows, columns))
    return small <= LARGEST_SIDE and large << small <= _CHEAP_ENTRIES


def enumerate_subsets(centred: Centred) -> CutNorm:
    """Enumerate the subsets of the smaller side.

    Parameters
    ----------
    centred : Centred
        The matrix; the smaller side at most 22.

    Returns
    -------
    CutNorm
    """
    wide = centred if centred.shape[0] <= centred.shape[1] else centred.transposed()
    value, subset = _maximum(wide.matrix.to(torch.float64))
    found = _rectangle_on(wide, subset)
    m, d = wide.shape
    # Each value: m additions a column, d more over columns, then a few.
    margin = 0.0 if wide.exact_sums else gamma(m + d + 4) * wide.absolute + UNDERFLOW
    rows, columns = (found.rows, found.columns) if wide is centred else (found.columns, found.rows)
    upper = divide_up(value + margin, wide.cells)
    lower = divide_down(found.value, wide.cells)
    return CutNorm(lower, upper, rows.numpy(), columns.numpy(), divide_up(margin, wide.cells))


def _maximum(small: torch.Tensor) -> tuple[float, int]:
    """Find the best computed value and the subset of rows, as a number whose bit ``i`` is row ``i``."""
    half = small.shape[0] // 2
    low, negated_high = _subset_sums(small[:half]), -_subset_sums(small[half:])
    low_totals, high_totals = low.sum(dim=1), negated_high.sum(dim=1)
    block = max(1, _BLOCK_SUBSETS // len(low))
    best, best_subset = 0.0, 0
    for start in range(0, len(negated_high), block):
        place = slice(start, start + block)
        # The L1 distance to the negated sum is the L1 norm of the sum, without a table of all sums.
        values = torch.cdist(negated_high[place], low, p=1.0)
        values += (low_totals - high_totals[place].unsqueeze(1)).abs()
        value = 0.5 * float(values.max())
        if value > best:
            best, best_subset = value, (start << half) + int(values.argmax())
    return best, best_subset


def _subset_sums(rows: torch.Tensor) -> torch.Tensor:
    """Sum each of the ``2**l`` subsets of the rows, shape ``(2**l, d)``; a row doubles the table."""
    table = torch.zeros(1, rows.shape[1], dtype=rows.dtype, device=rows.device)
    for row in rows:
        table = torch.cat([table, table + row])
    return table


def _rectangle_on(wide: Centred, subset: int) -> Witness:
    """Pick the better of the two column sets that belong to a subset of the rows."""
    m = wide.shape[0]
    rows = torch.tensor([subset >> i & 1 == 1 for i in range(m)], device=wide.matrix.device)
    sums = wide.matrix[rows].sum(dim=0, dtype=torch.float64)
    candidates = [rectangle(wide, rows, columns) for columns in (sums > 0.0, sums < 0.0)]
    return max(candidates, key=lambda witness: witness.value)
