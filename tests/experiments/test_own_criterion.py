"""The example project, as its README runs it: two xdist workers, found by its entry points, JUnit properties read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.experiments.test_pytest_plugin import PLUGIN

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


@pytest.mark.slow
def test_the_example_passes_with_its_claim_as_a_test(project: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", *PLUGIN, "-p", "no:cacheprovider", "-n", "2"),
            *("--graphon-suite", "suites/own.toml", "--junitxml=out.xml"),
            *("--hypothesis-profile", "dev", "--hypothesis-seed", "0"),  # fewer examples, the same ones each time
        ],
        cwd=project,
        env=os.environ | {"PYTHONPATH": f"{project}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cases = {
        case.attrib["name"]: {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
        for case in ElementTree.parse(project / "out.xml").iter("testcase")  # noqa: S314  # written by the run above
    }
    assert len(cases) == 6
    assert cases["COIN"]["status"] == "supported"
    properties = cases["EQUAL-SHARES"]
    assert properties["status"] == "supported"
    assert properties["alpha"] == "0.005"
    assert properties["sample_size"] == "20"
    assert properties["seed"] == "0"
    assert 0.0 < float(properties["smallest_detectable_deviation"]) <= 0.1
    assert properties["mutants_rejected"] == "3/3"
    assert properties["derivation"] == "none"
    document = json.loads((project / "runs/own-seed0/run.json").read_text(encoding="utf-8"))
    assert properties["code"] == document["versions"]["code"]
    assert len(list((project / "runs/own-seed0/pytest").glob("*.json"))) == 1  # one result for both workers
    assert {part["id"]: part["status"] for part in document["statements"]} == dict.fromkeys(
        ("COIN", "EQUAL-SHARES"), "supported"
    )


def test_the_ci_file_runs_what_the_readme_shows() -> None:
    """One command in both, with a profile that exists."""
    from verification.strategies import PROFILES

    workflow = (EXAMPLE / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    assert "pytest --graphon-suite suites/own.toml" in workflow
    assert "pytest --graphon-suite suites/own.toml" in (EXAMPLE / "README.md").read_text(encoding="utf-8")
    assert "'nightly' || 'ci'" in workflow
    assert {"nightly", "ci"} <= set(PROFILES)
