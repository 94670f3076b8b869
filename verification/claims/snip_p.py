"""SNIP-P, measured: SNIP where batch and inputs grow together, against its graphon of readout and batch moments.

The prediction knows no slope of the network: output weights, and two moments of the batch for each input. The
statistics and the rule are those of ``declared``: the cut distance of the mask to the prediction over that of masks
drawn from it with independent edges, which must neither grow nor exceed ``MARGINS.ratio``, and the deviations
over the rectangles where the prediction differs most from the false ones.

The ratio does not tend to 1. The saliencies of one neuron share its S slopes, so that the mask's edges are not
independent given the types; at fixed S/d that adds a constant share to a distance of order ``n^(-1/2)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.criteria import ProportionalModel, snip_proportional
from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, worst
from verification.claims.declared import RATIO, Margins, decide, distances, statistics, widest
from verification.claims.false_laws import matched_law
from verification.experiment import Pruned, prune
from verification.masks import mask
from verification.sampling import draw_noise

Array = npt.NDArray[np.float64]

MARGINS = Margins(ratio=math.log(1.25), deviation=0.002)
"""Room for the shared slopes in the ratio (about 1.1 at S = d); deviations as for SNIP-S."""

NULL_DRAWS = 3
"""Masks drawn from the prediction in a trial."""


class SnipP:
    """The claim of statement SNIP-P."""

    id = "SNIP-P"
    criteria = ("snip",)
    on_models = False
    mutants = (
        Mutant("rank-one", "the rank-one graphon of [P26] is the limit at fixed S/d", reading="[P26]"),
        Mutant("no-spread", "s = 0: rank one, with the batch's own E[r x]"),
        Mutant("spread-twice", "slopes that fluctuate twice as much"),
        Mutant("mean-unhalved", "the mean slope is 1, not 1/2, beside fluctuations that are right"),
        Mutant("other-noise", "another noise law of equal variance"),
        Mutant("correlated", "the same formula for inputs that are not independent", own_data=True),
        Mutant("uncentred", "the same formula for labels whose mean is not removed", own_data=True),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Compare one network's mask with masks drawn from the prediction; hold it to each mutant."""
        generator = torch.Generator().manual_seed(seed)
        pruned = prune(case, generator)
        kept = pruned.kept.numpy()
        model = _model(pruned)
        truth = model.probabilities(case.density)
        null = [_sample(model, case.density, generator) for _ in range(NULL_DRAWS)]
        false = {
            "rank-one": pruned.rank_one().probabilities(case.density),
            "no-spread": replace(model, spreads=np.zeros_like(model.spreads)).probabilities(case.density),
        }
        # Two rectangles serve variants with data of their own: the rest is dear on nearly constant inputs.
        if case.variant == STATEMENT:
            false |= {
                "spread-twice": replace(model, spreads=2.0 * model.spreads).probabilities(case.density),
                "mean-unhalved": replace(model, means=2.0 * model.means).probabilities(case.density),
                "other-noise": replace(model, noise=matched_law(model.noise)).probabilities(case.density),
            }
        rectangles = widest([truth - prediction for prediction in false.values()])
        predictions = {case.variant: truth} | (false if case.variant == STATEMENT else {})
        residuals = [kept - prediction for prediction in predictions.values()]
        found = distances(residuals + [drawn - truth for drawn in null], seed)
        # False predictions are held to the statement's own null, which all of them claim to be as close as.
        expected = float(np.mean(found[len(residuals) :]))
        return {
            name: statistics(norm, expected, residual, rectangles)
            for name, norm, residual in zip(predictions, found, residuals, strict=False)
        }

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence at the largest size of every group; refutation by a deviation that does not shrink."""
        return decide(observations, variant, level, MARGINS)

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Say where the mask stands against this graphon and the rank-one one."""
        found = carrying(observations, STATEMENT)
        if not found:
            return None
        width = max(o.case.width for o in found)
        largest = [o for o in found if o.case.width == width]
        ratios = [
            math.exp(float(np.mean([math.log(o.values[name]["observed"] / o.values[name]["null"]) for o in largest])))
            for name in (STATEMENT, "rank-one")
        ]
        rows = [row for row in self.decide(found, STATEMENT, level).rows if row["measure"] == RATIO]
        verdict = {
            Outcome.SUPPORTED: "stays close to its proportional graphon (over masks of independent edges)",
            Outcome.REFUTED: "does NOT stay close to its proportional graphon",
        }.get(worst([Outcome(str(row["outcome"])) for row in rows]), "could not be placed against that graphon")
        return (
            f"With batch and inputs in proportion SNIP's mask {verdict}: {ratios[0]:.3f} at width {width}, against "
            f"{ratios[1]:.3f} for the rank-one graphon."
        )


def _model(pruned: Pruned) -> ProportionalModel:
    """Build the prediction from output weights, residuals and inputs alone."""
    if pruned.batch is None:
        raise RuntimeError("SNIP draws a batch")
    residuals, inputs = -pruned.batch.labels.double().numpy(), pruned.batch.inputs.double().numpy()
    return snip_proportional(pruned.readout, residuals, inputs, pruned.noise)


def _sample(model: ProportionalModel, density: float, generator: torch.Generator) -> npt.NDArray[np.bool_]:
    """Top-k mask of scores ``|a| |m + s eps| |xi|`` with an eps of its own for every edge."""
    shape = (model.readout.size, model.means.size)
    eps = torch.randn(shape, generator=generator, dtype=torch.float64).numpy()
    saliency = np.abs(model.readout[:, None] * (model.means + model.spreads * eps))
    scores = draw_noise(model.noise, shape, generator) * torch.from_numpy(saliency)
    return mask(scores, density=density, generator=generator).numpy()
