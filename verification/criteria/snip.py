"""SNIP: ``|w_ij dL/dw_ij|``, the connection sensitivity (Lee, Ajanthan, Torr 2019, eq. 5-6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError


def snip_scores(
    module: nn.Module,
    weights: Mapping[str, Tensor],
    loss: Callable[[Tensor, Tensor], Tensor],
    batches: Iterable[tuple[Tensor, Tensor]],
) -> dict[str, Tensor]:
    """``|w_ij dL/dw_ij|`` with the gradient of the mean loss over all batches.

    Parameters
    ----------
    module
        The network.
    weights
        Layer name to weight; each must receive a gradient.
    loss
        Maps (output, target) to the mean loss of a batch.
    batches
        Pairs (inputs, targets); batches of different size are weighted by it.

    Raises
    ------
    InputError
        If there is no batch, a weight is frozen, or a weight does not reach the loss.
    """
    for name, weight in weights.items():
        if not weight.requires_grad:
            raise InputError(f"weight of {name}", "frozen", "set requires_grad or leave the layer out")
    total: list[Tensor] | None = None
    samples = 0
    for inputs, targets in batches:
        value = loss(module(inputs), targets)
        gradients = torch.autograd.grad(value, list(weights.values()), allow_unused=True)
        size = len(inputs)
        parts = []
        for name, gradient in zip(weights, gradients, strict=True):
            if gradient is None:
                raise InputError(f"layer {name}", "no gradient", "leave out layers that the loss does not use")
            parts.append(gradient * size)
        total = parts if total is None else [a + b for a, b in zip(total, parts, strict=True)]
        samples += size
    if total is None:
        raise InputError("batch", "empty", "give at least one (inputs, targets) pair")
    return {
        name: (weight.detach() * gradient / samples).abs()
        for (name, weight), gradient in zip(weights.items(), total, strict=True)
    }
