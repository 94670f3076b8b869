"""Handwritten digits of scikit-learn, which it bundles: 1,797 images of 8 x 8 pixels, grey values 0 to 16."""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from torch import Tensor

from graphon_theory.errors import InputError
from verification.data.batch import Batch, ClassBatch, assemble, unit_inputs
from verification.data.samples import Samples

DIGIT_SAMPLES = 1797
"""Number of images in scikit-learn's digits."""

_DIGIT_SIDE = 8
_DIGIT_WHITE = 16.0
_DIGIT_CLASSES = 10


def digits(samples: int, pixels: int, *, labels: str, generator: torch.Generator) -> Batch:
    """Handwritten digits of scikit-learn, 5-9 (label 1) against 0-4 (label 0).

    Parameters
    ----------
    samples
        Batch size S, 2 to 1797, drawn without replacement.
    pixels
        Number of inputs d: the square of a side of at least 8; the 8 x 8 images are upsampled bilinearly.
    labels
        "centred" (mean of the batch removed) or "raw" (0 and 1).
    generator
        Draws the samples.

    Raises
    ------
    InputError
        If a size is out of range or ``labels`` is unknown.
    """
    pictures, classes = _chosen(samples, pixels, generator)
    return assemble(pictures, (classes >= 5).double(), labels, population=None)


def digits_classes(samples: int, pixels: int, *, generator: torch.Generator) -> ClassBatch:
    """Handwritten digits of scikit-learn with their ten classes.

    The generator draws the images that it draws for ``digits``.

    Parameters
    ----------
    samples
        Batch size S, 2 to 1797, drawn without replacement.
    pixels
        Number of inputs d: the square of a side of at least 8; the 8 x 8 images are upsampled bilinearly.
    generator
        Draws the samples.

    Raises
    ------
    InputError
        If a size is out of range.
    """
    pictures, classes = _chosen(samples, pixels, generator)
    return ClassBatch(inputs=unit_inputs(pictures).float(), labels=classes, classes=_DIGIT_CLASSES)


def digit_samples() -> Samples:
    """Return all digits: inputs of shape (1797, 1, 8, 8) in [0, 1], classes 0 to 9."""
    images, targets = _load_digits()
    inputs = torch.from_numpy(images / _DIGIT_WHITE).float()[:, None]
    return Samples(inputs=inputs, targets=torch.from_numpy(targets.copy()), classes=_DIGIT_CLASSES)


def require_digit_pixels(pixels: int, argument: str) -> int:
    """Return the side of an upsampled image with so many pixels.

    Raises
    ------
    InputError
        If the number is not the square of a side of at least 8.
    """
    side = math.isqrt(pixels)
    if side * side != pixels or side < _DIGIT_SIDE:
        raise InputError(
            argument, pixels, "digits have 64 pixels: give the square of a side of 8 or more (64, 256, 1024)"
        )
    return side


def _chosen(samples: int, pixels: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw images, shape (S, pixels), float64 from 0 to 16, and their classes, shape (S,), int64."""
    images, targets = _load_digits()
    side = require_digit_pixels(pixels, "inputs")
    if not 2 <= samples <= len(targets):
        raise InputError("batch", samples, f"digits have {len(targets)} samples: give 2 to {len(targets)}")
    chosen = torch.randperm(len(targets), generator=generator)[:samples]
    pictures = torch.from_numpy(images)[chosen]
    if side != _DIGIT_SIDE:
        pictures = torch.nn.functional.interpolate(
            pictures[:, None], size=(side, side), mode="bilinear", align_corners=False
        )[:, 0]
    return pictures.reshape(samples, pixels), torch.from_numpy(targets)[chosen]


@functools.lru_cache(maxsize=1)
def _load_digits() -> tuple[
    np.ndarray[tuple[int, ...], np.dtype[np.float64]], np.ndarray[tuple[int, ...], np.dtype[np.int64]]
]:
    from sklearn.datasets import load_digits

    bundle = load_digits()
    return bundle.images.astype(np.float64), bundle.target.astype(np.int64)
