"""The pytest plugin: suites as test items, profiles for Hypothesis, torch's generators under Hypothesis.

Heavy imports (torch, SymPy, Hypothesis) happen inside the hooks that need them: pytest loads this module in every
environment that has the package installed.
"""

from __future__ import annotations

import sys
import uuid
from typing import Any, Final

import pytest

PROFILES: Final = ("dev", "ci", "nightly")
"""Those of ``verification.strategies``; a test compares."""

POLICIES: Final = ("skip", "fail", "pass")

_SESSION: Final = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("graphon", "statements on pruned networks (graphon-theory)")
    group.addoption(
        "--graphon-suite",
        action="append",
        default=[],
        metavar="FILE",
        help="run a suite file, from the working folder or else from rootdir, or a shipped suite by name, and make a "
        "test of each of its statements; may be repeated",
    )
    group.addoption("--graphon-seed", type=int, metavar="N", help="master seed (default: the suite's)")
    group.addoption(
        "--graphon-jobs", type=int, default=1, metavar="N", help="processes that make the trials (default: 1, this one)"
    )
    group.addoption(
        "--graphon-out",
        metavar="DIR",
        help="folder of the run folders SUITE-seedN, in which a broken-off run is resumed; from the working folder "
        "(default: runs, in rootdir)",
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


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say so where suites are left out."""
    if not config.getoption("--graphon-suite"):
        return []
    from verification.suite_choice import suites_left_out

    left_out = suites_left_out(config)
    return [f"graphon: only single tests are named, left out: {', '.join(left_out)}"] if left_out else []


def pytest_sessionstart(session: pytest.Session) -> None:
    """Check the suites before pytest-xdist starts workers: there a usage error would end as an internal error."""
    config = session.config
    distributes = config.getoption("dist", default="no") != "no" and not hasattr(config, "workerinput")
    if distributes and _chosen(config):
        from verification.suite_choice import open_suites

        open_suites(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give all workers of pytest-xdist what they share in this session alone: people fix the id of its runs."""
    from verification.suite_choice import WORKER_KEY

    node.workerinput[WORKER_KEY] = node.config.stash.setdefault(_SESSION, uuid.uuid4().hex)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the statements of the suites; before others, so that -k and -m choose among them too."""
    if _chosen(config):
        from verification.suite_items import suite_items

        items.extend(suite_items(session))


def pytest_collection_finish() -> None:
    """Hand torch's generators to Hypothesis, where any of the collected tests uses it."""
    if "hypothesis" in sys.modules:
        from verification.strategies import register_torch

        register_torch()


def _chosen(config: pytest.Config) -> list[str]:
    """Suites to run; where there is none, nothing heavy is imported."""
    if not config.getoption("--graphon-suite"):
        return []
    from verification.suite_choice import chosen_suites

    return chosen_suites(config)


class _State:
    registered = False


def _register_profiles(wanted: str | None) -> None:
    if wanted in PROFILES and not _State.registered:
        from verification.strategies import register_profiles

        register_profiles()
        _State.registered = True
