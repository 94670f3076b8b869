"""SNIP-S, measured: SNIP's mask against masks sampled from its rank-S prediction.

The statistic of a trial is the logarithm of a ratio: the cut distance of the real mask to the prediction
over that of masks drawn from the prediction with fresh noise. The statement is asymptotic. It is supported
where the mean log-ratio at the largest size lies within ``MARGIN`` of 0 (two one-sided tests), and refuted
only where it lies outside and has not come nearer to 0 since the smallest size.
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
from verification.cutnorm import cut_norm_lower
from verification.experiment import prune
from verification.masks import mask
from verification.sampling import draw_noise, sample_mask
from verification.statistics import detectable_mean, mean_interval

Array = npt.NDArray[np.float64]

MARGIN = math.log(1.1)
"""Equivalence margin of the mean log-ratio: ten per cent either way."""

NULL_DRAWS = 3
"""Masks drawn from the prediction in a trial."""

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
        values: dict[str, Mapping[str, float]] = {case.variant: _compare(kept, truth, null, seed)}
        if case.variant != STATEMENT:
            return values
        false: Mapping[str, tuple[Array, npt.NDArray[np.bool_]]] = {
            "constant": _constant(model, case.density, generator),
            "other-noise": _sampled(other_noise(model), case.density, generator),
            "rank-one": _sampled(pruned.rank_one(), case.density, generator),
        }
        for name, (prediction, drawn) in false.items():
            values[name] = _compare(kept, prediction, [drawn], seed)
        # A deterministic prediction has no null of its own: it is held to the statement's.
        without = cut_norm_lower(kept - without_weight(model, case.density), restarts=RESTARTS, seed=seed)
        values["without-weight"] = {"observed": without, "null": values[STATEMENT]["null"]}
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence at the largest size of every group; refutation by a deviation that does not shrink."""
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        groups = grouped(found, _group)
        rows = [_decide_group(group, variant, level, len(groups)) for group in groups.values()]
        largest = max(rows, key=lambda row: abs(math.log(float(row["ratio"]))))
        return Measurement(
            outcome=worst([Outcome(str(row["outcome"])) for row in rows]),
            null="the mask is as far from the prediction as a mask drawn from it: log-ratio within the margin",
            alternative="the log-ratio stays outside the margin as n and d grow",
            statistic="ratio of cut distances at the largest size, farthest from 1 over the groups",
            observed=float(largest["ratio"]),
            bound=math.exp(MARGIN),
            level=level,
            p_value=None,
            sample_size=len(found),
            detectable=max(float(row["detectable"]) for row in rows),
            detectable_unit="ratio beyond which the equivalence would have failed",
            rows=tuple(rows),
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Where the real mask stands against the sampled one, on digits."""
        found = [o for o in carrying(observations, STATEMENT) if o.case.data == "digits"]
        if not found:
            return None
        rows = self.decide(found, STATEMENT, level).rows
        size = max((o.case.width, o.case.inputs) for o in found)
        figures = "; ".join(
            f"{float(row['ratio']):.3f} ({float(row['low']):.3f} to {float(row['high']):.3f}) at {row['group']}"
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


def _compare(
    kept: npt.NDArray[np.bool_], prediction: Array, null: Sequence[npt.NDArray[np.bool_]], seed: int
) -> dict[str, float]:
    """Cut distances of the mask and of the null draws to a prediction, by the same search."""
    observed, *others = (cut_norm_lower(drawn - prediction, restarts=RESTARTS, seed=seed) for drawn in (kept, *null))
    return {"observed": observed, "null": float(np.mean(others))}


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


def _decide_group(group: Sequence[Observation], variant: str, level: float, groups: int) -> dict[str, float | str]:
    """Decide one group of growing sizes."""
    by_size: dict[int, list[float]] = {}
    for o in group:
        values = o.values[variant]
        by_size.setdefault(o.case.size, []).append(math.log(max(values["observed"], 1e-12) / values["null"]))
    smallest, largest = min(by_size), max(by_size)
    mean, low, high = mean_interval(by_size[largest], level)
    _, low_all, high_all = mean_interval(by_size[largest], level / groups)
    outcome = Outcome.INCONCLUSIVE
    if low > -MARGIN and high < MARGIN:
        outcome = Outcome.SUPPORTED
    elif (low_all > MARGIN or high_all < -MARGIN) and largest > smallest:
        start = mean_interval(by_size[smallest], level / groups)[0]
        nearest = min(abs(low_all), abs(high_all))
        # A deviation of order n^(-1/2) would have shrunk by this factor (sizes are products n d).
        if nearest > abs(start) * (smallest / largest) ** 0.25:
            outcome = Outcome.REFUTED
    return {
        "group": _group(group[0].case),
        "ratio": math.exp(mean),
        "low": math.exp(low),
        "high": math.exp(high),
        "ratio at the smallest size": math.exp(float(np.mean(by_size[smallest]))),
        "largest size": float(largest),
        "detectable": math.exp(MARGIN + detectable_mean(by_size[largest], level)),
        "outcome": outcome.value,
    }
