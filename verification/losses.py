"""Losses under which criteria that need a gradient are scored."""

from __future__ import annotations

from torch import Tensor


def squared_loss(output: Tensor, target: Tensor) -> Tensor:
    """Half the mean squared residual, ``mean((f - y)^2) / 2``."""
    return 0.5 * (output - target).square().mean()


def centred_squared_loss(output: Tensor, target: Tensor) -> Tensor:
    """Squared loss of the centred network ``f - f_0`` at initialisation, where its residual is ``-y``.

    Valid at initialisation only: ``f_0`` is taken to be the output itself, detached from the graph.
    """
    return squared_loss(output - output.detach(), target)
