"""Scores and masks of a module, with layer collapse as a finding instead of an error."""

from __future__ import annotations

import warnings
from collections.abc import Collection

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError, require_density
from verification.analysis.inputs import Prepared
from verification.criteria import score, synflow_iterative
from verification.masks import SCOPES, LayerCollapse, mask

_PASS = 1024  # samples a backward pass


def masks_of(
    module: nn.Module,
    prepared: Prepared,
    *,
    criterion: str,
    density: float,
    scope: str,
    layers: Collection[str] | None,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Layer name to boolean mask.

    A layer that keeps nothing is left empty without a warning; with ``scope="layer"`` that happens where
    ``round(density size)`` is 0.

    Raises
    ------
    InputError
        As ``verification.score`` and ``verification.mask``.
    """
    require_density(density)
    if scope not in SCOPES:
        raise InputError("scope", scope, f"choose one of {', '.join(SCOPES)}")
    shape = tuple(prepared.inputs.shape[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LayerCollapse)
        if criterion == "synflow-iterative":
            if scope != "global":
                raise InputError("scope", scope, "iterative SynFlow has one threshold over all layers: use global")
            return synflow_iterative(module, density, layers=layers, input_shape=shape, generator=generator).masks
        pairs = list(zip(torch.split(prepared.inputs, _PASS), torch.split(prepared.targets, _PASS), strict=True))
        scores = score(
            module, prepared.loss, pairs, criterion=criterion, layers=layers, generator=generator, input_shape=shape
        )
        if scope == "global":
            return mask(scores, density=density, generator=generator)
        return {name: _layer(value, density, generator) for name, value in scores.items()}


def _layer(scores: Tensor, density: float, generator: torch.Generator) -> Tensor:
    count = round(density * scores.numel())
    if not 0 < count < scores.numel():
        return torch.full(scores.shape, count > 0)
    return mask(scores, density=density, generator=generator)
