"""Edges on a path from input to output, and outputs that none passes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.analysis.result import Mask
from verification.criteria.synflow import path_scores


def edges_on_paths(module: nn.Module, masks: Mapping[str, Tensor], input_shape: tuple[int, ...]) -> dict[str, Mask]:
    """Edges through which a path runs from input to output, of the shape of each mask.

    Path sums over the masks instead of the weights; layers without a mask keep their weights. Empty where SynFlow's
    path sums are not defined for the module.
    """
    # Scaled so that a unit receives about 1 from each layer: no overflow in deep networks.
    ones = {name: kept.float() / max(1.0, float(kept.sum()) / kept.shape[0]) for name, kept in masks.items()}
    try:
        with torch.random.fork_rng(devices=[]):
            found = path_scores(module, ones, input_shape)
    except (InputError, RuntimeError):
        return {}
    return {name: (value.detach().numpy() > 0) & masks[name].numpy() for name, value in found.items()}


def edges_on_chain(masks: Mapping[str, Tensor]) -> dict[str, Mask]:
    """Return the same for masks alone, taken for a chain in their order; empty if their sizes do not fit one.

    A layer of ``m`` rows fits one of ``m k`` columns: a convolution's channels, flattened to k pixels each.
    """
    layers = [kept.numpy() for kept in masks.values()]
    pairs = list(itertools.pairwise(layers))
    if any(after.shape[1] % before.shape[0] for before, after in pairs):
        return {}
    flat = [kept.reshape(*kept.shape[:2], -1) for kept in layers]
    links = [kept.any(axis=2) for kept in flat]
    forward: list[Mask] = [np.ones(links[0].shape[1], dtype=np.bool_)]
    for link, after in zip(links, [*links[1:], None], strict=True):
        alive = (link & forward[-1]).any(axis=1)
        if after is not None:
            forward.append(np.asarray(np.repeat(np.asarray(alive), after.shape[1] // link.shape[0]), dtype=np.bool_))
    backward: list[Mask] = [np.ones(links[-1].shape[0], dtype=np.bool_)]
    for before, link in reversed(list(itertools.pairwise(links))):
        used = np.asarray((link & backward[-1][:, None]).any(axis=0))
        backward.append(np.asarray(used.reshape(before.shape[0], -1).any(axis=1), dtype=np.bool_))
    found = {}
    for name, kept, start, end in zip(masks, layers, forward, reversed(backward), strict=True):
        passed = end[:, None] & start
        found[name] = kept & passed.reshape(*passed.shape, *[1] * (kept.ndim - 2))
    return found


def rows_off_paths(kept: Mask, on_path: Mask) -> tuple[int, ...]:
    """Rows that have edges, none of them on a path."""
    edges, useful = (values.reshape(values.shape[0], -1).any(axis=1) for values in (kept, on_path))
    return tuple(int(i) for i in np.flatnonzero(edges & ~useful))
