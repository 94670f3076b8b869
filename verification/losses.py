"""Losses under which criteria that need a gradient are scored."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from graphon_theory.errors import InputError


def squared_loss(output: Tensor, target: Tensor) -> Tensor:
    """Half the mean squared residual, ``mean((f - y)^2) / 2``.

    Raises
    ------
    InputError
        If output and target differ in shape: broadcasting would pair every output with every target.
    """
    if output.shape != target.shape:
        raise InputError("target", f"shape {tuple(target.shape)}", f"give that of the output, {tuple(output.shape)}")
    return 0.5 * (output - target).square().mean()


def centred_squared_loss(output: Tensor, target: Tensor) -> Tensor:
    """Squared loss of the centred network ``f - f_0`` at initialisation, where its residual is ``-y``.

    Valid at initialisation only: ``f_0`` is taken to be the output itself, detached from the graph.
    """
    return squared_loss(output - output.detach(), target)


def cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    """Mean over the batch of ``log(sum_c exp(f_c)) - f_y``.

    Parameters
    ----------
    output
        Logits f, shape (S, classes).
    target
        Labels y, shape (S,), int64, each from 0 to classes - 1.

    Raises
    ------
    InputError
        If the logits have other than two axes, or the labels other than one entry a sample, an integer
        dtype and the range of the classes.
    """
    if output.ndim != 2:
        raise InputError("output", f"shape {tuple(output.shape)}", "give logits of shape (batch, classes)")
    if target.dtype != torch.int64 or target.shape != output.shape[:1]:
        raise InputError(
            "target",
            f"{target.dtype} of shape {tuple(target.shape)}",
            f"give one int64 label a sample, shape ({output.shape[0]},)",
        )
    if len(target) and not (int(target.min()) >= 0 and int(target.max()) < output.shape[1]):
        raise InputError(
            "target",
            f"labels from {int(target.min())} to {int(target.max())}",
            f"give labels from 0 to {output.shape[1] - 1}",
        )
    return functional.cross_entropy(output, target)
