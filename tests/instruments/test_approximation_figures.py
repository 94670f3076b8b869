"""Figures of approximation: of real trials, what they show and that they can be redrawn as PDF."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from verification.cases import Case, Observation
from verification.claims import claims
from verification.publish.svg_pdf import svg_to_pdf
from verification.report.approximation_figures import empty_figure, error_figure, network_figure
from verification.suite import load_suite


def _cases(statement: str, **wanted: Any) -> list[Case]:
    suite = load_suite("full")
    cases = [case for check in suite.checks if check.statement == statement for case in suite.cases(check)]
    return [case for case in cases if all(getattr(case, key) == value for key, value in wanted.items())]


def _trials(cases: list[Case], repeats: int) -> list[Observation]:
    found = []
    for case in cases:
        for repeat in range(repeats):
            seed = case.seed(0, repeat)
            found.append(Observation(case, repeat, seed, claims()[case.statement].trial(case, seed)))
    return found


@pytest.fixture(scope="module")
def approximations() -> list[Observation]:
    """One network of one coordinate and one of two, the smallest of the full suite."""
    line, *_ = _cases("UAT", active=1, target="oscillating", activation="relu", width=128, inputs=64)
    plane, *_ = _cases("UAT", active=2, target="smooth", activation="relu", width=64, inputs=64)
    return _trials([line, plane], 1)


def _text(svg: str) -> str:
    return " ".join(re.findall(r"<!--(.*?)-->", svg))


def test_errors_are_drawn_by_target_and_kind(approximations: list[Observation]) -> None:
    figure = error_figure(SimpleNamespace(observations=approximations))  # type: ignore[arg-type]
    assert figure is not None
    shown = _text(figure)
    for label in ("oscillating, k = 1, relu", "smooth, k = 2, relu", "d = 64", "slope -2", "error / half oscillation"):
        assert label in shown
    assert error_figure(SimpleNamespace(observations=[])) is None  # type: ignore[arg-type]


def test_networks_are_drawn_with_the_error_that_their_trial_certified(approximations: list[Observation]) -> None:
    figure = network_figure(SimpleNamespace(observations=approximations))  # type: ignore[arg-type]
    assert figure is not None
    shown = _text(figure)
    for observation in approximations:
        values = observation.values["statement"]
        assert f"{observation.case.target}, k = {observation.case.active}, relu" in shown
        assert 0.0 < values["lower"] <= values["upper"]
    assert "certified band" in shown
    assert network_figure(SimpleNamespace(observations=[])) is None  # type: ignore[arg-type]
    redrawn = svg_to_pdf(figure)
    assert redrawn.startswith(b"%PDF")
    assert redrawn.count(b"/Subtype /Image") >= 3  # the three planes


def test_empty_columns_need_a_ladder_of_widths() -> None:
    cases = [case for case in _cases("UAT-n") if case.source == "model even" and case.width in (6, 12)]
    assert len(cases) == 2
    found = _trials(cases, 3)
    figure = empty_figure(SimpleNamespace(observations=found))  # type: ignore[arg-type]
    assert figure is not None
    assert "model even, d = 8, density 0.1" in _text(figure)
    one_width = [o for o in found if o.case.width == 6]
    assert empty_figure(SimpleNamespace(observations=one_width)) is None  # type: ignore[arg-type]
    assert np.all([o.values["statement"]["whole"] >= 0 for o in found])
