"""Every error for bad input that an instrument's test meets names an argument, what was passed for it, and a remedy."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from graphon_theory.errors import InputError


@pytest.fixture(autouse=True, scope="module")
def _errors_name_what_was_passed() -> Iterator[None]:
    """Look at errors where they are made: most tests match a part of the message alone."""
    plain = InputError.__init__

    def looked_at(self: InputError, argument: str, value: object, remedy: str) -> None:
        for name, words in (("argument", argument), ("remedy", remedy)):
            assert isinstance(words, str), f"{name} is {words!r}"
            assert words.strip(), f"{name} is empty"
        if value is None:
            # None was passed where something at hand is None: an argument by this or by another name.
            there = sys._getframe(1).f_locals.values()
            assert any(part is None for part in there), f"{argument}: nothing is None there"
        plain(self, argument, value, remedy)

    InputError.__init__ = looked_at  # type: ignore[method-assign]
    yield
    InputError.__init__ = plain  # type: ignore[method-assign]
