"""Permutation tests count every arrangement, and have exactly the level that they claim."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from graphon_theory.errors import InputError
from verification.statistics import binomial_at_least, binomial_two_sided, sign_flip_p_value, two_sample_p_value

ROUNDS = 2000
ALTERNATIVES = ("greater", "less", "two-sided")


def test_sign_flips_by_hand() -> None:
    assert sign_flip_p_value([1.0, 2.0, 4.0], "greater") == 1 / 8
    assert sign_flip_p_value([1.0, 2.0, 4.0], "less") == 1.0
    assert sign_flip_p_value([1.0, 2.0, 4.0]) == 2 / 8
    assert sign_flip_p_value([-1.0, 2.0, 4.0], "greater") == 2 / 8
    assert sign_flip_p_value([0.0, 0.0]) == 1.0
    assert sign_flip_p_value([3.0, 0.0, 0.0], "greater") == 1 / 2


def test_ties_that_rounding_parts_are_ties() -> None:
    # 0.1 + 0.2 - 0.3 is 5.6e-17, and its mirror image the negative of that; both sums are 0.
    assert sign_flip_p_value([0.1, 0.2, -0.3], "greater") == 5 / 8
    assert sign_flip_p_value([0.1, 0.2, -0.3], "less") == 5 / 8
    # The sums 0.1 + 0.2 and 0.3 + 0 tie; so do means of splits far from zero.
    for offset in (0.0, 1.0, 1e6):
        x, y = offset + np.array([0.25, 0.5]), offset + np.array([0.75, 0.0])
        assert two_sample_p_value(x, y, alternative="greater") == 4 / 6
        assert two_sample_p_value(x, y, lambda a, b: float(a.mean() - b.mean()), "greater") == 4 / 6


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_sign_flips_are_those_of_scipy(alternative: str) -> None:
    rng = np.random.default_rng(10)
    x, y = rng.normal(0.4, 1, 9), rng.normal(0, 1, 9)
    theirs = stats.permutation_test(
        (x, y), lambda a, b: np.mean(a - b), permutation_type="samples", alternative=alternative, n_resamples=np.inf
    )
    assert sign_flip_p_value(x - y, alternative) == pytest.approx(theirs.pvalue, rel=1e-12)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_splits_are_those_of_scipy(alternative: str) -> None:
    rng = np.random.default_rng(11)
    x, y = rng.exponential(2.0, 5), rng.exponential(1.0, 7)
    theirs = stats.permutation_test(
        (x, y), lambda a, b: np.mean(a) - np.mean(b), alternative=alternative, n_resamples=np.inf
    )
    assert two_sample_p_value(x, y, alternative=alternative) == pytest.approx(theirs.pvalue, rel=1e-12)
    by_function = two_sample_p_value(x, y, lambda a, b: float(a.mean() - b.mean()), alternative)
    assert by_function == pytest.approx(theirs.pvalue, rel=1e-12)


def test_any_statistic_is_ranked_among_all_splits() -> None:
    x, y = np.array([0.0, 9.0, -7.0]), np.array([1.0, 2.0, 1.5, 0.5])
    pooled = np.concatenate([x, y])
    ratios = []
    for chosen in itertools.combinations(range(7), 3):
        inside = np.isin(np.arange(7), chosen)
        ratios.append(np.log(pooled[inside].var() / pooled[~inside].var()))
    expected = np.mean(np.array(ratios) >= ratios[0] - 1e-9)
    assert two_sample_p_value(x, y, lambda a, b: float(np.log(a.var() / b.var())), "greater") == expected < 0.1


def test_sign_flips_have_exactly_their_level() -> None:
    """Null: 10 symmetric heavy-tailed differences of unequal spreads, all 1,024 patterns; level 51/1024; fails 1e-6."""
    rng = np.random.default_rng(12)
    drawn = rng.standard_t(2, size=(ROUNDS, 10)) * np.geomspace(0.1, 10, 10)
    rejected = sum(sign_flip_p_value(values, "greater") <= 0.05 for values in drawn)
    assert binomial_two_sided(rejected, ROUNDS, 51 / 1024) > 1e-6


def test_drawn_sign_flips_have_exactly_their_level() -> None:
    """Null: 40 symmetric differences, 99 patterns drawn; two-sided level 4/100; 2,000 rounds; fails 1e-6."""
    rng = np.random.default_rng(13)
    drawn = rng.laplace(size=(ROUNDS, 40))
    rejected = sum(sign_flip_p_value(values, draws=99, rng=rng) <= 0.05 for values in drawn)
    assert binomial_two_sided(rejected, ROUNDS, 0.04) > 1e-6


def test_splits_have_exactly_their_level() -> None:
    """Null: 4 and 5 draws of one skewed law, all 126 splits; level 6/126; 2,000 rounds; fails 1e-6."""
    rng = np.random.default_rng(14)
    drawn = rng.lognormal(0, 2, size=(ROUNDS, 9))
    rejected = sum(two_sample_p_value(values[:4], values[4:], alternative="less") <= 0.05 for values in drawn)
    assert binomial_two_sided(rejected, ROUNDS, 6 / 126) > 1e-6


def test_drawn_splits_have_exactly_their_level() -> None:
    """Null: 10 and 30 draws of one skewed law, 99 splits drawn; level 5/100; 2,000 rounds; fails 1e-6."""
    rng = np.random.default_rng(15)
    drawn = rng.exponential(size=(ROUNDS, 40))
    rejected = sum(
        two_sample_p_value(values[:10], values[10:], alternative="greater", draws=99, rng=rng) <= 0.05
        for values in drawn
    )
    assert binomial_two_sided(rejected, ROUNDS, 0.05) > 1e-6


def test_student_fails_where_the_splits_hold() -> None:
    """Null: as above, 4 and 36 draws; Welch's test at one-sided level 0.01 rejects far more often; fails 1e-6."""
    rng = np.random.default_rng(16)
    drawn = rng.lognormal(0, 1.5, size=(ROUNDS, 40))
    welch = stats.ttest_ind(drawn[:, :4], drawn[:, 4:], axis=1, equal_var=False, alternative="less").pvalue
    assert binomial_at_least(int((welch <= 0.01).sum()), ROUNDS, 0.01) < 1e-6
    ours = sum(two_sample_p_value(v[:4], v[4:], alternative="less", draws=199, rng=rng) <= 0.01 for v in drawn)
    assert binomial_two_sided(ours, ROUNDS, 2 / 200) > 1e-6


def test_drawn_arrangements_come_near_all_of_them() -> None:
    """The share among thousands of draws is that of the enumeration, up to its binomial spread; fails 2e-6."""
    values = np.random.default_rng(17).normal(0.3, 1, 14)
    draws = 16_000  # fewer than the 16,384 patterns
    exact = sign_flip_p_value(values, "greater", draws=2**14)
    drawn = sign_flip_p_value(values, "greater", draws=draws, rng=np.random.default_rng(18))
    assert binomial_two_sided(round(drawn * (draws + 1)) - 1, draws, exact) > 1e-6
    x, y = values[:7], values[7:]
    exact = two_sample_p_value(x, y, alternative="less", draws=3432)
    drawn = two_sample_p_value(x, y, alternative="less", draws=3431, rng=np.random.default_rng(19))
    assert binomial_two_sided(round(drawn * 3432) - 1, 3431, exact) > 1e-6


def test_a_shift_is_found() -> None:
    """Alternative: a shift of 3 standard deviations, 30 values: the least p-value, but with probability < 1e-9."""
    rng = np.random.default_rng(20)
    assert sign_flip_p_value(rng.normal(3, 1, 30), "greater") == 1 / 10_000
    assert two_sample_p_value(rng.normal(3, 1, 30), rng.normal(0, 1, 30), alternative="greater") == 1 / 10_000


def test_results_repeat_and_scale_out() -> None:
    values = np.random.default_rng(21).normal(0.2, 1, 50)
    assert sign_flip_p_value(values) == sign_flip_p_value(values)
    assert sign_flip_p_value(values * 2.0**-900) == sign_flip_p_value(values)
    x, y = values[:20], values[20:]
    assert two_sample_p_value(x, y) == two_sample_p_value(x * 2.0**400, y * 2.0**400)


def test_a_statistic_that_is_not_finite_is_named() -> None:
    with pytest.raises(InputError, match="statistic = nan: give a function that is finite"):
        two_sample_p_value([1.0, 2.0], [3.0], lambda a, b: float("nan"))
