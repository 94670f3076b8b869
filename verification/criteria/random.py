"""Random pruning: independent uniform scores."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def random_scores(weights: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
    """Independent scores, uniform on [0, 1), in float64 so that ties have probability about 1e-16 a pair."""
    return {
        name: torch.rand(weight.shape, generator=generator, dtype=torch.float64, device=generator.device)
        for name, weight in weights.items()
    }
