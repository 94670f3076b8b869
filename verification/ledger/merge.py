"""Bring the trials of several ledgers together; what can be read of a damaged one too."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import NamedTuple

from graphon_theory.errors import InputError
from verification.ledger.store import FILE, Ledger, Row


class Merged(NamedTuple):
    """What became of the rows of a source.

    Parameters
    ----------
    source
        The ledger that was read.
    added, known, altered
        Numbers of trials: new ones, ones that were there already, and ones dropped since their digest is not theirs.
    damage
        What SQLite said of a file that could not be read to its end; empty where it could.
    """

    source: Path
    added: int
    known: int
    altered: int
    damage: str


def merge(target: Path, sources: Sequence[Path]) -> list[Merged]:
    """Add the trials of ledgers to one.

    Parameters
    ----------
    target
        Ledger or run folder to add to; the ledger is made if missing.
    sources
        Ledgers or run folders; left as they are.

    Raises
    ------
    InputError
        If a source is missing or no ledger, or the same trial (same code and device) has other values in two of them:
        then nothing is added of that source.

    Notes
    -----
    Each source is added whole or not at all.
    """
    found = []
    with Ledger(locate(target)) as ledger:
        held = {row.key: row.values_json for row in ledger.rows()}
        for source in sources:
            path = locate(source)
            if not path.is_file():
                raise InputError("source", str(path), "no such file: give a ledger or a run folder")
            damage: list[str] = []
            fresh: dict[str, Row] = {}
            known = altered = 0
            for row in _readable(path, damage):
                if not row.intact:
                    altered += 1
                elif row.key not in held:
                    fresh[row.key] = row
                elif held[row.key] == row.values_json:
                    known += 1
                else:
                    raise InputError(
                        "source",
                        str(path),
                        f"trial {row.key[:12]} of {row.statement} has other values in {target}: the two come from "
                        "machines that round differently; keep their ledgers apart",
                    )
            ledger.insert(list(fresh.values()))
            held |= {row.key: row.values_json for row in fresh.values()}
            found.append(Merged(source, len(fresh), known, altered, "; ".join(damage)))
    return found


def locate(path: Path) -> Path:
    """Return the ledger of a run folder; a file's own path for a file."""
    return path / FILE if path.is_dir() else path


def _readable(path: Path, damage: list[str]) -> Generator[Row, None, None]:
    """Rows of a ledger, from both ends where the middle cannot be read."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        # Else SQLite reads nothing of a file that is shorter than it says; the file itself stays as it is.
        connection.execute("PRAGMA writable_schema=ON")
        last = yield from _walk(connection, "ASC", None, damage)
        if damage:
            yield from _walk(connection, "DESC", last, damage)
    finally:
        connection.close()


def _walk(
    connection: sqlite3.Connection, order: str, stop: int | None, damage: list[str]
) -> Generator[Row, None, int | None]:
    """Rows in the order of their numbers, as far as they can be read; returns the last number."""
    last = None
    try:
        for number, *fields in connection.execute(f"SELECT rowid, * FROM trial ORDER BY rowid {order}"):  # noqa: S608
            if stop is not None and number <= stop:
                break
            last = number
            yield Row(*fields)
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            raise InputError("source", "a database without trials", "give a ledger of this version") from None
        damage.append(str(error))
    except sqlite3.DatabaseError as error:
        damage.append(str(error))
    return last
