"""The Monte Carlo rank test is exact at any number of draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from verification.statistics import binomial_at_least, binomial_two_sided, rank_p_value

ROUNDS = 20_000


def test_ranks_by_hand() -> None:
    null = [1.0, 2.0, 3.0, 4.0]
    assert rank_p_value(5.0, null) == 1 / 5
    assert rank_p_value(5.0, null, "less") == 1.0
    assert rank_p_value(5.0, null, "two-sided") == 2 / 5
    assert rank_p_value(2.0, null) == 4 / 5
    assert rank_p_value(2.0, null, "less") == 3 / 5
    assert rank_p_value(2.5, null, "two-sided") == 1.0


def test_ties_count_as_extreme() -> None:
    assert rank_p_value(1.0, [1.0] * 9) == rank_p_value(1.0, [1.0] * 9, "less") == 1.0
    almost = 0.1 + 0.2
    assert rank_p_value(almost, [0.3]) == 1 / 2
    assert rank_p_value(almost, [0.3], tolerance=1e-15) == 1.0


@pytest.mark.parametrize(("alternative", "share"), [("greater", 2 / 40), ("less", 2 / 40), ("two-sided", 2 / 40)])
def test_the_level_is_exact(alternative: str, share: float) -> None:
    """Null: exchangeable draws of a skewed law, 39 of them; level 0.05 = 2/40; 20,000 rounds; fails 1e-6."""
    rng = np.random.default_rng(22)
    drawn = rng.exponential(size=(ROUNDS, 40))
    rejected = sum(rank_p_value(float(row[0]), row[1:], alternative) <= 0.05 for row in drawn)
    assert binomial_two_sided(rejected, ROUNDS, share) > 1e-6


def test_the_level_is_kept_for_tied_laws() -> None:
    """Null: 19 draws of a Poisson law of mean 1; level 0.05, less is used; 20,000 rounds; fails 1e-6."""
    rng = np.random.default_rng(23)
    drawn = rng.poisson(1.0, size=(ROUNDS, 20)).astype(float)
    rejected = sum(rank_p_value(float(row[0]), row[1:]) <= 0.05 for row in drawn)
    assert binomial_at_least(rejected, ROUNDS, 0.05) > 1e-6
    assert rejected < 0.05 * ROUNDS


def test_the_plain_share_of_larger_draws_has_not_the_level() -> None:
    """The same null, without counting the observed value: level 0.01 is met with probability 1/20; fails 1e-6."""
    drawn = np.random.default_rng(24).normal(size=(ROUNDS, 20))
    plain = (drawn[:, 1:] >= drawn[:, :1]).mean(axis=1)
    assert stats.binom.sf((plain <= 0.01).sum() - 1, ROUNDS, 0.01) < 1e-6
