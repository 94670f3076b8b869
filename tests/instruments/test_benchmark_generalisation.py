"""The benchmark on generalisation at small sizes: rows, JSON, and figures of reproducible bytes."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import generalisation as benchmark
from benchmarks import generalisation_figures as figures

SIZES = benchmark.Sizes(width=96, samples=24, seeds=2)


def test_a_small_run_gives_rows_json_and_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(figures, "FOLDER", tmp_path)
    monkeypatch.setattr(benchmark, "CRITERIA", ("random", "snip"))
    # One panel a data set and figure: drawing takes most of the time.
    monkeypatch.setattr(figures, "RISKS", figures.RISKS[:1])
    monkeypatch.setattr(figures, "SPECTRA", figures.SPECTRA[:1])
    benchmark.main(SIZES, as_json=True, densities=(0.2, 1.0))
    document = json.loads(capsys.readouterr().out)
    assert document["sizes"] == {"width": 96, "samples": 24, "seeds": 2}
    rows = [benchmark.Row(**row) for row in document["rows"]]
    assert {row.data for row in rows} == {"teacher", "digits"}
    assert {(row.criterion, row.density) for row in rows} == {("random", 0.2), ("snip", 0.2), ("dense", 1.0)}
    for row in rows:
        assert math.isfinite(row.mean)
        assert row.low <= row.mean <= row.high
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == {"generalisation.svg", "generalisation_spectra.svg"}
    assert first["generalisation.svg"].decode() == figures.density_figure(rows, figures.RISKS)
    for data in benchmark.DATA:
        benchmark._print_table([row for row in rows if row.data == data], data, SIZES)
        benchmark._print_spread([row for row in rows if row.data == data])
    assert "snip" in capsys.readouterr().out


def test_numbers_of_a_run_agree_with_each_other() -> None:
    numbers = benchmark.measure("teacher", "snip", 0.3, 0, SIZES)
    assert 0.0 <= numbers["risk"] <= 1.0
    assert numbers["floor"] <= numbers["path"] * (1 + 1e-12)
    # GEN's complexity is at least that of the radius before rounding; train and confidence only add.
    assert numbers["bound"] >= numbers["complexity"]
    assert numbers == benchmark.measure("teacher", "snip", 0.3, 0, SIZES)


def test_a_singular_kernel_is_counted_and_leaves_its_spectrum() -> None:
    numbers = benchmark.measure("teacher", "random", 0.002, 0, SIZES)
    assert numbers["singular"] == 1.0
    assert set(numbers) == {"rank", "top", "alignment", "singular"}
    assert np.isfinite(list(numbers.values())).all()
