"""One name for every source of data: what the command line and a suite write."""

from __future__ import annotations

import re

import torch

from graphon_theory.errors import InputError
from verification.data.cifar10 import cifar10_folder, is_cifar10
from verification.data.digits import digit_samples
from verification.data.files import MOST_VALUES, as_path, bad_file, require_folder
from verification.data.mnist import is_mnist, mnist_folder
from verification.data.npz import read_npz
from verification.data.samples import Samples, require_split
from verification.data.streams import opened
from verification.data.teacher import teacher

FORMS = ("digits", "teacher", "teacher:SAMPLESxINPUTS", "mnist:FOLDER", "cifar10:FOLDER", "npz:FILE", "a path")
"""What ``load_data`` accepts."""

_TEACHER = re.compile(r"teacher(?::([0-9]{1,9})x([0-9]{1,9}))?")
_TEACHER_SIZES = (4096, 64)
_TEACHER_SIGNAL = 0.5
_ZIP_MAGIC = b"PK"


def load_data(spec: str, *, split: str = "train", generator: torch.Generator | None = None) -> Samples:
    """Load a data set by its name.

    Parameters
    ----------
    spec
        "digits"; "teacher" (the linear one, 4,096 samples of 64 inputs unless "teacher:SAMPLESxINPUTS", of
        which it explains half the variance); "mnist:FOLDER"; "cifar10:FOLDER"; "npz:FILE"; or a path that is
        recognised: a folder by the names in it, an archive by its content. A file named like a source needs a
        folder before it ("./digits").
    split
        "train" or "test"; only MNIST and CIFAR-10 have the latter.
    generator
        Draws the teacher; seed 0 by default. Nothing else is drawn.

    Raises
    ------
    InputError
        If the name is unknown, the source has no such split, or the files are not what they should be.
    """
    if not isinstance(spec, str):
        raise InputError("data", spec, f"give one of {', '.join(FORMS)}")
    require_split(split)
    kind, _, rest = spec.partition(":")
    if kind in ("mnist", "cifar10", "npz") and spec != kind:
        if not rest:
            raise InputError("data", spec, f"give {kind}:{'FILE' if kind == 'npz' else 'FOLDER'}")
    elif kind not in ("digits", "teacher"):
        kind, rest = _recognised(spec), spec
    if kind == "mnist":
        return mnist_folder(rest, split)
    if kind == "cifar10":
        return cifar10_folder(rest, split)
    if split != "train":
        raise InputError("split", split, f"{kind} has one part: leave it out")
    if kind == "npz":
        return read_npz(rest)
    if spec == "digits":
        return digit_samples()
    return _teacher(spec, generator)


def _recognised(spec: str) -> str:
    """Which reader a path is for."""
    path = as_path(spec)
    try:
        known, folder = path.exists(), path.is_dir()
    except (OSError, ValueError) as error:
        raise InputError("data", spec, f"cannot be looked at ({error}); give a readable path") from error
    if not known:
        raise InputError("data", spec, f"no such file or folder; give one of {', '.join(FORMS)}")
    if folder:
        _, names = require_folder(path)
        kinds = [kind for kind, holds in (("mnist", is_mnist), ("cifar10", is_cifar10)) if holds(names)]
        if len(kinds) == 1:
            return kinds[0]
        found = "holds both MNIST and CIFAR-10" if kinds else "holds neither MNIST's nor CIFAR-10's binary files"
        raise bad_file(path, found, "name one: mnist:FOLDER or cifar10:FOLDER")
    with opened(path) as (_, stream):
        head = stream.read(4)
    if head.startswith(_ZIP_MAGIC):
        return "npz"
    if head.startswith(b"\0\0"):
        raise bad_file(path, "is an IDX file", "give the folder with images and labels: mnist:FOLDER")
    if is_cifar10(frozenset({path.name})):
        raise bad_file(path, "is one file of CIFAR-10", "give the folder: cifar10:FOLDER")
    raise bad_file(path, f"begins with {head!r}", "give an .npz archive, or a folder of MNIST or CIFAR-10")


def _teacher(spec: str, generator: torch.Generator | None) -> Samples:
    matched = _TEACHER.fullmatch(spec)
    if matched is None:
        raise InputError("data", spec, 'give "digits", "teacher" or "teacher:SAMPLESxINPUTS" ("teacher:1024x64")')
    size, inputs = (int(number) for number in matched.groups()) if matched[1] else _TEACHER_SIZES
    if inputs < 1 or size < 2 or size * inputs > MOST_VALUES:
        raise InputError("data", spec, f"give at least 2 samples of 1 input, and at most {MOST_VALUES} values")
    source = torch.Generator().manual_seed(0) if generator is None else generator
    batch = teacher(size, inputs, signal=_TEACHER_SIGNAL, labels="centred", generator=source)
    return Samples(inputs=batch.inputs, targets=batch.labels, classes=None)
