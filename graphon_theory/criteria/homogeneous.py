"""Random and Magnitude: a constant profile, hence a constant graphon, exactly (THEORY section 2)."""

from __future__ import annotations

import numpy as np

from graphon_theory.noise import NoiseLaw
from graphon_theory.saliency import FiniteModel


def homogeneous_model(n: int, d: int, noise: NoiseLaw) -> FiniteModel:
    """Model with ``h = 1`` on an n x d layer.

    Parameters
    ----------
    n, d
        Rows and columns of the layer.
    noise
        Law of the weights, in units of their scale at initialisation (Magnitude); any law for Random.
    """
    return FiniteModel(profile=np.ones((n, d)), noise=noise)
