"""Noise laws on whole arrays, fast: survival function and its inverse.

The laws of ``graphon_theory.noise`` invert one probability at a time, which is all that a threshold needs; here
uniform numbers by the thousand become noise.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from scipy import special

from graphon_theory.noise import Gaussian, Laplace, NoiseLaw, Uniform

Array = npt.NDArray[np.float64]


def kept(law: NoiseLaw, saliencies: Array, level: float) -> Array:
    """``Q(level / h)``: the probability that an entry is kept at a fixed level.

    Parameters
    ----------
    law
        Law of the noise.
    saliencies
        ``h >= 0``, any shape.
    level
        Positive.

    Returns
    -------
    numpy.ndarray
        In [0, 1], 0 where ``h = 0``; within 1e-13 of the exact value, and relatively for the Gaussian law.
    """
    with np.errstate(divide="ignore", over="ignore"):
        ratios = level / saliencies
    return survival(law, ratios)


def survival(law: NoiseLaw, levels: Array) -> Array:
    """``Q(t)`` for ``t >= 0``, infinity allowed, any shape; in [0, 1]."""
    if isinstance(law, Gaussian):
        # torch's vectorised erfc takes a tenth of the time of SciPy's.
        scaled = torch.from_numpy(np.ascontiguousarray(levels)) * (1.0 / (law.scale * math.sqrt(2.0)))
        return np.asarray(torch.erfc(scaled).numpy())
    return law.survival(levels)


def moduli(law: NoiseLaw, probabilities: Array) -> Array:
    """``Q^-1(U)``, elementwise: the modulus of the noise from uniform numbers.

    Parameters
    ----------
    law
        Law of the noise, without atoms.
    probabilities
        In (0, 1], any shape.

    Returns
    -------
    numpy.ndarray
        Non-negative; 0 at 1. Laws other than the Gaussian, Laplace and uniform are inverted one by one.
    """
    given = np.ascontiguousarray(probabilities)
    if isinstance(law, Gaussian):
        return np.asarray(law.scale * math.sqrt(2.0) * special.erfcinv(given))
    if isinstance(law, Laplace):
        return np.asarray(-law.scale * np.log(given))
    if isinstance(law, Uniform):
        return np.asarray(law.bound * (1.0 - given))
    values = [law.inverse(float(u)) if u < 1.0 else 0.0 for u in given.ravel()]
    return np.asarray(values, dtype=np.float64).reshape(given.shape)
