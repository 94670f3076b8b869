"""TAX, measured: which masks are homogeneous, and whether degrees follow the profile.

Under a constant graphon the top-k mask is a uniformly random set of k entries, so the degrees are exactly
multivariate hypergeometric: an exact null for "homogeneous" on either axis. Where the profile is not
constant, the columns are grouped by profile, and denser groups must be those of larger profile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
import torch

from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, not_run, worst
from verification.experiment import prune
from verification.statistics import detectable_mean, fisher, mean_interval

Array = npt.NDArray[np.float64]

DRAWS = 199
"""Null draws of the degrees a trial: p-values are multiples of 1/200."""

GROUPS = 4
"""Groups of columns (rows), by quantiles of the profile."""

RESOLUTION = 0.15
"""Homogeneity counts as support only if degrees of this relative spread would have been seen."""

_HOMOGENEOUS, _INCREASING, _DECREASING = 0.0, 1.0, -1.0


class Tax:
    """The claim of statement TAX."""

    id = "TAX"
    criteria = ("random", "magnitude", "snip")
    on_models = False
    mutants = (
        Mutant("snip-constant", "SNIP is homogeneous"),
        Mutant("magnitude-by-readout", "Magnitude is heterogeneous in u, denser where |a| is larger"),
        Mutant("decreasing", "degrees decrease in the profile"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Measure spread and trend of the degrees of one mask on both axes."""
        generator = torch.Generator().manual_seed(seed)
        pruned = prune(case, generator)
        kept = pruned.kept.numpy()
        rng = np.random.default_rng(seed)
        readout = np.abs(pruned.network.readout.weight.detach().double().numpy()[0])
        correlations = readout if pruned.batch is None else np.abs(pruned.batch.correlations.numpy())
        measured = {
            "row p": _spread_p_value(kept.sum(axis=1), kept.shape[1], rng),
            "column p": _spread_p_value(kept.sum(axis=0), kept.shape[0], rng),
            "row trend": _trend(kept.mean(axis=1), readout),
            "row steps": _steps(kept.mean(axis=1), readout),
        }
        if pruned.batch is not None:
            measured["column trend"] = _trend(kept.mean(axis=0), correlations)
            measured["column steps"] = _steps(kept.mean(axis=0), correlations)
        variants = (STATEMENT, *(mutant.id for mutant in self.mutants))
        stated = {name: _stated(case.criterion, name) for name in variants}
        return {
            name: {**measured, "row says": says[0], "column says": says[1]}
            for name, says in stated.items()
            if name == STATEMENT or says != stated[STATEMENT]
        }

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Test both axes of every case against what the variant says of them; Bonferroni over all tests."""
        found = sorted(carrying(observations, variant), key=lambda o: o.case.key())
        if not found:
            return not_run(level)
        groups = [list(group) for _, group in groupby(found, key=lambda o: o.case.key())]
        share = level / (2 * len(groups))
        rows = [_axis(group, variant, axis, share) for group in groups for axis in ("row", "column")]
        refuted = [row for row in rows if row["outcome"] == Outcome.REFUTED]
        decisive = [float(row["p"]) for row in rows if row["says"] == "homogeneous"]
        return Measurement(
            outcome=worst([Outcome(str(row["outcome"])) for row in rows]),
            null="a homogeneous mask is a uniform set of k entries; another has degrees that rise with the profile",
            alternative="degrees spread where they should not, or do not rise where they should",
            statistic="axes that contradict the statement",
            observed=float(len(refuted)),
            bound=0.0,
            level=level,
            p_value=min(1.0, 2 * len(groups) * min(decisive)) if decisive else None,
            sample_size=len(found),
            detectable=max(float(row["detectable"]) for row in rows),
            detectable_unit="relative spread of the degrees (homogeneous) or relative rise over the groups",
            rows=tuple(rows),
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Nothing beyond the table."""
        return None


def _stated(criterion: str | None, variant: str) -> tuple[float, float]:
    """Return what a variant says of (rows, columns): homogeneous, or denser with larger or smaller profile."""
    if criterion == "snip":
        if variant == "snip-constant":
            return _HOMOGENEOUS, _HOMOGENEOUS
        sign = _DECREASING if variant == "decreasing" else _INCREASING
        return sign, sign
    if criterion == "magnitude" and variant == "magnitude-by-readout":
        return _INCREASING, _HOMOGENEOUS
    return _HOMOGENEOUS, _HOMOGENEOUS


def _axis(group: Sequence[Observation], variant: str, axis: str, level: float) -> dict[str, float | str]:
    """Test one axis of one case."""
    case = group[0].case
    values = [o.values[variant] for o in group]
    says = values[0][f"{axis} says"]
    row: dict[str, float | str] = {
        "source": case.source,
        "data": case.data if case.batch else "none",
        "width": float(case.width),
        "density": case.density,
        "axis": "u" if axis == "row" else "v",
        "says": {_HOMOGENEOUS: "homogeneous", _INCREASING: "increasing", _DECREASING: "decreasing"}[says],
    }
    if says == _HOMOGENEOUS:
        p_value = fisher([v[f"{axis} p"] for v in values])
        detectable = _detectable_spread(case, axis, len(group), level)
        fine = Outcome.SUPPORTED if detectable <= RESOLUTION else Outcome.INCONCLUSIVE
        outcome = Outcome.REFUTED if p_value <= level else fine
        return row | {"p": p_value, "detectable": detectable, "outcome": outcome.value}
    return row | _trend_test(values, axis, says, level)


def _trend_test(values: Sequence[Mapping[str, float]], axis: str, sign: float, level: float) -> dict[str, float | str]:
    """Test whether densities rise (fall) from the group of least to that of largest profile."""
    trends = [sign * v[f"{axis} trend"] for v in values]
    mean, low, high = mean_interval(trends, level)
    outcome = Outcome.INCONCLUSIVE
    if low > 0 and all(sign * v[f"{axis} steps"] > 0 for v in values):
        outcome = Outcome.SUPPORTED
    # Where the degrees should rise and a rise of the stated resolution is excluded, the statement is false.
    elif high < RESOLUTION:
        outcome = Outcome.REFUTED
    return {
        "p": float("nan"),
        "trend": sign * mean,
        "detectable": detectable_mean(trends, level),
        "outcome": outcome.value,
    }


def _spread_p_value(degrees: npt.NDArray[np.int64], size: int, rng: np.random.Generator) -> float:
    """Exact Monte Carlo p-value of the spread of degrees under a uniform set of k entries."""
    colours = np.full(degrees.size, size, dtype=np.int64)
    null = rng.multivariate_hypergeometric(colours, int(degrees.sum()), size=DRAWS, method="marginals")
    spread = float(degrees.var())
    return (1.0 + float(np.sum(null.var(axis=1) >= spread))) / (DRAWS + 1.0)


def _group_densities(densities: Array, profile: Array) -> Array:
    order = np.argsort(profile, kind="stable")
    return np.array([densities[part].mean() for part in np.array_split(order, GROUPS)])


def _trend(densities: Array, profile: Array) -> float:
    """Rise from the first to the last group, over the mean density."""
    grouped = _group_densities(densities, profile)
    return float((grouped[-1] - grouped[0]) / densities.mean())


def _steps(densities: Array, profile: Array) -> float:
    """+1 if every group is denser than the one before, -1 if every one is sparser, else 0."""
    steps = np.sign(np.diff(_group_densities(densities, profile)))
    return float(steps[0]) if bool(np.all(steps == steps[0])) else 0.0


def _detectable_spread(case: Case, axis: str, trials: int, level: float) -> float:
    """Relative spread of the mean degrees that Fisher's test finds, by the normal law of a variance.

    A relative spread ``s`` adds ``(s rho m)^2`` to the null variance ``m rho (1 - rho)`` of a degree out of
    m; the variance of ``c`` degrees over ``trials`` masks is known to a relative ``sqrt(2 / (c trials))``.
    """
    from scipy import stats

    size, count = (case.inputs, case.width) if axis == "row" else (case.width, case.inputs)
    quantiles = float(stats.norm.ppf([1.0 - level, 0.9]).sum())
    return float(np.sqrt(quantiles * np.sqrt(2.0 / (count * trials)) * (1.0 - case.density) / (size * case.density)))
