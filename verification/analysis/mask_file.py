"""Masks and state dicts from files: safetensors, NumPy's, or torch's read with ``weights_only=True``."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from graphon_theory.errors import InputError
from verification.analysis.safetensors import looks_like_safetensors, read_safetensors
from verification.data.files import MOST_FILE_BYTES, PathLike, bad_file, require_file

_NPY = b"\x93NUMPY"
_SUFFIX = "_mask"
_SAFE = "save it as .safetensors or .npz, or as a plain state dict for torch.load(weights_only=True)"


def read_tensors(path: PathLike) -> dict[str, Tensor]:
    """Read named tensors; a single array is named "mask". Nothing is unpickled beyond torch's safe subset.

    Raises
    ------
    InputError
        If the file is missing, broken, of an unknown format, or would have to be unpickled.
    """
    file = require_file(path)
    try:
        with file.open("rb") as stream:
            head = stream.read(16)
    except OSError as error:
        raise bad_file(file, f"cannot be read ({error.strerror})", "give a readable file") from error
    if head.startswith(_NPY):
        return {"mask": _npy(file)}
    if looks_like_safetensors(head):
        return read_safetensors(file)
    if head.startswith(b"PK") and _is_npz(file):
        return _npz(file)
    return _torch(file)


def read_masks(path: PathLike) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Read masks of layers, shapes (out, in) or (out, in / groups, height, width), and say how they were found.

    Tensors named ``*_mask`` (``torch.nn.utils.prune``) are the masks if there are any; else tensors of zeros and
    ones; else the non-zero entries of the weights of a state dict. Vectors (biases) are left out.

    Returns
    -------
    tuple
        Layer name to boolean mask; notes.

    Raises
    ------
    InputError
        As ``read_tensors``; or if there is no mask, a mask is not 0/1, or a weight is NaN.
    """
    tensors = read_tensors(path)
    named = {name: value for name, value in tensors.items() if name.endswith(_SUFFIX)}
    chosen = {name: value for name, value in (named or tensors).items() if value.ndim in (2, 4) and value.numel()}
    file = Path(path)
    if not chosen:
        shapes = ", ".join(f"{name} {tuple(value.shape)}" for name, value in list(tensors.items())[:4]) or "no tensor"
        raise bad_file(file, f"holds no mask of a layer ({shapes})", "give (out, in) or (out, in, height, width)")
    for name, value in chosen.items():
        if value.is_complex() or not bool(torch.isfinite(value.double()).all()):
            raise bad_file(file, f"{name} holds NaN, infinite or complex numbers", "give a mask or finite weights")
    binary = {name: bool(((value == 0) | (value == 1)).all()) for name, value in chosen.items()}
    wrong = [name for name, yes in binary.items() if not yes]
    told = [n for n in wrong if n.endswith(_SUFFIX) or n == "mask" or not chosen[n].is_floating_point()]
    if told:
        seen = ", ".join(f"{v:g}" for v in torch.unique(chosen[told[0]].double())[:4].tolist())
        raise bad_file(file, f"{told[0]} is not 0/1 (it holds {seen}, ...)", "give 0 and 1, or a state dict of weights")
    notes: list[str] = []
    if named:
        notes.append(f"masks of torch.nn.utils.prune: {', '.join(chosen)}")
    elif wrong:
        notes.append("no masks in the file: the zeros of the weights are taken for the removed ones")
    return {_layer(name): value != 0 for name, value in chosen.items()}, tuple(notes)


def read_weights(path: PathLike, masks: dict[str, Tensor]) -> dict[str, Tensor]:
    """Read the weights at initialisation of masked layers from a second file.

    Raises
    ------
    InputError
        As ``read_tensors``; or if a layer is missing or its shape another.
    """
    found = {_layer(name): value for name, value in read_tensors(path).items() if value.ndim in (2, 4)}
    for name, kept in masks.items():
        if name not in found:
            raise InputError("weights", name, f"not in the file; it has {', '.join(found) or 'no weights'}")
        if found[name].shape != kept.shape:
            raise InputError("weights", name, f"of shape {tuple(found[name].shape)}, its mask {tuple(kept.shape)}")
        if not bool(torch.isfinite(found[name].double()).all()):
            raise InputError("weights", name, "NaN or infinite: give finite weights")
    return {name: found[name].float() for name in masks}


def _layer(name: str) -> str:
    """``fc1.weight_mask`` -> ``fc1``."""
    name = name.removesuffix(_SUFFIX).removesuffix("_orig")
    return name.removesuffix(".weight") or name


def _npy(file: Path) -> Tensor:
    try:
        # Mapped, so that a header that promises more than the file holds costs no memory.
        return _tensor(file, "mask", np.array(np.load(file, mmap_mode="r", allow_pickle=False)))
    except InputError:
        raise
    except Exception as error:
        raise bad_file(
            file, f"is no readable .npy ({type(error).__name__}: {error})", "save it by numpy.save"
        ) from error


def _is_npz(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise bad_file(file, f"is a broken archive ({error})", "give a complete file") from error


def _npz(file: Path) -> dict[str, Tensor]:
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST_FILE_BYTES:
                raise bad_file(file, f"unpacks to more than {MOST_FILE_BYTES} bytes", "give a smaller file")
        with np.load(file, allow_pickle=False) as arrays:
            return {name: _tensor(file, name, arrays[name]) for name in arrays.files}
    except InputError:
        raise
    except Exception as error:
        raise bad_file(file, f"is no readable .npz ({type(error).__name__}: {error})", _SAFE) from error


def _tensor(file: Path, name: str, values: object) -> Tensor:
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise bad_file(file, f"{name} has dtype {array.dtype}", "give numbers or booleans")
    if array.dtype.kind == "u" and array.dtype.itemsize > 1:
        array = array.astype(np.int64)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    return torch.from_numpy(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))))


def _torch(file: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch says of odd pickles is said below, in one line
            loaded = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = "would have to be unpickled, which executes code, or is no file of torch"
        raise bad_file(file, f"is refused: it {found}", _SAFE) from error
    except Exception as error:
        raise bad_file(file, f"cannot be read ({type(error).__name__})", _SAFE) from error
    if isinstance(loaded, Tensor):
        loaded = {"mask": loaded}
    if isinstance(loaded, dict) and not any(isinstance(value, Tensor) for value in loaded.values()):
        loaded = next((v for k, v in loaded.items() if k in ("state_dict", "model") and isinstance(v, dict)), loaded)
    if not isinstance(loaded, dict):
        raise bad_file(file, f"holds a {type(loaded).__name__}", "give a tensor or a state dict")
    return {str(name): value.detach() for name, value in loaded.items() if isinstance(value, Tensor)}
