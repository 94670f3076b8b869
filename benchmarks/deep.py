"""Deep networks as in [P25], section 4.3: how far histograms of masks move with width, and how much of it is sorting.

Perceptrons of 3 to 5 linear layers on scikit-learn's digits, upsampled to 32 x 32 (MNIST's files are not shipped; the
first layer has 1,024 inputs instead of 784), ten classes, cross-entropy, a batch of 512; Gaussian initialisation of
variance 1/fan-in. Densities 0.3, 0.2, 0.1 as in the paper, widths 100 to 2,000, 64 blocks. One threshold over all
layers ("global"), or one a layer, which keeps the density of a layer the same at all widths. Iterative SynFlow, slow
and global by nature, is run in the first setting alone. The paper has 100 runs, here there are RUNS.

[P25] compares widths by the Euclidean distance of degree-sorted histograms, 64 times the L2 norm of the difference
of two step functions. So does this, in these columns:

- run: mean distance of a run at this width and one at the largest; at the largest, of two different runs;
- null: the same of masks without structure, uniform sets of as many entries in layers of the same shape;
- shape: distance of the histograms expected of a run, with their own densities taken off, degree-sorted; its null;
  and cross-fitted, which is real structure up to the blur of its positions;
- spread: deviation of the cross-fitted histogram from its own density: how much structure there is in all.

The last two lines are estimated without bias by runs: with x_s the histogram of run s at one width and y_s at the
largest, the mean over s != t of <x_s - y_s, x_t - y_t> has the expectation ||E x - E y||^2, whatever the noise of a
run. It may come out negative; the signed root is printed.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure
from scipy import optimize, special
from torch import Tensor, nn

from graphon_theory.bounds import null_distance
from verification.criteria import score, synflow_iterative
from verification.cutnorm import cut_norm
from verification.data import digits_classes
from verification.histograms import (
    cross_fitted_histogram,
    degree_sorted_histogram,
    gradient,
    histogram_distance,
    null_band,
    uniform_mask,
)
from verification.losses import cross_entropy
from verification.masks import LayerCollapse, mask
from verification.networks import perceptron

Array = npt.NDArray[np.float64]

WIDTHS = (100, 250, 500, 1000, 2000)
SETTINGS = (
    (4, 0.1, "global"),
    (4, 0.1, "layer"),
    (4, 0.2, "global"),
    (4, 0.3, "global"),
    (3, 0.1, "global"),
    (5, 0.1, "global"),
)
"""Linear layers, density, scope of the threshold; the first has the figure, p-values and certified distances."""
DETAILED = 2
"""Settings of which the first layer is shown as well; of the others the second alone."""
CRITERIA = ("random", "magnitude", "snip", "grasp-magnitude", "synflow", "synflow-iterative")
RUNS = 4
INPUTS, CLASSES, BATCH = 1024, 10, 512
BLOCKS, HONEST_BLOCKS = 64, 32
"""Cells an axis: sorted as in the paper; cross-fitted, whose halves of 50 rows at width 100 cannot fill 64."""
DRAWS, TESTED = 99, 500
"""Masks without structure behind a p-value, and the largest width at which they are drawn."""
FOLDER = Path("runs/benchmarks")
LIMIT = 2000
MOST_SHOWN = 2.5
SHOWN = (("synflow-iterative", "SynFlow, 100 steps"), ("snip", "SNIP"), ("magnitude", "Magnitude"))
KINDS = ("sorted", "null", "honest", "honest null")


@dataclass
class Layer:
    """Histograms of one layer over the runs, by kind: degree-sorted, cross-fitted, and the same of null masks."""

    densities: dict[str, list[Array]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    shares: list[float] = field(default_factory=list)
    kept: npt.NDArray[np.bool_] | None = None


Setting = tuple[int, float, str]
Key = tuple[Setting, int, str, int]
"""Setting, width, criterion, layer from 1."""


def network(depth: int, width: int, seed: int) -> nn.Sequential:
    """Perceptron of ``depth`` linear layers."""
    return perceptron(INPUTS, [width] * (depth - 1), outputs=CLASSES, seed=seed)


def masks_of(
    module: nn.Sequential, criterion: str, wanted: Sequence[Setting], seed: int
) -> Iterator[tuple[Setting, list[Tensor]]]:
    """Masks of all layers, in order, for each setting of this depth."""
    generator = torch.Generator().manual_seed(seed)
    if criterion == "synflow-iterative":
        for setting in wanted:
            yield setting, list(synflow_iterative(module, setting[1], generator=generator).masks.values())
        return
    batch = digits_classes(BATCH, INPUTS, generator=generator)
    pairs = [(batch.inputs, batch.labels)]
    scores = score(module, cross_entropy, pairs, criterion=criterion, generator=generator)
    for setting in wanted:
        _, density, scope = setting
        yield setting, list(mask(scores, density=density, scope=scope, generator=generator).values())


def shown(setting: Setting) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Layers and criteria reported of a setting."""
    place = SETTINGS.index(setting)
    return (1, 2) if place < DETAILED else (2,), CRITERIA if place == 0 else CRITERIA[:-1]


def measure(widths: Sequence[int]) -> dict[Key, Layer]:
    """Histograms of every setting, width, criterion and reported layer."""
    found: dict[Key, Layer] = {}
    for width in widths:
        begun = time.perf_counter()
        for depth in dict.fromkeys(depth for depth, _, _ in SETTINGS):
            for run in range(RUNS):
                seed = 1000 * width + 10 * run + depth
                module, source = network(depth, width, seed), torch.Generator().manual_seed(seed)
                for criterion in CRITERIA:
                    wanted = [s for s in SETTINGS if s[0] == depth and criterion in shown(s)[1]]
                    for setting, masks in masks_of(module, criterion, wanted, seed):
                        for layer in shown(setting)[0]:
                            place = found.setdefault((setting, width, criterion, layer), Layer())
                            _add(place, masks[layer - 1].numpy(), source)
        print(f"width {width}: {time.perf_counter() - begun:.0f} s", flush=True)
    return found


def _add(place: Layer, kept: npt.NDArray[np.bool_], source: torch.Generator) -> None:
    """Add a run: the mask's histograms, and those of a uniform set of as many entries."""
    if place.kept is None:
        place.kept = kept
    place.shares.append(float(kept.mean()))
    n, d = kept.shape
    for name, given in (("", kept), ("null", uniform_mask((n, d), int(kept.sum()), source))):
        sorted_kind, honest_kind = (name or "sorted"), f"honest {name}".strip()
        place.densities[sorted_kind].append(degree_sorted_histogram(given, BLOCKS).densities)
        honest = cross_fitted_histogram(given, HONEST_BLOCKS, generator=source)
        place.densities[honest_kind].append(honest.densities)


def run_distance(one: Sequence[Array], other: Sequence[Array]) -> float:
    """Mean Euclidean distance of two runs' histograms; at one width, of two different runs."""
    same = one is other
    return float(
        np.mean(
            [np.linalg.norm(a - b) for s, a in enumerate(one) for t, b in enumerate(other) if not (same and s == t)]
        )
    )


def expected_distance(one: Sequence[Array], other: Sequence[Array] | None) -> float:
    """Signed root of the unbiased estimate of ``||E x - E y||^2`` (L2 norm of step functions); None: y = 0."""
    differences = [a - b for a, b in zip(one, other, strict=True)] if other is not None else list(one)
    squares = [float((a * b).mean()) for s, a in enumerate(differences) for t, b in enumerate(differences) if s != t]
    mean = float(np.mean(squares))
    return math.copysign(math.sqrt(abs(mean)), mean)


def shape(histograms: Sequence[Array]) -> list[Array]:
    """Histograms less their own mean."""
    return [densities - densities.mean() for densities in histograms]


def print_distances(found: dict[Key, Layer], widths: Sequence[int]) -> None:
    """Print distances to the largest width, setting by setting."""
    for setting in SETTINGS:
        depth, density, scope = setting
        layers, criteria = shown(setting)
        told = f"{depth} linear layers, density {density:g}, threshold {scope}"
        print(f"\n{told}; Euclidean distances to width {widths[-1]}")
        print(f"{'':46}{'degree-sorted':^14}  {'shape: sorted, null, cross-fitted':^33}")
        print(
            f"{'criterion':18}{'layer':>6}{'width':>6}{'layer density':>15} {'run':>7}{'null':>7}"
            f"{'sorted':>11}{'null':>11}{'cross':>11}{'spread':>9}"
        )
        for criterion in criteria:
            for layer in layers:
                last = found[setting, widths[-1], criterion, layer].densities
                for width in widths:
                    here = found[setting, width, criterion, layer]
                    runs = "".join(f"{run_distance(here.densities[k], last[k]):7.2f}" for k in ("sorted", "null"))
                    shapes = ""
                    for kind in ("sorted", "null", "honest"):
                        if width < widths[-1]:
                            moved = expected_distance(shape(here.densities[kind]), shape(last[kind]))
                            shapes += f"{BLOCKS * moved:11.2f}"
                        else:
                            shapes += f"{'':11}"
                    spread = BLOCKS * expected_distance(shape(here.densities["honest"]), None)
                    print(
                        f"{criterion:18}{layer:6d}{width:6d}{np.mean(here.shares):15.4f} {runs}{shapes}{spread:9.2f}",
                        flush=True,
                    )


def print_noise_share(found: dict[Key, Layer], widths: Sequence[int]) -> None:
    """Print, by criterion, how much of the squared distance the null reaches."""
    print(f"\nsquared null distance over squared degree-sorted distance, run to run, to width {widths[-1]}, layer 2;")
    print("mean over settings with one threshold, then with one a layer; 1: masks without structure reach as much")
    print(f"{'criterion':18}" + 2 * ("".join(f"{width:8d}" for width in widths) + "    "))
    for criterion in CRITERIA:
        told = ""
        for scope in ("global", "layer"):
            settings = [s for s in SETTINGS if s[2] == scope and criterion in shown(s)[1]]
            for width in widths:
                ratios = []
                for setting in settings:
                    here = found[setting, width, criterion, 2].densities
                    last = found[setting, widths[-1], criterion, 2].densities
                    both = [run_distance(here[kind], last[kind]) for kind in ("null", "sorted")]
                    ratios.append((both[0] / both[1]) ** 2)
                told += f"{np.mean(ratios):8.2f}" if ratios else ""
            told += "    "
        print(f"{criterion:18}{told}", flush=True)


def print_tests(found: dict[Key, Layer], widths: Sequence[int]) -> None:
    """Print cut distances of mean histograms, and exact p-values of gradients; these up to width ``TESTED`` alone."""
    setting = SETTINGS[0]
    depth, density, _ = setting
    print(f"\n{depth} linear layers, density {density:g}, one threshold, layer 2")
    print(f"cut: certified cut distance of the mean histograms to those of width {widths[-1]}, sorted and null;")
    print(f"gradient: fall of density from first to last cell in one run, p: exact, {DRAWS} masks without structure")
    print(f"{'criterion':20}{'width':>6}{'cut':>9}{'null':>9}{'gradient':>10}{'p':>6}{'sorted':>10}{'p':>6}")
    for criterion in CRITERIA:
        last = found[setting, widths[-1], criterion, 2]
        means = {kind: np.mean(last.densities[kind], axis=0) for kind in ("sorted", "null")}
        for width in widths:
            here = found[setting, width, criterion, 2]
            cuts = [
                histogram_distance(np.mean(here.densities[kind], axis=0), means[kind]).cut.upper or 0.0
                for kind in ("sorted", "null")
            ]
            kept = here.kept
            told = ""
            if kept is not None and width <= TESTED:
                source = torch.Generator().manual_seed(width)
                honest = cross_fitted_histogram(kept, HONEST_BLOCKS, generator=source)
                count, sides = int(kept.sum()), (kept.shape[0], kept.shape[1])
                band = null_band(sides, count, HONEST_BLOCKS, generator=source, draws=DRAWS, statistic=gradient)
                naive = degree_sorted_histogram(kept, BLOCKS)
                other = null_band(
                    sides, count, BLOCKS, generator=source, draws=DRAWS, procedure="degree-sorted", statistic=gradient
                )
                told = f"{gradient(honest):10.4f}{band.p_value(honest):6.2f}"
                told += f"{gradient(naive):10.4f}{other.p_value(naive):6.2f}"
            print(f"{criterion:20}{width:6d}{cuts[0]:9.5f}{cuts[1]:9.5f}{told}", flush=True)


def predicted(module: nn.Sequential, criterion: str, density: float) -> list[Array]:
    """Kept probabilities by formula, one matrix a layer, all at one threshold; no score enters.

    Random: the density everywhere. Otherwise ``P(|w| >= tau / h)`` for Gaussian weights of the layer's scale, with
    ``h = 1`` (Magnitude), or outer times inner path sum over the other layers (SynFlow, one shot).
    """
    weights = [part.weight.detach().double().abs() for part in module if isinstance(part, nn.Linear)]
    if criterion == "random":
        return [np.full(weight.shape, density) for weight in weights]
    profiles = []
    inner, inward = torch.ones(INPUTS, dtype=torch.float64), []
    for weight in weights:
        inward.append(inner)
        inner = weight @ inner
    outer = torch.ones(CLASSES, dtype=torch.float64)
    for weight, into in zip(reversed(weights), reversed(inward), strict=True):
        h = torch.outer(outer, into) if criterion == "synflow" else torch.ones_like(weight)
        profiles.append((h * weight.shape[1] ** -0.5).numpy())
        outer = weight.T @ outer
    profiles.reverse()
    total = sum(profile.size for profile in profiles)

    def excess(log_level: float) -> float:
        level = math.exp(log_level) / math.sqrt(2.0)
        return float(sum(special.erfc(level / profile).sum() for profile in profiles)) / total - density

    centre = math.log(float(np.median(profiles[0])))
    log_tau = optimize.brentq(excess, centre - 12.0, centre + 12.0, xtol=1e-9)
    return [special.erfc(math.exp(log_tau) / math.sqrt(2.0) / profile) for profile in profiles]


def print_predictions(widths: Sequence[int]) -> None:
    """Print certified cut distances of masks to predictions, layer by layer, one network a width."""
    depth, density, _ = SETTINGS[0]
    print(f"\n{depth} linear layers, density {density:g}, one threshold: certified cut distance of the mask to its")
    print("predicted graphon, [lower, upper] x 1000; over: lower over NULL's formula for that density; constant: lower")
    print("bound of the distance to the constant graphon, x 1000; mean P: predicted density of the layer")
    columns = f"{'lower':>9}{'upper':>9}{'over':>7}{'constant':>10}{'kept':>8}{'mean P':>8}"
    print(f"{'criterion':12}{'width':>6}{'layer':>6}{columns}")
    for criterion in ("random", "magnitude", "synflow"):
        for width in widths:
            module = network(depth, width, seed=7 + width)
            ((_, masks),) = masks_of(module, criterion, [SETTINGS[0]], seed=11 + width)
            for layer, (kept, p) in enumerate(zip(masks, predicted(module, criterion, density), strict=True), start=1):
                values, mean = kept.double().numpy(), float(p.mean())
                found = cut_norm(values - p)
                flat = cut_norm(values - mean, certify=False)
                n, d = kept.shape
                # NULL is a limit in both sides: it says nothing of the ten rows of the output layer.
                over = f"{found.lower / null_distance(n, d, mean):7.2f}" if min(n, d) > CLASSES else f"{'':7}"
                bounds = f"{1000 * found.lower:9.3f}{1000 * (found.upper or 0.0):9.3f}"
                densities = f"{1000 * flat.lower:10.3f}{values.mean():8.4f}{mean:8.4f}"
                print(f"{criterion:12}{width:6d}{layer:6d}{bounds}{over}{densities}", flush=True)


def draw(found: dict[Key, Layer], widths: Sequence[int]) -> None:
    """Draw layer 2 over widths: degree-sorted above, cross-fitted below, masks without structure beside."""
    setting = SETTINGS[0]
    depth, density, _ = setting
    chosen = list(dict.fromkeys((widths[0], widths[len(widths) // 2], widths[-1])))
    groups = [*SHOWN, ("", "without structure")]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": "graphon-theory", "font.size": 9.0}):
        figure = Figure(figsize=(1.25 * len(groups) * len(chosen) + 1.0, 3.2), layout="constrained")
        axes = figure.subplots(2, len(groups) * len(chosen), squeeze=False)
        for group, (criterion, title) in enumerate(groups):
            for column, width in enumerate(chosen, start=group * len(chosen)):
                layer = found[setting, width, criterion or "random", 2]
                kinds = ("sorted", "honest") if criterion else ("null", "honest null")
                for row, kind in enumerate(kinds):
                    axis, mean = axes[row][column], np.mean(layer.densities[kind], axis=0)
                    image = axis.imshow(
                        mean / mean.mean(), cmap="cividis", vmin=0.0, vmax=MOST_SHOWN, interpolation="nearest"
                    )
                    axis.set_xticks([])
                    axis.set_yticks([])
                first = f"{title}\n" if column == group * len(chosen) else "\n"
                axes[0][column].set_title(f"{first}n = {width}", fontsize=8, loc="left")
        axes[0][0].set_ylabel(f"sorted by own\ndegrees, {BLOCKS} blocks")
        axes[1][0].set_ylabel(f"cross-fitted,\n{HONEST_BLOCKS} blocks")
        figure.suptitle(f"Layer 2 of {depth}, density {density:g} of the whole network, mean of {RUNS} runs")
        figure.colorbar(image, ax=axes, shrink=0.8, label="density of a cell / of the layer", extend="max")
        for suffix in (".svg", ".png"):
            metadata = {"Date": None} if suffix == ".svg" else None
            figure.savefig(FOLDER / f"deep{suffix}", dpi=160, metadata=metadata)
    print(f"\nfigure: {FOLDER}/deep.svg, {FOLDER}/deep.png")


def main(largest: int) -> None:
    """Print the tables for widths up to ``largest`` (at most 2,000) and draw the figure."""
    widths = [width for width in WIDTHS if width <= min(largest, LIMIT)]
    if len(widths) < 2:
        raise SystemExit(f"--largest {largest}: give at least {WIDTHS[1]}, so that there are two widths to compare")
    print(f"{date.today().isoformat()}, {torch.get_num_threads()} threads, torch {torch.__version__}, {RUNS} runs")
    with warnings.catch_warnings():
        # An emptied layer is a finding of the tables here, not an accident.
        warnings.simplefilter("ignore", LayerCollapse)
        found = measure(widths)
        print_distances(found, widths)
        print_noise_share(found, widths)
        print_tests(found, widths)
        print_predictions(widths)
    draw(found, widths)
