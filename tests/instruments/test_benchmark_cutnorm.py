"""The benchmark of cut norms: a small run, and the talk with another package's process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import cutnorm as benchmark
from verification.threads import one_thread

STAND_IN = """
import numpy as np

def compute_cutnorm(A, B):
    C = (A - B) / A.size
    rows, columns = C.sum(axis=1) > 0, np.ones(len(A))
    value = C[rows].sum()
    return value, 2 * value, {"cutnorm_sets": (rows.astype(float), columns)}
"""


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give an interpreter that finds a stand-in for the package, with rows of positive sum as its sets."""
    place = tmp_path / "place"
    (place / "cutnorm-0.0.1.dist-info").mkdir(parents=True)
    (place / "cutnorm-0.0.1.dist-info" / "METADATA").write_text("Name: cutnorm\nVersion: 0.0.1\n")
    (place / "cutnorm.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(place))
    monkeypatch.setenv("GRAPHON_PEER_PYTHON", sys.executable)
    return sys.executable


def stored(folder: Path, n: int = 40) -> tuple[Path, np.ndarray]:
    A = np.random.default_rng(0).standard_normal((n, n)).astype(np.float32)
    path = folder / "matrix.npy"
    np.save(path, A)
    return path, A


def test_small_run_prints_bounds_and_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "SIZES", (24, 48))
    monkeypatch.setattr(benchmark, "peer_python", lambda: None)
    with one_thread():
        benchmark.main(48, folder=tmp_path)
    printed = capsys.readouterr().out
    assert "peer: not installed (pip install cutnorm)" in printed
    rows = [line.split("|") for line in printed.splitlines() if line.startswith(("constant", "half-normal"))]
    assert [int(row[0].split()[-1]) for row in rows] == [24, 24, 48, 48]
    for row in rows:
        lower, upper = map(float, row[1].split()[1:3])
        assert 0.0 < lower <= upper <= 1.3 * lower
        assert all(float(part.split()[0]) >= upper / lower - 1e-3 for part in row[2:4])
    assert (tmp_path / "cutnorm.svg").stat().st_size > 0
    assert (tmp_path / "cutnorm.png").stat().st_size > 0


def test_residuals_are_those_of_masks_and_stay_the_same() -> None:
    first, second = benchmark.residuals(64), benchmark.residuals(64)
    assert list(first) == ["constant", "half-normal, both"]
    for name, A in first.items():
        assert A.dtype == torch.float32
        assert torch.equal(A, second[name])
    values = sorted(set(first["constant"].flatten().tolist()))
    assert values == pytest.approx([-0.1, 0.9], abs=1e-6)


def test_peer_values_are_scaled_back_and_its_sets_summed_anew(tmp_path: Path, peer: str) -> None:
    assert benchmark.peer_python() == peer
    path, A = stored(tmp_path)
    rows = A.sum(axis=1, dtype=np.float64) > 0
    value = A[rows].sum(dtype=np.float64) / A.size
    for scale in (1.0, float(A.size)):
        found = benchmark.run_peer(peer, path, scale)
        assert isinstance(found, benchmark.Peer)
        assert found.attained == pytest.approx(value, rel=1e-12)
        assert (found.rounded, found.relaxed) == pytest.approx((value, 2 * value), rel=1e-6)
        assert found.version == "0.0.1"


def test_peer_that_is_slow_or_absent_leaves_a_word(tmp_path: Path, peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = stored(tmp_path)
    assert benchmark.run_peer(str(tmp_path / "nowhere"), path, 1.0) == "failed"
    monkeypatch.setattr(benchmark, "PEER_TIMEOUT", 0.01)
    assert benchmark.run_peer(peer, path, 1.0) == "over 0 s"


@pytest.mark.skipif(not sys.platform.startswith("linux") or not os.access("/proc/self/clear_refs", os.W_OK),
                    reason="reads /proc")  # fmt: skip
def test_memory_is_counted_in_copies(tmp_path: Path) -> None:
    path = tmp_path / "matrix.npy"
    np.save(path, benchmark.residuals(600)["constant"].numpy())
    with one_thread():
        assert 1.0 < benchmark._copies(str(path), threads=1) < 20.0


def test_exponent_is_the_slope() -> None:
    assert benchmark.exponent([1024, 2048, 4096], [1.0, 8.0, 64.0]) == pytest.approx(3.0)
    assert np.isnan(benchmark.exponent([1024], [1.0]))
