"""Sets J of active coordinates: reading and checking them."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]
Item = TypeVar("Item")


def active_set(active: Iterable[int], inputs: int) -> tuple[int, ...]:
    """Return a set J of active coordinates, in the order given.

    Parameters
    ----------
    active
        Column indices, from 0.
    inputs
        Number of columns d.

    Raises
    ------
    InputError
        If they are no collection, there is none, one is no whole number from 0 to ``d - 1``, or one occurs twice.
    """
    chosen = _listed(active)
    if not chosen:
        raise InputError("active", chosen, "name one active coordinate or more")
    for place in chosen:
        try:
            index = operator.index(place)
        except TypeError:
            raise InputError("active", place, "give whole numbers: the indices of columns") from None
        if isinstance(place, bool) or not 0 <= index < inputs:
            raise InputError("active", place, f"give indices of columns from 0 to {inputs - 1}")
    found = tuple(operator.index(place) for place in chosen)
    for place in found:
        if found.count(place) > 1:
            raise InputError("active", place, "name each active coordinate once")
    return found


def disjoint_sets(active: Iterable[Iterable[int]], inputs: int) -> tuple[tuple[int, ...], ...]:
    """Return pairwise disjoint sets of active coordinates, all of one size.

    Raises
    ------
    InputError
        If they are no collection, there is none, one is no set as in ``active_set``, the sizes differ, or two share a
        coordinate.
    """
    found = tuple(active_set(one, inputs) for one in _listed(active))
    if not found:
        raise InputError("active", found, "give one set of coordinates or more")
    if len({len(one) for one in found}) > 1:
        raise InputError("active", found, "give sets of one size")
    active_set((place for one in found for place in one), inputs)
    return found


def column_types(types: npt.ArrayLike) -> Array:
    """Return the types ``v_J`` of active coordinates, shape (k,); equal types of different columns are allowed.

    Raises
    ------
    InputError
        If there is none, or one is NaN or outside [0, 1].
    """
    found = np.asarray(types, dtype=np.float64)
    if found.ndim != 1 or found.size == 0:
        raise InputError("types", f"array of shape {found.shape}", "give one position v in [0, 1] an active coordinate")
    if not bool(np.all((found >= 0) & (found <= 1))):
        raise InputError("types", found.tolist(), "give positions in [0, 1]")
    return found


def _listed(active: Iterable[Item]) -> tuple[Item, ...]:
    """Return what was given as a tuple; refuse a bare number or None."""
    try:
        return tuple(active)
    except TypeError:
        raise InputError("active", active, "give a collection: (3,) for column 3 alone") from None
