"""SNIP-1, measured: how far SNIP's mask is from the rank-one prediction of [P26], and along which ladder it shrinks.

The statistic of a trial is the integral of mask minus prediction over the rectangle where the rank-S and
the stated prediction differ most: a lower bound of the cut distance without the noise floor of the raw cut
norm. The statement says that it vanishes like ``lambda^(-1/2)``, ``lambda = S R^2 / d``; the reading "at a
fixed batch, as the network grows" is put to the same rule along a ladder of widths.

The rule has two parts. From the first rung to the last the distance must fall at least half as far, in
logarithm, as the rate says. And the limit that the last two rungs extrapolate to under that rate must be 0
to within ``LIMIT_MARGIN``, which leaves room for the next order of the expansion in ``lambda^(-1/2)``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run, worst
from verification.claims.false_laws import constant, other_noise, without_weight
from verification.cutnorm import cut_norms
from verification.devices import current
from verification.experiment import prune
from verification.statistics import detectable_mean, mean_interval

Array = npt.NDArray[np.float64]

LIMIT_MARGIN = 0.003
"""Extrapolated cut distance up to which the limit counts as 0."""

LEAST_LAMBDA = 8.0
"""Where lambda stays below this the distance saturates: nothing there speaks against a limit."""

_RESTARTS = 8  # differences of predictions are smooth: any start finds their widest rectangle

READING = "fixed-batch"
"""The mutant that is a reading of [P26]: convergence as the width grows, at a fixed batch."""


class Snip1:
    """The claim of statement SNIP-1."""

    id = "SNIP-1"
    criteria = ("snip",)
    on_models = False
    mutants = (
        Mutant("constant", "SNIP's graphon is constant"),
        Mutant("without-weight", "SNIP without |w|: the entries of largest |a| |E[r x]| are kept"),
        Mutant("other-noise", "Q of another noise law of equal variance"),
        Mutant(
            READING,
            "the rank-one limit is reached at a fixed batch as the width grows",
            own_data=True,
            reading="[P26]",
        ),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Measure one mask's distance to the rank-one prediction and to its false variants."""
        generator = torch.Generator().manual_seed(seed)
        pruned = prune(case, generator)
        kept = pruned.kept.numpy()
        rank_s = pruned.rank_s().probabilities(case.density)
        model = pruned.rank_one()
        truth = model.probabilities(case.density)
        stated = {case.variant: truth}
        if case.variant == STATEMENT:
            stated |= {
                "constant": constant(model, case.density),
                "without-weight": without_weight(model, case.density),
                "other-noise": other_noise(model).probabilities(case.density),
            }
        distances = _distances(kept, rank_s, list(stated.values()))
        return {name: {"distance": distance} for name, distance in zip(stated, distances, strict=True)}

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Decide whether the distance falls along every ladder as it should, and to 0."""
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        groups = grouped(found, _group)
        rows = [_decide_group(name, group, variant, level, len(groups)) for name, group in groups.items()]
        farthest = max(rows, key=lambda row: float(row["shrinkage"]) / float(row["allowed"]))
        return Measurement(
            outcome=worst([Outcome(str(row["outcome"])) for row in rows]),
            null="the distance to the rank-one prediction falls to 0 like the ladder to the power -1/2",
            alternative="it falls less than half as far, in logarithm, or to a positive limit",
            statistic="distance at the last rung over that at the first",
            observed=float(farthest["shrinkage"]),
            bound=float(farthest["allowed"]),
            level=level,
            p_value=None,
            sample_size=len(found),
            detectable=max(float(row["detectable"]) for row in rows),
            detectable_unit="cut distance that would remain in the limit",
            rows=tuple(rows),
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """How far the rank-one prediction stays off on digits as the width grows."""
        found = [
            o
            for variant in (READING, STATEMENT)
            for o in carrying(observations, variant)
            if o.case.data == "digits" and o.case.ladder == "width"
        ]
        if not found:
            return None
        variant = next(iter(found[0].values)) if READING in found[0].values else STATEMENT
        sparsest = min(o.case.density for o in found)
        largest = max(o.case.inputs for o in found)
        chosen = [o for o in found if o.case.density == sparsest and o.case.inputs == largest and variant in o.values]
        widths = sorted({o.case.width for o in chosen})
        distances = [
            float(np.mean([o.values[variant]["distance"] for o in chosen if o.case.width == width])) for width in widths
        ]
        outcome = self.decide(chosen, variant, level).outcome
        verdict = {
            Outcome.REFUTED: "stays off at every width tried",
            Outcome.SUPPORTED: "is approached as the width grows",
        }.get(outcome, "is neither approached nor clearly kept off")
        figures = ", ".join(f"{x:.4f}" for x in distances)
        names = ", ".join(str(width) for width in widths)
        return (
            f"On digits, at a fixed batch, the rank-one prediction {verdict}: cut distance at least {figures} "
            f"at widths {names} (d = {largest}, S = {chosen[0].case.batch}, rho = {sparsest:g})."
        )


def _distances(kept: npt.NDArray[np.bool_], rank_s: Array, predictions: Sequence[Array]) -> list[float]:
    """Signed integrals of mask minus prediction where the rank-S prediction says that it is largest."""
    differences = [rank_s - prediction for prediction in predictions]
    witnesses = cut_norms(differences, certify=False, restarts=_RESTARTS, seed=0, device=current())
    found = []
    for prediction, difference, witness in zip(predictions, differences, witnesses, strict=True):
        inside = np.ix_(witness.rows, witness.columns)
        sign = math.copysign(1.0, float(difference[inside].sum()))
        found.append(sign * float((kept[inside] - prediction[inside]).sum()) / prediction.size)
    return found


def _rung(case: Case) -> float:
    """Place of a case on its ladder: ``lambda = S R^2 / d``, or the width."""
    return case.batch * case.signal / case.inputs if case.ladder == "batch" else float(case.width)


def _group(case: Case) -> str:
    parts = [case.data, f"{case.labels} labels", case.initialisation, f"rho = {case.density:g}"]
    if case.data == "teacher":
        parts.append(f"R^2 = {case.signal:g}")
    if case.ladder == "batch":
        parts.append(f"n = {case.width}, d = {case.inputs}, lambda grows")
    else:
        parts.append(f"S = {case.batch}, " + ("d = n" if case.square else f"d = {case.inputs}") + ", n grows")
    return ", ".join(parts)


def _decide_group(
    name: str, group: Sequence[Observation], variant: str, level: float, groups: int
) -> dict[str, float | str]:
    """Decide one ladder by the contrast of its last and first rungs, paired by repeat.

    Refutation, by either part on any ladder, is Bonferroni-corrected; support needs both on every ladder, and no
    correction.
    """
    by_rung: dict[float, dict[int, float]] = {}
    for o in group:
        rung = by_rung.setdefault(_rung(o.case), {})
        if o.repeat in rung:
            raise RuntimeError(f"two trials {o.repeat} on rung {_rung(o.case):g} of {name}")
        rung[o.repeat] = o.values[variant]["distance"]
    rungs = sorted(by_rung)
    first, last = by_rung[rungs[0]], by_rung[rungs[-1]]
    means = {rung: float(np.mean(list(by_rung[rung].values()))) for rung in rungs}
    row: dict[str, float | str] = {
        "group": name,
        "first rung": rungs[0],
        "last rung": rungs[-1],
        "first distance": means[rungs[0]],
        "last distance": means[rungs[-1]],
        "shrinkage": means[rungs[-1]] / means[rungs[0]],
        "slope": _slope(means),
    }
    if len(rungs) < 2:
        return row | {"allowed": 1.0, "detectable": float("nan"), "outcome": Outcome.INCONCLUSIVE.value}
    # The rate -1/2 would give the factor (first/last)^(1/2); half of that in logarithm is allowed.
    allowed = (rungs[0] / rungs[-1]) ** 0.25
    contrast = _combine(last, 1.0, first, -allowed)
    step = (rungs[-2] / rungs[-1]) ** 0.5
    limits = _combine(last, 1.0 / (1.0 - step), by_rung[rungs[-2]], -step / (1.0 - step))
    share = level / (2 * groups)
    high = mean_interval(contrast, level)[2]
    limit, limit_low, limit_high = mean_interval(limits, level)
    outcome = Outcome.INCONCLUSIVE
    asymptotic = group[0].case.ladder != "batch" or rungs[-1] >= LEAST_LAMBDA
    lows = mean_interval(contrast, share)[1], mean_interval(limits, share)[1]
    if asymptotic and (lows[0] > 0 or lows[1] > LIMIT_MARGIN):
        outcome = Outcome.REFUTED
    elif high < 0 and limit_low > -LIMIT_MARGIN and limit_high < LIMIT_MARGIN:
        outcome = Outcome.SUPPORTED
    return row | {
        "allowed": allowed,
        "limit": limit,
        "limit low": limit_low,
        "limit high": limit_high,
        "detectable": LIMIT_MARGIN + detectable_mean(limits, share),
        "outcome": outcome.value,
    }


def _combine(a: Mapping[int, float], weight_a: float, b: Mapping[int, float], weight_b: float) -> list[float]:
    """Linear combination of two rungs, paired by repeat."""
    return [weight_a * a[repeat] + weight_b * b[repeat] for repeat in sorted(a.keys() & b.keys())]


def _slope(means: Mapping[float, float]) -> float:
    """Least-squares slope of log distance over log rung; NaN where a mean is not positive. For reading only."""
    rungs = sorted(means)
    if len(rungs) < 2 or min(means.values()) <= 0:
        return float("nan")
    logs = np.log([[rung, means[rung]] for rung in rungs])
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])
