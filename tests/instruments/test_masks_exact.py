"""Exact selection: against sorting, across dtypes, sizes, atoms and misses of the bracket."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory.errors import InputError
from verification.masks import LayerCollapse, channel_mask, collapsed_layers, mask, threshold
from verification.masks.threshold import all_finite, keep_largest


def _by_sorting(scores: dict[str, torch.Tensor], count: int) -> dict[str, torch.Tensor]:
    """Ties by index: a stable sort of all scores as exact float64."""
    joined = np.concatenate([value.double().numpy().reshape(-1) for value in scores.values()])
    kept = np.zeros(len(joined), dtype=bool)
    kept[np.argsort(-joined, kind="stable")[:count]] = True
    parts = np.split(kept, np.cumsum([value.numel() for value in scores.values()])[:-1])
    return {name: torch.from_numpy(part).view(scores[name].shape) for name, part in zip(scores, parts, strict=True)}


def _large(kind: str) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(300, 500, generator=generator)
    second = torch.randn(60_000, generator=generator, dtype=torch.float64)
    return {
        "normal": {"a": first, "b": 2 * second},
        "all equal": {"a": torch.ones(300, 500)},
        "half zero": {"a": torch.relu(first), "b": torch.zeros(1000)},
        "integers": {"a": (2 * first).round(), "b": (3 * second).round()},
        "two tiny values": {"a": (first > 0).float() * 1e-42},
        "half precision": {"a": first.half(), "b": second.bfloat16()},
        "sorted": {"a": torch.arange(200_000.0)},
        "wide range": {"a": second.exp() ** 30, "b": first * 1e-30},
        "int64": {"a": torch.arange(150_000) % 77},
    }[kind]


KINDS = (
    "normal", "all equal", "half zero", "integers", "two tiny values", "half precision", "sorted", "wide range",
    "int64",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("density", [0.001, 0.1, 0.5, 0.9])
@pytest.mark.filterwarnings("ignore::verification.masks.LayerCollapse")
def test_large_selections_agree_with_sorting(kind: str, density: float) -> None:
    scores = _large(kind)
    size = sum(value.numel() for value in scores.values())
    found = mask(scores, density=density, ties="index")
    wanted = _by_sorting(scores, round(density * size))
    assert all(torch.equal(found[name], wanted[name]) for name in scores)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bracket", [(5.0, 6.0), (-9.0, -8.0), (-math.inf, math.inf), (0.0, 0.0)])
def test_a_bracket_that_misses_costs_time_alone(kind: str, bracket: tuple[float, float], monkeypatch) -> None:
    monkeypatch.setattr(threshold, "_bracket", lambda *_: bracket)
    monkeypatch.setattr(threshold, "_SMALL", 64)
    scores = _large(kind)
    count = sum(value.numel() for value in scores.values()) // 3
    flat = [value.reshape(-1) for value in scores.values()]
    found = keep_largest(flat, count, ties="index", generator=torch.Generator())
    wanted = _by_sorting(scores, count).values()
    assert all(torch.equal(a, b.reshape(-1)) for a, b in zip(found, wanted, strict=True))


@settings(max_examples=60)
@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=60),
    split=st.integers(0, 60),
    narrow=st.booleans(),
    data=st.data(),
)
def test_float32_and_float64_are_compared_as_real_numbers(values, split, narrow, data) -> None:
    halves = [torch.tensor(values[:split], dtype=torch.float64), torch.tensor(values[split:], dtype=torch.float64)]
    halves[int(narrow)] = halves[int(narrow)].clamp(-3e38, 3e38).float()
    count = data.draw(st.integers(1, len(values)))
    found = keep_largest(halves, count, ties="index", generator=torch.Generator())
    wanted = _by_sorting({"a": halves[0], "b": halves[1]}, count)
    assert torch.equal(found[0], wanted["a"])
    assert torch.equal(found[1], wanted["b"])


@settings(max_examples=60)
@given(
    level=st.floats(allow_nan=False),
    entries=st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=8),
)
def test_rounding_a_level_keeps_every_comparison(level: float, entries: list[float]) -> None:
    below = threshold._rounded(level, torch.float32, -math.inf)
    above = threshold._rounded(level, torch.float32, math.inf)
    for entry in entries:
        assert (entry > below) == (entry > level)
        assert (entry >= above) == (entry >= level)


@given(number=st.floats(allow_nan=False), other=st.floats(allow_nan=False))
def test_keys_order_floats_and_lead_back(number: float, other: float) -> None:
    assert (threshold._key(number) < threshold._key(other)) == (number < other)
    assert threshold._number(threshold._key(number)) == number


def test_masks_are_nested_across_densities_without_ties() -> None:
    scores = {"a": torch.rand(400, 300, generator=torch.Generator().manual_seed(1), dtype=torch.float64)}
    scores["b"] = torch.linspace(-1, 2, 999)
    previous = None
    for density in (0.9, 0.5, 0.3, 0.1, 0.01):
        kept = mask(scores, density=density)
        assert sum(int(part.sum()) for part in kept.values()) == round(density * (120_000 + 999))
        if previous is not None:
            assert all(bool((previous[name] | ~kept[name]).all()) for name in scores)
        previous = kept


def test_random_ties_are_those_of_a_permutation_of_the_tied() -> None:
    scores = {"a": torch.ones(500, 200), "b": torch.full((7,), 2.0)}
    found = mask(scores, density=0.25, generator=torch.Generator().manual_seed(5))
    assert bool(found["b"].all())
    wanted = torch.randperm(100_000, generator=torch.Generator().manual_seed(5))[: round(0.25 * 100_007) - 7]
    assert torch.equal(found["a"].view(-1).nonzero()[:, 0], wanted.sort().values)


def test_the_generator_moves_only_for_ties_and_the_global_one_never() -> None:
    generator, state = torch.Generator().manual_seed(2), torch.random.get_rng_state()
    before = generator.get_state()
    mask(torch.linspace(0, 1, 100_000), density=0.3, generator=generator)
    assert torch.equal(before, generator.get_state())
    assert torch.equal(state, torch.random.get_rng_state())


def test_signed_scores_and_scores_with_a_gradient_are_fine() -> None:
    assert mask(torch.tensor([-3.0, -1.0, -2.0]), density=0.34).tolist() == [False, True, False]
    assert int(mask(torch.rand(3, 4, requires_grad=True).T, density=0.5).sum()) == 6


def test_a_million_scores() -> None:
    scores = torch.rand(1000, 1000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    kept = mask(scores, density=0.1)
    assert int(kept.sum()) == 100_000
    assert float(scores[kept].min()) > float(scores[~kept].max())


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_sum_that_overflows_is_no_infinite_score(dtype: torch.dtype) -> None:
    assert all_finite(torch.full((9,), torch.finfo(dtype).max, dtype=dtype))
    assert not all_finite(torch.tensor([1.0, -math.inf], dtype=dtype))
    assert not all_finite(torch.tensor([1.0, math.nan], dtype=dtype))


def test_scores_that_float64_cannot_hold_are_refused() -> None:
    with pytest.raises(InputError, match="beyond 2"):
        mask(torch.tensor([2**60, 2**60 + 1]), density=0.5)
    with pytest.raises(InputError, match="real scores"):
        mask(torch.ones(4, dtype=torch.complex64), density=0.5)


def test_collapse_is_reported_for_several_layers_and_not_for_one() -> None:
    scores = {"a": torch.zeros(3), "b": torch.ones(9), "c": torch.zeros(1)}
    with pytest.warns(LayerCollapse, match="keeps nothing of a, c:") as caught:
        kept = mask(scores, density=0.5)
    assert caught[0].filename == __file__
    assert collapsed_layers(kept) == ("a", "c")
    assert collapsed_layers({"long": torch.arange(9000) == 8999}) == ()
    mask({"b": scores["b"]}, density=0.5)


def test_channel_masks_by_mean_and_by_tap() -> None:
    kept = torch.rand(4, 3, 2, 2, generator=torch.Generator().manual_seed(0)) < 0.4
    mean, taps = channel_mask(kept), channel_mask(kept, "tap")
    assert mean.shape == (4, 3)
    assert taps.shape == (2, 2, 4, 3)
    for out in range(4):
        for channel in range(3):
            assert float(mean[out, channel]) == int(kept[out, channel].sum()) / 4
            assert torch.equal(taps[:, :, out, channel], kept[out, channel])


def test_channel_masks_of_groups_are_block_diagonal() -> None:
    kept = torch.ones(4, 3, 1, 1, dtype=torch.bool)
    assert torch.equal(channel_mask(kept, groups=2), torch.block_diag(torch.ones(2, 3), torch.ones(2, 3)).double())
    with pytest.raises(InputError, match="groups = 3"):
        channel_mask(kept, groups=3)
    with pytest.raises(InputError, match="how = 'max'"):
        channel_mask(kept, "max")
    with pytest.raises(InputError, match=r"float32 of shape \(2, 2\)"):
        channel_mask(torch.ones(2, 2))
