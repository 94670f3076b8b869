"""Masks drawn from a saliency model: the null that a real mask is compared with."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphon_theory.errors import InputError
from graphon_theory.noise import NoiseLaw, Rademacher, StudentT, TruncatedNormal
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
    if isinstance(law, StudentT):
        # torch draws no t variates from a generator of one's own.
        rng = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
        return torch.from_numpy(np.abs(rng.standard_t(law.nu, size=shape))) * law.scale
    if isinstance(law, Rademacher):
        return torch.full(shape, law.scale, dtype=torch.float64)
    if isinstance(law, TruncatedNormal):
        # The modulus by inversion: P(|z| <= t) is proportional to erf(t / sqrt 2) below the bound.
        within = math.erf(law.bound / (law.scale * math.sqrt(2.0)))
        return torch.erfinv(uniform * within) * (law.scale * math.sqrt(2.0))
    raise InputError("noise", law.name, "add a sampler for this law")


def model_scores(model: FiniteModel, generator: torch.Generator) -> Tensor:
    """``S_ij = |h_ij| |xi_ij|`` with fresh noise, shape (n, d), float64."""
    profile: npt.NDArray[np.float64] = model.profile
    noise = draw_noise(model.noise, profile.shape, generator)
    return noise.mul_(torch.from_numpy(profile))


def sample_mask(model: FiniteModel, density: float, generator: torch.Generator) -> Tensor:
    """Top-k mask of fresh scores of a model, shape (n, d), boolean, exactly k kept."""
    return mask(model_scores(model, generator), density=density, generator=generator)
