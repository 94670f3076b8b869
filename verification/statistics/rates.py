"""Equivalence of a decay rate: whether an exponent is within a margin of the one that is stated."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from graphon_theory.errors import InputError
from verification.statistics.intake import (
    Array,
    Values,
    require_finite,
    require_level,
    require_positive,
    require_values,
)
from verification.statistics.power import POWER


@dataclass(frozen=True)
class RateVerdict:
    """What observations at several sizes say of a decay rate.

    Parameters
    ----------
    estimate
        The rate, by least squares.
    low, high
        Its limits; each misses on its side with probability ``level``.
    p_value
        The larger p-value of the two one-sided tests "the rate is at least the margin away, above (below)":
        at most ``level`` if and only if ``equivalent``.
    equivalent
        Whether both limits lie strictly within the margin of the stated rate.
    detectable
        Smallest distance of the true rate from the stated one at which, with power ``POWER``, the limits
        exclude every rate within the margin, approximately.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    equivalent: bool
    detectable: float


def rate_equivalence(
    sizes: Values,
    values: Values,
    stated: float,
    margin: float,
    level: float,
    correction: float = 0.5,
) -> RateVerdict:
    """Test whether values that decay like ``size^-rate`` have the stated rate, up to a margin.

    The model: ``value = C size^-rate (1 + c size^-correction + ...)`` times independent log-normal noise of one
    spread, so that by least squares the logarithm is regressed on 1, ``-log(size)`` and ``size^-correction``.
    The nulls: the rate is at least ``stated + margin``; it is at most ``stated - margin``. Equivalence is
    declared, falsely with probability at most ``level``, if both are rejected.

    Parameters
    ----------
    sizes
        Sizes, shape (observations,), above 0; at least three of them distinct; repeated for replicates.
    values
        One value for each size, above 0.
    stated
        The rate that is claimed.
    margin
        Distance from it that is held to be none, above 0.
    level
        Level of each one-sided test and, on each side, of the limits; in (0, 1).
    correction
        Exponent of the first correction to the power law, above 0.

    Returns
    -------
    RateVerdict
        Estimate, limits, p-value and decision, by Student's law with ``observations - 3`` degrees of freedom.

    Raises
    ------
    InputError
        If there are fewer than four observations or three distinct sizes, a number is not as above, or the sizes
        are so close that rate and correction cannot be told apart.

    Notes
    -----
    Source: Schuirmann (1987) for the two one-sided tests. What the correction costs is width, as it is nearly
    linear in ``log(size)`` over a short range: a factor 5.3 over three sizes that grow fourfold, 2.4 over six.
    What it leaves is the bias of the terms after it, ``c^2 size^(-2 correction) / 2`` and so on in the logarithm:
    begin where that is small beside the noise.
    """
    where = require_values(sizes, "sizes", least=4)
    found = require_values(values, least=4)
    if where.size != found.size:
        raise InputError("values", f"{found.size} values", f"give one for each of the {where.size} sizes")
    _all_positive(where, "sizes")
    _all_positive(found, "values")
    stated, margin = require_finite(stated, "stated"), require_positive(margin, "margin")
    level, correction = require_level(level), require_positive(correction, "correction")
    distinct = np.unique(where)
    if distinct.size < 3:
        raise InputError("sizes", f"{distinct.size} distinct sizes", "give at least three")
    estimate, error, freedom = _fit(where / distinct[0], np.log(found), correction)
    quantile = float(stats.t.isf(level, freedom))
    low, high = estimate - quantile * error, estimate + quantile * error
    p_value = max(
        _one_sided(estimate - (stated - margin), error, freedom),
        _one_sided((stated + margin) - estimate, error, freedom),
    )
    return RateVerdict(
        estimate=estimate,
        low=low,
        high=high,
        p_value=p_value,
        equivalent=p_value <= level,
        detectable=margin + (quantile + float(stats.t.isf(1.0 - POWER, freedom))) * error,
    )


def _fit(ratios: Array, logs: Array, correction: float) -> tuple[float, float, int]:
    """Return the rate by least squares, its standard error and the residual degrees of freedom."""
    design = np.column_stack([np.ones(ratios.size), -np.log(ratios), ratios**-correction])
    # Columns of unit length: the rank then measures how far they are from collinear, not their units.
    lengths = np.sqrt(np.square(design).sum(axis=0))
    basis, triangle = np.linalg.qr(design / lengths)
    if float(np.abs(np.diag(triangle)).min()) < 1e-9:
        raise InputError("correction", correction, "give sizes and a correction that the fit can tell apart")
    centre = float(logs.mean())
    coordinates = basis.T @ (logs - centre)
    slopes = np.linalg.solve(triangle, coordinates) / lengths
    residuals = (logs - centre) - design @ slopes
    freedom = ratios.size - 3
    spread = math.sqrt(float(np.square(residuals).sum()) / freedom)
    weights = np.linalg.solve(triangle.T, np.array([0.0, 1.0, 0.0]))
    return float(slopes[1]), spread * float(np.sqrt(np.square(weights).sum())) / float(lengths[1]), freedom


def _one_sided(excess: float, error: float, freedom: int) -> float:
    """p-value of "the true excess is at most zero"."""
    if error == 0.0:
        return 0.0 if excess > 0.0 else 1.0
    with np.errstate(over="ignore"):  # an infinite ratio has the p-value 0 or 1
        return float(stats.t.sf(np.float64(excess) / error, freedom))


def _all_positive(array: Array, argument: str) -> None:
    if (array <= 0.0).any():
        first = int((array <= 0.0).argmax())
        raise InputError(f"{argument}[{first}]", float(array[first]), "give numbers above 0")
