"""NumPy archives (``numpy.savez``) with inputs and targets, read without pickle and within bounds.

Source: NEP 1 (the .npy format) and the documentation of ``numpy.lib.format``. This differs from ``numpy.load``
in: the declared shape is checked against the length of the member before any memory is taken; members must be
stored or deflated; only format version 1.0, which ``numpy.savez`` writes for every plain array.
"""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from verification.data.files import (
    MOST_VALUES,
    PathLike,
    bad_file,
    require_file,
    samples_of,
    unit_pixels,
)
from verification.data.samples import MOST_CLASSES, Samples
from verification.data.streams import exactly, refusing, require_end

_NAMES = (("x", "inputs"), ("y", "targets"))
_WIDEST = 8  # bytes a value: float64, int64


def read_npz(path: PathLike) -> Samples:
    """Read arrays ``x`` and ``y`` (or ``inputs`` and ``targets``) from an archive of ``numpy.savez``.

    Parameters
    ----------
    path
        The file, of at most 2 GiB; each array of at most 2^28 values. Inputs have shape (N, d), (N, H, W) or
        (N, C, H, W) and a real, whole or boolean dtype; uint8 is divided by 255. Targets have shape (N,):
        whole or boolean numbers are classes counted from 0, their number one more than the largest;
        floating ones are real-valued.

    Returns
    -------
    Samples
        Inputs float32, images as (N, C, H, W).

    Raises
    ------
    InputError
        If the file is missing, unreadable, broken or too large; if an array is missing, of another dtype
        (objects are pickled and never loaded) or shape, or not finite in float32.
    """
    file = require_file(path)
    remedy = "write it with numpy.savez(file, x=..., y=...)"
    with refusing(file, "is no readable .npz", remedy), zipfile.ZipFile(file) as archive:
        x, y = (_read(archive, _member(archive, file, names), file) for names in _NAMES)
    inputs = _inputs(file, x)
    if y.dtype.kind == "f":
        # A number beyond float32 becomes infinite here and is refused by Samples.
        with np.errstate(over="ignore"):
            return samples_of(file, inputs, torch.from_numpy(y.astype(np.float32)), None)
    least, most = (int(y.min()), int(y.max())) if y.size else (0, 0)
    if least < 0 or not 1 <= most < MOST_CLASSES:
        remedy = f"count classes from 0, at least two and at most {MOST_CLASSES}, or give floats for real targets"
        raise bad_file(file, f"whole targets from {least} to {most}", remedy)
    return samples_of(file, inputs, torch.from_numpy(y.astype(np.int64)), most + 1)


def _inputs(file: Path, x: npt.NDArray[np.generic]) -> torch.Tensor:
    if x.ndim not in (2, 3, 4):
        raise bad_file(file, f"inputs of shape {x.shape}", "give (N, d), (N, H, W) or (N, C, H, W)")
    if x.ndim == 3:
        x = x[:, None]
    if x.dtype.name == "uint8":
        return unit_pixels(x.astype(np.uint8, copy=False))
    with np.errstate(over="ignore"):
        return torch.from_numpy(np.ascontiguousarray(x.astype(np.float32)))


def _member(archive: zipfile.ZipFile, file: Path, names: tuple[str, ...]) -> zipfile.ZipInfo:
    found = [info for info in archive.infolist() if info.filename in {f"{name}.npy" for name in names}]
    if len(found) != 1:
        held = ", ".join(sorted(info.filename.removesuffix(".npy") for info in archive.infolist())[:8]) or "nothing"
        raise bad_file(file, f"{len(found)} arrays named {' or '.join(names)} (it holds {held})", "give exactly one")
    if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise bad_file(file, f"compression {found[0].compress_type}", "write it with numpy.savez")
    return found[0]


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: Path) -> npt.NDArray[np.generic]:
    if info.file_size > _WIDEST * MOST_VALUES:
        raise bad_file(file, f"{info.filename} of {info.file_size} bytes", f"give at most {MOST_VALUES} values")
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            raise bad_file(file, f"{info.filename} in version {version}", "save a plain array of numbers")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        if dtype.hasobject or dtype.kind not in "biuf" or dtype.itemsize > _WIDEST:
            raise bad_file(file, f"{info.filename} of dtype {dtype}", "give real or whole numbers, never objects")
        values = math.prod(shape)
        if any(size < 1 for size in shape) or values > MOST_VALUES:
            raise bad_file(file, f"{info.filename} of shape {shape}", f"give 1 to {MOST_VALUES} values")
        declared = stream.tell() + values * dtype.itemsize
        if declared != info.file_size:
            found = f"{info.filename} of {info.file_size} bytes, {declared} by its shape {shape}"
            raise bad_file(file, found, "give a complete file")
        data = exactly(stream, values * dtype.itemsize, file, info.filename)
        require_end(stream, file, declared)
    array: npt.NDArray[np.generic] = np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    return array
