"""SynFlow, iterative: score, keep, score what is left, on an exponential schedule (Tanaka et al. 2020, algorithm 1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError, require_density
from verification.criteria.layers import chosen_weights, require_ranking
from verification.criteria.synflow import DEAD, path_scores, require_parameters
from verification.masks import TIES, kept_count, warn_of_collapse
from verification.masks.threshold import keep_largest


class SynFlowResult(NamedTuple):
    """Masks and the scores that chose them.

    Parameters
    ----------
    masks
        Layer name to boolean mask, exactly ``round(density * size)`` entries true in all.
    scores
        Layer name to score at the last step, on the network that the step before left; -1 for weights that
        were removed before and had to be told from live ones of score 0, else 0.
    """

    masks: dict[str, Tensor]
    scores: dict[str, Tensor]


def synflow_iterative(
    module: nn.Module,
    density: float,
    steps: int = 100,
    *,
    layers: Iterable[str] | None = None,
    input_shape: tuple[int, ...] | None = None,
    ties: str = "random",
    generator: torch.Generator | None = None,
) -> SynFlowResult:
    """Prune by SynFlow in steps; step k of n keeps exactly ``round(density^(k/n) * size)`` weights.

    A weight once removed stays removed, one threshold holds for all layers together, and the scores of
    each step are those of the network that is left. Steps that remove nothing are passed over.

    Parameters
    ----------
    module
        The network; nothing of it changes.
    density
        Kept fraction in (0, 1) of the weights of the chosen layers.
    steps
        Number of steps n, positive; one step is one-shot SynFlow.
    layers
        Names of the ``Linear`` and ``Conv2d`` layers to prune; all of them by default.
    input_shape
        Shape of one example; not needed for a chain of ``Linear`` layers.
    ties, generator
        As in ``verification.mask``.

    Returns
    -------
    SynFlowResult
        Masks and final scores. Memory for a chain: moduli, scores and masks of the chosen layers.

    Raises
    ------
    InputError
        As ``score`` with criterion "synflow"; or if the density, the steps or the tie rule are out of range.

    Warns
    -----
    LayerCollapse
        If a layer keeps nothing.
    """
    require_density(density)
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise InputError("steps", steps, "give a positive integer")
    if ties not in TIES:
        raise InputError("ties", ties, f"choose one of {', '.join(TIES)}")
    weights = chosen_weights(module, layers)
    require_parameters(weights)
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    size = sum(weight.numel() for weight in weights.values())
    final = kept_count(size, density)
    left = {name: weight.detach().abs() for name, weight in weights.items()}
    scores = {name: torch.empty_like(weight) for name, weight in left.items()}
    masks = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in left.items()}
    kept = size
    for step in range(1, steps + 1):
        count = final if step == steps else max(final, round(density ** (step / steps) * size))
        if count == kept:
            continue
        scores = path_scores(module, left, input_shape, scores)
        require_ranking(scores, DEAD)
        if kept < size and sum(int(torch.count_nonzero(value)) for value in scores.values()) < count:
            for name, value in scores.items():  # the threshold is 0: tell the removed from the dead
                value.masked_fill_(~masks[name], -1.0)
        flat = keep_largest([value.reshape(-1) for value in scores.values()], count, ties=ties, generator=generator)
        masks = {name: part.view(scores[name].shape) for name, part in zip(scores, flat, strict=True)}
        for name, value in left.items():
            value.mul_(masks[name])
        kept = count
    warn_of_collapse(masks)
    return SynFlowResult(masks, scores)
