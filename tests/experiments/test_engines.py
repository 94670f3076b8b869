"""Engines: the same numbers wherever trials run; a real Dask cluster with a worker killed and one stopped."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from faults import trials

from graphon_theory.errors import InputError
from verification import devices
from verification.engines import SpawnPool, open_engine
from verification.ledger import Ledger
from verification.sweep import sweep
from verification.trials import OtherCodeError, make, observe

COUNT = 60


@pytest.mark.parametrize(
    ("name", "jobs", "message"),
    [
        ("threads", None, "choose one of"),
        ("dask:", None, "choose one of"),
        ("processes", 0, "positive"),
        ("processes", True, "positive"),
        ("dask:tcp://127.0.0.1:1", 2, "leave --jobs out"),
    ],
)
def test_bad_engines_are_refused(name: str, jobs: int | None, message: str) -> None:
    with pytest.raises(InputError, match=message), open_engine(name, jobs=jobs):
        pass


def test_one_job_is_this_process() -> None:
    with open_engine(jobs=1) as executor:
        assert executor is None


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"graphon-theory\[cluster\]"), open_engine("dask:tcp://127.0.0.1:1"):
        pass


def test_a_worker_with_other_code_is_refused() -> None:
    with pytest.raises(OtherCodeError, match="install the same version"):
        make(trials()[0], "cpu", "0" * 16)


def test_order_and_executor_leave_no_trace(tmp_path: Path) -> None:
    plan = trials()
    expected = tuple(observe(trial) for trial in plan)
    with Ledger(tmp_path / "a") as ledger, ThreadPoolExecutor(1) as executor:
        assert sweep(plan, ledger, executor=executor) == expected
    with Ledger(tmp_path / "b") as ledger:
        assert sweep(plan[::-1], ledger) == expected[::-1]
        assert sweep(plan, ledger) == expected


def _assigned(_: int) -> list[int]:
    time.sleep(0.5)  # long enough that the other worker takes the other call
    return list(devices._own_gpu)


@pytest.mark.slow
def test_each_process_has_a_gpu_of_its_own() -> None:
    with SpawnPool(2, gpus=(0, 1)) as pool:
        found = set()
        for _ in range(5):
            found |= {tuple(future) for future in pool.map(_assigned, range(2))}
    assert found == {(0,), (1,)}


def test_cuda_means_the_gpu_that_a_process_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_own_gpu", [])
    monkeypatch.setattr(devices.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices.torch.cuda, "device_count", lambda: 4)
    assert str(devices.resolve("cuda")) == "cuda"
    devices.take_gpu(3)
    assert str(devices.resolve("cuda")) == "cuda:3"
    assert str(devices.resolve("cuda:1")) == "cuda:1"


@pytest.mark.slow
def test_a_cluster_with_a_worker_killed_and_one_stopped(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    script = Path(__file__).parent / "cluster.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(COUNT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    silent, said, rows, values = map(json.loads, done.stdout.splitlines())
    assert "start `dask scheduler`" in silent
    assert any("given out again" in sentence for sentence in said)
    assert rows == COUNT
    assert values == [observe(trial).values for trial in trials(COUNT)]
