"""The verdict engine cannot be talked into "supported"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from sympy import Integer

from graphon_theory.derivation import Derivation, Step
from verification.cases import Case, Observation, Values
from verification.claims import Measurement, Mutant, Outcome
from verification.claims.claim import not_run
from verification.decisions import decide_all
from verification.evidence import EnclosureCheck, TheoryEvidence
from verification.verdict import Verdict, judge


@dataclass(frozen=True)
class Scripted:
    """A claim whose decisions are given: statement first, then its two mutants."""

    outcomes: tuple[Outcome, Outcome, Outcome]
    detectable: float = 0.1
    id: str = "LIM-a"
    criteria: tuple[str, ...] = ()
    on_models: bool = False
    mutants: tuple[Mutant, ...] = (Mutant("one", "a false variant"), Mutant("two", "another"))

    def trial(self, case: Case, seed: int) -> Values:
        raise NotImplementedError

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        index = ("statement", "one", "two").index(variant)
        return replace(not_run(level), outcome=self.outcomes[index], detectable=self.detectable)

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        return None


S, R, I, N = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE, Outcome.NOT_RUN  # noqa: E741
TRUE_STEP = Step(id="true", text="", left=Integer(2), relation="=", right=Integer(2))
FALSE_STEP = Step(id="false", text="", left=Integer(2), relation="=", right=Integer(3))


def _judge(
    *outcomes: Outcome,
    step: Step = TRUE_STEP,
    holds: bool | None = True,
    parent: Outcome = S,
    detectable: float = 0.1,
) -> Verdict:
    theory = TheoryEvidence(
        Derivation(id="x", title="", steps=(step,)).run(), (EnclosureCheck("tau", 0.0, 1.0, 0.5, holds),)
    )
    claim = Scripted(tuple(outcomes), detectable)  # type: ignore[arg-type]
    decision = decide_all({claim.id: claim}, [], 0.01)[claim.id]
    return judge(claim.id, decision, theory, {"THR": parent})


def test_supported_needs_everything() -> None:
    verdict = _judge(S, R, R)
    assert verdict.status is S
    assert verdict.reasons == ()


@pytest.mark.parametrize("survivor", [S, I, N])
def test_a_surviving_mutant_makes_it_inconclusive(survivor: Outcome) -> None:
    verdict = _judge(S, R, survivor)
    assert verdict.status is I
    assert "two" in verdict.reasons[0]


def test_an_undecided_measurement_is_inconclusive_and_none_is_not_run() -> None:
    assert _judge(I, R, R).status is I
    assert _judge(N, R, R).status is N


@pytest.mark.parametrize("parent", [R, I, N])
def test_an_unsupported_parent_makes_it_inconclusive(parent: Outcome) -> None:
    verdict = _judge(S, R, R, parent=parent)
    assert verdict.status is I
    assert verdict.reasons == (f"it rests on THR, which is {parent.value}",)


def test_a_refuting_measurement_refutes() -> None:
    assert _judge(R, R, R).status is R


def test_a_false_derivation_step_refutes_whatever_was_measured() -> None:
    verdict = _judge(S, R, R, step=FALSE_STEP)
    assert verdict.status is R
    assert "false" in verdict.reasons[0]


def test_an_enclosure_that_excludes_the_value_refutes_and_a_missing_one_leaves_a_doubt() -> None:
    assert _judge(S, R, R, holds=False).status is R
    assert _judge(S, R, R, holds=None).status is I


@pytest.mark.parametrize("detectable", [float("inf"), float("nan")])
def test_support_without_power_is_inconclusive(detectable: float) -> None:
    verdict = _judge(S, R, R, detectable=detectable)
    assert verdict.status is I
    assert "power" in verdict.reasons[0]
