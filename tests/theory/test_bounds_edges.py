"""Bounds where mutants of the code lived: rectangles without variance, and what errors name."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from graphon_theory.bounds import bernstein_bound, hoeffding_bound, population_bound, rectangle_bound
from graphon_theory.errors import InputError


def test_a_rectangle_whose_entries_are_certain_leaves_the_count_and_the_rounding() -> None:
    """Block variance 0: only the number of kept entries moves, and k is rounded."""
    certain, smallest = (rectangle_bound(v, 40.0, 400, 0.1) for v in (0.0, 1e-12))
    assert certain == pytest.approx(smallest, rel=1e-3)
    assert 0 < certain < rectangle_bound(1.0, 40.0, 400, 0.1)
    with pytest.raises(InputError, match=r"^block_variance = -0\.1: give a value in \[0, 40\]"):
        rectangle_bound(-0.1, 40.0, 400, 0.1)


@pytest.mark.parametrize("value", [-0.25, 1.25, np.nan])
def test_what_is_no_probability_is_said_to_be_none(value: float) -> None:
    with pytest.raises(InputError, match=r"^probabilities = 'values outside \[0, 1\] or NaN': give probabilities$"):
        bernstein_bound(np.array([[value, 0.5]]), 0.1)


def test_unknown_types_of_columns_are_named() -> None:
    with pytest.raises(InputError, match=r"^columns = 'sorted': give 'iid' or 'grid'$"):
        population_bound(8, 8, 0.1, columns="sorted")


def _over_all_rectangles(p: np.ndarray, delta: float) -> float:
    """The theorem with each rectangle's own centred variance ``v (1 - v/V)``: no cap and no bound over blocks."""
    n, d = p.shape
    variance = p * (1 - p)
    total = float(variance.sum())
    worst = 0.0
    for rows, columns in itertools.product(range(1, 2**n), range(1, 2**d)):
        r, c = ([i for i in range(size) if chosen >> i & 1] for chosen, size in ((rows, n), (columns, d)))
        v = float(variance[np.ix_(r, c)].sum())
        log_odds = math.log(math.comb(n, len(r)) * math.comb(d, len(c)) * 4 * n * d / delta)
        worst = max(worst, log_odds / 3 + math.sqrt(log_odds**2 / 9 + 2 * v * (1 - v / total) * log_odds))
    tail = math.log(4 / delta)
    return (worst + tail / 3 + math.sqrt(tail**2 / 9 + 2 * total * tail) + 0.5) / (n * d)


@pytest.mark.parametrize("size", [2, 4])
def test_half_of_the_variance_in_a_rectangle_is_the_worst_that_there_is(size: int) -> None:
    """On a diagonal half of the rows and columns hold half of the variance, in the most frequent size of rectangle."""
    p = np.diag(np.full(size, 0.5))
    assert bernstein_bound(p, 0.05) == pytest.approx(_over_all_rectangles(p, 0.05), rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_bernsteins_bound_is_above_that_of_every_rectangle(seed: int) -> None:
    p = np.random.default_rng(seed).uniform(size=(4, 4)) ** 4
    assert bernstein_bound(p, 0.05) >= _over_all_rectangles(p, 0.05) * (1 - 1e-12)


def test_sizes_without_entries_are_named() -> None:
    for n, d, name in ((0, 3, "n"), (3, -1, "d")):
        with pytest.raises(InputError, match=rf"^{name} = {min(n, d)}: give a positive integer$"):
            hoeffding_bound(n, d, 0.1)
