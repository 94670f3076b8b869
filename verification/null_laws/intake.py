"""Checks of what the null laws are given: masks, probabilities, labels, counts and numbers of draws."""

from __future__ import annotations

import operator

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LARGEST_POPULATION = 10**9
"""NumPy draws from the multivariate hypergeometric law below this many entries."""


def boolean_mask(kept: npt.ArrayLike, argument: str = "kept") -> Mask:
    """Return a mask as booleans, shape (n, d).

    Raises
    ------
    InputError
        If it is not a non-empty matrix of booleans, or of the numbers 0 and 1.
    """
    given = np.asarray(kept)
    if given.ndim != 2 or given.size == 0:
        raise InputError(argument, f"array of shape {given.shape}", "give a non-empty mask of shape (n, d)")
    if given.dtype == np.bool_:
        return given
    if given.dtype.kind not in "iuf" or not bool(np.all((given == 0) | (given == 1))):
        raise InputError(argument, f"array of {given.dtype}", "give booleans, or the numbers 0 and 1 alone")
    return given.astype(np.bool_)


def probability_matrix(probabilities: npt.ArrayLike, shape: tuple[int, int]) -> Array:
    """Return kept probabilities as float64 of the given shape.

    Raises
    ------
    InputError
        If the shape is another, or a value is NaN or outside [0, 1].
    """
    given = np.asarray(probabilities, dtype=np.float64)
    if given.shape != shape:
        raise InputError("probabilities", f"array of shape {given.shape}", f"give one probability an entry, {shape}")
    if not bool(np.all((given >= 0) & (given <= 1))):
        raise InputError("probabilities", "values outside [0, 1] or NaN", "give kept probabilities")
    return given


def labels(groups: npt.ArrayLike, size: int, argument: str) -> npt.NDArray[np.intp]:
    """Return group labels 0, 1, ... of the rows or columns, shape (size,).

    Raises
    ------
    InputError
        If they are not that many whole numbers from 0.
    """
    given = np.asarray(groups)
    if given.shape != (size,) or size == 0:
        raise InputError(argument, f"array of shape {given.shape}", f"give one label each, shape ({size},)")
    if given.dtype.kind not in "iu" or int(given.min()) < 0:
        raise InputError(argument, f"array of {given.dtype}", "give whole numbers 0, 1, ... as labels")
    return given.astype(np.intp)


def whole_counts(counts: npt.ArrayLike, argument: str = "counts") -> Counts:
    """Return non-negative whole numbers as int64, any shape.

    Raises
    ------
    InputError
        If there are none, or they are not whole or not non-negative.
    """
    given = np.asarray(counts)
    if given.size == 0 or given.dtype.kind not in "iu" or int(given.min()) < 0:
        raise InputError(argument, f"array of {given.dtype}, shape {given.shape}", "give whole numbers from 0")
    return given.astype(np.int64)


def draw_count(draws: int) -> int:
    """Return the number of Monte Carlo draws.

    Raises
    ------
    InputError
        If it is not a positive whole number.
    """
    try:
        number = operator.index(draws)
    except TypeError:
        number = 0
    if isinstance(draws, bool) or number < 1:
        raise InputError("draws", draws, "give a positive whole number; p-values are multiples of 1/(draws + 1)")
    return number


def require_population(size: int, argument: str) -> None:
    """Refuse a population too large for NumPy's hypergeometric draws.

    Raises
    ------
    InputError
        If it is ``LARGEST_POPULATION`` or more.
    """
    if size >= LARGEST_POPULATION:
        raise InputError(argument, f"{size} entries", f"give a mask of fewer than {LARGEST_POPULATION:,} entries")
