"""Which weights are scored, and the checks that every criterion shares."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.masks.threshold import all_finite


def chosen_weights(module: nn.Module, layers: Iterable[str] | None) -> dict[str, Tensor]:
    """Layer name to weight of the ``Linear`` and ``Conv2d`` layers, all of them or those named.

    Parameters
    ----------
    module
        The network.
    layers
        Names as in ``module.named_modules()``; None for all.

    Raises
    ------
    InputError
        If there is no such layer, a name is unknown or given twice, or a chosen weight belongs to another
        module too: its score would be that of both places together.
    """
    owners: dict[int, list[str]] = {}
    found: dict[str, Tensor] = {}
    for name, layer in module.named_modules():
        for key, parameter in layer.named_parameters(recurse=False):
            owners.setdefault(id(parameter), []).append(f"{name}.{key}".lstrip("."))
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            found[name] = layer.weight
    if not found:
        raise InputError(
            "module", type(module).__name__, "give a module with at least one torch.nn.Linear or torch.nn.Conv2d"
        )
    names = list(found) if layers is None else list(layers)
    for position, name in enumerate(names):
        if name not in found:
            near = difflib.get_close_matches(name, found, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError("layers", name, f"{hint}choose among the Linear and Conv2d layers: {', '.join(found)}")
        if name in names[:position]:
            raise InputError("layers", name, "name each layer once")
        shared = owners.get(id(found[name]), [])
        if len(shared) > 1:
            raise InputError(
                f"weight of {name}", f"shared by {', '.join(shared)}", "give each layer a Parameter of its own"
            )
        if isinstance(found[name], nn.parameter.UninitializedParameter):
            raise InputError(f"weight of {name}", "not yet initialised", "run the module once on an input")
    return {name: found[name] for name in names}


def require_trainable(weights: Mapping[str, Tensor]) -> None:
    """Refuse weights with respect to which nothing can be differentiated.

    Raises
    ------
    InputError
        If a weight is frozen, or computed from others (a parametrisation or ``torch.nn.utils.prune``).
    """
    for name, weight in weights.items():
        if not isinstance(weight, nn.Parameter):
            raise InputError(
                f"weight of {name}", "computed from other tensors", "remove the parametrisation of the layer"
            )
        if not weight.requires_grad:
            raise InputError(f"weight of {name}", "frozen", "set requires_grad or leave the layer out")


def require_ranking(scores: Mapping[str, Tensor], cause: str) -> None:
    """Refuse scores that are no numbers, and scores that are zero throughout and so rank nothing.

    Parameters
    ----------
    scores
        Layer name to score.
    cause
        What to look at if all are zero, as a clause.

    Raises
    ------
    InputError
        If a score is NaN or infinite, or all scores of all layers are zero.
    """
    empty = True
    for name, value in scores.items():
        total = float(value.sum())
        # A finite sum has finite terms alone, and one other than 0 has others than 0: one pass settles both.
        if not math.isfinite(total) and not all_finite(value):
            raise InputError(
                f"scores of {name}", "NaN or infinite", "check the loss, the batch and the weights for overflow"
            )
        empty = empty and total == 0.0 and not torch.count_nonzero(value)
    if empty:
        raise InputError("scores", "all zero", cause)
