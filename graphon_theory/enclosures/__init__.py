"""Rigorous enclosures: intervals for numbers, integrals and roots, and proofs of inequalities on boxes.

The only part of the project that touches Arb (python-flint). Every answer is a true enclosure or a typed
refusal; effort limits make answers wider, never wrong.
"""

from __future__ import annotations

from graphon_theory.enclosures.decision import Decision, decide, examine
from graphon_theory.enclosures.evaluation import enclose
from graphon_theory.enclosures.integral import integrate
from graphon_theory.enclosures.interval import EnclosureError, Interval
from graphon_theory.enclosures.root import RootEnclosure, enclose_root

__all__ = [
    "Decision",
    "EnclosureError",
    "Interval",
    "RootEnclosure",
    "decide",
    "enclose",
    "enclose_root",
    "examine",
    "integrate",
]
