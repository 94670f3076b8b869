"""Designed masks against those of the criteria: complexity, bound and test error by density and by sample.

Every method prunes the same network of one hidden ReLU layer on the same half of the data ("kept" weights). Then

- path: what PATH and SCALE bound the complexity by, from the mask's own path density (teachers alone);
- complexity and bound: of the network's own ``K_1`` on the other half, independent of the mask;
- kernel: test error after training the masked layer to the end in the kernel regime on that other half;
- adam: test error after ordinary training of both layers by Adam on both halves.

Test error is ``min(|f - y|, 1)`` for the Gaussian teachers (four of 64 inputs matter, or the k-th matters as 1/k) and
the share of wrong signs for digits (5-9 against 0-4). "design" is what ``graphon design`` samples, "limit" the limit's
optimum as it is, "relaxed" that of the linear part alone. Differences are paired by seed: data, weights and teacher of
a seed are the same for all methods.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch

from benchmarks.design_figures import write_figures
from verification.data.linear_task import Sample, digit_parts, linear_task
from verification.design import Profile, design
from verification.design.compare import judge, pruned
from verification.design.profile import columns_of
from verification.design.select import tailor
from verification.design.training import train_all
from verification.generalisation.risks import clipped_absolute, wrong_sign
from verification.networks import OneHiddenLayer
from verification.statistics import mean_interval
from verification.threads import one_thread

DATA = ("sparse", "decaying", "digits")
CRITERIA = ("random", "magnitude", "snip", "grasp", "synflow")
DESIGNS = ("design", "limit", "relaxed")
NUMBERS = ("path", "complexity", "bound", "kernel", "adam")
DENSITIES = (0.02, 0.1, 0.3, 0.7)
CURVE = (32, 192)
CURVE_DATA = ("sparse", "digits")
CURVE_DENSITY = 0.1
INPUTS = 64
LEVEL = 0.025
"""Of each side of an interval."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of a run.

    Parameters
    ----------
    width
        n.
    samples
        N of each half.
    seeds
        Networks a setting, at least 2.
    test
        Test samples.
    steps
        Steps of Adam.
    """

    width: int = 128
    samples: int = 96
    seeds: int = 5
    test: int = 400
    steps: int = 100


@dataclass(frozen=True)
class Row:
    """One number of one method in one setting.

    Parameters
    ----------
    data, samples, density, method, number
        What it is of; samples of a half.
    values
        One a seed; NaN where the kernel was singular.
    """

    data: str
    samples: int
    density: float
    method: str
    number: str
    values: tuple[float, ...]

    @property
    def found(self) -> list[float]:
        """The values that are numbers."""
        return [value for value in self.values if math.isfinite(value)]

    @property
    def interval(self) -> tuple[float, float, float]:
        """Mean and Student's interval, 95 per cent; NaN where there are fewer than two values."""
        return mean_interval(self.found, LEVEL) if len(self.found) > 1 else (math.nan, math.nan, math.nan)


def measure(data: str, density: float, seed: int, sizes: Sizes) -> dict[str, dict[str, float]]:
    """Design, prune by every method and train: numbers by method."""
    generator = torch.Generator().manual_seed(20_000 + seed)
    counts = (sizes.samples, sizes.samples, sizes.test)
    beta = None
    if data == "digits":
        batch, sample, test = digit_parts(counts, generator)
    else:
        task = linear_task(INPUTS, generator=generator, teacher=data)
        batch, sample, test = (task.draw(count, generator) for count in counts)
        beta = task.beta.numpy()
    X, y = batch.inputs.numpy(), batch.labels.numpy()
    found = design(X, y, density, starts=("relaxed",), steps=30)
    network = OneHiddenLayer(X.shape[1], sizes.width, initialisation="gaussian", seed=seed).double()
    best = tailor(found, network, X, y, seed=seed)
    flat = columns_of(np.minimum(found.relaxed.density, 1.0 - 1e-9), found.profile.noise)
    methods: list[str | tuple[str, Profile]] = [
        ("design", best.profile),
        ("limit", found.profile),
        ("relaxed", replace(found.profile, columns=flat)),
        *CRITERIA,
        "dense",
    ]
    networks = [pruned(method, sizes.width, batch=batch, density=density, seed=seed) for method in methods]
    names = [method if isinstance(method, str) else method[0] for method in methods]
    both = Sample(torch.cat([batch.inputs, sample.inputs]), torch.cat([batch.labels, sample.labels]))
    outputs = train_all(networks, both.inputs, both.labels, test.inputs, steps=sizes.steps).double().numpy()
    error = wrong_sign if data == "digits" else clipped_absolute
    numbers = {}
    for name, one, out in zip(names, networks, outputs, strict=True):
        told = judge(name, one, sample, test, beta=beta)
        numbers[name] = {
            "path": told.path,
            "complexity": told.complexity,
            "bound": told.bound,
            "kernel": told.error,
            "adam": float(error(out, test.labels.numpy()).mean()),
        }
    return numbers


def measure_all(
    sizes: Sizes,
    data: Sequence[str] = DATA,
    densities: Sequence[float] = DENSITIES,
    curve: Sequence[int] = CURVE,
) -> list[Row]:
    """Measure every setting: densities at the default sample, and further samples at one density."""
    rows = []
    for name in data:
        settings = [(sizes.samples, density) for density in densities]
        settings += [(size, CURVE_DENSITY) for size in curve if name in CURVE_DATA]
        for samples, density in settings:
            with one_thread():
                runs = [measure(name, density, seed, replace(sizes, samples=samples)) for seed in range(sizes.seeds)]
            rows += [
                Row(name, samples, density, method, number, tuple(run[method][number] for run in runs))
                for method in runs[0]
                for number in NUMBERS
            ]
    return rows


def difference(rows: Sequence[Row], setting: tuple[str, int, float], number: str, method: str) -> Row:
    """Design less another method, seed by seed."""
    left, right = (_row(rows, setting, number, name) for name in ("design", method))
    gaps = tuple(a - b for a, b in zip(left.values, right.values, strict=True))
    return replace(left, method=f"design - {method}", values=gaps)


def main(
    sizes: Sizes,
    *,
    as_json: bool = False,
    data: Sequence[str] = DATA,
    densities: Sequence[float] = DENSITIES,
    curve: Sequence[int] = CURVE,
) -> None:
    """Print the tables, or JSON, and write the figures."""
    start, spent = time.perf_counter(), time.process_time()
    rows = measure_all(sizes, data, densities, curve)
    paths = write_figures(rows, sizes.samples, CURVE_DENSITY)
    if as_json:
        told = [{k: _finite(v) for k, v in asdict(row).items()} for row in rows]
        print(json.dumps({"sizes": asdict(sizes), "rows": told}, allow_nan=False))
        return
    for number in NUMBERS:
        print(table([row for row in rows if (row.data, number) != ("digits", "path")], number, sizes))
    print(wins(rows))
    for path in paths:
        print(f"wrote {path}")
    print(f"{time.perf_counter() - start:.0f} s, of the processor {time.process_time() - spent:.0f} s")


def table(rows: Sequence[Row], number: str, sizes: Sizes) -> str:
    """Means by method; the last column says how design differs from SNIP."""
    methods = list(dict.fromkeys(row.method for row in rows))
    lines = [f"\n{number}: n = {sizes.width}, d = {INPUTS}, {sizes.seeds} seeds; design less snip with its interval"]
    lines.append(f"{'data':9}{'N':>4}{'density':>8}" + "".join(f"{name:>10}" for name in methods) + "   design - snip")
    for setting in _settings(rows):
        told = f"{setting[0]:9}{setting[1]:4d}{setting[2]:8g}"
        for name in methods:
            row = _row(rows, setting, number, name)
            mark = "" if len(row.found) == len(row.values) else "*"
            told += f"{_number(row.interval[0]) + mark:>10}"
        gap = difference(rows, setting, number, "snip")
        mean, low, high = gap.interval
        lines.append(told + ("" if math.isnan(mean) else f"   {mean:+.3f} ({low:+.3f} to {high:+.3f})"))
    return "\n".join(lines) + "\n* seeds left out: singular kernels, or (path) an input that matters has no edge"


def wins(rows: Sequence[Row]) -> str:
    """Where the paired interval of design less a criterion is on one side of 0, unadjusted."""
    lines = ["\ndesign better | worse | undecided, settings by paired intervals of 95 % (unadjusted)"]
    for data in dict.fromkeys(row.data for row in rows):
        for number in NUMBERS[data == "digits" :]:
            told = []
            for method in (*CRITERIA, "dense"):
                counts = [0, 0, 0]
                for setting in _settings(rows):
                    if setting[0] == data:
                        _, low, high = difference(rows, setting, number, method).interval
                        counts[0 if high < 0.0 else 1 if low > 0.0 else 2] += 1
                told.append(f"{method} {counts[0]}|{counts[1]}|{counts[2]}")
            lines.append(f"{data:9}{number:11}" + "  ".join(f"{one:15}" for one in told))
    return "\n".join(lines)


def _row(rows: Sequence[Row], setting: tuple[str, int, float], number: str, method: str) -> Row:
    """Return the row of a method."""
    found = (row for row in rows if (row.data, row.samples, row.density) == setting)
    return next(row for row in found if (row.number, row.method) == (number, method))


def _settings(rows: Sequence[Row]) -> list[tuple[str, int, float]]:
    return list(dict.fromkeys((row.data, row.samples, row.density) for row in rows))


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}" if value < 100.0 else f"{value:.3g}"


def _finite(value: object) -> object:
    """NaN, which JSON lacks, as null."""
    if isinstance(value, tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
