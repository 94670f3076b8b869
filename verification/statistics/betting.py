"""A confidence sequence for the mean of bounded observations, by betting against every other mean.

Against a mean ``m`` one starts with capital 1 and stakes ``lambda_t`` on the next observation, a number that
depends on the past alone: the capital ``prod (1 + lambda_t (X_t - m))`` is a nonnegative martingale if ``m``
is the mean, and exceeds ``1 / a`` at some time with probability at most ``a`` (Ville). Two such players, one
betting on a larger and one on a smaller mean, have half the level each.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from verification.statistics.intake import Array, Values, require_finite, require_level, require_values

TRUNCATION = 0.5
"""Largest share of the capital that a single observation can cost."""

_GRID = 15  # candidate means a round of the search
_ROUNDS = 6  # so that a limit is found to 16**-6 < 1e-7 of the range
_RATIO = 1.01  # the sequence is enclosed to a hundredth of its width
_BLOCK = 2**17  # numbers held at a time


def betting_sequence(values: Values, level: float, bounds: tuple[float, float] = (0.0, 1.0)) -> tuple[Array, Array]:
    """Confidence sequence for the mean of bounded observations.

    The null that is inverted: given the past, each observation has the same mean. They may be independent or
    not, of one law or not. The intervals may be looked at after every observation.

    Parameters
    ----------
    values
        Observations, shape (size,), in the order in which they came; at least one, each within ``bounds``.
    level
        Probability, at most, that *any* of the intervals misses the mean.
    bounds
        (lowest, highest) value that an observation can take, known before the first.

    Returns
    -------
    tuple
        (lower, upper), each of shape (size,): the limits after each observation, each pair inside the one
        before it, in the unit of the values. Where ``lower > upper`` every mean is excluded: the mean was not
        constant, or an event of probability ``level`` happened.

    Raises
    ------
    InputError
        If a value is not finite or outside the bounds, there is none, or ``level`` or ``bounds`` is unsuitable.

    Notes
    -----
    Source: Waudby-Smith and Ramdas (2024), "Estimating means of bounded random variables by betting", JRSS-B 86:
    the hedged capital process with predictable plug-in bets truncated at ``TRUNCATION / m``. The sequence
    holds, after each observation, the exact limits moved outwards by at most a hundredth of the width, and the
    last pair is ``betting_interval``. A prefix of the values gives a prefix of the limits up to that hundredth.
    Time and memory grow linearly: 10,000 values take about 0.1 s.
    """
    unit, (low, high) = _to_unit(values, bounds)
    bets, threshold = _bets(unit, require_level(level)), _threshold(unit.size, level)
    last = _limit(unit, bets, threshold), _limit(1.0 - unit, bets, threshold)
    finest = max(1.0 - last[0] - last[1], 1e-6)
    below = _path(unit, bets, threshold, last[0], finest)
    above = 1.0 - _path(1.0 - unit, bets, threshold, last[1], finest)
    return _from_unit(below, low, high), _from_unit(above, low, high)


def betting_interval(values: Values, level: float, bounds: tuple[float, float] = (0.0, 1.0)) -> tuple[float, float]:
    """Last interval of ``betting_sequence``: valid at a sample size chosen while looking at the data.

    Parameters
    ----------
    values, level, bounds
        As for ``betting_sequence``.

    Returns
    -------
    tuple
        (lower limit, upper limit), moved outwards by at most 1e-7 of the range.

    Raises
    ------
    InputError
        As ``betting_sequence``.
    """
    unit, (low, high) = _to_unit(values, bounds)
    bets, threshold = _bets(unit, require_level(level)), _threshold(unit.size, level)
    limits = np.array([_limit(unit, bets, threshold), 1.0 - _limit(1.0 - unit, bets, threshold)])
    lower, upper = _from_unit(limits, low, high)
    return float(lower), float(upper)


def _to_unit(values: Values, bounds: tuple[float, float]) -> tuple[Array, tuple[float, float]]:
    """Return the values, mapped to [0, 1], and the bounds, checked."""
    try:
        low, high = bounds
    except (TypeError, ValueError) as error:
        raise InputError("bounds", bounds, "give a pair (lowest, highest)") from error
    low, high = require_finite(low, "bounds[0]"), require_finite(high, "bounds[1]")
    if not low < high:
        raise InputError("bounds", bounds, "give a pair (lowest, highest) with lowest < highest")
    array = require_values(values)
    outside = (array < low) | (array > high)
    if outside.any():
        first = int(outside.argmax())
        raise InputError(f"values[{first}]", float(array[first]), f"give values from {low:g} to {high:g}")
    return np.clip((array - low) / (high - low), 0.0, 1.0), (low, high)


def _from_unit(limits: Array, low: float, high: float) -> Array:
    return np.clip(low + limits * (high - low), low, high)


def _threshold(size: int, level: float) -> float:
    """Logarithm of the capital at which a mean is excluded, raised by more than rounding can add to it."""
    return math.log(2.0 / level) + 1e-11 * size


def _bets(unit: Array, level: float) -> Array:
    """Predictable plug-in bets (Waudby-Smith and Ramdas 2024, equation 26), shape (size,).

    ``sqrt(2 log(2/level) / (s t log(1 + t)))`` with ``s`` the variance before observation ``t``, both it and
    the mean regularised by one fictitious observation (of mean 1/2 and variance 1/4).
    """
    times = np.arange(1, unit.size + 1)
    mean = (0.5 + np.cumsum(unit)) / (times + 1)
    variance = (0.25 + np.cumsum(np.square(unit - mean))) / (times + 1)
    before = np.concatenate([[0.25], variance[:-1]])
    return np.sqrt(2.0 * math.log(2.0 / level) / (before * times * np.log1p(times)))


def _exclusions(unit: Array, bets: Array, threshold: float, means: Array) -> npt.NDArray[np.int64]:
    """First time at which the player for a larger mean excludes each of ``means``; ``size`` where never.

    Each factor ``1 + min(lambda_t, c / m) (x_t - m)`` is positive and does not increase in ``m``: below
    ``m = c / lambda_t`` it is linear with slope ``-lambda_t``, beyond it is ``1 - c + c x_t / m``. So the times
    do not decrease in ``m``, and whatever lies below an excluded mean is excluded.
    """
    most = TRUNCATION / np.maximum(means, 1e-300)
    capital = np.zeros(means.size)
    found = np.full(means.size, unit.size, dtype=np.int64)
    step = max(1, _BLOCK // means.size)
    for start in range(0, unit.size, step):
        stop = start + step
        stakes = np.minimum(bets[start:stop, None], most)
        path = np.log(1.0 + stakes * (unit[start:stop, None] - means)).cumsum(axis=0)
        path += capital
        capital = path[-1]
        hit = path >= threshold
        new = (found == unit.size) & hit.any(axis=0)
        found[new] = start + hit.argmax(axis=0)[new]
        if (found < unit.size).all():
            break
    return found


def _limit(unit: Array, bets: Array, threshold: float) -> float:
    """Largest mean that is excluded at some time by the player for a larger one, from below; 0 if none is."""
    low, high = 0.0, 1.0  # the mean 1 is never excluded: no factor exceeds 1
    for _ in range(_ROUNDS):
        means = np.linspace(low, high, _GRID + 2)
        inner = means[1:-1]
        survives = _exclusions(unit, bets, threshold, inner) == unit.size
        first = int(survives.argmax()) if survives.any() else inner.size
        low, high = float(means[first]), float(means[first + 1])
    return low


def _path(unit: Array, bets: Array, threshold: float, last: float, finest: float) -> Array:
    """Lower limits after each observation: the largest excluded mean of a grid, refined towards the last limit.

    At a distance ``D`` below the last limit the step is ``(_RATIO - 1) (finest + D)``, and ``finest + D`` is at
    most the width of the interval whose lower limit lies there.
    """
    rungs = math.ceil(math.log1p(last / finest) / math.log(_RATIO))
    means = last - finest * np.expm1(math.log(_RATIO) * np.arange(rungs + 1))
    means = means[means > 0.0]
    limits = np.zeros(unit.size)
    if means.size:
        times = _exclusions(unit, bets, threshold, means)
        seen = times < unit.size
        np.maximum.at(limits, times[seen], means[seen])
    return np.maximum.accumulate(limits)
