"""The verdict engine cannot be talked into "supported"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from sympy import Integer, Symbol, exp, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
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
X = Symbol("x", nonnegative=True)
TRUE_STEP = Step(id="true", text="", left=as_written(lambda: Integer(1) + 1), relation="=", right=Integer(2))
CITED_STEP = Step(id="cited", text="", source="a book")
CHECKED_STEP = Step(
    id="checked",
    text="",
    left=sqrt(X + 2 * sqrt(X) + 1),
    relation="=",
    right=1 + sqrt(X),
    domain={X: (0, 1)},
    symbolic=False,
)
ENCLOSED_STEP = Step(id="enclosed", text="", left=exp(-X), relation=">=", right=1 - X, domain={X: (0, 2)})
FALSE_STEP = Step(id="false", text="", left=Integer(2), relation="=", right=Integer(3))


def _judge(
    *outcomes: Outcome,
    steps: tuple[Step, ...] | None = (TRUE_STEP,),
    holds: bool | None = True,
    parent: Outcome = S,
    detectable: float = 0.1,
) -> Verdict:
    derivation = None if steps is None else Derivation(id="x", title="", steps=steps).run()
    theory = TheoryEvidence(derivation, (EnclosureCheck("tau", 0.0, 1.0, 0.5, holds),))
    claim = Scripted(tuple(outcomes), detectable)  # type: ignore[arg-type]
    decision = decide_all({claim.id: claim}, [], 0.01)[claim.id]
    return judge(claim.id, decision, theory, {"THR": parent})


def test_supported_needs_everything() -> None:
    verdict = _judge(S, R, R)
    assert verdict.status is S
    assert verdict.reasons == ()


def test_without_a_derivation_it_is_at_best_inconclusive() -> None:
    verdict = _judge(S, R, R, steps=None)
    assert verdict.status is I
    assert verdict.reasons == ("no derivation: its measurement stands alone",)
    assert _judge(R, R, R, steps=None).status is R
    assert _judge(N, R, R, steps=None).status is N


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ((CITED_STEP,), I),
        ((CITED_STEP, CHECKED_STEP), I),
        ((CITED_STEP, CHECKED_STEP, ENCLOSED_STEP), S),
        ((ENCLOSED_STEP,), S),
        ((CITED_STEP, TRUE_STEP), S),
        ((CITED_STEP, TRUE_STEP, FALSE_STEP), R),
    ],
)
def test_a_derivation_that_proves_nothing_is_none(steps: tuple[Step, ...], status: Outcome) -> None:
    """Citations are somebody else's, and agreement at points is one more measurement."""
    verdict = _judge(S, R, R, steps=steps)
    assert verdict.status is status
    if status is I:
        assert verdict.reasons == ("no step of its derivation is proved or enclosed: its measurement stands alone",)


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
    verdict = _judge(S, R, R, steps=(FALSE_STEP,))
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
