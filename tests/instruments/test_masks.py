"""Masks: exactly k kept, the largest, ties by rule."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphon_theory.errors import InputError
from verification.masks import LayerCollapse, collapsed_layers, kept_count, mask
from verification.strategies import densities, scores


@given(
    scores=scores(st.integers(2, 8), st.integers(2, 8)),
    density=densities(0.13, 0.87),
    ties=st.sampled_from(["random", "index"]),
)
def test_exactly_k_of_the_largest_are_kept_whatever_the_ties(scores, density, ties) -> None:
    tensor = torch.from_numpy(scores)
    kept = mask(tensor, density=density, ties=ties)
    assert int(kept.sum()) == round(density * scores.size)
    assert float(tensor[kept].min()) >= float(tensor[~kept].max())


def test_index_rule_keeps_the_first_and_random_rule_does_not_prefer() -> None:
    scores = torch.ones(4, 50)
    first = mask(scores, density=0.25, ties="index")
    assert first[0].all()
    assert not first[1:].any()
    drawn = mask(scores, density=0.25)
    assert int(drawn.sum()) == 50
    assert (drawn.sum(dim=1) > 0).all()
    assert torch.equal(drawn, mask(scores, density=0.25))


def test_ties_can_be_refused() -> None:
    with pytest.raises(InputError, match=r"4 equal to the threshold 1.*only 2 of them fit"):
        mask(torch.ones(2, 2), density=0.5, ties="error")
    assert int(mask(torch.tensor([1.0, 2.0, 2.0, 0.0]), density=0.5, ties="error").sum()) == 2


def test_global_scope_shares_one_threshold_and_layer_scope_does_not() -> None:
    scores = {"a": torch.arange(4.0).view(2, 2), "b": 10 + torch.arange(6.0).view(2, 3)}
    with pytest.warns(LayerCollapse, match="keeps nothing of a:"):
        kept = mask(scores, density=0.5)
    assert collapsed_layers(kept) == ("a",)
    assert int(kept["a"].sum()) == 0
    assert int(kept["b"].sum()) == 5
    kept = mask(scores, density=0.5, scope="layer")
    assert int(kept["a"].sum()) == 2
    assert int(kept["b"].sum()) == 3


@pytest.mark.parametrize("density", [0.0, 1.0, -1.0, float("nan"), 0.01, 0.99])
def test_densities_that_keep_nothing_or_everything_are_refused(density: float) -> None:
    with pytest.raises(InputError, match="density"):
        mask(torch.rand(3, 3), density=density)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_scores_that_are_no_numbers_are_refused(bad: float) -> None:
    with pytest.raises(InputError, match="NaN or infinite"):
        mask(torch.tensor([1.0, bad, 2.0]), density=0.5)


def test_unknown_rules_are_refused() -> None:
    with pytest.raises(InputError, match="ties = 'first'"):
        mask(torch.rand(4), density=0.5, ties="first")
    with pytest.raises(InputError, match="scope = 'net'"):
        mask(torch.rand(4), density=0.5, scope="net")
    with pytest.raises(InputError, match="scores"):
        mask({}, density=0.5)


def test_kept_count_rounds() -> None:
    assert kept_count(100, 0.126) == 13
