"""Magnitude under one threshold over the layers of a network (THEORY section 2, statement MAG).

Layer l has ``N_l`` weights ``sigma_l xi``. One level ``tau`` for all keeps the share ``Q(tau/sigma_l)`` of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from graphon_theory.errors import InputError, require_density
from graphon_theory.noise import NoiseLaw
from graphon_theory.threshold import require_atomless

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LayerShares:
    """Shares of the layers under one threshold.

    Parameters
    ----------
    threshold
        ``tau``, in the unit of the weights.
    shares
        ``rho_l = Q(tau/sigma_l)``, shape (L,), in [0, 1]; 0 for a layer whose weights all lie below ``tau``.
    spreads
        Standard deviation of the kept fraction of each layer in the top-k mask, to first order, shape (L,).
    """

    threshold: float
    shares: Array
    spreads: Array


def magnitude_shares(sizes: Sequence[int], scales: Sequence[float], noise: NoiseLaw, density: float) -> LayerShares:
    """Solve ``sum_l N_l Q(tau/sigma_l) = rho N`` and give the share of each layer.

    The number of weights of layer l above the fixed level ``tau`` is binomial, ``B_l ~ Bin(N_l, rho_l)``, and layers
    are independent. Top-k moves the level so that all counts add up to k. To first order the count of layer l is then
    ``B_l - w_l (sum_m B_m - k)``, where ``w_l`` is its share in the density of weights at the level: this gives the
    spreads.

    Parameters
    ----------
    sizes
        ``N_l``, positive, one a layer.
    scales
        ``sigma_l``, positive: the weights of layer l are ``sigma_l xi``.
    noise
        Law of ``xi``.
    density
        Kept fraction ``rho`` of all layers together, in (0, 1).

    Raises
    ------
    InputError
        If the lists are empty or of different lengths, an entry is not positive, the density is not in (0, 1), or the
        law has atoms.
    """
    rho = require_density(density)
    require_atomless(noise)
    if not sizes or len(sizes) != len(scales):
        raise InputError("scales", list(scales), f"give one a layer, {len(sizes)}, and at least one")
    number, scale = np.asarray(sizes, dtype=np.float64), np.asarray(scales, dtype=np.float64)
    for name, values in (("sizes", number), ("scales", scale)):
        if not bool(np.all(np.isfinite(values) & (values > 0))):
            raise InputError(name, values.tolist(), "give finite numbers above 0")

    def excess(level: float) -> float:
        return float(number @ noise.survival(level / scale) / number.sum()) - rho

    unit = noise.inverse(rho)
    low, high = unit * float(scale.min()), unit * float(scale.max())  # all layers keep at most, at least, rho
    level = low if low == high else float(optimize.brentq(excess, low, high, xtol=1e-300, rtol=4e-15))
    shares = np.asarray(noise.survival(level / scale), dtype=np.float64)
    weight = number * noise.density(level / scale) / scale
    weight = weight / weight.sum()
    variance = number * shares * (1.0 - shares)
    moved = np.eye(number.size) - weight[:, None]
    spreads = np.sqrt(np.square(moved) @ variance) / number
    return LayerShares(threshold=level, shares=shares, spreads=spreads)
