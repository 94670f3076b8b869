"""NTK-c's decision: every outcome can be reached, and real networks reject every false variant."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import Outcome, claims
from verification.claims.ntk_c import SCALE

CASE = replace(ORDINARY, statement="NTK-c", depth=2)
CLAIM = claims()["NTK-c"]
WIDTHS = (32, 128)


def _planted(first: float, last: float, spread: float = 0.01) -> Outcome:
    found = [
        Observation(
            replace(CASE, width=n, inputs=n), r, 0, {"statement": {"layer 1, diagonal": mean + spread * (-1) ** r}}
        )
        for n, mean in zip(WIDTHS, (first, last), strict=True)
        for r in range(6)
    ]
    measurement = CLAIM.decide(found, "statement", 0.001)
    assert math.isfinite(measurement.detectable)
    return measurement.outcome


def test_every_outcome_can_be_reached() -> None:
    margin = SCALE / math.sqrt(WIDTHS[1])
    assert _planted(0.5, 0.5 * margin) is Outcome.SUPPORTED
    assert _planted(2.0 * margin, 2.0 * margin) is Outcome.REFUTED
    assert _planted(-2.0 * margin, -2.0 * margin) is Outcome.REFUTED
    assert _planted(8.0 * margin, 2.0 * margin) is Outcome.INCONCLUSIVE  # outside, but it shrinks
    assert _planted(0.0, margin) is Outcome.INCONCLUSIVE
    assert CLAIM.decide([], "statement", 0.001).outcome is Outcome.NOT_RUN


def test_the_margin_shrinks_with_the_width() -> None:
    values = {"statement": {"layer 1, diagonal": 0.0}}
    for n in (16, 1024):
        found = [Observation(replace(CASE, width=n, inputs=n), r, 0, values) for r in range(3)]
        (row,) = CLAIM.decide(found, "statement", 0.01).rows
        assert row["margin"] == pytest.approx(SCALE / math.sqrt(n))


@pytest.fixture(scope="module")
def trials() -> list[Observation]:
    cases = [replace(CASE, width=n, inputs=n) for n in WIDTHS]
    return [Observation(case, r, r, CLAIM.trial(case, case.seed(1, r))) for case in cases for r in range(6)]


def test_real_networks_reject_every_false_variant(trials: list[Observation]) -> None:
    assert CLAIM.decide(trials, "statement", 0.01).outcome is not Outcome.REFUTED
    rejected = {m.id: CLAIM.decide(trials, m.id, 0.01).outcome for m in CLAIM.mutants}
    # At two layers and this size the laws of noise differ by less than the margin.
    rejected.pop("other-noise")
    assert set(rejected.values()) == {Outcome.REFUTED}, rejected


def test_the_headline_states_the_papers_factor(trials: list[Observation]) -> None:
    headline = CLAIM.headline(trials, 0.01)
    assert headline is not None
    assert "times c^L Theta_dense" in headline
    assert CLAIM.headline([], 0.01) is None


def test_redrawn_weights_follow_the_papers() -> None:
    case = replace(CASE, width=96, inputs=96, weights="redrawn")
    values = CLAIM.trial(case, 5)
    assert values["statement"] == values["as-redrawn"]
    assert max(abs(x) for x in values["statement"].values()) < 1.5
