"""UAT-n, measured: empty columns against their exact probability, and real networks against the certified floor.

A trial draws many small masks and counts the empty columns (``empty_columns``). Of a pruned network it also takes a
column that is empty, trains what the mask has kept on a target that depends on that column's input, and holds the
sup error of the trained module on the ambient inputs to half the oscillation of the target along a fibre.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying, grouped, not_run, worst
from verification.claims.empty_columns import GIVEN_ROWS, TESTS, Counts, model_counts, pruned_counts, two_sided
from verification.claims.ignored import Ignored, train_against_floor
from verification.experiment import Pruned, prune
from verification.statistics import critical_rate, detectable_proportion, detectable_rate

RESOLUTION = 0.35
"""A rate counts as support only if a relative error of this size in it would have been seen."""

FLOOR = "floor"

_SEARCH = 8  # networks pruned by SNIP until one of them has an empty column


class UatN:
    """The claim of statement UAT-n."""

    id = "UAT-n"
    criteria = ("random", "magnitude", "snip")
    on_models = True
    mutants = (
        Mutant("constant-degree", "every column is empty with probability (1 - rho)^n, whatever its type"),
        Mutant("fixed-threshold", "under top-k a column is empty with probability (1 - rho)^n"),
        Mutant("exchanged", "n and d exchanged: the rows' exponent for the columns"),
        Mutant("whole-oscillation", "the floor is the whole oscillation, not half of it"),
        Mutant("made-up", "the other columns make an empty one up: training brings the error below half the floor"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Count empty columns of many masks; train one network against the floor of an empty column."""
        generator = torch.Generator().manual_seed(seed)
        if case.model is not None:
            return model_counts(case, generator)
        counts: Counts = {STATEMENT: {}}
        if case.criterion == "snip":
            pruned = _snipped(case, generator)
        else:
            counts, pruned = pruned_counts(case, generator)
        ignored = None if pruned is None else train_against_floor(pruned, case, generator)
        if ignored is None:
            return counts
        for name, numbers in _floors(ignored).items():
            counts.setdefault(name, {}).update(numbers)
        return counts

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Pool the counts of one law; Bonferroni over laws and tests. One network below its floor refutes."""
        found = sorted(carrying(observations, variant), key=lambda o: o.case.key())
        if not found:
            return not_run(level)
        alike = list(grouped(found, _law).values())
        tests = sum(_present(group, variant, f"count {test}") for group in alike for test in TESTS)
        rows = [row for group in alike for row in _rate_rows(group, variant, level / max(tests, 1))]
        trained = [o for o in found if _has_floor(o, variant)]
        rows += [
            row
            for group in grouped(trained, lambda case: case.key()).values()
            for row in _floor_rows(group, variant, len(trained))
        ]
        counted = [row for row in rows if row["test"] != FLOOR]
        outcomes = [Outcome(str(row["outcome"])) for row in rows]
        if variant == STATEMENT and len({row["test"] for row in rows} - {FLOOR}) * (len(rows) - len(counted)) == 0:
            outcomes.append(Outcome.INCONCLUSIVE)  # half of the statement was not looked at
        return Measurement(
            outcome=worst(outcomes),
            null="columns are empty with probability (1 - deg)^n, hypergeometric under top-k; no sup error is below "
            "half the oscillation",
            alternative="another probability, or a network below the floor",
            statistic="largest error of a rate of empty columns, over what the level allows",
            observed=max((float(row["error over allowed"]) for row in counted), default=0.0),
            bound=1.0,
            level=level,
            p_value=min(1.0, tests * min(float(row["p"]) for row in counted)) if counted else None,
            sample_size=len(found),
            detectable=max((float(row["detectable"]) for row in rows), default=float("inf")),
            detectable_unit="relative error of a rate of empty columns, or share of networks below the floor",
            rows=tuple(rows),
        )

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Where columns cease to be lost, and how close trained networks came to the floor."""
        found = carrying(observations, STATEMENT)
        sentences = _phase(found)
        ratios = [o.values[STATEMENT]["ratio"] for o in found if _has_floor(o, STATEMENT)]
        if ratios:
            sentences.append(
                f"Of {len(ratios)} networks trained on a target of an input whose column is empty, the best had a "
                f"certified sup error of {min(ratios):.2f} times half the oscillation."
            )
        return " ".join(sentences) or None


def _floors(ignored: Ignored) -> dict[str, dict[str, float]]:
    """Whether a certified error lies on the wrong side of what each variant says, and how far it is."""
    low, high = ignored.floor.lower, ignored.floor.upper
    best, least = ignored.error.upper, ignored.error.lower
    return {
        STATEMENT: {"undercut": float(best < low or ignored.moved != 0.0), "ratio": best / low},
        "whole-oscillation": {"undercut": float(best < 2.0 * low), "ratio": best / (2.0 * low)},
        "made-up": {"undercut": float(least > high / 2.0), "ratio": least / (high / 2.0)},
    }


def _snipped(case: Case, generator: torch.Generator) -> Pruned | None:
    """Return a network pruned by SNIP with an empty column; None if there was none in ``_SEARCH``."""
    for _ in range(_SEARCH):
        pruned = prune(case, generator)
        if not bool(pruned.kept.any(dim=0).all()):
            return pruned
    return None


def _law(case: Case) -> tuple[str, str, int, int, float]:
    """Name what the law of empty columns depends on: not the target, nor the activation."""
    return case.source, case.initialisation, case.width, case.inputs, case.density


def _present(group: Sequence[Observation], variant: str, name: str) -> bool:
    return any(name in o.values[variant] for o in group)


def _has_floor(observation: Observation, variant: str) -> bool:
    return "undercut" in observation.values[variant]


def _about(case: Case) -> dict[str, float | str]:
    return {
        "source": f"{case.source}, {case.initialisation}",
        "width": float(case.width),
        "inputs": float(case.inputs),
        "density": case.density,
        "n rho - log d": case.width * case.density - math.log(case.inputs),
    }


def _rate_rows(group: Sequence[Observation], variant: str, level: float) -> list[dict[str, float | str]]:
    """Test the pooled count of every exact law of one case."""
    rows = []
    for test in TESTS:
        values = [o.values[variant] for o in group if f"count {test}" in o.values[variant]]
        if not values:
            continue
        count, size = (int(sum(v[f"{name} {test}"] for v in values)) for name in ("count", "size"))
        rate = sum(v[f"rate {test}"] * v[f"size {test}"] for v in values) / size
        row = (
            _about(group[0].case)
            | {"test": test, "empty": count / size, "predicted": rate}
            | (lost_columns(group, variant) if test == GIVEN_ROWS else {})
        )
        # Types are drawn anew in each trial, so that rates may differ between trials as well.
        unequal = any(v[f"unequal {test}"] > 0.0 or v[f"rate {test}"] != values[0][f"rate {test}"] for v in values)
        if 0.0 < rate < 1.0:
            p_value, finest = two_sided(count, size, rate, unequal=unequal), detectable_rate(size, rate, level)
            allowed = max(critical_rate(size, rate, level), float(unequal) / (size * rate))
            over = abs(count / size / rate - 1.0) / allowed
        else:
            # A certainty: a single column speaks against it.
            p_value, finest = float(count / size == rate), 0.0
            over = 0.0 if p_value else float("inf")
        fine = Outcome.SUPPORTED if finest <= RESOLUTION else Outcome.INCONCLUSIVE
        outcome = Outcome.REFUTED if p_value <= level else fine
        rows.append(row | {"p": p_value, "detectable": finest, "error over allowed": over, "outcome": outcome.value})
    return rows


def lost_columns(group: Sequence[Observation], variant: str = STATEMENT) -> dict[str, float]:
    """Say how many columns masks of one model lost.

    Parameters
    ----------
    group
        Observations of one law.
    variant
        The statement or a false variant.

    Returns
    -------
    dict
        Mean number of empty columns of a mask, and the share of masks without one, each observed and predicted; empty
        where the observations are of no model, or the variant says nothing of masks.
    """
    values = [o.values[variant] for o in group if "whole" in o.values[variant]]
    if not values:
        return {}
    inputs = group[0].case.inputs
    columns = sum(v[f"size {GIVEN_ROWS}"] for v in values)
    expected = sum(v[f"rate {GIVEN_ROWS}"] * v[f"size {GIVEN_ROWS}"] for v in values)
    return {
        "empty columns a mask": inputs * sum(v[f"count {GIVEN_ROWS}"] for v in values) / columns,
        "predicted a mask": inputs * expected / columns,
        "masks without one": sum(v["whole"] for v in values) / len(values),
        "predicted without one": sum(v["whole predicted"] for v in values) / len(values),
    }


def _phase(found: Sequence[Observation]) -> list[str]:
    """Say from which width on models lose fewer than one column a mask, where both sides of it were measured."""
    sentences = []
    models = [o for o in found if "whole" in o.values[STATEMENT]]

    def name(case: Case) -> tuple[str, str, int, float]:
        return case.source, case.initialisation, case.inputs, case.density

    for (source, _, inputs, density), alike in grouped(models, name).items():
        widths = grouped(sorted(alike, key=lambda o: o.case.width), lambda case: case.width)
        lost = {n: lost_columns(group) for n, group in widths.items()}
        means = {n: figures["empty columns a mask"] for n, figures in lost.items()}
        few = min((n for n in means if means[n] < 1.0 and all(means[m] < 1.0 for m in means if m >= n)), default=0)
        if few in (0, min(means)):
            continue
        figures = ", ".join(f"{mean:.3g}" for mean in means.values())
        predicted = ", ".join(f"{one['predicted a mask']:.3g}" for one in lost.values())
        whole = ", ".join(f"{one['masks without one']:.0%}" for one in lost.values())
        sentences.append(
            f"Of {source} with d = {inputs}, density {density:g} and n = {', '.join(map(str, means))}, masks had on "
            f"average {figures} empty columns (predicted {predicted}), and {whole} of the masks had none: columns "
            f"cease to be lost between n = {max(n for n in means if n < few)} and {few}; n rho passes log d at "
            f"n = {math.log(inputs) / density:.1f}."
        )
    return sentences


def _floor_rows(group: Sequence[Observation], variant: str, networks: int) -> list[dict[str, float | str]]:
    """Say whether some network of one case lies below the floor, by rigorous bounds: one suffices."""
    values = [o.values[variant] for o in group]
    case, below = group[0].case, int(sum(v["undercut"] for v in values))
    return [
        _about(case)
        | {
            "test": FLOOR,
            "target": f"{case.target}, k = {case.active}, {case.activation}",
            "networks": float(len(values)),
            "below": float(below),
            "least error over floor": min(v["ratio"] for v in values),
            "detectable": detectable_proportion(networks, 0.5),
            "outcome": (Outcome.REFUTED if below else Outcome.SUPPORTED).value,
        }
    ]
