"""The statistical tests behind the decision rules; each states its null and what its level means."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

POWER = 0.9
"""Power at which smallest detectable deviations are stated."""


def binomial_two_sided(count: int, size: int, probability: float) -> float:
    """p-value of ``count`` successes under independent trials with mean success rate ``probability``.

    Twice the smaller binomial tail. The trials need not share one rate: a sum of independent indicators
    is more concentrated than the binomial of the same mean beyond one unit from it (Hoeffding 1956,
    Theorem 5), so the p-value stays valid, only larger.
    """
    low = float(stats.binom.cdf(count, size, probability))
    high = float(stats.binom.sf(count - 1, size, probability))
    return min(1.0, 2.0 * min(low, high))


def binomial_at_least(count: int, size: int, probability: float) -> float:
    """``P(Bin(size, probability) >= count)``: p-value of too many rare events."""
    return float(stats.binom.sf(count - 1, size, probability))


def mean_interval(values: Sequence[float], level: float) -> tuple[float, float, float]:
    """Mean and Student interval of independent, roughly normal values.

    Parameters
    ----------
    values
        At least two values.
    level
        Probability, for each side, that the interval misses the mean on that side.

    Returns
    -------
    tuple
        (mean, lower limit, upper limit).
    """
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    error = float(array.std(ddof=1)) / math.sqrt(array.size)
    half = float(stats.t.ppf(1.0 - level, array.size - 1)) * error
    return mean, mean - half, mean + half


def fisher(p_values: Sequence[float]) -> float:
    """Fisher's combination of independent p-values: the null is that all their nulls hold."""
    return float(stats.chi2.sf(-2.0 * float(np.log(np.asarray(p_values)).sum()), 2 * len(p_values)))


def detectable_mean(values: Sequence[float], level: float) -> float:
    """Smallest shift of a mean that a one-sided Student test finds with power ``POWER``, approximately."""
    array = np.asarray(values, dtype=np.float64)
    error = float(array.std(ddof=1)) / math.sqrt(array.size)
    quantiles = stats.t.ppf([1.0 - level, POWER], array.size - 1)
    return float(quantiles.sum()) * error


def detectable_rate(size: int, probability: float, level: float) -> float:
    """Smallest relative shift of a binomial rate that a two-sided test finds with power ``POWER``."""
    quantiles = stats.norm.ppf([1.0 - level / 2.0, POWER])
    return float(quantiles.sum()) * math.sqrt((1.0 - probability) / (probability * size))


def critical_rate(size: int, probability: float, level: float) -> float:
    """Relative deviation of a binomial rate at which a two-sided test rejects, by the normal law."""
    quantile = float(stats.norm.ppf(1.0 - level / 2.0))
    return quantile * math.sqrt((1.0 - probability) / (probability * size))
