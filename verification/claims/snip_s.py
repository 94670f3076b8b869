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
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run, worst
from verification.claims.false_laws import constant, other_noise, without_weight
from verification.cutnorm import cut_norm, cut_norm_lower, cut_norms
from verification.devices import current
from verification.experiment import prune
from verification.masks import mask
from verification.sampling import draw_noise, sample_mask
from verification.statistics import detectable_mean, mean_interval

Array = npt.NDArray[np.float64]

RATIO_MARGIN = math.log(1.1)
"""Equivalence margin of the mean log-ratio: ten per cent either way."""

DEVIATION_MARGIN = 0.002
"""Equivalence margin of the mean deviation over a rectangle, in cut distance; other noise laws differ by 0.004."""

NULL_DRAWS = 3
"""Masks drawn from the prediction in a trial."""

Rectangle = tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], float]
"""Rows, columns, and the sign with which a deviation counts."""

RATIO = "log-ratio"
RECTANGLE = "rectangle"

_TOGETHER = 2**17  # entries up to which residuals are searched in one batch

RESTARTS = 16
"""Starts of every cut-norm search: the same for the mask and for the null, so that the ratio is fair."""


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
        rectangles = _widest([truth - prediction for prediction, _ in false.values()])
        residuals = [drawn - truth for drawn in (kept, *null)]
        if case.variant == STATEMENT:
            for prediction, drawn in false.values():
                residuals += [kept - prediction, drawn - prediction]
            # A deterministic prediction has no null of its own: it is held to the statement's.
            indicator = without_weight(model, case.density)
            residuals.append(kept - indicator)
        distances = _distances(residuals, seed)
        expected = float(np.mean(distances[1 : 1 + NULL_DRAWS]))
        values = {case.variant: _values(distances[0], expected, kept - truth, rectangles)}
        if case.variant == STATEMENT:
            found = iter(distances[1 + NULL_DRAWS :])
            for name, (prediction, _) in false.items():
                values[name] = _values(next(found), next(found), kept - prediction, rectangles)
            values["without-weight"] = _values(next(found), expected, kept - indicator, rectangles)
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence at the largest size of every group; refutation by a deviation that does not shrink."""
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        groups = grouped(found, _group)
        rows = [
            _decide(name, group, variant, measure, level, len(groups))
            for name, group in groups.items()
            for measure in _measures(group, variant)
        ]
        farthest = max(rows, key=lambda row: float(row["share of margin"]))
        return Measurement(
            outcome=worst([Outcome(str(row["outcome"])) for row in rows]),
            null="the mask is as far from the prediction as a mask drawn from it, and unbiased on rectangles",
            alternative="ratio or deviation stay outside their margins as n and d grow",
            statistic="mean log-ratio or deviation at the largest size, over its margin, farthest over the groups",
            observed=float(farthest["share of margin"]),
            bound=1.0,
            level=level,
            p_value=None,
            sample_size=len(found),
            detectable=max(float(row["detectable"]) for row in rows),
            detectable_unit="mean over its margin, beyond which the equivalence would have failed",
            rows=tuple(rows),
        )

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


def _distances(residuals: Sequence[Array], seed: int) -> list[float]:
    """Cut norms of residuals of one shape, by the same search; small ones together, which is faster."""
    if residuals[0].size <= _TOGETHER:
        found = cut_norms(np.stack(residuals), certify=False, restarts=RESTARTS, seed=seed, device=current())
        return [norm.lower for norm in found]
    return [cut_norm_lower(residual, restarts=RESTARTS, seed=seed, device=current()) for residual in residuals]


def _widest(differences: Sequence[Array]) -> list[Rectangle]:
    """Rectangles where two predictions differ most, each with the sign of their difference there."""
    rectangles = []
    for difference in differences:
        found = cut_norm(difference, certify=False, restarts=RESTARTS, seed=0, device=current())
        inside = np.ix_(found.rows, found.columns)
        rectangles.append((found.rows, found.columns, math.copysign(1.0, float(difference[inside].sum()))))
    return rectangles


def _values(observed: float, null: float, residual: Array, rectangles: Sequence[Rectangle]) -> dict[str, float]:
    """Statistics of one prediction: distance, distance under the null, and mask less prediction on each rectangle."""
    deviations = {
        f"{RECTANGLE} {k}": sign * float(residual[np.ix_(rows, columns)].sum()) / residual.size
        for k, (rows, columns, sign) in enumerate(rectangles)
    }
    return {"observed": observed, "null": null, **deviations}


def _sampled(model: FiniteModel, density: float, generator: torch.Generator) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return a prediction, and a mask drawn from it."""
    return model.probabilities(density), sample_mask(model, density, generator).numpy()


def _constant(model: FiniteModel, density: float, generator: torch.Generator) -> tuple[Array, npt.NDArray[np.bool_]]:
    scores = draw_noise(model.noise, model.profile.shape, generator)
    return constant(model, density), mask(scores, density=density, generator=generator).numpy()


def _group(case: Case) -> str:
    batch = f"S/d = {case.batch_per_input:g}" if case.batch_per_input else f"S = {case.batch}"
    signal = f", R^2 = {case.signal:g}" if case.data == "teacher" else ""
    return f"{case.data}, {case.labels} labels{signal}, {case.initialisation}, rho = {case.density:g}, {batch}"


def _measures(group: Sequence[Observation], variant: str) -> tuple[str, ...]:
    """Names of the quantities that a decision looks at: the ratio, and each declared rectangle."""
    return (RATIO, *sorted(name for name in group[0].values[variant] if name.startswith(RECTANGLE)))


def _value(values: Mapping[str, float], measure: str) -> float:
    return math.log(max(values["observed"], 1e-12) / values["null"]) if measure == RATIO else values[measure]


def _decide(
    name: str, group: Sequence[Observation], variant: str, measure: str, level: float, groups: int
) -> dict[str, float | str]:
    """Decide one quantity of one group of growing sizes.

    Equivalence must hold for every quantity, so it needs no correction for their number; refutation by any
    one is Bonferroni-corrected over groups and quantities.
    """
    by_size: dict[int, list[float]] = {}
    for o in group:
        by_size.setdefault(o.case.size, []).append(_value(o.values[variant], measure))
    smallest, largest = min(by_size), max(by_size)
    margin = RATIO_MARGIN if measure == RATIO else DEVIATION_MARGIN
    share = level / (groups * len(_measures(group, variant)))
    mean, low, high = mean_interval(by_size[largest], level)
    _, low_all, high_all = mean_interval(by_size[largest], share)
    start = float(np.mean(by_size[smallest]))
    outcome = Outcome.INCONCLUSIVE
    if low > -margin and high < margin:
        outcome = Outcome.SUPPORTED
    elif (low_all > margin or high_all < -margin) and largest > smallest:
        nearest = min(abs(low_all), abs(high_all))
        # A deviation of order n^(-1/2) would have shrunk by this factor (sizes are products n d).
        if nearest > abs(start) * (smallest / largest) ** 0.25:
            outcome = Outcome.REFUTED
    return {
        "group": name,
        "measure": measure,
        "mean": mean,
        "low": low,
        "high": high,
        "mean at the smallest size": start,
        "largest size": float(largest),
        "margin": margin,
        "share of margin": abs(mean) / margin,
        "detectable": 1.0 + detectable_mean(by_size[largest], level) / margin,
        "outcome": outcome.value,
    }


def _exp(value: float | str) -> float:
    return math.exp(float(value))
