"""SNIP on one hidden layer and squared loss, as a saliency model (THEORY, SNIP-S and SNIP-1).

The chain rule gives ``dL/dw_ij`` proportional to ``h_ij = a_i S^-1 sum_s r_s sigma'(z_is) x_sj``; factors
shared by the layer do not move a top-k mask.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.noise import NoiseLaw
from graphon_theory.saliency import FiniteModel

Array = npt.NDArray[np.float64]

_CHUNK = 4096  # samples a product: bounds the memory of a large batch


def snip_rank_s(
    readout: Array,
    slopes: npt.NDArray[np.bool_] | Array,
    residuals: npt.NDArray[np.floating],
    inputs: npt.NDArray[np.floating],
    noise: NoiseLaw,
) -> FiniteModel:
    """Rank-S model of a finite batch (SNIP-S): ``h_ij = <q_i, p_j>``.

    ``q_i = a_i (r_s sigma'(z_is))_s / S`` and ``p_j = (x_sj)_s``; the product is summed over parts of the batch.

    Parameters
    ----------
    readout
        Output weights ``a_i``, shape (n,), in any common unit.
    slopes
        ``sigma'(z_is)``, shape (S, n).
    residuals
        ``r_s``, shape (S,).
    inputs
        ``x_sj``, shape (S, d). Its dtype is that of the products; parts of the batch are summed in float64.
    noise
        Law of the weights, in units of their scale at initialisation.

    Raises
    ------
    InputError
        If the shapes do not fit.
    """
    batch = residuals.shape[0]
    wanted = {"slopes": (batch, readout.shape[0]), "inputs": (batch, inputs.shape[-1])}
    for name, value in (("slopes", slopes), ("inputs", inputs)):
        if value.shape != wanted[name]:
            raise InputError(name, f"array of shape {value.shape}", f"give shape {wanted[name]}")
    profile = np.zeros((readout.shape[0], inputs.shape[1]))
    for start in range(0, batch, _CHUNK):
        part = slice(start, start + _CHUNK)
        profile += np.multiply(slopes[part], residuals[part, None], dtype=inputs.dtype).T @ inputs[part]
    return FiniteModel(profile=np.abs(readout[:, None] * profile) / batch, noise=noise)


def snip_rank_one(readout: Array, correlations: Array, noise: NoiseLaw) -> FiniteModel:
    """Rank-one model of [P26] (SNIP-1): ``g = |a|``, ``f(v) = |E[r x_v]|``.

    Parameters
    ----------
    readout
        Output weights ``a_i``, shape (n,).
    correlations
        ``E[r x_j]``, shape (d,): of the population where it is known, else of the batch.
    noise
        Law of the weights, in units of their scale at initialisation.
    """
    return FiniteModel.from_factors(np.abs(readout), np.abs(correlations), noise)
