"""Arguments of strategies: a value, or a strategy of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from graphon_theory.errors import InputError

T = TypeVar("T")

Given: TypeAlias = T | SearchStrategy[T]
"""A value, taken as it is, or a strategy that draws one."""


def strategy(value: Given[T]) -> SearchStrategy[T]:
    """Turn an argument into a strategy."""
    return value if isinstance(value, SearchStrategy) else st.just(value)


def plain(argument: str, value: T) -> T:
    """Return an argument that chooses what is drawn, and is therefore no strategy itself.

    Raises
    ------
    InputError
        If it is a strategy: it would be taken for true, or for a value that it is not.
    """
    if isinstance(value, SearchStrategy):
        raise InputError(argument, value, "give a plain value; st.one_of draws from several strategies")
    return value


def chosen_kinds(kinds: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds in the order in which they are known, the simplest first, whatever order they come in.

    Raises
    ------
    InputError
        If there is none, one is unknown, or they are a strategy.
    """
    unknown = [kind for kind in plain("kinds", kinds) if kind not in known]
    if isinstance(kinds, str) or not kinds or unknown:
        raise InputError("kinds", kinds, f"give one or more of {', '.join(known)}")
    return tuple(kind for kind in known if kind in kinds)


SEEDS = st.integers(0, 2**31 - 1)
"""Seeds of local generators; shrink to 0."""
