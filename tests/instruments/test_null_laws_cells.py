"""Laws of block counts: against enumeration in rational arithmetic, and levels on masks drawn entry by entry."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from graphon_theory.errors import InputError
from verification.null_laws import (
    block_counts,
    block_sizes,
    cell_p_values,
    multinomial_p_value,
    poisson_binomial,
    threshold_cell_p_values,
    threshold_cells_p_value,
    uniform_cells_p_value,
)
from verification.null_laws.ranks import rank_of_first

DRAWS = 20_000
# A Monte Carlo share of DRAWS differs from its mean by 5.5 standard errors less than once in ten million.
SLACK = 5.5


def _near(found: float, exact: float, draws: int = DRAWS) -> bool:
    return abs(found - exact) <= SLACK * math.sqrt(exact * (1 - exact) / draws) + 2 / draws


def _at_most(share: float, rounds: int) -> float:
    """Bound that a share of rejections of that mean exceeds less than once in a million."""
    return float(stats.binom.isf(1e-6, rounds, share)) / rounds


@given(hnp.arrays(np.bool_, (5, 4)), st.lists(st.integers(0, 2), min_size=5, max_size=5))
@settings(max_examples=50, deadline=None)
def test_block_counts_by_plain_loops(kept: np.ndarray, rows: list[int]) -> None:
    columns = [0, 1, 1, 3]
    found, sizes = block_counts(kept, rows, columns), block_sizes(rows, columns)
    assert found.shape == sizes.shape == (max(rows) + 1, 4)
    for r, c in np.ndindex(found.shape):
        inside = [(i, j) for i in range(5) for j in range(4) if rows[i] == r and columns[j] == c]
        assert found[r, c] == sum(int(kept[i, j]) for i, j in inside)
        assert sizes[r, c] == len(inside)


def test_one_cell_is_hypergeometric_in_rational_arithmetic() -> None:
    counts, sizes = np.array([[3, 0], [1, 2]]), np.array([[6, 9], [5, 0 + 4]])
    k, total = 6, 24
    for found, x, s in zip(cell_p_values(counts, sizes).flat, counts.flat, sizes.flat, strict=True):
        law = [
            Fraction(math.comb(int(s), y) * math.comb(total - int(s), k - y), math.comb(total, k))
            for y in range(min(int(s), k) + 1)
        ]
        exact = min(Fraction(1), 2 * min(sum(law[: x + 1]), sum(law[x:])))
        assert found == pytest.approx(float(exact), rel=1e-12)


def test_uniform_cells_against_all_sets() -> None:
    """All 495 sets of 4 of 12 entries; 20,000 draws; false alarm below 1e-7 a comparison, 5 of them."""
    rows, columns = [0, 0, 1], [0, 1, 1, 1]
    sizes = block_sizes(rows, columns)
    seen = []
    for chosen in itertools.combinations(range(12), 4):
        mask = np.zeros(12, dtype=bool)
        mask[list(chosen)] = True
        seen.append(block_counts(mask.reshape(3, 4), rows, columns))
    value = [
        sum(Fraction((int(x) * 3 - int(s)) ** 2, int(s)) for x, s in zip(c.flat, sizes.flat, strict=True)) for c in seen
    ]
    rng = np.random.default_rng(1)
    for place in (0, 77, 200, 301, 494):
        exact = sum(other >= value[place] for other in value) / 495
        assert _near(uniform_cells_p_value(seen[place], sizes, draws=DRAWS, rng=rng), exact)


def test_uniform_cells_keep_their_level_on_real_masks() -> None:
    """Null: uniform sets of 60 of 30 x 20 entries, drawn by permutation; level 0.05; 1,500 rounds; 1e-6."""
    rng, rounds = np.random.default_rng(2), 1500
    rows, columns = np.arange(30) // 10, np.arange(20) // 7
    sizes, rejected = block_sizes(rows, columns), 0
    for _ in range(rounds):
        mask = rng.permutation(600) < 60
        rejected += (
            uniform_cells_p_value(block_counts(mask.reshape(30, 20), rows, columns), sizes, draws=39, rng=rng) <= 0.05
        )
    assert 0.05 - 5 * math.sqrt(0.05 / rounds) <= rejected / rounds <= _at_most(0.05, rounds)


def test_uniform_cells_cost_nothing_at_a_large_size_and_see_a_shift() -> None:
    sizes = np.full((4, 4), 10**7)
    counts = np.full((4, 4), 10**6)
    rng = np.random.default_rng(3)
    assert uniform_cells_p_value(counts, sizes, rng=rng) == 1.0
    counts[0, 0] += 8_000
    assert uniform_cells_p_value(counts, sizes, rng=rng) == 0.001


@given(hnp.arrays(np.float64, st.integers(1, 9), elements=st.sampled_from([0.0, 1e-9, 0.125, 0.3, 0.5, 0.97, 1.0])))
@settings(max_examples=60, deadline=None)
def test_poisson_binomial_by_enumeration(rates: np.ndarray) -> None:
    exact = [Fraction(0)] * (rates.size + 1)
    for outcome in itertools.product((0, 1), repeat=rates.size):
        exact[sum(outcome)] += math.prod(
            Fraction(p) if x else 1 - Fraction(p) for x, p in zip(outcome, rates.tolist(), strict=True)
        )
    law = poisson_binomial(rates)
    for x in range(-1, rates.size + 2):
        assert law.at_most(x) == pytest.approx(float(sum(exact[: x + 1])), rel=1e-12)
        assert law.at_least(x) == pytest.approx(float(sum(exact[max(x, 0) :])), rel=1e-12)


def test_poisson_binomial_against_binomial_and_fourier() -> None:
    law = poisson_binomial(np.full(1000, 0.03))
    for x in (0, 5, 30, 90, 300):
        assert law.at_most(x) == pytest.approx(stats.binom.cdf(x, 1000, 0.03), rel=1e-10)
        assert law.at_least(x) == pytest.approx(stats.binom.sf(x - 1, 1000, 0.03), rel=1e-10)
    rates = np.random.default_rng(4).beta(0.5, 2.0, 777)
    angles = np.exp(-2j * np.pi * np.arange(778) / 778)
    fourier = np.fft.ifft(np.prod(1 - rates[None, :] + rates[None, :] * angles[:, None], axis=1)).real
    assert poisson_binomial(rates).at(np.arange(778)) == pytest.approx(fourier, abs=1e-13)


def test_threshold_cells_by_enumeration() -> None:
    rates = np.array([[0.1, 0.7, 0.2], [0.4, 0.4, 0.9]])
    found = threshold_cell_p_values(np.array([[1, 3]]), rates, [0, 0], [0, 1, 1])
    # Block (0, 0) holds 0.1 and 0.4: both at most 1 and at least 1 are likely.
    assert found[0, 0] == pytest.approx(2 * (1 - 0.9 * 0.6))
    four = 0.7 * 0.2 * 0.4 * 0.9
    three = four * (0.3 / 0.7 + 0.8 / 0.2 + 0.6 / 0.4 + 0.1 / 0.9)
    assert found[0, 1] == pytest.approx(2 * (three + four))
    both = threshold_cells_p_value(np.array([[1, 3]]), rates, [0, 0], [0, 1, 1])
    product = found[0, 0] * found[0, 1]
    assert both == pytest.approx(product * (1 - math.log(product)))  # Fisher of two, in closed form
    smallest = threshold_cells_p_value(np.array([[1, 3]]), rates, [0, 0], [0, 1, 1], combine="smallest")
    assert smallest == pytest.approx(1 - (1 - found.min()) ** 2)


@given(st.integers(0, 2**20), st.integers(0, 40))
@settings(max_examples=100, deadline=None)
def test_bounded_tails_are_never_below_exact_ones(seed: int, count: int) -> None:
    rates = np.random.default_rng(seed).beta(0.4, 0.9, (5, 8))
    rows, columns = [0] * 5, [0] * 8
    exact = threshold_cell_p_values(np.array([[count]]), rates, rows, columns)
    bounded = threshold_cell_p_values(np.array([[count]]), rates, rows, columns, largest_exact=0)
    assert bounded[0, 0] >= exact[0, 0] * (1 - 1e-10)


@pytest.mark.parametrize("combine", ["fisher", "smallest"])
@pytest.mark.parametrize("largest_exact", [10**6, 0])
def test_threshold_cells_keep_their_level(combine: str, largest_exact: int) -> None:
    """Null: independent entries of unequal rates, 24 x 20; level 0.05; 200 rounds; 1e-6."""
    rng, rounds = np.random.default_rng(5), 200
    rates = rng.beta(0.5, 3.0, (24, 20))
    rows, columns = np.arange(24) // 8, np.arange(20) // 10
    options = {"combine": combine, "largest_exact": largest_exact}
    rejected = sum(
        threshold_cells_p_value(
            block_counts(rng.random((24, 20)) < rates, rows, columns), rates, rows, columns, **options
        )
        <= 0.05
        for _ in range(rounds)
    )
    assert rejected / rounds <= _at_most(0.05, rounds)
    shifted = block_counts(rng.random((24, 20)) < np.minimum(1, 2.5 * rates), rows, columns)
    assert threshold_cells_p_value(shifted, rates, rows, columns, **options) < 1e-3


def test_certain_entries() -> None:
    sure = np.array([[1.0, 1.0], [0.0, 0.0]])
    kept = block_counts(sure, [0, 1], [0, 0])
    assert threshold_cells_p_value(kept, sure, [0, 1], [0, 0]) == 1.0
    assert threshold_cells_p_value(np.array([[1], [0]]), sure, [0, 1], [0, 0]) == 0.0
    assert threshold_cells_p_value(np.array([[1], [0]]), sure, [0, 1], [0, 0], combine="smallest") == 0.0


def test_multinomial_by_enumeration() -> None:
    """All counts of 5 draws in 3 cells; 20,000 draws; false alarm below 1e-7 a comparison."""
    law = [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)]
    outcomes = [c for c in itertools.product(range(6), repeat=3) if sum(c) == 5]

    def weight(c: tuple[int, ...]) -> Fraction:
        return math.factorial(5) * math.prod(p**x / math.factorial(x) for p, x in zip(law, c, strict=True))

    def chi_square(c: tuple[int, ...]) -> Fraction:
        return sum(((x - 5 * p) ** 2 / (5 * p) for p, x in zip(law, c, strict=True)), Fraction(0))

    rng = np.random.default_rng(6)
    for observed in ((0, 0, 5), (3, 1, 1), (1, 3, 1), (4, 1, 0)):
        exact = float(sum(weight(c) for c in outcomes if chi_square(c) >= chi_square(observed)))
        assert _near(multinomial_p_value(np.array(observed), [float(p) for p in law], DRAWS, rng), exact)


def test_multinomial_tells_uniform_types_from_others() -> None:
    rng = np.random.default_rng(7)
    uniform = np.histogram(rng.random(2000), bins=10, range=(0, 1))[0]
    skewed = np.histogram(rng.random(2000) ** 1.3, bins=10, range=(0, 1))[0]
    assert multinomial_p_value(uniform, np.full(10, 0.1), 999, rng) > 0.001
    assert multinomial_p_value(skewed, np.full(10, 0.1), 999, rng) == 0.001
    assert multinomial_p_value(np.array([3, 1]), [1.0, 0.0], 99, rng) == 0.01


def test_ranks() -> None:
    assert rank_of_first(np.array([2.0, 1.0, 2.0, 3.0])) == 0.75
    assert rank_of_first(np.array([math.inf, 1.0, math.inf])) == 2 / 3
    assert rank_of_first(np.array([-1.0, 0.0])) == 1.0


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda rng: block_counts(np.ones(3), [0], [0]), "kept"),
        (lambda rng: block_counts(np.full((2, 2), np.nan), [0, 0], [0, 0]), "kept"),
        (lambda rng: block_counts(np.ones((2, 2)), [0, 0, 0], [0, 0]), "rows"),
        (lambda rng: block_counts(np.ones((2, 2)), [0, -1], [0, 0]), "rows"),
        (lambda rng: block_counts(np.ones((2, 2)), [0.0, 1.0], [0, 0]), "rows"),
        (lambda rng: block_counts(np.zeros((0, 2)), [], [0, 0]), "kept"),
        (lambda rng: block_sizes([], [0]), "rows"),
        (lambda rng: uniform_cells_p_value(np.array([[2]]), np.array([[1]]), rng=rng), "counts"),
        (lambda rng: uniform_cells_p_value(np.array([[2]]), np.array([[3, 3]]), rng=rng), "sizes"),
        (lambda rng: uniform_cells_p_value(np.array([[2]]), np.array([[10**9]]), rng=rng), "sizes"),
        (lambda rng: uniform_cells_p_value(np.array([[0]]), np.array([[0]]), rng=rng), "counts"),
        (lambda rng: uniform_cells_p_value(np.array([[1.5]]), np.array([[3]]), rng=rng), "counts"),
        (lambda rng: uniform_cells_p_value(np.array([[1]]), np.array([[3]]), draws=0, rng=rng), "draws"),
        (lambda rng: uniform_cells_p_value(np.array([[1]]), np.array([[3]]), draws=2.5, rng=rng), "draws"),
        (lambda rng: poisson_binomial([]), "probabilities"),
        (lambda rng: poisson_binomial([0.5, math.nan]), "probabilities"),
        (lambda rng: poisson_binomial([1.1]), "probabilities"),
        (lambda rng: threshold_cells_p_value(np.array([[1]]), np.ones((2, 2)), [0, 0], [0]), "probabilities"),
        (lambda rng: threshold_cells_p_value(np.array([[5]]), np.ones((2, 2)), [0, 0], [0, 0]), "counts"),
        (lambda rng: threshold_cells_p_value(np.array([[1, 1]]), np.ones((2, 2)), [0, 0], [0, 0]), "counts"),
        (lambda rng: threshold_cells_p_value(np.array([[1]]), np.full((2, 2), 1.5), [0, 0], [0, 0]), "probabilities"),
        (
            lambda rng: threshold_cells_p_value(np.array([[1]]), np.ones((2, 2)), [0, 0], [0, 0], combine="stouffer"),
            "combine",
        ),
        (lambda rng: multinomial_p_value(np.array([1, 2]), [0.5, 0.6], 9, rng), "probabilities"),
        (lambda rng: multinomial_p_value(np.array([1, 2]), [1.5, -0.5], 9, rng), "probabilities"),
        (lambda rng: multinomial_p_value(np.array([1, 2]), [1.0], 9, rng), "probabilities"),
        (lambda rng: multinomial_p_value(np.array([1, -2]), [0.5, 0.5], 9, rng), "counts"),
        (lambda rng: rank_of_first(np.array([1.0])), "statistics"),
        (lambda rng: rank_of_first(np.array([math.nan, 1.0])), "statistics"),
        (lambda rng: rank_of_first(np.array([1.0, math.nan])), "statistics"),
    ],
)
def test_bad_input_is_named(call: object, argument: str) -> None:
    with pytest.raises(InputError, match=r": (give|choose) ") as caught:
        call(np.random.default_rng(0))
    assert caught.value.argument == argument
