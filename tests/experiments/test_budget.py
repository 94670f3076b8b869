"""Suites fitted to a time, and suites written as files."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from graphon_theory.errors import InputError
from verification.budget import LACKING, MOST, allocate, fit_to_budget
from verification.cases import Case
from verification.ledger import FILE, Ledger
from verification.suite import Suite, duration, load_suite, parse_suite, shipped_suites
from verification.suite_file import suite_file
from verification.trials import plan


def suite(**keys: object) -> Suite:
    check = {"statement": "THR", "criteria": ["magnitude"], "widths": [16, 32], "densities": [0.5], "repeats": 4}
    return parse_suite({"schema": "graphon.suite/1", "check": [check, check | {"densities": [0.25]}], **keys})


def cost(case: Case) -> float:
    return case.width / 16.0


def spent(chosen: Suite) -> float:
    return sum(check.repeats * cost(case) for check in chosen.checks for case in chosen.cases(check))


@pytest.mark.parametrize(("text", "wanted"), [("90s", 90.0), ("10m", 600.0), ("1.5h", 5400.0), (" 2m ", 120.0)])
def test_durations(text: str, wanted: float) -> None:
    assert duration(text) == wanted
    assert suite(budget=text).budget == wanted


@pytest.mark.parametrize("text", ["", "10", "ten minutes", "-5m", "0m", "5d", 10])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(InputError, match="budget"):
        duration(text)


def test_time_goes_where_power_is_lacking() -> None:
    # One repeat of a check costs 3 s: shares of 1 to 4 of 60 s are 12 and 48 s, at most 4 x 4 repeats.
    chosen = allocate(suite(), cost, [1.0, LACKING], 60.0)
    first, second = chosen.checks
    assert (first.repeats, second.repeats) == (4, 16)
    assert spent(chosen) <= 60.0
    assert first.widths == second.widths == (16, 32)


def test_a_large_budget_stops_at_a_multiple_of_the_suite() -> None:
    chosen = allocate(suite(), cost, [1.0, LACKING], 1e6)
    assert [check.repeats for check in chosen.checks] == [4 * MOST, 4 * MOST]


def test_a_small_budget_drops_the_dearest_widths_first() -> None:
    wide = suite()
    wide = replace(wide, checks=(replace(wide.checks[0], widths=(16, 32, 64)), wide.checks[1]))
    chosen = allocate(wide, cost, [1.0, 1.0], 15.0)  # two of everything: 2 (1 + 2 + 4) + 2 (1 + 2) = 20 s
    assert [check.widths for check in chosen.checks] == [(16, 32), (16, 32)]
    chosen = allocate(wide, cost, [1.0, 1.0], 9.0)
    assert sorted(check.widths for check in chosen.checks) == [(16,), (16, 32)]
    assert spent(chosen) <= 9.0


def test_a_budget_that_is_too_small_says_what_would_do() -> None:
    with pytest.raises(InputError, match="take 4 s: give more"):
        allocate(suite(), cost, [1.0, 1.0], 3.0)


def test_the_pilot_has_other_seeds_than_the_run(tmp_path: Path) -> None:
    chosen_from = suite()
    with Ledger(tmp_path / FILE) as ledger:
        chosen = fit_to_budget(chosen_from, 600.0, ledger)
        pilot = {row.seed for row in ledger.rows()}
    assert pilot
    assert chosen.seed == chosen_from.seed
    assert chosen.summary.endswith("(widths and trials fitted to 600 s)")
    assert not pilot & {trial.seed for trial in plan(chosen)}
    assert all(2 <= check.repeats <= 4 * MOST for check in chosen.checks)


@pytest.mark.parametrize("name", shipped_suites())
def test_a_suite_written_as_a_file_reads_as_itself(name: str) -> None:
    read = load_suite(name)
    assert parse_suite(tomllib.loads(suite_file(read))) == read
    fitted = replace(read, budget=60.0, seed=7)
    assert parse_suite(tomllib.loads(suite_file(fitted))) == replace(fitted, budget=None)


def test_awkward_names_survive() -> None:
    read = suite(summary='a "quoted" \\ line\nwith \x7f and é', models={"a b": {"g": "u", "f": "1"}})
    assert parse_suite(tomllib.loads(suite_file(read))) == read
