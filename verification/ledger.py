"""The ledger of a run: every finished trial, kept in one SQLite file.

A trial's key is a hash of its case, its seed and the version of the code, so a run that was killed goes on
where it stopped, and a change of the code makes its trials anew. One process writes.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata, resources
from pathlib import Path
from types import TracebackType
from typing import Self

from graphon_theory.errors import InputError
from verification.cases import Case, Observation, Values

_TABLE = """
CREATE TABLE IF NOT EXISTS trials (
    key TEXT PRIMARY KEY,
    case_json TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    values_json TEXT NOT NULL
)
"""


class Ledger:
    """Finished trials of one run folder.

    Parameters
    ----------
    path
        The SQLite file; made if missing.
    code
        Version of the code, part of every key.

    Raises
    ------
    InputError
        If the file cannot be opened, or is not a ledger.
    """

    def __init__(self, path: Path, *, code: str) -> None:
        self._code = code
        self._path = path
        try:
            self._connection = sqlite3.connect(path)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute(_TABLE)
            self._connection.commit()
        except sqlite3.Error as error:
            raise InputError(
                "out", str(path), f"{error}: name a writable folder, or remove the damaged file"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, case: Case, repeat: int, seed: int) -> Observation | None:
        """Return a finished trial, or None."""
        with self._reporting():
            found = self._connection.execute(
                "SELECT values_json FROM trials WHERE key = ?", (self._key(case, seed),)
            ).fetchone()
        if found is None:
            return None
        values: Values = json.loads(found[0])
        return Observation(case=case, repeat=repeat, seed=seed, values=values)

    def put(self, observation: Observation) -> None:
        """Record a finished trial; it is on disk when this returns."""
        with self._reporting(), self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO trials VALUES (?, ?, ?, ?, ?)",
                (
                    self._key(observation.case, observation.seed),
                    observation.case.key(),
                    observation.repeat,
                    observation.seed,
                    json.dumps(observation.values),
                ),
            )

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise InputError(
                "out", str(self._path), f"{error}: is another run using it, or is the disk full? Name another folder"
            ) from error

    def _key(self, case: Case, seed: int) -> str:
        return hashlib.sha256(f"{case.key()}/{seed}/{self._code}".encode()).hexdigest()


def code_version() -> str:
    """Hash of the source of both packages and of the versions of what computes: equal for equal code."""
    digest = hashlib.sha256()
    for name in ("torch", "numpy", "scipy", "scikit-learn"):
        digest.update(f"{name} {metadata.version(name)}".encode())
    for package in ("graphon_theory", "verification"):
        root = Path(str(resources.files(package)))
        for path in sorted(root.rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
