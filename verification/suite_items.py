"""The statements of a suite as pytest items: supported passes, refuted fails, the rest by policy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from graphon_theory.errors import InputError
from verification.claims import Outcome
from verification.suite_choice import open_suites
from verification.suite_session import SuiteSession


class NotSupportedError(Exception):
    """A statement is refuted, or inconclusive where that counts as failure; the message has the figures."""


class SuiteCollector(pytest.Collector):
    """One suite; its name is ``graphon:`` and that of the suite."""

    def __init__(self, *, run: SuiteSession, **others: Any) -> None:
        super().__init__(**others)
        self.run = run

    def collect(self) -> Iterator[pytest.Item]:
        """One item a statement, in the order of the suite."""
        for statement in self.run.suite.statements:
            yield StatementItem.from_parent(self, name=statement)


class StatementItem(pytest.Item):
    """One statement of a suite; the first to run has the whole suite run, for the level is shared among them."""

    parent: SuiteCollector

    def __init__(self, **others: Any) -> None:
        super().__init__(**others)
        self.add_marker(pytest.mark.graphon)
        if self.config.pluginmanager.hasplugin("xdist"):
            # With --dist loadgroup one worker gets them all; with other modes the others wait for its result.
            self.add_marker(pytest.mark.xdist_group(self.parent.name))

    def runtest(self) -> None:
        """Pass, fail or skip by the statement's status."""
        run = self.parent.run
        found = run.statement(self.name)
        self.user_properties.extend(run.properties(self.name))
        status = Outcome(found["status"])
        if status is Outcome.SUPPORTED:
            return
        policy = "fail" if status is Outcome.REFUTED else self.config.getoption("--graphon-inconclusive")
        if status is Outcome.NOT_RUN:
            policy = "skip"
        if policy == "fail":
            raise NotSupportedError(run.describe(self.name))
        if policy == "skip":
            pytest.skip(f"{self.name} is {status.value}: {'; '.join(found['reasons'])}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Print the figures instead of a traceback where the statement failed, not the machinery."""
        if isinstance(excinfo.value, NotSupportedError | InputError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """See ``pytest.Item``."""
        return self.session.path / self.parent.name, None, f"{self.parent.name} {self.name}"


def suite_items(session: pytest.Session) -> list[pytest.Item]:
    """Read the chosen suites and make their items, as pytest collects; nothing is run.

    Parameters
    ----------
    session
        The session, whose options say which suites, their seed, processes, folder and policy.

    Raises
    ------
    pytest.UsageError
        As ``verification.suite_choice.open_suites``.
    """
    items: list[pytest.Item] = []
    for run in open_suites(session.config):
        name = f"graphon:{run.suite.name}"
        collector = SuiteCollector.from_parent(session, name=name, nodeid=name, run=run)
        collector.ihook.pytest_collectstart(collector=collector)
        found = list(collector.collect())
        for item in found:
            collector.ihook.pytest_itemcollected(item=item)
        report = pytest.CollectReport(nodeid=name, outcome="passed", longrepr=None, result=[*found])
        collector.ihook.pytest_collectreport(report=report)  # what the terminal counts
        items.extend(found)
    return items
