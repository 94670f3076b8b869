"""What a claim is: the role that every statement's file fills, and the record of its decision."""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from verification.cases import Case, Observation, Values

Key = TypeVar("Key", bound=Hashable)

STATEMENT = "statement"
"""Name of the true variant among the variants of a trial."""


class Outcome(enum.StrEnum):
    """What a measurement says."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Mutant:
    """A false variant of a statement.

    Parameters
    ----------
    id
        Name, unique within the claim.
    text
        What it says, as a clause.
    own_data
        Whether it needs trials of its own (another data set, other ties), or is put to the statement's.
    reading
        Where it comes from if it is how a paper may be read; empty for a planted falsehood.
    """

    id: str
    text: str
    own_data: bool = False
    reading: str = ""


@dataclass(frozen=True)
class Measurement:
    """The decision on one variant, with what is needed to judge it.

    Parameters
    ----------
    outcome
        Supported, refuted, inconclusive or not run.
    null, alternative
        The hypotheses, as clauses.
    statistic
        What was observed, in words; ``observed`` and ``bound`` are in its unit.
    observed
        The value that decided: the worst over the cases.
    bound
        What it was held against.
    level
        Probability, at most, of refuting the statement if it is true.
    p_value
        Of the null, where there is one, adjusted for the number of cases: above ``level`` where it is supported.
    sample_size
        Number of trials.
    detectable
        Smallest deviation that would have been detected with probability 0.9.
    detectable_unit
        Unit of ``detectable``, in words.
    rows
        Figures of each case or group of cases, for tables.
    """

    outcome: Outcome
    null: str
    alternative: str
    statistic: str
    observed: float
    bound: float
    level: float
    p_value: float | None
    sample_size: int
    detectable: float
    detectable_unit: str
    rows: tuple[Mapping[str, float | str], ...] = ()


class Claim(Protocol):
    """The role that the file of each statement fills."""

    @property
    def id(self) -> str:
        """Statement id."""
        ...

    @property
    def mutants(self) -> tuple[Mutant, ...]:
        """False variants that the decision must reject."""
        ...

    @property
    def criteria(self) -> tuple[str, ...]:
        """Criteria on whose masks it can be measured."""
        ...

    @property
    def on_models(self) -> bool:
        """Whether it can be measured on masks of saliency models as well."""
        ...

    def trial(self, case: Case, seed: int) -> Values:
        """Make one trial: prediction and mask of one network, compared, for each variant."""
        ...

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Decide on one variant, at the level that is asked for, from all observations that carry it.

        The variant chooses the numbers and nothing else: the same ones as those of the statement must be refuted too.
        """
        ...

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """One sentence for people, computed from the observations; None where there is nothing to say."""
        ...


def not_run(level: float) -> Measurement:
    """Build the record of a variant without observations."""
    return Measurement(
        outcome=Outcome.NOT_RUN,
        null="",
        alternative="",
        statistic="",
        observed=float("nan"),
        bound=float("nan"),
        level=level,
        p_value=None,
        sample_size=0,
        detectable=float("nan"),
        detectable_unit="",
    )


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """Combine cases: refuted if any is, supported if all are, else inconclusive."""
    if not outcomes:
        return Outcome.NOT_RUN
    if Outcome.REFUTED in outcomes:
        return Outcome.REFUTED
    return Outcome.SUPPORTED if all(o is Outcome.SUPPORTED for o in outcomes) else Outcome.INCONCLUSIVE


def carrying(observations: Sequence[Observation], variant: str) -> list[Observation]:
    """Observations that carry a variant."""
    return [observation for observation in observations if variant in observation.values]


def grouped(observations: Sequence[Observation], key: Callable[[Case], Key]) -> dict[Key, list[Observation]]:
    """Group observations by a key of their case, in order of first appearance."""
    groups: dict[Key, list[Observation]] = {}
    for observation in observations:
        groups.setdefault(key(observation.case), []).append(observation)
    return groups
