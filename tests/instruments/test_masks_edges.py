"""Masks where mutants of the code lived: neighbouring floats at the threshold, and what errors and warnings say."""

from __future__ import annotations

import math

import pytest
import torch

from graphon_theory.errors import InputError
from verification.masks import LayerCollapse, kept_count, mask


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("many", "few", "count"), [(40_000, 40_000, 70_000), (40_000, 300, 40_150), (300, 40_000, 150)]
)
def test_neighbouring_floats_are_told_apart_at_the_threshold(
    dtype: torch.dtype, many: int, few: int, count: int
) -> None:
    """Two atoms one unit in the last place apart: all of the upper one, and the rest from the lower."""
    upper = torch.tensor(0.75, dtype=dtype)
    lower = torch.nextafter(upper, torch.tensor(0.0, dtype=dtype))
    scores = torch.cat([upper.repeat(many), lower.repeat(few), torch.zeros(100_000 - many - few, dtype=dtype)])
    scores = scores[torch.randperm(len(scores), generator=torch.Generator().manual_seed(1))].reshape(400, 250)
    kept = mask(scores, density=count / scores.numel(), generator=torch.Generator().manual_seed(2))
    assert int(kept.sum()) == count
    assert int(kept[scores == upper].sum()) == min(count, many)
    assert int(kept[scores == lower].sum()) == max(count - many, 0)


def test_a_density_that_keeps_nothing_is_named_with_its_value() -> None:
    with pytest.raises(InputError, match=r"density = 0\.001: it keeps 0 of 10 entries"):
        kept_count(10, 0.001)


def test_no_layers_at_all_are_named() -> None:
    with pytest.raises(InputError, match=r"^scores = \{\}: give at least one layer"):
        mask({}, density=0.5)


def test_a_collapse_says_what_to_do() -> None:
    scores = {"a": torch.zeros(3), "b": torch.ones(9)}
    with pytest.warns(LayerCollapse, match=r"raise the density, mask with scope=.layer. or score"):
        mask(scores, density=0.5)


def test_a_sum_that_overflows_is_not_taken_for_an_infinite_score() -> None:
    largest = torch.finfo(torch.float32).max
    scores = torch.full((4, 4), largest)
    scores[0, 0] = math.nextafter(1.0, 0.0)
    assert int(mask(scores, density=0.5, generator=torch.Generator().manual_seed(0)).sum()) == 8


def test_a_collapse_is_shown_at_the_line_that_asked_for_the_mask() -> None:
    scores = {"a": torch.zeros(3), "b": torch.ones(9)}
    with pytest.warns(LayerCollapse) as shown:
        mask(scores, density=0.5)
    assert shown[0].filename == __file__


def test_neither_the_default_device_nor_the_global_generator_matters() -> None:
    """More entries than are settled without a sample, many of them tied."""
    scores = (torch.rand(300, 300, generator=torch.Generator().manual_seed(3)) * 50).round()
    expected = mask(scores, density=0.1)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    with torch.device("meta"):
        assert torch.equal(mask(scores, density=0.1), expected)
    assert torch.equal(torch.get_rng_state(), state)
