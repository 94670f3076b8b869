"""The benchmark of designed masks: pairing, tables, JSON, figures."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import design, design_figures

SMALL = design.Sizes(width=32, samples=20, seeds=2, test=30, steps=5)


def test_a_small_run_prints_tables_json_and_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(design_figures, "FOLDER", tmp_path)
    monkeypatch.setattr(design, "write_figures", lambda *_: [])  # drawn once, below: drawing takes longest
    design.main(SMALL, as_json=True, data=("digits",), densities=(0.1,), curve=())
    told = json.loads(capsys.readouterr().out)
    methods = [*design.DESIGNS, *design.CRITERIA, "dense"]
    assert len(told["rows"]) == len(methods) * len(design.NUMBERS)
    rows = [
        design.Row(**(row | {"values": tuple(math.nan if v is None else v for v in row["values"])}))
        for row in told["rows"]
    ]
    both = rows + [replace(row, samples=40) for row in rows]
    drawn = design_figures.write_figures(both, SMALL.samples, design.CURVE_DENSITY)
    assert [path.name for path in drawn] == ["design.svg", "design_curves.svg"]
    for path in drawn:
        assert ET.parse(path).getroot().tag.endswith("svg")  # noqa: S314  # our own file
    for number in design.NUMBERS:
        printed = design.table(rows, number, SMALL)
        assert printed.startswith(f"\n{number}:")
        assert all(name in printed for name in methods)
    assert "dense" in design.wins(rows)


def test_differences_are_paired_by_seed_and_counted_once() -> None:
    def row(method: str, *values: float) -> design.Row:
        return design.Row("digits", 20, 0.1, method, "kernel", values)

    rows = [row("design", 0.1, 0.3, 0.5), row("snip", 0.2, 0.4, 0.6), row("grasp", 0.0, math.nan, 0.4)]
    gap = design.difference(rows, ("digits", 20, 0.1), "kernel", "snip")
    assert gap.values == pytest.approx((-0.1, -0.1, -0.1))
    mean, low, high = gap.interval
    assert low <= mean <= high < 0.0
    assert design.difference(rows, ("digits", 20, 0.1), "kernel", "grasp").found == pytest.approx([0.1, 0.1])
    assert math.isnan(row("snip", math.nan, 0.2, math.nan).interval[0])


@pytest.mark.slow
def test_a_seed_repeats() -> None:
    first = design.measure("sparse", 0.3, 1, SMALL)
    assert design.measure("sparse", 0.3, 1, SMALL) == first
