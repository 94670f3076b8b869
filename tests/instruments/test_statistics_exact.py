"""Tests and intervals of counts have the level that they claim, exactly."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from verification.statistics import (
    binomial_at_least,
    binomial_interval,
    binomial_two_sided,
    fisher,
    hypergeometric_two_sided,
)

ROUNDS = 4000


def test_binomial_p_value_by_hand() -> None:
    # P(Bin(4, 1/2) <= 0) = 1/16; twice that.
    assert binomial_two_sided(0, 4, 0.5) == pytest.approx(0.125)
    assert binomial_two_sided(2, 4, 0.5) == 1.0
    assert binomial_at_least(1, 10, 0.1) == pytest.approx(1 - 0.9**10)
    assert binomial_at_least(0, 10, 0.1) == 1.0
    assert binomial_two_sided(0, 5, 0.0) == 1.0
    assert binomial_two_sided(1, 5, 0.0) == 0.0


def test_binomial_test_keeps_its_level_for_unequal_rates() -> None:
    """Null: 300 independent indicators of mean rate 0.3 but unequal rates; level 0.05; 4,000 rounds; fails 1e-6."""
    rng = np.random.default_rng(1)
    rates = rng.beta(0.6, 1.4, size=300)
    rates *= 0.3 / rates.mean()
    assert rates.max() <= 1
    counts = (rng.random((ROUNDS, 300)) < rates).sum(axis=1)
    rejected = sum(binomial_two_sided(int(c), 300, 0.3) <= 0.05 for c in counts)
    assert stats.binom.sf(rejected - 1, ROUNDS, 0.05) > 1e-6


@pytest.mark.parametrize("size", [1, 7, 60])
def test_binomial_p_values_have_their_level_by_enumeration(size: int) -> None:
    """Null: Bin(size, rate); at every rate and level the probability of p <= level is at most the level."""
    for rate, level in itertools.product([0.01, 0.2, 0.5, 0.93], [0.001, 0.01, 0.05, 0.3]):
        weights = stats.binom.pmf(np.arange(size + 1), size, rate)
        for test in (binomial_two_sided, binomial_at_least):
            rejected = [test(count, size, rate) <= level for count in range(size + 1)]
            assert weights[rejected].sum() <= level * (1 + 1e-12)


@pytest.mark.parametrize("level", [1e-6, 0.01, 0.05, 0.5])
def test_binomial_interval_is_that_of_scipy(level: float) -> None:
    for size, count in [(1, 0), (1, 1), (10, 0), (10, 3), (10, 10), (5000, 17), (10**6, 999_000)]:
        theirs = stats.binomtest(count, size).proportion_ci(1 - level, method="exact")
        assert binomial_interval(count, size, level) == pytest.approx(tuple(theirs), rel=1e-8)


@pytest.mark.parametrize("size", [1, 5, 40])
def test_binomial_interval_covers_by_enumeration(size: int) -> None:
    """At each of 199 rates the probability of the counts whose interval misses the rate is at most the level."""
    level = 0.05
    limits = np.array([binomial_interval(count, size, level) for count in range(size + 1)])
    for rate in np.linspace(0.005, 0.995, 199):
        weights = stats.binom.pmf(np.arange(size + 1), size, rate)
        assert weights[limits[:, 0] > rate].sum() <= level / 2 + 1e-12
        assert weights[limits[:, 1] < rate].sum() <= level / 2 + 1e-12


def test_binomial_interval_holds_what_the_one_sided_tests_do_not_reject() -> None:
    low, high = binomial_interval(7, 50, 0.04)
    assert binomial_at_least(7, 50, low) == pytest.approx(0.02)
    assert stats.binom.cdf(7, 50, high) == pytest.approx(0.02)


def test_hypergeometric_p_value_by_hand() -> None:
    # 2 of 2 drawn are marked, of 4 with 2 marked: probability 1/6; twice that.
    assert hypergeometric_two_sided(2, 2, 2, 4) == pytest.approx(1 / 3)
    assert hypergeometric_two_sided(1, 2, 2, 4) == 1.0
    assert hypergeometric_two_sided(0, 0, 5, 9) == 1.0
    assert hypergeometric_two_sided(9, 9, 9, 9) == 1.0


@pytest.mark.parametrize(("drawn", "marked", "total"), [(3, 4, 9), (20, 30, 50), (45, 30, 50), (300, 500, 10_000)])
def test_hypergeometric_test_is_that_of_scipy_and_has_its_level(drawn: int, marked: int, total: int) -> None:
    """Null: uniform sets; by enumeration P(p <= level) is at most the level."""
    counts = np.arange(max(0, drawn + marked - total), min(drawn, marked) + 1)
    law = stats.hypergeom(total, marked, drawn)
    p_values = np.array([hypergeometric_two_sided(int(c), drawn, marked, total) for c in counts])
    tails = np.minimum(1.0, 2 * np.minimum(law.cdf(counts), law.sf(counts - 1)))
    np.testing.assert_allclose(p_values, tails, rtol=1e-12)
    for level in (0.001, 0.01, 0.05, 0.5):
        assert law.pmf(counts)[p_values <= level].sum() <= level * (1 + 1e-9)


def test_hypergeometric_tails_keep_their_digits() -> None:
    # Exchanging what is drawn and what is marked changes nothing; nor does counting the unmarked ones.
    p_value = hypergeometric_two_sided(400, 1000, 2000, 10_000)
    assert 0 < p_value < 1e-40
    assert hypergeometric_two_sided(400, 2000, 1000, 10_000) == pytest.approx(p_value, rel=1e-8)
    assert hypergeometric_two_sided(600, 1000, 8000, 10_000) == pytest.approx(p_value, rel=1e-8)


def test_fisher_is_uniform_under_the_null() -> None:
    """Null: 4 independent uniform p-values; 4,000 rounds; Kolmogorov-Smirnov; fails 1e-6."""
    rng = np.random.default_rng(4)
    combined = [fisher(list(p)) for p in rng.random((ROUNDS, 4))]
    assert stats.kstest(combined, "uniform").pvalue > 1e-6


def test_fisher_is_that_of_scipy() -> None:
    assert fisher([0.2, 0.03, 0.9]) == pytest.approx(stats.combine_pvalues([0.2, 0.03, 0.9]).pvalue)
    assert fisher([0.37]) == pytest.approx(0.37)
    assert fisher([0.0, 0.5]) == 0.0
    assert fisher([1.0, 1.0]) == 1.0
