"""CIFAR-10 in its binary version: records of a label and 3 x 32 x 32 pixels, channel by channel, row by row.

Source: the page of the data set, https://www.cs.toronto.edu/~kriz/cifar.html ("Binary version"). The Python
version is pickled and is not read.
"""

from __future__ import annotations

import numpy as np
import torch

from graphon_theory.errors import InputError
from verification.data.files import (
    MOST_FILE_BYTES,
    PathLike,
    bad_file,
    require_folder,
    samples_of,
    unit_pixels,
)
from verification.data.samples import Samples, require_split
from verification.data.streams import exactly, opened, require_end

CIFAR10_RECORDS = 10_000
"""Records in each file as published."""

CIFAR10_FILES = {"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)}
"""File names of the two splits."""

_SHAPE = (3, 32, 32)
_RECORD = 1 + 3 * 32 * 32
_CLASSES = 10


def cifar10_folder(path: PathLike, split: str = "train", *, records: int = CIFAR10_RECORDS) -> Samples:
    """Read CIFAR-10 from the files of its binary version.

    Parameters
    ----------
    path
        The folder ``cifar-10-batches-bin``, with ``data_batch_1.bin`` to ``data_batch_5.bin`` or
        ``test_batch.bin``.
    split
        "train" or "test".
    records
        Number of records in each file. The format has no header: without this number a file cut off between
        two records would pass for a complete one.

    Returns
    -------
    Samples
        Inputs of shape (N, 3, 32, 32) in [0, 1], red, green, blue; ten classes.

    Raises
    ------
    InputError
        If a file is missing, unreadable or not of 3073 bytes a record, or a label is not 0 to 9.
    """
    wanted = CIFAR10_FILES[require_split(split)]
    if not 1 <= records <= MOST_FILE_BYTES // _RECORD:
        raise InputError("records", records, f"give the number of records in a file, {CIFAR10_RECORDS} as published")
    folder, names = require_folder(path)
    for name in wanted:
        if name not in names:
            raise bad_file(folder, f"no {name} in it", "give the folder cifar-10-batches-bin of the binary version")
    table = np.concatenate([_read(folder / name, records) for name in wanted])
    inputs = unit_pixels(table[:, 1:].reshape(-1, *_SHAPE))
    return samples_of(folder, inputs, torch.from_numpy(table[:, 0].astype(np.int64)), _CLASSES)


def is_cifar10(names: frozenset[str]) -> bool:
    """Whether a folder with these file names holds CIFAR-10's binary version."""
    return any(name in names for split in CIFAR10_FILES.values() for name in split)


def _read(path: PathLike, records: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Read one file: shape (records, 3073), the labels in column 0."""
    with opened(path) as (file, stream):
        data = exactly(stream, records * _RECORD, file, f"{records} records")
        require_end(stream, file, records * _RECORD)
    table = np.frombuffer(data, dtype=np.uint8).reshape(records, _RECORD)
    worst = int(table[:, 0].argmax())
    if int(table[worst, 0]) >= _CLASSES:
        raise bad_file(file, f"label {int(table[worst, 0])} in record {worst}", f"labels are 0 to {_CLASSES - 1}")
    return table
