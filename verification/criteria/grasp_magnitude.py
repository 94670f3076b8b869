"""GraSP by modulus: ``|w (Hg)|``, the variant that [P26] studies."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from verification.criteria.gradients import Batches, Loss
from verification.criteria.grasp import grasp_scores


def grasp_magnitude_scores(
    module: nn.Module, weights: Mapping[str, Tensor], loss: Loss, batches: Batches
) -> dict[str, Tensor]:
    """``|w (Hg)|``: how much removing a weight changes the squared gradient norm, either way, to first order.

    Parameters, errors and the meaning of g and H are those of ``grasp_scores``.

    Returns
    -------
    dict
        Layer name to score, non-negative, of the weight's shape and dtype.
    """
    return {name: value.abs_() for name, value in grasp_scores(module, weights, loss, batches).items()}
