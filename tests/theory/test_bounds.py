"""LIM-a's bounds: against brute force on tiny matrices, and against simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.special import comb

from graphon_theory.bounds import bernstein_bound, bernstein_deviation, hoeffding_bound, rectangle_bound
from graphon_theory.errors import InputError


def _brute_force(p: np.ndarray, delta: float) -> float:
    """Evaluate the same theorem by plain loops over all blocks, with exact block variances."""
    n, d = p.shape
    variance = p * (1 - p)
    total = variance.sum()
    worst = 0.0
    for a in range(1, n + 1):
        for b in range(1, d + 1):
            block = max(
                variance[np.ix_(rows, columns)].sum()
                for rows in itertools.combinations(range(n), a)
                for columns in itertools.combinations(range(d), b)
            )
            block = block * (1 - block / total) if block < total / 2 else total / 4
            log_odds = math.log(comb(n, a) * comb(d, b) * 4 * n * d / delta)
            worst = max(worst, log_odds / 3 + math.sqrt(log_odds**2 / 9 + 2 * block * log_odds))
    tail = math.log(4 / delta)
    return (worst + tail / 3 + math.sqrt(tail**2 / 9 + 2 * total * tail) + 0.5) / (n * d)


@pytest.mark.parametrize("seed", range(5))
def test_bernstein_bound_is_no_smaller_than_brute_force_and_close(seed: int) -> None:
    p = np.random.default_rng(seed).uniform(size=(4, 5))
    exact = _brute_force(p, 0.05)
    assert exact * (1 - 1e-12) <= bernstein_bound(p, 0.05) <= 1.1 * exact


def test_bernstein_bound_is_exact_for_a_constant_profile() -> None:
    p = np.full((4, 6), 0.3)
    assert bernstein_bound(p, 0.01) == pytest.approx(_brute_force(p, 0.01), rel=1e-12)


@pytest.mark.parametrize("v", [0.0, 0.1, 3.0, 1e4])
@pytest.mark.parametrize("log_odds", [0.5, 7.0, 300.0])
def test_deviation_solves_bernsteins_equation(v: float, log_odds: float) -> None:
    x = float(bernstein_deviation(v, log_odds))
    assert x**2 / (2 * (v + x / 3)) == pytest.approx(log_odds, rel=1e-12)


def test_hoeffding_number_by_hand() -> None:
    n, d, delta = 100, 50, 0.01
    rectangles = math.sqrt((150 * math.log(2) + math.log(400)) / (2 * n * d))
    assert hoeffding_bound(n, d, delta) == pytest.approx(
        rectangles + math.sqrt(math.log(400) / (2 * n * d)) + 1 / (2 * n * d), rel=1e-14
    )


def test_bounds_fall_in_the_size_and_bernstein_is_sharper() -> None:
    sizes = (32, 64, 128, 256)
    plain = [hoeffding_bound(n, n, 1e-3) for n in sizes]
    sharp = [bernstein_bound(np.full((n, n), 0.1), 1e-3) for n in sizes]
    assert plain == sorted(plain, reverse=True)
    assert sharp == sorted(sharp, reverse=True)
    assert all(s < p for s, p in zip(sharp, plain, strict=True))


def test_rectangle_bound_holds_on_simulated_masks() -> None:
    """Null: the bound fails with probability at most 0.05. 4,000 masks; it may fail 200 times + 5 sd."""
    rng = np.random.default_rng(7)
    n, d, rho, delta = 12, 14, 0.25, 0.05
    profile = np.outer(rng.uniform(0.5, 1.5, n), rng.uniform(0.5, 1.5, d))
    from graphon_theory import FiniteModel, Gaussian

    p = FiniteModel(profile, Gaussian()).probabilities(rho)
    inside = (slice(0, 6), slice(0, 9))
    variance = p * (1 - p)
    bound = rectangle_bound(float(variance[inside].sum()), float(variance.sum()), n * d, delta)
    k = round(rho * n * d)
    failures = 0
    for _ in range(4000):
        scores = profile * np.abs(rng.standard_normal((n, d)))
        kept = scores >= np.partition(scores.ravel(), n * d - k)[n * d - k]
        failures += abs((kept[inside] - p[inside]).sum()) / (n * d) > bound
    assert failures <= 200 + 5 * math.sqrt(4000 * 0.05 * 0.95)


@pytest.mark.parametrize("delta", [0.0, 1.0, float("nan")])
def test_bad_delta_is_refused(delta: float) -> None:
    with pytest.raises(InputError, match="delta"):
        hoeffding_bound(3, 3, delta)
    with pytest.raises(InputError, match="delta"):
        bernstein_bound(np.full((3, 3), 0.5), delta)
    with pytest.raises(InputError, match="delta"):
        rectangle_bound(1.0, 2.0, 9, delta)


@pytest.mark.parametrize("p", [np.full((2, 2), 1.5), np.full((2, 2), np.nan), np.zeros(3), np.zeros((0, 2))])
def test_bad_probabilities_are_refused(p: np.ndarray) -> None:
    with pytest.raises(InputError, match="probabilities"):
        bernstein_bound(p, 0.1)


def test_bad_sizes_and_variances_are_refused() -> None:
    with pytest.raises(InputError, match="n = 0"):
        hoeffding_bound(0, 3, 0.1)
    with pytest.raises(InputError, match="block_variance"):
        rectangle_bound(3.0, 2.0, 9, 0.1)
