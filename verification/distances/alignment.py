"""Orders of rows and columns that bring two matrices into one labelling.

Sorting both by degree, or by profiles known for both, is a measure-preserving relabelling of each step graphon;
it is the natural one for graphons that rise in both arguments, such as those of rank-one models, and a poor one
where degrees are nearly equal. Ties are broken by colour refinement: rows of one rank are ranked by the sum of
the ranks of their columns, weighted by the entries, then columns likewise, ``LOOKS`` times. None of this depends on
the order in which rows and columns are given, so that a random mask and a shuffled copy of it are as a rule
aligned exactly; what is tied to the end is left in the given order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from verification.distances.intake import Array

Order = npt.NDArray[np.intp]

LOOKS = 3
"""Rounds of colour refinement."""

_DIGITS = 11


def degree_orders(matrix: Array) -> tuple[Order, Order]:
    """Orders of rows and columns by falling degree, ties by colour refinement.

    Parameters
    ----------
    matrix
        Shape (n, d), finite.

    Returns
    -------
    tuple
        Permutations, shapes (n,) and (d,): position -> row (column).
    """
    return profile_orders(matrix, matrix.mean(axis=1), matrix.mean(axis=0))


def profile_orders(matrix: Array, rows: Array, columns: Array) -> tuple[Order, Order]:
    """Orders of rows and columns by falling profile, ties by degree and colour refinement.

    Parameters
    ----------
    matrix
        Shape (n, d), finite.
    rows, columns
        Profiles, finite, shapes (n,) and (d,).

    Returns
    -------
    tuple
        Permutations, shapes (n,) and (d,). Values that agree to 11 digits of the largest are ties: sums in
        another order differ in their last digits, which must not decide.
    """
    row, column = (_rank(_rounded(side)[:, None]) for side in (rows, columns))
    row, column = _refined(row, matrix.mean(axis=1)), _refined(column, matrix.mean(axis=0))
    for _ in range(LOOKS):
        row, column = _refined(row, matrix @ (1.0 + column)), _refined(column, (1.0 + row) @ matrix)
    return np.argsort(row, kind="stable"), np.argsort(column, kind="stable")


def _refined(rank: Order, look: Array) -> Order:
    """Rank by old rank, then by falling look; ties share a rank."""
    return _rank(np.column_stack([-rank.astype(np.float64), _rounded(look)]))


def _rank(keys: Array) -> Order:
    """Rank from 0, largest key first, of rows of keys compared from the left; ties share a rank."""
    found = np.unique(-keys, axis=0, return_inverse=True)[1]
    return np.asarray(found.reshape(-1), dtype=np.intp)


def _rounded(values: Array) -> Array:
    largest = float(np.abs(values).max())
    # Adding 0 turns -0 into 0, which sorting rows of keys may tell apart.
    return np.round(values / largest, _DIGITS) + 0.0 if largest > 0.0 else np.zeros_like(values)
