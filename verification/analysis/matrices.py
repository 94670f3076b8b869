"""Weights as matrices, the form in which a graphon reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphon_theory.errors import InputError
from verification.analysis.result import Mask
from verification.masks import channel_mask

READINGS: Final = ("tap", "mean")


@dataclass(frozen=True, eq=False)
class LayerMatrix:
    """The mask of a layer as a matrix.

    Parameters
    ----------
    kept
        Boolean, shape (n, m): outputs by inputs; for a convolution the columns are the taps of the first input
        channel, then those of the second, and so on.
    taps
        Neighbouring columns that are averaged: the taps of a channel in the reading "mean", else 1.
    text
        What columns are.
    """

    kept: Mask
    taps: int
    text: str

    def averaged(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        """Average a matrix of the shape of ``kept`` over the taps, shape (n, m / taps)."""
        numbers = values.astype(np.float64)
        if self.taps == 1:
            return numbers
        found: npt.NDArray[np.float64] = numbers.reshape(numbers.shape[0], -1, self.taps).mean(axis=2)
        return found


def layer_matrix(mask: Tensor, reading: str) -> LayerMatrix:
    """Read a mask of shape (out, in) or (out, in / groups, height, width).

    Raises
    ------
    InputError
        If the mask has another number of axes, or the reading is unknown.
    """
    if reading not in READINGS:
        raise InputError("conv", reading, f"choose one of {', '.join(READINGS)}")
    if mask.ndim not in (2, 4) or mask.numel() == 0:
        raise InputError("mask", f"shape {tuple(mask.shape)}", "give (out, in) or (out, in / groups, height, width)")
    kept = mask.detach().bool().cpu().reshape(mask.shape[0], -1).numpy()
    if mask.ndim == 2:
        return LayerMatrix(kept, 1, "outputs x inputs")
    height, width = mask.shape[2:]
    if reading == "mean" and height * width > 1:
        return LayerMatrix(kept, height * width, f"output channels x input channels, mean of {height} x {width} taps")
    return LayerMatrix(kept, 1, f"output channels x (input channel, tap), each of {height} x {width} taps by itself")


def input_degrees(mask: Tensor, groups: int = 1) -> npt.NDArray[np.int64]:
    """Edges of each input (input channel of a convolution), shape (inputs,)."""
    if mask.ndim == 2:
        return np.asarray(mask.sum(dim=0, dtype=torch.int64).numpy())
    return np.asarray(channel_mask(mask, "tap", groups=groups).sum(dim=(0, 1, 2), dtype=torch.int64).numpy())
