"""SynFlow, one shot: ``|w dR/dw|`` with ``R = 1^T (prod_l |W_l|) 1`` (Tanaka, Kunin, Yamins, Ganguli 2020, eq. 1-2)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.criteria.gradients import Batches
from verification.criteria.layers import require_ranking
from verification.criteria.synflow_autograd import autograd_scores
from verification.criteria.synflow_chain import chain_scores, linear_chain

DEAD = "no path joins input and output through non-zero weights"


def synflow_scores(
    module: nn.Module, weights: Mapping[str, Tensor], input_shape: tuple[int, ...] | None = None
) -> dict[str, Tensor]:
    """Sum over all paths through a weight of the product of the moduli along them.

    R counts paths of weights alone: elementwise activations are the identity (ReLU is, on the absolute
    network; tanh and GELU are taken so), biases and running means are 0, batch normalisation multiplies by
    ``|gamma| / sqrt(running variance + eps)``, dropout is off. The released code of the paper keeps moduli of
    biases; at their usual initialisation (0) the two agree. Modules whose normalisation depends on the input
    itself are refused.

    Parameters
    ----------
    module
        The network; nothing of it changes.
    weights
        Layer name to weight of the layers to score; the others are part of the paths all the same.
    input_shape
        Shape of one example. Not needed for a chain of ``Linear`` layers, which is summed by vectors.

    Returns
    -------
    dict
        Layer name to score, non-negative, of the weight's shape and dtype. Within each layer that every path
        passes the scores add up to R, up to the common power of two that ``chain_scores`` documents.

    Raises
    ------
    InputError
        As ``autograd_scores``; or if the input shape is missing or all scores are zero.
    """
    require_parameters(weights)
    scores = path_scores(module, weights, input_shape)
    require_ranking(scores, DEAD)
    return scores


def path_scores(
    module: nn.Module,
    weights: Mapping[str, Tensor],
    input_shape: tuple[int, ...] | None,
    into: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """Scores with ``weights`` in place of the module's own, by vectors where the module is a chain.

    Parameters
    ----------
    module, weights, input_shape
        As ``synflow_scores``; the weights may be masked copies.
    into
        Tensors to write to, if they are at hand; used for chains.
    """
    chain = linear_chain(module)
    if chain is None:
        return autograd_scores(module, weights, input_shape or _first_inputs(module))
    found = dict(into) if into is not None else {name: torch.empty_like(weight) for name, weight in weights.items()}
    used = [weights.get(name, module.get_submodule(name).weight) for name in chain]
    chain_scores(used, [found.get(name) for name in chain])  # type: ignore[arg-type]
    return found


def require_parameters(weights: Mapping[str, Tensor]) -> None:
    """Refuse weights that are computed from other tensors: they cannot be replaced by their moduli."""
    for name, weight in weights.items():
        if not isinstance(weight, nn.Parameter):
            raise InputError(
                f"weight of {name}", "computed from other tensors", "remove the parametrisation of the layer"
            )


def example_shape(batches: Batches | None) -> tuple[int, ...] | None:
    """Shape of one example of the first batch, if there is one."""
    for pair in batches or ():
        return tuple(pair[0].shape[1:])
    return None


def _first_inputs(module: nn.Module) -> tuple[int, ...]:
    """Return the inputs of the first layer with weights, in the order of the module, if it is ``Linear``."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            return (part.in_features,)
        if isinstance(part, nn.Conv2d):
            break
    raise InputError("input_shape", None, "give the shape of one example, such as (3, 32, 32)")
