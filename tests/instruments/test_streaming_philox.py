"""Vectorised Philox gives NumPy's bits; an entry's noise depends on its place alone, and is uniform."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graphon_theory.errors import InputError
from verification.streaming.philox import consecutive_words, signed, words_at
from verification.streaming.tiles import PANEL, EntryNoise, uniforms

WORD = st.integers(0, 2**64 - 1)


def _numpy_block(key: tuple[int, int], counter: int) -> list[int]:
    """Four words of one counter from NumPy's own constructor, which counts up first."""
    generator = np.random.Philox(key=key[0] + (key[1] << 64), counter=(counter - 1) % 2**256)
    return [int(word) for word in generator.random_raw(4)]


@settings(max_examples=40, deadline=None)
@given(st.tuples(WORD, WORD), st.tuples(WORD, WORD, WORD, WORD))
def test_both_forms_give_numpys_bits(key: tuple[int, int], counter: tuple[int, int, int, int]) -> None:
    expected = _numpy_block(key, sum(part << (64 * k) for k, part in enumerate(counter)))
    ours = words_at(key, tuple(torch.tensor([signed(part)]) for part in counter))
    assert [int(word) % 2**64 for word in ours] == expected
    assert consecutive_words(key, counter, 4).tolist() == expected


@pytest.mark.parametrize("counter", [(0, 0, 0, 0), (2**64 - 1, 0, 0, 0), (2**64 - 1, 2**64 - 1, 0, 7)])
def test_consecutive_counters_carry(counter: tuple[int, int, int, int]) -> None:
    place = sum(part << (64 * k) for k, part in enumerate(counter))
    expected = _numpy_block((3, 2**63), place) + _numpy_block((3, 2**63), (place + 1) % 2**256)
    assert consecutive_words((3, 2**63), counter, 8).tolist() == expected


def test_a_wrong_multiplier_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verification.streaming.philox._MULTIPLIERS", (0xD2E7470EE14C6C93, 0xCA5A826395121159))
    ours = words_at((1, 2), (torch.tensor([5]), 0, 0, 0))
    assert [int(word) % 2**64 for word in ours] != _numpy_block((1, 2), 5)


def test_torch_draws_the_high_bits_of_numpy() -> None:
    noise = EntryNoise(2**64 - 1, 9)
    for first, panel in ((0, 0), (1_000_003, 3905)):
        ours = noise.high_on(torch.device("cpu"), first, 5, panel)
        assert np.array_equal(ours.numpy(), noise.high(first, 5, panel))


def test_noise_depends_on_the_place_alone() -> None:
    noise = EntryNoise(5)
    whole = noise.high(0, 40, 2)
    assert np.array_equal(noise.high(17, 6, 2), whole[17:23])
    rows, columns = np.array([17, 3, 999_999]), np.array([700, 2, 999_998])
    together = noise.low(rows, columns)
    assert [int(noise.low(rows[k : k + 1], columns[k : k + 1])[0]) for k in range(3)] == together.tolist()
    assert not np.array_equal(EntryNoise(5, 1).high(0, 40, 2), whole)


def test_layout_is_the_documented_one() -> None:
    noise, i, j = EntryNoise(11, 4), 37, 2 * PANEL + 77
    place = PANEL * i + j % PANEL
    high = _numpy_block((11, 4), place // 16 + (2 << 64))[place // 4 % 4] >> (16 * (place % 4)) & 0xFFFF
    low = _numpy_block((11, 4), place // 4 + (2 << 64) + (1 << 128))[place % 4] >> 16
    assert int(noise.high(i, 1, 2)[0, j % PANEL]) == high
    assert int(noise.low(np.array([i]), np.array([j]))[0]) == low
    assert float(uniforms(np.array([high]), np.array([low], dtype=np.uint64))[0]) == pytest.approx(
        ((high << 48) + low + 0.5) / 2**64, rel=1e-15
    )


def test_noise_is_uniform_and_neighbours_do_not_correlate() -> None:
    noise = EntryNoise(77)
    rows, columns = (part.ravel() for part in np.indices((120, 256)))
    values = uniforms(noise.high(0, 120, 0).ravel(), noise.low(rows, columns))
    assert stats.kstest(values, "uniform").pvalue > 1e-6
    square = values.reshape(120, 256) - 0.5
    for moved in (square[:, 1:] * square[:, :-1], square[1:] * square[:-1]):
        # Products of independent uniforms: mean 0, variance 1/144.
        assert abs(float(moved.mean())) < 5.0 / 12.0 / np.sqrt(moved.size)


@pytest.mark.parametrize("seed", [-1, 2**64, 0.5, True])
def test_bad_seeds_are_refused(seed: object) -> None:
    with pytest.raises(InputError, match="seed"):
        EntryNoise(seed)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="stream"):
        EntryNoise(0, seed)  # type: ignore[arg-type]
