"""Magnitude pruning: ``|w|``."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor


def magnitude_scores(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``|w|`` of every weight, in the shape and dtype of the weights."""
    return {name: weight.detach().abs() for name, weight in weights.items()}
