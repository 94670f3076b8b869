"""The pytest plugin: a status becomes an outcome, a run is shared and resumed, derandomised runs are identical."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from hypothesis import settings

import verification
from graphon_theory.errors import InputError
from tests.experiments.own import STATED, Coin, suite_text
from verification.registry import claims as registered_claims
from verification.suite import load_suite
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--graphon-suite", "missing.toml"), "*missing.toml*"),
        (("--graphon-suite", "coins.toml"), "*two suites are called tosses*"),
        (("--graphon-seed", "-1"), "*seed = -1*"),
        (("--graphon-jobs", "0"), "*jobs = 0*"),
    ],
)
def test_bad_options_are_usage_errors(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([message])


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
    assert [path.name for path in (tmp_path / "run/pytest").glob("*.json")] == ["two.json"]


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


RECORDING = """
import random, pathlib, numpy, torch
from hypothesis import given, settings, strategies as st

torch.seed()  # as a program might: from the system's entropy

@settings(max_examples=8)
@given(st.data())
def test_draws(data):
    line = [torch.rand(2).tolist(), numpy.random.rand(2).tolist(), random.random()]
    from verification.strategies import graphons, masks  # after torch's first draw: the plugin has seen to it
    line += [data.draw(graphons()).matrix.tolist(), data.draw(masks()).tolist()]
    with pathlib.Path("seen.txt").open("a") as file:
        file.write(f"{line}\\n")
"""


@pytest.fixture
def profile() -> Iterator[None]:
    """Put Hypothesis's profile back, which an inner session changes for the whole process."""
    before = settings.get_current_profile_name()
    yield
    settings.load_profile(before)


@pytest.mark.parametrize("fresh", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.usefixtures("profile")
def test_two_derandomised_runs_are_identical(pytester: pytest.Pytester, fresh: bool) -> None:
    """Draws of the strategies and of torch's, NumPy's and Python's global generators, fresh processes or not."""
    pytester.makepyfile(test_draws=RECORDING)
    run = pytester.runpytest_subprocess if fresh else pytester.runpytest_inprocess
    seen = []
    for _ in range(2):
        done = run(*PLUGIN, "-p", "no:cacheprovider", "--hypothesis-profile=ci")
        done.assert_outcomes(passed=1)
        found = pytester.path / "seen.txt"
        seen.append(found.read_text(encoding="utf-8"))
        found.unlink()
    assert seen[0] == seen[1]
    assert len(set(seen[0].splitlines())) >= 5  # and not the same example over and over


def test_torch_is_seen_to_where_hypothesis_is_used_and_no_profile_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from verification import pytest_plugin, strategies

    asked: list[str] = []
    monkeypatch.setattr(strategies, "register_torch", lambda: asked.append("torch"))
    pytest_plugin.pytest_collection_finish()
    assert asked == ["torch"]
