"""GraSP as published: ``w (Hg)``, signed, largest kept (Wang, Zhang, Grosse 2020, eq. 8, sign reversed).

With gradient g and Hessian H of the loss, moving the weights by delta changes the squared gradient norm by
``|g + H delta|^2 - |g|^2 = 2 delta^T H g + O(delta^2)``. Removing weight q is ``delta = -w_q e_q``: the change is
``-2 w_q (Hg)_q``. A network that is to train fast wants a large gradient norm, so the weights to remove are those
whose removal raises it, ``-w (Hg)`` large; to keep are those with ``w (Hg)`` large. The paper calls
``-w * Hg`` the score and removes its largest; here, as for all criteria, the largest scores are kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from verification.criteria.gradients import Batches, Loss, MeanLoss, saliency
from verification.criteria.layers import require_ranking


def grasp_scores(module: nn.Module, weights: Mapping[str, Tensor], loss: Loss, batches: Batches) -> dict[str, Tensor]:
    """``w (Hg)``, with g and H those of the mean loss over all batches in the chosen weights alone.

    Weights of other layers and biases enter neither g nor H. That is what the identity ``Hg = J^T K r / S^2``
    of squared loss and piecewise-linear activation needs (hidden weights alone, residuals r of S samples,
    ``K = J J^T``); with the output layer among the chosen it does not hold.

    Parameters
    ----------
    module
        The network.
    weights
        Layer name to weight; each must receive a gradient.
    loss
        Maps (output, target) to the mean loss of a batch; twice differentiable.
    batches
        Pairs (inputs, targets), read twice: a list or a ``DataLoader``, not an iterator.

    Returns
    -------
    dict
        Layer name to score, of any sign, of the weight's shape and dtype. The threshold of a mask on them
        is one-sided, and negative where fewer scores are positive than are kept.

    Raises
    ------
    InputError
        As ``snip_scores``; or if the batches can be read only once.
    """
    mean = MeanLoss(module, weights, loss, batches)
    scores = saliency(weights, mean.hessian_gradient(), signed=True)
    require_ranking(scores, mean.cause_of_zeros)
    return scores
