"""Networks pruned by a design or by a criterion, from the same weights, and what they are worth on a fresh sample.

All methods prune on the same half of the data. In the kernel regime the masked layer is trained to the end on the
other half, where GEN gives its bound: mask and sample are then independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.errors import InputError
from graphon_theory.generalisation import input_path_density, scale_free, scaled_gen_bound
from verification.criteria import CRITERIA
from verification.data.linear_task import Sample
from verification.design.mask import design_mask
from verification.design.profile import Profile
from verification.generalisation.complexity import complexity
from verification.generalisation.predictor import hidden_kernels, interpolant
from verification.generalisation.risks import clipped_absolute, ramp, wrong_sign
from verification.losses import centred_squared_loss
from verification.networks import OneHiddenLayer
from verification.ntk.masked import MaskedNetwork, apply_masks, prune_network

Array = npt.NDArray[np.float64]

DENSE: Final = "dense"
HIDDEN: Final = "hidden"
_RATIO: Final = 1.1  # of the bound's radii: doubling ones would hide differences below a factor of 2


@dataclass(frozen=True)
class Judged:
    """What one network is worth; NaN where its kernel is singular to rounding.

    Parameters
    ----------
    method
        A criterion, "dense", or the name that a profile was given.
    complexity
        ``2 sqrt(y^T K^-1 y tr K)/N`` of the network's own ``K_1``.
    bound
        GEN in full, on the risk (ramp loss of signs, clipped absolute error of other labels); above 1 it says nothing.
    path
        ``scale_free`` of a linear teacher by the mask's own path density: the bound of PATH and SCALE on the linear
        part; infinite where an input that it needs has no edge, NaN without a teacher.
    risk, error
        Mean loss on the test sample; share of wrong signs there, or the risk again where labels are no signs.
    singular
        Which eigenvalues are too small, or "".
    """

    method: str
    complexity: float
    bound: float
    path: float
    risk: float
    error: float
    singular: str = ""


def pruned(
    method: str | tuple[str, Profile],
    width: int,
    *,
    batch: Sample,
    density: float,
    seed: int,
    weights: str = "kept",
    kind: str = "top",
    initialisation: str = "gaussian",
) -> MaskedNetwork:
    """Prune the hidden layer of a network of one hidden layer.

    Parameters
    ----------
    method
        A criterion of ``verification.criteria``, "dense", or a name with a profile.
    width
        n, positive.
    batch
        What criteria by gradient are scored on; their labels are centred here.
    density
        rho, in (0, 1); not read by "dense" and by a profile, which has its own.
    seed
        Of the weights, which are the same for all methods, and of everything that is drawn.
    weights
        "kept" or "redrawn".
    kind
        Of a profile's masks, as ``design_mask``.
    initialisation
        As ``OneHiddenLayer``.

    Raises
    ------
    InputError
        As ``prune_network`` and ``design_mask``.
    """
    network = OneHiddenLayer(batch.inputs.shape[1], width, initialisation=initialisation, seed=seed).double()
    if isinstance(method, tuple):
        generator = torch.Generator().manual_seed(seed)
        kept = design_mask(method[1], network.hidden.weight, generator=generator, kind=kind)
        return apply_masks(network, {HIDDEN: kept}, weights=weights, seed=seed)
    if method == DENSE:
        kept = torch.ones(network.hidden.weight.shape, dtype=torch.bool)
        return apply_masks(network, {HIDDEN: kept})
    if method not in CRITERIA:
        raise InputError("method", method, f"choose one of {', '.join((*CRITERIA, DENSE))}, or give a profile")
    return prune_network(
        network,
        criterion=method,
        density=density,
        seed=seed,
        weights=weights,
        layers=(HIDDEN,),
        loss=centred_squared_loss,
        batch=[(batch.inputs, batch.labels - batch.labels.mean())],
    )


def judge(
    name: str,
    network: MaskedNetwork,
    sample: Sample,
    test: Sample | None = None,
    *,
    delta: float = 0.1,
    ridge: float = 0.0,
    beta: Array | None = None,
) -> Judged:
    """Train the masked layer to the end in the kernel regime, bound its risk, and measure it.

    Parameters
    ----------
    name
        Of the method.
    network
        Pruned on other data.
    sample
        The training sample, on which the bound is stated.
    test
        Fresh samples; without them risk and error are NaN.
    delta
        Failure probability of the bound, in (0, 1).
    ridge
        In units of ``tr K/N``; 0 interpolates, and a singular kernel is then named and not judged.
    beta
        A linear teacher, for ``path``.

    Raises
    ------
    InputError
        If numbers are out of range.
    """
    labels = sample.labels.numpy()
    size, signs = len(labels), bool((np.abs(labels) == 1.0).all())
    loss = ramp if signs else clipped_absolute
    probe = sample if test is None else test
    kernel, cross = hidden_kernels(network, sample.inputs, probe.inputs)
    trace = float(np.trace(kernel))
    added = ridge * trace / size
    shape = path_density(network)
    path = math.nan
    if beta is not None:
        path = scale_free(beta, shape, np.linalg.norm(sample.inputs.numpy(), axis=0), size)
    try:
        found = complexity(kernel, labels, ridge=added or None)
        fitted, outputs = (interpolant(kernel, labels, part, ridge=added) for part in (kernel, cross))
    except InputError as error:
        if trace == 0.0 or error.argument == "kernel":
            return Judged(name, math.nan, math.nan, path, math.nan, math.nan, str(error.value))
        raise
    train = float(loss(fitted, labels).mean())
    # A unit of the radii that the sample has no part in: inputs have mean square 1.
    unit = math.sqrt(2.0 / float(shape.mean()))
    bound = scaled_gen_bound(train, found.energy, found.trace, size, delta, unit=unit, ratio=_RATIO).total
    risk = error_share = math.nan
    if test is not None:
        truth = test.labels.numpy()
        risk = float(loss(outputs, truth).mean())
        error_share = float(wrong_sign(outputs, truth).mean()) if signs else risk
    return Judged(name, 2.0 * found.scale_free, bound, path, risk, error_share)


def path_density(network: MaskedNetwork) -> Array:
    """``D_j``, shape (d,), of the mask itself, with squared output weights in units of their mean square."""
    readout = next(part for name, part in network.module.named_modules() if name == "readout")
    a: Array = readout.weight.detach().double().numpy()[0]
    return input_path_density(network.masks[HIDDEN].double().numpy(), np.square(a) / float(np.square(a).mean()))


def judge_all(
    methods: Sequence[str | tuple[str, Profile]],
    width: int,
    batch: Sample,
    sample: Sample,
    test: Sample | None,
    *,
    density: float,
    seed: int,
    weights: str = "kept",
    kind: str = "top",
    initialisation: str = "gaussian",
    delta: float = 0.1,
    ridge: float = 0.0,
) -> list[Judged]:
    """Prune by every method and judge each; arguments as ``pruned`` and ``judge``."""
    found = []
    for method in methods:
        network = pruned(
            method,
            width,
            batch=batch,
            density=density,
            seed=seed,
            weights=weights,
            kind=kind,
            initialisation=initialisation,
        )
        name = method if isinstance(method, str) else method[0]
        found.append(judge(name, network, sample, test, delta=delta, ridge=ridge))
    return found
