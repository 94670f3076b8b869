"""SYN's decision: every outcome can be reached, and a real trial carries every false variant."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

import verification.claims.syn as module
from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import Outcome, claims

CASE = replace(ORDINARY, statement="SYN", criterion="synflow", inputs=80, square=False, density=0.2)
CLAIM = claims()["SYN"]


def _planted(count: int, *, size: int = 10_000, p: float = 0.5, discordant: float = 0.0) -> Outcome:
    values = {"count 0": count, "size 0": size, "blocks p 0": p, "discordant 0": discordant}
    values |= {"row spread 0": 0.7, "column spread 0": 0.0}
    found = [Observation(CASE, r, 0, {"statement": values}) for r in range(6)]
    measurement = CLAIM.decide(found, "statement", 0.001)
    assert math.isfinite(measurement.detectable)
    return measurement.outcome


def test_every_outcome_can_be_reached() -> None:
    assert _planted(2000) is Outcome.SUPPORTED
    assert _planted(2200) is Outcome.REFUTED
    assert _planted(2000, p=0.001) is Outcome.REFUTED
    assert _planted(2000, discordant=2.0) is Outcome.REFUTED
    assert _planted(200, size=1000) is Outcome.INCONCLUSIVE
    assert CLAIM.decide([], "statement", 0.001).outcome is Outcome.NOT_RUN


@pytest.mark.parametrize("initialisation", ["gaussian", "uniform"])
def test_real_trials_reject_every_false_variant(initialisation: str) -> None:
    case = replace(CASE, initialisation=initialisation)
    found = [Observation(case, r, r, CLAIM.trial(case, case.seed(3, r))) for r in range(4)]
    assert CLAIM.decide(found, "statement", 0.001).outcome is not Outcome.REFUTED
    for mutant in CLAIM.mutants:
        assert CLAIM.decide(found, mutant.id, 0.001).outcome is Outcome.REFUTED, mutant.id


def test_deep_networks_test_every_hidden_layer() -> None:
    case = replace(CASE, depth=3)
    found = [Observation(case, 0, 0, {**CLAIM.trial(case, 5)})]
    rows = CLAIM.decide(found, "statement", 0.001).rows
    spread = {row["layer"]: row["row spread"] for row in rows}
    assert set(spread) == {0.0, 1.0, 2.0}
    assert float(spread[2.0]) > 3 * float(spread[1.0])


def test_a_score_with_the_readout_squared_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = module.score

    def squared(network: torch.nn.Sequential, **keywords: object) -> dict[str, torch.Tensor]:
        scores = honest(network, **keywords)  # type: ignore[arg-type]
        return scores | {"0": scores["0"] * network[2].weight.detach().abs().T * 8.0}  # type: ignore[union-attr,operator]

    monkeypatch.setattr(module, "score", squared)
    found = [Observation(CASE, r, r, CLAIM.trial(CASE, r)) for r in range(3)]
    assert CLAIM.decide(found, "statement", 0.001).outcome is Outcome.REFUTED
