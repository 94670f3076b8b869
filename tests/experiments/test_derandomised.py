"""Derandomised runs are identical: the plugin has Hypothesis seed torch's generators, and loads the profiles."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.experiments.test_pytest_plugin import PLUGIN

pytest_plugins = ["pytester"]

RECORDING = """
import random, pathlib, numpy, torch
from hypothesis import given, settings, strategies as st

torch.seed()  # as a program might: from the system's entropy

@settings(max_examples=8)
@given(st.data())
def test_draws(data):
    line = [torch.rand(2).tolist(), numpy.random.rand(2).tolist(), random.random()]
    from verification.strategies import graphons, masks  # after torch's first draw: the plugin has seen to it
    line += [data.draw(graphons()).matrix.tolist(), data.draw(masks()).tolist()]
    with pathlib.Path("seen.txt").open("a") as file:
        file.write(f"{line}\\n")
"""


@pytest.fixture
def profile() -> Iterator[None]:
    """Put Hypothesis's profile back, which an inner session changes for the whole process."""
    before = settings.get_current_profile_name()
    yield
    settings.load_profile(before)


OWN = """
from hypothesis import settings

settings.register_profile("own", derandomize=True, database=None)
"""
"""As a user's conftest might; profiles of this package bring torch's registration with them, this one does not."""


@pytest.mark.parametrize("fresh", ["own", pytest.param("ci", marks=pytest.mark.slow)])
@pytest.mark.usefixtures("profile")
def test_two_derandomised_runs_are_identical(pytester: pytest.Pytester, fresh: str) -> None:
    """Draws of the strategies and of torch's, NumPy's and Python's global generators, in a fresh process and in this.

    Only a fresh one has not imported the strategies before: what the plugin fails to register stays random there.
    """
    pytester.makeconftest(OWN)
    pytester.makepyfile(test_draws=RECORDING)
    seen = []
    for run, name in ((pytester.runpytest_subprocess, fresh), (pytester.runpytest_inprocess, "ci")):
        done = run(*PLUGIN, "-p", "no:cacheprovider", f"--hypothesis-profile={name}")
        done.assert_outcomes(passed=1)
        found = pytester.path / "seen.txt"
        seen.append(found.read_text(encoding="utf-8"))
        found.unlink()
    assert seen[0] == seen[1]
    assert len(set(seen[0].splitlines())) >= 5  # and not the same example over and over


def test_torch_is_seen_to_where_hypothesis_is_used_and_no_profile_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from verification import pytest_plugin, strategies

    asked: list[str] = []
    monkeypatch.setattr(strategies, "register_torch", lambda: asked.append("torch"))
    pytest_plugin.pytest_collection_finish()
    assert asked == ["torch"]
