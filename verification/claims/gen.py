"""GEN, measured: how often the risk exceeds its bound, and whether noise is explained as little as its proof says.

The kernel is that of a real masked network; the sample is fresh, drawn after the mask, and so is the test sample. A
trial has two tasks: a linear teacher with noise, and labels -1 and 1 that are noise altogether.

* Coverage, for each task, and for radii from 1 up as for radii of every scale: the risk's lower confidence limit lies
  above the bound in no more than ``DELTA + ETA`` of the trials. By the exact binomial law over all trials, whatever was
  pruned.
* "noise explained": ``y^T K y/tr K`` for labels of noise. The supremum of ``N^-1 sum y f`` over the ball of radius R is
  ``R (y^T K y)^(1/2)/N``, which the proof of GEN bounds by ``R (tr K)^(1/2)/N``: the mean over independent signs is 1,
  and that it is at most 1 is all that the proof uses.

The bound is loose, for what its proof leaves to chance: coverage rejects formulas that leave something out, but not the
use of the pruning batch itself, which the second part rejects.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from graphon_theory.generalisation import gen_bound, scaled_gen_bound
from verification.cases import Case, Observation, Values
from verification.claims.asymptotic import conclude
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run
from verification.claims.pruned_samples import Array, prune_on
from verification.claims.pruned_samples import group_name as setting
from verification.data.linear_task import LinearTask, Sample, linear_task
from verification.generalisation.predictor import KernelRegime, kernel_regime
from verification.generalisation.risks import clipped_absolute, least_risk
from verification.statistics import (
    binomial_at_least,
    binomial_interval,
    detectable_mean,
    detectable_proportion,
    mean_interval,
)

DELTA = 0.1
"""Failure probability of the bound."""

ETA = 0.001
"""Probability, at most, that a risk lies below its confidence limit."""

SAMPLES, TEST = 128, 512
"""N, and the size of the test sample."""

MARGIN = 0.2
"""What of the noise may be explained beyond a share of 1 on average."""

ACTIVE = 4
"""Inputs that matter to the teacher."""

TEACHER, NOISE = "coverage, teacher", "coverage, noise"
EVERY_SCALE = ", radii of every scale"
EXPLAINED = "noise explained"


class Gen:
    """The claim of statement GEN."""

    id = "GEN"
    criteria = ("random", "magnitude", "snip", "grasp-magnitude", "grasp", "synflow")
    on_models = False
    mutants = (
        Mutant("pruning-batch", "the same for the sample that pruned", own_data=True),
        Mutant("no-complexity", "risk <= train + confidence: every network that fits generalises"),
        Mutant("level-zero", "radius 1, whatever the norm of the predictor"),
        Mutant("largest-eigenvalue", "lambda_max in the place of tr K"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Prune on one batch, train on another sample in the kernel regime, and hold the risk against the bounds."""
        generator = torch.Generator().manual_seed(seed)
        teacher = linear_task(case.inputs, generator=generator, active=min(ACTIVE, case.inputs), signal=case.signal)
        values: dict[str, dict[str, float]] = {}
        for part in (TEACHER, NOISE):
            sample, batch, test = (
                _draw(teacher, size, part, generator) for size in (SAMPLES, case.batch or SAMPLES, TEST)
            )
            if case.variant == "pruning-batch":
                batch = sample
            pruned = prune_on(case, batch, generator)
            labels = sample.labels.numpy()
            regime = kernel_regime(pruned.network, sample.inputs, labels, test.inputs)
            largest = float(np.linalg.eigvalsh(regime.kernel)[-1])
            risk = least_risk(clipped_absolute(regime.test, test.labels.numpy()), ETA)
            # A unit of the radii that the sample has no part in: the norm at which outputs are of order 1.
            unit = math.sqrt(2.0 / float(pruned.predicted.mean()))
            for name, bounds in _bounds(regime, labels, largest, unit).items():
                values.setdefault(name, {}).update({part + form: risk - bound for form, bound in bounds.items()})
            if part == NOISE:
                explained = float(labels @ regime.kernel @ labels)
                values[STATEMENT][EXPLAINED] = explained / regime.complexity.trace
                values["largest-eigenvalue"][EXPLAINED] = explained / largest
        return values if case.variant == STATEMENT else {case.variant: values[STATEMENT]}

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Coverage over all trials, and the mean share of noise that is explained, for every group."""
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        groups = grouped(found, group_name) if EXPLAINED in found[0].values[variant] else {}
        parts = [measure for measure in found[0].values[variant] if measure != EXPLAINED]
        tests = len(groups) + len(parts)
        rows = [_coverage(part, found, variant, level, level / tests) for part in parts]
        rows += [_explained(name, group, variant, level, level / tests) for name, group in groups.items()]
        return conclude(
            rows,
            len(found),
            level,
            null=f"the risk exceeds the bound with probability {DELTA:g} at most; noise is explained to a share of 1",
            alternative="the bound is exceeded more often, or more of the noise is explained",
            statistic="share of the trials beyond the bound over what is allowed; mean share of noise over its margin",
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Say what the pruning batch does to the part that the proof bounds."""
        shown = []
        for variant, name in ((STATEMENT, "a fresh sample"), ("pruning-batch", "the sample that pruned")):
            values = [o.values[variant][EXPLAINED] for o in carrying(observations, variant)]
            if len(values) > 1:
                mean, low, high = mean_interval(values, level)
                shown.append(f"{mean:.2f} ({low:.2f} to {high:.2f}) on {name}")
        return f"Noise is explained, y^T K y/tr K, to a share of {'; '.join(shown)}." if shown else None


def group_name(case: Case) -> str:
    """Name the cases that differ in size alone."""
    return f"{setting(case)}, R^2 = {case.signal:g}"


def _draw(task: LinearTask, size: int, part: str, generator: torch.Generator) -> Sample:
    """Draw a sample of the teacher, or of inputs with labels of noise."""
    sample = task.draw(size, generator)
    if part == TEACHER:
        return sample
    return Sample(sample.inputs, 2.0 * torch.randint(2, (size,), generator=generator).double() - 1.0)


def _bounds(regime: KernelRegime, labels: Array, largest: float, unit: float) -> dict[str, dict[str, float]]:
    """Bounds of the risk by each variant and form; the energy is taken at the upper end of its enclosure."""
    found = regime.complexity
    train = float(clipped_absolute(regime.train, labels).mean())
    energy = found.energy + found.error

    def both(trace: float) -> dict[str, float]:
        return {
            "": gen_bound(train, energy, trace, SAMPLES, DELTA).total,
            EVERY_SCALE: scaled_gen_bound(train, energy, trace, SAMPLES, DELTA, unit=unit).total,
        }

    bound = gen_bound(train, energy, found.trace, SAMPLES, DELTA)
    return {
        STATEMENT: both(found.trace),
        "no-complexity": {"": bound.train + bound.confidence},
        "level-zero": {"": gen_bound(train, 1.0, found.trace, SAMPLES, DELTA).total},
        "largest-eigenvalue": both(largest),
    }


def _coverage(
    part: str, found: Sequence[Observation], variant: str, level: float, share: float
) -> dict[str, float | str]:
    """Hold the number of trials beyond the bound against the binomial law."""
    excess = [o.values[variant][part] for o in found]
    beyond, allowed = sum(x > 0.0 for x in excess), DELTA + ETA
    outcome = Outcome.INCONCLUSIVE
    if binomial_at_least(beyond, len(excess), allowed) <= share:
        outcome = Outcome.REFUTED
    elif binomial_interval(beyond, len(excess), 2.0 * level)[1] < allowed:
        outcome = Outcome.SUPPORTED
    return {
        "group": "all",
        "measure": part,
        "trials": float(len(excess)),
        "beyond": float(beyond),
        "allowed": allowed,
        "largest excess": max(excess),
        "share of margin": beyond / len(excess) / allowed,
        "detectable": detectable_proportion(len(excess), share, allowed) / allowed,
        "outcome": outcome.value,
    }


def _explained(
    name: str, group: Sequence[Observation], variant: str, level: float, share: float
) -> dict[str, float | str]:
    """Hold the mean share of explained noise against 1, from above."""
    values = [o.values[variant][EXPLAINED] for o in group]
    mean, low, high = mean_interval(values, level)
    outcome = Outcome.INCONCLUSIVE
    if high < 1.0 + MARGIN:
        outcome = Outcome.SUPPORTED
    elif mean_interval(values, share)[1] > 1.0 + MARGIN:
        outcome = Outcome.REFUTED
    return {
        "group": name,
        "measure": EXPLAINED,
        "mean": mean,
        "low": low,
        "high": high,
        "margin": MARGIN,
        "share of margin": (mean - 1.0) / MARGIN,
        "detectable": 1.0 + detectable_mean(values, share) / MARGIN,
        "outcome": outcome.value,
    }
