"""A network pruned at initialisation: the weights that were scored, or weights drawn anew, on the edges that are kept.

The two differ: kept weights remember the score that kept them (their mean square is the energy graphon's over the
mask graphon's), weights drawn anew do not. The same seed gives the same masks in both variants.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.criteria import Loss, score, synflow_iterative
from verification.criteria.layers import chosen_weights
from verification.masks import SCOPES, mask
from verification.networks import INITIALISATIONS

WEIGHTS = ("kept", "redrawn")

_VARIANCE: Final = {"gaussian": 1.0, "uniform": 1.0 / 3.0}  # times fan-in, as ``verification.networks`` draws


@dataclass(frozen=True, eq=False)
class MaskedNetwork:
    """A pruned network.

    Parameters
    ----------
    module
        The network, its dropped weights 0.
    masks
        Layer name to boolean mask, of the shape of the weight.
    weights
        "kept" or "redrawn".
    """

    module: nn.Module
    masks: dict[str, Tensor]
    weights: str


def prune_network(
    module: nn.Module,
    *,
    criterion: str,
    density: float,
    seed: int,
    weights: str = "kept",
    scope: str = "layer",
    layers: Iterable[str] | None = None,
    loss: Loss | None = None,
    batch: Iterable[tuple[Tensor, Tensor]] | None = None,
    input_shape: tuple[int, ...] | None = None,
    initialisation: str | None = None,
) -> MaskedNetwork:
    """Score a network, keep the largest scores, and return the pruned network; the one given is left as it was.

    Parameters
    ----------
    module
        A network at initialisation.
    criterion
        As ``verification.criteria.score``, or "synflow-iterative" (100 steps, one threshold over all layers).
    density
        Kept fraction in (0, 1).
    seed
        Seed of random scores, of ties, and of weights drawn anew.
    weights
        "kept": the weights that were scored; "redrawn": fresh ones of the same law.
    scope
        "layer": one threshold a layer; "global": one over all of them.
    layers
        Names of the layers to prune; by default all, the output layer too.
    loss, batch, input_shape
        As ``verification.criteria.score``.
    initialisation
        As ``apply_masks``.

    Raises
    ------
    InputError
        As ``score``, ``mask`` and ``apply_masks``; or if "synflow-iterative" is asked for a threshold a layer.
    """
    if scope not in SCOPES:
        raise InputError("scope", scope, f"choose one of {', '.join(SCOPES)}")
    names = None if layers is None else list(layers)
    generator = _stream(seed, "masks")
    if criterion == "synflow-iterative":
        if scope != "global":
            raise InputError("scope", scope, 'iterative SynFlow has one threshold over all layers: give "global"')
        masks = synflow_iterative(module, density, layers=names, input_shape=input_shape, generator=generator).masks
    else:
        scores = score(
            module, loss, batch, criterion=criterion, layers=names, generator=generator, input_shape=input_shape
        )
        masks = mask(scores, density=density, scope=scope, generator=generator)
    return apply_masks(module, masks, weights=weights, initialisation=initialisation, seed=seed)


def apply_masks(
    module: nn.Module,
    masks: Mapping[str, Tensor],
    *,
    weights: str = "kept",
    initialisation: str | None = None,
    seed: int | None = None,
) -> MaskedNetwork:
    """Return a copy of a network whose dropped weights are 0, and whose others are kept or drawn anew.

    Parameters
    ----------
    module
        The network; left as it was.
    masks
        Layer name to boolean mask, of the shape of the weight. Other layers stay as they are, in both variants.
    weights
        "kept" or "redrawn".
    initialisation
        Law of weights drawn anew: "gaussian" (variance 1/fan-in) or "uniform" (on +-fan-in^-1/2), which must be that
        of the weights that are there; by default ``module.initialisation``.
    seed
        Seed of the weights drawn anew; needed for those.

    Raises
    ------
    InputError
        If a name is unknown, a mask has another shape or is not boolean, or, for weights drawn anew, the law or the
        seed is missing or the mean square of the weights is not that of the law.
    """
    if weights not in WEIGHTS:
        raise InputError("weights", weights, f"choose one of {', '.join(WEIGHTS)}")
    if not masks:
        raise InputError("masks", dict(masks), "give at least one layer")
    law = _require_law(module, initialisation, seed) if weights == "redrawn" else None
    pruned = copy.deepcopy(module)
    generator = None if seed is None else _stream(seed, "weights")
    applied = {}
    with torch.no_grad():
        for name, weight in chosen_weights(pruned, masks).items():
            kept = masks[name]
            if kept.dtype != torch.bool or kept.shape != weight.shape:
                found = f"{kept.dtype} of shape {tuple(kept.shape)}"
                raise InputError(f"mask of {name}", found, f"give a boolean one of shape {tuple(weight.shape)}")
            applied[name] = kept.to(weight.device, copy=True)
            if law is not None:
                weight.copy_(_fresh(name, weight, law, generator))
            weight.masked_fill_(~applied[name], 0.0)
    return MaskedNetwork(pruned, applied, weights)


def _stream(seed: int, purpose: str) -> torch.Generator:
    """Stream of its own for each seed and purpose, unrelated to that of a network initialised with the same seed."""
    digest = hashlib.blake2b(f"{purpose} {seed}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)


def _require_law(module: nn.Module, initialisation: str | None, seed: int | None) -> str:
    law = getattr(module, "initialisation", None) if initialisation is None else initialisation
    if law not in INITIALISATIONS:
        raise InputError("initialisation", law, f"name the law to draw from: {', '.join(INITIALISATIONS)}")
    if seed is None:
        raise InputError("seed", seed, "give an integer to draw weights anew")
    return str(law)


def _fresh(name: str, weight: Tensor, law: str, generator: torch.Generator | None) -> Tensor:
    """Weights of the law, drawn on the CPU; refuses a law that is not that of the weights there."""
    fan_in = weight[0].numel()
    ratio = float(weight.double().square().mean()) * fan_in / _VARIANCE[law]
    # 8 size^(-1/2) is more than five standard errors of the mean square, Gaussian or uniform.
    if abs(ratio - 1.0) > 0.05 + 8.0 * weight.numel() ** -0.5:
        raise InputError(
            f"weight of {name}", f"{ratio:.3g} times the variance of {law}", "name the law that it was drawn from"
        )
    drawn = torch.empty(weight.shape, dtype=weight.dtype)
    if law == "gaussian":
        return drawn.normal_(0.0, fan_in**-0.5, generator=generator)
    return drawn.uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=generator)
