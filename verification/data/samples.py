"""A whole data set in memory, with what is promised of it checked once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from graphon_theory.errors import InputError

SPLITS = ("train", "test")
"""Names of the two parts in which MNIST and CIFAR-10 come."""

MOST_CLASSES = 1 << 16
"""Largest number of classes: a label beyond it is taken for a quantity, not a class."""


@dataclass(frozen=True, eq=False)
class Samples:
    """A data set.

    Parameters
    ----------
    inputs
        Shape (N, d), or (N, C, H, W) for images; float32, finite. The readers give images in [0, 1].
    targets
        Shape (N,): int64 from 0 to ``classes - 1``, or float32 and finite where ``classes`` is None.
    classes
        Number of classes, at least 2; None for real-valued targets.

    Raises
    ------
    InputError
        If anything above does not hold, or there is no sample.
    """

    inputs: Tensor
    targets: Tensor
    classes: int | None

    def __post_init__(self) -> None:
        inputs, targets = self.inputs, self.targets
        if inputs.ndim not in (2, 4) or inputs.numel() == 0:
            raise InputError("shape of the inputs", tuple(inputs.shape), "give (N, d) or (N, C, H, W), none of them 0")
        if inputs.dtype != torch.float32:
            raise InputError("dtype of the inputs", inputs.dtype, "give float32")
        if tuple(targets.shape) != (len(inputs),):
            raise InputError("shape of the targets", tuple(targets.shape), f"give one number a sample: {len(inputs)}")
        if not bool(torch.isfinite(inputs).all()):
            raise InputError("inputs", "NaN or infinite", "give finite float32 numbers")
        if self.classes is None:
            if targets.dtype != torch.float32:
                raise InputError("dtype of the targets", targets.dtype, "give float32, or the number of classes")
            if not bool(torch.isfinite(targets).all()):
                raise InputError("targets", "NaN or infinite", "give finite float32 numbers")
            return
        if not 2 <= self.classes <= MOST_CLASSES:
            raise InputError("number of classes", self.classes, f"give 2 to {MOST_CLASSES}")
        if targets.dtype != torch.int64:
            raise InputError("dtype of the targets", targets.dtype, "give int64 for classes")
        least, most = int(targets.min()), int(targets.max())
        if least < 0 or most >= self.classes:
            raise InputError("labels", f"{least} to {most}", f"give labels from 0 to {self.classes - 1}")

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input: (d,) or (C, H, W)."""
        return tuple(self.inputs.shape[1:])

    @property
    def features(self) -> int:
        """Number of inputs d of a network that sees them flat."""
        return math.prod(self.shape)

    def flat(self) -> Tensor:
        """Return the inputs with shape (N, d), a view."""
        return self.inputs.reshape(len(self.inputs), -1)


def require_split(split: str) -> str:
    """Return ``split`` if it is "train" or "test".

    Raises
    ------
    InputError
        If it is anything else.
    """
    if split not in SPLITS:
        raise InputError("split", split, f"choose one of {', '.join(SPLITS)}")
    return split
