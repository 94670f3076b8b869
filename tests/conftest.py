"""Trials show warnings where other code raises them (``verification.library_defaults``): here they fail the test."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def _none_shown() -> Iterator[None]:
    with warnings.catch_warnings(record=True) as shown:
        yield
    for warning in shown:
        raise AssertionError(f"shown, not raised: {warning.category.__name__}: {warning.message}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Fixtures run suites too."""
    with _none_shown():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """The test itself."""
    with _none_shown():
        return (yield)
