"""Networks on the joined neurons of a mask: constructed, not merely counted.

ReLU in one variable interpolates (``interpolation``). Everything else takes directions and offsets spread evenly over
the sphere and over the hyperplanes that meet K (a shifted additive sequence of low discrepancy), puts some units at
the target's affine kinks, solves for the output
weights by least squares with a small ridge penalty on points of the same kind, and moves towards the sup norm by
Lawson's iteration: every point's weight is multiplied by its error. The penalty keeps output weights moderate, on
which the cost of a certificate depends. The result depends on the number of joined neurons, the target, the activation
and the seed, and on nothing else: not on the ambient dimension, nor on which neurons are joined.

Source: Lawson (1961) for the iteration; Roberts (2018) for the sequence.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.linalg
import torch

from graphon_theory.errors import InputError
from verification.approximation.interpolation import interpolated
from verification.approximation.network import MaskedNetwork, RidgeSum, require_activation
from verification.approximation.neurons import active_coordinates, as_mask, require_joined
from verification.approximation.targets import Target

Array = npt.NDArray[np.float64]

MOST_NEURONS = 8192

_RIDGE = {"relu": 1e-9, "tanh": 1e-11}
_SCALES = {"relu": (1.0,), "tanh": (1.5, 3.0, 6.0)}
_WORK = 4e9  # multiplications that Lawson's iteration may spend
_STEPS = 12
_NEAREST = {1: 0.004, 2: 0.02, 3: 0.08}  # distance of the nearest tanh step from a crease: steep ones cost boxes


def build(
    kept: npt.ArrayLike | torch.Tensor,
    coordinates: Sequence[int],
    target: Target,
    *,
    activation: str = "relu",
    seed: int = 0,
    probabilities: npt.ArrayLike | None = None,
) -> MaskedNetwork:
    """Build a network on a mask that approximates a target of the active coordinates.

    Parameters
    ----------
    kept
        Mask, shape (n, d).
    coordinates
        J: the columns that carry the target's coordinates, in their order.
    target
        The function, of ``len(coordinates)`` coordinates.
    activation
        "relu" or "tanh".
    seed
        Shifts the sequences of directions, offsets and points.
    probabilities
        Probabilities of the edges, shape (n, d): only to say how likely a failure was.

    Returns
    -------
    MaskedNetwork
        All joined neurons have weights on J and nowhere else; all others have none, and output weight 0.

    Raises
    ------
    NoJoinedNeuron
        If the mask joins no neuron to all of J.
    InputError
        For bad input.
    """
    if not isinstance(target, Target):
        raise InputError("target", target, "give a Target: target(name, k), or Target.of(formula, k)")
    mask = as_mask(kept)
    columns = active_coordinates(coordinates, mask.shape[1])
    if len(columns) != target.coordinates:
        raise InputError("coordinates", tuple(columns.tolist()), f"give {target.coordinates}, as the target has")
    neurons = require_joined(mask, coordinates, probabilities)
    units = fitted_units(len(neurons), target, activation=activation, seed=seed)
    # A target that needs fewer pieces than there are neurons leaves some without work.
    used = neurons[: len(units.outer)]
    weight, bias, outer = np.zeros(mask.shape), np.zeros(len(mask)), np.zeros(len(mask))
    weight[np.ix_(used, columns)] = units.slopes
    bias[used], outer[used] = units.offsets, units.outer
    return MaskedNetwork(mask, weight, bias, outer, units.constant, activation)


def fitted_units(count: int, target: Target, *, activation: str = "relu", seed: int = 0) -> RidgeSum:
    """Return a network of a given number of units that approximates a target on K.

    Parameters
    ----------
    count
        N, from 1 to 8,192.
    target
        The function.
    activation
        "relu" or "tanh".
    seed
        Any integer.

    Raises
    ------
    InputError
        For bad input.
    """
    require_activation(activation)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_NEURONS:
        raise InputError("count", count, f"give a number of neurons from 1 to {MOST_NEURONS}")
    if activation == "relu" and target.coordinates == 1:
        return interpolated(target, count)
    points = _points(count, target.coordinates, seed)
    truth = target(points)
    trials = []
    for scale in _SCALES[activation]:
        slopes, offsets = _directions(count, target, scale, activation, seed)
        trials.append((_fitted(slopes, offsets, points, truth, activation, 1)[0], slopes, offsets))
    _, slopes, offsets = min(trials, key=lambda trial: trial[0])
    steps = int(np.clip(_WORK / (len(points) * count**2), 1, _STEPS))
    _, outer, constant = _fitted(slopes, offsets, points, truth, activation, steps)
    return RidgeSum(slopes, offsets, outer, constant, activation)


def _fitted(
    slopes: Array, offsets: Array, points: Array, truth: Array, activation: str, steps: int
) -> tuple[float, Array, float]:
    """Fit output weights and bias; return the largest error at the points, and the two."""
    z = points @ slopes.T + offsets
    features = np.column_stack([np.maximum(z, 0.0) if activation == "relu" else np.tanh(z), np.ones(len(points))])
    weights = np.full(len(points), 1.0 / len(points))
    best_error, best = np.inf, np.zeros(features.shape[1])
    for _ in range(steps):
        weighted = features * weights[:, None]
        gram = features.T @ weighted
        penalty = _RIDGE[activation] * float(np.trace(gram)) / len(gram)
        gram[np.diag_indices_from(gram)] += penalty
        solution = scipy.linalg.solve(gram, weighted.T @ truth, assume_a="pos", check_finite=False)
        error = np.abs(features @ solution - truth)
        largest = float(error.max())
        if largest < best_error:
            best_error, best = largest, solution
        if largest == 0.0:
            break
        # Square roots damp the iteration: whole errors let weights die that are needed again.
        weights = weights * np.sqrt(error / largest + 1e-3)
        weights /= weights.sum()
    return best_error, best[:-1], float(best[-1])


def _points(count: int, k: int, seed: int) -> Array:
    """Points of K: the faces' share is enlarged, since errors are largest there."""
    number = {1: 4, 2: 5, 3: 6}[k] * count + {1: 400, 2: 1500, 3: 3000}[k]
    cube = 2.0 * _sequence(number, k, seed + 1) - 1.0
    inside = np.clip(np.sin(0.5 * np.pi * cube) * 0.35 + cube * 0.65, -1.0, 1.0)
    faces = inside[::4].copy()
    for axis, sign in itertools.product(range(k), (-1, 1)):
        faces[(2 * axis + (sign > 0)) :: 2 * k, axis] = sign
    corners = np.array(list(itertools.product((-1.0, 1.0), repeat=k)))
    return np.concatenate([inside, faces, corners])


def _directions(count: int, target: Target, scale: float, activation: str, seed: int) -> tuple[Array, Array]:
    """Slopes (N, k) and offsets (N,): hyperplanes that meet K, evenly spread, and some at the target's creases."""
    k = target.coordinates
    u = _sequence(count, k, seed)
    if k == 1:
        w = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)[:, None]
    elif k == 2:
        w = np.stack([np.cos(2.0 * np.pi * u[:, 0]), np.sin(2.0 * np.pi * u[:, 0])], 1)
    else:
        height, turn = 2.0 * u[:, 0] - 1.0, 2.0 * np.pi * u[:, 1]
        ring = np.sqrt(1.0 - height**2)
        w = np.stack([ring * np.cos(turn), ring * np.sin(turn), height], 1)
    reach = np.abs(w).sum(axis=1)
    offsets = (2.0 * u[:, -1] - 1.0) * reach
    sizes = np.full(count, scale)
    creases = target.creases()
    if activation == "relu" and count > 2 * k + len(creases):
        # Units that are on everywhere: the affine part costs nothing more. A crease takes one unit besides.
        offsets[:k] = reach[:k]
        for i, (slope, offset) in enumerate(creases):
            w[k + i], offsets[k + i] = slope, offset
    if activation == "tanh":
        share = count // (3 * max(1, len(creases)))
        for i, (slope, offset) in enumerate(creases):
            # Steps at distances of all sizes from the crease, as steep as they are near.
            some = slice(i * share, (i + 1) * share)
            nearest = min(1.0, max(_NEAREST[k], 1.0 / max(1, share)))
            distances = nearest ** np.linspace(0.0, 1.0, share) * np.where(np.arange(share) % 2 == 0, 1.0, -1.0)
            w[some], offsets[some], sizes[some] = slope, offset + distances, 2.0 / np.abs(distances)
    return sizes[:, None] * w, sizes * offsets


def _sequence(count: int, k: int, seed: int) -> Array:
    """Points of [0, 1]^k of low discrepancy: multiples of powers of a generalised golden ratio, modulo 1."""
    ratio = 2.0
    for _ in range(64):
        ratio = (1.0 + ratio) ** (1.0 / (k + 1))
    steps = ratio ** -np.arange(1.0, k + 1.0)
    shift = np.random.default_rng(abs(seed)).random(k)
    return np.asarray((shift + np.arange(1, count + 1)[:, None] * steps) % 1.0)
