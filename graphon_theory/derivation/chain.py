"""Derivations: ordered steps, evaluated one by one."""

from __future__ import annotations

from dataclasses import dataclass

from graphon_theory.derivation.evaluation import evaluate
from graphon_theory.derivation.step import Evidence, Step, StepResult
from graphon_theory.errors import InputError


@dataclass(frozen=True)
class Derivation:
    """A chain of steps.

    Parameters
    ----------
    id
        Id of the statement that it derives.
    title
        One line.
    steps
        In order, at least one; ids are unique, and ``follows`` names earlier steps only.

    Raises
    ------
    InputError
        If an id occurs twice, a step follows one that does not come before it, or there is no step.
    """

    id: str
    title: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise InputError("steps", self.steps, f"derivation {self.id}: give at least one step")
        seen: set[str] = set()
        for step in self.steps:
            if step.id in seen:
                raise InputError("id", step.id, f"derivation {self.id}: give each step its own id")
            missing = [name for name in step.follows if name not in seen]
            if missing:
                raise InputError("follows", missing, f"step {step.id}: name steps that come before it")
            seen.add(step.id)

    def run(self) -> DerivationResult:
        """Evaluate every step."""
        return DerivationResult(self, tuple(evaluate(step) for step in self.steps))


@dataclass(frozen=True)
class DerivationResult:
    """A derivation with the evidence for each of its steps, in order."""

    derivation: Derivation
    results: tuple[StepResult, ...]

    def counts(self) -> dict[Evidence, int]:
        """Return the number of steps of each kind, every kind present."""
        return {kind: sum(result.evidence is kind for result in self.results) for kind in Evidence}

    @property
    def holds(self) -> bool:
        """Whether no step is undecided and none contradicted. Cited and checked steps count as holding."""
        doubtful = (Evidence.UNDECIDED, Evidence.CONTRADICTED)
        return not any(result.evidence in doubtful for result in self.results)

    def latex(self) -> tuple[str, ...]:
        """Return each step's formula in TeX, empty for citations."""
        return tuple(result.latex for result in self.results)
