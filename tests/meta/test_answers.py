"""A rule cannot have its way by the level that it names, against its own p-value, or by the name of a variant."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from graphon_theory.errors import InputError
from tests.experiments.own import TOSSES, Coin, fair
from tests.meta.test_decisions import ByPValue, _observe
from verification.cases import Observation
from verification.claims import Measurement, Outcome
from verification.claims.claim import STATEMENT
from verification.decisions import Decision, decide_all
from verification.evidence import TheoryEvidence
from verification.verdict import Verdict, judge

LEVEL = 0.01
Rule = Callable[[Any, Sequence[Observation], str, float], Measurement]


class Ruled(Coin):
    """A coin with a rule of its own; judged as LIM-a, which rests on a supported THR."""

    id = "LIM-a"

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        return self._rule(super(), observations, variant, level)


def _tosses(rate: float) -> list[Observation]:
    """Five trials of exactly this share of heads."""
    heads = rate * TOSSES
    values = {STATEMENT: {"heads": heads, "says": 0.5}, "loaded": {"heads": heads, "says": 0.7}}
    return [replace(_observe("LIM-a", 0.5), repeat=repeat, values=values) for repeat in range(5)]


def _judged(rule: Rule, rate: float) -> tuple[Decision, Verdict]:
    decision = decide_all({"LIM-a": Ruled(rule)}, _tosses(rate), LEVEL)["LIM-a"]
    theory = TheoryEvidence(fair().run(), ())
    return decision, judge("LIM-a", decision, theory, {"THR": Outcome.SUPPORTED})


def honest(coin: Coin, found: Sequence[Observation], variant: str, level: float) -> Measurement:
    return coin.decide(found, variant, level)


def at_a_level_of_its_own(coin: Coin, found: Sequence[Observation], variant: str, level: float) -> Measurement:
    return coin.decide(found, variant, 1e-200 if variant == STATEMENT else level)


def at_a_lenient_level_where_false(coin: Coin, found: Sequence[Observation], variant: str, level: float) -> Measurement:
    return coin.decide(found, variant, level if variant == STATEMENT else 0.99)


def against_its_p_value(coin: Coin, found: Sequence[Observation], variant: str, level: float) -> Measurement:
    decided = coin.decide(found, variant, level)
    return replace(decided, outcome=Outcome.SUPPORTED) if variant == STATEMENT else decided


def by_name(coin: Coin, found: Sequence[Observation], variant: str, level: float) -> Measurement:
    outcome = Outcome.SUPPORTED if variant == STATEMENT else Outcome.REFUTED
    return replace(coin.decide(found, variant, level), outcome=outcome, p_value=None)


def by_other_numbers(coin: Coin, found: Sequence[Observation], variant: str, level: float) -> Measurement:
    decided = coin.decide(found, variant, level)
    if variant == STATEMENT:
        [o.values[STATEMENT]["extra"] for o in found if o.values[STATEMENT]["says"] != 0.5]
    return decided


def test_an_honest_rule_is_taken_at_its_word() -> None:
    decision, verdict = _judged(honest, 0.5)
    assert (verdict.status, decision.faults) == (Outcome.SUPPORTED, ())
    decision, verdict = _judged(honest, 0.6)
    assert (verdict.status, verdict.reasons) == (Outcome.REFUTED, ("the measurement refutes it",))


@pytest.mark.parametrize(
    ("rule", "rate", "fault"),
    [
        (at_a_level_of_its_own, 0.6, "its rule on statement answers at level 1e-200, asked at 0.01"),
        (at_a_lenient_level_where_false, 0.5, "its rule on loaded answers at level 0.99, asked at 0.01"),
        (against_its_p_value, 0.6, "its rule on statement supports it with p = "),
        (by_name, 0.5, "its rule on loaded refutes it by its name: the same numbers as those of the statement are sup"),
        (by_name, 0.6, "its rule on loaded refutes it by its name: the same numbers as those of the statement are sup"),
        (
            by_other_numbers,
            0.5,
            "its rule on loaded refutes it, but cannot judge the same numbers as .*KeyError: 'extra'",
        ),
    ],
)
def test_a_rule_that_cheats_leaves_a_doubt_and_supports_nothing(rule: Rule, rate: float, fault: str) -> None:
    decision, verdict = _judged(rule, rate)
    assert verdict.status is Outcome.INCONCLUSIVE
    assert verdict.reasons[: len(decision.faults)] == decision.faults
    assert any(re.match(fault, told) for told in decision.faults)
    assert decision.measurement.level == LEVEL
    assert all(mutant.measurement.level == LEVEL for mutant in decision.mutants)


@pytest.mark.parametrize("p_value", [None, float("nan"), 0.011])
def test_a_rule_may_have_no_p_value_or_a_larger_one(p_value: float | None) -> None:
    def rule(coin: Coin, found: Sequence[Observation], variant: str, level: float) -> Measurement:
        decided = coin.decide(found, variant, level)
        return replace(decided, p_value=p_value) if variant == STATEMENT else decided

    assert _judged(rule, 0.5)[1].status is Outcome.SUPPORTED


def test_a_refutation_at_another_level_spends_nothing_of_the_level_of_others() -> None:
    """Else Holm's procedure would test the others at more than its step allows."""
    observed = [_observe("THR", 0.0), _observe("LIM-a", 0.008)]

    class Loud(ByPValue):
        def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
            return replace(super().decide(observations, variant, level), outcome=Outcome.REFUTED, level=0.9)

    def outcome(first: ByPValue) -> Outcome:
        return decide_all({"THR": first, "LIM-a": ByPValue("LIM-a")}, observed, LEVEL)["LIM-a"].measurement.outcome

    assert outcome(ByPValue("THR")) is Outcome.REFUTED  # 0.008 at the level 0.01, which the first left
    assert outcome(Loud("THR")) is not Outcome.REFUTED  # at 0.005


def test_what_is_no_measurement_is_refused_with_the_name_of_the_claim() -> None:
    with pytest.raises(InputError, match=r"claim LIM-a, decide of statement = True: let the rule return"):
        _judged(lambda *given: True, 0.5)  # type: ignore[arg-type, return-value]
