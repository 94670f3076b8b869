"""Files from elsewhere: looked at before they are opened, and bounded in size."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.errors import InputError
from verification.data.samples import Samples

MOST_FILE_BYTES = 1 << 31
"""Largest file that is opened: two gibibytes."""

MOST_VALUES = 1 << 28
"""Most numbers in one array: a gibibyte in float32; CIFAR-10 has 1.5e8."""

PathLike = str | os.PathLike[str]


def bad_file(path: Path, found: str, remedy: str) -> InputError:
    """Return the error for a file: what was found in it, and what to give instead."""
    return InputError("path", str(path), f"{found}; {remedy}")


def as_path(path: PathLike) -> Path:
    """Coerce a path; ``~`` is the home directory.

    Raises
    ------
    InputError
        If it is not a non-empty string or path.
    """
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str) or not os.fspath(path):
        raise InputError("path", path, "give the path of a file as a non-empty string")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InputError("path", os.fspath(path), "the home directory is unknown; give it in full") from error


def require_file(path: PathLike) -> Path:
    """Return the path of a regular, non-empty file of at most ``MOST_FILE_BYTES``, without opening it.

    Raises
    ------
    InputError
        If it is missing, a directory, a device or a pipe, empty or too large.
    """
    found = as_path(path)
    try:
        status = found.stat()
    except (OSError, ValueError) as error:
        raise bad_file(found, f"cannot be read ({error})", "give the path of an existing file") from error
    if stat.S_ISDIR(status.st_mode):
        raise bad_file(found, "is a directory", "give a file, or name the reader: mnist:FOLDER, cifar10:FOLDER")
    if not stat.S_ISREG(status.st_mode):
        raise bad_file(found, "is not a regular file", "give a file on disk")
    if status.st_size == 0:
        raise bad_file(found, "is empty", "give a complete file")
    if status.st_size > MOST_FILE_BYTES:
        raise bad_file(found, f"has {status.st_size} bytes", f"give a file of at most {MOST_FILE_BYTES} bytes")
    return found


def require_folder(path: PathLike) -> tuple[Path, frozenset[str]]:
    """Return the path of a folder and the names of the files in it.

    Raises
    ------
    InputError
        If it is missing, not a folder or cannot be listed.
    """
    found = as_path(path)
    try:
        return found, frozenset(entry.name for entry in found.iterdir() if entry.is_file())
    except (OSError, ValueError) as error:
        raise bad_file(found, f"cannot be listed ({error})", "give the folder that holds the files") from error


def unit_pixels(pixels: npt.NDArray[np.uint8]) -> torch.Tensor:
    """Grey values 0 to 255 as float32 in [0, 1], of the same shape; the one copy that is made."""
    return torch.from_numpy(pixels.astype(np.float32)).div_(255.0)


def samples_of(path: Path, inputs: torch.Tensor, targets: torch.Tensor, classes: int | None) -> Samples:
    """Return samples; what is wrong with them is reported as found in the file.

    Raises
    ------
    InputError
        Naming the file.
    """
    try:
        return Samples(inputs=inputs, targets=targets, classes=classes)
    except InputError as error:
        raise bad_file(path, f"{error.argument} = {error.value}", error.remedy) from error
