"""The pytest plugin: suites as test items, profiles for Hypothesis, torch's generators under Hypothesis.

Heavy imports (torch, SymPy, Hypothesis) happen inside the hooks that need them: pytest loads this module in every
environment that has the package installed.
"""

from __future__ import annotations

import sys
from typing import Final

import pytest

PROFILES: Final = ("dev", "ci", "nightly")
"""Those of ``verification.strategies``; a test compares."""

POLICIES: Final = ("skip", "fail", "pass")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("graphon", "statements on pruned networks (graphon-theory)")
    group.addoption(
        "--graphon-suite",
        action="append",
        default=[],
        metavar="FILE",
        help="run a suite file, or a shipped suite by name, and make a test of each of its statements; may be repeated",
    )
    group.addoption("--graphon-seed", type=int, metavar="N", help="master seed (default: the suite's)")
    group.addoption(
        "--graphon-jobs", type=int, default=1, metavar="N", help="processes that make the trials (default: 1, this one)"
    )
    group.addoption(
        "--graphon-out",
        metavar="DIR",
        help="folder of the run folders SUITE-seedN, in which a broken-off run is resumed (default: runs)",
    )
    group.addoption(
        "--graphon-inconclusive",
        choices=POLICIES,
        default="skip",
        help="what becomes of a statement that is neither supported nor refuted (default: skip, with the reasons)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Register the profiles before any conftest, so that a project's own profile of the same name wins."""
    _register_profiles(getattr(early_config.known_args_namespace, "hypothesis_profile", None))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; and the profiles, where this plugin was loaded after the first conftest."""
    config.addinivalue_line("markers", "graphon: a statement of a suite (--graphon-suite), a test by its status")
    _register_profiles(config.getoption("--hypothesis-profile", default=None))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the statements of the suites; before others, so that -k and -m choose among them too."""
    sources = config.getoption("--graphon-suite")
    if sources:
        from verification.suite_items import suite_items

        items.extend(suite_items(session, sources))


def pytest_collection_finish() -> None:
    """Hand torch's generators to Hypothesis, where any of the collected tests uses it."""
    if "hypothesis" in sys.modules:
        from verification.strategies import register_torch

        register_torch()


class _State:
    registered = False


def _register_profiles(wanted: str | None) -> None:
    if wanted in PROFILES and not _State.registered:
        from verification.strategies import register_profiles

        register_profiles()
        _State.registered = True
