"""A claim that only the driver knows, as one of a conftest: processes say so in a line, and one process runs it."""

from __future__ import annotations

import tomllib
from contextlib import nullcontext
from pathlib import Path

import pytest

import verification
from graphon_theory.errors import InputError
from tests.experiments.own import STATED, Coin, suite_text
from verification import engines
from verification.claims import Outcome
from verification.cli import main
from verification.engines import SpawnPool
from verification.evidence import theory_evidence
from verification.registry import claims as registered_claims
from verification.run import verify
from verification.suite import Suite, parse_suite
from verification.trials import make, observe, plan

TOLD = "statement = 'COIN': not registered in this process: offer its claim by an entry point"


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setattr(registered_claims, "_found", {})
    verification.claim(**STATED)(Coin)
    return parse_suite(tomllib.loads(suite_text("COIN")))


def test_every_step_that_a_process_may_be_given_names_the_statement(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = plan(suite)[0]
    monkeypatch.setattr(registered_claims, "_found", {})
    with pytest.raises(InputError, match=TOLD):
        observe(trial)
    with pytest.raises(InputError, match=TOLD):
        make(trial, "cpu", "0" * 16)
    with pytest.raises(InputError, match=TOLD):
        theory_evidence("COIN", suite)


@pytest.mark.xdist_group("processes")
def test_several_processes_end_a_run_with_one_line(
    suite: Suite,
    workers: SpawnPool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "coin.toml"
    path.write_text(suite_text("COIN"), encoding="utf-8")
    monkeypatch.setattr(engines, "open_engine", lambda *given, **named: nullcontext(workers))
    assert main(["verify", "--suite", str(path), "--out", str(tmp_path / "run"), "--jobs", "2"]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if "COIN" in line]
    assert len(said) == 1
    assert said[0].startswith(f"graphon: error: {TOLD}")
    # With all trials in the ledger, the derivation is what a process cannot find.
    verify(suite, out=tmp_path / "made")
    with pytest.raises(InputError, match=TOLD):
        verify(suite, out=tmp_path / "made", executor=workers)
    (run,) = verify(suite, out=tmp_path / "made").verdicts
    assert run.status is Outcome.SUPPORTED
