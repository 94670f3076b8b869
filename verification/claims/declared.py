"""What claims on declared rectangles and sets share: their statistics, and the decision by them.

A trial has two kinds of statistic. The *ratio*: the cut distance of the real mask to the prediction over that of
masks drawn from the prediction with fresh noise. The *deviations*: mask less prediction, integrated over
rectangles or sets of entries that are declared by batch and types, not by the mask: of mean 0 if the prediction
is true, without the noise floor of a cut norm.

The statements are asymptotic. One is supported where, at the largest size, the mean log-ratio and every mean
deviation lie within their margins of 0 (two one-sided tests each), and refuted only where one lies outside and
has not come nearer to 0 since the smallest size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from verification.cases import Case, Observation
from verification.claims.asymptotic import conclude, decide_group
from verification.claims.claim import Measurement, carrying, grouped, not_run
from verification.cutnorm import cut_norm_lower, cut_norms
from verification.devices import current

Array = npt.NDArray[np.float64]

Rectangle = tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], float]
"""Rows, columns, and the sign with which a deviation counts."""

RATIO = "log-ratio"
RECTANGLE = "rectangle"
SET = "set"

_TOGETHER = 2**17  # entries up to which residuals are searched in one batch

_SMOOTH_RESTARTS = 8  # differences of predictions are smooth: any start finds their widest rectangle

RESTARTS = 16
"""Starts of every cut-norm search: the same for the mask and for the null, so that the ratio is fair."""


@dataclass(frozen=True)
class Margins:
    """Equivalence margins.

    Parameters
    ----------
    ratio
        Of the mean log-ratio of cut distances.
    deviation
        Of the mean deviation over a rectangle, in cut distance.
    """

    ratio: float
    deviation: float


def distances(residuals: Sequence[Array], seed: int) -> list[float]:
    """Cut norms of residuals of one shape, by the same search; small ones together, which is faster."""
    if residuals[0].size <= _TOGETHER:
        found = cut_norms(np.stack(residuals), certify=False, restarts=RESTARTS, seed=seed, device=current())
        return [norm.lower for norm in found]
    return [cut_norm_lower(residual, restarts=RESTARTS, seed=seed, device=current()) for residual in residuals]


def widest(differences: Sequence[Array]) -> list[Rectangle]:
    """Rectangles where two predictions differ most, each with the sign of their difference there."""
    rectangles = []
    witnesses = cut_norms(differences, certify=False, restarts=_SMOOTH_RESTARTS, seed=0, device=current())
    for difference, found in zip(differences, witnesses, strict=True):
        inside = np.ix_(found.rows, found.columns)
        rectangles.append((found.rows, found.columns, math.copysign(1.0, float(difference[inside].sum()))))
    return rectangles


def statistics(observed: float, null: float, residual: Array, rectangles: Sequence[Rectangle]) -> dict[str, float]:
    """Statistics of one prediction: distance, distance under the null, and mask less prediction on each rectangle."""
    deviations = {
        f"{RECTANGLE} {k}": sign * float(residual[np.ix_(rows, columns)].sum()) / residual.size
        for k, (rows, columns, sign) in enumerate(rectangles)
    }
    return {"observed": observed, "null": null, **deviations}


def over_sets(residual: Array, sets: Sequence[npt.NDArray[np.bool_]]) -> dict[str, float]:
    """Mask less prediction, summed over declared sets of entries, over the number of all entries."""
    return {f"{SET} {k}": float(residual[chosen].sum()) / residual.size for k, chosen in enumerate(sets)}


def decide(observations: Sequence[Observation], variant: str, level: float, margins: Margins) -> Measurement:
    """Equivalence at the largest size of every group; refutation by a deviation that does not shrink."""
    found = carrying(observations, variant)
    if not found:
        return not_run(level)
    groups = grouped(found, group_name)
    rows = [
        decide_group(
            name,
            group,
            measure,
            partial(_value, variant=variant, measure=measure),
            margin=margins.ratio if measure == RATIO else margins.deviation,
            level=level,
            tests=len(groups) * len(_measures(group, variant)),
        )
        for name, group in groups.items()
        for measure in _measures(group, variant)
    ]
    return conclude(
        rows,
        len(found),
        level,
        null="the mask is as far from the prediction as a mask drawn from it, and unbiased where declared",
        alternative="ratio or deviation stay outside their margins as n and d grow",
        statistic="mean log-ratio or deviation at the largest size, over its margin, farthest over the groups",
    )


def group_name(case: Case) -> str:
    """Name the cases that differ in size alone."""
    batch = f"S/d = {case.batch_per_input:g}" if case.batch_per_input else f"S = {case.batch}"
    signal = f", R^2 = {case.signal:g}" if case.data == "teacher" else ""
    return f"{case.data}, {case.labels} labels{signal}, {case.initialisation}, rho = {case.density:g}, {batch}"


def _measures(group: Sequence[Observation], variant: str) -> tuple[str, ...]:
    """Names of the quantities that a decision looks at: the ratio, where there is one, and each deviation."""
    values = group[0].values[variant]
    deviations = sorted(name for name in values if name.startswith((RECTANGLE, SET)))
    return (*((RATIO,) if "observed" in values else ()), *deviations)


def _value(observation: Observation, variant: str, measure: str) -> float:
    values = observation.values[variant]
    return math.log(max(values["observed"], 1e-12) / values["null"]) if measure == RATIO else values[measure]
