"""The benchmark of limit kernels: a small run, and a peer that is absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import ntk as benchmark
from verification.ntk.limit import limit_ntk


def test_small_run_prints_ratios(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(benchmark, "RUNS", 1)
    monkeypatch.setattr(benchmark, "_blocks", lambda X: None)
    monkeypatch.setattr(benchmark, "_memory", lambda n: None)
    benchmark.main(64)
    printed = capsys.readouterr().out
    assert "redrawn" in printed
    assert "kept" in printed
    assert all(float(line.rsplit("error ", 1)[1]) < 1e-3 for line in printed.splitlines() if "error " in line)


def test_the_loop_gives_the_same_kernel() -> None:
    X = torch.from_numpy(np.random.default_rng(0).standard_normal((5, benchmark.D)))
    layers = benchmark.blocks(3, 2)
    total = limit_ntk(X, layers, tolerance=1e-12).total
    # The loop's own diagonal has correlations with their rounding.
    torch.testing.assert_close(benchmark.naive(X, layers), total, rtol=0.0, atol=1e-8 * float(total.max()))


def test_absent_peer_leaves_a_word(tmp_path: Path) -> None:
    assert benchmark.run_peer(str(tmp_path / "nowhere"), 8, 1).startswith("failed")


def test_peak_memory_is_that_of_the_result_and_some_blocks() -> None:
    ratio = benchmark.peak_over_result(2000, 20, constant=True)
    assert 0.95 < ratio < 1.6  # a second matrix of this size would make it 2
