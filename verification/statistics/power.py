"""What a test could have seen: detectable deviations, at one power throughout."""

from __future__ import annotations

import math

from scipy import stats

from graphon_theory.errors import InputError
from verification.statistics.intake import require_level, require_probability, require_whole

POWER = 0.9
"""Power at which smallest detectable deviations are stated."""


def detectable_rate(size: int, probability: float, level: float) -> float:
    """Smallest relative shift of a binomial rate that a two-sided test finds with power ``POWER``.

    By the normal law, with the variance of the null: sound where ``size * probability`` is in the hundreds.

    Parameters
    ----------
    size
        Trials, at least 1.
    probability
        Rate under the null, strictly between 0 and 1.
    level
        Level of the test, in (0, 1).

    Raises
    ------
    InputError
        If an argument is not as above.
    """
    quantiles = stats.norm.isf([require_level(level) / 2.0, 1.0 - POWER])
    return float(quantiles.sum()) * _relative_error(size, probability)


def critical_rate(size: int, probability: float, level: float) -> float:
    """Relative deviation of a binomial rate at which a two-sided test rejects, by the normal law.

    Parameters
    ----------
    size
        Trials, at least 1.
    probability
        Rate under the null, strictly between 0 and 1.
    level
        Level of the test, in (0, 1).

    Raises
    ------
    InputError
        If an argument is not as above.
    """
    return float(stats.norm.isf(require_level(level) / 2.0)) * _relative_error(size, probability)


def critical_count(size: int, level: float, null: float = 0.0) -> int:
    """Return the smallest count that refutes "the rate is at most ``null``" at ``level``, by the binomial law.

    Parameters
    ----------
    size
        Trials, at least 1.
    level
        Level of the test, in (0, 1).
    null
        Largest rate under the null, in [0, 1].

    Returns
    -------
    int
        From 1 to ``size``; ``size + 1`` where no count could refute it.

    Raises
    ------
    InputError
        If an argument is not as above.
    """
    size, level = require_whole(size, "size", 1), require_level(level)
    null = require_probability(null, "null")
    count = int(stats.binom.isf(level, size, null)) + 1
    # The quantile may be off by one where the tail meets the level but for rounding.
    while count > 1 and stats.binom.sf(count - 2, size, null) <= level:
        count -= 1
    while count <= size and stats.binom.sf(count - 1, size, null) > level:
        count += 1
    return count


def detectable_proportion(size: int, level: float, null: float = 0.0) -> float:
    """Smallest rate of a rare event that would have been seen with power ``POWER``.

    Seen: the exact binomial test at ``level`` refutes "the rate is at most ``null``". Of an event that never
    happens under the null, one suffices, and the level plays no part: ``1 - (1 - POWER)**(1 / size)``.

    Parameters
    ----------
    size
        Trials, at least 1.
    level
        Level of the test, in (0, 1).
    null
        Largest rate under the null, in [0, 1].

    Returns
    -------
    float
        The rate, in (0, 1]; infinite where no count could refute the null, whatever the rate.

    Raises
    ------
    InputError
        If an argument is not as above.
    """
    needed = critical_count(size, level, null)
    if needed > size:
        return math.inf
    # P(Bin(size, r) >= k) is the beta(k, size - k + 1) law at r.
    return float(stats.beta.ppf(POWER, needed, size - needed + 1))


def _relative_error(size: int, probability: float) -> float:
    """Relative standard error of a binomial rate."""
    size = require_whole(size, "size", 1)
    if not 0.0 < require_probability(probability) < 1.0:
        raise InputError("probability", probability, "give a rate strictly between 0 and 1")
    return math.sqrt((1.0 - probability) / (probability * size))
