"""TAX, measured: which masks are homogeneous, and whether degrees follow the profile.

Under a constant graphon the top-k mask is a uniformly random set of k entries, so degrees and block counts are
exactly multivariate hypergeometric: an exact null for "homogeneous" on either axis, and on both together. Where
the profile is not constant, rows and columns are grouped by profile, and density must rise over the groups as the
graphon says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from scipy import optimize, stats

from graphon_theory.saliency import FiniteModel
from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run, worst
from verification.experiment import prune
from verification.null_laws import (
    block_counts,
    block_sizes,
    quantile_groups,
    uniform_cells_p_value,
    uniform_degree_p_values,
)
from verification.statistics import POWER, detectable_mean, fisher, mean_interval

Array = npt.NDArray[np.float64]

DRAWS = 199
"""Null draws of the degrees a trial: p-values are multiples of 1/200."""

GROUPS = 4
"""Groups of columns (rows), by quantiles of the profile."""

_SIMULATED = 2000

RESOLUTION = 0.15
"""Homogeneity counts as support only if degrees of this relative spread would have been seen."""

_HOMOGENEOUS, _INCREASING, _DECREASING = 0.0, 1.0, -1.0
_AXES = {"row": "u", "column": "v", "block": "u and v"}


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
        readout = np.abs(pruned.readout)
        batch = pruned.batch
        correlations = np.arange(case.inputs, dtype=np.float64)
        if batch is not None:
            correlations = np.abs(batch.correlations.numpy())
        degrees = uniform_degree_p_values(kept, draws=DRAWS, rng=rng)
        measured = {
            "row p": degrees.row_spread,
            "column p": degrees.column_spread,
            "block p": _block_p_value(kept, readout, correlations, rng),
            **_grouped("row", kept.mean(axis=1), readout),
        }
        if batch is None:
            by_readout = FiniteModel.from_factors(readout, np.ones(case.inputs), pruned.noise)
            measured["row predicted"] = _trend(by_readout.probabilities(case.density).mean(axis=1), readout)
        else:
            predicted = pruned.rank_s().probabilities(case.density)
            measured |= _grouped("column", kept.mean(axis=0), correlations)
            measured["row predicted"] = _trend(predicted.mean(axis=1), readout)
            measured["column predicted"] = _trend(predicted.mean(axis=0), correlations)
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
        groups = list(grouped(found, lambda case: case.key()).values())
        share = level / (len(_AXES) * len(groups))
        rows = [row for group in groups for row in _axes(group, variant, share)]
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
            p_value=min(1.0, len(_AXES) * len(groups) * min(decisive)) if decisive else None,
            sample_size=len(found),
            detectable=max(float(row["detectable"]) for row in rows),
            detectable_unit="relative spread of degrees or blocks (homogeneous axis), or missing share of the rise",
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


def _axes(group: Sequence[Observation], variant: str, level: float) -> list[dict[str, float | str]]:
    """Test the axes of one case; the blocks where both are said to be homogeneous."""
    values = group[0].values[variant]
    both = values["row says"] == values["column says"] == _HOMOGENEOUS
    return [_axis(group, variant, axis, level) for axis in (*("row", "column"), *(("block",) if both else ()))]


def _axis(group: Sequence[Observation], variant: str, axis: str, level: float) -> dict[str, float | str]:
    """Test one axis of one case."""
    case = group[0].case
    values = [o.values[variant] for o in group]
    says = _HOMOGENEOUS if axis == "block" else values[0][f"{axis} says"]
    row: dict[str, float | str] = {
        "source": case.source,
        "data": case.data if case.batch else "none",
        "width": float(case.width),
        "density": case.density,
        "axis": _AXES[axis],
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
    """Test whether densities rise with the profile as the variant's own graphon says.

    The statistic is the rise from the first to the last group over the rise that the graphon predicts: 1 if
    the graphon is right. Refuted below 1/2; supported if above 0 and the groups, pooled, rise one by one.
    """
    ratios = [v[f"{axis} trend"] / (sign * v[f"{axis} predicted"]) for v in values]
    pooled = [float(np.mean([v[f"{axis} group {k}"] for v in values])) for k in range(GROUPS)]
    steps = sign * np.diff(pooled)
    mean, low, high = mean_interval(ratios, level)
    outcome = Outcome.INCONCLUSIVE
    if high < 0.5:
        outcome = Outcome.REFUTED
    elif low > 0 and bool(np.all(steps > 0)):
        outcome = Outcome.SUPPORTED
    return {
        "p": float("nan"),
        "rise over predicted": mean,
        "detectable": 0.5 + detectable_mean(ratios, level),
        "outcome": outcome.value,
    }


def _block_p_value(kept: npt.NDArray[np.bool_], readout: Array, correlations: Array, rng: np.random.Generator) -> float:
    """Exact Monte Carlo p-value of the block counts under a uniform set of k entries.

    Rows are grouped by ``|a|``, columns by ``|E[r x]|`` (by place without a batch): the counts see a
    structure that leaves the degrees as they were.
    """
    rows, columns = (quantile_groups(profile, GROUPS) for profile in (readout, correlations))
    counts = block_counts(kept, rows, columns)
    return uniform_cells_p_value(counts, block_sizes(rows, columns), draws=DRAWS, rng=rng)


def _group_densities(densities: Array, profile: Array) -> Array:
    order = np.argsort(profile, kind="stable")
    return np.array([densities[part].mean() for part in np.array_split(order, GROUPS)])


def _trend(densities: Array, profile: Array) -> float:
    """Rise from the first to the last group, over the mean density."""
    grouped = _group_densities(densities, profile)
    return float((grouped[-1] - grouped[0]) / densities.mean())


def _grouped(axis: str, densities: Array, profile: Array) -> dict[str, float]:
    """Densities of the groups and their rise, under the names that a decision reads."""
    groups = {f"{axis} group {k}": float(x) for k, x in enumerate(_group_densities(densities, profile))}
    return groups | {f"{axis} trend": _trend(densities, profile)}


def _detectable_spread(case: Case, axis: str, trials: int, level: float) -> float:
    """Relative spread of the mean degrees, or block counts, that the test finds with power ``POWER``.

    Infinite where so few trials could not reach the level, whatever they showed.
    """
    sizes = {
        "row": (case.inputs, case.width),
        "column": (case.width, case.inputs),
        "block": (case.size / GROUPS**2, GROUPS**2),
    }
    size, count = sizes[axis]
    # A relative spread s adds (s rho m)^2 to the null variance m rho (1 - rho) of a count out of m.
    odds = (1.0 - case.density) / (size * case.density)
    return float(np.sqrt(_detectable_excess(count, trials, level) * odds))


@lru_cache(maxsize=1024)
def _detectable_excess(count: int, trials: int, level: float) -> float:
    """Relative excess of the variance of ``count`` counts that the ranks of ``trials`` masks find with power ``POWER``.

    By simulation of the decision, with a generator of its own: variances follow the chi-square law, their rank among
    the draws a binomial, and Fisher combines the ranks.
    """
    if fisher([1.0 / (DRAWS + 1)] * trials) > level:
        return float("inf")
    rng = np.random.default_rng(0)
    variances = rng.chisquare(count - 1, size=(_SIMULATED, trials))
    uniform = rng.random((_SIMULATED, trials))
    critical = stats.chi2.isf(level, 2 * trials)

    def shortfall(excess: float) -> float:
        tail = stats.chi2.sf(variances * (1.0 + excess), count - 1)
        ranks = (1.0 + stats.binom.ppf(uniform, DRAWS, tail).clip(0)) / (DRAWS + 1.0)
        return float(np.mean(-2.0 * np.log(ranks).sum(axis=1) >= critical)) - POWER

    most = 1.0
    while shortfall(most) < 0.0:
        most *= 2.0
    return float(optimize.brentq(shortfall, 0.0, most, xtol=1e-3))
