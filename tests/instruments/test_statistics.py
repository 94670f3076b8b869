"""The tests behind the verdicts have the level and the power that they claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from verification.statistics import (
    binomial_at_least,
    binomial_two_sided,
    detectable_mean,
    detectable_rate,
    fisher,
    mean_interval,
)

ROUNDS = 4000
# A share of rare events in ROUNDS rounds stays below p + 5 sd except once in three million.


def _at_most(share: float) -> float:
    return share + 5 * math.sqrt(share * (1 - share) / ROUNDS)


def test_binomial_p_value_by_hand() -> None:
    # P(Bin(4, 1/2) <= 0) = 1/16; twice that.
    assert binomial_two_sided(0, 4, 0.5) == pytest.approx(0.125)
    assert binomial_two_sided(2, 4, 0.5) == 1.0
    assert binomial_at_least(1, 10, 0.1) == pytest.approx(1 - 0.9**10)


def test_binomial_test_keeps_its_level_for_unequal_rates() -> None:
    """Null: independent indicators of mean rate 0.3 but unequal rates; level 0.05; 4,000 rounds."""
    rng = np.random.default_rng(1)
    rates = rng.beta(0.6, 1.4, size=300)
    rates *= 0.3 / rates.mean()
    assert rates.max() <= 1
    counts = (rng.random((ROUNDS, 300)) < rates).sum(axis=1)
    rejected = np.mean([binomial_two_sided(int(c), 300, 0.3) <= 0.05 for c in counts])
    assert rejected <= _at_most(0.05)


def test_detectable_rate_is_detected_with_the_stated_power() -> None:
    """Alternative: the rate is off by the detectable share; power 0.9, to within 0.03; 4,000 rounds."""
    rng = np.random.default_rng(2)
    size, rate, level = 20_000, 0.1, 0.01
    shifted = rate * (1 + detectable_rate(size, rate, level))
    counts = rng.binomial(size, shifted, ROUNDS)
    power = np.mean([binomial_two_sided(int(c), size, rate) <= level for c in counts])
    assert power == pytest.approx(0.9, abs=0.03)


def test_mean_interval_covers() -> None:
    """Null: normal values of mean 2; each side misses with probability 0.02; 4,000 rounds of 6."""
    rng = np.random.default_rng(3)
    missed = np.zeros(2)
    for values in rng.normal(2.0, 3.0, size=(ROUNDS, 6)):
        _, low, high = mean_interval(list(values), 0.02)
        missed += (low > 2.0, high < 2.0)
    assert max(missed) / ROUNDS <= _at_most(0.02)
    assert min(missed) / ROUNDS >= 0.02 - 5 * math.sqrt(0.02 / ROUNDS)


def test_detectable_mean_grows_with_the_spread() -> None:
    assert detectable_mean([1.0, 2.0, 3.0], 0.05) == pytest.approx(10 * detectable_mean([0.1, 0.2, 0.3], 0.05))


def test_fisher_is_uniform_under_the_null() -> None:
    rng = np.random.default_rng(4)
    combined = [fisher(list(p)) for p in rng.random((ROUNDS, 4))]
    assert stats.kstest(combined, "uniform").pvalue > 1e-6
