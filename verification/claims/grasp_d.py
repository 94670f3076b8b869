"""GRASP-D, measured: the output of networks pruned by the original GraSP, at inputs that did not prune.

Four measures, each 0 in the limit. *drift*: the slope of the outputs on the mean that the types predict, less 1, over
the inputs of a trial. *linear*: the same on the leading order alone, ``n^(1/2)`` times a linear function; *direction*:
the cosine between outputs and leading order, less 1. *spread*: the logarithm of the mean square of outputs less their
mean over the predicted variance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.criteria.grasp_signed import (
    one_sided_levels,
    one_sided_threshold,
    output_drift,
    output_moments,
    upper_second_moment,
)
from graphon_theory.saliency import FiniteModel
from verification.cases import Case, Observation, Values
from verification.claims.asymptotic import conclude, decide_group
from verification.claims.claim import STATEMENT, Measurement, Mutant, carrying, grouped, not_run
from verification.claims.closeness import group_of
from verification.claims.grasp import PrunedInDouble
from verification.experiment import draw_batch
from verification.masks import mask

Array = npt.NDArray[np.float64]

INPUTS = 64
"""Inputs of a trial at which the output is read."""

DRIFT, LINEAR, DIRECTION, SPREAD, SIZE = "drift", "linear", "direction", "spread", "drift over sqrt n"

SCALES = {DRIFT: 1.0, LINEAR: 1.0, DIRECTION: 2.0, SPREAD: 4.0}
"""The margin of a measure is its scale times ``n^(-1/2)``: 6 per cent of the drift at n = 256. The cosine falls short
of 1 by the variance over twice the squared mean, some ``5/n``; the spread has one value a network, so the widest."""


class GraspD:
    """The claim of statement GRASP-D."""

    id = "GRASP-D"
    criteria = ("grasp",)
    on_models = False
    mutants = (
        Mutant("no-drift", "kept weights without bias: an output of order 1"),
        Mutant("unsigned", "the mean of a kept weight without the sign of h"),
        Mutant("energy", "the kept energy V in the place of the mean of a kept weight"),
        Mutant("by-modulus", "the same drift for the magnitude variant |w (Hg)|", own_data=True),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Prune one network, and hold its outputs against the means that each variant predicts."""
        generator = torch.Generator().manual_seed(seed)
        by_modulus = case.variant == "by-modulus"
        pruned = PrunedInDouble.draw(replace(case, criterion="grasp-magnitude") if by_modulus else case, generator)
        field = pruned.field(pruned.kernel @ pruned.residuals)
        kept = mask(torch.from_numpy(pruned.scores), density=case.density, generator=generator).numpy()
        inputs = draw_batch(replace(case, batch=INPUTS), generator).inputs.double().numpy()
        found = np.maximum(inputs @ (pruned.weights * kept).T, 0.0) @ pruned.readout
        model = FiniteModel(np.abs(field), pruned.network.noise)
        levels = one_sided_levels(model, one_sided_threshold(model, case.density))
        signs = np.sign(field)
        mean, variance = output_moments(pruned.readout, signs, levels, inputs, model.noise)
        linear = inputs @ output_drift(pruned.readout, signs, levels, model.noise)
        values = {
            case.variant: {
                DRIFT: _slope(found, mean) - 1.0,
                LINEAR: _slope(found, linear) - 1.0,
                DIRECTION: _cosine(found, linear) - 1.0,
                SPREAD: math.log(float(np.mean((found - mean) ** 2) / variance.mean())),
                SIZE: _slope(found, mean) * math.sqrt(float(np.mean(mean**2)) / case.width),
            }
        }
        if by_modulus:
            return values
        # A drift of 0 has no slope: it is held to the unit of the statement's.
        values["no-drift"] = {DRIFT: _slope(found, mean)}
        unsigned = inputs @ output_drift(pruned.readout, np.ones_like(signs), levels, model.noise)
        values["unsigned"] = {DIRECTION: _cosine(found, unsigned) - 1.0}
        energies = signs * upper_second_moment(model.noise, levels)
        values["energy"] = {LINEAR: _slope(found, _linear(pruned.readout, energies, inputs)) - 1.0}
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence of drift and spread to the predictions at the largest size of every group."""
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        looked_at = [
            (name, group, measure)
            for name, group in grouped(found, group_of).items()
            for measure in SCALES
            if measure in group[0].values[variant]
        ]
        rows = [
            decide_group(
                name,
                group,
                measure,
                lambda o, measure=measure: o.values[variant][measure],  # type: ignore[misc]
                margin=SCALES[measure] / math.sqrt(max(o.case.width for o in group)),
                level=level,
                tests=len(looked_at),
            )
            for name, group, measure in looked_at
        ]
        return conclude(
            rows,
            len(found),
            level,
            null="the output has the mean and the spread that the types predict",
            alternative="slope, direction or spread stay outside their margins as n grows",
            statistic="mean at the largest size over its margin, farthest over groups and measures",
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Size of the drift over the root of the width, at the smallest and the largest."""
        found = carrying(observations, STATEMENT)
        widths = sorted({o.case.width for o in found})
        if len(widths) < 2:
            return None
        means = [
            float(np.mean([o.values[STATEMENT][SIZE] for o in found if o.case.width == width])) for width in widths
        ]
        return (
            f"Under the original GraSP the output at initialisation has a mean of {means[0]:.3f} sqrt n at n = "
            f"{widths[0]} and {means[-1]:.3f} sqrt n at n = {widths[-1]}."
        )


def _slope(outputs: Array, mean: Array) -> float:
    """Slope of the outputs on a prediction, through 0."""
    return float(outputs @ mean / (mean @ mean))


def _cosine(outputs: Array, mean: Array) -> float:
    """Cosine between the outputs and a prediction."""
    return float(outputs @ mean / math.sqrt((outputs @ outputs) * (mean @ mean)))


def _linear(readout: Array, first: Array, inputs: Array) -> Array:
    """Leading order of the output with any mean ``first`` of the kept part of a weight."""
    linear: Array = 0.5 * inputs @ (readout @ first) / math.sqrt(first.shape[1])
    return linear
