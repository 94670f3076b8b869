"""Suite files are read whole or refused with one clear line."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from graphon_theory.errors import InputError
from verification.selection import select
from verification.suite import load_suite, parse_suite, shipped_suites
from verification.trials import plan

GOOD: dict[str, object] = {
    "schema": "graphon.suite/1",
    "models": {"ramp": {"g": "1/2 + u", "f": "exp(-v)", "noise": "gaussian"}},
    "check": [
        {
            "statement": "LIM-a",
            "criteria": ["magnitude"],
            "models": ["ramp"],
            "initialisations": ["gaussian", "uniform"],
            "widths": [8, 16],
            "densities": [0.25],
            "repeats": 2,
        }
    ],
}


_SNIP: dict[str, object] = {"statement": "SNIP-S", "models": None, "criteria": ["snip"]}
_LADDER: dict[str, object] = _SNIP | {"statement": "SNIP-1", "data": "teacher", "ladder": "width", "batch": [16]}


def _with(**changes: object) -> dict[str, object]:
    table = copy.deepcopy(GOOD)
    table["check"][0].update(changes)  # type: ignore[index]
    table["check"][0] = {key: value for key, value in table["check"][0].items() if value is not None}  # type: ignore[index]
    return table


@pytest.mark.parametrize("name", shipped_suites())
def test_shipped_suites_are_valid(name: str) -> None:
    suite = load_suite(name)
    assert suite.name == name
    assert plan(suite)


def test_the_grid_is_expanded() -> None:
    suite = parse_suite(GOOD)
    cases = suite.cases(suite.checks[0])
    # magnitude x two initialisations x two widths, and the model x two widths
    assert len(cases) == 6
    assert all(case.inputs == case.width and case.square for case in cases)
    assert len({case.key() for case in cases}) == 6
    assert len(plan(suite)) == 12


def test_batches_follow_the_inputs() -> None:
    suite = parse_suite(
        {
            "schema": "graphon.suite/1",
            "check": [
                {
                    "statement": "SNIP-S",
                    "criteria": ["snip"],
                    "widths": [8],
                    "inputs": [64, 256],
                    "densities": [0.25],
                    "data": "teacher",
                    "batch_per_input": [0.5],
                    "repeats": 2,
                }
            ],
        }
    )
    assert [(case.inputs, case.batch) for case in suite.cases(suite.checks[0])] == [(64, 32), (256, 128)]


def test_seeds_depend_on_case_repeat_and_master_alone() -> None:
    trials = plan(parse_suite(GOOD))
    assert len({trial.seed for trial in trials}) == len(trials)
    assert [t.seed for t in trials] == [t.case.seed(0, t.repeat) for t in trials]
    assert trials[0].case.seed(1, 0) != trials[0].seed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"statement": "THM"}, r"check 1\.statement = 'THM'.*THR"),
        ({"densities": [1.5]}, r"check 1\.densities = 1\.5.*between 0 and 1"),
        ({"densities": ["a"]}, r"densities = 'a'.*number"),
        ({"densities": []}, r"densities = \[\].*non-empty list"),
        ({"widths": [0]}, r"widths = 0.*positive integer"),
        ({"widths": [2.5]}, r"widths = 2\.5.*positive integer"),
        ({"widths": [True]}, r"widths = True.*positive integer"),
        ({"widths": 64}, r"widths = 64.*list"),
        ({"repeats": 1}, r"repeats = 1.*at least 2"),
        ({"width": [8]}, r"key = 'width'.*did you mean 'widths'"),
        ({"criteria": ["snipp"]}, r"criteria = 'snipp'.*did you mean 'snip'"),
        ({"criteria": ["snip"], "models": None}, r"criteria = 'snip'.*LIM-a is measured on random, magnitude"),
        ({"statement": "TAX"}, r"models = .*TAX is measured on criteria alone"),
        ({"statement": "THR", "criteria": ["random"]}, r"criteria = 'random'.*magnitude"),
        ({"statement": "TAX", "models": None, "criteria": ["snip"]}, r"batch = 'missing'.*snip needs"),
        ({"batch": [10]}, "only snip, grasp-magnitude, grasp draw a batch"),
        ({"densities": [1e-4]}, r"check 1\.densities = 0\.0001.*keeps 0 of 64"),
        ({"variant": "ties-by-index"}, "criteria alone"),
        (_SNIP | {"batch": [2000]}, r"batch = 2000.*1797"),
        (_SNIP | {"batch": [100], "inputs": [65]}, r"inputs = 65.*square"),
        (_SNIP | {"batch": [100]}, r"inputs = 8.*square"),
        (_SNIP | {"batch_per_input": [2.0], "inputs": [64]}, "digits are limited"),
        ({"criteria": [], "models": []}, r"criteria = \[\]"),
        ({"models": ["rmp"]}, r"models = 'rmp'.*did you mean 'ramp'"),
        ({"batch": [4], "batch_per_input": [1.0]}, "not both"),
        ({"batch_per_input": [0.0]}, "above 0"),
        ({"signal": 0.0}, r"signal = 0\.0"),
        ({"variant": "uncentred"}, r"variant = 'uncentred'.*ties-by-index"),
        ({"labels": "mean"}, r"labels = 'mean'"),
        (_LADDER | {"ladder": None}, r"ladder = 'missing'.*SNIP-1 needs one"),
        (_LADDER | {"widths": [8]}, r"widths = \(8,\).*two rungs"),
        (_LADDER | {"data": "digits", "ladder": "batch", "inputs": [64], "batch": [16, 32]}, "use the teacher"),
        (_LADDER | {"batch": [16, 32]}, "one batch size fixed"),
        ({"widths": [2], "statement": "TAX", "models": None}, "at least 4"),
        ({"widths": [100_000_000]}, "too large to hold"),
        ({"ladder": "depth"}, r"ladder = 'depth'"),
    ],
)
def test_bad_checks_are_refused_by_name(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_suite(_with(**change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "graphon.suite/9"}, "schema"),
        ({"level": 0.0}, "level"),
        ({"level": "low"}, "level = 'low'"),
        ({"seed": -1}, "seed = -1"),
        ({"sede": 1}, "did you mean 'seed'"),
        ({"name": "../up"}, "name = '../up'"),
        ({"check": []}, "check"),
        ({"models": {"ramp": {"g": "u - 1"}}}, "non-negative"),
        ({"models": {"ramp": {"g": "__import__('os')"}}}, r"models\.ramp"),
        ({"models": {"ramp": {"noise": "cauchy"}}}, r"noise = 'cauchy'"),
        ({"models": {"ramp": {"h": "u"}}}, "known keys: g, f, noise"),
        ({"models": {"ramp": 3}}, "table"),
    ],
)
def test_bad_suites_are_refused_by_name(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_suite(GOOD | change)


def test_missing_keys_are_named() -> None:
    for key in ("statement", "densities", "widths", "repeats"):
        table = copy.deepcopy(GOOD)
        del table["check"][0][key]  # type: ignore[index]
        with pytest.raises(InputError, match=rf"check 1\.{key} = 'missing'"):
            parse_suite(table)


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="readings"):
        load_suite(str(tmp_path / "none.toml"))
    (tmp_path / "bad.toml").write_text("level = = 1", encoding="utf-8")
    with pytest.raises(InputError, match="not valid TOML"):
        load_suite(str(tmp_path / "bad.toml"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="suite"):
        load_suite(str(tmp_path / "binary.toml"))


def test_selection_takes_the_ancestors_along() -> None:
    chosen = select(load_suite("quick"), ["SNIP-S"])
    assert set(chosen.statements) == {"THR", "LIM-a", "SNIP-S"}
    with pytest.raises(InputError, match="only = 'SNIP'"):
        select(load_suite("quick"), ["SNIP"])
