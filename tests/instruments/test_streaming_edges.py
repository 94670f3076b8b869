"""Streaming where there is nothing to find: levels, thresholds and bounds; and many strips at once."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from graphon_theory.errors import InputError
from verification.streaming import threshold
from verification.streaming.cut import spectral_bound
from verification.streaming.mask import StreamedMask
from verification.streaming.model import FactorModel
from verification.streaming.passes import run
from verification.streaming.prediction import _solve
from verification.streaming.relaxation import Relaxed
from verification.streaming.threshold import Window, _level, find_threshold


@pytest.mark.parametrize(("excess", "said"), [(1.0, "no finite level"), (-1.0, "vanishes too often")])
def test_a_density_that_no_level_has_is_refused(excess: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        _solve(lambda level: excess, 1.0, 0.1, 0.25)
    assert _solve(lambda level: 3.0 - level, 1.0, 0.1, 0.25) == pytest.approx(3.0)


def test_thresholds_need_a_rule_for_ties_and_scores_that_are_positive() -> None:
    model = FactorModel(np.array([0.0, 1.0, 1.0, 0.0]), np.ones(30))
    mask = StreamedMask(model, 0.25, 1)
    with pytest.raises(InputError, match="ties"):
        find_threshold(mask.sieve, 10, Window(0.1, 1.0), ties="first")
    assert mask.count == 30
    with pytest.raises(InputError, match="fewer scores are positive"):
        find_threshold(mask.sieve, 61, Window(0.1, 1.0))
    assert find_threshold(mask.sieve, 60, Window(0.1, 1.0)).value > 0.0


def test_a_window_that_the_passes_do_not_lead_out_of_is_what_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    sieve = StreamedMask(FactorModel(np.ones(4), np.ones(30)), 0.25, 1).sieve
    wanted = find_threshold(sieve, 30, Window(0.1, 1.0))
    far = Window(1e-300, 1.0001e-300)
    found = find_threshold(sieve, 30, far)
    assert found.value == wanted.value
    monkeypatch.setattr(threshold, "_PASSES", found.passes)
    assert find_threshold(sieve, 30, far).passes == found.passes
    monkeypatch.setattr(threshold, "_PASSES", found.passes - 1)
    with pytest.raises(InputError, match=r"window.*passes"):
        find_threshold(sieve, 30, far)


def test_the_level_beside_another_is_a_step_along_the_slope_or_the_same_where_there_is_none() -> None:
    """A density linear in the logarithm of the level, for which one step is exact; and one that does not change."""
    sloping = SimpleNamespace(sides=None, moments=lambda level: (0.5 - 0.1 * math.log(level), 0.2))
    for level, target in ((1.0, 0.45), (2.0, 0.7), (0.3, 0.1)):
        assert _level(sloping, level, target) == pytest.approx(math.exp((0.5 - target) / 0.1), rel=1e-9)  # type: ignore[arg-type]
    flat = SimpleNamespace(sides=None, moments=lambda level: (0.5, 0.25))
    assert _level(flat, 2.0, 0.3) == 2.0  # type: ignore[arg-type]


def test_many_strips_come_back_in_their_order() -> None:
    walk = [(first, first + 1) for first in range(200)]
    alone = list(run(lambda group: [first for first, _ in group], walk, None))
    with ThreadPoolExecutor(2) as executor:
        together = list(run(lambda group: [first for first, _ in group], walk, executor))
    assert together == alone
    assert [first for group in together for first in group] == list(range(200))


def test_nothing_has_the_spectral_bound_zero() -> None:
    nothing = Relaxed(np.ones((3, 1)), np.zeros((4, 1)), np.zeros(4), np.zeros(3))
    assert spectral_bound(None, nothing, 2, 0, 1e-9) == 0.0  # type: ignore[arg-type]
