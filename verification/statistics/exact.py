"""Exact tests and intervals of counts, and the combination of independent p-values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from graphon_theory.errors import InputError
from verification.statistics.intake import Array, require_level, require_probability, require_values, require_whole


def binomial_two_sided(count: int, size: int, probability: float) -> float:
    """p-value of ``count`` successes under independent trials with mean success rate ``probability``.

    Twice the smaller binomial tail. The trials need not share one rate: a sum of independent indicators
    is more concentrated than the binomial of the same mean beyond one unit from it (Hoeffding 1956,
    Theorem 5), so the p-value stays valid there, only larger. Nearer to a mean that is itself below about one,
    unequal rates make it too small by a fraction of up to half the mean: a count of 1 is no evidence there.

    Parameters
    ----------
    count
        Successes, from 0 to ``size``.
    size
        Trials, at least 1.
    probability
        Mean success rate under the null, in [0, 1].

    Raises
    ------
    InputError
        If an argument is not as above.
    """
    size = require_whole(size, "size", 1)
    count = require_whole(count, "count", 0, size)
    probability = require_probability(probability)
    low = float(stats.binom.cdf(count, size, probability))
    high = float(stats.binom.sf(count - 1, size, probability))
    return min(1.0, 2.0 * min(low, high))


def binomial_at_least(count: int, size: int, probability: float) -> float:
    """``P(Bin(size, probability) >= count)``: p-value of too many rare events.

    Parameters
    ----------
    count
        Events, from 0 to ``size``.
    size
        Trials, at least 1.
    probability
        Largest rate under the null, in [0, 1].

    Raises
    ------
    InputError
        If an argument is not as above.
    """
    size = require_whole(size, "size", 1)
    count = require_whole(count, "count", 0, size)
    return float(stats.binom.sf(count - 1, size, require_probability(probability)))


def binomial_interval(count: int, size: int, level: float) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of the success rate of independent trials of one rate.

    Parameters
    ----------
    count
        Successes, from 0 to ``size``.
    size
        Trials, at least 1.
    level
        Probability, at most and over both sides together, that the interval misses the rate.

    Returns
    -------
    tuple
        (lower limit, upper limit): the rates that neither one-sided binomial test rejects at ``level / 2``.

    Raises
    ------
    InputError
        If an argument is not as above.

    Notes
    -----
    Source: Clopper and Pearson (1934), in the form of beta quantiles.
    """
    size = require_whole(size, "size", 1)
    count = require_whole(count, "count", 0, size)
    half = require_level(level) / 2.0
    low = float(stats.beta.ppf(half, count, size - count + 1)) if count > 0 else 0.0
    high = float(stats.beta.isf(half, count + 1, size - count)) if count < size else 1.0
    return low, high


def hypergeometric_two_sided(count: int, drawn: int, marked: int, total: int) -> float:
    """p-value of ``count`` marked items among ``drawn`` drawn without replacement.

    The null: all sets of ``drawn`` of the ``total`` items are equally likely, ``marked`` of which are marked.
    Twice the smaller tail.

    Parameters
    ----------
    count
        Marked items drawn; a number that is possible at all.
    drawn, marked
        Items drawn and items marked, from 0 to ``total``.
    total
        Items, at least 1.

    Raises
    ------
    InputError
        If an argument is not as above.
    """
    total = require_whole(total, "total", 1)
    drawn = require_whole(drawn, "drawn", 0, total)
    marked = require_whole(marked, "marked", 0, total)
    fewest, most = max(0, drawn + marked - total), min(drawn, marked)
    count = require_whole(count, "count", fewest, most)
    low = float(stats.hypergeom.cdf(count, total, marked, drawn))
    high = float(stats.hypergeom.sf(count - 1, total, marked, drawn))
    return min(1.0, 2.0 * min(low, high))


def fisher(p_values: Sequence[float] | Array) -> float:
    """Fisher's combination of independent p-values: the null is that all their nulls hold.

    Parameters
    ----------
    p_values
        At least one, each in [0, 1] and at least as large, in law, as a uniform number under its null.

    Raises
    ------
    InputError
        If there is none, or one is not a probability.
    """
    array = require_values(p_values, "p_values")
    outside = (array < 0.0) | (array > 1.0)
    if outside.any():
        first = int(outside.argmax())
        raise InputError(f"p_values[{first}]", float(array[first]), "give probabilities from 0 to 1")
    if array.min() == 0.0:
        return 0.0
    return float(stats.chi2.sf(-2.0 * float(np.log(array).sum()), 2 * array.size))
