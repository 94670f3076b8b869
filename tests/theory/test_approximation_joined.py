"""Laws of the number of joined neurons: exact ones by enumeration and fractions, those under top-k by simulation."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from graphon_theory import Gaussian, InputError, SaliencyModel
from graphon_theory.approximation import (
    bracket_densities,
    drawn_types_law,
    drawn_types_variance,
    exact_uniform_mask_law,
    few_joined_bound,
    full_block_rate,
    given_types_law,
    given_types_variance,
    joined_bracket,
    joined_rates,
    model_star,
    pooled_law,
    row_nodes,
    uniform_mask_law,
)
from graphon_theory.criteria import homogeneous_model
from graphon_theory.notation import u, v
from graphon_theory.profiles import half_normal
from graphon_theory.saliency import FiniteModel

SYNFLOW = SaliencyModel(g=half_normal(u))
SLOPE = SaliencyModel(g=sympy.Rational(1, 10) + u**2, f=sympy.exp(-v))
RATES = arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 3)), elements=st.floats(0.0, 1.0))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.floats(0.0, 1.0))
def test_the_binomial_law_sums_to_one_and_obeys_chernoff(neurons: int, t: float) -> None:
    law = drawn_types_law(neurons, t)
    assert float(law.weights.sum()) == pytest.approx(1.0)
    assert law.mean == pytest.approx(neurons * t, abs=1e-9)
    assert law.variance == pytest.approx(neurons * t * (1 - t), abs=1e-9)
    fewer = math.ceil(neurons * t / 2) - 1
    assert law.at_most(fewer) <= few_joined_bound(neurons * t) + 1e-12


@settings(max_examples=40, deadline=None)
@given(RATES, st.data())
def test_the_pooled_law_by_enumeration_of_row_types(rates: np.ndarray, data: st.DataObject) -> None:
    """Two rows, each of a type drawn by the weights: sum the Poisson-binomial laws over all pairs of types."""
    shares = np.array(data.draw(st.lists(st.floats(0.1, 1.0), min_size=len(rates), max_size=len(rates))))
    shares /= shares.sum()
    found = pooled_law(2, rates, shares)
    values = np.arange(2 * rates.shape[1] + 1)
    expected = sum(
        shares[a] * shares[b] * given_types_law(rates[[a, b]]).at(values)
        for a, b in itertools.product(range(len(rates)), repeat=2)
    )
    assert found.at(values) == pytest.approx(expected, abs=1e-12)


def test_the_binomial_law_against_scipy() -> None:
    for size, t in ((40, 0.3), (500, 0.01), (3000, 0.5)):
        values = np.arange(size + 1)
        assert drawn_types_law(size, t).at(values) == pytest.approx(stats.binom.pmf(values, size, t), abs=1e-13)


def test_the_pooled_law_of_one_set_is_binomial() -> None:
    rates, weights = np.array([[0.1], [0.7]]), np.array([0.25, 0.75])
    found, law = pooled_law(30, rates, weights), drawn_types_law(30, 0.55)
    assert found.at(np.arange(31)) == pytest.approx(law.at(np.arange(31)), abs=1e-13)


@pytest.mark.parametrize(("rows", "inputs", "kept"), [(3, 3, 5), (2, 4, 5), (3, 2, 3)])
def test_the_uniform_law_by_listing_all_masks(rows: int, inputs: int, kept: int) -> None:
    counts = [0] * (rows + 1)
    for chosen in itertools.combinations(range(rows * inputs), kept):
        mask = np.zeros(rows * inputs, dtype=bool)
        mask[list(chosen)] = True
        counts[int(mask.reshape(rows, inputs)[:, :2].all(axis=1).sum())] += 1
    listed = tuple(Fraction(c, sum(counts)) for c in counts)
    assert exact_uniform_mask_law(rows, 2, rows * inputs, kept) == listed


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 3), st.integers(0, 30), st.data())
def test_the_uniform_law_against_fractions(blocks: int, active: int, rest: int, data: st.DataObject) -> None:
    entries = blocks * active + rest
    kept = data.draw(st.integers(0, entries))
    exact = exact_uniform_mask_law(blocks, active, entries, kept)
    law = uniform_mask_law(blocks, active, entries, kept)
    assert sum(exact) == 1
    assert law.at(np.arange(blocks + 1)) == pytest.approx([float(x) for x in exact], abs=1e-11)
    rate = full_block_rate(active, entries, kept)
    assert sum(m * x for m, x in enumerate(exact)) == blocks * rate
    assert rate <= Fraction(kept, entries) ** active


def test_the_uniform_law_of_one_column_is_hypergeometric() -> None:
    law = uniform_mask_law(64, 1, 64 * 50, 700)
    values = np.arange(65)
    assert law.at(values) == pytest.approx(stats.hypergeom.pmf(values, 64 * 50, 64, 700), abs=1e-10)


@pytest.mark.parametrize("active", [1, 2, 3])
def test_the_corrected_variance_of_a_constant_graphon_is_that_of_its_law(active: int) -> None:
    """Two ways: delta method, and the exact law; they differ by O(1/n) relative to the correction O(1/d)."""
    n, d, rho = 400, 8, 0.5
    law = uniform_mask_law(n, active, n * d, round(rho * n * d))
    (found,) = given_types_variance(homogeneous_model(n, d, Gaussian()), rho, [range(active)])
    closed = rho**active * (1 - rho**active) - active**2 * rho ** (2 * active - 1) * (1 - rho) / d
    assert found.value == pytest.approx(closed, rel=1e-9)
    assert law.variance / n == pytest.approx(found.value, rel=0.01)
    assert found.independent - found.value > 0.05 * found.independent


def test_the_compensated_variance_of_one_coordinate_has_a_closed_form() -> None:
    """At k = 1, W constant in v: E[W (1 - W)] (1 - 1/d), by quadrature of the graphon."""
    nodes, weights = row_nodes()
    kept = SYNFLOW.graphon(0.3)(nodes, np.zeros(1))
    (found,) = drawn_types_variance(SYNFLOW, 0.3, np.zeros(50), [(0,)])
    assert found.star == pytest.approx(0.3, rel=1e-6)
    assert found.slope == pytest.approx(1.0)
    assert found.value == pytest.approx(float(weights @ (kept * (1 - kept))) * (1 - 1 / 50), rel=1e-6)
    assert found.share < 0.75


@pytest.mark.parametrize(
    ("model", "drawn", "d", "active"),
    [(SYNFLOW, True, 12, 1), (SYNFLOW, True, 12, 2), (SLOPE, True, 12, 2), (SLOPE, False, 12, 2)],
)
def test_mean_and_variance_under_top_k_by_simulation(model: SaliencyModel, drawn: bool, d: int, active: int) -> None:
    """Null: the formulas, first order in n; n = 64, 3,000 masks.

    Five standard errors of a sample variance are 13 %; 3 % are left for the O(1/n) of the formula.
    """
    n, rho, masks = 64, 0.3, 3000
    rng = np.random.default_rng(11)
    columns, rows = rng.random(d), rng.random(n)
    counts = np.empty(masks)
    for r in range(masks):
        at = rng.random(n) if drawn else rows
        scores = model.evaluate_profile(at[:, None], columns[None, :]) * np.abs(rng.standard_normal((n, d)))
        level = np.partition(scores, n * d - round(rho * n * d), axis=None)[n * d - round(rho * n * d)]
        counts[r] = (scores[:, :active] >= level).all(axis=1).sum()
    sets = [range(active)]
    (found,) = (
        drawn_types_variance(model, rho, columns, sets)
        if drawn
        else given_types_variance(model.at(rows, columns), rho, sets)
    )
    assert counts.mean() == pytest.approx(n * found.star, rel=0.02)
    assert counts.var(ddof=1) / n == pytest.approx(found.value, rel=0.16)
    if drawn:
        assert found.value < found.independent == pytest.approx(found.star * (1 - found.star))


def test_the_correction_is_of_order_one_with_types_drawn_and_of_order_1_over_d_with_types_given() -> None:
    rng = np.random.default_rng(2)
    gaps: dict[str, list[float]] = {"drawn": [], "given": []}
    for d in (16, 256):
        (drawn,) = drawn_types_variance(SYNFLOW, 0.3, np.zeros(d), [(0, 1)])
        (given_,) = given_types_variance(SYNFLOW.at(rng.random(2000), np.zeros(d)), 0.3, [(0, 1)])
        gaps["drawn"].append(1 - drawn.share)
        gaps["given"].append(d * (1 - given_.share))
    assert gaps["drawn"][1] > 0.15
    assert gaps["given"][1] == pytest.approx(gaps["given"][0], rel=0.1)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 0.99), st.integers(5, 5000), st.floats(1e-6, 0.2))
def test_the_bracket_of_the_threshold_keeps_its_level(kept: float, terms: int, failure: float) -> None:
    """By the binomial law itself, the extreme one of a given mean."""
    low, high = bracket_densities(kept, terms, failure)
    assert 0.0 <= low < kept < high <= 1.0
    count = math.floor(kept * terms)
    assert stats.binom.cdf(count - 1, terms, high) <= failure
    assert stats.binom.sf(math.ceil(kept * terms), terms, low) <= failure


def test_the_bracket_holds_for_top_k_masks() -> None:
    """Null: tails at most those of the bracket; 400 masks, a level of 0.1, so 40 outside at most, +- 6."""
    rng = np.random.default_rng(4)
    n, d, kept = 40, 30, 360
    model = SLOPE.at(rng.random(n), rng.random(d))
    sets = [(0, 1), (2, 3), (4, 5)]
    bracket = joined_bracket(model, kept, sets, 0.005)
    totals = []
    for _ in range(400):
        scores = model.profile * np.abs(rng.standard_normal((n, d)))
        mask = scores >= np.partition(scores, n * d - kept, axis=None)[n * d - kept]
        totals.append(int(sum(mask[:, list(one)].all(axis=1).sum() for one in sets)))
    assert sum(bracket.outside(total, 0.1) for total in totals) <= 70
    assert bracket.outside(0, 0.1)
    assert bracket.outside(n * len(sets), 0.1)
    middle = given_types_law(joined_rates(model.probabilities(kept / (n * d)), sets))
    assert bracket.below.mean < middle.mean < bracket.above.mean


def test_a_bracket_at_the_end_of_what_can_be_kept() -> None:
    profile = np.zeros((6, 4))
    profile[:, :2] = 1.0
    bracket = joined_bracket(FiniteModel(profile), 11, [(0, 1)], 0.01)
    assert bracket.above.mean == pytest.approx(6.0)
    assert bracket.at_least(6) == 1.0


def test_the_law_at_a_fixed_threshold_by_simulation() -> None:
    """Null: Binomial(n, t_J), column types given; 4,000 masks of 20 rows; chi-square over the values, p > 1e-6."""
    rng = np.random.default_rng(8)
    n, types, masks = 20, np.array([0.2, 0.6]), 4000
    tau = SLOPE.threshold(0.4).value
    profile = SLOPE.evaluate_profile(rng.random((masks, n, 1)), types[None, None, :])
    counts = (profile * np.abs(rng.standard_normal((masks, n, 2))) >= tau).all(axis=2).sum(axis=1)
    law = drawn_types_law(n, model_star(SLOPE, 0.4, types).density)
    expected = masks * law.at(np.arange(n + 1))
    cells = expected > 5
    found = np.bincount(counts, minlength=n + 1)
    both = [np.append(x[cells], x[~cells].sum()) for x in (found, expected)]
    assert stats.chisquare(both[0], both[1] * masks / both[1].sum()).pvalue > 1e-6


def test_bad_input_is_refused() -> None:
    model = SLOPE.at(np.array([0.2, 0.4]), np.array([0.1, 0.3, 0.5]))
    for call in (
        lambda: drawn_types_law(0, 0.5),
        lambda: drawn_types_law(3, 1.5),
        lambda: given_types_law([]),
        lambda: given_types_law([0.5, math.nan]),
        lambda: pooled_law(3, [[0.5]], [0.5, 0.5]),
        lambda: uniform_mask_law(4, 2, 7, 3),
        lambda: uniform_mask_law(4, 0, 9, 3),
        lambda: exact_uniform_mask_law(2, 2, 6, 7),
        lambda: bracket_densities(0.5, 0, 0.1),
        lambda: bracket_densities(0.5, 10, 1.0),
        lambda: joined_bracket(model, 0, [(0,)], 0.1),
        lambda: joined_bracket(model, 3, [(0,), (0,)], 0.1),
        lambda: given_types_variance(model, 0.3, [(3,)]),
        lambda: given_types_variance(model, 0.3, [(0,), (1, 2)]),
        lambda: given_types_variance(model, 0.3, []),
        lambda: drawn_types_variance(SLOPE, 0.3, [0.5, 2.0], [(0,)]),
        lambda: drawn_types_law(3, 0.5).times(-1),
    ):
        with pytest.raises(InputError):
            call()
