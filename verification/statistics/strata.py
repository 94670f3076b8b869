"""A slope common to several strata: how much a quantity changes with a covariate, everything else held equal."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from graphon_theory.errors import InputError
from verification.statistics.intake import Array, Values, require_level, require_values
from verification.statistics.power import POWER


@dataclass(frozen=True)
class Slope:
    """A slope with its Student interval.

    Parameters
    ----------
    estimate
        By least squares.
    low, high
        Its limits; each misses on its side with probability ``level``.
    detectable
        Smallest distance of the true slope from a point that, with power ``POWER``, puts that point outside the
        limits on one side, approximately.
    freedom
        Residual degrees of freedom.
    """

    estimate: float
    low: float
    high: float
    detectable: float
    freedom: int


def stratified_slope(
    values: Values, strata: Sequence[Hashable], covariate: Values, others: Sequence[Values], level: float
) -> Slope | None:
    """Slope of values in a covariate within strata, other covariates held equal.

    The model: ``value = intercept of its stratum + slope covariate + sum of slopes times others + noise``, the noise
    independent, normal and of one spread. Only differences within strata count.

    Parameters
    ----------
    values
        Shape (observations,).
    strata
        The stratum of each observation.
    covariate
        What the slope is in, one number an observation.
    others
        Nuisance covariates, likewise; those that do not vary within strata are dropped.
    level
        Probability, for each side, that the interval misses the slope there; in (0, 1).

    Returns
    -------
    Slope or None
        None where the covariate does not vary within strata, given the others, or no degree of freedom is left.

    Raises
    ------
    InputError
        If lengths differ or a number is not finite.
    """
    level = require_level(level)
    found = require_values(values, least=1)
    columns = [require_values(covariate, "covariate", least=1)]
    columns += [require_values(other, f"others[{k}]", least=1) for k, other in enumerate(others)]
    if len(strata) != found.size or any(column.size != found.size for column in columns):
        raise InputError(
            "strata", f"{len(strata)} strata", f"give a stratum and covariates for all {found.size} values"
        )
    places = {name: k for k, name in enumerate(dict.fromkeys(strata))}
    group = np.array([places[name] for name in strata])
    target = _centred(found, group)
    first, *nuisance = (_centred(column, group) for column in columns)
    basis = _orthonormal(nuisance, found.size)
    first_left = first - basis @ (basis.T @ first)
    freedom = found.size - len(places) - basis.shape[1] - 1
    # What is left of a covariate that the others determine is rounding.
    if freedom < 1 or float(np.linalg.norm(first_left)) <= 1e-9 * math.sqrt(found.size) * float(
        np.abs(columns[0]).max()
    ):
        return None
    target_left = target - basis @ (basis.T @ target)
    length = float(first_left @ first_left)
    estimate = float(first_left @ target_left) / length
    residual = target_left - estimate * first_left
    error = math.sqrt(float(residual @ residual) / freedom / length)
    quantile = float(stats.t.isf(level, freedom))
    return Slope(
        estimate=estimate,
        low=estimate - quantile * error,
        high=estimate + quantile * error,
        detectable=(quantile + float(stats.t.isf(1.0 - POWER, freedom))) * error,
        freedom=freedom,
    )


def _centred(column: Array, group: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Array:
    sums = np.bincount(group, weights=column)
    return np.asarray(column - (sums / np.bincount(group))[group])


def _orthonormal(columns: Sequence[Array], size: int) -> Array:
    """Orthonormal basis of the span of centred columns, those that are rounding left out."""
    kept: list[Array] = []
    for column in columns:
        left = column.copy()
        for unit in kept:
            left = left - unit * float(unit @ left)
        length = float(np.linalg.norm(left))
        if length > 1e-9 * max(1.0, float(np.abs(column).max())) * math.sqrt(size):
            kept.append(left / length)
    return np.stack(kept, axis=1) if kept else np.zeros((size, 0))
