"""The ledger: what was written is read, nothing else is, and nothing is lost."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graphon_theory.errors import InputError
from verification.cases import Case, Observation
from verification.cli import main
from verification.ledger import FILE, Ledger, export, merge, single_writer, store
from verification.suite import load_suite

TINY = Path(__file__).parents[1] / "suites" / "tiny.toml"


@pytest.fixture
def case() -> Case:
    suite = load_suite(str(TINY))
    return suite.cases(suite.checks[0])[0]


def made(case: Case, repeat: int, value: float = 0.5) -> Observation:
    return Observation(case=case, repeat=repeat, seed=100 + repeat, values={"statement": {"statistic": value + repeat}})


def filled(path: Path, case: Case, count: int, *, first: int = 0, value: float = 0.5) -> Path:
    with Ledger(path) as ledger:
        for repeat in range(first, first + count):
            ledger.put(made(case, repeat, value), code="a", seconds=0.25)
    return path


def test_what_was_put_is_got(tmp_path: Path, case: Case) -> None:
    filled(tmp_path / FILE, case, 3)
    with Ledger(tmp_path / FILE) as ledger:
        assert ledger.get(case, 1, 101, code="a") == made(case, 1)
        assert ledger.seconds(case) == [0.25] * 3


def test_other_code_device_or_seed_is_another_trial(tmp_path: Path, case: Case) -> None:
    filled(tmp_path / FILE, case, 1)
    with Ledger(tmp_path / FILE) as ledger:
        assert ledger.get(case, 0, 100, code="b") is None
        assert ledger.get(case, 0, 101, code="a") is None
        assert ledger.made_by_other_code(case, 100, code="b")
        assert not ledger.made_by_other_code(case, 100, code="a")
        assert not ledger.made_by_other_code(case, 101, code="b")
    with Ledger(tmp_path / FILE, device="cuda") as ledger:
        assert ledger.get(case, 0, 100, code="a") is None
        assert not ledger.made_by_other_code(case, 100, code="b")


def test_an_altered_row_is_not_read(tmp_path: Path, case: Case) -> None:
    filled(tmp_path / FILE, case, 2)
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("UPDATE trial SET values_json = replace(values_json, '0.5', '0.6')")
    connection.commit()
    connection.close()
    with Ledger(tmp_path / FILE) as ledger:
        assert ledger.get(case, 0, 100, code="a") is None
        assert ledger.get(case, 1, 101, code="a") == made(case, 1)


class _Backwards(datetime):
    """A wall clock that loses an hour at every look."""

    hours: Iterator[int] = iter(range(23, -1, -1))

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        return datetime(2026, 1, 1, next(cls.hours), tzinfo=UTC)


def test_a_clock_that_goes_backwards_changes_nothing(
    tmp_path: Path, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "datetime", _Backwards)
    filled(tmp_path / FILE, case, 5)
    with Ledger(tmp_path / FILE) as ledger:
        assert [ledger.get(case, k, 100 + k, code="a") for k in range(5)] == [made(case, k) for k in range(5)]
        finished = [row.finished for row in ledger.rows()]
    assert len(set(finished)) == 5


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(InputError, match="newer version"):
        Ledger(tmp_path / FILE)


def test_one_writer_a_folder(tmp_path: Path) -> None:
    with single_writer(tmp_path), pytest.raises(InputError, match="another run is writing"), single_writer(tmp_path):
        pass
    with single_writer(tmp_path):
        pass


def test_a_lock_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "writer.lock").write_text("not a lock, but long enough to be read as one" * 20, encoding="utf-8")
    with pytest.raises(InputError, match=r"writer\.lock"), single_writer(tmp_path):
        pass


def test_merging_adds_what_is_new(tmp_path: Path, case: Case) -> None:
    one, two = filled(tmp_path / "one", case, 4), filled(tmp_path / "two", case, 4, first=2)
    (found,) = merge(one, [two])
    assert (found.added, found.known, found.altered, found.damage) == (2, 2, 0, "")
    with Ledger(one) as ledger:
        assert all(ledger.get(case, k, 100 + k, code="a") == made(case, k) for k in range(6))


def test_a_contradiction_adds_nothing(tmp_path: Path, case: Case) -> None:
    one, two = filled(tmp_path / "one", case, 2), filled(tmp_path / "two", case, 4, value=0.6)
    with pytest.raises(InputError, match="other values"):
        merge(one, [two])
    with Ledger(one) as ledger:
        assert len(list(ledger.rows())) == 2


def test_a_truncated_ledger_is_refused_and_the_rest_is_saved(tmp_path: Path, case: Case) -> None:
    path = filled(tmp_path / "cut", case, 400)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="graphon ledger merge NEW"):
        Ledger(path)
    (found,) = merge(tmp_path / "saved", [path])
    assert found.damage
    assert 50 < found.added < 400
    with Ledger(tmp_path / "saved") as ledger:
        rows = list(ledger.rows())
        assert len(rows) == found.added
        for row in rows:
            assert row.intact
            assert ledger.get(case, row.repeat, row.seed, code="a") == made(case, row.repeat)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_holds_every_number(tmp_path: Path, case: Case, form: str) -> None:
    filled(tmp_path / FILE, case, 3)
    assert export(tmp_path, tmp_path / "table", form) == 3
    if form == "csv":
        with (tmp_path / "table").open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
    else:
        parquet = pytest.importorskip("pyarrow.parquet")
        lines = parquet.read_table(tmp_path / "table").to_pylist()
    assert sorted(float(line["value"]) for line in lines) == [0.5, 1.5, 2.5]
    assert {line["statement"] for line in lines} == {case.statement}
    assert all(json.loads(line["case"]) == json.loads(case.key()) for line in lines)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".part") == []


def test_the_command_line_of_ledgers(tmp_path: Path, case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path / "one", case, 4)
    assert main(["ledger", "merge", str(tmp_path / "all"), str(tmp_path / "one")]) == 0
    assert "4 added, 0 known" in capsys.readouterr().out
    assert (tmp_path / "all" / FILE).is_file()
    assert main(["ledger", "merge", str(tmp_path / "file.sqlite"), str(tmp_path / "all")]) == 0
    assert "4 added, 0 known" in capsys.readouterr().out
    assert (tmp_path / "file.sqlite").is_file()
    assert main(["ledger", "show", str(tmp_path / "all")]) == 0
    shown = capsys.readouterr().out
    assert case.statement in shown
    assert " 4 " in shown
    assert main(["ledger", "export", str(tmp_path / "all"), "--out", str(tmp_path / "t.csv")]) == 0
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 5
    for bad in (
        ["show", str(tmp_path / "absent")],
        ["export", str(tmp_path / "all"), "--to", "xlsx", "--out", str(tmp_path / "t")],
        ["export", str(tmp_path / "all"), "--out", str(tmp_path / "no" / "t.csv")],
        ["merge", str(tmp_path / "no" / "all"), str(tmp_path / "one")],
        ["merge", str(tmp_path / "all"), str(tmp_path / "absent")],
    ):
        assert main(["ledger", *bad]) == 2
        assert "graphon: error:" in capsys.readouterr().err
