"""Magnitude times the root of the fan-in: the modulus of a weight in units of its layer's scale."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from verification import criterion


@criterion("scaled-magnitude")
def scaled_magnitude(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``|w| sqrt(fan-in)`` of every weight.

    Parameters
    ----------
    weights
        Layer name to weight, shape (out, in) or (out, in, height, width).

    Returns
    -------
    dict
        Layer name to score, non-negative, of the weight's shape.
    """
    return {name: weight.detach().abs() * weight[0].numel() ** 0.5 for name, weight in weights.items()}
