"""The verdicts of a suite over several master seeds, and how their error rates are counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import verification.reliability as module
from graphon_theory.errors import InputError
from verification.reliability import SeedOutcome, outcome_at, outcomes, summarise
from verification.suite import Suite, load_suite

TINY = Path(__file__).parents[1] / "suites" / "tiny.toml"


@pytest.fixture
def suite() -> Suite:
    """The checks of THR and LIM-a in the tiny suite: a second a seed."""
    tiny = load_suite(str(TINY))
    return replace(tiny, checks=tuple(check for check in tiny.checks if check.statement in ("THR", "LIM-a")))


def test_no_true_statement_is_refuted_and_strong_mutants_always_are(suite: Suite) -> None:
    """Null: both statements true, level 0.01 a seed; 5 seeds.

    Two refuted seeds of 5 have probability below 1e-3 at the level; the false variants named are rejected by five
    standard errors and more. Error rates over more seeds are in docs/benchmarks.md.
    """
    rates = summarise(outcomes(suite, range(20, 25)))
    assert rates.any_refuted.count <= 1
    strong = ("THR/other-noise", "THR/one-sided", "LIM-a/exchanged", "LIM-a/ties-by-index")
    assert {share.name: share.count for share in rates.rejected if share.name in strong} == dict.fromkeys(strong, 5)


def _outcome(seed: int, statement: str, mutant: str) -> SeedOutcome:
    return SeedOutcome(seed, {"THR": statement, "TAX": "supported"}, {"THR/one-sided": mutant})


def test_shares_are_counted() -> None:
    found = [
        _outcome(k, "refuted" if k % 40 == 7 else "inconclusive", "refuted" if k else "supported") for k in range(100)
    ]
    rates = summarise(found)
    assert (rates.any_refuted.count, rates.any_refuted.size) == (3, 100)
    assert [share.count for share in rates.refuted] == [3, 0]
    assert [share.count for share in rates.supported] == [0, 100]
    assert [share.count for share in rates.rejected] == [99]
    share = rates.any_refuted
    assert share.low < 0.03 < share.high < share.anytime_high
    assert share.anytime_low < share.low


def test_a_broken_off_run_goes_on_from_its_record(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def fake(suite: Suite, seed: int) -> SeedOutcome:
        made.append(seed)
        return _outcome(seed, "supported", "refuted")

    monkeypatch.setattr(module, "outcome_at", fake)
    record = tmp_path / "record.jsonl"
    outcomes(suite, range(3), record=record)
    record.write_text(record.read_text() + '\n{"code": "cut o', encoding="utf-8")
    found = outcomes(suite, range(5), record=record)
    assert made == [0, 1, 2, 3, 4]
    assert [o.seed for o in found] == list(range(5))
    assert outcomes(suite, range(5), record=record) == found
    outcomes(replace(suite, level=0.05), range(2), record=record)
    assert made[5:] == [0, 1]


def test_an_outcome_depends_on_the_seed_alone(suite: Suite) -> None:
    small = replace(suite, checks=suite.checks[:1], seed=99)
    assert outcome_at(small, 3) == outcome_at(replace(small, seed=0), 3)


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1]])
def test_bad_seeds_are_refused(suite: Suite, seeds: list[int]) -> None:
    with pytest.raises(InputError, match="seeds"):
        outcomes(suite, seeds)
