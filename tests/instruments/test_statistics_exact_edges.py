"""Exact tests at the ends of their ranges: the smallest samples, and counts that cannot be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from graphon_theory.errors import InputError
from verification.statistics import binomial_at_least, binomial_interval, hypergeometric_two_sided


@pytest.mark.parametrize("function", [binomial_at_least, binomial_interval])
def test_samples_and_counts_that_cannot_be_are_named(function: Callable[[int, int, float], object]) -> None:
    with pytest.raises(InputError, match=r"^size = 0: give a whole number of at least 1"):
        function(0, 0, 0.1)
    with pytest.raises(InputError, match=r"^count = 11: give a whole number from 0 to 10"):
        function(11, 10, 0.1)
    with pytest.raises(InputError, match=r"^count = -1: give a whole number from 0 to 10"):
        function(-1, 10, 0.1)


def test_a_sample_of_one() -> None:
    assert [binomial_at_least(k, 1, 0.3) for k in (0, 1)] == pytest.approx([1.0, 0.3])
    # Nothing seen in one trial at level 0.1: the rate r with (1 - r) = 0.05.
    assert binomial_interval(0, 1, 0.1) == pytest.approx((0.0, 0.95))
    assert binomial_interval(1, 1, 0.1) == pytest.approx((0.05, 1.0))


def test_draws_that_leave_nothing_to_chance() -> None:
    """One item; none marked; all marked; none drawn; all drawn: one count is possible, and no evidence."""
    for count, drawn, marked, total in (
        (1, 1, 1, 1),
        (0, 1, 0, 1),
        (0, 4, 0, 9),
        (4, 4, 9, 9),
        (0, 0, 3, 9),
        (3, 9, 3, 9),
    ):
        assert hypergeometric_two_sided(count, drawn, marked, total) == 1.0
    # One of two items is marked and one is drawn: each count has probability 1/2, twice that is 1.
    assert hypergeometric_two_sided(0, 1, 1, 2) == hypergeometric_two_sided(1, 1, 1, 2) == 1.0
    # Both of the two marked among four are drawn: 1/6, doubled.
    assert hypergeometric_two_sided(2, 2, 2, 4) == pytest.approx(1 / 3)
