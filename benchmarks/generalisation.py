"""Risk, its bound and what the bound is made of, by criterion and density: a sparse linear teacher, and the digits.

One hidden ReLU layer is pruned on a batch, its kept edges get new weights (the setting of [P26]), and the masked layer
is trained to the end in the kernel regime on a sample that is independent of the batch. For every criterion and
density, over networks with batches and samples of their own:

- error: risk on a test sample: ``min(|f - y|, 1)`` for the teacher; share of wrong signs for the digits;
- complexity: ``2 (y^T K^-1 y tr K)^(1/2)/N``, which no scale of K moves;
- path: the same by ``4 d sum beta^2/D`` in the place of ``y^T K^-1 y`` and ``(1/2d) sum D ||X||^2`` in that of the
  trace, D from the types (teacher alone: the digits have no beta);
- tightness: ``4 d sum beta^2/D`` over ``y^T K^-1 y``;
- bound: GEN in full at delta = 0.1, with radii of every scale;
- rank: effective rank ``exp(-sum p ln p)`` of the kernel over N; top: share of its five largest eigenvalues; alignment.

A kernel that is singular to rounding has no complexity: it is counted under "singular" and enters no mean but those of
its spectrum.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from benchmarks.generalisation_figures import write_figures
from graphon_theory.errors import InputError
from graphon_theory.generalisation import path_complexity, scale_floor, scale_free, scaled_gen_bound
from verification.data.linear_task import Sample, digit_parts, linear_task
from verification.generalisation.complexity import complexity
from verification.generalisation.predictor import Array, hidden_kernels, interpolant
from verification.generalisation.pruned import CRITERIA, PrunedHidden, pruned_hidden
from verification.generalisation.risks import clipped_absolute, ramp, wrong_sign
from verification.ntk.spectra import alignment, spectrum
from verification.statistics import mean_interval
from verification.threads import one_thread

DATA = ("teacher", "digits")
DENSITIES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.9, 1.0)
INPUTS, ACTIVE = 64, 4
DELTA = 0.1
LEVEL = 0.025
"""Of each side of an interval."""
CROSSING = 0.7
"""Density from which on [P26] sees the criteria close to each other, or crossing."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of a run.

    Parameters
    ----------
    width
        n.
    samples
        N, of the training sample; the pruning batch has twice, the test sample three times as many, up to what the
        digits leave.
    seeds
        Networks a criterion and density, at least 2.
    """

    width: int = 512
    samples: int = 192
    seeds: int = 5


@dataclass(frozen=True)
class Row:
    """One number of one criterion at one density.

    Parameters
    ----------
    data, criterion, density, number
        What it is of.
    mean, low, high
        Mean over networks with its interval of Student, 95 per cent.
    networks
        How many entered.
    """

    data: str
    criterion: str
    density: float
    number: str
    mean: float
    low: float
    high: float
    networks: int


def measure(data: str, criterion: str, density: float, seed: int, sizes: Sizes) -> dict[str, float]:
    """Prune and train one network."""
    generator = torch.Generator().manual_seed(10_000 * seed + 7)
    counts = (2 * sizes.samples, sizes.samples, 3 * sizes.samples)
    beta: Array | None = None
    if data == "digits":
        batch, sample, test = digit_parts(counts, generator)
    else:
        task = linear_task(INPUTS, generator=generator, active=ACTIVE)
        batch, sample, test = (task.draw(count, generator) for count in counts)
        beta = task.beta.numpy()
    pruned = pruned_hidden(
        INPUTS,
        sizes.width,
        criterion=criterion,
        density=density,
        generator=generator,
        batch=batch,
        weights="redrawn" if density < 1.0 else "kept",
    )
    return _numbers(pruned, sample, test, beta)


def _numbers(pruned: PrunedHidden, sample: Sample, test: Sample, beta: Array | None) -> dict[str, float]:
    labels, truth = sample.labels.numpy(), test.labels.numpy()
    kernel, cross = hidden_kernels(pruned.network, sample.inputs, test.inputs)
    found = spectrum(kernel)
    size = len(labels)
    numbers = {
        "rank": found.entropy_rank / size,
        "top": found.energy(5),
        "alignment": alignment(kernel, labels),
    }
    try:
        measured = complexity(kernel, labels)
        outputs, fitted = (interpolant(kernel, labels, part) for part in (cross, kernel))
    except InputError:
        return numbers | {"singular": 1.0}
    loss = clipped_absolute if beta is not None else ramp
    unit = math.sqrt(2.0 / float(pruned.predicted.mean()))
    train = float(loss(fitted, labels).mean())
    bound = scaled_gen_bound(train, measured.energy, measured.trace, size, DELTA, unit=unit)
    numbers |= {
        "singular": 0.0,
        "error": float((clipped_absolute if beta is not None else wrong_sign)(outputs, truth).mean()),
        "risk": float(loss(outputs, truth).mean()),
        "complexity": 2.0 * measured.scale_free,
        "bound": bound.total,
    }
    if beta is not None:
        norms = np.linalg.norm(sample.inputs.numpy(), axis=0)
        density = pruned.predicted
        numbers |= {
            "path": scale_free(beta, density, norms, size),
            "floor": scale_floor(beta, norms, size),
            "tightness": path_complexity(beta, density).energy / measured.energy,
        }
    return {name: value for name, value in numbers.items() if math.isfinite(value)}


def measure_all(sizes: Sizes, densities: Sequence[float] = DENSITIES) -> list[Row]:
    """Measure every data set, criterion and density; the dense network once for all criteria."""
    rows: list[Row] = []
    for data in DATA:
        for density in densities:
            for criterion in CRITERIA if density < 1.0 else CRITERIA[:1]:
                with one_thread():
                    runs = [measure(data, criterion, density, seed, sizes) for seed in range(sizes.seeds)]
                names = dict.fromkeys(name for run in runs for name in run)
                for name in names:
                    values = [run[name] for run in runs if name in run]
                    ends = mean_interval(values, LEVEL) if len(values) > 1 else (values[0], math.nan, math.nan)
                    told = criterion if density < 1.0 else "dense"
                    rows.append(Row(data, told, density, name, *ends, len(values)))
    return rows


def main(sizes: Sizes, *, as_json: bool = False, densities: Sequence[float] = DENSITIES) -> None:
    """Print the tables, or JSON, and write the figures."""
    start = time.perf_counter()
    rows = measure_all(sizes, densities)
    if as_json:
        print(json.dumps({"sizes": asdict(sizes), "rows": [asdict(row) for row in rows]}))
        write_figures(rows)
        return
    for data in DATA:
        _print_table([row for row in rows if row.data == data], data, sizes)
        _print_spread([row for row in rows if row.data == data])
    for path in write_figures(rows):
        print(f"wrote {path}")
    print(f"{time.perf_counter() - start:.0f} s")


def _print_table(rows: Sequence[Row], data: str, sizes: Sizes) -> None:
    columns = ("error", "complexity", "path", "tightness", "bound", "rank", "top", "alignment", "singular")
    shown = [name for name in columns if any(row.number == name for row in rows)]
    print(f"\n{data}: n = {sizes.width}, d = {INPUTS}, N = {sizes.samples}, {sizes.seeds} networks; error with half of")
    print("its interval")
    print(
        f"{'density':>7}  {'criterion':16}"
        + "".join(f"{name:>17}" if name == "error" else f"{name:>11}" for name in shown)
    )
    for density, criterion in dict.fromkeys((row.density, row.criterion) for row in rows):
        told = f"{density:7g}  {criterion:16}"
        for name in shown:
            found = [r for r in rows if (r.density, r.criterion, r.number) == (density, criterion, name)]
            if name == "error":
                told += f"{found[0].mean:9.3f} +- {0.5 * (found[0].high - found[0].low):.3f}" if found else f"{'':>17}"
            else:
                told += f"{found[0].mean:11.3f}" if found else f"{'':>11}"
        print(told, flush=True)


def _print_spread(rows: Sequence[Row]) -> None:
    """Print how far the criteria are apart at each density, and who is best."""
    print("\ndensity  error: best, worst                         complexity: best, worst")
    for density in dict.fromkeys(row.density for row in rows if row.density < 1.0):
        told = f"{density:7g}"
        for name in ("error", "complexity"):
            found = sorted((r.mean, r.criterion) for r in rows if (r.density, r.number) == (density, name))
            if found:
                ends = f"{found[0][0]:.3f} {found[0][1]}, {found[-1][0]:.3f} {found[-1][1]}"
                told += f"  {ends:40}"
        print(told + ("   <- close by [P26]" if density >= CROSSING else ""), flush=True)
