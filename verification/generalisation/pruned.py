"""One hidden layer pruned by any criterion, with the path density that its limit graphon predicts from the types.

The mask is that of real scores. W comes from formulas at the network's types (output weights, pruning batch), and
``D_j`` from W and the squared output weights: the mask never enters. W is

* the density for Random and Magnitude;
* ``Q(tau/|a_i|)`` for SynFlow in one shot;
* the rank-S profile of the batch for SNIP, and of ``K r`` for both variants of GraSP, one-sided for the original.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.criteria import (
    homogeneous_model,
    one_sided_levels,
    one_sided_threshold,
    output_kernel,
    synflow_model,
    weight_gradient,
)
from graphon_theory.criteria.grasp_signed import upper_probability
from graphon_theory.errors import InputError
from graphon_theory.generalisation import input_path_density
from graphon_theory.generalisation.intake import count, number
from graphon_theory.saliency import FiniteModel
from verification.criteria import score
from verification.data.linear_task import Sample
from verification.losses import centred_squared_loss
from verification.masks import mask
from verification.networks import OneHiddenLayer
from verification.ntk.masked import MaskedNetwork, apply_masks

Array = npt.NDArray[np.float64]

CRITERIA = ("random", "magnitude", "snip", "grasp-magnitude", "grasp", "synflow")
"""Criteria whose graphon is known from the types."""

BY_GRADIENT = ("snip", "grasp-magnitude", "grasp")


@dataclass(frozen=True, eq=False)
class PrunedHidden:
    """A pruned network of one hidden layer and its theory.

    Parameters
    ----------
    network
        The network, float64; its masked layer is called "hidden".
    graphon
        Kept probabilities at the types, shape (n, d), in [0, 1].
    output_squares
        ``a_i^2`` in units of order 1, shape (n,).
    """

    network: MaskedNetwork
    graphon: Array
    output_squares: Array

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """The mask, shape (n, d)."""
        found: npt.NDArray[np.bool_] = self.network.masks["hidden"].cpu().numpy()
        return found

    @property
    def predicted(self) -> Array:
        """Path density from the types, shape (d,)."""
        return input_path_density(self.graphon, self.output_squares)

    @property
    def measured(self) -> Array:
        """Path density of the mask itself, shape (d,)."""
        return input_path_density(self.kept.astype(np.float64), self.output_squares)


def pruned_hidden(
    inputs: int,
    width: int,
    *,
    criterion: str,
    density: float,
    generator: torch.Generator,
    batch: Sample | None = None,
    weights: str = "kept",
    activation: str = "relu",
    initialisation: str = "gaussian",
    readout_scale: float = 1.0,
) -> PrunedHidden:
    """Draw a network, prune its hidden layer, and say what its graphon is.

    Parameters
    ----------
    inputs, width
        d and n, positive.
    criterion
        One of ``CRITERIA``. The original GraSP is refused with kept weights: its kept weights have a mean, and the
        theory of the kernel does not apply.
    density
        Kept fraction, in (0, 1]; 1 keeps all edges, whatever the criterion.
    generator
        Draws the network, random scores and ties, and weights drawn anew.
    batch
        What scores SNIP and GraSP; its labels are centred here. Not used by the others.
    weights
        "kept" or "redrawn".
    activation, initialisation
        As ``OneHiddenLayer``.
    readout_scale
        Output weights are multiplied by it after they are drawn: ``a ~ N(0, readout_scale^2)``.

    Raises
    ------
    InputError
        If a name is unknown or a number out of range; or if a criterion by gradient lacks its batch, or the batch has
        another number of inputs, a label too many or too few, or a number that is not finite.
    """
    if criterion not in CRITERIA:
        raise InputError("criterion", criterion, f"choose one of {', '.join(CRITERIA)}")
    if criterion == "grasp" and weights == "kept" and density < 1.0:
        raise InputError("weights", weights, 'the original GraSP keeps weights with a mean: give "redrawn"')
    inputs, width = count("inputs", inputs), count("width", width)
    number("density", density, 0.0, 1.0, open_low=True)
    number("readout_scale", readout_scale, 0.0, inf, open_low=True)
    if batch is not None and criterion in BY_GRADIENT:
        _require_batch(batch, inputs)
    seed = int(torch.randint(2**62, (), generator=generator))
    network = OneHiddenLayer(inputs, width, initialisation=initialisation, seed=seed, activation=activation).double()
    with torch.no_grad():
        network.readout.weight.mul_(readout_scale)
    squares: Array = network.readout.weight.detach().numpy()[0] ** 2 * width
    if density == 1.0:
        everything = {"hidden": torch.ones(width, inputs, dtype=torch.bool)}
        return PrunedHidden(apply_masks(network, everything), np.ones((width, inputs)), squares)
    shown = None
    if criterion in BY_GRADIENT:
        if batch is None:
            raise InputError("batch", None, f"{criterion} needs a batch")
        shown = Sample(batch.inputs, batch.labels - batch.labels.mean())
    scores = score(
        network,
        centred_squared_loss,
        None if shown is None else [(shown.inputs, shown.labels)],
        criterion=criterion,
        layers=("hidden",),
        generator=generator,
    )
    masks = mask(scores, density=density, scope="layer", generator=generator)
    masked = apply_masks(network, masks, weights=weights, initialisation=initialisation, seed=seed)
    return PrunedHidden(masked, _graphon(network, shown, criterion, density), squares)


def _require_batch(batch: Sample, inputs: int) -> None:
    shapes = tuple(batch.inputs.shape), tuple(batch.labels.shape)
    if batch.inputs.ndim != 2 or shapes != ((len(batch.labels), inputs), (len(batch.inputs),)) or not shapes[1][0]:
        raise InputError("batch", f"shapes {shapes[0]}, {shapes[1]}", f"give shapes (S, {inputs}) and (S,)")
    if not (bool(torch.isfinite(batch.inputs).all()) and bool(torch.isfinite(batch.labels).all())):
        raise InputError("batch", "NaN or infinite", "give finite inputs and labels")


def _graphon(network: OneHiddenLayer, batch: Sample | None, criterion: str, density: float) -> Array:
    """Kept probabilities at the types, shape (n, d)."""
    a: Array = network.readout.weight.detach().numpy()[0]
    noise = network.noise
    width, inputs = network.hidden.weight.shape
    if batch is None:
        if criterion == "synflow":
            return synflow_model(np.abs(a), np.ones(inputs), noise).probabilities(density)
        return np.broadcast_to(homogeneous_model(1, 1, noise).probabilities(density), (width, inputs))
    x, r = batch.inputs.numpy(), -batch.labels.numpy()
    slopes = network.slopes(batch.inputs).double().numpy()
    if criterion != "snip":
        r = output_kernel(a, slopes, x) @ r
    model = FiniteModel(np.abs(weight_gradient(a, slopes, r, x)), noise)
    if criterion == "grasp":
        return upper_probability(noise, one_sided_levels(model, one_sided_threshold(model, density)))
    return model.probabilities(density)
