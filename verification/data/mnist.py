"""Folders of MNIST, Fashion-MNIST and others of the same form: IDX files of images and of labels 0 to 9."""

from __future__ import annotations

from pathlib import Path

import torch

from verification.data.files import PathLike, bad_file, require_folder, samples_of, unit_pixels
from verification.data.idx import read_idx
from verification.data.samples import Samples, require_split

_STEMS = {"train": "train", "test": "t10k"}
_CLASSES = 10


def mnist_folder(path: PathLike, split: str = "train") -> Samples:
    """Read MNIST or a data set of its form from the four files under which it is published.

    Parameters
    ----------
    path
        The folder with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-...``; a dot before
        ``idx`` and the ending ``.gz`` are accepted; plain files are preferred to gzipped ones.
    split
        "train" or "test" (the files ``t10k``).

    Returns
    -------
    Samples
        Inputs of shape (N, 1, H, W) in [0, 1], ten classes.

    Raises
    ------
    InputError
        If a file is missing or broken, is not what its name says, or the two do not belong together.
    """
    stem = _STEMS[require_split(split)]
    folder, names = require_folder(path)
    image_file = _find(folder, names, f"{stem}-images", 3)
    label_file = _find(folder, names, f"{stem}-labels", 1)
    # Labels first: they are small, and a wrong pair is then refused before the images take their memory.
    labels = read_idx(label_file)
    if labels.ndim != 1 or labels.dtype.name != "uint8":
        raise bad_file(label_file, f"{labels.ndim} dimensions of {labels.dtype}", "labels have 1 of uint8")
    images = read_idx(image_file)
    if images.ndim != 3 or images.dtype.name != "uint8":
        raise bad_file(image_file, f"{images.ndim} dimensions of {images.dtype}", "images have 3 of uint8")
    if len(labels) != len(images):
        found = f"{len(labels)} labels for the {len(images)} images of {image_file.name}"
        raise bad_file(label_file, found, "give labels and images of one set")
    if int(labels.max()) >= _CLASSES:
        raise bad_file(label_file, f"label {int(labels.max())}", f"give labels from 0 to {_CLASSES - 1}")
    inputs = unit_pixels(images.astype("uint8", copy=False)[:, None])
    return samples_of(image_file, inputs, torch.from_numpy(labels.astype("int64")), _CLASSES)


def is_mnist(names: frozenset[str]) -> bool:
    """Whether a folder with these file names holds images of this form."""
    return any(name in names for stem in _STEMS.values() for name in _candidates(f"{stem}-images", 3))


def _candidates(stem: str, dimensions: int) -> list[str]:
    return [f"{stem}{mark}idx{dimensions}-ubyte{ending}" for ending in ("", ".gz") for mark in "-."]


def _find(folder: Path, names: frozenset[str], stem: str, dimensions: int) -> Path:
    candidates = _candidates(stem, dimensions)
    for name in candidates:
        if name in names:
            return folder / name
    raise bad_file(folder, f"no {candidates[0]} in it", f"give a folder with one of {', '.join(candidates)}")
