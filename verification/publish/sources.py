"""What a report is made from: a run folder, finished or not, read with every field checked."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from verification.suite import Suite

SCHEMA: Final = "graphon.verify"
NEWEST: Final = 1
"""Newest version of the schema that is understood."""

STATUSES: Final = ("supported", "refuted", "inconclusive", "not run")

_FIGURE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*\.svg")
_KINDS: Final = {str: "a string", dict: "a table", list: "a list", bool: "true or false", float: "a number"}


@dataclass(frozen=True)
class FigureFile:
    """A figure of a run.

    Parameters
    ----------
    name
        File name in the run folder, ``*.svg``.
    title, caption
        In words.
    path
        The file; None if it is missing.
    """

    name: str
    title: str
    caption: str
    path: Path | None


@dataclass(frozen=True)
class StatementRecord:
    """What a run says of one statement.

    Parameters
    ----------
    id, title, status, conclusion, source
        Strings; ``status`` is one of ``STATUSES``.
    reasons, uses, hypotheses
        Why it is not supported; ids of what it rests on; clauses.
    steps
        Step id -> (kind of evidence, how it was found), in order.
    enclosures, mutants
        Tables of figures, as in ``run.json``.
    measurement
        Table of figures, as in ``run.json``.
    """

    id: str
    title: str
    status: str
    conclusion: str
    source: str
    reasons: tuple[str, ...]
    uses: tuple[str, ...]
    hypotheses: tuple[str, ...]
    steps: Mapping[str, tuple[str, str]]
    enclosures: tuple[Mapping[str, Any], ...]
    measurement: Mapping[str, Any]
    mutants: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class RunRecord:
    """A run as its folder tells it.

    Parameters
    ----------
    folder
        The run folder.
    name, summary, level, seed, trials
        Of the suite; ``trials`` is the number of trials judged, or finished if the run is not.
    versions, seconds
        Versions of what computed; wall time by part, in seconds.
    headlines
        Sentences computed from the trials.
    statements
        Parents first; empty for a run that is not finished.
    figures
        Those that the run names, missing ones too.
    unfinished
        Finished trials by statement, of a run that has no result yet; None for a finished run.
    suite
        The suite that was run; None where its file is missing or cannot be read.
    """

    folder: Path
    name: str
    summary: str
    level: float
    seed: int
    trials: int
    versions: Mapping[str, str]
    seconds: Mapping[str, float]
    headlines: tuple[str, ...]
    statements: tuple[StatementRecord, ...]
    figures: tuple[FigureFile, ...]
    unfinished: Mapping[str, int] | None
    suite: Suite | None


def read_run(folder: Path | str) -> RunRecord:
    """Read a run folder.

    Raises
    ------
    InputError
        If there is no run in it, its result was made by a newer version, or is not what a run writes.
    """
    folder = Path(folder)
    result = folder / "run.json"
    if not result.is_file():
        return _unfinished(folder)
    try:
        data = json.loads(result.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("run", str(result), f"{error}: run the suite again with this folder as --out") from error
    table = _Table(data, "run.json")
    _require_schema(table.text("schema"), result)
    suite = table.table("suite")
    return RunRecord(
        folder=folder,
        name=suite.text("name"),
        summary=suite.text("summary"),
        level=suite.number("level"),
        seed=int(suite.number("seed")),
        trials=int(suite.number("trials")),
        versions={str(k): str(v) for k, v in table.table("versions").data.items()},
        seconds={str(k): float(v) for k, v in table.table("timing").data.items() if isinstance(v, (int, float))},
        headlines=table.texts("headlines"),
        statements=tuple(_statement(entry) for entry in table.tables("statements")),
        figures=_figures(table, folder),
        unfinished=None,
        suite=_suite(folder),
    )


def _require_schema(schema: str, path: Path) -> None:
    found = re.fullmatch(rf"{re.escape(SCHEMA)}/(\d{{1,6}})", schema)
    if found is None:
        raise InputError("run", str(path), f"its schema is {schema!r}, not {SCHEMA}/{NEWEST}: name a run folder")
    if int(found[1]) > NEWEST:
        raise InputError("run", str(path), f"made by a newer version ({schema}): update graphon-theory")


def _unfinished(folder: Path) -> RunRecord:
    """Read a folder with a ledger and no result: a run that was broken off, or still goes on."""
    from verification.ledger.store import FILE, Ledger

    if not (folder / FILE).is_file():
        raise InputError("run", str(folder), "no run.json and no ledger: name the folder of a run (`--out` of verify)")
    with Ledger(folder / FILE) as ledger:
        counts = Counter(row.statement for row in ledger.rows() if row.intact)
    return RunRecord(
        folder=folder,
        name=folder.resolve().name,
        summary="",
        level=math.nan,
        seed=0,
        trials=sum(counts.values()),
        versions={},
        seconds={},
        headlines=(),
        statements=(),
        figures=(),
        unfinished=dict(sorted(counts.items())),
        suite=_suite(folder),
    )


def _suite(folder: Path) -> Suite | None:
    from verification.suite import load_suite

    path = folder / "suite.toml"
    if not path.is_file():
        return None
    try:
        return load_suite(str(path))
    except InputError:
        return None


def _figures(table: _Table, folder: Path) -> tuple[FigureFile, ...]:
    """Figures by the list that the run wrote; those in the folder, where an older version wrote none."""
    if "figures" not in table.data:
        found = sorted(path for path in folder.glob("*.svg") if _FIGURE.fullmatch(path.name) and not path.is_symlink())
        return tuple(FigureFile(path.name, path.stem, "", path) for path in found)
    listed = []
    for entry in table.tables("figures"):
        name = entry.text("name")
        # A name leads nowhere but into the folder: a report never carries other files of the reader's machine.
        path = folder / name if _FIGURE.fullmatch(name) else None
        present = path is not None and path.is_file() and not path.is_symlink()
        listed.append(FigureFile(name, entry.text("title"), entry.text("caption"), path if present else None))
    return tuple(listed)


def _statement(table: _Table) -> StatementRecord:
    evidence = table.table("evidence")
    status = table.text("status")
    if status not in STATUSES:
        raise InputError(f"{table.where}.status", status, f"one of {', '.join(STATUSES)}")
    return StatementRecord(
        id=table.text("id"),
        title=table.text("title"),
        status=status,
        conclusion=table.text("conclusion"),
        source=table.text("source"),
        reasons=table.texts("reasons"),
        uses=table.texts("uses"),
        hypotheses=table.texts("hypotheses"),
        steps={step.text("id"): (step.text("evidence"), step.text("detail")) for step in evidence.tables("steps")},
        enclosures=tuple(entry.data for entry in evidence.tables("enclosures")),
        measurement=evidence.table("measurement").data,
        mutants=tuple(entry.data for entry in table.tables("mutants")),
    )


class _Table:
    """A JSON object whose fields are checked as they are read."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, dict):
            raise InputError(where, _short(data), "a table was expected: run the suite again")
        self.data: dict[str, Any] = data
        self.where = where

    def _field(self, key: str, kind: type) -> Any:
        value = self.data.get(key)
        if not isinstance(value, kind):
            raise InputError(f"{self.where}.{key}", _short(value), f"{_KINDS[kind]} was expected: run the suite again")
        return value

    def text(self, key: str) -> str:
        value: str = self._field(key, str)
        return value

    def number(self, key: str) -> float:
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputError(f"{self.where}.{key}", _short(value), "a number was expected: run the suite again")
        return float(value)

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(str(entry) for entry in self._field(key, list))

    def table(self, key: str) -> _Table:
        return _Table(self._field(key, dict), f"{self.where}.{key}")

    def tables(self, key: str) -> tuple[_Table, ...]:
        return tuple(_Table(entry, f"{self.where}.{key}[{i}]") for i, entry in enumerate(self._field(key, list)))


def _short(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)[:60]
