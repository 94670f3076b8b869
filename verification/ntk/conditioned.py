"""The kernel of kept weights under masks that saw data: the recursion of [P25] Theorem 1, conditioned on the types.

A mask that saw a batch chooses weights by what the dense network did there, and the dense network and its kept weights
stay dependent on new inputs. Three means carry that dependence; each is of order 1, and for kept weights multiplied by
the energy V, as the mean of what is kept of ``N(mu, 1)`` is V mu to first order.

* Forwards, the part of a neuron's weights along the batch mean ``c`` of the activations below, known from the batch
  mean ``Z`` of its dense preactivations: ``Z [d^-1 sum_j V_j E[h_j(x)] c_j]/[d^-1 sum_j c_j^2]``.
* Forwards, each weight's own share of its saliency: ``d^(-1/2) sum_j o_j E[h_j(x)]`` (``own_share``).
* Backwards, the part of a neuron's outgoing weights along the batch mean of the signals behind them, known from the
  batch mean B of its dense field: ``B [n^-1 sum_i V_i E[delta_i(x)] D_i]/[n^-1 sum_i D_i^2]``.

About these means preactivations and fields are Gaussian, with the covariance of NTK-L less what a mean took of it.
ReLU alone: its expectations under Gaussians with means are closed (``graphon_theory.kernels.shifted``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.kernels.shifted import shifted_moments, shifted_products
from verification.ntk.dense_types import LayerTypes
from verification.ntk.finite_types import PairKernel

Array = npt.NDArray[np.float64]


class _State(NamedTuple):
    """A layer on the pairs: P columns for x, P for y, and for moments of two P more for (x, y)."""

    mean: Array  # E[sigma(z)], 2 P columns
    share: Array  # P(z > 0), 2 P columns
    k1: Array  # 3 P columns
    k0: Array  # 3 P columns


def conditioned_kernel(
    x: Array,
    y: Array,
    layers: Sequence[LayerTypes],
    *,
    projection: bool = True,
    own: bool = True,
    backward: bool = True,
    means: Sequence[Array] | None = None,
) -> PairKernel:
    """Kernel of a masked ReLU network with kept weights and a dense output, at P pairs ``(x_p, y_p)`` of new inputs.

    Parameters
    ----------
    x, y
        Inputs, shape (P, d), independent of the batch that pruned.
    layers
        Types, first layer to last: of the network itself before it was pruned, or of another one of the same law.
    projection, own, backward
        Whether each of the three means is there: only false variants leave one out. Without all three this is NTK-L.
    means
        Matrices in place of the energies where means are formed, entries in [0, V]; only false variants give them.

    Returns
    -------
    PairKernel
        Each with L + 1 rows. Cost: L n^2 P.

    Raises
    ------
    InputError
        If shapes do not fit.
    """
    _require_shapes(x, y, layers)
    weights = [layer.energies for layer in layers] if means is None else list(means)
    if [part.shape for part in weights] != [layer.energies.shape for layer in layers]:
        raise InputError("means", [part.shape for part in weights], "give one matrix a layer, of its shape")
    below = np.concatenate([x * x, y * y, x * y]).T
    entering = np.concatenate([x, y]).T
    inner, states = [], []
    for place, layer in enumerate(layers):
        inner.append(below)
        # The first layer's inputs are centred, and new ones have nothing in common with their batch mean.
        state = _forward(
            layer, weights[place], entering, below, projection=projection and place > 0, own=own and place > 0
        )
        states.append(state)
        entering, below = state.mean, state.k1
    parts = [below.mean(axis=0)]
    count = 2 * len(x)
    field = np.repeat(layers[-1].field[:, None], count, axis=1)
    products = _products(field)
    for place in reversed(range(len(layers))):
        layer, state = layers[place], states[place]
        outer = state.k0 * products
        parts.append((outer * (layer.kept @ inner[place] / layer.kept.shape[1])).mean(axis=0))
        if place:
            signal = state.share * field
            field, products = _backward(layer, layers[place - 1], weights[place], signal, outer, conditioned=backward)
    found = np.array([*reversed(parts[1:]), parts[0]]).reshape(len(layers) + 1, 3, len(x))
    return PairKernel(found[:, 0], found[:, 1], found[:, 2])


def _forward(
    layer: LayerTypes, weights: Array, entering: Array, below: Array, *, projection: bool, own: bool
) -> _State:
    """Means and products of a layer's activations and slopes, given those of what enters it."""
    neurons, inputs = layer.energies.shape
    covariance = layer.energies @ below / inputs
    mean = np.zeros((neurons, entering.shape[1]))
    if projection:
        size = float(np.square(layer.activity).mean())
        along = weights @ (layer.activity[:, None] * entering) / (inputs * size)
        mean += along * layer.preactivity[:, None]
        covariance -= size * _products(along)
    if own:
        mean += layer.own @ entering / math.sqrt(inputs)
    pairs = entering.shape[1] // 2
    # By Cauchy and Schwarz not negative, as V <= 1; rounding may say otherwise.
    variance = np.maximum(covariance[:, : 2 * pairs], 0.0)
    moments = shifted_moments(mean, variance)
    first, second = (slice(k * pairs, (k + 1) * pairs) for k in (0, 1))
    mixed = shifted_products(
        mean[:, first], mean[:, second], variance[:, first], variance[:, second], covariance[:, 2 * pairs :]
    )
    return _State(
        moments.mean,
        moments.share,
        np.concatenate([moments.square, mixed.k1], axis=1),
        np.concatenate([moments.share, mixed.k0], axis=1),
    )


def _backward(
    layer: LayerTypes, before: LayerTypes, weights: Array, signal: Array, outer: Array, *, conditioned: bool
) -> tuple[Array, Array]:
    """Mean of the field behind the layer before, 2 P columns, and its products, 3 P columns."""
    neurons = len(layer.signal)
    products = layer.energies.T @ outer / neurons
    if not conditioned:
        return np.zeros((len(before.field), signal.shape[1])), products
    size = float(np.square(layer.signal).mean())
    along = weights.T @ (layer.signal[:, None] * signal) / (neurons * size)
    field = along * before.field[:, None]
    return field, products - size * _products(along) + _products(field)


def _products(values: Array) -> Array:
    """From columns x, y to columns xx, yy, xy."""
    first, second = np.split(values, 2, axis=1)
    return np.concatenate([first * first, second * second, first * second], axis=1)


def _require_shapes(x: Array, y: Array, layers: Sequence[LayerTypes]) -> None:
    if x.ndim != 2 or x.shape != y.shape or x.size == 0:
        raise InputError("x and y", (x.shape, y.shape), "give two matrices of one shape (P, d)")
    if not layers:
        raise InputError("layers", 0, "give the types of one layer or more")
    for place, (layer, columns) in enumerate(
        zip(layers, itertools.chain([x.shape[1]], (len(part.field) for part in layers)), strict=False)
    ):
        if layer.energies.shape != (len(layer.field), columns) or layer.kept.shape != layer.energies.shape:
            raise InputError(f"layers[{place}]", layer.energies.shape, f"give {columns} columns, and one row a neuron")
