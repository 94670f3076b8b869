"""What is called detectable is detected with the stated power."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from verification.statistics import (
    POWER,
    binomial_at_least,
    binomial_two_sided,
    critical_count,
    critical_rate,
    detectable_proportion,
    detectable_rate,
)

SIZE, RATE, LEVEL = 20_000, 0.1, 0.01


def _power(shifted: float) -> float:
    """Exact probability that the two-sided test rejects."""
    counts = np.arange(1500, 3001)  # holds all but 1e-20 of the law
    rejected = [binomial_two_sided(int(c), SIZE, RATE) <= LEVEL for c in counts]
    return float(stats.binom.pmf(counts, SIZE, shifted)[rejected].sum())


def test_detectable_rate_is_detected_with_the_stated_power() -> None:
    """Alternative: the rate is off by the detectable share; exact power 0.9 to within 0.02, on either side."""
    shift = detectable_rate(SIZE, RATE, LEVEL)
    assert _power(RATE * (1 + shift)) == pytest.approx(POWER, abs=0.02)
    assert _power(RATE * (1 - shift)) == pytest.approx(POWER, abs=0.02)


def test_critical_rate_is_where_the_test_begins_to_reject() -> None:
    edge = SIZE * RATE * (1 + critical_rate(SIZE, RATE, LEVEL))
    assert binomial_two_sided(math.floor(edge) - 2, SIZE, RATE) > LEVEL
    assert binomial_two_sided(math.ceil(edge) + 2, SIZE, RATE) <= LEVEL


@pytest.mark.parametrize("null", [0.0, 0.001, 0.05, 0.5])
@pytest.mark.parametrize("size", [1, 10, 400])
@pytest.mark.parametrize("level", [1e-9, 0.01, 0.2])
def test_critical_count_is_the_smallest_that_refutes(size: int, null: float, level: float) -> None:
    needed = critical_count(size, level, null)
    assert 1 <= needed <= size + 1
    assert binomial_at_least(needed - 1, size, null) > level
    assert needed > size or binomial_at_least(needed, size, null) <= level


@pytest.mark.parametrize(("size", "null"), [(5, 0.0), (22, 0.0), (50, 0.01), (3000, 0.001)])
def test_detectable_proportion_is_seen_with_the_stated_power(size: int, null: float) -> None:
    rate = detectable_proportion(size, 0.01, null)
    assert binomial_at_least(critical_count(size, 0.01, null), size, rate) == pytest.approx(POWER, rel=1e-9)


def test_detectable_proportion_by_hand() -> None:
    # Never seen in 22 trials with probability 0.1 at a rate of 1 - 0.1^(1/22).
    assert detectable_proportion(22, 0.01) == pytest.approx(1 - 0.1 ** (1 / 22))
    assert detectable_proportion(22, 1e-9) == detectable_proportion(22, 0.5)
    assert detectable_proportion(3, 1e-9, 0.5) == math.inf
    assert detectable_proportion(10, 0.01, 1.0) == math.inf


def test_detectable_proportion_simulated() -> None:
    """Alternative: 50 trials at the detectable rate; null rate 0.01, level 0.01; 4,000 rounds; fails 1e-6."""
    rng = np.random.default_rng(9)
    counts = rng.binomial(50, detectable_proportion(50, 0.01, 0.01), 4000)
    seen = sum(binomial_at_least(int(c), 50, 0.01) <= 0.01 for c in counts)
    assert binomial_two_sided(seen, 4000, POWER) > 1e-6
