"""GEN, measured: how often the risk exceeds its bound, where the bound says something.

The kernel is that of a real masked network; samples and test samples are drawn after the mask. The number of inputs
chooses between two tasks, a linear teacher and labels of noise (``risk_trials``), for which the bound lies below 1, the
largest value of the loss.

Of either form of the bound (radii from 1 up, radii of every scale) the risk's lower confidence limit may exceed it in
a share ``DELTA + ETA`` of the trials, by the exact binomial law. A trial whose bound is 1 or more could not exceed it:
it counts against the statement's evidence, and a row of such trials alone can find nothing.

"noise explained" is a control, and what the variant "pruning-batch" is judged by: ``y^T K y/tr K`` for ``SAMPLES``
independent signs y. Its mean is 1, exactly, where K is independent of y: on a fresh sample it tests the draws, not
GEN. It is the step of the proof that takes the mask as fixed; on the sample that pruned the mean lies above 1, and the
step is false there, whether the bound as a whole is exceeded or not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from verification.cases import Case, Observation, Values
from verification.claims.asymptotic import conclude
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run
from verification.claims.pruned_samples import finite_values, prune_on
from verification.claims.pruned_samples import group_name as setting
from verification.claims.risk_trials import (
    BOUND,
    DELTA,
    ETA,
    NOISE,
    SAMPLES,
    TEACHER,
    draw_sample,
    draw_teacher,
    explained_share,
    risk_and_bounds,
    task_of,
)
from verification.generalisation.pruned import BY_GRADIENT
from verification.statistics import (
    binomial_at_least,
    binomial_interval,
    detectable_mean,
    detectable_proportion,
    mean_interval,
)

MARGIN = 0.2
"""What of the noise may be explained beyond a share of 1 on average."""

EXPLAINED = "noise explained"


class Gen:
    """The claim of statement GEN."""

    id = "GEN"
    criteria = ("random", "magnitude", "snip", "grasp-magnitude", "grasp", "synflow")
    on_models = False
    mutants = (
        Mutant(
            "pruning-batch",
            "the step that takes the mask as fixed, on the sample that pruned: noise is explained to a share of 1",
            own_data=True,
        ),
        Mutant("no-complexity", "risk <= train + confidence: every network that fits generalises"),
        Mutant("level-zero", "radius 1, whatever the norm of the predictor"),
        Mutant("largest-eigenvalue", "lambda_max in the place of tr K"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Prune on one batch, train on another sample in the kernel regime, and hold the risk against the bounds."""
        generator = torch.Generator().manual_seed(seed)
        own = case.variant == "pruning-batch"
        task, part = draw_teacher(case, generator), NOISE if own else task_of(case)
        batch = draw_sample(task, case.batch or SAMPLES, part, generator)
        pruned = prune_on(case, batch, generator)
        if own:
            return {case.variant: {EXPLAINED: explained_share(pruned, batch)}}
        values = risk_and_bounds(case, pruned, task, part, generator)
        if part == NOISE and case.criterion in BY_GRADIENT:
            values[STATEMENT][EXPLAINED] = explained_share(pruned, draw_sample(task, SAMPLES, part, generator))
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Coverage of each task over all its trials, and the mean share of noise explained for every group."""
        found = carrying(observations, variant)
        if not found:
            return not_run(level)
        groups = grouped([o for o in found if EXPLAINED in o.values[variant]], group_name)
        parts = sorted({m for o in found for m in o.values[variant] if m.startswith((TEACHER, NOISE))})
        tests = len(groups) + len(parts)
        rows = [
            _coverage(part, [o for o in found if part in o.values[variant]], variant, level, level / tests)
            for part in parts
        ]
        rows += [_explained(name, group, variant, level, level / tests) for name, group in groups.items()]
        return conclude(
            rows,
            len(found),
            level,
            null=f"the risk exceeds the bound with probability {DELTA:g} at most; noise is explained to a share of 1",
            alternative="the bound is exceeded more often, or more of the noise is explained",
            statistic="share of the trials beyond the bound over what is allowed; mean share of noise over its margin",
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Say how large the bounds and risks were, and what the pruning batch does to the step of the proof."""
        said = []
        for part in (TEACHER, NOISE):
            values = [o.values[STATEMENT] for o in carrying(observations, STATEMENT) if part in o.values[STATEMENT]]
            if values:
                bound = float(np.mean([v[BOUND + part] for v in values]))
                risk = bound + float(np.mean([v[part] for v in values]))
                said.append(f"{part}: mean bound {bound:.2f}, mean lower limit of the risk {risk:.2f}.")
        shown = []
        for variant, name in ((STATEMENT, "a fresh sample"), ("pruning-batch", "the sample that pruned")):
            values_of = [o.values[variant] for o in carrying(observations, variant)]
            shares = [v[EXPLAINED] for v in values_of if EXPLAINED in v]
            if len(shares) > 1:
                mean, low, high = mean_interval(shares, level)
                shown.append(f"{mean:.2f} ({low:.2f} to {high:.2f}) on {name}")
        if shown:
            said.append(f"Noise is explained, y^T K y/tr K, to a share of {'; '.join(shown)}.")
        return " ".join(said) or None


def group_name(case: Case) -> str:
    """Name the cases that differ in size alone."""
    return f"{setting(case)}, R^2 = {case.signal:g}"


def _coverage(
    part: str, found: Sequence[Observation], variant: str, level: float, share: float
) -> dict[str, float | str]:
    """Hold the number of trials beyond the bound against the binomial law; a bound of 1 or more is no evidence."""
    excess, bounds = (finite_values(found, variant, measure) for measure in (part, BOUND + part))
    beyond, allowed = sum(x > 0.0 for x in excess), DELTA + ETA
    # No risk exceeds 1, so none of the trials beyond is left out of these.
    telling = sum(x < 1.0 for x in bounds)
    outcome = Outcome.INCONCLUSIVE
    if binomial_at_least(beyond, len(excess), allowed) <= share:
        outcome = Outcome.REFUTED
    elif telling and binomial_interval(beyond, telling, 2.0 * level)[1] < allowed:
        outcome = Outcome.SUPPORTED
    return {
        "group": "all",
        "measure": part,
        "trials": float(len(excess)),
        "bound below 1": float(telling),
        "median bound": float(np.median(bounds)),
        "beyond": float(beyond),
        "allowed": allowed,
        "largest excess": max(excess),
        "share of margin": beyond / len(excess) / allowed,
        "detectable": detectable_proportion(telling, share, allowed) / allowed if telling else math.inf,
        "outcome": outcome.value,
    }


def _explained(
    name: str, group: Sequence[Observation], variant: str, level: float, share: float
) -> dict[str, float | str]:
    """Hold the mean share of explained noise against 1, from above."""
    values = finite_values(group, variant, EXPLAINED)
    mean, low, high = mean_interval(values, level)
    outcome = Outcome.INCONCLUSIVE
    if high < 1.0 + MARGIN:
        outcome = Outcome.SUPPORTED
    elif mean_interval(values, share)[1] > 1.0 + MARGIN:
        outcome = Outcome.REFUTED
    return {
        "group": name,
        "measure": EXPLAINED,
        "mean": mean,
        "low": low,
        "high": high,
        "margin": MARGIN,
        "share of margin": (mean - 1.0) / MARGIN,
        "detectable": 1.0 + detectable_mean(values, share) / MARGIN,
        "outcome": outcome.value,
    }
