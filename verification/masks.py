"""From scores to masks: exactly ``k = round(density * size)`` entries kept, ties by a documented rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

import torch
from torch import Tensor

from graphon_theory.errors import InputError, require_density

SCOPES = ("global", "layer")
TIES = ("random", "index", "error")


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
        One score tensor, or one a layer.
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
    """
    if scope not in SCOPES:
        raise InputError("scope", scope, f"choose one of {', '.join(SCOPES)}")
    if ties not in TIES:
        raise InputError("ties", ties, f"choose one of {', '.join(TIES)}")
    require_density(density)
    if generator is None:
        generator = torch.Generator().manual_seed(0)
    if isinstance(scores, Tensor):
        return _top(scores.reshape(-1), density, ties, generator).view(scores.shape)
    if not scores:
        raise InputError("scores", scores, "give at least one layer")
    if scope == "layer":
        return {
            name: _top(value.reshape(-1), density, ties, generator).view(value.shape) for name, value in scores.items()
        }
    kept = _top(torch.cat([value.reshape(-1) for value in scores.values()]), density, ties, generator)
    parts = torch.split(kept, [value.numel() for value in scores.values()])
    return {name: part.view(scores[name].shape) for name, part in zip(scores, parts, strict=True)}


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


def _top(scores: Tensor, density: float, ties: str, generator: torch.Generator) -> Tensor:
    """Boolean mask of the ``k`` largest entries of a flat tensor; linear time, no sort."""
    if not bool(torch.isfinite(scores).all()):
        raise InputError("scores", "NaN or infinite", "remove or repair them before masking")
    count = kept_count(scores.numel(), density)
    level = torch.kthvalue(scores, scores.numel() - count + 1).values
    kept = scores > level
    missing = count - int(kept.sum())
    tied = torch.nonzero(scores == level)[:, 0]
    if missing < len(tied):
        if ties == "error":
            raise InputError(
                "scores",
                f"{len(tied)} equal to the threshold {float(level):.6g}",
                f"only {missing} of them fit: break the ties, or choose ties='random' or 'index'",
            )
        if ties == "random":
            order = torch.randperm(len(tied), generator=generator, device=generator.device)
            tied = tied[order.to(tied.device)]
    kept[tied[:missing]] = True
    return kept
