"""The types of a dense network on a batch: what the conditioned kernel needs to know of it, layer by layer.

Everything is read off the network before it is pruned. A layer's own weights enter through means over the batch of
what they make, one number a neuron, and through the saliencies of the batch, which give the graphons; no mask does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from graphon_theory.energy import kept_energy
from graphon_theory.errors import InputError, require_density
from graphon_theory.noise import Gaussian
from graphon_theory.saliency import FiniteModel, kept_probability
from verification.ntk.capture import capture, trained_layers
from verification.ntk.own_share import own_share

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LayerTypes:
    """Types of one masked layer with d inputs and n neurons, in units where each number is of order 1.

    Parameters
    ----------
    kept, energies
        ``W = P(kept)`` and ``V = E[xi^2; kept]`` for SNIP, shape (n, d).
    activity
        Batch mean of what enters the layer, shape (d,).
    preactivity
        Batch mean of its preactivations, shape (n,).
    signal
        Batch mean of the derivative of the output with respect to its preactivations, times ``n^(1/2)``, shape (n,).
    field
        Batch mean of the derivative with respect to its activations, times ``n^(1/2)``, shape (n,); in the last layer
        the output weights ``a``.
    own
        Mean of ``xi 1{kept}`` by the weight's own share of its saliency (``own_share``), shape (n, d); 0 in the first
        layer, whose inputs are centred.
    """

    kept: Array
    energies: Array
    activity: Array
    preactivity: Array
    signal: Array
    field: Array
    own: Array


def dense_types(
    module: nn.Module, names: Sequence[str], inputs: Tensor, residuals: Tensor, density: float
) -> tuple[LayerTypes, ...]:
    """Read the types of a dense ReLU network at initialisation, for SNIP with the squared loss.

    Parameters
    ----------
    module
        Hidden layers without biases and one output; Gaussian weights of variance 1/fan-in.
    names
        The hidden layers, first to last; the output layer follows the last of them.
    inputs
        The batch, shape (S, d), centred.
    residuals
        ``r_s``, shape (S,): of a centred network the labels with the other sign, of mean 0.
    density
        Kept fraction of each layer, in (0, 1).

    Returns
    -------
    tuple
        Types of the hidden layers, float64. Cost: S n^2 a layer.

    Raises
    ------
    InputError
        As ``capture``; if the names are not those of all layers but the last, or an array has the wrong shape.
    """
    require_density(density)
    layers = trained_layers(module, None, None)
    if list(layers)[:-1] != list(names) or not names:
        raise InputError("names", list(names), f"give the hidden layers: {', '.join(list(layers)[:-1])}")
    if residuals.shape != (len(inputs),):
        raise InputError("residuals", tuple(residuals.shape), f"give one number a sample: {len(inputs)}")
    r: Array = residuals.detach().double().numpy()
    factors = capture(module, inputs, list(layers), torch.float64)
    found = []
    for place, name in enumerate(names):
        x, signals = factors[name].inputs.numpy(), factors[name].signals[0].numpy()
        following = list(layers)[place + 1]
        b = factors[following].signals[0].numpy() @ _weight(layers[following])
        z = x @ _weight(layers[name]).T
        saliency = (r[:, None] * signals).T @ x / len(r)
        model = FiniteModel(np.abs(saliency), Gaussian())
        level = model.threshold(density)
        root = math.sqrt(len(saliency))
        found.append(
            LayerTypes(
                kept=kept_probability(model.profile, model.noise, level),
                energies=kept_energy(model.profile, model.noise, level),
                activity=x.mean(axis=0),
                preactivity=z.mean(axis=0),
                signal=root * signals.mean(axis=0),
                field=root * b.mean(axis=0),
                own=own_share(x, z, b, r, level) if place else np.zeros_like(saliency),
            )
        )
    return tuple(found)


def _weight(layer: nn.Linear) -> Array:
    found: Array = layer.weight.detach().double().numpy()
    return found
