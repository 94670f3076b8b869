"""From evidence to status: computed, never set by hand (DESIGN, "Evidence and status").

A statement is *supported* only if it has a derivation that holds and in which something is proved or enclosed, every
enclosure holds, its measurement supports it, with a stated power, every false variant was rejected by the same rule,
and every statement that it rests on is supported. It is *refuted* by its own evidence alone. Everything else is
*inconclusive*, with the reasons in words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graphon_theory.derivation import DerivationResult, Evidence, StepResult
from verification.claims import Measurement, Outcome
from verification.decisions import Decision, MutantVerdict
from verification.evidence import EnclosureCheck, TheoryEvidence
from verification.registry import statements

_PROOFS: Final = (Evidence.PROVED, Evidence.ENCLOSED)
"""Evidence that makes a derivation one: what is cited is somebody else's, and agreement at points is a measurement."""


@dataclass(frozen=True)
class Verdict:
    """The status of one statement, with everything it rests on.

    Parameters
    ----------
    id
        Statement id.
    status
        Supported, refuted, inconclusive or not run.
    reasons
        Why it is not supported; empty if it is.
    derivation
        Steps with their evidence; None where the statement has no derivation: it is then at best inconclusive.
    enclosures
        Rigorous intervals.
    measurement
        The decision on the statement.
    mutants
        The decisions on its false variants.
    """

    id: str
    status: Outcome
    reasons: tuple[str, ...]
    derivation: DerivationResult | None
    enclosures: tuple[EnclosureCheck, ...]
    measurement: Measurement
    mutants: tuple[MutantVerdict, ...]

    @property
    def steps(self) -> tuple[StepResult, ...]:
        """Steps of the derivation, none where there is none."""
        return _steps(self.derivation)


def judge(statement: str, decision: Decision, theory: TheoryEvidence, parents: Mapping[str, Outcome]) -> Verdict:
    """Judge one statement.

    Parameters
    ----------
    statement
        Its id.
    decision
        What the measurements say of it and of its false variants.
    theory
        Its symbolic and rigorous evidence.
    parents
        Status of the statements judged before it.
    """
    measurement, mutants = decision.measurement, decision.mutants
    contradicted = [r.step.id for r in _steps(theory.derivation) if r.evidence is Evidence.CONTRADICTED]
    broken = [check.name for check in theory.enclosures if check.holds is False]
    refutations = [f"derivation step {name} is contradicted" for name in contradicted]
    refutations += [f"enclosure of {name} excludes the value used" for name in broken]
    if measurement.outcome is Outcome.REFUTED:
        refutations.append("the measurement refutes it")
    doubts = [*decision.faults, *_doubts(statement, measurement, mutants, theory, parents)]
    if refutations:
        status, reasons = Outcome.REFUTED, refutations
    elif measurement.outcome is Outcome.NOT_RUN:
        status, reasons = Outcome.NOT_RUN, ["no trial of it was made"]
    elif doubts:
        status, reasons = Outcome.INCONCLUSIVE, doubts
    else:
        status, reasons = Outcome.SUPPORTED, []
    return Verdict(
        id=statement,
        status=status,
        reasons=tuple(reasons),
        derivation=theory.derivation,
        enclosures=theory.enclosures,
        measurement=measurement,
        mutants=mutants,
    )


def _doubts(
    statement: str,
    measurement: Measurement,
    mutants: Sequence[MutantVerdict],
    theory: TheoryEvidence,
    parents: Mapping[str, Outcome],
) -> list[str]:
    """Everything that stands between a statement and "supported"."""
    doubts = []
    if measurement.outcome is Outcome.INCONCLUSIVE:
        doubts.append("the measurement does not decide")
    elif measurement.outcome is Outcome.SUPPORTED and not math.isfinite(measurement.detectable):
        doubts.append("the measurement states no power: no deviation is known that it would have detected")
    if theory.derivation is None:
        doubts.append("no derivation: its measurement stands alone")
    elif not any(r.evidence in _PROOFS for r in theory.derivation.results):
        doubts.append("no step of its derivation is proved or enclosed: its measurement stands alone")
    undecided = [r.step.id for r in _steps(theory.derivation) if r.evidence is Evidence.UNDECIDED]
    doubts += [f"derivation step {name} is undecided" for name in undecided]
    doubts += [f"no enclosure of {check.name} was found" for check in theory.enclosures if check.holds is None]
    doubts += [
        f"false variant {m.mutant.id} was {'not tried' if m.measurement.outcome is Outcome.NOT_RUN else 'not rejected'}"
        for m in mutants
        if not m.rejected
    ]
    for parent in statements()[statement].uses:
        status = parents.get(parent, Outcome.NOT_RUN)
        if status is not Outcome.SUPPORTED:
            doubts.append(f"it rests on {parent}, which is {status.value}")
    return doubts


def _steps(derivation: DerivationResult | None) -> tuple[StepResult, ...]:
    return () if derivation is None else derivation.results
