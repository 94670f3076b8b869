"""Runs at their edges: refused options, lost evidence, pools that are left, folders that are held."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

import verification
import verification.devices as devices
import verification.engines.processes as processes
import verification.reliability as reliability
import verification.run as module
import verification.suite_session as suite_session
from graphon_theory.errors import InputError
from tests.experiments.own import STATED, Coin, suite_text
from verification import engines, pytest_plugin, strategies
from verification.cli import main
from verification.registry import claims as registered_claims
from verification.reliability import SeedOutcome, outcomes
from verification.report.text import render_text
from verification.run import verify
from verification.suite import Suite, load_suite, parse_suite
from verification.sweep import _restart


class Inline(Executor):
    """Does at once what it is given, and remembers it."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.given.append(getattr(fn, "__name__", "other"))
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite of one fair coin."""
    monkeypatch.setattr(registered_claims, "_found", {})
    verification.claim(**STATED)(Coin)
    (tmp_path / "coins.toml").write_text(suite_text("COIN"), encoding="utf-8")
    return load_suite(str(tmp_path / "coins.toml"))


def test_a_seed_is_taken_or_refused(suite: Suite, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seed"):
        verify(suite, out=tmp_path / "run", seed=-1)
    assert not (tmp_path / "run").exists()
    first, other = (verify(suite, out=tmp_path / str(seed), seed=seed) for seed in (7, 8))
    assert (first.suite.seed, other.suite.seed) == (7, 8)
    assert first.observations != other.observations


def test_an_executor_makes_the_evidence_too(suite: Suite, tmp_path: Path) -> None:
    executor = Inline()
    found = verify(suite, out=tmp_path / "run", executor=executor, budget=600.0)
    assert "theory_evidence" in executor.given
    alone = verify(suite, out=tmp_path / "alone", budget=600.0)
    assert [verdict.status for verdict in found.verdicts] == [verdict.status for verdict in alone.verdicts]


def test_evidence_that_a_worker_lost_is_computed_here(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(module, "theory_evidence", lambda name, suite: made.append(name) or "evidence")
    lost: Future[Any] = Future()
    lost.set_exception(BrokenExecutor("a worker died"))
    assert module._evidence(suite, [lost]) == {"COIN": "evidence"}
    assert made == ["COIN"]
    failed: Future[Any] = Future()
    failed.set_exception(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        module._evidence(suite, [failed])
    assert made == ["COIN"]


def test_a_folder_that_cannot_be_written_is_refused(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.os, "access", lambda *given: False)  # chmod does not stop a superuser
    with pytest.raises(InputError, match="not writable"):
        verify(suite, out=tmp_path / "run")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="name a folder"):
        verify(suite, out=tmp_path / "file" / "run")


def test_text_says_headlines_and_doubts_where_there_are_some(suite: Suite, tmp_path: Path) -> None:
    run = verify(suite, out=tmp_path / "run")
    (verdict,) = run.verdicts
    sure = replace(run, verdicts=(replace(verdict, reasons=()),))
    assert "why not supported" not in render_text(sure)
    assert render_text(replace(sure, headlines=("A sentence.",))) == render_text(sure) + "\nA sentence.\n"
    doubted = render_text(replace(run, verdicts=(replace(verdict, reasons=("no luck",)),)))
    assert "why not supported:\n  COIN: no luck" in doubted


def test_the_command_takes_a_seed_and_writes_junit(
    suite: Suite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["verify", "--suite", str(tmp_path / "coins.toml"), "--out", str(tmp_path / "run"), "--jobs", "1"]
    assert main([*given, "--seed", "-1"]) == 2
    assert "seed" in capsys.readouterr().err
    assert main([*given, "--seed", "5", "--format", "junit"]) == 0
    written = ElementTree.fromstring(capsys.readouterr().out)  # noqa: S314  # written by the run above
    assert [case.attrib["name"] for case in written.iter("testcase")] == ["COIN"]
    assert '"seed": 5' in (tmp_path / "run" / "run.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(("key", "wrong"), [("check", [3]), ("models", 3), ("models", {"ramp": 3})])
def test_what_is_no_table_is_refused(key: str, wrong: object) -> None:
    check = {"statement": "THR", "criteria": ["magnitude"], "widths": [16], "densities": [0.5], "repeats": 4}
    good: dict[str, object] = {"schema": "graphon.suite/1", "check": [check]}
    assert parse_suite(good).checks
    with pytest.raises(InputError, match="table"):
        parse_suite(good | {key: wrong})


def test_several_jobs_are_a_pool_of_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[int, tuple[int, ...]]] = []

    def pool(jobs: int, *, gpus: tuple[int, ...] = ()) -> Any:
        made.append((jobs, gpus))
        return nullcontext("pool")

    monkeypatch.setattr(engines, "SpawnPool", pool)
    with engines.open_engine("processes", jobs=3, device="cpu") as executor:
        assert executor == "pool"
    assert made == [(3, ())]


def test_an_interrupted_pool_is_killed_and_an_idle_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[str] = []
    monkeypatch.setattr(processes.SpawnPool, "_kill", lambda self: killed.append("killed"))
    # No process is started before something is submitted.
    with processes.SpawnPool(2):
        pass
    assert killed == []
    with pytest.raises(KeyboardInterrupt), processes.SpawnPool(2):
        raise KeyboardInterrupt
    assert killed == ["killed"]


def test_workers_take_the_gpus_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    ignored: list[object] = []
    monkeypatch.setattr(devices, "take_gpu", taken.append)
    monkeypatch.setattr(processes.signal, "signal", lambda *given: ignored.append(given))
    with processes.SpawnPool(3, gpus=(4, 6)) as pool:
        for _ in range(3):
            processes._prepare(*pool._pool._initargs)
    assert taken == [4, 6, 4]
    processes._prepare(None)
    assert taken == [4, 6, 4]
    assert ignored == [(signal.SIGINT, signal.SIG_IGN)] * 4


def test_an_executor_that_cannot_restart_is_left_alone() -> None:
    assert not _restart(ThreadPoolExecutor(1))
    calls: list[str] = []
    assert _restart(SimpleNamespace(restart=lambda: calls.append("restart")))  # type: ignore[arg-type]
    assert calls == ["restart"]


def test_a_held_folder_is_waited_for_and_another_refusal_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["another run is writing there", "another run is writing there", ""]
    waits: list[float] = []

    @contextmanager
    def writer(folder: Path) -> Iterator[None]:
        answer = answers.pop(0)
        if answer:
            raise InputError("out", str(folder), answer)
        yield

    monkeypatch.setattr(suite_session, "single_writer", writer)
    monkeypatch.setattr(suite_session.time, "sleep", waits.append)
    with suite_session._alone(tmp_path):
        assert len(waits) == 2
    answers.append("name a folder that can be written")
    with pytest.raises(InputError, match="name a folder"), suite_session._alone(tmp_path):
        pass
    assert len(waits) == 2


def _fake(suite: Suite, seed: int) -> SeedOutcome:
    if seed == 13:
        raise ZeroDivisionError
    return SeedOutcome(seed, {"COIN": "supported"}, {})


def test_seeds_are_made_by_an_executor_and_each_is_told(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reliability, "outcome_at", _fake)
    told: list[int] = []
    with ThreadPoolExecutor(2) as executor:
        found = outcomes(suite, [3, 1, 2], executor=executor, progress=lambda outcome: told.append(outcome.seed))
    assert [outcome.seed for outcome in found] == [3, 1, 2]
    assert sorted(told) == [1, 2, 3]


def test_a_seed_that_fails_calls_the_others_off(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reliability, "outcome_at", _fake)
    submitted: list[Future[Any]] = []

    class Queue(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            if args[1] == 13:
                future.set_exception(ZeroDivisionError())
            submitted.append(future)
            return future

    with pytest.raises(ZeroDivisionError):
        outcomes(suite, [1, 13, 2], executor=Queue())
    assert [future.cancelled() for future in submitted] == [True, False, True]


def test_profiles_are_registered_once_and_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(strategies, "register_profiles", lambda: calls.append("profiles"))
    monkeypatch.setattr(pytest_plugin._State, "registered", False)
    for wanted in (None, "mine", "ci", "nightly"):
        pytest_plugin._register_profiles(wanted)
    assert calls == ["profiles"]


def test_without_hypothesis_and_suites_the_plugin_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(strategies, "register_torch", lambda: calls.append("torch"))
    monkeypatch.delitem(sys.modules, "hypothesis")
    pytest_plugin.pytest_collection_finish()
    assert calls == []
    items: list[Any] = ["a test"]
    config: Any = SimpleNamespace(getoption=lambda name: [])
    pytest_plugin.pytest_collection_modifyitems(SimpleNamespace(), config, items)  # type: ignore[arg-type]
    assert items == ["a test"]
