"""SynFlow's profile on a user's module: the path sums through an edge that leave its own layer out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from graphon_theory.criteria.synflow import path_factors
from verification.criteria.synflow import path_scores
from verification.criteria.synflow_chain import linear_chain

Array = npt.NDArray[np.float64]

_RELATIVE = 1e-4  # float32 path sums: singular values below this share of the largest are rounding


def path_profile(
    module: nn.Module, weights: dict[str, Tensor], layer: str, input_shape: tuple[int, ...]
) -> tuple[Array, int]:
    """Profile of one-shot SynFlow in a layer, shape (n, m), and its numerical rank.

    The sum over paths is linear in each layer's moduli (no path meets a layer twice), so its derivative does not
    depend on the layer's own weights. In a chain of ``Linear`` layers it is the outer path sum of the row times the
    inner one of the column (statement SYN), of rank one; elsewhere the score with the layer's weights replaced by ones.

    Parameters
    ----------
    module
        The network.
    weights
        Layer name to weight.
    layer
        The layer.
    input_shape
        Shape of one example.
    """
    chain = linear_chain(module)
    if chain is not None:
        factors = path_factors([_weight(module, weights, name).numpy() for name in chain])
        rows, columns = factors[chain.index(layer)]
        rows, columns = (side / max(float(side.max()), 1e-300) for side in (rows, columns))
        return np.outer(rows, columns), 1
    replaced = {name: weight.detach() for name, weight in weights.items()}
    replaced[layer] = torch.ones_like(replaced[layer])
    found = path_scores(module, replaced, input_shape)[layer]
    profile: Array = found.detach().abs().double().reshape(found.shape[0], -1).numpy()
    largest = float(profile.max())
    if largest > 0.0:
        profile = profile / largest
    values = np.linalg.svd(profile, compute_uv=False)
    return profile, int(np.count_nonzero(values > _RELATIVE * values[0])) if values[0] > 0 else 0


def _weight(module: nn.Module, weights: dict[str, Tensor], name: str) -> Tensor:
    """Return a layer's weight, also of a layer that is not pruned."""
    found: Tensor = weights[name] if name in weights else module.get_parameter(f"{name}.weight".lstrip("."))
    return found.detach()
