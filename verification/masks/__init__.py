"""From scores to masks: exactly ``k = round(density * size)`` entries kept, ties by a documented rule.

``mask`` is the facade; ``threshold`` finds the kept entries, ``channels`` reads masks of convolutions as matrices.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import overload

import torch
from torch import Tensor

from graphon_theory.errors import InputError, require_density
from verification.masks.channels import channel_mask
from verification.masks.threshold import all_finite, keep_largest

SCOPES = ("global", "layer")
TIES = ("random", "index", "error")

__all__ = [
    "SCOPES",
    "TIES",
    "LayerCollapse",
    "all_finite",
    "channel_mask",
    "collapsed_layers",
    "kept_count",
    "mask",
    "warn_of_collapse",
]


class LayerCollapse(UserWarning):
    """A mask keeps nothing of a layer, so that no signal passes it; the message names the layers."""


@overload
def mask(
    scores: Tensor,
    *,
    density: float,
    scope: str = ...,
    ties: str = ...,
    generator: torch.Generator | None = ...,
) -> Tensor: ...
@overload
def mask(
    scores: Mapping[str, Tensor],
    *,
    density: float,
    scope: str = ...,
    ties: str = ...,
    generator: torch.Generator | None = ...,
) -> dict[str, Tensor]: ...
def mask(
    scores: Tensor | Mapping[str, Tensor],
    *,
    density: float,
    scope: str = "global",
    ties: str = "random",
    generator: torch.Generator | None = None,
) -> Tensor | dict[str, Tensor]:
    """Keep the largest scores.

    Parameters
    ----------
    scores
        One score tensor, or one a layer; of any sign, shape and real dtype. Layers of different dtypes are
        compared exactly, as real numbers.
    density
        Kept fraction in (0, 1); ``round(density * size)`` entries are kept, and that number must lie
        between 1 and size - 1.
    scope
        "global": one threshold over all layers; "layer": one a layer.
    ties
        What becomes of scores equal to the threshold when not all of them fit. "random" draws among them
        without preference, which keeps the limit theorems true; "index" keeps the first in row-major
        order, which does not when ties are many; "error" refuses.
    generator
        Draws among ties; by default one seeded with 0, so that a mask can be repeated.

    Returns
    -------
    Tensor or dict
        Boolean masks of the shapes of the scores, exactly ``k`` entries true.

    Raises
    ------
    InputError
        If the density is outside (0, 1) or empties or fills a mask, a score is NaN or infinite, or
        ``ties="error"`` meets a tie at the threshold.

    Warns
    -----
    LayerCollapse
        If a layer of several keeps nothing. The mask is what was asked for all the same.

    Notes
    -----
    Beside scores and masks, memory is at most about one byte an entry, and 8 bytes an entry tied at the
    threshold.
    """
    if scope not in SCOPES:
        raise InputError("scope", scope, f"choose one of {', '.join(SCOPES)}")
    if ties not in TIES:
        raise InputError("ties", ties, f"choose one of {', '.join(TIES)}")
    require_density(density)
    if generator is None:
        generator = torch.Generator().manual_seed(0)
    if isinstance(scores, Tensor):
        return _masks({"": scores}, density, ties, generator)[""]
    if not scores:
        raise InputError("scores", scores, "give at least one layer")
    if scope == "layer":
        return {name: _masks({name: value}, density, ties, generator)[name] for name, value in scores.items()}
    masks = _masks(scores, density, ties, generator)
    warn_of_collapse(masks)
    return masks


def kept_count(size: int, density: float, argument: str = "density") -> int:
    """``k = round(density * size)``.

    Raises
    ------
    InputError
        If that keeps nothing or everything.
    """
    count = round(density * size)
    if not 0 < count < size:
        raise InputError(
            argument,
            density,
            f"it keeps {count} of {size} entries: choose one that keeps some and drops some",
        )
    return count


def collapsed_layers(masks: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Names of the layers of which a mask keeps nothing, in their order."""
    # The first few entries settle nearly every layer; the pass over all of them is for the rest.
    return tuple(
        name for name, kept in masks.items() if not bool(kept.reshape(-1)[:4096].any()) and not bool(kept.any())
    )


def warn_of_collapse(masks: Mapping[str, Tensor]) -> None:
    """Warn with ``LayerCollapse`` if a layer keeps nothing, pointing at the caller's caller."""
    collapsed = collapsed_layers(masks)
    if collapsed:
        warnings.warn(
            f"the mask keeps nothing of {', '.join(collapsed)}: no signal passes; "
            "raise the density, mask with scope='layer' or score with synflow_iterative",
            LayerCollapse,
            stacklevel=3,
        )


def _masks(scores: Mapping[str, Tensor], density: float, ties: str, generator: torch.Generator) -> dict[str, Tensor]:
    """Masks of the largest entries of all tensors together."""
    for value in scores.values():
        if not all_finite(value):
            raise InputError("scores", "NaN or infinite", "remove or repair them before masking")
    count = kept_count(sum(value.numel() for value in scores.values()), density)
    flat = [value.detach().reshape(-1) for value in scores.values()]
    kept = keep_largest(flat, count, ties=ties, generator=generator)
    return {name: part.view(value.shape) for (name, value), part in zip(scores.items(), kept, strict=True)}
