"""Pruning criteria, scored on real modules. One criterion a file; each is a ``Criterion``.

``score`` is the facade: it picks the criterion by name and returns one score tensor a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.criteria.magnitude import magnitude_scores
from verification.criteria.random import random_scores
from verification.criteria.snip import snip_scores

Loss = Callable[[Tensor, Tensor], Tensor]

CRITERIA = ("random", "magnitude", "snip")


def score(
    module: nn.Module,
    loss: Loss | None = None,
    batch: Iterable[tuple[Tensor, Tensor]] | None = None,
    *,
    criterion: str,
    layers: Iterable[str] | None = None,
    generator: torch.Generator | None = None,
) -> dict[str, Tensor]:
    """Score the weights of the ``Linear`` layers of a module; larger is kept longer.

    Parameters
    ----------
    module
        The network. Its parameters and their gradients are left as they were.
    loss
        Maps (output, target) to a scalar mean over the batch; needed by "snip".
    batch
        Pairs (inputs, targets), summed exactly with their sizes as weights; needed by "snip".
    criterion
        "random", "magnitude" or "snip".
    layers
        Names of the ``Linear`` layers to score; all of them by default.
    generator
        Source of the random scores; needed by "random".

    Returns
    -------
    dict
        Layer name to score, of the shape (out, in) of the weight, non-negative.

    Raises
    ------
    InputError
        If the criterion or a layer is unknown, something that the criterion needs is missing, or a score
        is NaN or infinite.
    """
    weights = _weights(module, layers)
    if criterion == "random":
        if generator is None:
            raise InputError("generator", generator, "give a torch.Generator for random scores")
        scores = random_scores(weights, generator)
    elif criterion == "magnitude":
        scores = magnitude_scores(weights)
    elif criterion == "snip":
        if loss is None or batch is None:
            raise InputError("loss and batch", (loss, batch), "SNIP needs a loss and at least one batch")
        scores = snip_scores(module, weights, loss, batch)
    else:
        raise InputError("criterion", criterion, f"choose one of {', '.join(CRITERIA)}")
    for name, value in scores.items():
        if not bool(torch.isfinite(value).all()):
            raise InputError(
                f"scores of {name}",
                "NaN or infinite",
                "check the loss, the batch and the weights for overflow",
            )
    return scores


def _weights(module: nn.Module, layers: Iterable[str] | None) -> Mapping[str, Tensor]:
    linear = {name: layer.weight for name, layer in module.named_modules() if isinstance(layer, nn.Linear)}
    if not linear:
        raise InputError("module", type(module).__name__, "give a module with at least one torch.nn.Linear")
    if layers is None:
        return linear
    chosen = list(layers)
    for name in chosen:
        if name not in linear:
            raise InputError("layers", name, f"choose among the Linear layers: {', '.join(linear)}")
    return {name: linear[name] for name in chosen}
