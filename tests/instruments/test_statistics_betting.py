"""The betting confidence sequence never misses more often than it says, and is the exact one up to its grid."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from verification.statistics import betting_interval, betting_sequence, binomial_at_least

LEVEL, PATHS, STEPS = 0.05, 2000, 300

Array = npt.NDArray[np.float64]
Law = Callable[[np.random.Generator, tuple[int, int]], Array]


def _dependent(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Martingale differences about 0.3: after a value above the mean the next ones are more spread."""
    values = np.empty(shape)
    spread = np.full(shape[0], 0.3)
    for t in range(shape[1]):
        values[:, t] = 0.3 + spread * rng.choice([-1.0, 1.0], shape[0])
        spread = np.where(values[:, t] > 0.3, 0.3, 0.02)
    return values


LAWS: dict[str, tuple[float, Law]] = {
    "rare": (0.05, lambda rng, shape: (rng.random(shape) < 0.05).astype(float)),
    "beta": (0.2, lambda rng, shape: rng.beta(0.5, 2.0, shape)),
    "two-point": (0.5, lambda rng, shape: np.where(rng.random(shape) < 0.9, 0.45, 0.95)),
    "dependent": (0.3, _dependent),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_path_ever_misses_with_at_most_the_level(name: str) -> None:
    """Null: 300 observations of one (conditional) mean; ever missed, of 2,000 paths: at most 0.05; fails 1e-6.

    As the sequence is one of intersections, a path is missed at some time if and only if its last pair misses.
    """
    mean, law = LAWS[name]
    missed = 0
    for values in law(np.random.default_rng(30), (PATHS, STEPS)):
        low, high = betting_interval(values, LEVEL)
        missed += not low <= mean <= high
    assert binomial_at_least(missed, PATHS, LEVEL) > 1e-6


@pytest.mark.parametrize("name", ["beta", "two-point"])
def test_plain_repeated_looks_do_miss(name: str) -> None:
    """The same paths, by the normal interval of level 0.05 after each of the observations 20 to 300; fails 1e-6."""
    mean, law = LAWS[name]
    values = law(np.random.default_rng(30), (PATHS, STEPS))
    times = np.arange(1, STEPS + 1)
    centres = values.cumsum(axis=1) / times
    variances = np.square(values).cumsum(axis=1) / times - centres**2
    missed = np.abs(centres - mean) > 1.96 * np.sqrt(np.maximum(variances, 0.0) / times)
    ever = int(missed[:, 19:].any(axis=1).sum())
    assert binomial_at_least(ever, PATHS, 3 * LEVEL) < 1e-6


def _capital(values: Array, mean: float, level: float) -> tuple[Array, Array]:
    """Capitals of both players against one mean, observation by observation."""
    wealth = [1.0, 1.0]
    paths: tuple[list[float], list[float]] = ([], [])
    total, centre, squares = 0.5, 0.5, 0.25
    for t, x in enumerate(values, start=1):
        bet = math.sqrt(2 * math.log(2 / level) / (squares / t * t * math.log(t + 1)))
        wealth[0] *= 1 + min(bet, 0.5 / mean if mean > 0 else math.inf) * (x - mean)
        wealth[1] *= 1 - min(bet, 0.5 / (1 - mean) if mean < 1 else math.inf) * (x - mean)
        for path, amount in zip(paths, wealth, strict=True):
            path.append(amount)
        total += x
        centre = total / (t + 1)
        squares += (x - centre) ** 2
    return np.array(paths[0]), np.array(paths[1])


@pytest.mark.parametrize("seed", range(4))
def test_limits_are_those_of_the_definition(seed: int) -> None:
    """By brute force over 2,001 means: the definition's limits lie inside, by at most a hundredth of the width."""
    rng = np.random.default_rng(seed)
    values = [rng.random(60), rng.beta(0.3, 3, 60), np.r_[np.zeros(59), 1.0], (rng.random(60) < 0.8) * 1.0][seed]
    lower, upper = betting_sequence(values, 0.1)
    means = np.linspace(0, 1, 2001)
    rejected = np.array([[_capital(values, m, 0.1)[k] >= 20 for k in (0, 1)] for m in means])  # (means, 2, steps)
    rejected = np.maximum.accumulate(rejected, axis=2)
    for t in range(values.size):
        below, above = means[rejected[:, 0, t]], means[rejected[:, 1, t]]
        low, high = (below.max() if below.size else 0.0), (above.min() if above.size else 1.0)
        slack = 0.0005 + 0.0101 * (upper[t] - lower[t])
        assert low - slack <= lower[t] <= low + 0.0005 + 1e-9
        assert high + slack >= upper[t] >= high - 0.0005 - 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_last_limits_are_where_the_capital_reaches_the_threshold(seed: int) -> None:
    values = np.random.default_rng(seed).beta(2, 5, 200)
    low, high = betting_interval(values, 0.1)
    assert _capital(values, low, 0.1)[0].max() == pytest.approx(20, rel=1e-5)
    assert _capital(values, high, 0.1)[1].max() == pytest.approx(20, rel=1e-5)
    assert _capital(values, low, 0.1)[0].max() >= 20  # outwards


def test_intervals_are_nested_and_end_with_the_last_one() -> None:
    values = np.random.default_rng(31).beta(3, 1, 500)
    lower, upper = betting_sequence(values, LEVEL)
    assert lower.shape == upper.shape == (500,)
    assert (np.diff(lower) >= 0).all()
    assert (np.diff(upper) <= 0).all()
    assert (lower[-1], upper[-1]) == betting_interval(values, LEVEL)
    assert (lower[0], upper[0]) == (0.0, 1.0)


def test_a_prefix_of_the_values_gives_a_prefix_of_the_limits() -> None:
    values = np.random.default_rng(32).random(400)
    lower, upper = betting_sequence(values, LEVEL)
    for size in (1, 17, 100, 399):
        low, high = betting_interval(values[:size], LEVEL)
        slack = 0.0101 * (upper[size - 1] - lower[size - 1])
        assert low - slack <= lower[size - 1] <= low + 1e-7
        assert high + slack >= upper[size - 1] >= high - 1e-7


def test_limits_move_with_the_unit_and_mirror() -> None:
    values = np.random.default_rng(33).beta(1, 4, 200)
    low, high = betting_interval(values, LEVEL)
    assert betting_interval(10 * values - 3, LEVEL, (-3.0, 7.0)) == pytest.approx(
        (10 * low - 3, 10 * high - 3), abs=1e-6
    )
    assert betting_interval(1 - values, LEVEL) == pytest.approx((1 - high, 1 - low), abs=1e-7)


def _low_discrepancy(size: int) -> Array:
    """Equidistributed numbers in [0, 1), not random: multiples of the golden ratio."""
    result: Array = np.arange(1, size + 1) * ((math.sqrt(5) - 1) / 2) % 1
    return result


def test_width_shrinks_like_the_root_of_log_t_over_t() -> None:
    lower, upper = betting_sequence(_low_discrepancy(100_000), LEVEL)
    times = np.array([100, 1000, 10_000, 100_000])
    ratios = (upper - lower)[times - 1] / np.sqrt(np.log(times) / times)
    assert ratios.max() / ratios.min() < 1.5
    # The price of looking always: 2.8 times the normal interval of one look, 2 * 1.96 * 0.289 / sqrt(t).
    assert 1 < (upper - lower)[-1] / (3.92 / math.sqrt(12 * 100_000)) < 3


def test_small_variance_is_used() -> None:
    """Values within 0.01 of 0.5: at 1,000 the interval is a tenth of Hoeffding's of one look."""
    low, high = betting_interval(0.49 + 0.02 * _low_discrepancy(1000), LEVEL)
    assert high - low < 0.1 * 2 * math.sqrt(math.log(2 / LEVEL) / 2000) * 2


def test_extreme_values() -> None:
    low, high = betting_interval([0.0] * 1000, LEVEL)
    assert low == 0.0
    assert 0 < high < 0.01
    low, high = betting_interval([7.0] * 1000, LEVEL, (5.0, 7.0))
    assert high == 7.0
    assert low > 6.98
    assert betting_interval([0.3], LEVEL) == (0.0, 1.0)


def test_a_drifting_mean_is_noticed() -> None:
    lower, upper = betting_sequence(np.r_[np.zeros(500), np.ones(500)], LEVEL)
    assert lower[499] <= upper[499]
    assert lower[-1] > upper[-1]


def test_ten_thousand_values_take_less_than_a_second() -> None:
    values = np.random.default_rng(34).random(10_000)
    start = time.process_time()
    betting_sequence(values, LEVEL)
    assert time.process_time() - start < 1.0
