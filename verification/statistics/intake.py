"""What the statistics accept: finite numbers, levels, counts, names; anything else is an ``InputError``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]
"""A float64 array."""

Values = Sequence[float] | Array
"""A sample: a sequence or a one-dimensional array of numbers."""

LARGEST = 1e150
"""Largest modulus of a value: sums of squares of such values stay finite."""


def require_level(level: float, argument: str = "level") -> float:
    """Return ``level`` if it is an error probability, strictly between 0 and 1.

    Raises
    ------
    InputError
        Otherwise, NaN and booleans included.
    """
    if not _is_real(level) or not 0.0 < level < 1.0:
        raise InputError(argument, level, "give an error probability strictly between 0 and 1, such as 0.01")
    return float(level)


def require_probability(probability: float, argument: str = "probability") -> float:
    """Return ``probability`` if it lies in [0, 1].

    Raises
    ------
    InputError
        Otherwise, NaN and booleans included.
    """
    if not _is_real(probability) or not 0.0 <= probability <= 1.0:
        raise InputError(argument, probability, "give a probability from 0 to 1")
    return float(probability)


def require_finite(value: float, argument: str) -> float:
    """Return ``value`` if it is a number of modulus at most ``LARGEST``.

    Raises
    ------
    InputError
        Otherwise, NaN, infinities and booleans included.
    """
    if not _is_real(value) or not abs(value) <= LARGEST:
        raise InputError(argument, value, f"give a finite number of modulus at most {LARGEST:g}")
    return float(value)


def require_positive(value: float, argument: str) -> float:
    """Return ``value`` if it is a finite number above zero.

    Raises
    ------
    InputError
        Otherwise, NaN, infinities and booleans included.
    """
    if not _is_real(value) or not 0.0 < value <= LARGEST:
        raise InputError(argument, value, "give a finite number above 0")
    return float(value)


def require_whole(value: int, argument: str, least: int, most: int | None = None) -> int:
    """Return ``value`` if it is a whole number from ``least`` to ``most``.

    Raises
    ------
    InputError
        Otherwise; a float is refused even where it is whole.
    """
    given: object = value
    whole = isinstance(given, Integral) and not isinstance(given, bool)
    if not whole or value < least or (most is not None and value > most):
        reach = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise InputError(argument, value, f"give a whole number {reach}")
    return int(value)


def require_values(values: Values, argument: str = "values", least: int = 1) -> Array:
    """Return a sample as a float64 array of shape (size,).

    Parameters
    ----------
    values
        The sample; each value finite and of modulus at most ``LARGEST``.
    argument
        Name of the argument, for the message.
    least
        Smallest size.

    Raises
    ------
    InputError
        If a value is no finite number, the array has another shape, or there are fewer than ``least`` values.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(argument, type(values).__name__, "give a sequence of numbers") from error
    if array.ndim != 1:
        raise InputError(argument, f"array of shape {array.shape}", "give one row of numbers, shape (size,)")
    if array.size < least:
        raise InputError(argument, f"{array.size} values", f"give at least {least}")
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(array) <= LARGEST)
    if bad.any():
        first = int(bad.argmax())
        remedy = f"give finite numbers of modulus at most {LARGEST:g}"
        raise InputError(f"{argument}[{first}]", float(array[first]), remedy)
    return array


def require_choice(value: str, argument: str, choices: tuple[str, ...]) -> str:
    """Return ``value`` if it is one of ``choices``.

    Raises
    ------
    InputError
        Otherwise.
    """
    if value not in choices:
        raise InputError(argument, value, f"give one of {', '.join(choices)}")
    return value


def _is_real(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and not math.isnan(value)
