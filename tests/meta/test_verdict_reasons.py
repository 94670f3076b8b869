"""A verdict says why, in words, and carries everything that it was judged on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sympy import Function, Symbol

from graphon_theory.derivation import Derivation, DerivationResult, Step
from verification.claims import Measurement, Mutant, Outcome
from verification.claims.claim import not_run
from verification.decisions import Decision, MutantVerdict
from verification.evidence import EnclosureCheck, TheoryEvidence
from verification.verdict import judge

X = Symbol("x", real=True)
PROVED = Step(id="square", text="", left=(X + 1) ** 2, relation="=", right=X**2 + 2 * X + 1)
UNDECIDED = Step(id="unknown", text="", left=Function("Q")(X), relation="=", right=Function("R")(X))
HELD, BROKEN, MISSING = (
    EnclosureCheck(name, 0.0, 1.0, 0.5, holds) for name, holds in (("a", True), ("b", False), ("c", None))
)


def _measured(outcome: Outcome, detectable: float = 0.1) -> Measurement:
    return replace(not_run(0.01), outcome=outcome, detectable=detectable)


def _derived(*steps: Step) -> DerivationResult:
    return Derivation(id="x", title="", steps=steps).run()


def _decided(outcome: Outcome, *mutants: Outcome) -> Decision:
    verdicts = (MutantVerdict(Mutant(f"m{k}", "false"), _measured(found), 64) for k, found in enumerate(mutants))
    return Decision(_measured(outcome), tuple(verdicts))


def test_a_verdict_carries_what_it_was_judged_on() -> None:
    decision = _decided(Outcome.SUPPORTED, Outcome.REFUTED)
    theory = TheoryEvidence(_derived(PROVED), (HELD,))
    verdict = judge("LIM-a", decision, theory, {"THR": Outcome.SUPPORTED})
    assert (verdict.id, verdict.status, verdict.reasons) == ("LIM-a", Outcome.SUPPORTED, ())
    assert verdict.derivation is theory.derivation
    assert verdict.enclosures is theory.enclosures
    assert verdict.measurement is decision.measurement
    assert verdict.mutants is decision.mutants
    assert [result.step.id for result in verdict.steps] == ["square"]


@pytest.mark.parametrize(
    ("outcome", "status", "reason"),
    [
        (Outcome.REFUTED, Outcome.REFUTED, "the measurement refutes it"),
        (Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE, "the measurement does not decide"),
        (Outcome.NOT_RUN, Outcome.NOT_RUN, "no trial of it was made"),
    ],
)
def test_each_outcome_of_the_measurement_has_its_words(outcome: Outcome, status: Outcome, reason: str) -> None:
    theory = TheoryEvidence(_derived(PROVED), (HELD,))
    verdict = judge("THR", _decided(outcome, Outcome.REFUTED), theory, {})
    assert (verdict.status, verdict.reasons) == (status, (reason,))


def test_all_doubts_are_listed_in_order() -> None:
    theory = TheoryEvidence(_derived(PROVED, UNDECIDED), (HELD, MISSING))
    decision = _decided(Outcome.INCONCLUSIVE, Outcome.NOT_RUN, Outcome.SUPPORTED, Outcome.REFUTED)
    verdict = judge("LIM-a", decision, theory, {"THR": Outcome.INCONCLUSIVE})
    assert verdict.status is Outcome.INCONCLUSIVE
    assert verdict.reasons == (
        "the measurement does not decide",
        "derivation step unknown is undecided",
        "no enclosure of c was found",
        "false variant m0 was not tried",
        "false variant m1 was not rejected",
        "it rests on THR, which is inconclusive",
    )


def test_a_statement_that_rests_on_one_that_was_not_judged_is_not_supported() -> None:
    verdict = judge("LIM-a", _decided(Outcome.SUPPORTED, Outcome.REFUTED), TheoryEvidence(_derived(PROVED), ()), {})
    assert (verdict.status, verdict.reasons) == (Outcome.INCONCLUSIVE, ("it rests on THR, which is not run",))


def test_refutations_are_all_told_and_doubts_are_not_mixed_in() -> None:
    false = Step(id="false", text="", left=X + 1, relation="=", right=X)
    theory = TheoryEvidence(_derived(PROVED, false), (BROKEN, MISSING))
    verdict = judge("THR", _decided(Outcome.REFUTED, Outcome.SUPPORTED), theory, {})
    assert verdict.status is Outcome.REFUTED
    assert verdict.reasons == (
        "derivation step false is contradicted",
        "enclosure of b excludes the value used",
        "the measurement refutes it",
    )


def test_support_without_power_says_so_and_no_more() -> None:
    decision = Decision(_measured(Outcome.SUPPORTED, float("inf")), ())
    verdict = judge("THR", decision, TheoryEvidence(_derived(PROVED), ()), {})
    assert verdict.reasons == ("the measurement states no power: no deviation is known that it would have detected",)
    # An undecided measurement need not state its power as well.
    undecided = Decision(_measured(Outcome.INCONCLUSIVE, float("inf")), ())
    verdict = judge("THR", undecided, TheoryEvidence(_derived(PROVED), ()), {})
    assert verdict.reasons == ("the measurement does not decide",)
