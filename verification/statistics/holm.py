"""Holm's procedure: one level shared among several hypotheses, whatever the dependence of their tests."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar, overload

import numpy as np

from graphon_theory.errors import InputError
from verification.statistics.intake import require_level, require_probability

Key = TypeVar("Key", bound=Hashable)


@overload
def holm(p_values: Mapping[Key, float], level: float) -> dict[Key, float]: ...


@overload
def holm(p_values: Sequence[float], level: float) -> list[float]: ...


def holm(p_values: Mapping[Key, float] | Sequence[float], level: float) -> dict[Key, float] | list[float]:
    """Return p-values adjusted for their number.

    Rejecting the hypotheses whose adjusted p-value is at most ``level`` rejects any true one with probability
    at most ``level``, however the tests depend on each other.

    Parameters
    ----------
    p_values
        At least one, each in [0, 1]: by name, or in a row.
    level
        The family's level, in (0, 1). It changes the adjusted values by rounding only: each is on the same side
        of it as the decision of ``holm_levels``.

    Returns
    -------
    dict or list
        Adjusted p-values under the same names or in the same order: of the ``k``-th smallest of ``m`` (from 0)
        the largest of ``(m - j) p_j`` over ``j <= k``, at most 1.

    Raises
    ------
    InputError
        If there is no p-value, one is no probability, or ``level`` is not in (0, 1).

    Notes
    -----
    Source: Holm (1979).
    """
    if not isinstance(p_values, Mapping):
        adjusted = holm(dict(enumerate(p_values)), level)
        return [adjusted[k] for k in range(len(p_values))]
    levels = holm_levels(p_values, level)
    found: dict[Key, float] = {}
    largest = 0.0
    for place, key in enumerate(_ordered(p_values)):
        largest = max(largest, min(1.0, (len(levels) - place) * float(p_values[key])))
        # Rounding may part "p <= level / m" from "m p <= level": the first decides.
        if p_values[key] <= levels[key]:
            largest = min(largest, level)
        else:
            largest = max(largest, float(np.nextafter(level, math.inf)))
        found[key] = largest
    return {key: found[key] for key in p_values}


def holm_levels(p_values: Mapping[Key, float], level: float) -> dict[Key, float]:
    """Return the level at which Holm's procedure tests each hypothesis.

    In order of their p-values, the ``k``-th of ``m`` hypotheses (from 0) is tested at ``level / (m - k)``; from
    the first that is not rejected on, all share that one's level and none is rejected.

    Parameters
    ----------
    p_values
        At least one, each in [0, 1], by name.
    level
        The family's level, in (0, 1).

    Returns
    -------
    dict
        Level by name, in the order given: a hypothesis is rejected if and only if its p-value is at most its
        level, and that is if and only if its adjusted p-value (``holm``) is at most ``level``.

    Raises
    ------
    InputError
        If there is no p-value, one is no probability, or ``level`` is not in (0, 1).
    """
    level = require_level(level)
    if not p_values:
        raise InputError("p_values", "none", "give at least one")
    levels: dict[Key, float] = {}
    share, rejecting = level / len(p_values), True
    for place, key in enumerate(_ordered(p_values)):
        if rejecting:
            share = level / (len(p_values) - place)
            rejecting = float(p_values[key]) <= share
        levels[key] = share
    return {key: levels[key] for key in p_values}


def _ordered(p_values: Mapping[Key, float]) -> list[Key]:
    """Names by p-value, equal ones in the order given."""
    checked = {key: require_probability(p, f"p_values[{key!r}]") for key, p in p_values.items()}
    return sorted(checked, key=checked.__getitem__)
