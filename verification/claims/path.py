"""PATH, measured: the exact kernel of real masked networks against the path density of their limit graphons.

Two networks a trial, with output weights of standard deviation 1/2 and 2, so that ``a^2`` cannot be left out unseen.
The path density D comes from the types; the mask never enters it. Looked at are, on a sample that did not prune,

* "order": the logarithm of the largest ``v^T L v/v^T K_1 v`` with ``L = (1/4d) X diag(D) X^T``; at most 0 if and only
  if ``K_1 >= L``;
* "complexity", for the teacher: the logarithm of ``y^T K_1^-1 y`` over ``4 d sum beta^2/D``, for labels ``y = X beta``;
  at most 0. Not for digits: a pixel without paths makes the bound infinite, and the form that pays for such pixels by
  the smallest eigenvalue of the network's own kernel would be compared with itself.

The statement is of the limit. An input is seen by some ``rho n`` neurons, and so the kernel errs along N directions by
``(N/(rho n))^(1/2)`` or so: that is the order of the margin. A quantity that is below 0 by more than its error needs
none of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from graphon_theory.generalisation import input_path_density, path_complexity
from verification.cases import Case, Observation, Values
from verification.claims.asymptotic import conclude
from verification.claims.claim import STATEMENT, Measurement, Mutant, carrying, grouped, not_run
from verification.claims.one_sided import decide_at_most
from verification.claims.pruned_samples import Array, group_name, linear_samples, prune_on
from verification.generalisation.complexity import complexity
from verification.generalisation.order import largest_ratio, path_kernel
from verification.generalisation.predictor import hidden_kernel

SCALE = 0.25
"""The margin is ``SCALE (N/(rho n))^(1/2)``: 10 per cent for 64 samples and 4,096 neurons at density 0.1."""

SAMPLES_PER_INPUT = 2
"""N over d: labels ``X beta`` of fewer samples than inputs could be fitted by other coordinates."""

NARROW, WIDE = 0.5, 2.0
"""Standard deviations of the output weights."""

ORDER, COMPLEXITY = "order", "complexity"


class Path:
    """The claim of statement PATH."""

    id = "PATH"
    criteria = ("random", "magnitude", "snip", "grasp-magnitude", "grasp", "synflow")
    on_models = False
    mutants = (
        Mutant("half", "1/2 in the place of 1/4: all of k0's diagonal"),
        Mutant("no-dimension", "without d: y^T K^-1 y <= 4 sum beta^2/D"),
        Mutant("no-readout", "D without a^2: the degrees of the graphon"),
        Mutant("squared", "beta^2/D^2 in the place of beta^2/D"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Hold the kernels of two networks against each variant's path density."""
        generator = torch.Generator().manual_seed(seed)
        size = SAMPLES_PER_INPUT * case.inputs
        beta, samples = linear_samples(case, (case.batch, size) if case.batch else (size,), generator)
        batch, sample = (samples[0] if case.batch else None), samples[-1]
        values: dict[str, dict[str, float]] = {}
        for deviation in (NARROW, WIDE):
            pruned = prune_on(case, batch, generator, readout_scale=deviation)
            kernel, density = hidden_kernel(pruned.network, sample.inputs), pruned.predicted
            variants = {STATEMENT: density, "half": 2.0 * density, "no-dimension": case.inputs * density}
            if deviation == NARROW:
                variants["no-readout"] = input_path_density(pruned.graphon, np.ones(case.width))
            else:
                variants["squared"] = np.square(density)
            energy = None if case.data == "digits" else complexity(kernel, sample.labels.numpy()).energy
            for name, false in variants.items():
                found = _figures(kernel, sample.inputs.numpy(), energy, beta, false)
                values.setdefault(name, {}).update({f"{m}, sd {deviation:g}": x for m, x in found.items()})
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Both quantities at most 0, up to the margin, at the largest width of every group."""
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        groups = grouped(found, group_name)
        pairs = [(name, measure) for name, group in groups.items() for measure in group[0].values[variant]]
        rows = [
            decide_at_most(
                name,
                groups[name],
                measure,
                partial(_value, variant=variant, measure=measure),
                margin=_margin(groups[name]),
                level=level,
                tests=len(pairs),
            )
            for name, measure in pairs
        ]
        return conclude(
            rows,
            len(found),
            level,
            null="K_1 >= (1/4d) X diag(D) X^T, and y^T K_1^-1 y <= 4 d sum beta^2/D for y = X beta",
            alternative="the kernel stays below, or the complexity above, by more than the margin as the width grows",
            statistic="mean logarithm of complexity over bound, or of the pencil's largest eigenvalue, over its margin",
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """How tight the bound on the complexity is, at the largest width."""
        found = _last(carrying(observations, STATEMENT))
        ratios = [math.exp(-x) for o in found for m, x in o.values[STATEMENT].items() if m.startswith(COMPLEXITY)]
        if not ratios:
            return None
        low, middle, high = np.quantile(ratios, [0.05, 0.5, 0.95])
        return (
            f"The path bound is {middle:.2f} times y^T K^-1 y in the median ({low:.2f} to {high:.2f}, "
            f"{len(ratios)} networks of {found[0].case.width} neurons, N/d = {SAMPLES_PER_INPUT})."
        )


def _figures(kernel: Array, inputs: Array, energy: float | None, beta: Array, density: Array) -> dict[str, float]:
    """Logarithms that the statement says are at most 0."""
    figures = {ORDER: math.log(largest_ratio(path_kernel(inputs, density), kernel))}
    if energy is not None:
        figures[COMPLEXITY] = math.log(energy / path_complexity(beta, density).energy)
    return figures


def _margin(group: Sequence[Observation]) -> float:
    """Margin at the largest width of a group."""
    case = _last(group)[0].case
    return SCALE * math.sqrt(SAMPLES_PER_INPUT * case.inputs / (case.density * case.width))


def _last(observations: Sequence[Observation]) -> list[Observation]:
    """Observations at the largest width."""
    largest = max((o.case.width for o in observations), default=0)
    return [o for o in observations if o.case.width == largest]


def _value(observation: Observation, variant: str, measure: str) -> float:
    return observation.values[variant][measure]
