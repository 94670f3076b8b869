"""SCALE, measured: the trace of real kernels, and which shapes of path density make the scale-free bound small.

Three quantities a trial, on a sample that did not prune:

* "trace": the logarithm of ``tr K_1`` of the network over ``(1/2d) sum D_j ||X_j||^2``, D from the types; tends to 0;
* "density": the logarithm of ``(y^T K_1^-1 y tr K_1)^(1/2)`` of the network over that of a dense one, for criteria
  whose path density is the same at all inputs (Random, Magnitude, SynFlow); tends to 0;
* "optimum": the logarithm, over the stated optimum, of the bound that a descent from a random start ends at. A check of
  numbers: the derivation proves the optimum, no network has a part in it, and it does not count in what the measurement
  could detect;
* "optimum of a total": the logarithm of the least bound among path densities of the network's total, none above
  ``E[a^2]``, over that of the one that ``best_density`` finds. Never negative: the criterion's own densities, predicted
  and of the mask, shapes drawn at random, powers of ``|beta|`` and of ``||X||``, all cut off at the cap; and what comes
  of ``best_density``'s own result when 1e-6 to 1e-1 of the total moves from one input to another.

The rule for the first two is that of ``asymptotic``; for the others one exception refutes, and for "optimum" a descent
that stays above as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from graphon_theory.generalisation import best_density, scale_floor, scale_free
from verification.cases import Case, Observation, Values
from verification.claims.asymptotic import conclude, decide_group
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run
from verification.claims.path_shapes import cut_off, descended, drawn_shapes, moved
from verification.claims.pruned_samples import Array, finite_values, group_name, linear_samples, prune_on
from verification.generalisation.complexity import complexity
from verification.generalisation.predictor import hidden_kernel
from verification.generalisation.pruned import PrunedHidden
from verification.statistics import detectable_proportion

SCALE = 2.0
"""The margin of a mean logarithm is ``SCALE n^(-1/2)``: 12 per cent at n = 256."""

SAMPLES = 16
"""N: few, so that the kernel of some hundred neurons is near its limit in all directions."""

ROUNDING = 1e-10
"""Logarithms as small as this count as 0: ``best_density`` promises about 1e-12."""

REACHED = 1e-6
"""A descent that ends at a logarithm of this or more has not reached the stated optimum."""

TRACE, DENSITY, OPTIMUM, CAPPED = "trace", "density", "optimum", "optimum of a total"
ALIKE = ("random", "magnitude", "synflow")
"""Criteria whose path density is the same at all inputs."""


class Scale:
    """The claim of statement SCALE."""

    id = "SCALE"
    criteria = ("random", "magnitude", "snip", "grasp-magnitude", "grasp", "synflow")
    on_models = False
    mutants = (
        Mutant("whole-trace", "tr K_1 = (1/d) sum D ||X||^2, without 1/2"),
        Mutant("by-coefficient", "least for D proportional to |beta|, whatever the scales of the inputs"),
        Mutant("cut-off", "least, of a total and below a cap, for |beta|/||X|| cut off at the cap"),
        Mutant(
            "fewer-edges", "fewer edges are better by themselves: the complexity falls like sqrt(rho)", reading="[P26]"
        ),
        Mutant("energy-alone", "y^T K^-1 y compares densities: it is that of the dense network"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Measure one masked network beside a dense one, and compare shapes of path density."""
        generator = torch.Generator().manual_seed(seed)
        beta, samples = linear_samples(case, (case.batch, SAMPLES) if case.batch else (SAMPLES,), generator)
        batch, sample = (samples[0] if case.batch else None), samples[-1]
        pruned = prune_on(case, batch, generator)
        kernel, inputs = hidden_kernel(pruned.network, sample.inputs), sample.inputs.numpy()
        norms = np.linalg.norm(inputs, axis=0)
        predicted = float(pruned.predicted @ np.square(norms)) / (2.0 * case.inputs)
        trace = math.log(float(np.trace(kernel)) / predicted)
        rng = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
        shapes = drawn_shapes(pruned, beta, norms, rng)
        searched, by_coefficient = [descended(beta, norms, rng)], scale_free(beta, np.abs(beta), norms, SAMPLES)
        values = {
            STATEMENT: {TRACE: trace, OPTIMUM: _least(searched, beta, norms, scale_floor(beta, norms, SAMPLES))},
            "whole-trace": {TRACE: trace - math.log(2.0)},
            "by-coefficient": {OPTIMUM: _least(searched, beta, norms, by_coefficient)},
        }
        for name, value in _of_a_total(pruned, shapes, beta, norms).items():
            values.setdefault(name, {})[CAPPED] = value
        if case.criterion in ALIKE:
            labels = sample.labels.numpy()
            dense = complexity(
                hidden_kernel(prune_on(case, None, generator, dense=True).network, sample.inputs), labels
            )
            own = complexity(kernel, labels)
            both = math.log(own.scale_free / dense.scale_free)
            values[STATEMENT][DENSITY] = both
            values["fewer-edges"] = {DENSITY: both - 0.5 * math.log(case.density)}
            values["energy-alone"] = {DENSITY: 0.5 * math.log(own.energy / dense.energy)}
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence of trace and density at the largest size of every group, and no shape below the optimum."""
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        groups = grouped(found, group_name)
        pairs = [(name, measure) for name, group in groups.items() for measure in group[0].values[variant]]
        rows = [
            _no_exception(name, groups[name], measure, variant, level)
            if measure in (OPTIMUM, CAPPED)
            else decide_group(
                name,
                groups[name],
                measure,
                partial(_value, variant=variant, measure=measure),
                margin=SCALE / math.sqrt(max(o.case.width for o in groups[name])),
                level=level,
                tests=len(pairs),
            )
            for name, measure in pairs
        ]
        return conclude(
            rows,
            len(found),
            level,
            null="tr K_1 = (1/2d) sum D ||X||^2, density cancels where D is the same at all inputs, and no path "
            "density has a smaller bound than |beta|/||X||",
            alternative="trace or density stay off as the network grows, or some path density has a smaller bound",
            statistic="mean logarithm over its margin; share of the trials with a smaller bound than the optimum's",
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Nothing beyond the table."""
        return None


def _least(shapes: Sequence[Array], beta: Array, norms: Array, optimum: float) -> float:
    """Logarithm of the least bound over the stated optimum; negative if some shape beats it."""
    return math.log(min(scale_free(beta, shape, norms, SAMPLES) for shape in shapes) / optimum)


def _of_a_total(pruned: PrunedHidden, shapes: Sequence[Array], beta: Array, norms: Array) -> dict[str, float]:
    """Logarithms of the least bound over that of two stated optima, among densities of the network's own total."""
    total, cap = float(pruned.predicted.sum()), float(pruned.output_squares.mean())
    fitting = [cut_off(shape, total, cap) for shape in shapes if float(shape.min()) > 0.0]
    best = best_density(beta, norms, total, cap)
    return {
        STATEMENT: _least(
            [*moved(best, beta, norms, cap), *fitting], beta, norms, scale_free(beta, best, norms, SAMPLES)
        ),
        "cut-off": _least([best, *fitting], beta, norms, scale_free(beta, fitting[0], norms, SAMPLES)),
    }


def _no_exception(
    name: str, group: Sequence[Observation], measure: str, variant: str, level: float
) -> dict[str, float | str]:
    """Say whether some shape of some trial has a smaller bound, or a descent misses the optimum: one refutes."""
    values = finite_values(group, variant, measure)
    beaten = sum(x < -ROUNDING or (measure == OPTIMUM and x > REACHED) for x in values)
    return {
        "group": name,
        "measure": measure,
        "trials": float(len(values)),
        "beaten": float(beaten),
        "least": min(values),
        "largest": max(values),
        "share of margin": beaten / len(values),
        # A check of numbers has no deviation that chance could hide: 0 never decides the largest.
        "detectable": 0.0 if measure == OPTIMUM else detectable_proportion(len(values), level),
        "outcome": (Outcome.REFUTED if beaten else Outcome.SUPPORTED).value,
    }


def _value(observation: Observation, variant: str, measure: str) -> float:
    return observation.values[variant][measure]
