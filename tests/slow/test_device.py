"""The same code on a CUDA device: float32 there against float64 on the CPU. Run with ``pytest -m slow``."""

from __future__ import annotations

import pytest
import torch

from verification import cut_norm, cut_norms
from verification.cutnorm import cut_norm_lower, screening_bound
from verification.suite import load_suite
from verification.trials import observe, plan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


def _residual(n: int, d: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, d, generator=generator).lt(0.1).to(torch.float64).sub_(0.1)


@pytest.mark.parametrize(("n", "d"), [(300, 300), (2048, 2048), (4096, 512)])
def test_enclosures_on_both_devices_overlap_and_are_tight(n: int, d: int) -> None:
    A = _residual(n, d, n + d)
    there, here = cut_norm(A.float(), device="cuda"), cut_norm(A)
    assert there.upper is not None
    assert here.upper is not None
    # Rounding the entries to float32 moves the norm by at most 2**-24 of the mean modulus.
    slack = 2.0**-23 * float(A.abs().mean())
    assert there.lower <= here.upper + slack
    assert here.lower <= there.upper + slack
    assert there.upper <= 1.2 * there.lower
    assert there.lower == pytest.approx(here.lower, rel=0.01)


def test_every_entry_point_takes_a_device() -> None:
    A = torch.stack([_residual(256, 200, seed) for seed in range(3)])
    for there, here in zip(cut_norms(A, device="cuda"), cut_norms(A), strict=True):
        assert there.lower == pytest.approx(here.lower, rel=0.02)
    assert cut_norm_lower(A[0], device="cuda") <= screening_bound(A[0], device="cuda")


def test_trials_on_a_device_agree_with_those_on_the_cpu() -> None:
    """Random numbers come from the CPU, so the statistics differ by rounding, and by what ties it moves."""
    for trial in plan(load_suite("small"))[::17]:
        here = observe(trial).values
        there = observe(trial, "cuda").values
        assert set(there) == set(here)
        for variant, values in here.items():
            for name, value in values.items():
                assert there[variant][name] == pytest.approx(value, rel=0.05, abs=0.02), (trial.case, variant, name)
