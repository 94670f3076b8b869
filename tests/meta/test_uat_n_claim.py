"""UAT-n's decision: every outcome can be reached, and real trials carry every false variant."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

import verification.claims.empty_columns as module
from verification.cases import Case, ModelSpec, Observation
from verification.claims import Outcome, claims
from verification.claims.ignored import train_against_floor
from verification.experiment import prune

CASE = Case(
    statement="UAT-n",
    variant="statement",
    criterion="random",
    model=None,
    initialisation="gaussian",
    data="digits",
    labels="centred",
    signal=0.5,
    width=8,
    inputs=3,
    square=False,
    density=0.2,
    batch=0,
    batch_per_input=None,
    ladder="",
    active=1,
    target="smooth",
)
SPEC = ModelSpec("columns", "1", "2*exp(-3*v)", "gaussian")
MODEL = replace(
    CASE, criterion=None, model=SPEC, initialisation="gaussian", width=24, inputs=16, density=0.1, target=""
)
CLAIM = claims()["UAT-n"]
LEVEL = 0.003


def _planted(count: int, *, size: int = 4000, undercut: float = 0.0, trained: bool = True) -> Outcome:
    values = {f"count {module.TOP_K}": count, f"size {module.TOP_K}": size, f"rate {module.TOP_K}": 0.1}
    if trained:
        values |= {"undercut": undercut, "ratio": 1.2}
    measurement = CLAIM.decide([Observation(CASE, 0, 0, {"statement": values})], "statement", LEVEL)
    assert math.isfinite(measurement.detectable)
    return measurement.outcome


def test_every_outcome_can_be_reached() -> None:
    assert _planted(400) is Outcome.SUPPORTED
    assert _planted(520) is Outcome.REFUTED
    assert _planted(290) is Outcome.REFUTED
    assert _planted(400, undercut=1.0) is Outcome.REFUTED
    assert _planted(40, size=400) is Outcome.INCONCLUSIVE
    assert _planted(400, trained=False) is Outcome.INCONCLUSIVE
    assert CLAIM.decide([], "statement", LEVEL).outcome is Outcome.NOT_RUN


def test_real_trials_reject_every_false_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MASKS", 160)
    found = [
        Observation(case, r, case.seed(0, r), CLAIM.trial(case, case.seed(0, r)))
        for case, repeats in ((CASE, 4), (MODEL, 2))
        for r in range(repeats)
    ]
    assert CLAIM.decide(found, "statement", LEVEL).outcome is not Outcome.REFUTED
    for mutant in CLAIM.mutants:
        assert CLAIM.decide(found, mutant.id, LEVEL).outcome is Outcome.REFUTED, mutant.id


def test_columns_that_are_emptied_on_purpose_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MASKS", 160)
    honest = module.prune
    calls = iter(range(10_000))

    def emptied(case: Case, generator: torch.Generator) -> object:
        pruned = honest(case, generator)
        if next(calls) % 4 == 0:
            pruned.kept[:, 0] = False
        return pruned

    monkeypatch.setattr(module, "prune", emptied)
    found = [Observation(CASE, r, r, CLAIM.trial(CASE, r)) for r in range(2)]
    assert CLAIM.decide(found, "statement", LEVEL).outcome is Outcome.REFUTED


@pytest.mark.parametrize(("active", "activation"), [(1, "relu"), (2, "tanh")])
def test_a_trained_network_ignores_the_column_and_stays_above_the_floor(active: int, activation: str) -> None:
    case = replace(CASE, active=active, activation=activation, width=16, inputs=5, target="barron")
    generator = torch.Generator().manual_seed(4)
    pruned = prune(case, generator)
    pruned.kept[:, 2] = False
    pruned.kept[0, [0, 1, 3, 4]] = True
    found = train_against_floor(pruned, case, generator)
    assert found is not None
    assert found.moved == 0.0
    assert found.floor.lower <= found.error.upper
    assert found.floor.lower <= found.floor.upper <= 1.05 * found.floor.lower


def test_snip_leaves_the_blank_pixels_of_digits_empty() -> None:
    case = replace(CASE, criterion="snip", width=32, inputs=64, density=0.1, batch=64)
    values = CLAIM.trial(case, 1)
    assert set(values) == {"statement", "whole-oscillation", "made-up"}
    assert values["statement"]["undercut"] == 0.0
    assert values["statement"]["ratio"] >= 1.0
