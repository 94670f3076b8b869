"""The pytest plugin under pytest-xdist: a worker finds the suite, and no session takes over another one's verdict."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import pytest

import verification
from tests.experiments.own import STATED, Coin, suite_text
from tests.experiments.test_pytest_plugin import PLUGIN
from verification import pytest_plugin
from verification.registry import claims as registered_claims
from verification.suite import load_suite
from verification.suite_session import SuiteSession

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]

LOADED = """
import verification
from tests.experiments.own import STATED, Coin

verification.claim(**STATED)(type("Loaded", (Coin,), {"__module__": Coin.__module__, "rate": 0.7}))
"""
"""Registers the coin in every process of the session, as an entry point would; its code is that of the fair one."""


def test_a_fixed_run_id_does_not_keep_the_verdict_of_another_session(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CI servers fix the id and keep the run folders: the loaded coin is not told what the fair one left there."""
    (pytester.path / "coins.toml").write_text(suite_text("COIN"), encoding="utf-8")
    monkeypatch.setattr(registered_claims, "_found", {})
    verification.claim(**STATED)(Coin)
    earlier = SuiteSession(load_suite("coins.toml"), folder=pytester.path / "earlier", token="fixed")  # noqa: S106
    assert earlier.statement("COIN")["status"] == "supported"
    kept = pytester.path / "runs/tosses-seed3/pytest"
    shutil.copytree(pytester.path / "earlier/pytest", kept)

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("MPLCONFIGDIR", os.environ.get("MPLCONFIGDIR") or mpl.get_cachedir())
    monkeypatch.setattr(registered_claims, "_found", {})
    pytester.makeconftest(LOADED)
    plain = ("-p", "no:cacheprovider", "-n", "1", "--testrunuid", "fixed")
    done = pytester.runpytest_inprocess(*PLUGIN, *plain, "--graphon-suite", "coins.toml")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*COIN is refuted*"])
    assert len(list(kept.glob("*.json"))) == 1


def test_the_workers_of_a_session_share_what_no_other_session_has() -> None:
    def workers() -> list[dict[str, str]]:
        config = SimpleNamespace(stash=pytest.Stash())
        nodes = [SimpleNamespace(config=config, workerinput={}) for _ in range(2)]
        for node in nodes:
            pytest_plugin.pytest_configure_node(node)
        return [node.workerinput for node in nodes]

    first, second = workers(), workers()
    assert first[0] == first[1] != {}
    assert second[0] == second[1] != first[0]
