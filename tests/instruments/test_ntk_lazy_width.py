"""The width from which training is lazy: crossings of known curves, their limits, and real networks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from graphon_theory.errors import InputError
from verification.networks import OneHiddenLayer
from verification.ntk.lazy_width import lazy_width, relative_gaps
from verification.ntk.masked import MaskedNetwork, prune_network
from verification.ntk.training import lazy_training

WIDTHS = (64, 256, 1024)


def _power(constant: float, rate: float, spread: float = 0.1) -> dict[int, list[float]]:
    """Gaps ``constant n^-rate`` with three symmetric deviations of the logarithm."""
    return {n: [constant * n**-rate * math.exp(spread * k) for k in (-1, 0, 1)] for n in WIDTHS}


def _draw(width: int, repeat: int) -> tuple[MaskedNetwork, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(repeat)
    x = torch.randn(18, 10, generator=generator, dtype=torch.float64)
    network = OneHiddenLayer(10, width, initialisation="gaussian", seed=repeat, activation="tanh").double()
    pruned = prune_network(network, criterion="magnitude", density=0.3, seed=repeat, layers=["hidden"])
    return pruned, x[:12], torch.sin(x[:12, 0]), x[12:]


@pytest.mark.parametrize("rate", [0.5, 0.75, 1.0])
@pytest.mark.parametrize("tolerance", [0.03, 0.05])
def test_a_power_law_is_solved_at_any_width(rate: float, tolerance: float) -> None:
    constant = tolerance * 300.0**rate  # the gap is the tolerance at n = 300
    found = lazy_width(_power(constant, rate), tolerance)
    assert found.value == pytest.approx(300.0, rel=1e-9)
    # Limits: the mean logarithm moves by Student's quantile times the standard error.
    half = 2.919985580353726 * 0.1 / math.sqrt(3)
    assert math.log(found.high / found.value) == pytest.approx(half / rate, rel=1e-6)
    assert math.log(found.value / found.low) == pytest.approx(half / rate, rel=1e-6)


def test_the_last_crossing_counts() -> None:
    gaps = {n: [mean * 0.99, mean, mean / 0.99] for n, mean in ((16, 0.04), (64, 0.2), (256, 0.02), (1024, 0.01))}
    assert 64 < lazy_width(gaps, 0.05).value < 256
    assert lazy_width(gaps, 0.05).low > 64


def test_limits_are_open_where_no_width_decides() -> None:
    found = lazy_width(_power(0.05 * 300**0.5, 0.5, spread=1.5), 0.05)
    assert found.low == 0.0
    assert found.high == math.inf
    assert found.value == pytest.approx(300.0)


def test_limits_cover_the_width_of_the_mean_at_their_level() -> None:
    rng = np.random.default_rng(5)
    outside = 0
    for _ in range(400):
        noisy = {n: list(0.05 * (n / 300.0) ** -0.75 * np.exp(0.3 * rng.standard_normal(6))) for n in WIDTHS}
        found = lazy_width(noisy, 0.05, level=0.1)
        outside += not found.low <= 300.0 <= found.high
    # At each of two widths each limit misses with probability 0.1; interpolation averages two of them.
    assert 10 <= outside <= 0.25 * 400


def test_gaps_are_those_of_the_runs_and_shrink() -> None:
    gaps = relative_gaps(_draw, (16, 512), 3, steps=20)
    assert list(gaps) == [16, 512]
    assert [len(values) for values in gaps.values()] == [3, 3]
    network, x, y, probe = _draw(16, 1)
    run = lazy_training(network, x, y, probe, steps=20, records=1, drift=False)
    assert gaps[16][1] == pytest.approx(float(run.gap_test[-1]) / float(y.square().mean().sqrt()), rel=1e-12)
    assert 16 < lazy_width(gaps, 0.05).value < 512


@pytest.mark.parametrize(
    ("gaps", "tolerance", "message"),
    [
        (_power(1.0, 0.5), 0.01, r"not reached: the gap is 0\.0312 at n = 1024; measure wider"),
        (_power(1.0, 0.5), 0.5, r"0\.125, at n = 64; measure narrower"),
        (_power(1.0, 0.5), 0.0, "finite number above 0"),
        (_power(1.0, 0.5), math.nan, "finite number above 0"),
        ({64: [0.1, 0.2]}, 0.1, "at least two"),
        ({64: [0.1, 0.2], 128: [0.1, 0.0]}, 0.1, r"gaps\[128\]"),
        ({64: [0.1, 0.2], 128: [0.1]}, 0.1, "two or more"),
        ({0: [0.1, 0.2], 128: [0.1, 0.2]}, 0.1, "at least 1"),
    ],
)
def test_what_has_no_answer_is_refused(gaps: dict[int, list[float]], tolerance: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        lazy_width(gaps, tolerance)


def test_bad_draws_are_refused() -> None:
    with pytest.raises(InputError, match="widths"):
        relative_gaps(_draw, (), 3)
    with pytest.raises(InputError, match="repeats"):
        relative_gaps(_draw, (16,), 1)
    with pytest.raises(InputError, match="not all 0"):
        relative_gaps(lambda n, k: (*_draw(n, k)[:2], torch.zeros(12), _draw(n, k)[3]), (16,), 2)
    with pytest.raises(InputError, match="level"):
        lazy_width(_power(1.0, 0.5), 0.1, level=1.5)
