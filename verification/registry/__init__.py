"""Claims and criteria of the user's own: registered by decorators, found through entry points.

A package offers what it has by entry points of the groups ``graphon.claims`` and ``graphon.criteria``, each of which
names a module, or a decorated class or function in one. ``docs/testing.md`` shows a whole package.
"""

from __future__ import annotations

from verification.registry.claims import (
    OwnClaim,
    ancestors,
    claim,
    derivation_of,
    own_claims,
    require_registered,
    statements,
)
from verification.registry.criteria import OwnCriterion, criterion, own_criteria, own_scores
from verification.registry.entry_points import GROUPS
from verification.registry.names import criterion_names, statement_names

__all__ = [
    "GROUPS",
    "OwnClaim",
    "OwnCriterion",
    "ancestors",
    "claim",
    "criterion",
    "criterion_names",
    "derivation_of",
    "own_claims",
    "own_criteria",
    "own_scores",
    "require_registered",
    "statement_names",
    "statements",
]
