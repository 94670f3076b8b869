"""Joined neurons at the edges: brackets without a lower end, and what errors name."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from graphon_theory.approximation import drawn_types_law, exact_uniform_mask_law, joined_bracket, uniform_mask_law
from graphon_theory.approximation.bracket import bracket_probabilities
from graphon_theory.approximation.empty import empty_given_degree, empty_under_top_k
from graphon_theory.errors import InputError
from graphon_theory.saliency import FiniteModel


def test_a_failure_rarer_than_every_float_leaves_no_lower_end() -> None:
    """One entry of four is kept. No density above 1e-300 is excluded at 1e-305, so below nothing is joined for sure."""
    model = FiniteModel(np.array([[1.0, 2.0], [3.0, 4.0]]))
    low, high = bracket_probabilities(model, 1, 1e-305)
    np.testing.assert_array_equal(low, np.zeros((2, 2)))
    assert (high > 0.999).all()
    bracket = joined_bracket(model, 1, [(0,)], 1e-305)
    assert (bracket.below.mean, bracket.below.at_most(0)) == (0.0, 1.0)
    assert bracket.at_most(0) == 1.0
    assert bracket.at_least(1) == pytest.approx(1.0)


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: empty_under_top_k(3, 4, 13), "kept = 13: give the number of kept entries, from 0 to 12"),
    (lambda: empty_under_top_k(0, 4, 0), "neurons = 0: give a positive whole number"),
    (lambda: empty_under_top_k(3, -1, 0), "inputs = -1: give a positive whole number"),
    (lambda: empty_given_degree(-0.1, 3), "degree = -0.1: give probabilities from 0 to 1"),
    (lambda: uniform_mask_law(4, 2, 7, 3), "entries = 7: give at least the 8 entries of the blocks"),
    (lambda: drawn_types_law(3, 0.5).times(-1), "copies = -1: give a number of copies, 0 or more"),
    *(
        (lambda law=law, at=at: law(*np.where(np.arange(4) == at, 0, (2, 2, 8, 3)).tolist()), f"{name} = 0: ")  # type: ignore[misc]
        for law in (uniform_mask_law, exact_uniform_mask_law)
        for at, name in enumerate(("blocks", "active", "entries"))
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=lambda item: item if isinstance(item, str) else "")
def test_errors_name_the_argument_and_the_way_out(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}") as caught:
        call()
    assert caught.value.remedy.startswith("give ")
