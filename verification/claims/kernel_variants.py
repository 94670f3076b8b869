"""Predictions of a masked network's kernel, true and false, held to the exact kernel: what NTK-1 and NTK-L share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from graphon_theory.kernels import ACTIVATIONS, ERF
from verification.cases import Case, Values
from verification.claims.claim import STATEMENT, Mutant
from verification.claims.masked_kernels import MaskedLayers, kernel_sums, log_ratios, predicted_sums
from verification.ntk.empirical import empirical_ntk
from verification.ntk.finite_types import PairKernel, pair_kernel

Array = npt.NDArray[np.float64]

AS_REDRAWN = Mutant("as-redrawn", "kept weights transmit what weights drawn anew would: V = W", reading="[P25]")

COMMON = (
    Mutant("exchanged", "V and W exchanged"),
    Mutant("no-readout", "the mean of a^2 in place of E[a^2|u]"),
    Mutant("other-slopes", "k0 of another activation (erf)"),
    Mutant("one-less", "the hidden layers' parts one factor of the density less"),
)


def compare(case: Case, layers: MaskedLayers, inputs: Tensor) -> Values:
    """Log-ratios of the exact kernel to each variant's prediction.

    Parameters
    ----------
    case
        The case. Where its variant is not the statement, the statement's prediction alone is made, under its name.
    layers
        The network and its graphons.
    inputs
        Shape (2 P, d): rows 2p and 2p + 1 are a pair.
    """
    found = kernel_sums(empirical_ntk(layers.masked.module, inputs, masks=layers.masked.masks).layers)
    x, y = (inputs[k::2].double().numpy() for k in (0, 1))
    activation = ACTIVATIONS[case.activation]
    W, V, a2 = layers.kept, layers.energies, layers.readout

    def predict(kept: tuple[Array, ...], energies: tuple[Array, ...], readout: Array) -> PairKernel:
        return pair_kernel(x, y, kept, energies, readout, activation)

    truth = predicted_sums(predict(W, V, a2))
    values = {case.variant: log_ratios(found, truth)}
    if case.variant != STATEMENT:
        return values
    free = tuple(layers.noise.variance * part for part in W)
    false = {
        "as-redrawn": predict(W, free, a2),
        "exchanged": predict(V, W, a2),
        "no-readout": predict(W, V, np.full_like(a2, a2.mean())),
        "other-slopes": pair_kernel(x, y, W, V, a2, activation, slopes=ERF),
    }
    values |= {name: log_ratios(found, predicted_sums(kernel)) for name, kernel in false.items()}
    hidden = [(a / case.density, b / case.density) for a, b in truth[:-1]]
    return values | {"one-less": log_ratios(found, [*hidden, truth[-1]])}
