"""MAG's decision: every outcome can be reached, and a real trial carries every false variant."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

import verification.claims.mag as module
from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import Outcome, claims

CASE = replace(ORDINARY, statement="MAG", inputs=256, square=False, density=0.2, depth=2)
CLAIM = claims()["MAG"]


def _planted(counts: tuple[int, int], *, discordant: float = 0.0, p: float = 0.5, size: int = 20_000) -> Outcome:
    values = {"row p": p, "column p": p, "discordant": discordant}
    for k, (count, share) in enumerate(zip(counts, (0.1, 0.3), strict=True)):
        values |= {f"count {k}": count, f"size {k}": size, f"share {k}": share, f"kept {k}": share, f"spread {k}": 0.01}
    found = [Observation(CASE, r, 0, {"statement": values}) for r in range(4)]
    measurement = CLAIM.decide(found, "statement", 0.001)
    assert math.isfinite(measurement.detectable)
    return measurement.outcome


def test_every_outcome_can_be_reached() -> None:
    assert _planted((2000, 6000)) is Outcome.SUPPORTED
    assert _planted((2000, 6400)) is Outcome.REFUTED
    assert _planted((2000, 6000), discordant=2.0) is Outcome.REFUTED
    assert _planted((2000, 6000), p=0.005) is Outcome.REFUTED
    assert _planted((10, 30), size=100) is Outcome.INCONCLUSIVE
    assert CLAIM.decide([], "statement", 0.001).outcome is Outcome.NOT_RUN


def test_a_share_of_zero_is_refuted_by_a_single_weight() -> None:
    values = {"row p": 0.5, "column p": 0.5, "discordant": 0.0}
    values |= {"count 0": 0.0, "size 0": 100.0, "share 0": 0.0, "kept 0": 0.0, "spread 0": 0.0}
    found = [Observation(CASE, 0, 0, {"statement": values})]
    assert CLAIM.decide(found, "statement", 0.001).outcome is Outcome.SUPPORTED
    found = [Observation(CASE, 0, 0, {"statement": values | {"count 0": 1.0}})]
    assert CLAIM.decide(found, "statement", 0.001).outcome is Outcome.REFUTED


@pytest.mark.parametrize("initialisation", ["gaussian", "uniform"])
def test_real_trials_reject_every_false_variant(initialisation: str) -> None:
    case = replace(CASE, initialisation=initialisation)
    found = [Observation(case, r, r, CLAIM.trial(case, case.seed(3, r))) for r in range(3)]
    assert CLAIM.decide(found, "statement", 0.001).outcome is not Outcome.REFUTED
    for mutant in CLAIM.mutants:
        if not mutant.own_data:
            assert CLAIM.decide(found, mutant.id, 0.001).outcome is Outcome.REFUTED, mutant.id
    own = replace(case, variant="layer-masks")
    found = [Observation(own, r, r, CLAIM.trial(own, own.seed(3, r))) for r in range(2)]
    assert CLAIM.decide(found, "layer-masks", 0.001).outcome is Outcome.REFUTED


def test_layers_of_one_scale_have_no_variant_of_equal_shares() -> None:
    values = CLAIM.trial(replace(CASE, width=32, inputs=32), 1)
    assert {"equal", "fan-in"}.isdisjoint(values)
    assert "statement" in values


def test_a_score_that_favours_a_layer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = module.score

    def biased(*arguments: object, **keywords: object) -> dict[str, torch.Tensor]:
        scores = honest(*arguments, **keywords)  # type: ignore[arg-type]
        first = next(iter(scores))
        return scores | {first: 1.1 * scores[first]}

    monkeypatch.setattr(module, "score", biased)
    found = [Observation(CASE, r, r, CLAIM.trial(CASE, r)) for r in range(4)]
    assert CLAIM.decide(found, "statement", 0.001).outcome is Outcome.REFUTED
