"""SF's decision: every outcome can be reached, and a real trial tells growth and phase."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

import verification.claims.sf as module
from graphon_theory import Gaussian, Laplace, Uniform
from graphon_theory.criteria import critical_density, step_growth
from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import Outcome, claims

CASE = replace(ORDINARY, statement="SF", criterion="synflow-iterative", width=48, inputs=48, density=0.2, depth=2)
CLAIM = claims()["SF"]


def _planted(by_width: dict[int, tuple[float, float, float]], *, empties: float = 1.0, repeats: int = 6) -> Outcome:
    """Relative error of the growth, error of the critical density, share of empty rows, by width."""
    said = {"growth said": 1.6, "critical density said": 0.3, "empty rows said": empties}
    found = [
        Observation(
            replace(CASE, width=width, inputs=width),
            r,
            0,
            {
                "statement": {
                    "growth": 1.6 * math.exp(growth + 0.01 * (-1) ** r),
                    "critical density": 0.3 + critical + 0.002 * (-1) ** r,
                    "empty rows": rows,
                    **said,
                }
            },
        )
        for width, (growth, critical, rows) in by_width.items()
        for r in range(repeats)
    ]
    measurement = CLAIM.decide(found, "statement", 0.001)
    assert math.isfinite(measurement.detectable)
    return measurement.outcome


def test_every_outcome_can_be_reached() -> None:
    assert _planted({48: (0.2, 0.0, 0.4), 128: (0.0, 0.0, 0.4)}) is Outcome.SUPPORTED
    assert _planted({48: (0.3, 0.0, 0.4), 128: (0.3, 0.0, 0.4)}) is Outcome.REFUTED
    assert _planted({48: (0.0, 0.1, 0.4), 128: (0.0, 0.1, 0.4)}) is Outcome.REFUTED
    assert _planted({48: (0.6, 0.0, 0.4), 128: (0.2, 0.0, 0.4)}) is Outcome.INCONCLUSIVE
    assert _planted({128: (0.3, 0.0, 0.4)}) is Outcome.INCONCLUSIVE
    assert CLAIM.decide([], "statement", 0.001).outcome is Outcome.NOT_RUN


def test_rows_must_empty_below_and_stay_above() -> None:
    assert _planted({48: (0.0, 0.0, 0.0), 128: (0.0, 0.0, 0.0)}) is Outcome.REFUTED
    assert _planted({48: (0.0, 0.0, 0.0), 128: (0.0, 0.0, 0.0)}, empties=0.0) is Outcome.SUPPORTED
    assert _planted({48: (0.0, 0.0, 0.4), 128: (0.0, 0.0, 0.4)}, empties=0.0) is Outcome.REFUTED
    # A share that falls with the width may yet vanish.
    assert _planted({48: (0.0, 0.0, 0.4), 128: (0.0, 0.0, 0.1)}, empties=0.0) is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("law", [Gaussian(), Uniform(), Laplace()])
def test_a_real_trial_finds_growth_and_critical_density(
    law: Gaussian | Uniform | Laplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEPS", 3)
    case = replace(CASE, width=64, inputs=64, initialisation=law.name, density=0.2)
    found = CLAIM.trial(case, 11)["statement"]  # steps play no part in either
    assert found["growth"] == pytest.approx(step_growth(law, 0.2, module.PUSH), rel=0.15)
    assert found["critical density"] == pytest.approx(critical_density(law), abs=0.04)


def test_real_trials_reject_every_false_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NETWORKS", 4)
    monkeypatch.setattr(module, "BISECTED", 1)
    monkeypatch.setattr(module, "STEPS", 12)
    cases = [replace(CASE, width=n, inputs=n) for n in (16, 96)]
    found = [Observation(c, r, r, CLAIM.trial(c, c.seed(3, r))) for c in cases for r in range(8)]
    assert CLAIM.decide(found, "statement", 0.001).outcome is not Outcome.REFUTED
    for mutant in CLAIM.mutants:
        assert CLAIM.decide(found, mutant.id, 0.01).outcome is Outcome.REFUTED, mutant.id
