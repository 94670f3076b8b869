"""The example project, as its README runs it: two xdist workers, found by its entry points, JUnit properties read."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sympy import Integral, Rational

from graphon_theory.derivation import Evidence, evaluate
from tests.experiments.test_pytest_plugin import PLUGIN
from verification.suite import load_suite

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "own_criterion"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, installed: its entry points stand where an installer writes them."""
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", "runs", ".pytest_cache"))
    table = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / "own_criterion-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {table['name']}\nVersion: {table['version']}\n", encoding="utf-8"
    )
    lines = []
    for group, points in table["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    # A second statement, of another package, so that two workers have something to share.
    lines += ["coin = tests.experiments.own_registered"]
    assert lines.index("[graphon.claims]") > lines.index("[graphon.criteria]")
    with (folder / "suites" / "own.toml").open("a", encoding="utf-8") as suite:
        suite.write('\n[models.one]\n[[check]]\nstatement = "COIN"\nmodels = ["one"]\n')
        suite.write("widths = [8]\ndensities = [0.5]\nrepeats = 5\n")
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _pass(project: Path, *options: str) -> dict[str, dict[str, str]]:
    """Run the project's tests, which must pass; properties by test, from the JUnit report."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN, "-p", "no:cacheprovider", "--junitxml=out.xml", *options],
        cwd=project,
        env=os.environ | {"PYTHONPATH": f"{project}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {
        case.attrib["name"]: {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
        for case in ElementTree.parse(project / "out.xml").iter("testcase")  # noqa: S314  # written by the run above
    }


@pytest.mark.slow
def test_the_example_passes_with_its_claim_as_a_test(project: Path) -> None:
    fewer = ("--hypothesis-profile", "dev", "--hypothesis-seed", "0")  # fewer examples, the same ones each time
    cases = _pass(project, "-n", "2", "--graphon-suite", "suites/own.toml", *fewer)
    assert len(cases) == 13
    assert cases["COIN"]["status"] == "supported"
    properties = cases["EQUAL-SHARES"]
    assert properties["status"] == "supported"
    assert properties["alpha"] == "0.005"
    assert properties["sample_size"] == "20"
    assert properties["seed"] == "0"
    assert 0.0 < float(properties["smallest_detectable_deviation"]) <= 0.1
    assert properties["mutants_rejected"] == "3/3"
    assert properties["derivation"] == "7 proved"
    assert properties["reasons"] == ""
    document = json.loads((project / "runs/own-seed0/run.json").read_text(encoding="utf-8"))
    assert properties["code"] == document["versions"]["code"]
    assert len(list((project / "runs/own-seed0/pytest").glob("*.json"))) == 1  # one result for both workers
    assert {part["id"]: part["status"] for part in document["statements"]} == dict.fromkeys(
        ("COIN", "EQUAL-SHARES"), "supported"
    )


@pytest.mark.slow
def test_the_quick_suite_runs_from_the_example(project: Path) -> None:
    """Minutes: a test for each statement of the shipped suite, with its figures in the JUnit report."""
    cases = _pass(project, "-m", "graphon", "--graphon-suite", "quick", "--graphon-jobs", "2")
    suite = load_suite("quick")
    assert tuple(cases) == suite.statements
    for name, properties in cases.items():
        assert properties["status"] == "supported", name
        assert 0.0 < float(properties["alpha"]) <= suite.level
        assert int(properties["sample_size"]) > 0
        assert int(properties["seed"]) == suite.seed
        assert float(properties["smallest_detectable_deviation"]) > 0.0


def test_the_derivation_of_the_example_holds_and_a_false_step_in_it_is_contradicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All but two integrals, seconds long, which the example's own tests prove. The module registers nothing."""
    monkeypatch.syspath_prepend(EXAMPLE)
    derivation = importlib.import_module("own_criterion.derivation").equal_shares()
    for step in derivation.steps:
        if not step.left.has(Integral):
            assert evaluate(step).evidence is Evidence.PROVED, step.id
        if step.relation == "=":
            false = replace(step, right=Rational(21, 20) * step.right)
            assert evaluate(false).evidence is Evidence.CONTRADICTED, step.id


def test_the_ci_file_runs_what_the_readme_shows() -> None:
    """One command in both, with a profile that exists."""
    from verification.strategies import PROFILES

    workflow = (EXAMPLE / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    assert "pytest --graphon-suite suites/own.toml" in workflow
    assert "pytest --graphon-suite suites/own.toml" in (EXAMPLE / "README.md").read_text(encoding="utf-8")
    assert "'nightly' || 'ci'" in workflow
    assert {"nightly", "ci"} <= set(PROFILES)
