"""SNIP-S, measured: SNIP's mask against masks sampled from its rank-S prediction, and over declared rectangles.

A trial has two kinds of statistic. The *ratio*: the cut distance of the real mask to the prediction over that
of masks drawn from the prediction with fresh noise; it would be 1. The *deviations*: mask less prediction,
integrated over the rectangles where the prediction differs most from its false variants; they would be 0. The
rectangles are declared by batch and network, not by the mask, so that a deviation carries no noise floor and
finds a wrong formula at sizes where the cut norm cannot.

The statement is asymptotic. It is supported where, at the largest size, the mean log-ratio lies within
``RATIO_MARGIN`` of 0 and every mean deviation within ``DEVIATION_MARGIN`` (two one-sided tests each), and
refuted only where one lies outside and has not come nearer to 0 since the smallest size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.saliency import FiniteModel
from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, worst
from verification.claims.declared import RATIO, Margins, decide, distances, statistics, widest
from verification.claims.false_laws import constant, other_noise, without_weight
from verification.experiment import prune
from verification.masks import mask
from verification.sampling import draw_noise, sample_mask

Array = npt.NDArray[np.float64]

RATIO_MARGIN = math.log(1.1)
"""Equivalence margin of the mean log-ratio: ten per cent either way."""

DEVIATION_MARGIN = 0.002
"""Equivalence margin of the mean deviation over a rectangle, in cut distance; other noise laws differ by 0.004."""

MARGINS = Margins(ratio=RATIO_MARGIN, deviation=DEVIATION_MARGIN)

NULL_DRAWS = 3
"""Masks drawn from the prediction in a trial."""


class SnipS:
    """The claim of statement SNIP-S."""

    id = "SNIP-S"
    criteria = ("snip",)
    on_models = False
    mutants = (
        Mutant("constant", "SNIP's graphon is constant"),
        Mutant("without-weight", "SNIP without |w|: the entries of largest |h| are kept"),
        Mutant("other-noise", "Q of another noise law of equal variance"),
        Mutant("rank-one", "the rank-one prediction, at this batch", reading="[P26]"),
        Mutant("uncentred", "the same formula for labels whose mean is not removed", own_data=True),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Compare one network's mask with masks drawn from the prediction; likewise each mutant."""
        generator = torch.Generator().manual_seed(seed)
        pruned = prune(case, generator)
        kept = pruned.kept.numpy()
        model = pruned.rank_s()
        truth = model.probabilities(case.density)
        null = [sample_mask(model, case.density, generator).numpy() for _ in range(NULL_DRAWS)]
        false: Mapping[str, tuple[Array, npt.NDArray[np.bool_]]] = {
            "constant": _constant(model, case.density, generator),
            "other-noise": _sampled(other_noise(model), case.density, generator),
            "rank-one": _sampled(pruned.rank_one(), case.density, generator),
        }
        rectangles = widest([truth - prediction for prediction, _ in false.values()])
        residuals = [drawn - truth for drawn in (kept, *null)]
        if case.variant == STATEMENT:
            for prediction, drawn in false.values():
                residuals += [kept - prediction, drawn - prediction]
            # A deterministic prediction has no null of its own: it is held to the statement's.
            indicator = without_weight(model, case.density)
            residuals.append(kept - indicator)
        found_norms = distances(residuals, seed)
        expected = float(np.mean(found_norms[1 : 1 + NULL_DRAWS]))
        values = {case.variant: statistics(found_norms[0], expected, kept - truth, rectangles)}
        if case.variant == STATEMENT:
            found = iter(found_norms[1 + NULL_DRAWS :])
            for name, (prediction, _) in false.items():
                values[name] = statistics(next(found), next(found), kept - prediction, rectangles)
            values["without-weight"] = statistics(next(found), expected, kept - indicator, rectangles)
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence at the largest size of every group; refutation by a deviation that does not shrink."""
        return decide(observations, variant, level, MARGINS)

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Where the real mask stands against the sampled one, on digits."""
        found = [o for o in carrying(observations, STATEMENT) if o.case.data == "digits"]
        if not found:
            return None
        rows = [row for row in self.decide(found, STATEMENT, level).rows if row["measure"] == RATIO]
        size = max((o.case.width, o.case.inputs) for o in found)
        figures = "; ".join(
            f"{_exp(row['mean']):.3f} ({_exp(row['low']):.3f} to {_exp(row['high']):.3f}) at {row['group']}"
            for row in rows
        )
        verdict = {
            Outcome.SUPPORTED: "is as close to its rank-S prediction as a mask sampled from it",
            Outcome.REFUTED: "is NOT as close to its rank-S prediction as a mask sampled from it",
        }.get(
            worst([Outcome(str(row["outcome"])) for row in rows]),
            "could not be told from, nor shown to equal, a mask sampled from its rank-S prediction",
        )
        return f"On digits SNIP's mask {verdict}, at n = {size[0]}, d = {size[1]}: ratio of cut distances {figures}."


def _sampled(model: FiniteModel, density: float, generator: torch.Generator) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return a prediction, and a mask drawn from it."""
    return model.probabilities(density), sample_mask(model, density, generator).numpy()


def _constant(model: FiniteModel, density: float, generator: torch.Generator) -> tuple[Array, npt.NDArray[np.bool_]]:
    scores = draw_noise(model.noise, model.profile.shape, generator)
    return constant(model, density), mask(scores, density=density, generator=generator).numpy()


def _exp(value: float | str) -> float:
    return math.exp(float(value))
