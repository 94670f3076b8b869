"""What a claim's rule answers, and whether the answer may count.

A rule is the claim's own code. It is asked at a level, which Holm's procedure has chosen, for a variant, whose numbers
the trials carry under its name. An answer counts for nothing where it is given at another level, where its own p-value
contradicts it, or where a false variant is refuted by its name and not by its numbers. Such an answer becomes
"inconclusive", so that it neither supports, nor refutes, nor rejects; the reason is kept in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from graphon_theory.errors import InputError
from verification.cases import Observation
from verification.claims import Claim, Measurement, Outcome
from verification.claims.claim import STATEMENT, carrying


@dataclass(frozen=True)
class Answer:
    """A rule's decision on one variant.

    Parameters
    ----------
    measurement
        The decision, at the level that was asked for; inconclusive if it may not count.
    fault
        Why it may not count, as a clause; empty if it may.
    """

    measurement: Measurement
    fault: str = ""


def ask(claim: Claim, observations: Sequence[Observation], variant: str, level: float) -> Answer:
    """Ask a claim's rule for its decision on a variant, and look whether the answer may count.

    Parameters
    ----------
    claim
        The claim.
    observations
        Observations of its statement.
    variant
        The statement or a false variant.
    level
        Probability, at most, of refuting it if it is true; in (0, 1).

    Raises
    ------
    InputError
        If the rule returns anything but a measurement.
    """
    found: object = claim.decide(observations, variant, level)
    if not isinstance(found, Measurement):
        remedy = "let the rule return a verification.claims.Measurement"
        raise InputError(f"claim {claim.id}, decide of {variant}", found, remedy)
    fault = _contradiction(found, level) or _by_name(claim, observations, variant, level, found)
    if not fault:
        return Answer(found)
    return Answer(replace(found, outcome=Outcome.INCONCLUSIVE, level=level), f"its rule on {variant} {fault}")


def _contradiction(found: Measurement, level: float) -> str:
    """Say how an answer contradicts its question or itself; empty where it does not."""
    if found.level != level:
        return f"answers at level {found.level:g}, asked at {level:g}"
    # Comparisons with NaN are false: a rule without a p-value may give that or None.
    if found.outcome is Outcome.SUPPORTED and found.p_value is not None and found.p_value <= level:
        return f"supports it with p = {found.p_value:.3g} at level {level:g}, where it is refuted"
    return ""


def _by_name(claim: Claim, observations: Sequence[Observation], variant: str, level: float, found: Measurement) -> str:
    """Put a refuted variant's own numbers to the rule under the statement's name: they must be refuted there too."""
    if variant == STATEMENT or found.outcome is not Outcome.REFUTED:
        return ""
    renamed = [replace(o, values={STATEMENT: o.values[variant]}) for o in carrying(observations, variant)]
    if not renamed:
        return ""  # computed from the statement's numbers: there are none of its own to compare
    try:
        again = claim.decide(renamed, STATEMENT, level)
    except Exception as error:
        failure = f"{type(error).__name__}: {error}"
        return f"refutes it, but cannot judge the same numbers as those of the statement: {failure}"
    if again.outcome is Outcome.REFUTED:
        return ""
    return f"refutes it by its name: the same numbers as those of the statement are {again.outcome.value}"
