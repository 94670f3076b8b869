"""The benchmark of streamed masks: a small run, as a table and as JSON."""

from __future__ import annotations

import json

import pytest

from benchmarks import scale as benchmark


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "SIZES", (96, 192))
    monkeypatch.setattr(benchmark, "CUT_LARGEST", 96)
    monkeypatch.setattr(benchmark, "_FLOOR_ROWS", 64)


def test_small_run_prints_a_line_a_case_and_keeps_count(capsys: pytest.CaptureFixture[str]) -> None:
    benchmark.main(96)
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith(name) for line in lines for name in benchmark.MODELS) == 2
    assert any(line.startswith("COUNT") for line in lines)


def test_json_has_the_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    benchmark.main(192, as_json=True)
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["profile"], row["n"]) for row in rows] == [(name, n) for n in (96, 192) for name in benchmark.MODELS]
    for row in rows:
        assert row["one_pass"] > 0
        assert row["floor"] > 0
        assert row["threshold_passes"] == 1
        assert (row["lower"] is None) == (row["n"] == 192)
        if row["n"] == 96:
            assert 0 < row["lower"] < row["upper"] < row["lim_a"]
        # The counting lemma, with room: the distance is that of LIM-b.
        assert all(0 <= share < 1 for _, _, share in row["counts"].values())
        assert set(row["counts"]) == (set(benchmark.GRAPHS) if row["profile"] == benchmark.COUNTED else set())
