"""Student's interval and test agree with each other and have their level."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from verification.statistics import (
    POWER,
    binomial_two_sided,
    contrast_interval,
    detectable_mean,
    mean_interval,
    mean_p_value,
)

ROUNDS = 4000


def test_mean_interval_covers() -> None:
    """Null: 6 normal values of mean 2; each side misses with probability 0.02; 4,000 rounds; fails 2e-6."""
    rng = np.random.default_rng(3)
    missed = np.zeros(2, dtype=int)
    for values in rng.normal(2.0, 3.0, size=(ROUNDS, 6)):
        _, low, high = mean_interval(list(values), 0.02)
        missed += (low > 2.0, high < 2.0)
    assert min(binomial_two_sided(int(count), ROUNDS, 0.02) for count in missed) > 1e-6


def test_mean_p_value_is_uniform_at_the_bound() -> None:
    """Null: 5 normal values whose mean is the bound; 4,000 rounds; Kolmogorov-Smirnov; fails 2e-6."""
    rng = np.random.default_rng(5)
    drawn = rng.normal(-1.0, 0.3, size=(ROUNDS, 5))
    for side in ("above", "below"):
        p_values = [mean_p_value(values, -1.0, side) for values in drawn]
        assert stats.kstest(p_values, "uniform").pvalue > 1e-6


def test_p_value_is_at_most_the_level_where_the_limit_excludes_the_bound() -> None:
    rng = np.random.default_rng(6)
    met = set()
    for _ in range(500):
        values, bound, level = rng.normal(size=int(rng.integers(2, 9))), rng.normal(0, 0.6), rng.uniform(0.01, 0.9)
        _, low, high = mean_interval(values, level)
        above, below = mean_p_value(values, bound, "above"), mean_p_value(values, bound, "below")
        assert (above <= level) == (low > bound)
        assert (below <= level) == (high < bound)
        assert above + below == pytest.approx(1.0)
        met.add((above <= level, below <= level))
    assert {(True, False), (False, True), (False, False)} <= met


def test_p_value_and_interval_are_those_of_scipy() -> None:
    values = np.random.default_rng(7).normal(1.0, 2.0, 12)
    for side, alternative in (("above", "greater"), ("below", "less")):
        theirs = stats.ttest_1samp(values, 0.4, alternative=alternative)
        assert mean_p_value(values, 0.4, side) == pytest.approx(theirs.pvalue, rel=1e-10)
    mean, low, high = mean_interval(values, 0.03)
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx(tuple(stats.ttest_1samp(values, 0).confidence_interval(0.94)), rel=1e-10)


@pytest.mark.parametrize("values", [[0.1] * 3, [0.0, 0.0], [1e-200] * 7, [-3.3e9] * 5])
def test_equal_values_leave_one_point(values: list[float]) -> None:
    here = values[0]
    assert mean_interval(values, 0.01) == (here, here, here)
    assert mean_p_value(values, here, "above") == mean_p_value(values, here, "below") == 1.0
    assert mean_p_value(values, here - 1e-3, "above") == mean_p_value(values, here + 1e-3, "below") == 0.0
    assert detectable_mean(values, 0.01) == 0.0


def test_spread_that_underflows_when_squared_is_seen() -> None:
    _, low, high = mean_interval([0.0, 1e-200], 0.01)
    assert low < 0 < 1e-200 < high
    assert mean_p_value([0.0, 1e-200], 1.0, "below") == pytest.approx(0.0, abs=1e-100)
    assert math.isfinite(mean_interval([-1e150, 1e150], 0.01)[2])
    assert mean_p_value([0.0, 5e-324], -1e150, "above") == 0.0


@pytest.mark.parametrize("size", [2, 3, 5, 10, 30, 300])
@pytest.mark.parametrize("level", [0.05, 0.01, 0.0005])
def test_detectable_mean_is_detected_with_the_stated_power(size: int, level: float) -> None:
    """Alternative: a shift that is the detectable one at the true spread; 20,000 rounds; false failure below 1e-6."""
    values = np.random.default_rng(8).normal(size=size)
    shift = detectable_mean(values, level)
    spread = values.std(ddof=1)
    rng = np.random.default_rng(size)
    drawn = rng.normal(shift, spread, size=(20_000, size))
    ratio = drawn.mean(axis=1) / (drawn.std(axis=1, ddof=1) / math.sqrt(size))
    found = int(np.sum(ratio > stats.t.isf(level, size - 1)))
    assert binomial_two_sided(found, 20_000, POWER) > 1e-6


def test_detectable_mean_grows_with_the_spread() -> None:
    assert detectable_mean([1.0, 2.0, 3.0], 0.05) == pytest.approx(10 * detectable_mean([0.1, 0.2, 0.3], 0.05))


def test_contrasts_agree_with_welch() -> None:
    """Against SciPy's Welch test: the interval excludes 0 exactly where the p-value reaches the level."""
    rng = np.random.default_rng(11)
    for size_x, size_y in ((3, 9), (8, 8), (20, 4)):
        x, y = rng.normal(0.6, 1.0, size_x), rng.normal(0.0, 3.0, size_y)
        test = stats.ttest_ind(x, y, equal_var=False, alternative="greater")
        mean, low, high = contrast_interval(list(x), list(y), 1.0, float(test.pvalue))
        assert mean == pytest.approx(x.mean() - y.mean())
        assert low == pytest.approx(0.0, abs=1e-9)
        assert high == pytest.approx(2 * mean)
        doubled = contrast_interval(list(x), list(2 * y), 0.5, 0.01)
        assert doubled == pytest.approx(contrast_interval(list(x), list(y), 1.0, 0.01))


def test_contrasts_cover() -> None:
    """Null: normal values of unequal spread, contrast 1; each side misses with probability 0.02; 4,000 rounds."""
    rng = np.random.default_rng(12)
    missed = np.zeros(2)
    for _ in range(4000):
        _, low, high = contrast_interval(list(rng.normal(2.0, 1.0, 8)), list(rng.normal(2.0, 3.0, 12)), 0.5, 0.02)
        missed += (low > 1.0, high < 1.0)
    # Welch's degrees of freedom are approximate: the level is kept to a few tenths of itself.
    assert binomial_two_sided(int(missed.sum()), 8000, 0.02) > 1e-6
