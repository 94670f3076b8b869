"""The ledger of a run: every finished trial, in one SQLite file, on disk before it counts.

A trial's key is a hash of its case, its seed, the device and the code that it depends on: a run that was killed goes
on where it stopped, and changed code makes anew the trials that it may have changed. Every row carries a digest, so
that what a damaged disk has altered is not read. One process writes (``single_writer``).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from graphon_theory.errors import InputError
from verification.cases import Case, Observation, Values

FILE: Final = "ledger.sqlite"
"""Name of the ledger in a run folder."""

_FORMAT: Final = 2
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS trial (
    key TEXT PRIMARY KEY,
    question TEXT NOT NULL,
    statement TEXT NOT NULL,
    case_json TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    device TEXT NOT NULL,
    code TEXT NOT NULL,
    values_json TEXT NOT NULL,
    seconds REAL NOT NULL,
    finished TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS trial_question ON trial (question);
"""


class Row(NamedTuple):
    """One finished trial, as it is stored.

    Parameters
    ----------
    key
        Hash of question and code.
    question
        Hash of case, seed and device: what the trial asks, whatever code answers.
    statement, case_json, repeat, seed, device
        What was asked.
    code
        Version of the code that answered.
    values_json
        The answer.
    seconds
        Time that the trial took.
    finished
        When, in UTC; for people only: nothing is ordered by it.
    digest
        Hash of all of the above.
    """

    key: str
    question: str
    statement: str
    case_json: str
    repeat: int
    seed: int
    device: str
    code: str
    values_json: str
    seconds: float
    finished: str
    digest: str

    @classmethod
    def seal(cls, *fields: object) -> Row:
        """Make a row of all fields but the digest, in their order, and add that."""
        return cls._make((*fields, _digest(fields)))

    @property
    def intact(self) -> bool:
        """Whether the row is what was written."""
        return self.digest == _digest(self[:-1])


class Ledger:
    """Finished trials of one run folder.

    Parameters
    ----------
    path
        The SQLite file; made if missing.
    device
        Where trials run, part of every key: another device rounds differently.

    Raises
    ------
    InputError
        If the file cannot be opened, is damaged, is no ledger, or comes from a newer version.
    """

    def __init__(self, path: Path, *, device: str = "cpu") -> None:
        self._path = path
        self._device = device
        try:
            self._connection = sqlite3.connect(path, timeout=30.0)
            self._prepare()
        except sqlite3.Error as error:
            raise InputError(
                "ledger",
                str(path),
                f"{error}: name a writable folder; of a damaged ledger, `graphon ledger merge NEW {path}` saves what "
                "can be read",
            ) from error

    def _prepare(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > _FORMAT:
            raise InputError("ledger", str(self._path), "made by a newer version of graphon-theory: update it")
        (state,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise sqlite3.DatabaseError(state.splitlines()[-1])
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_TABLE)
        self._connection.execute(f"PRAGMA user_version={_FORMAT}")
        self._connection.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, case: Case, repeat: int, seed: int, *, code: str) -> Observation | None:
        """Return a finished trial, or None; an altered row is none."""
        row = self._row(_key(_question(case, seed, self._device), code))
        return None if row is None else _observation(case, repeat, row)

    def put(self, observation: Observation, *, code: str, seconds: float) -> None:
        """Record a finished trial; it is on disk when this returns.

        Parameters
        ----------
        observation
            The trial.
        code
            Version of the code that made it.
        seconds
            Time that it took, non-negative.
        """
        question = _question(observation.case, observation.seed, self._device)
        row = Row.seal(
            _key(question, code),
            question,
            observation.case.statement,
            observation.case.key(),
            observation.repeat,
            observation.seed,
            self._device,
            code,
            json.dumps(observation.values),
            float(seconds),
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self.insert([row])

    def insert(self, rows: Sequence[Row]) -> None:
        """Record rows, all of them or none."""
        marks = ", ".join("?" * len(Row._fields))
        with self._reporting(), self._connection:
            self._connection.executemany(f"INSERT OR REPLACE INTO trial VALUES ({marks})", rows)  # noqa: S608

    def made_by_other_code(self, case: Case, seed: int, *, code: str) -> bool:
        """Whether the ledger holds this trial as other code made it."""
        with self._reporting():
            found = self._connection.execute(
                "SELECT 1 FROM trial WHERE question = ? AND code <> ? LIMIT 1",
                (_question(case, seed, self._device), code),
            ).fetchone()
        return found is not None

    def seconds(self, case: Case) -> list[float]:
        """Return the times that trials of a case took, on this device, by any code."""
        with self._reporting():
            found = self._connection.execute(
                "SELECT seconds FROM trial WHERE case_json = ? AND device = ?", (case.key(), self._device)
            ).fetchall()
        return [float(seconds) for (seconds,) in found]

    def rows(self) -> Iterator[Row]:
        """All rows in the order of their keys; altered ones too."""
        with self._reporting():
            for found in self._connection.execute("SELECT * FROM trial ORDER BY key"):
                yield Row(*found)

    def _row(self, key: str) -> Row | None:
        with self._reporting():
            found = self._connection.execute("SELECT * FROM trial WHERE key = ?", (key,)).fetchone()
        return None if found is None else Row(*found)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise InputError(
                "ledger", str(self._path), f"{error}: is the disk full? Finished trials are kept; run it again"
            ) from error


def _observation(case: Case, repeat: int, row: Row) -> Observation | None:
    if not row.intact:
        return None
    values: Values = json.loads(row.values_json)
    return Observation(case=case, repeat=repeat, seed=row.seed, values=values)


def _question(case: Case, seed: int, device: str) -> str:
    return hashlib.sha256(f"{case.key()}/{seed}/{device}".encode()).hexdigest()


def _key(question: str, code: str) -> str:
    return hashlib.sha256(f"{question}/{code}".encode()).hexdigest()


def _digest(fields: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(list(fields)).encode()).hexdigest()
