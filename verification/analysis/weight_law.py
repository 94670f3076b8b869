"""Which noise law a layer's weights follow at initialisation, and at which scale."""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from graphon_theory.noise import Gaussian, Laplace, NoiseLaw, Uniform, noise_law
from verification.analysis.result import WeightLaw

_LAWS: tuple[NoiseLaw, ...] = (Gaussian(), Uniform(), Laplace())
_LEVEL = 1e-3
_MOST = 1 << 18  # weights that are looked at


def weight_law(weight: Tensor) -> WeightLaw | None:
    """Return the law nearest to the weights' moduli in Kolmogorov distance; None if all weights are 0.

    The scale is fitted: by the mean square, for the uniform law by the largest modulus. A fitted scale makes the
    distance smaller, so that weights of the law are refused with a probability well below 0.001.

    Parameters
    ----------
    weight
        Weights, any shape, finite; the first 2^18 are looked at.
    """
    moduli = np.sort(np.abs(weight.detach().reshape(-1)[:_MOST].double().cpu().numpy()))
    count = moduli.size
    if count == 0 or moduli[-1] == 0.0:
        return None
    steps = np.arange(count + 1) / count
    found: list[WeightLaw] = []
    band = math.sqrt(math.log(2.0 / _LEVEL) / (2.0 * count))
    for law in _LAWS:
        scale = math.sqrt(float(np.mean(moduli**2)) / law.variance)
        if law.name == "uniform":
            scale = float(moduli[-1]) * (count + 1) / count
        below = 1.0 - law.survival(moduli / scale)
        distance = float(max(np.max(steps[1:] - below), np.max(below - steps[:-1])))
        found.append(WeightLaw(law.name, scale, distance, distance <= band))
    return min(found, key=lambda one: one.distance)


def noise_of(law: WeightLaw | None) -> NoiseLaw:
    """Return the noise law at unit scale; Gaussian where the weights are not known."""
    return Gaussian() if law is None else noise_law(law.name)
