"""From the optimum of the limit to a network of finite width: how far to follow it, judged on the network itself.

The limit kernel takes pre-activations for Gaussian, which needs many edges a neuron. At ``rho d`` of a few it is wrong,
and the limit's optimum, which gathers all edges on few inputs, can leave a network's kernel singular. So profiles

    h_ij = |a_i|^p f_j^s,    p in {0, 1}, s in {0, 1/4, 1/2, 1},

between the constant one and an optimum are put on the network's own weights, and judged by its exact kernel. The
optimum was fitted to its sample, so it is judged on samples that it has not seen: found on one half of the design's
sample, held against the other, and the same the other way round. With ``f = |E[y x_j]|`` and p = s = 1 this is SNIP-1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.errors import InputError
from verification.design.mask import design_mask
from verification.design.optimise import Design, design
from verification.design.profile import Profile, columns_of
from verification.generalisation.complexity import complexity
from verification.networks import OneHiddenLayer
from verification.ntk.empirical import empirical_ntk
from verification.ntk.masked import apply_masks

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp] | slice

COLUMN_POWERS: Final = (0.25, 0.5, 1.0)
ROW_POWERS: Final = (0.0, 1.0)
_ALMOST: Final = 1.0 - 1e-9  # no finite profile keeps every edge
LEAST_CROSSED: Final = 16
"""Sample of a design from which on candidates are judged on folds."""

_FOLD_RIDGE: Final = 1e-6  # of tr K/N: half a sample may hold equal inputs, and only a profile is looked for there
_FOLD_STEPS: Final = 20
_SMALLEST: Final = 1e-9  # of f over its largest: powers of 0 stay 0 otherwise, whatever s


@dataclass(frozen=True)
class Candidate:
    """One profile on the network.

    Parameters
    ----------
    base
        "constant", "optimum", "relaxed" or "correlation".
    column_power, row_power
        s and p; s = 0 for the constant profile.
    value
        ``2 sqrt(y^T K^-1 y tr K)/N`` of the network's kernel, geometric mean over the folds; infinite where singular.
    """

    base: str
    column_power: float
    row_power: float
    value: float


@dataclass(frozen=True, eq=False)
class Tailored:
    """A profile for one network.

    Parameters
    ----------
    profile
        With g at the network's neurons.
    chosen
        What it came from.
    candidates
        All that were tried, best first.
    crossed
        Whether they were judged on samples that they had not seen; false below ``LEAST_CROSSED`` samples, and where
        all labels of a fold are equal.
    """

    profile: Profile
    chosen: Candidate
    candidates: tuple[Candidate, ...]
    crossed: bool


def tailor(
    found: Design,
    network: OneHiddenLayer,
    inputs: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    seed: int = 0,
    kind: str = "top",
    ridge: float = 0.0,
) -> Tailored:
    """Choose the profile for a network at initialisation.

    Parameters
    ----------
    found
        The design, on the same inputs and labels.
    network
        The network, float64; left as it was.
    inputs, labels
        The sample of the design, shapes (N, d) and (N,).
    seed
        Of weights drawn anew, ties, and independent edges.
    kind
        As ``design_mask``.
    ridge
        In units of ``tr K/N``.

    Raises
    ------
    InputError
        If the kernel of every candidate is singular to rounding.
    """
    x, y = np.asarray(inputs, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    sizes = np.abs(network.readout.weight.detach().double().numpy()[0])
    parts = folds(y)
    values: dict[tuple[str, float, float], list[float]] = {}
    for fitted, held in parts or [(slice(None), slice(None))]:
        profile = found.profile
        part = found
        if parts:
            part = design(
                x[fitted],
                y[fitted],
                profile.density,
                noise=profile.noise,
                weights=profile.weights,
                ridge=max(ridge, _FOLD_RIDGE),
                starts=("relaxed",),
                steps=_FOLD_STEPS,
            )
        for (base, s), columns in _tempered(part, x[fitted], y[fitted]).items():
            for p in ROW_POWERS:
                value = realised(
                    _profile(profile, columns, sizes**p),
                    network,
                    torch.from_numpy(x[held]),
                    y[held],
                    seed=seed,
                    kind=kind,
                    ridge=ridge,
                )
                values.setdefault((base, s, p), []).append(value)
    told = sorted((Candidate(*key, _geometric(part)) for key, part in values.items()), key=lambda one: one.value)
    best = told[0]
    if math.isinf(best.value):
        raise InputError(
            "kernel",
            f"singular for all {len(told)} profiles at width {len(sizes)}",
            "give a larger density or width, fewer samples, or a ridge",
        )
    columns = _tempered(found, x, y)[best.base, best.column_power]
    chosen = _profile(found.profile, columns, sizes**best.row_power)
    return Tailored(chosen, best, tuple(told), crossed=bool(parts))


def folds(labels: Array) -> list[tuple[Indices, Indices]]:
    """Two folds and their exchange, alike in their labels; none where there are too few samples, or one label a fold.

    Parameters
    ----------
    labels
        Shape (N,).
    """
    order = np.argsort(labels, kind="stable")
    parts = order[::2], order[1::2]
    if len(labels) < LEAST_CROSSED or any(float(np.ptp(labels[part])) == 0.0 for part in parts):
        return []
    return [parts, parts[::-1]]


def _tempered(found: Design, inputs: Array, labels: Array) -> dict[tuple[str, float], Array]:
    """``f^s`` of every base and power; the constant profile once, as s = 0."""
    return {
        (base, s): columns**s if s > 0.0 else columns
        for base, columns in bases(found, inputs, labels).items()
        for s in ((0.0,) if base == "constant" else COLUMN_POWERS)
    }


def _geometric(values: list[float]) -> float:
    return math.exp(math.fsum(math.log(value) for value in values) / len(values))


def bases(found: Design, inputs: Array, labels: Array) -> dict[str, Array]:
    """Return f of the constant profile, of both optima, and ``|E[y x_j]|``; each of largest value 1."""
    live = found.profile.columns > 0.0
    limits = np.minimum(found.relaxed.density, _ALMOST)
    raw = {
        "constant": np.ones(live.size),
        "optimum": found.profile.columns,
        "relaxed": columns_of(np.asarray(limits), found.profile.noise),
        "correlation": np.abs(labels @ inputs),
    }
    return {name: np.where(live, np.maximum(f / f.max(), _SMALLEST), 0.0) for name, f in raw.items()}


def realised(
    profile: Profile,
    network: OneHiddenLayer,
    inputs: torch.Tensor,
    labels: Array,
    *,
    seed: int,
    kind: str = "top",
    ridge: float = 0.0,
) -> float:
    """Complexity of the labels under the kernel of the network that a profile has pruned; infinite where singular."""
    kept = design_mask(profile, network.hidden.weight, generator=torch.Generator().manual_seed(seed), kind=kind)
    pruned = apply_masks(network, {"hidden": kept}, weights=profile.weights, seed=seed)
    kernel = empirical_ntk(pruned.module, inputs, masks=pruned.masks, layers=("hidden",)).total.double().numpy()
    added = ridge * float(np.trace(kernel)) / len(labels)
    try:
        return 2.0 * complexity(kernel, labels, ridge=added or None).scale_free
    except InputError:
        return math.inf


def _profile(like: Profile, columns: Array, rows: Array) -> Profile:
    # A neuron of output weight 0 has no part in the function; its edges are as good as removed.
    floor = np.maximum(rows, 1e-9 * float(rows.max()))
    return Profile(columns, like.density, floor / float(floor.max()), like.noise, like.weights)
