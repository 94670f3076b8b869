"""Decisions on a whole suite: each statement and each of its false variants, one level over all.

The level of a suite bounds the probability that any true statement of it is called refuted (family-wise). It
is spent by Holm's step-down procedure (Scand. J. Statist. 6, 1979): of ``m`` statements each is tested at
``level/m``; with every refuted one the others share the whole level anew. The rules are asked at those levels,
so that they need give no p-value; a rule must only refute at every higher level if it refutes at one.

False variants are put to the rule at ``level/m``: what is refuted there, Holm's procedure refutes in its place
whatever the other statements say.

Answers that may not count (``verification.answers``) neither refute nor reject, and are carried as faults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from verification.answers import Answer, ask
from verification.cases import Observation
from verification.claims import Claim, Measurement, Mutant, Outcome
from verification.claims.claim import STATEMENT, carrying


@dataclass(frozen=True)
class MutantVerdict:
    """What became of a false variant.

    Parameters
    ----------
    mutant
        The variant.
    measurement
        The decision on it, from all observations.
    rejected_from
        Smallest width from which on it is refuted: by the trials up to that width, and by those up to every
        larger one. None if it is not refuted in the end.
    """

    mutant: Mutant
    measurement: Measurement
    rejected_from: int | None = None

    @property
    def rejected(self) -> bool:
        """Whether the decision rule refuted it."""
        return self.measurement.outcome is Outcome.REFUTED


@dataclass(frozen=True)
class Decision:
    """The decision on one statement and on its false variants.

    Parameters
    ----------
    measurement
        The decision on the statement.
    mutants
        The decisions on its false variants.
    faults
        Why answers of the rule do not count, as clauses; they are inconclusive then.
    """

    measurement: Measurement
    mutants: tuple[MutantVerdict, ...]
    faults: tuple[str, ...] = ()


def decide_all(
    claims: Mapping[str, Claim], observations: Sequence[Observation], level: float, *, trace: bool = True
) -> dict[str, Decision]:
    """Decide on statements and false variants together.

    Parameters
    ----------
    claims
        The claims of the suite's statements, by id.
    observations
        All trials of the suite.
    level
        Probability, at most, that any true statement is refuted.
    trace
        Whether to look for the smallest width at which each false variant is refuted.
    """
    by_statement: dict[str, list[Observation]] = {name: [] for name in claims}
    for observation in observations:
        if observation.case.statement in by_statement:
            by_statement[observation.case.statement].append(observation)
    strict = level / max(len(claims), 1)
    decisions = {}
    for name, answer in _step_down(claims, by_statement, level).items():
        claim, own = claims[name], by_statement[name]
        mutants, faults = [], [answer.fault]
        for mutant in claim.mutants:
            decided = ask(claim, own, mutant.id, strict)
            refuted = decided.measurement.outcome is Outcome.REFUTED
            width = rejected_from(claim, own, mutant.id, strict) if trace and refuted else None
            mutants.append(MutantVerdict(mutant, decided.measurement, width))
            faults.append(decided.fault)
        decisions[name] = Decision(answer.measurement, tuple(mutants), tuple(fault for fault in faults if fault))
    return {name: decisions[name] for name in claims}


def rejected_from(claim: Claim, observations: Sequence[Observation], variant: str, level: float) -> int | None:
    """Find the smallest width from which on a variant is refuted; None if it is not in the end.

    Parameters
    ----------
    claim
        Its decision rule.
    observations
        Observations of the claim's statement.
    variant
        Name of the variant.
    level
        Level of the rule.
    """
    # A variant may be computed from the statement's own trials, without one that carries its name.
    found = carrying(observations, variant) or carrying(observations, STATEMENT)
    smallest = None
    for width in sorted({o.case.width for o in found}, reverse=True):
        upto = [o for o in observations if o.case.width <= width]
        if claim.decide(upto, variant, level).outcome is not Outcome.REFUTED:
            break
        smallest = width
    return smallest


def _step_down(
    claims: Mapping[str, Claim], observations: Mapping[str, Sequence[Observation]], level: float
) -> dict[str, Answer]:
    """Holm's procedure: each statement's decision, at the level that the procedure tests it at."""
    decided: dict[str, Answer] = {}
    pending = list(claims)
    while pending:
        step = {name: ask(claims[name], observations[name], STATEMENT, level / len(pending)) for name in pending}
        refuted = [name for name, answer in step.items() if answer.measurement.outcome is Outcome.REFUTED]
        for name in refuted or pending:
            decided[name] = step[name]
        pending = [name for name in pending if name not in decided]
    return decided
