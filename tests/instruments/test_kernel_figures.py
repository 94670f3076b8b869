"""Figures of kernel error against width: what they show, against means of the planted values themselves."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import claims
from verification.report.kernel_figures import kernel_figures, margin_figure, panels_of
from verification.report.order_figures import order_figure, sizes_of

CASE = replace(ORDINARY, statement="NTK-1", data="teacher")
CLAIM = claims()["NTK-1"]
LEVEL = 0.01
WIDTHS = (64, 256)
KEPT, REDRAWN = (f"magnitude, {weights} weights, L = 1, relu, gaussian, rho = 0.1" for weights in ("kept", "redrawn"))
TRUTH = {64: (0.10, 0.14, 0.03), 256: (0.02, -0.04, 0.05)}


def _planted() -> list[Observation]:
    found = []
    for weights in ("kept", "redrawn"):
        for n in WIDTHS:
            for r, value in enumerate(TRUTH[n]):
                own = {"layer 1, diagonal": value, "layer 1, pairs": -value}
                far = {name: x - (3.0 if name.endswith("pairs") else 1.0) for name, x in own.items()}
                values = {"statement": own, "exchanged": far, "as-redrawn": own if weights == "redrawn" else far}
                case = replace(CASE, width=n, inputs=n, weights=weights)
                found.append(Observation(case, r, r, values))
    return found


def test_points_are_the_means_with_their_student_intervals_and_margins() -> None:
    panels = panels_of(CLAIM, _planted(), LEVEL)
    assert set(panels) == {KEPT, REDRAWN}
    points = panels[KEPT].measures["layer 1, diagonal"]
    assert [p.width for p in points] == list(WIDTHS)
    for point in points:
        values = TRUTH[point.width]
        half = stats.t.isf(LEVEL, 2) * np.std(values, ddof=1) / math.sqrt(3)
        assert (point.mean, point.low, point.high) == pytest.approx(
            (np.mean(values), np.mean(values) - half, np.mean(values) + half)
        )
        assert point.margin == pytest.approx(2.0 / math.sqrt(point.width))


def test_false_variants_show_their_farthest_measure_and_not_where_they_are_true() -> None:
    panels = panels_of(CLAIM, _planted(), LEVEL)
    assert set(panels[KEPT].mutants) == {"exchanged", "as-redrawn"}
    assert set(panels[REDRAWN].mutants) == {"exchanged"}
    means = [p.mean for p in panels[KEPT].mutants["exchanged"]]
    assert means == pytest.approx([-np.mean(TRUTH[n]) - 3.0 for n in WIDTHS])


def test_a_false_variant_with_data_of_its_own_has_its_own_panel() -> None:
    case = replace(CASE, criterion="snip", batch=3, variant="pruning-batch")
    own = [
        Observation(replace(case, width=n, inputs=n), r, r, {"pruning-batch": {"layer 1, pairs": 0.4 + 0.01 * r}})
        for n in WIDTHS
        for r in range(2)
    ]
    panels = panels_of(CLAIM, [*_planted(), *own], LEVEL)
    (added,) = set(panels) - {KEPT, REDRAWN}
    assert not panels[added].measures
    assert [p.mean for p in panels[added].mutants["pruning-batch"]] == pytest.approx([0.405, 0.405])


def test_the_figure_has_reproducible_bytes_and_names_its_panels() -> None:
    svg = margin_figure(CLAIM, _planted(), LEVEL)
    assert svg is not None
    assert svg == margin_figure(CLAIM, _planted(), LEVEL)
    for text in (KEPT, REDRAWN, "false: exchanged", "mean log-ratio", "margin"):
        assert f"<!-- {text} -->" in svg
    moved = [
        replace(o, values={k: {m: x + 0.5 for m, x in v.items()} for k, v in o.values.items()}) for o in _planted()
    ]
    assert margin_figure(CLAIM, moved, LEVEL) != svg


def test_a_run_has_a_figure_for_each_kernel_statement_with_enough_trials() -> None:
    def run(observations: list[Observation]) -> SimpleNamespace:
        verdicts = [SimpleNamespace(id=name, measurement=SimpleNamespace(level=LEVEL)) for name in ("THR", "NTK-1")]
        return SimpleNamespace(observations=observations, verdicts=verdicts)

    assert set(kernel_figures(run(_planted()))) == {"NTK-1"}  # type: ignore[arg-type]
    assert kernel_figures(run([])) == {}  # type: ignore[arg-type]
    assert kernel_figures(run(_planted()[:1])) == {}  # type: ignore[arg-type]  # one trial has no interval


def test_orders_are_shown_beside_the_slowest_fall_allowed() -> None:
    claim = claims()["LAZY"]
    sizes = {64: (0.2, 0.4), 256: (0.05, 0.2)}
    found = [
        Observation(
            replace(CASE, statement="LAZY", width=n), r, r, {"statement": {"gap": x}, "hidden-only": {"gap": 3.0 * x}}
        )
        for n, values in sizes.items()
        for r, x in enumerate(values)
    ]
    (measures,) = sizes_of(claim, found, "statement", LEVEL).values()
    points = measures["gap"]
    assert [(n, mean) for n, mean, _ in points] == [
        (n, pytest.approx(math.sqrt(values[0] * values[1]))) for n, values in sizes.items()
    ]
    assert len({exponent for _, _, exponent in points}) == 1
    assert -1.0 < points[0][2] < 0.0
    svg = order_figure(claim, found, LEVEL)
    assert svg is not None
    assert svg == order_figure(claim, found, LEVEL)
    for text in ("gap", "false: hidden-only", "slowest fall allowed"):
        assert f"<!-- {text} -->" in svg
    assert order_figure(claim, [], LEVEL) is None
    assert margin_figure(claim, found, LEVEL) is None
    assert order_figure(CLAIM, _planted(), LEVEL) is None
