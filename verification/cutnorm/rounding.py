"""Allowances for rounding, used by every bound of this package.

Everything rests on one classical fact: a sum of ``k`` products, evaluated in any order, with or without fused
multiply-add, is off by at most ``gamma(k)`` times the sum of the moduli (Higham, *Accuracy and Stability of
Numerical Algorithms*, chapter 3).

The allowances are themselves computed in floating point. Callers therefore ask for twice the number of
operations that the analysis needs, which covers the rounding of the allowance many times over.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

UNIT_ROUNDOFF = 2.0**-53
"""Largest relative error of one float64 operation."""

UNDERFLOW = 2.0**-500
"""Absolute allowance for products lost below the normal range; the matrices here are of order one."""

SINGLE_ROUNDOFF = 2.0**-24
"""Largest relative error of one float32 operation."""

BLOCK_ROWS = 64
"""Rows converted to float64 at a time: no float64 copy of a float32 matrix, and the block stays in the cache."""

_EXACT_INTEGERS = 2.0**50
_LONGEST_SINGLE = 2**20


def gamma(operations: int) -> float:
    """Relative error bound of a sum of products.

    Parameters
    ----------
    operations : int
        Number of terms ``k``, at least 0 and below ``2**51``.

    Returns
    -------
    float
        ``2 k u / (1 - 2 k u)`` with ``u`` the unit roundoff: twice the operations asked for, see the module.

    Raises
    ------
    ValueError
        When the sum is too long for the bound to mean anything.
    """
    error = 2.0 * operations * UNIT_ROUNDOFF
    if not 0.0 <= error < 0.5:
        msg = f"operations={operations} is outside [0, 2**51); split the sum"
        raise ValueError(msg)
    return error / (1.0 - error)


def gamma_single(operations: int) -> float:
    """Relative error bound of a sum of products formed in float32.

    Parameters
    ----------
    operations : int
        Number of terms ``k``, from 0 to ``2**20``.

    Returns
    -------
    float
        ``k u / (1 - k u)`` with ``u = 2**-24``. The allowance is formed in float64, so that a factor ``1 + 2**-40``
        covers its own rounding; callers count the operations exactly.

    Raises
    ------
    ValueError
        When the sum is too long.
    """
    if not 0 <= operations <= _LONGEST_SINGLE:
        msg = f"operations={operations} is outside [0, {_LONGEST_SINGLE}]; split the sum"
        raise ValueError(msg)
    error = operations * SINGLE_ROUNDOFF
    return error / (1.0 - error) * (1.0 + 2.0**-40)


def divide_down(total: float, cells: int) -> float:
    """Quotient rounded towards zero.

    Parameters
    ----------
    total : float
        At least 0.
    cells : int
        Positive, below ``2**53``.

    Returns
    -------
    float
        At most ``total / cells``; exactly 0 for 0.
    """
    return math.nextafter(total / cells, 0.0) if total > 0.0 else 0.0


def divide_up(total: float, cells: int) -> float:
    """Quotient rounded away from zero.

    Parameters
    ----------
    total : float
        At least 0.
    cells : int
        Positive, below ``2**53``.

    Returns
    -------
    float
        At least ``total / cells``; exactly 0 for 0.
    """
    return math.nextafter(total / cells, math.inf) if total > 0.0 else 0.0


def row_blocks(matrix: torch.Tensor) -> Iterator[tuple[slice, torch.Tensor]]:
    """Walk through a matrix in float64 without holding a float64 copy of it.

    Parameters
    ----------
    matrix : torch.Tensor
        Shape ``(n, d)``, float32 or float64.

    Yields
    ------
    tuple of slice and torch.Tensor
        Consecutive rows, and those rows in float64.
    """
    for start in range(0, matrix.shape[0], BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, matrix.shape[0]))
        yield rows, matrix[rows].to(torch.float64)


def sums_are_exact(matrix: torch.Tensor, absolute: float) -> bool:
    """Tell whether every partial sum of entries is an exactly representable integer.

    Parameters
    ----------
    matrix : torch.Tensor
        Shape ``(n, d)``, float32 or float64, finite.
    absolute : float
        Computed sum of the moduli of the entries.

    Returns
    -------
    bool
        True when all entries are whole numbers and their moduli sum to less than ``2**50`` (room for sums
        of a few such sums).
    """
    if absolute >= _EXACT_INTEGERS:
        return False
    return all(bool(torch.equal(block, block.trunc())) for _, block in row_blocks(matrix))
