"""Pruning criteria, scored on real modules. One criterion a file, each a function from weights to scores.

``score`` is the facade: it picks the criterion by name and returns one score tensor a layer.
``synflow_iterative`` prunes as it scores and so has a function of its own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.criteria.gradients import Loss
from verification.criteria.grasp import grasp_scores
from verification.criteria.grasp_magnitude import grasp_magnitude_scores
from verification.criteria.layers import chosen_weights, require_ranking
from verification.criteria.magnitude import magnitude_scores
from verification.criteria.random import random_scores
from verification.criteria.snip import snip_scores
from verification.criteria.synflow import example_shape, synflow_scores
from verification.criteria.synflow_iterative import SynFlowResult, synflow_iterative
from verification.registry import own_criteria, own_scores

__all__ = ["CRITERIA", "Loss", "SynFlowResult", "score", "synflow_iterative"]

CRITERIA: Final = ("random", "magnitude", "snip", "grasp-magnitude", "grasp", "synflow")
_DATA_DRIVEN: Final = {"snip": snip_scores, "grasp": grasp_scores, "grasp-magnitude": grasp_magnitude_scores}


def score(
    module: nn.Module,
    loss: Loss | None = None,
    batch: Iterable[tuple[Tensor, Tensor]] | None = None,
    *,
    criterion: str,
    layers: Iterable[str] | None = None,
    generator: torch.Generator | None = None,
    input_shape: tuple[int, ...] | None = None,
) -> dict[str, Tensor]:
    """Score the weights of the ``Linear`` and ``Conv2d`` layers of a module; larger is kept longer.

    Parameters
    ----------
    module
        The network. Its parameters, gradients, buffers and modes, and the global random stream, are left as
        they were.
    loss
        Maps (output, target) to a scalar mean over the batch; needed by "snip", "grasp", "grasp-magnitude".
    batch
        Pairs (inputs, targets), summed exactly with their sizes as weights; needed by the same. GraSP reads
        them twice and refuses an iterator.
    criterion
        "random" (iid uniform), "magnitude" (``|w|``), "snip" (``|w dL/dw|``), "grasp" (``w (Hg)``, signed),
        "grasp-magnitude" (``|w (Hg)|``) or "synflow" (``|w dR/dw|``, one shot), or the name of a registered criterion
        (``verification.registry``). Derivatives are taken with
        respect to the weights of the chosen layers alone: this matters for GraSP, whose g and H then have no
        part in other layers or biases.
    layers
        Names of the ``Linear`` and ``Conv2d`` layers to score; all of them by default.
    generator
        Source of the random scores; needed by "random".
    input_shape
        Shape of one example, for "synflow" on modules that are not a chain of ``Linear`` layers; by default
        that of the first batch, or the inputs of the first layer.

    Returns
    -------
    dict
        Layer name to score, of the shape of the weight: (out, in), or (out, in / groups, height, width).
        Non-negative except for "grasp".

    Raises
    ------
    InputError
        If the criterion or a layer is unknown, something that the criterion needs is missing, a weight is
        shared, frozen or without gradient, a loss or score is NaN or infinite, or all scores are zero.
    """
    if criterion == "synflow-iterative":
        raise InputError("criterion", criterion, "call synflow_iterative(module, density): it prunes as it scores")
    own = {} if criterion in CRITERIA else own_criteria()
    if criterion not in CRITERIA and criterion not in own:
        near = difflib.get_close_matches(str(criterion), (*CRITERIA, *own), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise InputError("criterion", criterion, f"{hint}choose one of {', '.join((*CRITERIA, *own))}")
    weights = chosen_weights(module, layers)
    if criterion in own:
        scores = own_scores(own[criterion], module, weights, loss, batch)
        require_ranking(scores, f"look at the criterion {criterion}")
        return scores
    if criterion in _DATA_DRIVEN:
        if loss is None or batch is None:
            raise InputError("loss and batch", (loss, batch), f"{criterion} needs a loss and at least one batch")
        return _DATA_DRIVEN[criterion](module, weights, loss, batch)
    if criterion == "synflow":
        return synflow_scores(module, weights, input_shape or example_shape(batch))
    if criterion == "random":
        if generator is None:
            raise InputError("generator", generator, "give a torch.Generator for random scores")
        return random_scores(weights, generator)
    scores = magnitude_scores(weights)
    require_ranking(scores, "the weights are all zero: initialise them")
    return scores
