"""A step of a derivation, the kinds of evidence, and the result of evaluating a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import sympy
from sympy import Expr, Symbol

from graphon_theory.enclosures.region import as_cell
from graphon_theory.errors import InputError

_TEX: Final = {"=": "=", "<=": r"\le", "<": "<", ">=": r"\ge", ">": ">"}


class Evidence(Enum):
    """What a step stands on.

    ``PROVED``: SymPy decides the formula under the symbols' assumptions, and no sample point objects.
    ``ENCLOSED``: ball arithmetic proves it on the whole domain.
    ``CHECKED``: it agrees to 45 digits or more at sample points of the domain; evidence, no proof.
    ``CITED``: a named source, nothing computed.
    ``UNDECIDED``: nothing above applies, which says nothing about the truth.
    ``CONTRADICTED``: it fails at a point that the result names.
    """

    PROVED = "proved"
    ENCLOSED = "enclosed"
    CHECKED = "checked"
    CITED = "cited"
    UNDECIDED = "undecided"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True)
class Step:
    """One step: a formula with the reason for it, or a citation.

    Parameters
    ----------
    id
        Short id, unique within its derivation.
    text
        Why the step holds, in words.
    left, relation, right
        The formula: two SymPy expressions (or numbers) and one of ``=``, ``<=``, ``<``, ``>=``, ``>``. All
        three, or none for a cited step. Unevaluated integrals, derivatives, limits, sums and substitutions are
        welcome. Two sides that are one and the same expression are refused: they would be "proved" and show
        nothing. SymPy may make them so while they are built; ``as_written`` keeps it from doing so.
    rule
        Name of the rule that leads here.
    assumptions
        Hypotheses that the symbols' own assumptions do not express, each as a clause; only reported.
    domain
        Range ``(low, high)`` of each free symbol, for enclosures and sample points. Without it a formula can
        be proved or contradicted, but no more.
    source
        Where a lemma comes from. A step with a source and no formula is cited; with a formula the source
        counts for nothing, the formula is evaluated.
    follows
        Ids of earlier steps that this one builds on.
    symbolic
        Whether SymPy may try to decide the formula. ``False`` where it would take too long.

    Raises
    ------
    InputError
        If the formula is incomplete or its two sides are one expression, both formula and source are missing, the
        relation is unknown, or the domain contradicts the symbols' assumptions.
    """

    id: str
    text: str
    left: Expr | None = None
    relation: str | None = None
    right: Expr | None = None
    rule: str = ""
    assumptions: tuple[str, ...] = ()
    domain: Mapping[Symbol, tuple[Any, Any]] = field(default_factory=dict, hash=False)
    source: str | None = None
    follows: tuple[str, ...] = ()
    symbolic: bool = True

    def __post_init__(self) -> None:
        given = [part is not None for part in (self.left, self.relation, self.right)]
        if any(given) and not all(given):
            raise InputError("left, relation, right", given, f"step {self.id}: give all three, or none")
        if not any(given) and not (self.source and self.source.strip()):
            raise InputError("source", self.source, f"step {self.id}: a step without a formula names its source")
        if self.relation is not None and self.relation not in _TEX:
            raise InputError("relation", self.relation, f"step {self.id}: give one of {', '.join(_TEX)}")
        for name in ("left", "right"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _formula(value, name))
        if self.left is not None and self.left == self.right:
            remedy = "both sides are one expression, which shows nothing: build one by graphon_theory.derivation."
            remedy += "as_written, or leave its integral, derivative or substitution unevaluated"
            raise InputError(f"step {self.id}, left and right", self.left, remedy)
        as_cell(tuple(self.domain), self.domain)
        # A copy, so that the caller's mapping can change; a plain one, so that steps can be pickled.
        object.__setattr__(self, "domain", dict(self.domain))

    @property
    def is_cited(self) -> bool:
        """Whether the step is a citation alone."""
        return self.left is None

    @property
    def latex(self) -> str:
        """The formula in TeX, without delimiters; empty for a citation."""
        if self.left is None or self.relation is None:
            return ""
        return f"{sympy.latex(self.left)} {_TEX[self.relation]} {sympy.latex(self.right)}"

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Free symbols of the formula, by name."""
        if self.left is None or self.right is None:
            return ()
        return tuple(sorted(self.left.free_symbols | self.right.free_symbols, key=str))


@dataclass(frozen=True)
class StepResult:
    """A step, its evidence, and one line on how it was found."""

    step: Step
    evidence: Evidence
    detail: str

    @property
    def latex(self) -> str:
        """The step's formula in TeX."""
        return self.step.latex


def _formula(value: object, name: str) -> Expr:
    if isinstance(value, Expr):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return sympy.sympify(value)
    raise InputError(name, value, "give a SymPy expression or a number")
