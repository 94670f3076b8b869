"""The pytest plugin: a status becomes an outcome, options are checked and counts true, a run is shared and resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

import verification
from graphon_theory.errors import InputError
from tests.experiments.own import STATED, Coin, suite_text
from verification.registry import claims as registered_claims
from verification.registry import entry_points
from verification.suite import load_suite
from verification.suite_choice import open_suites
from verification.suite_session import SuiteSession

pytest_plugins = ["pytester"]

PLUGIN = (
    ()
    if any(point.value == "verification.pytest_plugin" for point in metadata.entry_points(group="pytest11"))
    else ("-p", "verification.pytest_plugin")
)
"""Loaded by its entry point where that is installed."""


@pytest.fixture(autouse=True)
def coins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register a coin of each fate: supported, refuted, let pass a false variant, without trials, not derived."""
    monkeypatch.setattr(registered_claims, "_found", {})
    # pytester moves HOME: without this matplotlib would look for all fonts again.
    monkeypatch.setenv("MPLCONFIGDIR", os.environ.get("MPLCONFIGDIR") or mpl.get_cachedir())
    shy = {name: value for name, value in STATED.items() if name != "title"} | {"title": "Shy"}
    verification.claim(**STATED)(Coin)
    verification.claim(**STATED)(_like(id="LOADED", rate=0.7))
    verification.claim(**STATED)(_like(id="BLUNT", decide=_blunt))
    verification.claim(**STATED | {"derivation": None})(_like(id="BARE"))
    verification.claim(**shy)(_like(id="SHY", trial=lambda self, case, seed: {"loaded": {"heads": 500, "says": 0.7}}))


def _like(**changes: Any) -> type[Coin]:
    return type("Changed", (Coin,), {"__module__": Coin.__module__, **changes})


def _blunt(self, observations, variant, level):
    """Judge the false variant as if it were the statement."""
    found = [o for o in observations if "statement" in o.values]
    return Coin.decide(self, found, "statement", level)


ALONE = "no derivation: its measurement stands alone"

Runner = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Runner:
    (pytester.path / "coins.toml").write_text(suite_text("COIN", "LOADED", "BLUNT", "SHY", "BARE"), encoding="utf-8")

    def runner(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess(
            *PLUGIN, "-p", "no:cacheprovider", "-p", "no:randomly", "--graphon-suite", "coins.toml", *arguments
        )

    return runner


def _report(path: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """Outcome and properties of each statement, from a JUnit file."""
    found = {}
    for case in ElementTree.parse(path).iter("testcase"):  # noqa: S314  # written by the run above
        bad = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        properties = {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
        found[case.attrib["name"]] = (bad[0] if bad else "passed", properties)
    return found


def test_each_status_becomes_an_outcome_with_its_figures(run: Runner, pytester: pytest.Pytester) -> None:
    done = run("--junitxml=out.xml", "-rs")
    done.assert_outcomes(passed=1, failed=1, skipped=3)
    found = _report(pytester.path / "out.xml")
    assert {name: outcome for name, (outcome, _) in found.items()} == {
        "COIN": "passed",
        "LOADED": "failure",
        "BLUNT": "skipped",
        "SHY": "skipped",
        "BARE": "skipped",
    }
    document = json.loads((pytester.path / "runs/tosses-seed3/run.json").read_text(encoding="utf-8"))
    for part in document["statements"]:
        measured, properties = part["evidence"]["measurement"], found[part["id"]][1]
        assert properties["status"] == part["status"]
        assert float(properties["alpha"]) == measured["level"]
        assert int(properties["sample_size"]) == measured["sample_size"]
        assert properties["seed"] == "3"
        assert properties["reasons"] == "; ".join(part["reasons"])
        assert properties["derivation"] == ("none" if part["id"] == "BARE" else "2 proved")
        if measured["detectable"] is None:
            assert properties["smallest_detectable_deviation"] == "none"
        else:
            assert float(properties["smallest_detectable_deviation"]) == pytest.approx(measured["detectable"], rel=1e-5)
    done.stdout.fnmatch_lines(["*LOADED is refuted: the measurement refutes it*", "*share of heads: 0.*against 0.5*"])
    done.stdout.fnmatch_lines(["*BLUNT is inconclusive: false variant loaded was not rejected*"])
    (bare,) = (part for part in document["statements"] if part["id"] == "BARE")
    assert bare["evidence"]["measurement"]["outcome"] == "supported"
    assert bare["evidence"]["derivation"] is None
    assert bare["reasons"] == [ALONE]
    done.stdout.fnmatch_lines([f"*BARE is inconclusive: {ALONE}*"])
    assert ALONE in (pytester.path / "runs/tosses-seed3/report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("policy", "outcomes"),
    [("fail", {"passed": 1, "failed": 1, "skipped": 1}), ("pass", {"passed": 2, "skipped": 1})],
)
def test_inconclusive_statements_go_by_policy_and_k_chooses(run: Runner, policy: str, outcomes: dict[str, int]) -> None:
    """What was not run is skipped whatever the policy; -k chooses among the statements, the level stays shared."""
    done = run("--graphon-inconclusive", policy, "-k", "COIN or BLUNT or SHY")
    done.assert_outcomes(**outcomes, deselected=2)


def test_the_marker_chooses_and_seed_and_folder_are_options(run: Runner, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_other(): pass")
    run("-m", "not graphon").assert_outcomes(passed=1, deselected=5)
    assert not (pytester.path / "runs").exists()
    done = run("-m", "graphon", "--strict-markers", "--graphon-seed", "9", "--graphon-out", "there", "-k", "COIN")
    done.assert_outcomes(passed=1, deselected=5)
    assert (pytester.path / "there/tosses-seed9/report.html").exists()


def test_the_terminal_counts_the_statements(run: Runner) -> None:
    run("-k", "COIN", "--collect-only").stdout.fnmatch_lines(["*1/5 tests collected (4 deselected)*"])
    done = run("-k", "NOBODY")
    done.stdout.fnmatch_lines(["collected 5 items / 5 deselected / 0 selected"])
    assert done.ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--graphon-suite", "missing.toml"), "*missing.toml*"),
        (("--graphon-suite", "coins.toml"), "*two suites are called tosses*"),
        (("--graphon-seed", "-1"), "*seed = -1*"),
        (("--graphon-jobs", "0"), "*jobs = 0*"),
    ],
)
def test_bad_options_are_usage_errors(
    run: Runner, arguments: tuple[str, ...], message: str, workers: tuple[str, ...]
) -> None:
    """With workers as well: none is started."""
    done = run(*arguments, *workers)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([message])
    done.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_an_entry_point_that_fails_is_named_before_workers_start(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_points._State, "error", InputError("entry point gone", "gone.claims", "repair it"))
    done = run("-n", "1")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*entry point gone*repair it*"])


def test_folders_are_seen_from_the_working_folder_and_suites_from_rootdir_too(
    run: Runner, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As junitxml is; the default folder lies in rootdir, wherever pytest is started."""
    pytester.makeini("[pytest]\naddopts = --graphon-suite coins.toml\n")
    below = pytester.mkdir("below")
    monkeypatch.chdir(below)

    def opened(*arguments: str) -> SuiteSession:
        (found,) = open_suites(pytester.parseconfig(*PLUGIN, *arguments))
        return found

    assert opened().folder == pytester.path / "runs/tosses-seed3"
    assert opened("--graphon-out", "there").folder == below / "there/tosses-seed3"
    assert opened("--graphon-out", str(pytester.path)).folder == pytester.path / "tosses-seed3"
    (below / "coins.toml").write_text(suite_text("COIN", seed=4), encoding="utf-8")
    assert opened().suite.seed == 4


def test_single_tests_are_run_alone_but_for_suites_on_the_command_line(run: Runner, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\naddopts = --graphon-suite coins.toml\n")
    pytester.makepyfile(test_one="import pytest\n@pytest.mark.parametrize('x', ['a::b', 'c'])\ndef test_x(x): pass")
    plain = (*PLUGIN, "-p", "no:cacheprovider", "--collect-only")

    def collected(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess(*plain, *arguments)

    one = collected("test_one.py::test_x[a::b]", "test_one.py::test_x[c]")
    one.stdout.fnmatch_lines(["graphon: only single tests are named, left out: coins.toml", "*2 tests collected*"])
    for arguments in ((), ("test_one.py", "test_one.py::test_x")):
        whole = collected(*arguments)
        whole.stdout.fnmatch_lines(["*7 tests collected*"])
        whole.stdout.no_fnmatch_line("*left out*")
    for flag in (("--graphon-suite", "coins.toml"), ("--graphon-suite=coins.toml",)):
        asked = collected("test_one.py::test_x[c]", *flag)
        asked.stdout.fnmatch_lines(["*6 tests collected*"])
        asked.stdout.no_fnmatch_line("*left out*")


def test_a_session_makes_one_run_and_a_later_one_resumes_its_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "coins.toml"
    path.write_text(suite_text("COIN", "LOADED"), encoding="utf-8")
    suite, tosses = load_suite(str(path)), []
    honest = Coin.trial
    monkeypatch.setattr(Coin, "trial", lambda self, case, seed: tosses.append(seed) or honest(self, case, seed))

    def session(token: str | None) -> SuiteSession:
        return SuiteSession(suite, folder=tmp_path / "run", token=token)

    first = session("one")
    assert first.statement("COIN")["status"] == "supported"
    assert len(tosses) == 10
    timing = first.document["timing"]
    assert session("one").document["timing"] == timing  # another worker of the same session: the very same run
    again = session("two").document
    assert again["timing"] != timing
    assert again["statements"] == first.document["statements"]
    assert len(tosses) == 10
    assert len(list((tmp_path / "run/pytest").glob("*.json"))) == 1


@pytest.mark.parametrize("changed", ["suite", "code"])
def test_a_result_is_shared_for_the_same_suite_and_code_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    """A worker that is started again after a crash may see others."""
    path = tmp_path / "coins.toml"
    path.write_text(suite_text("COIN"), encoding="utf-8")
    made = iter(range(9))
    monkeypatch.setattr(SuiteSession, "_run", lambda self: {"made": next(made)})

    def result() -> dict[str, Any]:
        return SuiteSession(load_suite(str(path)), folder=tmp_path / "run", token="one").document  # noqa: S106

    assert [result(), result()] == [{"made": 0}] * 2
    if changed == "suite":
        path.write_text(suite_text("COIN").replace("repeats = 5", "repeats = 6"), encoding="utf-8")
    else:
        monkeypatch.setattr("verification.ledger.code_version", lambda: "another")
    assert result() == {"made": 1}


def test_a_run_that_failed_is_not_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "coins.toml"
    path.write_text(suite_text("COIN"), encoding="utf-8")
    (tmp_path / "run").write_text("a file in the way", encoding="utf-8")
    session = SuiteSession(load_suite(str(path)), folder=tmp_path / "run")
    errors = []
    for _ in range(2):
        with pytest.raises(InputError, match="name a folder") as caught:
            session.document  # noqa: B018  # asking runs it
        errors.append(caught.value)
    assert errors[0] is errors[1]
