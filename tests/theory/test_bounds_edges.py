"""Bounds where mutants of the code lived: rectangles without variance, and what errors name."""

from __future__ import annotations

import numpy as np
import pytest

from graphon_theory.bounds import bernstein_bound, population_bound, rectangle_bound
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
