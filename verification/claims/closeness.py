"""How close a mask is to its prediction, and the asymptotic rule on it: shared by claims on score formulas.

A trial has two kinds of statistic. The *log-ratio*: the cut distance of the mask to the prediction over the mean
distance of masks drawn from the prediction, by the same search; it would be 0. The *deviations*: mask less
prediction, integrated over the rectangle where the prediction differs most from each false one; they would be 0.
Batch and network declare the rectangles, not the mask, so that a deviation carries no noise floor.

The rule: supported where, at the largest size, every mean lies within its margin (two one-sided tests each);
refuted only where one lies outside and has not come nearer to 0 since the smallest size as ``n^(-1/2)`` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.saliency import FiniteModel
from verification.cases import Case, Observation
from verification.claims.asymptotic import decide_group
from verification.claims.claim import STATEMENT
from verification.claims.declared import RATIO, RECTANGLE, RESTARTS
from verification.cutnorm import cut_norm, cut_norms
from verification.devices import current
from verification.sampling import sample_mask

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RATIO_MARGIN = math.log(1.1)
"""Equivalence margin of the mean log-ratio: ten per cent either way."""

DEVIATION_MARGIN = 0.002
"""Equivalence margin of the mean deviation over a rectangle, in cut distance; other noise laws differ by 0.005."""

NULL_DRAWS = 3
"""Masks drawn from the prediction in a trial."""


@dataclass(frozen=True)
class Prediction:
    """Kept probabilities, shape (n, d), and how to draw a mask from them with fresh noise."""

    probabilities: Array
    draw: Callable[[torch.Generator], Mask]

    @classmethod
    def of(cls, model: FiniteModel, density: float) -> Prediction:
        """Two-sided top-k mask of a model."""
        return cls(model.probabilities(density), lambda generator: sample_mask(model, density, generator).numpy())


def compare(
    kept: Mask,
    truth: Prediction,
    false: Mapping[str, Array],
    *,
    variant: str,
    generator: torch.Generator,
    seed: int,
) -> dict[str, dict[str, float]]:
    """Statistics of the statement's prediction under the name ``variant``, and deviations of each false one.

    Parameters
    ----------
    kept
        The mask, shape (n, d).
    truth
        What the statement says.
    false
        Probabilities of false predictions by name, each shape (n, d): they declare the rectangles, and are judged
        on them if ``variant`` is the statement.
    variant
        Name under which the statement's prediction is recorded.
    generator
        Draws the null masks.
    seed
        Seed of the cut-norm searches.
    """
    rectangles = {name: _widest(truth.probabilities - other) for name, other in false.items()}
    residuals = [kept - truth.probabilities]
    residuals += [truth.draw(generator) - truth.probabilities for _ in range(NULL_DRAWS)]
    found = cut_norms(np.stack(residuals), certify=False, restarts=RESTARTS, seed=seed, device=current())
    observed, *null = (norm.lower for norm in found)
    judged = {variant: truth.probabilities} | (dict(false) if variant == STATEMENT else {})
    values = {name: _deviations(kept - probabilities, rectangles) for name, probabilities in judged.items()}
    values[variant][RATIO] = math.log(max(observed, 1e-12) / float(np.mean(null)))
    return values


def group_of(case: Case) -> str:
    """Words for what is held fixed while sizes grow."""
    batch = f"S/d = {case.batch_per_input:g}" if case.batch_per_input else f"S = {case.batch}"
    signal = f", R^2 = {case.signal:g}" if case.data == "teacher" else ""
    labels = ", raw labels" if case.labels == "raw" else ""
    return f"{case.data}{signal}{labels}, {case.initialisation}, {case.activation}, rho = {case.density:g}, {batch}"


def measures_of(group: Sequence[Observation], variant: str) -> tuple[str, ...]:
    """Names of the log-ratio and of the deviations that a group carries."""
    return tuple(sorted(name for name in group[0].values[variant] if name == RATIO or name.startswith(RECTANGLE)))


def margin_of(measure: str) -> float:
    """Margin of a log-ratio or of a deviation."""
    return RATIO_MARGIN if measure == RATIO else DEVIATION_MARGIN


def judge_masks(
    groups: Mapping[str, Sequence[Observation]],
    variant: str,
    level: float,
    *,
    measures: Callable[[Sequence[Observation], str], tuple[str, ...]] = measures_of,
    margin: Callable[[str], float] = margin_of,
) -> list[dict[str, float | str]]:
    """Decide every measure of every group of growing sizes.

    Parameters
    ----------
    groups
        Observations that carry the variant, by group.
    variant
        What to read.
    level
        Level of the rule; refutation is Bonferroni-corrected over all measures and groups.
    measures, margin
        Names of the measures that a group carries, and the equivalence margin of each.
    """
    chosen = [(name, group, measure) for name, group in groups.items() for measure in measures(group, variant)]
    return [
        decide_group(
            name,
            group,
            measure,
            lambda o, measure=measure: o.values[variant][measure],  # type: ignore[misc]
            margin=margin(measure),
            level=level,
            tests=len(chosen),
        )
        for name, group, measure in chosen
    ]


def _deviations(residual: Array, rectangles: Mapping[str, tuple[Mask, Mask, float]]) -> dict[str, float]:
    """Mask less prediction, integrated over each rectangle."""
    return {
        f"{RECTANGLE} {name}": sign * float(residual[np.ix_(rows, columns)].sum()) / residual.size
        for name, (rows, columns, sign) in rectangles.items()
    }


def _widest(difference: Array) -> tuple[Mask, Mask, float]:
    """Rows and columns of the rectangle where two predictions differ most, and the sign of their difference there."""
    found = cut_norm(difference, certify=False, restarts=RESTARTS, seed=0, device=current())
    inside = np.ix_(found.rows, found.columns)
    return found.rows, found.columns, math.copysign(1.0, float(difference[inside].sum()))
