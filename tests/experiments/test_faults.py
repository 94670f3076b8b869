"""Runs that are killed, starved or crowded: nothing lost, nothing counted twice, and a clear message."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from faults import REPEATS, drive, trials

from graphon_theory.errors import InputError
from verification.cases import Observation
from verification.engines import SpawnPool
from verification.engines.lost import LostWorkersError
from verification.ledger import FILE, Ledger
from verification.sweep import sweep
from verification.trials import observe

SCRIPT = Path(__file__).parent / "faults.py"
ROOT = Path(__file__).parents[2]


def fault(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.fixture(scope="module")
def expected() -> tuple[Observation, ...]:
    """Every trial of the plan, made one after the other without a ledger."""
    return tuple(observe(trial) for trial in trials())


def test_a_driver_killed_at_twenty_random_moments_loses_nothing(tmp_path: Path) -> None:
    done = fault("rounds", tmp_path / "runs", 20)
    assert done.returncode == 0, done.stdout + done.stderr
    undisturbed, disturbed, kills = done.stdout.splitlines()
    assert kills == "20"
    assert disturbed == undisturbed
    assert undisturbed.count("(") == REPEATS


def test_a_full_disk_is_reported_and_what_was_finished_is_kept(
    tmp_path: Path, expected: tuple[Observation, ...]
) -> None:
    done = fault("full", tmp_path, 150_000)
    assert done.returncode == 0, done.stderr
    assert "is the disk full" in done.stdout
    with Ledger(tmp_path / FILE) as ledger:
        rows = list(ledger.rows())
        assert all(row.intact for row in rows)
        assert 0 < len(rows) < REPEATS
        assert sweep(trials(), ledger) == expected


def test_two_drivers_on_one_folder(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, str(SCRIPT), "hold", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="another run is writing"):
            drive(tmp_path)
        holder.kill()
    # The lock dies with its holder.
    assert drive(tmp_path) == REPEATS


class _Unreliable(Executor):
    """Threads that lose every third trial, and swallow some for good."""

    def __init__(self, *, swallow: int = 0, lose: bool = True) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._count = 0
        self._swallow = swallow
        self._lose = lose
        self.restarts = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._count += 1
        if self._count <= self._swallow:
            return Future()
        if self._lose and self._count % 3 == 0:
            future: Future[Any] = Future()
            future.set_exception(BrokenExecutor("a worker died"))
            return future
        return self._pool.submit(fn, *args, **kwargs)

    def restart(self) -> None:
        self.restarts += 1


def test_trials_of_lost_workers_are_given_out_again(tmp_path: Path, expected: tuple[Observation, ...]) -> None:
    said: list[str] = []
    with Ledger(tmp_path / FILE) as ledger, _Unreliable() as executor:
        assert sweep(trials(), ledger, executor=executor, note=said.append) == expected
        assert len(list(ledger.rows())) == REPEATS
    assert any("workers were lost" in sentence for sentence in said)


def test_stalled_trials_are_given_out_again(tmp_path: Path, expected: tuple[Observation, ...]) -> None:
    said: list[str] = []
    with Ledger(tmp_path / FILE) as ledger, _Unreliable(swallow=5, lose=False) as executor:
        assert sweep(trials(), ledger, executor=executor, note=said.append, patience=2.0) == expected
        assert len(list(ledger.rows())) == REPEATS
        assert executor.restarts == 1
    assert [sentence for sentence in said if "5 are given out again" in sentence] == said


def test_workers_that_always_die_end_the_run_with_a_reason(tmp_path: Path) -> None:
    class Deadly(_Unreliable):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(BrokenExecutor("a worker died"))
            return future

    with (
        Ledger(tmp_path / FILE) as ledger,
        Deadly() as executor,
        pytest.raises(LostWorkersError, match="fewer --jobs"),
    ):
        sweep(trials(), ledger, executor=executor)


def test_a_trial_that_fails_is_no_lost_worker(tmp_path: Path) -> None:
    class Failing(_Unreliable):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(ZeroDivisionError("in the trial"))
            return future

    with Ledger(tmp_path / FILE) as ledger, Failing() as executor, pytest.raises(ZeroDivisionError):
        sweep(trials(), ledger, executor=executor)


def test_changed_code_makes_its_trials_anew_and_says_so(tmp_path: Path, expected: tuple[Observation, ...]) -> None:
    said: list[str] = []
    with Ledger(tmp_path / FILE) as ledger:
        for trial in trials()[:7]:
            ledger.put(replace(observe(trial), values={}), code="of yesterday", seconds=1.0)
        assert sweep(trials(), ledger, note=said.append) == expected
        assert len(list(ledger.rows())) == REPEATS + 7
    (sentence,) = said
    assert "made anew: 7 of THR" in sentence


def _children(pool: SpawnPool) -> list[int]:
    return list(pool._pool._processes or {})


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.slow)])
def test_processes_that_are_killed_or_stopped_are_replaced(
    tmp_path: Path, expected: tuple[Observation, ...], how: signal.Signals
) -> None:
    said: list[str] = []
    finished = 0

    def strike(_: object) -> None:
        nonlocal finished
        finished += 1
        if finished == 5:
            for process in _children(pool):
                os.kill(process, how)

    with Ledger(tmp_path / FILE) as ledger, SpawnPool(2) as pool:
        seen = sweep(trials(150), ledger, executor=pool, progress=strike, note=said.append, patience=30.0)
        assert len(list(ledger.rows())) == 150
    assert seen[:REPEATS] == expected
    assert said


@pytest.mark.slow
def test_workers_killed_twenty_times(tmp_path: Path) -> None:
    wanted = tuple(observe(trial) for trial in trials(4000))
    stop = threading.Event()

    def strike() -> None:
        for _ in range(20):
            if stop.wait(8.0):
                return
            for process in _children(pool)[:1]:
                os.kill(process, signal.SIGKILL)

    with Ledger(tmp_path / FILE) as ledger, SpawnPool(2) as pool:
        killer = threading.Thread(target=strike)
        killer.start()
        seen = sweep(trials(4000), ledger, executor=pool)
        stop.set()
        killer.join()
    assert seen == wanted
