"""Bounds (LIM-a, LIM-b, NULL, COUNT): against brute force on tiny matrices, and against simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import sympy
import torch
from scipy.optimize import brentq
from scipy.special import comb
from scipy.stats import norm

from graphon_theory import FiniteModel, Gaussian, SaliencyModel, notation
from graphon_theory.bounds import (
    bernstein_bound,
    bernstein_deviation,
    counting_bound,
    hoeffding_bound,
    null_distance,
    population_bound,
    rectangle_bound,
    type_discrepancy,
)
from graphon_theory.errors import InputError
from verification.cutnorm.lower import cut_norm_lower
from verification.sampling import sample_mask


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


def test_population_number_by_hand() -> None:
    n, d, delta = 200, 50, 0.02
    rows, columns = math.sqrt(math.log(100) / 400), math.sqrt(math.log(100) / 100)
    assert population_bound(n, d, delta, mask_bound=0.1) == pytest.approx(0.1 + 2 * (rows + columns), rel=1e-14)
    assert population_bound(n, d, delta, columns="grid") == pytest.approx(
        hoeffding_bound(n, d, delta) + 2 * (rows + 0.01), rel=1e-14
    )
    assert type_discrepancy(n, delta) == pytest.approx(rows, rel=1e-14)


def test_population_bound_does_not_vanish_at_fixed_width_of_the_input() -> None:
    at = [population_bound(n, 64, 0.01) for n in (10**3, 10**6, 10**12)]
    assert at == sorted(at, reverse=True)
    assert at[-1] > 2 * type_discrepancy(64, 0.01)


def test_discrepancy_of_types_holds_at_its_rate() -> None:
    """Null: the Kolmogorov distance exceeds ``type_discrepancy`` with probability <= 0.05. 4,000 samples of 30."""
    rng = np.random.default_rng(4)
    u = np.sort(rng.uniform(size=(4000, 30)), axis=1)
    above, below = np.arange(1, 31) / 30 - u, u - np.arange(30) / 30
    failures = int((np.maximum(above, below).max(axis=1) > type_discrepancy(30, 0.05)).sum())
    assert 100 <= failures <= 200 + 5 * math.sqrt(4000 * 0.05 * 0.95)


@pytest.mark.parametrize("columns", ["iid", "grid"])
def test_population_bound_holds_step_by_step_in_l1(columns: str) -> None:
    """The part beyond LIM-a, ``||W_P - W||_1 <= 2 (D_u + D_v)``, D measured on each sample: holds for certain."""
    model = SaliencyModel(g=notation.u**2, f=sympy.exp(-2 * notation.v))
    rho, n, d, fine = 0.2, 24, 16, 960
    W = model.graphon(rho)
    grid = (np.arange(fine) + 0.5) / fine
    exact = W(grid[:, None], grid[None, :])
    rng = np.random.default_rng(8)
    for _ in range(20):
        u = np.sort(rng.uniform(size=n))
        v = np.sort(rng.uniform(size=d)) if columns == "iid" else (np.arange(d) + 0.5) / d
        P = model.at(u, v).probabilities(rho)
        distance = np.abs(np.kron(P, np.ones((fine // n, fine // d))) - exact).mean()
        kolmogorov = [
            max((np.arange(1, m + 1) / m - x).max(), (x - np.arange(m) / m).max()) for m, x in ((n, u), (d, v))
        ]
        assert distance <= 2 * sum(kolmogorov) + 1e-3
        if columns == "grid":
            assert kolmogorov[1] == pytest.approx(1 / (2 * d), rel=1e-12)


def test_population_bound_holds_on_masks() -> None:
    """Null: fails with probability at most 0.15; 20 masks, by the cut norm's lower bound; no failure allowed."""
    model = SaliencyModel(g=notation.u + sympy.Rational(1, 2), f=sympy.exp(-notation.v))
    rho, n = 0.3, 64
    W = model.graphon(rho)
    fine = (np.arange(4 * n) + 0.5) / (4 * n)
    exact = W(fine[:, None], fine[None, :])
    rng = np.random.default_rng(9)
    for seed in range(20):
        u, v = np.sort(rng.uniform(size=n)), np.sort(rng.uniform(size=n))
        finite = model.at(u, v)
        M = sample_mask(finite, rho, torch.Generator().manual_seed(seed)).numpy()
        bound = population_bound(n, n, 0.05, mask_bound=bernstein_bound(finite.probabilities(rho), 0.05))
        assert cut_norm_lower(np.kron(M, np.ones((4, 4))) - exact, restarts=4) <= bound


def _null_by_grid(n: int, d: int, rho: float) -> float:
    share = np.linspace(1e-4, 1 - 1e-4, 2001)
    density = norm.pdf(norm.isf(share))
    value = np.sqrt(share[None, :] / d) * density[:, None] + np.sqrt(share[:, None] / n) * density[None, :]
    return math.sqrt(rho * (1 - rho)) * float(value.max())


@pytest.mark.parametrize(("n", "d"), [(100, 100), (1024, 128), (64, 512), (3000, 10)])
def test_null_distance_agrees_with_a_grid_search_over_both_shares(n: int, d: int) -> None:
    assert null_distance(n, d, 0.3) == pytest.approx(_null_by_grid(n, d, 0.3), rel=1e-5)
    assert null_distance(n, d, 0.3) == pytest.approx(null_distance(d, n, 0.7), rel=1e-12)


def test_null_distance_on_the_square_has_the_constant_of_the_theorem() -> None:
    constant = null_distance(400, 400, 0.5) * 20 / 0.5
    assert round(constant, 3) == 0.600
    assert round(_null_by_grid(400, 400, 0.5) * 20 / 0.5, 3) == 0.600
    # Both shares equal: one function of one share, by another optimiser's road (root of its derivative).
    s = brentq(lambda x: 2 * x * norm.cdf(x) - norm.pdf(x), 0.0, 1.0, xtol=1e-14)
    assert constant == pytest.approx(2 * math.sqrt(norm.cdf(s)) * norm.pdf(s), rel=1e-10)


@pytest.mark.parametrize(("n", "d"), [(256, 256), (512, 512), (1024, 128)])
@pytest.mark.parametrize("rho", [0.1, 0.5])
def test_null_distance_is_what_random_masks_show(n: int, d: int, rho: float) -> None:
    """Mean of 3 uniform masks, seeds fixed; single ratios range over up to 0.035, the window was set beforehand."""
    rng = np.random.default_rng(n + d)
    kept = np.arange(n * d) < round(rho * n * d)
    seen = [cut_norm_lower(rng.permutation(kept).reshape(n, d) - rho, seed=seed) for seed in range(3)]
    assert 0.95 < float(np.mean(seen)) / null_distance(n, d, rho) < 1.06


def test_bernstein_bound_is_within_the_stated_factor_of_the_null_distance() -> None:
    """Constant profile at n = d = 1024: at most 1.7 times the distance to expect, rho = 0.1 and 0.5."""
    for rho in (0.1, 0.5):
        ratio = bernstein_bound(np.full((1024, 1024), rho), 0.01) / null_distance(1024, 1024, rho)
        assert 1.0 < ratio < 1.7


@pytest.mark.parametrize(("rho", "most"), [(0.1, 2.2), (0.5, 2.0)])
def test_bernstein_bound_is_within_the_stated_factor_on_a_heterogeneous_profile(rho: float, most: float) -> None:
    """Half-normal by half-normal, the loosest profile tried, at n = d = 1024, on one mask of fixed seed."""
    rng = np.random.default_rng(1)
    model = FiniteModel(np.abs(np.outer(rng.standard_normal(1024), rng.standard_normal(1024))))
    P = model.probabilities(rho)
    M = sample_mask(model, rho, torch.Generator().manual_seed(0)).numpy()
    assert 1.0 < bernstein_bound(P, 0.01) / cut_norm_lower(M - P, restarts=8) < most


def test_counting_number_by_hand() -> None:
    assert counting_bound("K_{2,3}", 0.01) == pytest.approx(0.06)
    assert counting_bound([[1, 0, 1]], 0.5) == 1.0


@pytest.mark.parametrize("distance", [-1.0, float("nan")])
def test_bad_distances_are_refused(distance: float) -> None:
    with pytest.raises(InputError, match="distance"):
        counting_bound("edge", distance)
    with pytest.raises(InputError, match="mask_bound"):
        population_bound(3, 3, 0.1, mask_bound=distance)


def test_bad_arguments_of_population_and_null_are_refused() -> None:
    with pytest.raises(InputError, match="n = 0"):
        population_bound(0, 3, 0.1)
    with pytest.raises(InputError, match="columns"):
        population_bound(3, 3, 0.1, columns="sorted")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="count = 0"):
        type_discrepancy(0, 0.1)
    with pytest.raises(InputError, match="d = 0"):
        null_distance(3, 0, 0.1)
    with pytest.raises(InputError, match="density"):
        null_distance(3, 3, 1.0)


def test_the_sharpest_form_is_named() -> None:
    from graphon_theory.bounds import mask_bound

    wide = mask_bound(np.full((256, 256), 0.1), 0.01)
    assert wide.theorem.startswith("Bernstein")
    assert wide.value == bernstein_bound(np.full((256, 256), 0.1), 0.01)
    tiny = mask_bound(np.full((2, 2), 0.5), 0.01)
    assert tiny.theorem.startswith("Hoeffding")
    assert tiny.value == hoeffding_bound(2, 2, 0.01)
