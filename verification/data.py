"""Real and synthetic batches: scikit-learn's digits, and a Gaussian linear teacher.

Every batch has centred inputs of mean square 1. Labels are either centred on the batch ("centred") or
left with their mean ("raw"); both are scaled to mean square 1, which does not move a mask.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from graphon_theory.errors import InputError

LABELS = ("centred", "raw")
DIGIT_SAMPLES = 1797
"""Number of images in scikit-learn's digits."""

_DIGIT_SIDE = 8


@dataclass(frozen=True)
class Batch:
    """A labelled batch.

    Parameters
    ----------
    inputs
        Shape (S, d), column means 0, mean square 1.
    labels
        Shape (S,), mean square 1.
    correlations
        ``E[y x_j]``, shape (d,): of the population where it is known (teacher), else of the batch.
    """

    inputs: Tensor
    labels: Tensor
    correlations: Tensor


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
    y = (torch.from_numpy(targets)[chosen] >= 5).double()
    return _batch(pictures.reshape(samples, pixels), y, labels, population=None)


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


def teacher(samples: int, inputs: int, *, signal: float, labels: str, generator: torch.Generator) -> Batch:
    """Gaussian inputs and a linear teacher: ``y = sqrt(R^2) <beta, x> + sqrt(1 - R^2) noise``.

    Parameters
    ----------
    samples
        Batch size S, at least 2.
    inputs
        Number of inputs d.
    signal
        Linearly explained share ``R^2`` of the label's variance, in [0, 1].
    labels
        "centred" (mean of the batch removed) or "raw" (one standard deviation added instead).
    generator
        Draws the teacher and the samples.

    Raises
    ------
    InputError
        If a size or the signal is out of range or ``labels`` is unknown.
    """
    if samples < 2:
        raise InputError("batch", samples, "give at least 2 samples")
    if not 0.0 <= signal <= 1.0:
        raise InputError("signal", signal, "give the explained share R^2, in [0, 1]")
    x = torch.randn(samples, inputs, generator=generator)
    beta = torch.randn(inputs, generator=generator, dtype=torch.float64)
    beta /= beta.norm()
    y = (x @ beta.float()).double() * math.sqrt(signal)
    y += math.sqrt(1.0 - signal) * torch.randn(samples, generator=generator, dtype=torch.float64)
    if labels == "raw":
        y = y - y.mean() + 1.0
    return _batch(x, y, labels, population=math.sqrt(signal) * beta)


def _batch(x: Tensor, y: Tensor, labels: str, *, population: Tensor | None) -> Batch:
    if labels not in LABELS:
        raise InputError("labels", labels, f"choose one of {', '.join(LABELS)}")
    x = x - x.mean(dim=0)
    x /= x.square().mean().sqrt()
    if labels == "centred":
        y = y - y.mean()
    scale = y.square().mean().sqrt()
    if float(scale) == 0.0:
        raise InputError("labels", labels, "all labels of the batch are equal: draw a larger batch")
    y = y / scale
    correlations = x.T.double() @ y / len(y) if population is None else population / scale
    return Batch(inputs=x.float(), labels=y.float(), correlations=correlations)


@functools.lru_cache(maxsize=1)
def _load_digits() -> tuple[
    np.ndarray[tuple[int, ...], np.dtype[np.float64]], np.ndarray[tuple[int, ...], np.dtype[np.int64]]
]:
    from sklearn.datasets import load_digits

    bundle = load_digits()
    return bundle.images.astype(np.float64), bundle.target.astype(np.int64)
