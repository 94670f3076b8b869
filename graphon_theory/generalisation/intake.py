"""Checking what the bounds of this package are given."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]


def number(name: str, value: float, low: float, high: float, *, open_low: bool = False) -> float:
    """Return a finite number from a range.

    Parameters
    ----------
    name
        What the caller calls it.
    value
        The number.
    low, high
        Ends of the range, included; infinite ones admit every finite number.
    open_low
        Whether the lower end itself is refused.

    Raises
    ------
    InputError
        If it is no finite number of that range.
    """
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not (real and math.isfinite(value) and low <= value <= high and not (open_low and value == low)):
        ends = f"{'above' if open_low else 'at least'} {low:g}" + ("" if math.isinf(high) else f", at most {high:g}")
        raise InputError(name, value, f"give a finite number, {ends}")
    return float(value)


def count(name: str, value: int, least: int = 1) -> int:
    """Return a whole number, at least ``least``.

    Raises
    ------
    InputError
        If it is no whole number, or smaller.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InputError(name, value, f"give a whole number, at least {least}")
    return int(value)


def vector(name: str, value: npt.ArrayLike, size: int | None = None, *, signed: bool = False) -> Array:
    """Return a finite vector in float64.

    Parameters
    ----------
    name
        What the caller calls it.
    value
        Shape (size,), at least one number.
    size
        Wanted length, any if not given.
    signed
        Whether negative numbers are admitted.

    Raises
    ------
    InputError
        If the shape is another, a number is not finite, or one is negative where that is not admitted.
    """
    found = np.asarray(value, dtype=np.float64)
    if found.ndim != 1 or found.size == 0 or (size is not None and found.size != size):
        wanted = "a vector of one number or more" if size is None else f"a vector of {size} numbers"
        raise InputError(name, f"array of shape {found.shape}", f"give {wanted}")
    _require(name, found, signed=signed)
    return found


def matrix(name: str, value: npt.ArrayLike, *, signed: bool = False) -> Array:
    """Return a finite, non-empty matrix in float64.

    Raises
    ------
    InputError
        As ``vector``.
    """
    found = np.asarray(value, dtype=np.float64)
    if found.ndim != 2 or found.size == 0:
        raise InputError(name, f"array of shape {found.shape}", "give a non-empty matrix")
    _require(name, found, signed=signed)
    return found


def _require(name: str, found: Array, *, signed: bool) -> None:
    if not bool(np.isfinite(found).all()):
        raise InputError(name, "NaN or infinite", "give finite numbers")
    if not signed and bool((found < 0).any()):
        raise InputError(name, float(found.min()), "give numbers that are at least 0")
