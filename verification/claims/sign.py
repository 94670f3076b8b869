"""SIGN, measured: the original GraSP's mask, the bias of its kept weights and the size of its output.

The mask is judged as in ``closeness``, against one-sided probabilities. The *bias* is the mean of ``w sign(h)`` over
the kept entries, in units of the weights' scale, less the formula's; the *output* is the logarithm of the masked
network's root mean square over the formula's; the *growth* is its exponent in the width, less 1/2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.criteria.grasp_signed import (
    mean_kept_weight,
    one_sided_levels,
    one_sided_threshold,
    output_size,
    upper_mean,
    upper_probability,
)
from graphon_theory.saliency import FiniteModel
from verification.cases import Case, Observation, Values
from verification.claims.asymptotic import conclude
from verification.claims.claim import STATEMENT, Measurement, Mutant, carrying, grouped, not_run
from verification.claims.closeness import Prediction, compare, group_of, judge_masks, margin_of, measures_of
from verification.claims.false_laws import other_noise
from verification.claims.grasp import PrunedInDouble
from verification.masks import mask
from verification.sampling import model_scores

Array = npt.NDArray[np.float64]

BIAS, OUTPUT, SIZE = "bias", "output", "log size"

BIAS_MARGIN = 0.02
"""Margin of the mean kept weight, in units of the weights' scale; the bias itself is 0.4 to 1.5."""

OUTPUTS = 128
"""Samples of the batch on which the output is measured."""

_MARGINS = {BIAS: BIAS_MARGIN, OUTPUT: math.log(1.1)}


@dataclass(frozen=True)
class _Formula:
    """What a variant says: kept probabilities, mean kept weight, and size of the output."""

    kept: Array
    bias: float
    output: float


class Sign:
    """The claim of statement SIGN."""

    id = "SIGN"
    criteria = ("grasp",)
    on_models = False
    mutants = (
        Mutant("two-sided", "Q of the modulus: kept are the largest |w (Hg)|, whose signs balance"),
        Mutant("positive-threshold", "no negative threshold: at most the positive half is kept"),
        Mutant("unbiased", "kept weights without bias, and an output that does not grow"),
        Mutant("plain-snip", "r in the place of K r: signed SNIP"),
        Mutant("other-noise", "the one-sided law of another noise of equal variance"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Mask one network by its signed scores; hold mask, kept weights and output against each formula."""
        generator = torch.Generator().manual_seed(seed)
        pruned = PrunedInDouble.draw(case, generator)
        noise = pruned.network.noise
        field = pruned.field(pruned.kernel @ pruned.residuals)
        snip = pruned.field(pruned.residuals)
        kept = mask(torch.from_numpy(pruned.scores), density=case.density, generator=generator).numpy()
        model = FiniteModel(np.abs(field), noise)
        formulas = {
            STATEMENT: _one_sided(pruned, field, model, case.density),
            "unbiased": _unbiased(pruned, model, case.density),
            "plain-snip": _one_sided(pruned, snip, FiniteModel(np.abs(snip), noise), case.density),
            "other-noise": _one_sided(pruned, field, other_noise(model), case.density),
        }
        formulas["two-sided"] = replace(formulas["unbiased"], kept=model.probabilities(case.density))
        if case.density > 0.5:
            formulas["positive-threshold"] = _positive(pruned, field, model)
        # "unbiased" differs in the weights alone: it declares no rectangle.
        false = {name: f.kept for name, f in formulas.items() if name not in (STATEMENT, "unbiased")}
        truth = Prediction(formulas[STATEMENT].kept, lambda source: _draw(model, case.density, source))
        values = compare(kept, truth, false, variant=STATEMENT, generator=generator, seed=seed)
        values["unbiased"] = dict(values[STATEMENT])
        weights = pruned.weights / pruned.network.weight_scale
        bias = float(np.mean((weights * np.sign(field))[kept]))
        size = float(np.sqrt(np.mean(_output(pruned, kept) ** 2)))
        for name, formula in formulas.items():
            values[name] |= {
                BIAS: bias - formula.bias,
                OUTPUT: math.log(size / formula.output),
                SIZE: math.log(size),
            }
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence of mask, bias and output at the largest size of every group, and of the growth over sizes."""
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        groups = grouped(found, group_of)
        rows = judge_masks(
            groups, variant, level, measures=_measures, margin=lambda name: _MARGINS.get(name) or margin_of(name)
        )
        return conclude(
            rows,
            len(found),
            level,
            null="the mask follows the one-sided model; kept weights and output have the sizes that it says",
            alternative="a measure stays outside its margin as n and d grow",
            statistic="mean at the largest size over its margin, farthest over groups and measures",
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """How the output of a network pruned by the original GraSP grows with its width."""
        found = carrying(observations, STATEMENT)
        widths = sorted({o.case.width for o in found})
        if len(widths) < 2:
            return None
        figures = []
        for name, group in grouped(found, group_of).items():
            ends = [
                float(np.mean([o.values[STATEMENT][SIZE] for o in group if o.case.width == width] or [math.nan]))
                for width in (widths[0], widths[-1])
            ]
            figures.append(f"{(ends[1] - ends[0]) / math.log(widths[-1] / widths[0]):.2f} at {name}")
        return (
            f"The output at initialisation of networks pruned by the original GraSP grows from n = {widths[0]} to "
            f"{widths[-1]} with the exponent {'; '.join(figures)}."
        )


def _draw(model: FiniteModel, density: float, generator: torch.Generator) -> npt.NDArray[np.bool_]:
    """Top-k mask of fresh signed scores of a model."""
    scores = model_scores(model, generator)
    signs = torch.randint(2, scores.shape, generator=generator, dtype=scores.dtype) * 2.0 - 1.0
    return mask(scores * signs, density=density, generator=generator).numpy()


def _one_sided(pruned: PrunedInDouble, field: Array, model: FiniteModel, density: float) -> _Formula:
    levels = one_sided_levels(model, one_sided_threshold(model, density))
    size = output_size(pruned.readout, np.sign(field), levels, _shown(pruned), model.noise)
    return _Formula(upper_probability(model.noise, levels), mean_kept_weight(model.noise, levels), size)


def _unbiased(pruned: PrunedInDouble, model: FiniteModel, density: float) -> _Formula:
    """Kept weights with the model's second moments and no mean."""
    levels = one_sided_levels(model, one_sided_threshold(model, density))
    size = output_size(pruned.readout, np.zeros(levels.shape), levels, _shown(pruned), model.noise)
    return _Formula(upper_probability(model.noise, levels), 0.0, size)


def _positive(pruned: PrunedInDouble, field: Array, model: FiniteModel) -> _Formula:
    """Threshold 0: every entry is kept with probability 1/2."""
    levels = np.zeros(model.profile.shape)
    half = upper_probability(model.noise, levels)
    size = output_size(pruned.readout, np.sign(field), levels, _shown(pruned), model.noise)
    return _Formula(half, float(2.0 * upper_mean(model.noise, np.zeros(1))[0]), size)


def _shown(pruned: PrunedInDouble) -> Array:
    """Return the inputs on which the output is measured: the first of the batch."""
    return pruned.inputs[:OUTPUTS]


def _output(pruned: PrunedInDouble, kept: npt.NDArray[np.bool_]) -> Array:
    """Run the module with masked weights: outputs, shape (S',)."""
    with torch.no_grad():
        masked = pruned.network.hidden.weight * torch.from_numpy(kept)
        output = torch.func.functional_call(
            pruned.network, {"hidden.weight": masked}, (torch.from_numpy(_shown(pruned)),)
        )
    values: Array = output.numpy()
    return values


def _measures(group: Sequence[Observation], variant: str) -> tuple[str, ...]:
    return (*measures_of(group, variant), BIAS, OUTPUT)
