"""The coverage gate and the mutation run: their tables are complete, and they fail where they should."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from benchmarks.quality import branches, mutation
from benchmarks.quality.rooms import ROOT, rooms, selected
from benchmarks.quality.workspace import RoomError, status

# Not mutated: what is judged by whole suites alone, which take minutes a mutant.
LEFT_OUT = ("graphon_theory/statements/",)
UNTOUCHED = ("__init__.py", "_version.py")  # mostly lists of names; rooms take those of their own folder
INSTRUMENTS = (
    "approximation",
    "criteria",
    "cutnorm",
    "design",
    "distances",
    "generalisation",
    "histograms",
    "masks",
    "ntk",
    "null_laws",
    "statistics",
    "streaming",
)


def test_what_make_installs_is_an_extra_and_has_a_fixed_version() -> None:
    # pip only warns of an extra that is not there, and installs nothing.
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    installed = re.findall(r"-e '\.\[(\w+)\]'", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert {"test", "quality"} <= set(installed) <= set(extras)
    fixed = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    for requirement in (Requirement(text) for name in installed for text in extras[name]):
        assert f"\n{requirement.name.lower().replace('_', '-')}==" in f"\n{fixed}", requirement


def test_every_module_in_scope_is_in_one_room_whose_tests_exist() -> None:
    listed = [module for room in rooms() for module in room.modules]
    assert len(set(listed)) == len(listed)
    folders = [ROOT / "graphon_theory", *(ROOT / "verification" / name for name in INSTRUMENTS)]
    wanted = {path.relative_to(ROOT).as_posix() for folder in folders for path in folder.rglob("*.py")}
    wanted |= {"verification/verdict.py", "verification/decisions.py"}
    wanted = {path for path in wanted if not path.startswith(LEFT_OUT) and Path(path).name not in UNTOUCHED}
    assert wanted <= set(listed)
    assert all((ROOT / test).is_file() for room in rooms() for test in room.tests)
    assert all(room.tests for room in rooms())
    # A workspace has the packages and the tests alone.
    strangers = [
        test for room in rooms() for test in room.tests if "from benchmarks" in (ROOT / test).read_text("utf-8")
    ]
    assert strangers == []


def test_rooms_are_chosen_by_name_module_or_pattern() -> None:
    assert [room.name for room in selected(["masks"])] == ["masks"]
    (exact,) = selected(["verification.statistics.exact"])
    assert (exact.name, exact.modules) == ("holm-exact", ("verification/statistics/exact.py",))
    assert {room.name for room in selected(["graphon_theory.noise.*", "verdict"])} == {"noise", "verdict"}
    with pytest.raises(SystemExit, match="'nowhere' names no module"):
        selected(["nowhere"])


def test_a_sample_depends_on_its_seed_alone() -> None:
    names = {"a": [f"a{k}" for k in range(50)], "b": [f"b{k}" for k in range(50)]}
    again = {"b": names["b"][::-1], "a": names["a"][::-1]}
    assert mutation.drawn(names, 20, 0) == mutation.drawn(again, 20, 0) != mutation.drawn(names, 20, 1)
    assert len(mutation.drawn(names, 20, 0)) == 20
    assert mutation.drawn(names, None, 0) == mutation.drawn(names, 1000, 0) == {*names["a"], *names["b"]}


def test_what_became_of_mutants_is_counted() -> None:
    codes = {"k": 1, "s": 0, "t": -24, "n": 33, "o": 255, "u": None}
    row = mutation.count([*codes, "unknown"], codes)
    assert row == {"killed": 1, "survived": 1, "timeout": 1, "no tests": 1, "exit 255": 1, "not run": 2, "judged": 4}
    assert status(0) == "survived"
    lines = mutation.table({"one": row | {"mutants": 9}}).splitlines()
    assert lines[0].startswith("| room | mutants | judged | killed | survived | timeout | no tests | exit 255 |")
    assert lines[2].startswith("| one | 9 | 4 | 1 | 1 | 1 | 1 | 1 |")
    assert lines[3].startswith("| all | 9 | 4 | 1 |")


def test_what_lived_is_chosen_again_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {"a1": "survived", "a2": "killed", "a3": "no tests", "b1": "exit 255", "b2": "timeout", "gone": "survived"}
    (tmp_path / "results.json").write_text(json.dumps(before), encoding="utf-8")
    modules = {"a": ["a1", "a2", "a3", "a4"], "b": ["b1", "b2"]}
    assert mutation.listed(modules, tmp_path / "results.json") == {"a1", "a3", "b1"}
    assert capsys.readouterr().out.split()[-1] == "gone"


def test_the_share_of_noticed_mutants_has_an_exact_interval() -> None:
    judged = ["killed"] * 8 + ["timeout", "survived", "not run", "exit 255"]
    # Clopper-Pearson for 9 of 10, from tables.
    assert mutation.estimate(judged) == "noticed: 9 of 10, 90.0% (95 %: 55.5% to 99.7%)"
    assert mutation.estimate(["not run"]) == "no mutant was judged"


def test_a_room_whose_tests_cannot_run_does_not_keep_the_others_from_being_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stub:
        def __init__(self, room: Any, folder: Path) -> None:
            self.room = room

        def run(self, names: list[str], jobs: int) -> None:
            if self.room.name == "masks":
                raise RoomError("a test fails")

        def results(self) -> dict[str, int | None]:
            return {} if self.room.name == "masks" else dict.fromkeys(listed[self.room.modules[0]], 1)

    def listing(modules: list[str], cache: Path) -> dict[str, list[str]]:
        digests = {module: hashlib.sha256((ROOT / module).read_bytes()).hexdigest() for module in modules}
        listed.update({module: [f"{module}:1"] for module in modules})
        cache.write_text(json.dumps({m: {"sha256": digests[m], "names": listed[m]} for m in modules}))
        return listed

    listed: dict[str, list[str]] = {}
    monkeypatch.setattr(mutation, "Workspace", Stub)
    monkeypatch.setattr(mutation, "mutants", listing)
    modules = ["verification.masks.threshold", "verification.statistics.exact"]
    monkeypatch.setattr(sys, "argv", ["mutation", "--modules", *modules, "--out", str(tmp_path)])
    assert mutation.main() == 1
    printed = capsys.readouterr().out
    assert "not judged to the end:\n  masks: a test fails" in printed
    assert "noticed: 1 of 1" in printed
    assert json.loads((tmp_path / "results.json").read_text()) == {
        "verification/masks/threshold.py:1": "not run",
        "verification/statistics/exact.py:1": "killed",
    }


def test_what_was_judged_is_kept_until_its_module_changes(tmp_path: Path) -> None:
    (room,) = selected(["verification.statistics.exact"])
    (module,) = room.modules
    digest = hashlib.sha256((ROOT / module).read_bytes()).hexdigest()
    listed = {module: {"sha256": digest, "names": ["a", "b", "c"]}}
    (tmp_path / "mutants.json").write_text(json.dumps(listed), encoding="utf-8")
    mutation._keep(tmp_path, room, {"a": 1, "b": 0, "elsewhere": 1})
    assert mutation._known(tmp_path, room, {module: ["a", "b", "c"]}) == {"a": 1, "b": 0}
    listed[module]["sha256"] = "that of another state of the file"
    (tmp_path / "mutants.json").write_text(json.dumps(listed), encoding="utf-8")
    mutation._keep(tmp_path, room, {"a": 1})
    assert mutation._known(tmp_path, room, {module: ["a", "b", "c"]}) == {}
    assert [mutation._pending(code, again=False) for code in (None, 255, 0, 1)] == [True, True, False, False]
    assert [mutation._pending(code, again=True) for code in (None, 255, 0, 1)] == [True, True, True, False]


def _file(lines: int, run: int, branches: int, taken: int, **gaps: Any) -> dict[str, Any]:
    keys = ("num_statements", "covered_lines", "num_branches", "covered_branches")
    summary = dict(zip(keys, (lines, run, branches, taken), strict=True))
    return {"summary": summary, "missing_lines": [], "missing_branches": []} | gaps


@pytest.mark.parametrize(("taken", "run", "code"), [(19, 95, 0), (18, 100, 1), (20, 94, 1)])
def test_the_gate_asks_for_branches_and_lines_of_each_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], taken: int, run: int, code: int
) -> None:
    files = {
        "graphon_theory/a.py": _file(
            100, run, 20, taken, missing_lines=[3, 4, 5, 9], missing_branches=[[2, 3], [7, 8], [8, -1]]
        ),
        "verification/b.py": _file(10**6, 10**6, 10**6, 10**6),
    }
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"files": files}), encoding="utf-8")
    assert branches.main([str(report)]) == code
    printed = capsys.readouterr()
    assert "graphon_theory/a.py: 3-5, 9, 7->8, 8->-1\n" in printed.out
    assert f"graphon_theory: {5 * taken:.1f} % of branches, {run:.1f} % of lines" in printed.out
    assert ("less than 95 %" in printed.err) == bool(code)
    assert "b.py" not in printed.out
