"""Survival function and energy of a noise law as functions of torch, which autograd can follow.

``graphon_theory.noise`` has the same on NumPy arrays, for every law; here are the laws of initialisations.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian, NoiseLaw, Uniform

_CAP: Final = 1e3  # beyond so many standard deviations everything is 0 in doubles


def kept_share(levels: Tensor, noise: NoiseLaw) -> Tensor:
    """``Q(t) = P(|xi| >= t)``, elementwise, in [0, 1].

    Parameters
    ----------
    levels
        t, at least 0; infinite levels are allowed.
    noise
        Gaussian or uniform.

    Raises
    ------
    InputError
        If the law is another.
    """
    if isinstance(noise, Gaussian):
        return torch.erfc(levels / (noise.scale * math.sqrt(2.0)))
    if isinstance(noise, Uniform):
        return (1.0 - levels / noise.bound).clamp_min(0.0)
    raise _unknown(noise)


def kept_energy(levels: Tensor, noise: NoiseLaw) -> Tensor:
    """``E[xi^2; |xi| >= t]``, elementwise, in [0, variance].

    Parameters
    ----------
    levels, noise
        As ``kept_share``.
    """
    if isinstance(noise, Gaussian):
        z = (levels / noise.scale).clamp_max(_CAP)
        tail = torch.erfc(z / math.sqrt(2.0)) + math.sqrt(2.0 / math.pi) * z * torch.exp(-0.5 * z.square())
        return noise.scale**2 * tail
    if isinstance(noise, Uniform):
        return (noise.bound**3 - levels.clamp_max(noise.bound) ** 3) / (3.0 * noise.bound)
    raise _unknown(noise)


def _unknown(noise: NoiseLaw) -> InputError:
    return InputError("noise", noise.name, "give the law of an initialisation: gaussian or uniform")
