"""One writer a run folder: a lock that dies with its holder, however that ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphon_theory.errors import InputError

_FILE = "writer.lock"


@contextmanager
def single_writer(folder: Path) -> Iterator[None]:
    """Hold a run folder for writing, as a context.

    The lock is SQLite's own on a file beside the ledger: the system releases it with the process, even one that was
    killed, and it is known to work on every platform. The file stays.

    Parameters
    ----------
    folder
        An existing folder.

    Raises
    ------
    InputError
        If another run holds the folder, or the file cannot be made.
    """
    path = folder / _FILE
    try:
        connection = sqlite3.connect(path, timeout=0.0, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error:
            connection.close()
            raise
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise InputError("out", str(folder), "another run is writing there: wait, or name another folder") from None
        raise InputError("out", str(folder), f"{error}: name a folder that can be written") from error
    except sqlite3.Error as error:
        raise InputError("out", str(path), f"{error}: remove this file") from error
    try:
        yield
    finally:
        connection.close()
