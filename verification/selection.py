"""Restrict a suite to some statements, and those that they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graphon_theory.errors import InputError
from verification.registry import ancestors
from verification.registry import statements as registered
from verification.suite import Suite


def select(suite: Suite, statements: Sequence[str]) -> Suite:
    """Keep the checks of some statements and of their ancestors.

    Raises
    ------
    InputError
        If a statement is unknown.
    """
    known = registered()
    wanted: set[str] = set()
    for name in statements:
        if name not in known:
            raise InputError("only", name, f"unknown statement; choose among {', '.join(known)}")
        wanted.update((name, *ancestors(name)))
    if not any(check.statement in statements for check in suite.checks):
        return replace(suite, checks=())
    return replace(suite, checks=tuple(c for c in suite.checks if c.statement in wanted))
