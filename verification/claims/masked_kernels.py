"""What the claims on tangent kernels share: masked networks with their two graphons, pairs of inputs, the decision.

A trial compares the exact kernel of a real masked network with a prediction, part by part (each masked layer, and the
dense output), on the diagonal and on pairs of correlated inputs: logarithms of ratios, which would be 0. A prediction
is made from the types (data, dense weights of other layers, output weights); the mask never enters it.

The statements are asymptotic. One is supported where every mean log-ratio at the largest width n lies within
``scale n^(-1/2)`` of 0 (two one-sided tests each), so that wider networks are held to more; and refuted only where one
lies outside and has not come nearer to 0 since the smallest width.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from graphon_theory.criteria import homogeneous_model, path_factors, synflow_model
from graphon_theory.energy import kept_energy
from graphon_theory.noise import NoiseLaw
from graphon_theory.saliency import FiniteModel, kept_probability
from verification.cases import Case, Observation
from verification.claims.asymptotic import conclude, decide_group
from verification.claims.claim import Measurement, carrying, grouped, not_run
from verification.criteria import score
from verification.data import Batch
from verification.experiment import draw_batch
from verification.losses import centred_squared_loss
from verification.masks import mask
from verification.networks import initial_noise, perceptron
from verification.ntk.capture import capture
from verification.ntk.finite_types import PairKernel
from verification.ntk.masked import MaskedNetwork, apply_masks

Array = npt.NDArray[np.float64]
Sums = Sequence[tuple[float, float]]
"""Of each part of a kernel: the sum of its diagonal, and that over the pairs."""

PAIRS = 8
"""Pairs of inputs of a trial."""

CORRELATION = 0.75
"""Correlation of the two inputs of a pair, on average."""

_NO_RATIO = 1e-9  # stands for a ratio that is not positive

DIAGONAL, PAIRED = "diagonal", "pairs"


@dataclass(frozen=True)
class MaskedLayers:
    """A masked network and what its theory needs.

    Parameters
    ----------
    dense
        The network at initialisation.
    masked
        The same, its hidden layers pruned; weights kept or drawn anew.
    kept, energies
        ``W_l`` and ``V_l`` at the types of this network, one matrix a masked layer, shapes (n, d), (n, n), ...
    readout
        ``a_i^2`` in units of order 1, shape (n,).
    noise
        Law of the weights over their scale.
    batch
        The batch that pruned; None where no data did.
    residuals
        Its residuals ``r_s``, shape (S,): of a centred network the labels with the other sign; None without a batch.
    """

    dense: nn.Sequential
    masked: MaskedNetwork
    kept: tuple[Array, ...]
    energies: tuple[Array, ...]
    readout: Array
    noise: NoiseLaw
    batch: Tensor | None
    residuals: Tensor | None


def prune_layers(case: Case, generator: torch.Generator, *, shift: float = 0.0) -> MaskedLayers:
    """Prune every hidden layer of a fresh network at the case's density, each at its own threshold.

    Parameters
    ----------
    case
        A case with a criterion: random, magnitude, synflow or snip.
    generator
        Source of all randomness.
    shift
        Mean of every input over its standard deviation, for the false hypothesis of inputs that are not centred.
    """
    seed = int(torch.randint(2**62, (), generator=generator))
    network = perceptron(
        case.inputs,
        [case.width] * case.depth,
        activation=case.activation,
        initialisation=case.initialisation,
        seed=seed,
    )
    names = [name for name, part in network.named_children() if isinstance(part, nn.Linear)][: case.depth]
    noise = initial_noise(case.initialisation)
    drawn = draw_batch(case, generator) if case.criterion == "snip" else None
    inputs = None if drawn is None else shifted(drawn.inputs, shift)
    batch = None if drawn is None or inputs is None else [(inputs, drawn.labels[:, None])]
    scores = score(
        network, centred_squared_loss, batch, criterion=str(case.criterion), layers=names, generator=generator
    )
    masks = mask(scores, density=case.density, scope="layer", generator=generator)
    masked = apply_masks(network, masks, weights=case.weights, initialisation=case.initialisation, seed=seed)
    models = _models(case, network, names, noise, drawn, inputs)
    kept, energies = [], []
    for model, name in zip(models, names, strict=True):
        level = model.threshold(case.density)
        shape = tuple(masks[name].shape)
        W = np.broadcast_to(kept_probability(model.profile, noise, level), shape)
        # Scores that are drawn apart from the weights choose as if the weights came afterwards.
        free = case.weights == "redrawn" or case.criterion == "random"
        kept.append(W)
        energies.append(
            noise.variance * W if free else np.broadcast_to(kept_energy(model.profile, noise, level), shape)
        )
    last = network[-1]
    if not isinstance(last, nn.Linear):
        raise RuntimeError("a perceptron ends in a linear layer")
    readout: Array = last.weight.detach().double().numpy()[0] ** 2 * case.width
    residuals = None if drawn is None else -drawn.labels
    return MaskedLayers(network, masked, tuple(kept), tuple(energies), readout, noise, inputs, residuals)


def _models(
    case: Case,
    network: nn.Sequential,
    names: Sequence[str],
    noise: NoiseLaw,
    drawn: Batch | None,
    inputs: Tensor | None,
) -> list[FiniteModel]:
    """Saliency model of each layer at the types; of one entry where the profile is constant."""
    if case.criterion == "synflow":
        weights = [part.weight.detach().numpy() for part in network if isinstance(part, nn.Linear)]
        return [synflow_model(rows, columns, noise) for rows, columns in path_factors(weights)[: len(names)]]
    if drawn is None or inputs is None:
        return [homogeneous_model(1, 1, noise) for _ in names]
    # SNIP: rank S, from backward signals and activations of each sample.
    factors = capture(network, inputs, names, torch.float32)
    residuals = -drawn.labels[:, None]
    fields = [(residuals * factors[name].signals[0]).T @ factors[name].inputs / len(inputs) for name in names]
    return [FiniteModel(np.abs(field.double().numpy()), noise) for field in fields]


def shifted(inputs: Tensor, shift: float) -> Tensor:
    """Add a mean to inputs of mean square 1, and scale them back to mean square 1."""
    return (inputs + shift) / math.sqrt(1.0 + shift**2)


def draw_pairs(inputs: int, generator: torch.Generator, *, shift: float = 0.0) -> Tensor:
    """Draw new inputs, shape (2 PAIRS, d): rows 2p and 2p + 1 are a pair of Gaussian vectors with ``CORRELATION``."""
    first, other = torch.randn(2, PAIRS, inputs, generator=generator)
    second = CORRELATION * first + math.sqrt(1.0 - CORRELATION**2) * other
    return shifted(torch.stack([first, second], dim=1).reshape(2 * PAIRS, inputs), shift)


def kernel_sums(parts: Mapping[str, Tensor]) -> list[tuple[float, float]]:
    """Sum each part of a kernel of shape (2 P, 2 P): over the diagonal, and over the pairs."""
    return [(float(part.diagonal().sum()), float(part[0::2, 1::2].diagonal().sum())) for part in parts.values()]


def predicted_sums(kernel: PairKernel) -> list[tuple[float, float]]:
    """Sum each part of a predicted kernel, over the diagonal and over the pairs."""
    own = (kernel.first + kernel.second).sum(axis=1)
    return [(float(a), float(b)) for a, b in zip(own, kernel.cross.sum(axis=1), strict=True)]


def log_ratios(observed: Sums, predicted: Sums) -> dict[str, float]:
    """Logarithms of observed over predicted, by part; "layer k" is masked, "output" is not."""
    found = {}
    for k, (seen, said) in enumerate(zip(observed, predicted, strict=True)):
        part = "output" if k == len(observed) - 1 else f"layer {k + 1}"
        for measure, a, b in zip((DIAGONAL, PAIRED), seen, said, strict=True):
            # Pairs of opposite inputs have negative sums; sums of different sign are as far apart as can be.
            found[f"{part}, {measure}"] = math.log(max(a / b, _NO_RATIO))
    return found


def group_name(case: Case) -> str:
    """Name the cases that differ in size alone."""
    parts = [f"{case.criterion}, {case.weights} weights", f"L = {case.depth}", case.activation, case.initialisation]
    if case.batch or case.batch_per_input:
        batch = f"S/d = {case.batch_per_input:g}" if case.batch_per_input else f"S = {case.batch}"
        parts.append(f"{case.data}, {case.labels} labels, {batch}")
    return ", ".join([*parts, f"rho = {case.density:g}"])


def decide(
    observations: Sequence[Observation],
    variant: str,
    level: float,
    scale: float,
) -> Measurement:
    """Equivalence at the largest width of every group; refutation by a deviation that does not shrink.

    Parameters
    ----------
    observations, variant, level
        As ``Claim.decide``.
    scale
        The margin is ``scale n^(-1/2)`` at the largest width n of a group.
    """
    found = carrying(observations, variant)
    if not found:
        return not_run(level)
    groups = grouped(found, group_name)
    looked_at = {name: list(group[0].values[variant]) for name, group in groups.items()}
    tests = sum(len(listed) for listed in looked_at.values())
    rows = [
        decide_group(
            name,
            group,
            measure,
            partial(_value, variant=variant, measure=measure),
            margin=scale / math.sqrt(max(o.case.width for o in group)),
            level=level,
            tests=tests,
        )
        for name, group in groups.items()
        for measure in looked_at[name]
    ]
    return conclude(
        rows,
        len(found),
        level,
        null="every part of the network's kernel is the predicted one, on the diagonal and on pairs",
        alternative="some part's log-ratio to its prediction stays outside its margin as the width grows",
        statistic="mean log-ratio at the largest width, over its margin, farthest over parts and groups",
    )


def _value(observation: Observation, variant: str, measure: str) -> float:
    return observation.values[variant][measure]
