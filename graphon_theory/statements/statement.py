"""What a statement is: its hypotheses, its conclusion, its derivation and what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graphon_theory.derivation import Derivation


@dataclass(frozen=True)
class Statement:
    """A statement of the theory.

    Parameters
    ----------
    id
        Short id, as in suites and reports.
    title
        One line.
    hypotheses
        What it assumes, each as a clause.
    conclusion
        What it says, as a sentence with TeX maths.
    uses
        Ids of the statements that it rests on.
    source
        Where it comes from.
    derive
        Builds its derivation.
    """

    id: str
    title: str
    hypotheses: tuple[str, ...]
    conclusion: str
    uses: tuple[str, ...]
    source: str
    derive: Callable[[], Derivation]
