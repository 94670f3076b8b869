"""Checks of matrices handed to the distances."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]

LARGEST_ENTRY = 2.0**500
"""Largest modulus of an entry: differences and products with widths are then far from overflow."""


def finite_matrix(matrix: npt.ArrayLike, argument: str) -> Array:
    """Return a matrix as float64, shape (n, d).

    Raises
    ------
    InputError
        If it is not a non-empty real matrix of finite numbers of modulus at most ``LARGEST_ENTRY``, or holds
        whole numbers that float64 would round.
    """
    given = np.asarray(matrix)
    if given.ndim != 2 or given.size == 0:
        raise InputError(argument, f"array of shape {given.shape}", "give a non-empty matrix of shape (n, d)")
    if given.dtype.kind not in "biuf" or given.dtype.itemsize > 8:
        raise InputError(argument, f"array of {given.dtype}", "give real numbers, float64 at most")
    values = given.astype(np.float64)
    if given.dtype.kind in "iu" and bool(np.any(np.abs(values) >= 2.0**53)):
        raise InputError(argument, "whole numbers of 2**53 or more", "float64 cannot hold them: divide them first")
    if not bool(np.all(np.abs(values) <= LARGEST_ENTRY)):
        raise InputError(argument, "NaN, infinite or beyond 2**500", "give finite numbers of moderate size")
    return values


def profile(values: npt.ArrayLike, size: int, argument: str) -> Array:
    """Return a profile, one finite number a row or column, float64, shape (size,).

    Raises
    ------
    InputError
        If the length is another or a value is not finite.
    """
    given = np.asarray(values, dtype=np.float64)
    if given.shape != (size,) or not bool(np.all(np.isfinite(given))):
        raise InputError(argument, f"array of shape {given.shape}", f"give {size} finite numbers, one a row or column")
    return given
