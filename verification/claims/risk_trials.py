"""Trials of GEN in which the bound says something: the risk of a masked network beside its bounds, all below 1.

The bound holds for any kernel that is independent of the sample. That leaves the sizes free: two tasks of ``MANY``
samples and a unit of the kernel are chosen such that the bound lies below 1, the largest value of the loss.

* ``TEACHER``, up to ``FEW`` inputs: labels of a linear teacher, ridge regression. The bound is 0.8 or so; the risk is
  far below.
* ``NOISE``, for more inputs: small labels that are noise altogether, trained to the end. Nothing can be learned, so
  that the risk is as large as the training risk is small, and false bounds are exceeded.
"""

from __future__ import annotations

import numpy as np
import torch

from graphon_theory.generalisation import gen_bound, scaled_gen_bound
from verification.cases import Case
from verification.claims.claim import STATEMENT
from verification.data.linear_task import LinearTask, Sample, linear_task
from verification.generalisation.complexity import Complexity, complexity
from verification.generalisation.predictor import hidden_kernel, hidden_kernels, interpolant
from verification.generalisation.pruned import PrunedHidden
from verification.generalisation.risks import clipped_absolute, least_risk

DELTA = 0.3
"""Failure probability of the bound: so large that few trials can tell."""

ETA = 0.01
"""Probability, at most, that a risk lies below its confidence limit."""

MANY, TEST = 768, 1024
"""N, and the size of the test sample."""

SAMPLES = 128
"""Signs of which it is measured how many are explained; the batch that prunes, where no other is asked for."""

FEW = 8
"""Largest number of inputs with the linear teacher."""

ACTIVE = 4
"""Inputs that matter to the teacher."""

AMPLITUDE = 0.28
"""Labels of noise are this or minus this: a risk of 0.3 or so, and a bound below 1."""

RIDGE = 0.01
"""Ridge of the teacher's task over the kernel's mean diagonal: GEN holds for any."""

RADIUS = 16.0
"""The unit of the kernel is such that norms come to lie below this: radius 1 is then far too small."""

TEACHER, NOISE = "coverage, teacher", "coverage, noise"
EVERY_SCALE = ", radii of every scale"
BOUND = "bound: "
"""Before the name of a coverage: the bound itself."""

_SHARPNESS = {TEACHER: 1.9, NOISE: 1.28}
"""Norm over ``(4 d/D)^(1/2)`` of the teacher, ``AMPLITUDE (2 N/D)^(1/2)`` of noise, in networks of other seeds."""

_FILLED = {TEACHER: 0.8, NOISE: 0.94}
"""Expected norm over ``RADIUS``. Norms that exceed it cost the next radius, not the validity of the bound."""


def task_of(case: Case) -> str:
    """Name the task that the number of inputs chooses."""
    return TEACHER if case.inputs <= FEW else NOISE


def draw_teacher(case: Case, generator: torch.Generator) -> LinearTask:
    """Draw inputs and teacher of a case."""
    return linear_task(case.inputs, generator=generator, active=min(ACTIVE, case.inputs), signal=case.signal)


def draw_sample(task: LinearTask, size: int, part: str, generator: torch.Generator) -> Sample:
    """Draw a sample of the teacher, or of inputs with labels of noise.

    Parameters
    ----------
    task
        Draws the inputs.
    size
        Positive.
    part
        ``TEACHER`` or ``NOISE``.
    generator
        Source of all randomness.
    """
    sample = task.draw(size, generator)
    if part == TEACHER:
        return sample
    signs = 2.0 * torch.randint(2, (size,), generator=generator).double() - 1.0
    return Sample(sample.inputs, AMPLITUDE * signs)


def explained_share(pruned: PrunedHidden, sample: Sample) -> float:
    """Share ``y^T K y/tr K`` of signs y that is explained: 1 on average for signs without part in the mask."""
    kernel, signs = hidden_kernel(pruned.network, sample.inputs), np.sign(sample.labels.numpy())
    return float(signs @ kernel @ signs) / float(np.trace(kernel))


def risk_and_bounds(
    case: Case, pruned: PrunedHidden, task: LinearTask, part: str, generator: torch.Generator
) -> dict[str, dict[str, float]]:
    """Train on a fresh sample in the kernel regime, and compare risk and bound of each variant.

    Parameters
    ----------
    case
        What was pruned.
    pruned
        The network, of any mask that knows nothing of the samples drawn here.
    task, part
        As ``draw_sample``.
    generator
        Source of all randomness.

    Returns
    -------
    dict
        Variant -> name of a coverage -> lower confidence limit of the risk less the bound; and the bound itself under
        the same name after ``BOUND``.
    """
    sample, test = (draw_sample(task, size, part, generator) for size in (MANY, TEST))
    unit = _unit(case, pruned, part)
    kernel, cross = (unit * k for k in hidden_kernels(pruned.network, sample.inputs, test.inputs))
    labels = sample.labels.numpy()
    ridge = RIDGE * float(np.trace(kernel)) / MANY if part == TEACHER else 0.0
    found = complexity(kernel, labels, ridge=ridge or None)
    outputs = interpolant(kernel, labels, np.concatenate([kernel, cross]), ridge=ridge)
    train = float(clipped_absolute(outputs[:MANY], labels).mean())
    risk = least_risk(clipped_absolute(outputs[MANY:], test.labels.numpy()), ETA)
    values: dict[str, dict[str, float]] = {}
    for name, bounds in _totals(found, train, float(np.linalg.eigvalsh(kernel)[-1])).items():
        values[name] = {part + form: risk - bound for form, bound in bounds.items()}
        values[name] |= {BOUND + part + form: bound for form, bound in bounds.items()}
    return values


def _unit(case: Case, pruned: PrunedHidden, part: str) -> float:
    """Factor of the kernel, from types alone, that brings the expected norm below ``RADIUS``."""
    density = float(pruned.predicted.mean())
    squared = 4.0 * case.inputs / density if part == TEACHER else AMPLITUDE**2 * 2.0 * MANY / density
    return _SHARPNESS[part] ** 2 * squared / (_FILLED[part] * RADIUS) ** 2


def _totals(found: Complexity, train: float, largest: float) -> dict[str, dict[str, float]]:
    """Bounds of the risk by each variant and form; the energy is taken at the upper end of its enclosure."""
    energy = found.energy + found.error

    def both(trace: float) -> dict[str, float]:
        return {
            "": gen_bound(train, energy, trace, found.samples, DELTA).total,
            EVERY_SCALE: scaled_gen_bound(train, energy, trace, found.samples, DELTA, unit=RADIUS).total,
        }

    bound = gen_bound(train, energy, found.trace, found.samples, DELTA)
    return {
        STATEMENT: both(found.trace),
        "no-complexity": {"": bound.train + bound.confidence},
        "level-zero": {"": gen_bound(train, 1.0, found.trace, found.samples, DELTA).total},
        "largest-eigenvalue": both(largest),
    }
