"""Masks of convolutions as matrices on channels, the form in which a graphon reads them."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from graphon_theory.errors import InputError

READINGS: Final = ("mean", "tap")


def channel_mask(mask: Tensor, how: str = "mean", *, groups: int = 1) -> Tensor:
    """Matrix of a convolution's mask on (output channel, input channel).

    Parameters
    ----------
    mask
        Boolean, shape (out, in / groups, height, width), as ``torch.nn.Conv2d.weight``.
    how
        "mean": the kept fraction of the taps of each pair of channels, in [0, 1]. It is a kernel, not a
        graph: its entries are densities, and a statement on 0/1 masks says nothing of it. "tap": the 0/1
        matrix of every tap by itself, each a mask as in the theory; their mean is the other reading.
    groups
        ``groups`` of the convolution. Pairs of channels that it does not join are 0 (absent), so that the
        matrix is block-diagonal; with more groups than one the density of the matrix is that of the mask
        over ``groups``.

    Returns
    -------
    Tensor
        "mean": float64, shape (out, in). "tap": boolean, shape (height, width, out, in).

    Raises
    ------
    InputError
        If the mask is not boolean of four axes, ``how`` is unknown, or ``groups`` does not divide ``out``.
    """
    if how not in READINGS:
        raise InputError("how", how, f"choose one of {', '.join(READINGS)}")
    if mask.dtype != torch.bool or mask.ndim != 4:
        raise InputError(
            "mask", f"{mask.dtype} of shape {tuple(mask.shape)}", "give a boolean (out, in / groups, height, width)"
        )
    outputs, inner, height, width = mask.shape
    if groups < 1 or outputs % groups:
        raise InputError("groups", groups, f"give a positive divisor of the {outputs} output channels")
    taps = mask.permute(2, 3, 0, 1)
    full = mask.new_zeros(height, width, outputs, inner * groups)
    rows = outputs // groups
    for group in range(groups):
        block = slice(group * rows, (group + 1) * rows)
        full[:, :, block, group * inner : (group + 1) * inner] = taps[:, :, block]
    return full if how == "tap" else full.double().mean(dim=(0, 1))
