"""Restrict a suite to some statements, and those that they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphon_theory.errors import InputError
from graphon_theory.statements import STATEMENTS, ancestors
from verification.suite import Suite


def select(suite: Suite, statements: Sequence[str]) -> Suite:
    """Keep the checks of some statements and of their ancestors.

    Raises
    ------
    InputError
        If a statement is unknown.
    """
    wanted: set[str] = set()
    for name in statements:
        if name not in STATEMENTS:
            raise InputError("only", name, f"unknown statement; choose among {', '.join(STATEMENTS)}")
        wanted.update((name, *ancestors(name)))
    if not any(check.statement in statements for check in suite.checks):
        return replace(suite, checks=())
    return replace(suite, checks=tuple(c for c in suite.checks if c.statement in wanted))
