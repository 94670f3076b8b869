"""Two halves of a data set, one to design on and one to state the bound on, and a rest to test on.

Inputs are centred, and scaled to mean square 1, by the numbers of the design's half, so that nothing of the other half
enters the mask. Classes become labels -1 (lower half of the classes) and 1; real targets are standardised likewise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from graphon_theory.errors import InputError
from verification.data.linear_task import Sample
from verification.data.samples import Samples

LEAST: Final = 4
MOST_HALF: Final = 256
"""Samples of a half where none are named: kernels cost ``N^3``."""


@dataclass(frozen=True, eq=False)
class Halves:
    """Data of a design.

    Parameters
    ----------
    design, sample
        The two halves, of one size N.
    rest
        What is left, or None.
    signs
        Whether labels are -1 and 1.
    image
        (C, H, W) of an input, or None.
    mean, scale
        What was taken off each input, shape (d,), and what all were divided by.
    """

    design: Sample
    sample: Sample
    rest: Sample | None
    signs: bool
    image: tuple[int, int, int] | None
    mean: Tensor
    scale: float


def halves(samples: Samples, *, size: int | None = None, most_rest: int = 1000, seed: int = 0) -> Halves:
    """Draw two disjoint halves.

    Parameters
    ----------
    samples
        The data, 4 samples or more.
    size
        N of each half, at least 2; half of the data, at most ``MOST_HALF``, by default.
    most_rest
        Largest number of test samples.
    seed
        Draws the order.

    Raises
    ------
    InputError
        If there are too few samples, or all inputs or all labels of the design's half are equal.
    """
    count = len(samples)
    if count < LEAST:
        raise InputError("samples", count, f"give {LEAST} or more: two halves of two")
    size = min(count // 2, MOST_HALF) if size is None else size
    if isinstance(size, bool) or not 2 <= size <= count // 2:
        raise InputError("samples of a half", size, f"the data has {count}: give 2 to {count // 2}")
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    parts = [order[:size], order[size : 2 * size], order[2 * size :][:most_rest]]
    X, y = samples.flat().double(), samples.targets.double()
    if samples.classes is not None:
        y = torch.where(samples.targets >= samples.classes // 2, 1.0, -1.0).double()
    first = parts[0]
    if bool((y[first] == y[first[0]]).all()):
        raise InputError("labels", "all equal on the design's half", "give data whose labels differ, or a larger half")
    mean = X[first].mean(dim=0)
    # By equality: rounding of the mean would leave a constant input a tiny variance.
    constant = X[first].amin(dim=0) == X[first].amax(dim=0)
    mean = torch.where(constant, X[first][0], mean)
    X = X - mean
    scale = float(X[first].square().mean().sqrt())
    if scale == 0.0:
        raise InputError("inputs", "constant", "all inputs of the design's half are equal: give a larger half")
    X = X / scale
    if samples.classes is None:
        y = y - y[first].mean()
        y = y / y[first].square().mean().sqrt()
    drawn = [Sample(X[part], y[part]) for part in parts if len(part)]
    shape = samples.shape
    return Halves(
        design=drawn[0],
        sample=drawn[1],
        rest=drawn[2] if len(drawn) > 2 else None,
        signs=samples.classes is not None,
        image=(shape[0], shape[1], shape[2]) if len(shape) == 3 else None,
        mean=mean,
        scale=scale,
    )
