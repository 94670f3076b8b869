"""Runs that are killed, starved or crowded: nothing lost, nothing counted twice, and a clear message."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
from faults import REPEATS, drive, full, hold, rounds, trials

from graphon_theory.errors import InputError
from verification.cases import Observation
from verification.engines import SpawnPool
from verification.engines.lost import LostWorkersError
from verification.ledger import FILE, Ledger
from verification.sweep import sweep
from verification.trials import observe

# One worker has the processes.
pytestmark = pytest.mark.xdist_group("processes")


@contextmanager
def process(function: Callable[..., None], *arguments: object) -> Iterator[tuple[ForkServerProcess, Connection]]:
    """Call a function in a process of its own, and talk with it; forks of a server that has the imports done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["verification.claims", "verification.sweep", "verification.ledger"])
    ours, theirs = context.Pipe()
    started = context.Process(target=function, args=(theirs, *arguments))
    started.start()
    theirs.close()
    try:
        yield started, ours
    finally:
        started.kill()
        started.join()
        ours.close()


@pytest.fixture(scope="module")
def expected() -> tuple[Observation, ...]:
    """Every trial of the plan, made one after the other without a ledger."""
    return tuple(observe(trial) for trial in trials())


def test_a_driver_killed_at_twenty_random_moments_loses_nothing(tmp_path: Path) -> None:
    with process(rounds, tmp_path / "runs", 20) as (_, line):
        answer = line.recv()
    assert isinstance(answer, tuple), answer
    undisturbed, disturbed, kills = answer
    assert kills == 20
    assert disturbed == undisturbed
    assert len(undisturbed) == REPEATS


def test_a_full_disk_is_reported_and_what_was_finished_is_kept(
    tmp_path: Path, expected: tuple[Observation, ...]
) -> None:
    with process(full, tmp_path, 150_000) as (_, line):
        assert "is the disk full" in line.recv()
    with Ledger(tmp_path / FILE) as ledger:
        rows = list(ledger.rows())
        assert all(row.intact for row in rows)
        assert 0 < len(rows) < REPEATS
        assert sweep(trials(), ledger) == expected


def test_two_drivers_on_one_folder(tmp_path: Path) -> None:
    with process(hold, tmp_path) as (holder, line):
        assert line.recv() == "held"
        with pytest.raises(InputError, match="another run is writing"):
            drive(tmp_path)
        assert holder.is_alive()
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
    workers: SpawnPool, tmp_path: Path, expected: tuple[Observation, ...], how: signal.Signals
) -> None:
    said: list[str] = []
    finished = 0

    def strike(_: object) -> None:
        nonlocal finished
        finished += 1
        if finished == 5:
            for child in _children(workers):
                os.kill(child, how)

    with Ledger(tmp_path / FILE) as ledger:
        seen = sweep(trials(150), ledger, executor=workers, progress=strike, note=said.append, patience=30.0)
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
            for child in _children(pool)[:1]:
                os.kill(child, signal.SIGKILL)

    with Ledger(tmp_path / FILE) as ledger, SpawnPool(2) as pool:
        killer = threading.Thread(target=strike)
        killer.start()
        seen = sweep(trials(4000), ledger, executor=pool)
        stop.set()
        killer.join()
    assert seen == wanted
