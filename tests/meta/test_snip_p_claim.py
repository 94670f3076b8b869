"""SNIP-P: the decision finds planted falsehoods, and a real trial has the statistics that it promises."""

from __future__ import annotations

import math
from dataclasses import replace

from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import Outcome, claims
from verification.claims.snip_p import MARGINS

CASE = replace(
    ORDINARY, statement="SNIP-P", criterion="snip", data="teacher", width=48, inputs=48, batch=48, batch_per_input=1.0
)


def _decide(ratio: dict[int, float], deviation: dict[int, float], level: float = 0.002) -> Outcome:
    found = [
        Observation(
            replace(CASE, width=width, inputs=width),
            repeat,
            0,
            {
                "statement": {
                    "observed": 0.01 * ratio[width] * math.exp(0.01 * (-1) ** repeat),
                    "null": 0.01,
                    "rectangle 0": deviation[width] + 1e-4 * (-1) ** repeat,
                }
            },
        )
        for width in ratio
        for repeat in range(8)
    ]
    return claims()["SNIP-P"].decide(found, "statement", level).outcome


def test_each_outcome_is_reached() -> None:
    flat, none, off = {48: 1.1, 160: 1.1}, {48: 0.0, 160: 0.0}, 2 * MARGINS.deviation
    assert _decide(flat, none) is Outcome.SUPPORTED
    # The distance of a rank-one prediction in units of the null grows with the width.
    assert _decide({48: 1.4, 160: 2.4}, none) is Outcome.REFUTED
    assert _decide(flat, {48: off, 160: off}) is Outcome.REFUTED
    assert _decide({48: 1.1, 160: 1.25}, none) is Outcome.INCONCLUSIVE
    assert _decide(flat, {48: 4 * off, 160: off}) is Outcome.INCONCLUSIVE


def test_refutation_is_kept_at_higher_levels() -> None:
    off = {48: 1.2 * MARGINS.deviation, 160: 1.2 * MARGINS.deviation}
    outcomes = [_decide({48: 1.0, 160: 1.0}, off, level) for level in (1e-12, 1e-6, 1e-3, 1e-2, 0.1)]
    refuted = [outcome is Outcome.REFUTED for outcome in outcomes]
    assert refuted == sorted(refuted)
    assert refuted[-1]
    assert not refuted[0]


def test_a_real_trial_prefers_the_statement_to_every_mutant() -> None:
    claim = claims()["SNIP-P"]
    trials = [claim.trial(CASE, CASE.seed(0, repeat)) for repeat in range(6)]
    names = {"statement", *(mutant.id for mutant in claim.mutants if not mutant.own_data)}
    assert set(trials[0]) == names
    rectangles = [name for name in trials[0]["statement"] if name.startswith("rectangle")]
    assert len(rectangles) == len(names) - 1

    def worst(variant: str) -> float:
        return max(abs(sum(trial[variant][name] for trial in trials)) / len(trials) for name in rectangles)

    assert all(worst(name) > worst("statement") for name in names - {"statement"})


def test_a_variant_with_its_own_data_carries_no_other() -> None:
    case = replace(CASE, variant="uncentred", labels="raw", width=24, inputs=24, batch=24)
    assert set(claims()["SNIP-P"].trial(case, 1)) == {"uncentred"}
