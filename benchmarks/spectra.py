"""Spectra of tangent kernels of pruned networks and of their limits, as section 6 of [P25].

ReLU networks of three masked hidden layers and a dense output, width 1,024, on scikit-learn's digits upsampled to
16 x 16 (5 to 9 against 0 to 4). Kernels are read at samples that did not prune. One threshold a layer, but one over all
layers for iterative SynFlow. Weights are kept, or drawn anew after pruning. Three kernels a mask:

- network: the exact kernel of the masked network (``verification.ntk.empirical``);
- step: ``limit_ntk`` with the step graphon of the mask. Neurons are grouped by their degrees towards inputs, and
  within that towards outputs; W is the kept fraction of a block, V the mean of ``d w^2`` over all of its edges, kept
  or not (kept weights) or W (drawn anew);
- model: ``limit_ntk`` with the saliency model at the network's types (data, dense weights), averaged over the same
  groups of neurons, so that the mask enters by its groups alone. Random, Magnitude and one-shot SynFlow have one, and
  SNIP by the rank-S formula of each layer. Both kinds of GraSP and iterative SynFlow have none for deep networks.

For data-driven criteria at one sparsity, a fourth kernel says why kept weights part from their limit: that of the
network with the moduli of its kept weights and their signs drawn anew. W and V do not see signs: the limits stay.

Numbers: alignment with centred labels, entropy rank, trace rank, exponent of decay over the ranks ``RANKS``, relative
gap and share of the five largest eigenvalues (``verification.ntk.spectra``). Intervals are Student's over seeds (95 %),
of the network, and of the difference of network and limit at the same seed.
"""

from __future__ import annotations

import copy
import json
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from graphon_theory.criteria import homogeneous_model, path_factors, synflow_model
from graphon_theory.energy import kept_energy
from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian
from graphon_theory.saliency import FiniteModel, kept_probability
from verification.data import digits
from verification.data.batch import Batch
from verification.losses import centred_squared_loss
from verification.masks import LayerCollapse
from verification.networks import perceptron
from verification.ntk.capture import capture
from verification.ntk.empirical import empirical_ntk
from verification.ntk.graphon_factors import GraphonLayer
from verification.ntk.limit import limit_ntk
from verification.ntk.masked import WEIGHTS, MaskedNetwork, apply_masks, prune_network
from verification.ntk.spectra import alignment, spectrum
from verification.statistics import mean_interval
from verification.threads import one_thread

Array = npt.NDArray[np.float64]

CRITERIA = ("random", "magnitude", "snip", "grasp-magnitude", "grasp", "synflow", "synflow-iterative")
MODELLED = ("random", "magnitude", "snip", "synflow")
"""Criteria with a saliency model of every layer of a deep network."""
DATA_DRIVEN = ("snip", "grasp-magnitude", "grasp")
LIMITS = ("step", "model")
NUMBERS = ("alignment", "entropy rank", "trace rank", "decay", "gap", "top-5 energy")
DEPTH = 3
"""Masked layers; with the dense output, the four layers of the paper."""
RANKS = (4, 64)
"""Ranks over which the decay is fitted, declared beforehand; the upper one at most a quarter of the samples."""
RESIGNED = 0.9
"""Sparsity at which signs are drawn anew."""
_SIGNS = 77  # stream of these signs
LEVEL = 0.025
"""Probability that an interval misses, on each side."""


@dataclass(frozen=True)
class Sizes:
    """What a run measures; smaller ones run in seconds.

    Parameters
    ----------
    width, inputs, samples, batch
        Neurons of a hidden layer; pixels, a square of a side of at least 8; samples of a kernel, at least 16; samples
        that prune.
    seeds
        Networks a setting, at least two.
    sparsities
        Dropped fractions.
    criteria
        Some of ``CRITERIA``.
    groups
        Groups of neurons by degree each way: a layer has at most ``groups^2`` nodes.
    """

    width: int = 1024
    inputs: int = 256
    samples: int = 256
    batch: int = 512
    seeds: int = 3
    sparsities: tuple[float, ...] = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
    criteria: tuple[str, ...] = CRITERIA
    groups: int = 8

    def __post_init__(self) -> None:
        if self.seeds < 2:
            raise InputError("seeds", self.seeds, "give at least two, so that there is an interval")
        if self.samples < 4 * (RANKS[0] + 2):
            raise InputError("samples", self.samples, f"give at least {4 * (RANKS[0] + 2)}")


@dataclass(frozen=True)
class Row:
    """One number of one criterion, sparsity and variant of the weights.

    Parameters
    ----------
    criterion, sparsity, weights, number
        Which; "weights" is "kept", "redrawn" or "signs" (kept moduli, limits as for "kept"), and ``number`` one of
        ``NUMBERS`` or "trace".
    network
        Mean, lower and upper end of the interval.
    limits
        By limit ("step", "model"): its mean, then lower and upper end of network less limit at one seed.
    """

    criterion: str
    sparsity: float
    weights: str
    number: str
    network: tuple[float, float, float]
    limits: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    def differs(self, limit: str) -> bool:
        """Whether the interval of the difference to this limit excludes 0."""
        _, low, high = self.limits[limit]
        return low > 0.0 or high < 0.0


def layer_names(module: nn.Module) -> list[str]:
    """Names of the masked layers, input to output."""
    return [name for name, part in module.named_children() if isinstance(part, nn.Linear)][:DEPTH]


def pruned(module: nn.Sequential, criterion: str, density: float, batch: Batch, seed: int) -> dict[str, MaskedNetwork]:
    """Prune a network once, with weights kept and drawn anew."""
    kept = prune_network(
        module,
        criterion=criterion,
        density=density,
        seed=seed,
        scope="global" if criterion == "synflow-iterative" else "layer",
        layers=layer_names(module),
        loss=centred_squared_loss,
        batch=[(batch.inputs, batch.labels[:, None])],
    )
    return {
        "kept": kept,
        "redrawn": apply_masks(module, kept.masks, weights="redrawn", initialisation="gaussian", seed=seed),
    }


def resigned(network: MaskedNetwork, seed: int) -> nn.Module:
    """Copy a network and draw the signs of its masked layers' weights anew; their moduli stay."""
    module = copy.deepcopy(network.module)
    generator = torch.Generator().manual_seed(_SIGNS + seed)
    parameters = dict(module.named_parameters())
    with torch.no_grad():
        for name in network.masks:
            weight = parameters[f"{name}.weight"]
            weight.mul_(torch.randint(0, 2, weight.shape, generator=generator) * 2.0 - 1.0)
    return module


def averages(masks: Sequence[Array], groups: int) -> list[Array]:
    """Matrices that average over groups of neurons, one a layer, shapes (Q, n).

    Neurons are cut into ``groups`` parts by their degree towards inputs, and each part into ``groups`` by that towards
    the next layer; the last layer feeds one output densely and has the first cut alone, ``groups^2`` fine.
    """
    found = []
    for k, mask in enumerate(masks):
        first = mask.sum(axis=1)
        if k + 1 < len(masks):
            second = masks[k + 1].sum(axis=0)
            parts = [
                part[chosen]
                for part in np.array_split(np.argsort(first, kind="stable"), groups)
                for chosen in np.array_split(np.argsort(second[part], kind="stable"), groups)
            ]
        else:
            parts = np.array_split(np.argsort(first, kind="stable"), groups**2)
        parts = [part for part in parts if part.size]
        mean = np.zeros((len(parts), len(first)))
        for row, part in enumerate(parts):
            mean[row, part] = 1.0 / part.size
        found.append(mean)
    return found


def chain(W: Sequence[Array], V: Sequence[Array], means: Sequence[Array], readout: Array) -> list[GraphonLayer]:
    """Layers of step graphons: means over groups of given matrices, (n, d) first, then (n, n)."""
    layers: list[GraphonLayer] = []
    for k, (kept, energy, mean) in enumerate(zip(W, V, means, strict=True)):
        across = np.eye(kept.shape[1]) if k == 0 else means[k - 1].T
        shares = np.count_nonzero(mean, axis=1) / mean.shape[1]
        columns = layers[-1].weights if layers else np.full(kept.shape[1], 1.0 / kept.shape[1])
        amounts = mean @ readout if k + 1 == len(W) else np.ones(len(mean))
        first = np.clip(mean @ kept @ across, 0.0, 1.0)
        layers.append(GraphonLayer(first, mean @ energy @ across, shares, columns, amounts))
    return layers


def models(module: nn.Sequential, criterion: str, batch: Batch) -> list[FiniteModel]:
    """Saliency model of each masked layer at its types, of one entry where it is constant: no score or mask enters."""
    noise = Gaussian()
    names = layer_names(module)
    weights = [part.weight.detach().numpy() for part in module if isinstance(part, nn.Linear)]
    if criterion == "synflow":
        return [synflow_model(rows, columns, noise) for rows, columns in path_factors(weights)[:DEPTH]]
    if criterion != "snip":
        return [homogeneous_model(1, 1, noise)] * DEPTH
    factors = capture(module, batch.inputs, names, torch.float32)
    residuals = -batch.labels[:, None]
    fields = [(residuals * factors[name].signals[0]).T @ factors[name].inputs / len(residuals) for name in names]
    return [FiniteModel(np.abs(part.double().numpy()), noise) for part in fields]


def limit_chains(
    module: nn.Sequential, criterion: str, density: float, batch: Batch, found: Mapping[str, MaskedNetwork], groups: int
) -> dict[tuple[str, str], list[GraphonLayer]]:
    """Layers by limit and variant of the weights."""
    names = layer_names(module)
    weights = {name: part.detach().double().numpy() for name, part in module.named_parameters()}
    masks = [found["kept"].masks[name].double().numpy() for name in names]
    means = averages(masks, groups)
    last = weights[f"{len(module) - 1}.weight"][0]
    readout = last**2 * last.size
    energies = [mask * weights[f"{name}.weight"] ** 2 * mask.shape[1] for name, mask in zip(names, masks, strict=True)]
    chains = {
        ("step", "kept"): chain(masks, energies, means, readout),
        ("step", "redrawn"): chain(masks, masks, means, readout),
    }
    if criterion in MODELLED:
        W, V = [], []
        for model, mask in zip(models(module, criterion, batch), masks, strict=True):
            level = model.threshold(density)
            W.append(np.broadcast_to(kept_probability(model.profile, model.noise, level), mask.shape))
            V.append(np.broadcast_to(kept_energy(model.profile, model.noise, level), mask.shape))
        # Random scores choose as if the weights came afterwards.
        chains["model", "kept"] = chain(W, W if criterion == "random" else V, means, readout)
        chains["model", "redrawn"] = chain(W, W, means, readout)
    return chains


def numbers(kernel: Array, labels: Array) -> dict[str, float]:
    """Give the numbers of one kernel, and its trace over the number of samples."""
    found = spectrum(kernel)
    last = min(RANKS[1], len(kernel) // 4)
    certain = int(np.count_nonzero(found.eigenvalues > found.error))
    # A kernel that has collapsed onto few directions has no power law there.
    decay = found.decay(RANKS[0], last).exponent if certain >= last else math.nan
    return {
        "alignment": alignment(kernel, labels - labels.mean()),
        "entropy rank": found.entropy_rank,
        "trace rank": found.trace_rank,
        "decay": decay,
        "gap": found.gap,
        "top-5 energy": found.energy(5),
        "trace": float(np.trace(kernel)) / len(kernel),
    }


def split(sizes: Sizes) -> tuple[Tensor, Array, Batch]:
    """Give inputs and labels of the kernels, then all other digits, which prune."""
    everything = digits(1797, sizes.inputs, labels="centred", generator=torch.Generator().manual_seed(0))
    x, y = everything.inputs, everything.labels
    if sizes.batch > len(x) - sizes.samples:
        raise InputError("batch", sizes.batch, f"give at most {len(x) - sizes.samples}")
    rest = Batch(x[sizes.samples :], y[sizes.samples :], everything.correlations)
    return x[: sizes.samples], y[: sizes.samples].double().numpy(), rest


def measure(sizes: Sizes) -> list[Row]:
    """Measure every criterion, sparsity and variant of the weights."""
    inputs, labels, rest = split(sizes)
    rows = []
    for criterion in sizes.criteria:
        for sparsity in sizes.sparsities:
            found: dict[tuple[str, str], list[dict[str, float]]] = {}
            for seed in range(sizes.seeds):
                for key, kernel in kernels(sizes, criterion, 1.0 - sparsity, seed, inputs, rest).items():
                    found.setdefault(key, []).append(numbers(kernel, labels))
            for weights in (*WEIGHTS, *(("signs",) if ("network", "signs") in found else ())):
                rows += [_row(found, criterion, sparsity, weights, number) for number in (*NUMBERS, "trace")]
    return rows


def kernels(
    sizes: Sizes, criterion: str, density: float, seed: int, inputs: Tensor, rest: Batch
) -> dict[tuple[str, str], Array]:
    """Give the kernels of one network by "network" or limit, and variant of the weights."""
    module = perceptron(sizes.inputs, [sizes.width] * DEPTH, seed=seed)
    chosen = torch.randperm(len(rest.inputs), generator=torch.Generator().manual_seed(seed))[: sizes.batch]
    drawn = rest.labels[chosen]
    batch = Batch(rest.inputs[chosen], drawn - drawn.mean(), rest.correlations)
    networks = pruned(module, criterion, density, batch, seed)
    kernel = {
        ("network", weights): empirical_ntk(network.module, inputs, masks=network.masks).total
        for weights, network in networks.items()
    }
    if criterion in DATA_DRIVEN and math.isclose(density, 1.0 - RESIGNED):
        masks = networks["kept"].masks
        kernel["network", "signs"] = empirical_ntk(resigned(networks["kept"], seed), inputs, masks=masks).total
    for key, layers in limit_chains(module, criterion, density, batch, networks, sizes.groups).items():
        kernel[key] = limit_ntk(inputs, layers).total
    return {key: part.double().numpy() for key, part in kernel.items()}


def _row(
    found: Mapping[tuple[str, str], Sequence[Mapping[str, float]]],
    criterion: str,
    sparsity: float,
    weights: str,
    number: str,
) -> Row:
    seen = [values[number] for values in found["network", weights]]
    limits = {}
    moduli = "kept" if weights == "signs" else weights
    for limit in LIMITS:
        if (limit, moduli) in found:
            said = [values[number] for values in found[limit, moduli]]
            limits[limit] = (float(np.mean(said)), *_interval([a - b for a, b in zip(seen, said, strict=True)])[1:])
    return Row(criterion, sparsity, weights, number, _interval(seen), limits)


def _interval(values: Sequence[float]) -> tuple[float, float, float]:
    if not all(math.isfinite(value) for value in values):
        return (math.nan, math.nan, math.nan)
    return mean_interval(values, LEVEL)


def table(rows: Sequence[Row]) -> str:
    """Lay out one block a number: network with half its interval, each limit, a star where they differ."""
    lines = []
    for number in (*NUMBERS, "trace"):
        lines.append(f"\n{number}")
        heads = "".join(f"{weights + ' weights':>18}{'step':>10}{'model':>10}" for weights in WEIGHTS)
        lines.append(f"{'criterion':18}{'sparsity':>9}{heads}")
        chosen = [row for row in rows if row.number == number]
        for first in (row for row in chosen if row.weights == WEIGHTS[0]):
            line = f"{first.criterion:18}{first.sparsity:9.2f}"
            for weights in WEIGHTS:
                (row,) = (
                    r
                    for r in chosen
                    if (r.criterion, r.sparsity, r.weights) == (first.criterion, first.sparsity, weights)
                )
                mean, low, high = row.network
                line += f"{mean:10.4g} +-{(high - low) / 2.0:6.2g}"
                for limit in LIMITS:
                    told = (
                        f"{row.limits[limit][0]:.4g}{'*' if row.differs(limit) else ' '}" if limit in row.limits else ""
                    )
                    line += f"{told:>10}"
            lines.append(line.rstrip())
    apart = [row for row in rows if row.weights == "signs"]
    if apart:
        lines.append(f"\nsparsity {RESIGNED:g}, kept weights, and the same moduli with signs drawn anew")
        lines.append(f"{'criterion':18}{'number':14}{'kept':>10}{'signs anew':>19}{'step':>10}{'model':>10}")
    for row in apart:
        (kept,) = (r for r in rows if (r.criterion, r.sparsity, r.weights, r.number) == (
            row.criterion, row.sparsity, "kept", row.number))  # fmt: skip
        mean, low, high = row.network
        line = f"{row.criterion:18}{row.number:14}{kept.network[0]:10.4g}{mean:11.4g} +-{(high - low) / 2.0:5.2g}"
        line += "".join(f"{row.limits[k][0]:10.4g}{'*' if row.differs(k) else ' '}" for k in LIMITS if k in row.limits)
        lines.append(line.rstrip())
    return "\n".join(lines)


def main(sizes: Sizes, *, as_json: bool = False) -> list[Row]:
    """Measure, print the table (or JSON), and draw the figures; return the rows."""
    from benchmarks.spectra_figures import write_figures

    begun = time.perf_counter()
    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore", LayerCollapse)
        rows = measure(sizes)
    head = {"date": date.today().isoformat(), "torch": torch.__version__, "seconds": time.perf_counter() - begun}
    paths = write_figures(rows)
    if as_json:
        listed = [{k: _finite(value) for k, value in asdict(row).items()} for row in rows]
        print(json.dumps({**head, "sizes": asdict(sizes), "rows": listed}, allow_nan=False))
    else:
        print(f"{head['date']}, torch {head['torch']}, CPU, {head['seconds']:.0f} s; {sizes}")
        print("+-: half of the 95 % interval of the mean over seeds; *: network and limit differ at the same seeds")
        print(table(rows))
        print("\nfigures: " + ", ".join(str(path) for path in paths))
    return rows


def _finite(value: object) -> object:
    """JSON has no NaN: null in its place."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
