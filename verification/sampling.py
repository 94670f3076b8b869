"""Masks drawn from a saliency model: the null that a real mask is compared with."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphon_theory.errors import InputError
from graphon_theory.noise import NoiseLaw
from graphon_theory.saliency import FiniteModel
from verification.masks import mask


def draw_noise(law: NoiseLaw, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Independent draws of ``|xi|`` from a noise law, float64.

    Raises
    ------
    InputError
        If the law has no sampler.
    """
    scale = math.sqrt(law.variance)
    if law.name == "gaussian":
        return torch.randn(shape, generator=generator, dtype=torch.float64).abs_() * scale
    uniform = torch.rand(shape, generator=generator, dtype=torch.float64)
    if law.name == "uniform":
        return uniform * (scale * math.sqrt(3.0))
    if law.name == "laplace":
        return -torch.log1p(-uniform) * (scale / math.sqrt(2.0))
    raise InputError("noise", law.name, "add a sampler for this law")


def model_scores(model: FiniteModel, generator: torch.Generator) -> Tensor:
    """``S_ij = |h_ij| |xi_ij|`` with fresh noise, shape (n, d), float64."""
    profile: npt.NDArray[np.float64] = model.profile
    noise = draw_noise(model.noise, profile.shape, generator)
    return noise.mul_(torch.from_numpy(profile))


def sample_mask(model: FiniteModel, density: float, generator: torch.Generator) -> Tensor:
    """Top-k mask of fresh scores of a model, shape (n, d), boolean, exactly k kept."""
    return mask(model_scores(model, generator), density=density, generator=generator)
