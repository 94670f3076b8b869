"""Student's interval and test of a mean, and what the test can see."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import optimize, stats

from verification.statistics.intake import Values, require_choice, require_finite, require_level, require_values
from verification.statistics.power import POWER

Side = Literal["above", "below"]
"""On which side of a bound the mean is suspected to lie."""


def mean_interval(values: Values, level: float) -> tuple[float, float, float]:
    """Mean and Student interval of independent, roughly normal values.

    Parameters
    ----------
    values
        At least two values. Where all are equal the interval is that one point.
    level
        Probability, for each side, that the interval misses the mean on that side.

    Returns
    -------
    tuple
        (mean, lower limit, upper limit), in the unit of the values.

    Raises
    ------
    InputError
        If there are fewer than two values, one is not finite, or ``level`` is not in (0, 1).
    """
    mean, error, freedom = _mean_and_error(values)
    half = float(stats.t.isf(require_level(level), freedom)) * error
    return mean, mean - half, mean + half


def mean_p_value(values: Values, bound: float, side: Side) -> float:
    """p-value of a bound on the mean of independent, roughly normal values (Student, one-sided).

    At most ``level`` if and only if the limit of ``mean_interval(values, level)`` on that side excludes the
    bound: the lower limit lies above it, or the upper one below it.

    Parameters
    ----------
    values
        At least two values. Where all are equal the p-value is 0 or 1.
    bound
        The bound, in the unit of the values.
    side
        ``"above"``: the null is mean <= bound. ``"below"``: it is mean >= bound.

    Raises
    ------
    InputError
        If there are fewer than two values, a number is not finite, or ``side`` is neither of the two.
    """
    mean, error, freedom = _mean_and_error(values)
    sign = 1.0 if require_choice(side, "side", ("above", "below")) == "above" else -1.0
    excess = sign * (mean - require_finite(bound, "bound"))
    if error == 0.0:
        return 0.0 if excess > 0.0 else 1.0
    with np.errstate(over="ignore"):  # an infinite ratio has the p-value 0 or 1
        return float(stats.t.sf(np.float64(excess) / error, freedom))


def contrast_interval(x: Values, y: Values, weight: float, level: float) -> tuple[float, float, float]:
    """Mean of ``x`` less ``weight`` times that of ``y``, with Welch's interval: independent samples, own variances.

    Parameters
    ----------
    x, y
        At least two values each.
    weight
        Any finite number.
    level
        Probability, for each side, that the interval misses the contrast on that side; approximately, by the degrees
        of freedom of Welch and Satterthwaite.

    Returns
    -------
    tuple
        (contrast, lower limit, upper limit).

    Raises
    ------
    InputError
        If there are fewer than two values, one is not finite, or ``level`` is not in (0, 1).

    Notes
    -----
    Source: Welch (1947), Biometrika 34.
    """
    weight = require_finite(weight, "weight")
    mean_x, error_x, freedom_x = _mean_and_error(x)
    mean_y, error_y, freedom_y = _mean_and_error(y)
    contrast, error_y = mean_x - weight * mean_y, abs(weight) * error_y
    error = math.hypot(error_x, error_y)
    if error == 0.0:
        return contrast, contrast, contrast
    shares = (error_x / error) ** 4 / freedom_x + (error_y / error) ** 4 / freedom_y
    half = float(stats.t.isf(require_level(level), 1.0 / shares)) * error
    return contrast, contrast - half, contrast + half


def detectable_mean(values: Values, level: float) -> float:
    """Smallest shift of a mean that a one-sided Student test finds with power ``POWER``.

    By the noncentral Student law, at the spread of the values: exact for normal values of that spread.

    Parameters
    ----------
    values
        At least two values; they lend their spread.
    level
        Level of the test, in (0, 1).

    Raises
    ------
    InputError
        If there are fewer than two values, one is not finite, or ``level`` is not in (0, 1).
    """
    _, error, freedom = _mean_and_error(values)
    return _detectable_shift(freedom, require_level(level)) * error


@lru_cache(maxsize=4096)
def _detectable_shift(freedom: int, level: float) -> float:
    """Noncentrality, in standard errors, at which a one-sided Student test has power ``POWER``."""
    critical = float(stats.t.isf(level, freedom))
    # The normal shift finds the mean too seldom, twice the sum of Student quantiles too often.
    least = stats.norm.isf(1.0 - POWER) + critical
    most = 2.0 * (critical + stats.t.isf((1.0 - POWER) / 10.0, freedom)) + 10.0

    def shortfall(shift: float) -> float:
        return float(stats.nct.sf(critical, freedom, shift)) - POWER

    with warnings.catch_warnings():
        # Of two or three values at tiny levels SciPy's series warns, far from the root.
        warnings.simplefilter("ignore", RuntimeWarning)
        low = min(least, 0.0) if shortfall(least) > 0.0 else least
        return float(optimize.brentq(shortfall, low, most, xtol=1e-9))


def _mean_and_error(values: Values) -> tuple[float, float, int]:
    """Mean, standard error and degrees of freedom."""
    array = require_values(values, least=2)
    if array.min() == array.max():
        return float(array[0]), 0.0, array.size - 1  # the mean of equal numbers may round to another number
    mean = float(array.mean())
    away = array - mean
    scale = float(np.abs(away).max())  # so that squares of tiny deviations do not underflow
    spread = scale * math.sqrt(float(np.square(away / scale).sum()) / (array.size - 1))
    return mean, spread / math.sqrt(array.size), array.size - 1
