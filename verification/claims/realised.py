"""From a case to a network built on a real mask with its sup error certified, and floors of false hypotheses."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import sympy
import torch

from graphon_theory.approximation import uniform_mask_law
from verification.approximation.build import build, fitted_units
from verification.approximation.certify import SupError, certify
from verification.approximation.floor import Floor, fibre_floor
from verification.approximation.network import MaskedNetwork, RidgeSum
from verification.approximation.neurons import joined, none_joined
from verification.approximation.targets import Target, target
from verification.cases import Case
from verification.experiment import Pruned, prune

_PROBES = 64
_PANELS = 512
_GRID = {1: 257, 2: 41, 3: 15}
_SHRUNK = (0.0, 0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Realised:
    """A network on the kept edges of a pruned one.

    Parameters
    ----------
    coordinates
        J, drawn without the mask.
    joined
        ``N_J``.
    target
        The target of the case.
    network
        The module, on all d inputs; None without a joined neuron.
    reduced
        The same as a function of ``x_J``.
    error
        Its certified sup error on K.
    mismatch
        Largest difference of module and reduced network at ambient inputs, over the sum of moduli of the terms.
    chance
        Where no neuron is joined: the probability of that, under the graphon of the mask. Else 0.
    """

    coordinates: tuple[int, ...]
    joined: int
    target: Target
    network: MaskedNetwork | None
    reduced: RidgeSum | None
    error: SupError | None
    mismatch: float
    chance: float = 0.0


def realise(case: Case, seed: int) -> Realised:
    """Draw J, prune, build on what the mask has kept, certify.

    J is drawn before the mask exists, uniformly among all columns; on digits, among those that vary in the batch.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(case.inputs, generator=generator)
    pruned = prune(case, generator)
    if pruned.batch is not None:
        order = order[(pruned.batch.inputs.std(dim=0) > 0)[order]]
    coordinates = tuple(order[: case.active].tolist())
    wanted = target(case.target, case.active)
    count = len(joined(pruned.kept, coordinates))
    if count == 0:
        return Realised(coordinates, 0, wanted, None, None, None, 0.0, _chance_of_none(pruned, case, coordinates))
    network = build(
        pruned.kept,
        coordinates,
        wanted,
        activation=case.activation,
        seed=int(torch.randint(2**31, (), generator=generator)),
    )
    reduced = network.reduced(coordinates)
    return Realised(
        coordinates=coordinates,
        joined=count,
        target=wanted,
        network=network,
        reduced=reduced,
        error=certify(reduced, wanted),
        mismatch=_mismatch(network, reduced, coordinates, generator),
    )


def dense_error(case: Case, width: int, seed: int) -> float:
    """Certified sup error of a dense network of some width in the coordinates J, built with numbers of its own.

    Parameters
    ----------
    case
        Target, number of coordinates and activation.
    width
        Its number of neurons.
    seed
        Seed of the trial.
    """
    wanted = target(case.target, case.active)
    generator = torch.Generator().manual_seed(seed ^ width)  # apart from the one that the masked network came from
    own = int(torch.randint(2**31, (), generator=generator))
    return certify(fitted_units(width, wanted, activation=case.activation, seed=own), wanted).upper


def _chance_of_none(pruned: Pruned, case: Case, coordinates: tuple[int, ...]) -> float:
    """``P(N_J = 0)``: exact for a uniform set of entries, by SNIP's rank-S prediction otherwise."""
    if case.criterion == "snip":
        return none_joined(pruned.rank_s().probabilities(case.density), coordinates)
    law = uniform_mask_law(case.width, case.active, pruned.kept.numel(), int(pruned.kept.sum()))
    return float(law.at(np.zeros(1, dtype=np.int64))[0])


def interpolation_error(name: str, neurons: int) -> float | None:
    """``(int |g''|^(1/2))^2/(8 N^2)`` on [-1, 1] for a target of one coordinate; None where it has a kink.

    Sup error of the interpolant at equidistributed knots in the limit (statement UAT), by quadrature of the formula.
    """
    root = _root_of_curvature(name)
    return None if root is None else root**2 / (8.0 * neurons**2)


@functools.lru_cache(maxsize=16)
def _root_of_curvature(name: str) -> float | None:
    expression = target(name, 1).expression
    if expression.has(sympy.Abs, sympy.Max, sympy.Min):
        return None
    (x,) = expression.free_symbols
    second = sympy.lambdify(x, sympy.diff(expression, x, 2), "numpy")
    ends = np.linspace(-1.0, 1.0, _PANELS + 1)
    nodes, weights = np.polynomial.legendre.leggauss(16)
    places = 0.5 * (ends[:-1] + ends[1:])[:, None] + nodes / _PANELS
    return float((np.sqrt(np.abs(second(places))) @ weights).sum() / _PANELS)


@torch.no_grad()
def _mismatch(
    network: MaskedNetwork, reduced: RidgeSum, coordinates: tuple[int, ...], generator: torch.Generator
) -> float:
    """Difference of the module, all other inputs Gaussian, and the reduced network, over the size of its terms."""
    inputs = torch.randn(_PROBES, network.kept.shape[1], generator=generator, dtype=torch.float64)
    points = 2.0 * torch.rand(_PROBES, len(coordinates), generator=generator, dtype=torch.float64) - 1.0
    inputs[:, list(coordinates)] = points
    difference = np.abs(network(inputs).numpy() - reduced(points.numpy()))
    reach = np.abs(reduced.slopes).sum(axis=1) + np.abs(reduced.offsets)
    size = abs(reduced.constant) + float(np.abs(reduced.outer) @ reach)
    return float(difference.max()) / size if size > 0.0 else float(difference.max())


def half_oscillation(name: str, active: int) -> float:
    """Certified lower bound of half the oscillation of a target on all of K: the unit of upper bounds."""
    return _oscillation(name, active).lower


def largest_half_oscillation(name: str, active: int) -> float:
    """Certified upper bound of the same: the unit of lower bounds, which may refute."""
    return _oscillation(name, active).upper


@functools.lru_cache(maxsize=64)
def _oscillation(name: str, active: int) -> Floor:
    return fibre_floor(target(name, active), inactive=tuple(range(active)))


@functools.lru_cache(maxsize=64)
def false_floors(name: str, active: int, activation: str) -> dict[str, float]:
    """Lower bounds of the error of every network under a false hypothesis, whatever its width, in units of the target.

    "inactive-learnable": the last coordinate is inactive; half the oscillation along a fibre. "without-biases": then
    ``f(0) = 0``; for ReLU ``f(c x) = c f(x)``, so that an error E satisfies ``|g(c x) - c g(x)| <= (1 + c) E`` for
    0 <= c < 1; for tanh ``f(-x) = -f(x)``, so that ``|g(x) + g(-x)| <= 2 E``. Where that bound is 0 (an odd target,
    tanh) the variant is left out.
    """
    wanted = target(name, active)
    floors = {"inactive-learnable": fibre_floor(wanted, inactive=(active - 1,)).lower}
    axes = [np.linspace(-1.0, 1.0, _GRID[active])] * active
    points = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    value = wanted(points)
    if activation == "relu":
        homogeneous = [np.abs(wanted(c * points) - c * value).max() / (1.0 + c) for c in _SHRUNK]
        floor = float(max(homogeneous))
    else:
        floor = float(np.abs(value + wanted(-points)).max()) / 2.0
    if floor > math.sqrt(np.finfo(np.float64).eps):
        floors["without-biases"] = floor * (1.0 - 1e-9)  # float64 values of the target
    return floors
