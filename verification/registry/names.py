"""The names that suites may use: those of this package, then those of the user's own claims and criteria.

Kept out of ``verification.names``, which trials import: they do not depend on what else is registered.
"""

from __future__ import annotations

from verification.names import CRITERIA, STATEMENTS
from verification.registry.claims import own_claims
from verification.registry.criteria import own_criteria


def statement_names() -> tuple[str, ...]:
    """Ids of the statements that can be measured."""
    return (*STATEMENTS, *own_claims())


def criterion_names() -> tuple[str, ...]:
    """Names of the criteria that suites may prune by."""
    return (*CRITERIA, *own_criteria())
