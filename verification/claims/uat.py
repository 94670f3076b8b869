"""UAT, measured: networks built on real masks, their sup error certified, against effective and ambient width.

A trial draws the active coordinates J, prunes a network, builds an approximating network on the edges that the mask
has kept and certifies its sup error. It builds a dense network of width N_J as well, with other random numbers. Tests:

* *identity*: the module on ambient inputs does what the network of width N_J in J does, to rounding, in every trial;
* *limit*, for each target, k and activation: at the largest expected effective width the certified error is below
  ``TOLERANCE`` of the target's half oscillation, and below that at the smallest. It speaks against the statement only
  where the certified lower bound stays above the tolerance and falls more slowly than ``N_J^(-SLOWEST)``;
* *rate*, for ReLU, k = 1 and targets without a kink: from ``MANY`` neurons on no certified error exceeds the limit of
  interpolation at equidistributed knots, a formula of the target alone;
* *width*, for each k and activation: the mean log-ratio of the error to that of the dense network of width N_J is 0 up
  to ``RATIO_MARGIN``. If the statement holds, its law is symmetric around 0 whatever n, d and rho are;
* *inputs*, likewise: the slope of that log-ratio in log d, within trials of one target, n and rho, is 0 up to
  ``SLOPE_MARGIN``.

The last two are supported with their interval within the margin, refuted with it outside. They compare two networks of
one construction: they test that mask and ambient inputs do not enter, not how good the construction is.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run, worst
from verification.claims.realised import (
    dense_error,
    false_floors,
    half_oscillation,
    interpolation_error,
    largest_half_oscillation,
    realise,
)
from verification.statistics import contrast_interval, detectable_mean, mean_interval
from verification.statistics.strata import stratified_slope

IDENTITY = 1e-13
"""Largest difference of module and reduced network, over the sum of moduli of its terms, that counts as rounding."""

TOLERANCE = 0.25
"""Certified error over the target's half oscillation that counts as small."""

SLOWEST = 0.25
"""Power of the effective width than which a falling error falls no more slowly: half of Barron's."""

RATIO_MARGIN = math.log(1.5)
"""Mean log-ratio to the dense network of width N_J that counts as none."""

SLOPE_MARGIN = 0.2
"""Slope in log d that counts as none: a factor 2.3 in the error from d = 64 to 4,096, where a root gives 8."""

MOST_DENSE = 64
"""Largest n at which the error of a dense network of width n is computed, for a false variant."""

MANY = 32
"""Effective width from which the error of interpolation is held against its limit."""

IDENTITY_TEST, LIMIT, WIDTH, INPUTS, RATE = "identity", "limit", "width", "inputs", "rate"

_LEAST = 1e-300


class Uat:
    """The claim of statement UAT."""

    id = "UAT"
    criteria = ("random", "magnitude", "snip")
    on_models = False
    mutants = (
        Mutant("grows-with-d", "the error at equal N_J grows like the root of d/k"),
        Mutant("inactive-learnable", "a coordinate of the target may be inactive: width makes up for it"),
        Mutant("without-biases", "the same without biases"),
        Mutant("ambient-width", "the effective width is n, whatever the mask"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Build and certify one network; bound what any network could do under the false hypotheses."""
        found = realise(case, seed)
        if found.error is None:
            return {STATEMENT: {"effective": 0.0, "chance": found.chance}}
        unit = half_oscillation(case.target, case.active)
        known = {
            "upper": found.error.upper / unit,
            "lower": found.error.lower / largest_half_oscillation(case.target, case.active),
            "effective": float(found.joined),
            "mismatch": found.mismatch,
            "predicted": dense_error(case, found.joined, seed) / unit,
        }
        interpolated = interpolation_error(case.target, found.joined) if _interpolates(case) else None
        if interpolated is not None:
            known["over rate"] = found.error.upper / interpolated
        growth = math.sqrt(case.inputs / case.active)
        values = {STATEMENT: known, "grows-with-d": known | {"predicted": known["predicted"] * growth}}
        if case.width <= MOST_DENSE:
            values["ambient-width"] = known | {"predicted": dense_error(case, case.width, seed) / unit}
        largest = largest_half_oscillation(case.target, case.active)
        for name, floor in false_floors(case.target, case.active, case.activation).items():
            values[name] = known | {"upper": max(known["upper"], floor / unit), "lower": floor / largest}
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Test all trials with a joined neuron; Bonferroni over the tests that could refute a true statement."""
        carried = carrying(observations, variant)
        found = [o for o in carried if o.values[variant]["effective"] > 0.0]
        if not found:
            return _cannot(carried, variant, level) if carried else not_run(level)
        targets, pools = grouped(found, _target), grouped(found, _pool)
        share = level / (len(targets) + 2 * len(pools))
        rows = [_identity(name, group, variant) for name, group in pools.items()]
        rows += [_limit(name, group, variant, level, share) for name, group in targets.items()]
        rows += [_rate(name, group, variant) for name, group in targets.items() if _has_rate(group, variant)]
        ratios = [row for name, group in pools.items() for row in _ratios(name, group, variant, level, share)]
        outcomes = [Outcome(str(row["outcome"])) for row in rows + ratios]
        if {(row["group"], row["test"]) for row in ratios} != {
            (name, test) for name in pools for test in (WIDTH, INPUTS)
        }:
            outcomes.append(Outcome.INCONCLUSIVE)  # every k and activation needs two trials, and two d
        return Measurement(
            outcome=worst(outcomes),
            null="the masked network does what that of width N_J does; its error falls, and d does not enter",
            alternative="another function, an error that stays, that of another width, or one that depends on d",
            statistic="largest of: mismatch over rounding, mean error over tolerance, log-ratio or slope over margin",
            observed=max(float(row["share of margin"]) for row in rows + ratios),
            bound=1.0,
            level=level,
            p_value=None,
            sample_size=len(found),
            detectable=max((float(row["detectable"]) for row in ratios if row["test"] == INPUTS), default=math.inf),
            detectable_unit="slope of the log-error in log d at equal N_J",
            rows=tuple(rows + ratios),
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Smallest certified errors, and the trials in which no neuron was joined to all of J."""
        carried = carrying(observations, STATEMENT)
        found = [o for o in carried if "upper" in o.values[STATEMENT]]
        if not found:
            return None
        best = {
            k: min(o.values[STATEMENT]["upper"] for o in found if o.case.active == k)
            for k in sorted({o.case.active for o in found})
        }
        reached = "; ".join(f"k = {k}: {error:.2g}" for k, error in best.items())
        chances = [v["chance"] for o in carried if "upper" not in (v := o.values[STATEMENT])]
        cannot = (
            f" In {len(chances)} more no neuron is joined to all active coordinates (of probability "
            f"{statistics.fmean(chances):.2g} there): the network cannot."
            if chances
            else ""
        )
        return (
            f"On {len(found)} real masks networks were built on kept edges alone, and their sup error certified; least "
            f"error over the target's half oscillation, {reached}.{cannot}"
        )


def _pool(case: Case) -> str:
    return f"k = {case.active}, {case.activation}"


def _target(case: Case) -> str:
    return f"{case.target}, {_pool(case)}"


def _identity(name: str, group: Sequence[Observation], variant: str) -> dict[str, float | str]:
    mismatch = max(o.values[variant]["mismatch"] for o in group)
    return {
        "group": name,
        "test": IDENTITY_TEST,
        "trials": float(len(group)),
        "value": mismatch,
        "margin": IDENTITY,
        "share of margin": mismatch / IDENTITY,
        "outcome": (Outcome.REFUTED if mismatch > IDENTITY else Outcome.SUPPORTED).value,
    }


def _cannot(carried: Sequence[Observation], variant: str, level: float) -> Measurement:
    """Record trials none of which has a joined neuron: nothing could be built, and nothing was judged."""
    chance = statistics.fmean(o.values[variant].get("chance", math.nan) for o in carried)
    return replace(
        not_run(level),
        outcome=Outcome.INCONCLUSIVE,
        null="the masked network does what that of width N_J does",
        alternative="another function",
        statistic="mean probability that no neuron is joined to all of J; none was, in any trial",
        observed=chance,
        bound=1.0,
        sample_size=len(carried),
    )


def _interpolates(case: Case) -> bool:
    return case.active == 1 and case.activation == "relu"


def _has_rate(group: Sequence[Observation], variant: str) -> bool:
    return any("over rate" in o.values[variant] for o in group)


def _rate(name: str, group: Sequence[Observation], variant: str) -> dict[str, float | str]:
    """Hold the error against the stated rate of interpolation, where neurons are many: no network need be worse."""
    ratios = [v["over rate"] for o in group if (v := o.values[variant])["effective"] >= MANY and "over rate" in v]
    value = max(ratios, default=math.inf)
    return {
        "group": name,
        "test": RATE,
        "trials": float(len(ratios)),
        "value": value,
        "margin": 1.0,
        "share of margin": value if ratios else 0.0,
        "outcome": (Outcome.SUPPORTED if value <= 1.0 else Outcome.INCONCLUSIVE).value,
    }


def _ratios(
    name: str, group: Sequence[Observation], variant: str, level: float, share: float
) -> list[dict[str, float | str]]:
    """Test mean and slope in log d of the log-ratio of the certified error to the predicted one."""
    values = [o.values[variant] for o in group]
    ratios = [math.log(max(v["upper"], _LEAST) / max(v["predicted"], _LEAST)) for v in values]
    about: dict[str, float | str] = {"group": name, "trials": float(len(group))}
    rows = []
    if len(ratios) >= 2:
        limits = {at: mean_interval(ratios, at) for at in (level, share / 2.0)}
        reach = detectable_mean(ratios, share / 2.0)
        rows.append(about | {"test": WIDTH} | _equivalence(limits[level], limits[share / 2.0], RATIO_MARGIN, reach))
    strata = [(o.case.target, o.case.source, o.case.data, o.case.width, o.case.density) for o in group]
    inputs = [math.log(o.case.inputs) for o in group]
    slopes = [stratified_slope(ratios, strata, inputs, [], at) for at in (level, share / 2.0)]
    if slopes[0] is not None and slopes[1] is not None:
        wide, strict = ((slope.estimate, slope.low, slope.high) for slope in slopes if slope is not None)
        rows.append(about | {"test": INPUTS} | _equivalence(wide, strict, SLOPE_MARGIN, slopes[1].detectable))
    return rows


def _equivalence(
    wide: tuple[float, float, float], strict: tuple[float, float, float], margin: float, reach: float
) -> dict[str, float | str]:
    """Supported with the interval within the margin; refuted with that of the test's share of the level outside."""
    estimate, low, high = wide
    outcome = Outcome.INCONCLUSIVE
    if low > -margin and high < margin:
        outcome = Outcome.SUPPORTED
    elif strict[1] > margin or strict[2] < -margin:
        outcome = Outcome.REFUTED
    return {
        "value": estimate,
        "low": low,
        "high": high,
        "margin": margin,
        "share of margin": abs(estimate) / margin,
        "detectable": margin + reach,
        "outcome": outcome.value,
    }


def _limit(name: str, group: Sequence[Observation], variant: str, level: float, share: float) -> dict[str, float | str]:
    """Compare the largest expected effective width, of all trials at it, with the smallest, and with the tolerance."""
    by_size: dict[float, list[Mapping[str, float]]] = {}
    for o in group:
        by_size.setdefault(round(expected_width(o.case), 9), []).append(o.values[variant])
    smallest, largest = min(by_size), max(by_size)
    first, last = by_size[smallest], by_size[largest]
    start, upper, lower = (
        [math.log(max(v[side], _LEAST)) for v in trials]
        for trials, side in ((first, "upper"), (last, "upper"), (last, "lower"))
    )
    outcome, tolerance = Outcome.INCONCLUSIVE, math.log(TOLERANCE)
    if smallest < largest and min(len(first), len(last)) >= 2:
        least = -SLOWEST * math.log(largest / smallest)
        if mean_interval(upper, level)[2] < tolerance and contrast_interval(upper, start, 1.0, level)[2] < 0.0:
            outcome = Outcome.SUPPORTED
        elif mean_interval(lower, share)[1] > tolerance and contrast_interval(lower, start, 1.0, share)[1] > least:
            outcome = Outcome.REFUTED
    value = math.exp(statistics.fmean(upper))
    return {
        "group": name,
        "test": LIMIT,
        "trials": float(len(last)),
        "value": value,
        "margin": TOLERANCE,
        "share of margin": value / TOLERANCE,
        "at N_J": statistics.fmean(v["effective"] for v in last),
        "first value": math.exp(statistics.fmean(start)),
        "from N_J": statistics.fmean(v["effective"] for v in first),
        "outcome": outcome.value,
    }


def expected_width(case: Case) -> float:
    """``n rho^k``: the effective width that a homogeneous mask would have; declared by the case, not by the mask."""
    return float(case.width * case.density**case.active)
