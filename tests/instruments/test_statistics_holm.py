"""Holm's procedure: by hand, by definition, and in the rate of its false rejections."""

from __future__ import annotations

import numpy as np
import pytest

from verification.statistics import binomial_at_least, holm, holm_levels

LEVEL = 0.05


def test_adjusted_p_values_by_hand() -> None:
    p_values = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    assert holm(p_values, LEVEL) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(holm(p_values, LEVEL)) == ["a", "b", "c", "d"]
    assert holm([0.01, 0.04, 0.03, 0.005], LEVEL) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8], LEVEL) == [1.0, 1.0]
    assert holm([0.2], LEVEL) == [0.2]


def test_levels_by_hand() -> None:
    levels = holm_levels({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}, LEVEL)
    # d meets 0.05/4, a meets 0.05/3, c does not meet 0.05/2, and b shares that level.
    assert levels == pytest.approx({"a": LEVEL / 3, "b": LEVEL / 2, "c": LEVEL / 2, "d": LEVEL / 4})
    assert holm_levels({1: 0.5, 2: 0.6}, LEVEL) == {1: LEVEL / 2, 2: LEVEL / 2}
    assert holm_levels({1: 0.0}, LEVEL) == {1: LEVEL}


def test_levels_and_adjusted_p_values_decide_alike() -> None:
    """2,000 families, many with p-values at the very levels, where rounding could part the two."""
    rng = np.random.default_rng(25)
    rejections = 0
    for _ in range(2000):
        size, level = int(rng.integers(1, 9)), float(rng.choice([0.01, 0.05, 0.1, rng.uniform(0.01, 0.5)]))
        edges = np.concatenate([level / np.arange(1, size + 1), rng.uniform(0, 0.2, size), [0.0, 1.0]])
        p_values = {f"h{k}": float(p) for k, p in enumerate(rng.choice(edges, size))}
        adjusted, levels = holm(p_values, level), holm_levels(p_values, level)
        plain = sorted(p_values, key=p_values.__getitem__)
        largest = 0.0
        for place, key in enumerate(plain):
            assert (p_values[key] <= levels[key]) == (adjusted[key] <= level)
            largest = max(largest, min(1.0, (size - place) * p_values[key]))
            assert adjusted[key] == pytest.approx(largest, rel=1e-14)
            assert p_values[key] <= adjusted[key] <= 1.0
            rejections += adjusted[key] <= level
        assert sorted(adjusted.values()) == [adjusted[key] for key in plain]
        assert all(level / size <= share <= level for share in levels.values())
    assert rejections > 1000


def test_equal_p_values_share_their_fate() -> None:
    adjusted = holm([0.02, 0.02, 0.02], LEVEL)
    assert adjusted == pytest.approx([0.06] * 3)
    assert holm([0.016, 0.016, 0.016], LEVEL) == pytest.approx([0.048] * 3)


@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_true_hypotheses_are_rejected_at_the_level(correlation: float) -> None:
    """Null: 6 of 10 correlated one-sided normal hypotheses; any of the 6 rejected: 0.05; 4,000 rounds; fails 1e-6."""
    from scipy import stats

    rng = np.random.default_rng(26)
    shared, own = rng.normal(size=(4000, 1)), rng.normal(size=(4000, 10))
    shift = np.where(np.arange(10) < 6, 0.0, 3.5)
    p_values = stats.norm.sf(np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own + shift)
    rejected = np.array([holm(row, LEVEL) for row in p_values]) <= LEVEL
    assert binomial_at_least(int(rejected[:, :6].any(axis=1).sum()), 4000, LEVEL) > 1e-6
    # Unadjusted it is 0.26 (independent); and Holm's rejects all that Bonferroni's does, and more.
    assert binomial_at_least(int((p_values[:, :6] <= LEVEL).any(axis=1).sum()), 4000, LEVEL) < 1e-6
    bonferroni = p_values <= LEVEL / 10
    assert (rejected >= bonferroni).all()
    assert rejected.sum() > bonferroni.sum()
