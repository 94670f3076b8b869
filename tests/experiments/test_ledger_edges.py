"""Ledgers with altered rows and failing disks, and code that cannot be hashed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graphon_theory.errors import InputError
from verification.cases import Case, Observation
from verification.cli import main
from verification.ledger import FILE, Ledger, export, merge, single_writer
from verification.ledger import merge as merge_function
from verification.ledger.code import _sources, derivation_version
from verification.suite import parse_suite


@pytest.fixture
def case() -> Case:
    check = {"statement": "THR", "criteria": ["magnitude"], "widths": [16], "densities": [0.5], "repeats": 4}
    suite = parse_suite({"schema": "graphon.suite/1", "check": [check]})
    return suite.cases(suite.checks[0])[0]


def filled(folder: Path, case: Case, count: int = 4) -> Path:
    folder.mkdir()
    with Ledger(folder / FILE) as ledger:
        for repeat in range(count):
            made = Observation(case=case, repeat=repeat, seed=repeat, values={"statement": {"statistic": repeat + 0.5}})
            ledger.put(made, code="a", seconds=0.25)
    return folder


def altered(folder: Path) -> Path:
    """Change the number of one trial behind the ledger's back."""
    connection = sqlite3.connect(folder / FILE)
    connection.execute("UPDATE trial SET values_json = replace(values_json, '2.5', '9.5')")
    connection.commit()
    connection.close()
    return folder


def test_altered_rows_are_counted_and_left_out(tmp_path: Path, case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    folder = altered(filled(tmp_path / "one", case))
    assert main(["ledger", "show", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert " 3 " in shown
    assert "1 rows are not what was written, and are not read" in shown
    assert main(["ledger", "merge", str(tmp_path / "all"), str(folder)]) == 0
    assert "3 added, 0 known, 1 altered ones left out" in capsys.readouterr().out
    assert main(["ledger", "show", str(tmp_path / "all")]) == 0
    assert "not what was written" not in capsys.readouterr().out
    assert export(folder, tmp_path / "t.csv", "csv") == 3
    written = (tmp_path / "t.csv").read_text(encoding="utf-8")
    assert "9.5" not in written
    assert "3.5" in written


def test_an_export_without_a_ledger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        export(tmp_path / "none", tmp_path / "t.csv", "csv")
    assert not (tmp_path / "t.csv").exists()


def test_a_database_of_something_else_is_no_source(tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE guests (name TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match="without trials"):
        merge(tmp_path / "all.sqlite", [other])


class _Failing:
    """A connection whose disk fails after some rows of the way up, but not on the way down."""

    def __init__(self, path: str, rows: int, **options: Any) -> None:
        self._connection, self._rows = sqlite3.connect(path, **options), rows

    def execute(self, command: str) -> Iterator[Any]:
        found = self._connection.execute(command)
        return self._failing(found) if "ASC" in command else iter(found)

    def _failing(self, found: Iterator[Any]) -> Iterator[Any]:
        for _, row in zip(range(self._rows), found, strict=False):
            yield row
        raise sqlite3.OperationalError("disk I/O error")

    def close(self) -> None:
        self._connection.close()


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_disk_that_fails_on_the_way_costs_no_trial_that_can_be_read(
    rows: int, tmp_path: Path, case: Case, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = altered(filled(tmp_path / "one", case))
    faulty = SimpleNamespace(
        connect=lambda path, **options: _Failing(path, rows, **options),
        OperationalError=sqlite3.OperationalError,
        DatabaseError=sqlite3.DatabaseError,
    )
    monkeypatch.setitem(merge_function.__globals__, "sqlite3", faulty)
    assert main(["ledger", "merge", str(tmp_path / "all"), str(source)]) == 0
    # Every trial once, though the way down comes back to those of the way up.
    assert "3 added, 0 known, 1 altered ones left out, damaged: disk I/O error" in capsys.readouterr().out


def test_a_folder_that_is_not_there_has_no_lock(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name a folder that can be written"), single_writer(tmp_path / "none"):
        pass


def test_a_ledger_with_a_spoilt_page_is_refused(tmp_path: Path, case: Case) -> None:
    path = filled(tmp_path / "one", case, 200) / FILE
    data = bytearray(path.read_bytes())
    page = int.from_bytes(data[16:18], "big")
    assert len(data) > 8 * page
    data[4 * page : 5 * page] = b"\xff" * page
    path.write_bytes(data)
    with pytest.raises(InputError, match="ledger merge NEW"):
        Ledger(path)


def test_own_packages_count_by_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_whole" / "deep").mkdir(parents=True)
    (tmp_path / "made_whole" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "made_whole" / "deep" / "part.py").write_text("", encoding="utf-8")
    (tmp_path / "made_alone.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    own = _sources()
    found = _sources(("verification", "made_whole", "made_alone"))
    assert {name: found[name] for name in found if name not in own} == {
        "made_whole": tmp_path / "made_whole" / "__init__.py",
        "made_whole.deep.part": tmp_path / "made_whole" / "deep" / "part.py",
        "made_alone": tmp_path / "made_alone.py",
    }
    for without_source in ("no_such_package", "sys"):
        with pytest.raises(InputError, match="Python source"):
            _sources((without_source,))


def test_what_has_no_derivation_has_no_version_of_it() -> None:
    with pytest.raises(InputError, match="statement"):
        derivation_version("THX")
