"""Distances where mutants of the code lived: names in errors, both ends of [0, 1], the direction of rounding."""

from __future__ import annotations

import numpy as np
import pytest

from graphon_theory.errors import InputError
from verification.cutnorm import cut_norm
from verification.distances import invariants, step_distance, unlabelled_distance
from verification.distances import step as step_module
from verification.distances.grid import common_refinement

HALF = np.full((2, 2), 0.5)


@pytest.mark.parametrize("value", [-0.25, 1.25])
@pytest.mark.parametrize("name", ["A", "B"])
def test_values_beyond_either_end_are_refused_and_named_where_graphs_are_counted(value: float, name: str) -> None:
    bad = np.array([[value, 0.5], [0.5, 0.5]])
    pair = (bad, HALF) if name == "A" else (HALF, bad)
    with pytest.raises(InputError, match=rf"^{name} = 'values outside \[0, 1\]': give a mask or probabilities"):
        unlabelled_distance(*pair)
    assert unlabelled_distance(*pair, graphs=()).lower > 0  # without graphs they may be anything


@pytest.mark.parametrize("name", ["A", "B"])
def test_what_is_not_finite_or_too_large_is_named_with_the_remedy(name: str) -> None:
    for value, said in (
        (np.nan, rf"{name}\[0, 0\] is nan"),
        (1e200, r"NaN, infinite or beyond 2\*\*500': give finite"),
    ):
        bad = np.array([[value, 0.5]])
        pair = (bad, HALF) if name == "A" else (HALF, bad)
        with pytest.raises(InputError, match=rf"^{name} = .*{said}"):
            unlabelled_distance(*pair)


def test_profiles_that_are_missing_are_said_to_be() -> None:
    with pytest.raises(InputError, match=r"^profiles = 'missing': they belong to"):
        unlabelled_distance(HALF, HALF, align="profile")


def test_a_refinement_that_does_not_fit_is_named_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_module, "LARGEST_REFINEMENT", 15)
    with pytest.raises(InputError, match=r"^B = 'refinement of 4 x 4 cells': at most 15 fit"):
        step_distance(np.zeros((2, 2)), np.zeros((3, 3)))


def test_too_many_steps_are_named_with_the_most_that_there_may_be() -> None:
    with pytest.raises(InputError, match=rf"^m = {2**31}: give a number of steps from 1 to {2**31 - 1}$"):
        common_refinement(2**31, 1)


def test_the_aligned_distance_is_that_of_the_matrices_in_the_orders_given() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random((5, 4)), rng.random((5, 4))
    found = unlabelled_distance(one, other)
    first, second = (matrix[np.ix_(*order)] for matrix, order in zip((one, other), found.orders, strict=True))
    again = step_distance(first, second)
    assert (found.aligned.lower, found.aligned.upper) == (again.lower, again.upper)
    assert found.upper == again.upper


def test_lower_bounds_are_rounded_down_and_by_every_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a unit roundoff of 2^-20 in place of 2^-53 the allowances can be seen."""
    rng = np.random.default_rng(1)
    one, other = 0.9 * rng.random((6, 5)), 0.1 * rng.random((4, 7))
    plain = invariants.counting_bounds(one, other, ["path(3)"])["path(3)"]
    asked: list[float] = []

    def coarse(operations: float) -> float:
        asked.append(operations)
        return operations * 2.0**-20

    monkeypatch.setattr(invariants, "gamma", coarse)
    lowered = invariants.counting_bounds(one, other, ["path(3)"])["path(3)"]
    assert 0 < lowered < plain * (1 - 4 * 2.0**-20)
    assert asked[0] == 4 * (7 + 8) + 4 * 3  # path(3): 4 vertices and 3 edges; the largest side is 7
    assert invariants._lowered(1.0, 0.0) == 1.0 - 4 * 2.0**-20


def test_the_seed_is_the_one_asked_for() -> None:
    """On one grid the distance is the cut norm; of 60 x 50 signs the third digit of its upper bound tells the seed."""
    difference = np.random.default_rng(2).choice([-0.5, 0.5], (60, 50))
    uppers = [cut_norm(difference, seed=seed).upper for seed in (0, 1)]
    assert uppers[0] != pytest.approx(uppers[1], rel=1e-4)
    for seed, upper in enumerate(uppers):
        found = step_distance(0.5 + 0.5 * difference, 0.5 - 0.5 * difference, seed=seed)
        assert found.upper == pytest.approx(upper, rel=1e-12)
