"""SNIP: ``|w dL/dw|``, the connection sensitivity (Lee, Ajanthan, Torr 2019, eq. 5-6)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from verification.criteria.gradients import Batches, Loss, MeanLoss, saliency
from verification.criteria.layers import require_ranking


def snip_scores(module: nn.Module, weights: Mapping[str, Tensor], loss: Loss, batches: Batches) -> dict[str, Tensor]:
    """``|w dL/dw|`` with the gradient of the mean loss over all batches.

    One backward pass a batch, over the weights themselves: the paper's gradient with respect to a gate c on
    ``c w`` at ``c = 1`` is ``w dL/dw``, so that neither gates nor gated weights are held. Scores are not
    divided by their sum, which would not change their order.

    Parameters
    ----------
    module
        The network.
    weights
        Layer name to weight; each must receive a gradient.
    loss
        Maps (output, target) to the mean loss of a batch.
    batches
        Pairs (inputs, targets), read once; batches of different size are weighted by it.

    Returns
    -------
    dict
        Layer name to score, non-negative, of the weight's shape and dtype. Memory: once the scores for one
        batch, twice for several, beside what the backward pass holds.

    Raises
    ------
    InputError
        If there is no batch, a weight is frozen or does not reach the loss, a loss or score is NaN or
        infinite, or all scores are zero.
    """
    mean = MeanLoss(module, weights, loss, batches)
    gradient = mean.gradient()
    scores = saliency(weights, gradient, factor=mean.factor, samples=mean.samples)
    require_ranking(scores, mean.cause_of_zeros)
    return scores
