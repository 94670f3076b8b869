"""Files that appear whole or not at all: written beside, and renamed."""

from __future__ import annotations

from pathlib import Path

from graphon_theory.errors import InputError


def write_whole(path: Path, data: bytes) -> Path:
    """Write a file and return its path.

    Parameters
    ----------
    path
        In a folder that exists; a file there is replaced.
    data
        Its bytes.

    Raises
    ------
    InputError
        If it cannot be written; nothing half-written stays.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError("out", str(path), f"{error.strerror}: name a folder that can be written") from error
    return path
