"""Degrees under uniform sets and under independent entries: against enumeration, plain loops and their level."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graphon_theory.errors import InputError
from verification.cutnorm import cut_norm_exact
from verification.null_laws import (
    degree_distance,
    independent_degree_p_values,
    largest_excess,
    uniform_degree_p_values,
)
from verification.null_laws.conditional_degrees import draw_degrees


def _at_most(share: float, rounds: int) -> float:
    """Bound that a share of rejections of that mean exceeds less than once in a million."""
    return float(stats.binom.isf(1e-6, rounds, share)) / rounds


def _uniform(n: int, d: int, k: int, rng: np.random.Generator) -> np.ndarray:
    return (rng.permutation(n * d) < k).reshape(n, d)


def test_one_call_for_both_axes_by_the_variance_itself() -> None:
    mask = _uniform(40, 25, 130, np.random.default_rng(1))
    found = uniform_degree_p_values(mask, draws=199, rng=np.random.default_rng(2))
    rng = np.random.default_rng(2)
    for spread, largest, axis in (
        (found.row_spread, found.row_largest, 1),
        (found.column_spread, found.column_largest, 0),
    ):
        degrees = mask.sum(axis=axis)
        null = rng.multivariate_hypergeometric(
            np.full(degrees.size, mask.shape[axis]), 130, size=199, method="marginals"
        )
        assert spread == (1 + np.sum(null.var(axis=1) >= degrees.var() * (1 - 1e-12))) / 200
        assert largest == (1 + np.sum(null.max(axis=1) >= degrees.max())) / 200


def test_uniform_degrees_against_all_sets() -> None:
    """All 220 sets of 3 of 4 x 3 entries, 20,000 draws; 12 comparisons at 5.5 standard errors: below 1e-6."""
    sets = []
    for chosen in itertools.combinations(range(12), 3):
        mask = np.zeros(12, dtype=bool)
        mask[list(chosen)] = True
        sets.append(mask.reshape(4, 3))
    rng = np.random.default_rng(3)
    for place in (0, 30, 111):
        found = uniform_degree_p_values(sets[place], draws=20_000, rng=rng)
        for value, axis, statistic in (
            (found.row_spread, 1, lambda x: int((x**2).sum())),
            (found.row_largest, 1, lambda x: int(x.max())),
            (found.column_spread, 0, lambda x: int((x**2).sum())),
            (found.column_largest, 0, lambda x: int(x.max())),
        ):
            observed = statistic(sets[place].sum(axis=axis))
            exact = np.mean([statistic(other.sum(axis=axis)) >= observed for other in sets])
            assert abs(value - exact) <= 5.5 * math.sqrt(exact * (1 - exact) / 20_000) + 1e-4


def test_uniform_degrees_keep_their_level() -> None:
    """Null: uniform sets of 80 of 30 x 20, by permutation; level 0.05; 1,000 rounds; four tests, 1e-6 each."""
    rng, rounds = np.random.default_rng(4), 1000
    rejected = np.zeros(4)
    for _ in range(rounds):
        found = uniform_degree_p_values(_uniform(30, 20, 80, rng), draws=39, rng=rng)
        rejected += np.array([found.row_spread, found.row_largest, found.column_spread, found.column_largest]) <= 0.05
    assert rejected.max() / rounds <= _at_most(0.05, rounds)
    assert rejected[[0, 2]].min() / rounds >= 0.05 - 5.5 * math.sqrt(0.05 / rounds)


def test_a_heavy_column_is_seen_by_the_largest_degree_of_columns_alone() -> None:
    rng = np.random.default_rng(5)
    mask = _uniform(200, 200, 4000, rng)
    mask[:, 7] |= rng.random(200) < 0.15
    found = uniform_degree_p_values(mask, rng=rng)
    assert found.column_largest <= 0.002
    assert min(found.row_spread, found.row_largest) > 0.01


def test_conditional_degrees_follow_their_law() -> None:
    """Law of the row degrees of 3 x 2 entries given 3 kept, by all 20 sets; chi-square of 40,000 draws, 1e-6."""
    rates = np.array([[0.2, 0.7], [0.5, 0.1], [0.9, 0.4]])
    law: dict[tuple[int, ...], float] = {}
    for chosen in itertools.combinations(range(6), 3):
        mask = np.zeros(6, dtype=bool)
        mask[list(chosen)] = True
        weight = float(np.prod(np.where(mask, rates.ravel(), 1 - rates.ravel())))
        degrees = tuple(mask.reshape(3, 2).sum(axis=1).tolist())
        law[degrees] = law.get(degrees, 0.0) + weight
    total = sum(law.values())
    draws = draw_degrees(rates, 3, 40_000, np.random.default_rng(6))
    assert set(map(tuple, draws.tolist())) <= set(law)
    counts = [int(np.all(draws == np.array(degrees), axis=1).sum()) for degrees in law]
    expected = [40_000 * weight / total for weight in law.values()]
    assert stats.chisquare(counts, expected).pvalue > 1e-6


def test_unconditional_degrees_follow_their_law() -> None:
    """Degree of a row of two entries, by hand; chi-square of 40,000 draws, 1e-6."""
    draws = draw_degrees(np.array([[0.2, 0.7], [1.0, 0.0]]), None, 40_000, np.random.default_rng(7))
    assert np.all(draws[:, 1] == 1)
    law = np.array([0.8 * 0.3, 0.2 * 0.3 + 0.8 * 0.7, 0.2 * 0.7])
    assert stats.chisquare(np.bincount(draws[:, 0], minlength=3), 40_000 * law).pvalue > 1e-6


@pytest.mark.parametrize("rows", [1, 2, 5, 7])
def test_conditional_degrees_sum_to_the_total(rows: int) -> None:
    rates = np.random.default_rng(rows).random((rows, 11))
    draws = draw_degrees(rates, 2 * rows, 50, np.random.default_rng(8))
    assert draws.shape == (50, rows)
    assert np.all(draws.sum(axis=1) == 2 * rows)
    assert np.all((draws >= 0) & (draws <= 11))


@pytest.mark.parametrize("count_fixed", [True, False])
def test_independent_degrees_keep_their_level_and_see_a_wrong_prediction(count_fixed: bool) -> None:
    """Null: independent entries, 20 x 16; level 0.1 with 19 draws; 120 rounds; four tests, 1e-6 each."""
    rng, rounds = np.random.default_rng(9), 120
    rates = np.outer(rng.uniform(0.2, 1.0, 20), rng.uniform(0.1, 0.8, 16))
    rejected = np.zeros(4)
    for _ in range(rounds):
        mask = rng.random((20, 16)) < rates
        found = independent_degree_p_values(mask, rates, draws=19, rng=rng, count_fixed=count_fixed)
        rejected += np.array([found.row_spread, found.row_largest, found.column_spread, found.column_largest]) <= 0.1
    assert rejected.max() / rounds <= _at_most(0.1, rounds)
    larger = np.kron(rates, np.ones((6, 6)))
    mask = rng.random(larger.shape) < larger
    flat = np.full(larger.shape, larger.mean())
    wrong = independent_degree_p_values(mask, flat, draws=199, rng=rng, count_fixed=count_fixed)
    assert wrong.row_spread == wrong.column_spread == 1 / 200


def test_constant_independent_entries_given_their_number_are_a_uniform_set() -> None:
    """Two ways to one null: both p-values estimate one probability; 10,000 draws each; 4 at 5.5 errors."""
    rng = np.random.default_rng(10)
    mask = _uniform(12, 9, 30, rng)
    one = uniform_degree_p_values(mask, draws=10_000, rng=rng)
    other = independent_degree_p_values(mask, np.full((12, 9), 0.3), draws=10_000, rng=rng)
    for name in ("row_spread", "row_largest", "column_spread", "column_largest"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=5.5 * math.sqrt(0.5 / 10_000))


@given(st.integers(0, 2**20))
@settings(max_examples=30, deadline=None)
def test_degree_distance_by_loops_and_against_the_cut_norm(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rates = rng.random((6, 9))
    mask = rng.random((6, 9)) < rates
    norm = cut_norm_exact(mask - rates)
    for axis, along in (("row", 0), ("column", 1)):
        loop = 0.0
        for vertex in range(rates.shape[along]):
            entries = mask[vertex] if axis == "row" else mask[:, vertex]
            predicted = rates[vertex] if axis == "row" else rates[:, vertex]
            loop += abs(float(entries.sum()) - math.fsum(predicted))
        found = degree_distance(mask, rates, axis)
        assert found == pytest.approx(loop / 54, abs=1e-14)
        assert norm.upper is not None
        assert found <= 2 * norm.upper + 1e-14


def test_largest_excess_by_hand() -> None:
    rates = np.array([[0.5, 0.5, 0.5, 0.5], [0.2, 0.2, 0.0, 0.0]])
    mask = np.array([[1, 1, 1, 0], [1, 1, 0, 0]])
    assert largest_excess(mask, rates, "row") == pytest.approx(1.6 / math.sqrt(0.32))
    assert largest_excess(np.array([[1, 1, 1, 0], [1, 1, 0, 0]]), np.array(mask, dtype=float), "row") == 0.0
    assert largest_excess(1 - mask, np.array(mask, dtype=float), "column") == math.inf


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda rng: uniform_degree_p_values(np.ones(4), rng=rng), "kept"),
        (lambda rng: uniform_degree_p_values(np.array([[0.5]]), rng=rng), "kept"),
        (lambda rng: uniform_degree_p_values(np.ones((2, 2)), draws=0, rng=rng), "draws"),
        (lambda rng: uniform_degree_p_values(np.broadcast_to(np.True_, (10**5, 10**4)), rng=rng), "kept"),
        (lambda rng: independent_degree_p_values(np.ones((2, 2)), np.full((2, 3), 0.5), rng=rng), "probabilities"),
        (lambda rng: independent_degree_p_values(np.ones((2, 2)), np.full((2, 2), math.nan), rng=rng), "probabilities"),
        (lambda rng: independent_degree_p_values(np.ones((2, 2)), np.zeros((2, 2)), rng=rng), "kept"),
        (lambda rng: degree_distance(np.ones((2, 2)), np.full((2, 2), 1.5), "row"), "probabilities"),
        (lambda rng: degree_distance(np.ones((2, 2)), np.full((2, 2), 0.5), "depth"), "axis"),
        (lambda rng: largest_excess(np.ones((2, 2)), np.full((2, 2), 0.5), "depth"), "axis"),
    ],
)
def test_bad_input_is_named(call: object, argument: str) -> None:
    with pytest.raises(InputError, match=r": (give|choose) ") as caught:
        call(np.random.default_rng(0))
    assert caught.value.argument == argument
