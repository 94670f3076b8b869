"""GRASP-D's decision: every outcome, and false variants on real networks."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

import verification.claims.grasp_d as room
from tests.cases import ORDINARY
from verification.cases import Case, Observation
from verification.claims import Outcome, claims
from verification.claims.grasp_d import DIRECTION, DRIFT, LINEAR, SCALES, SIZE, SPREAD

CASE = replace(ORDINARY, statement="GRASP-D", criterion="grasp", data="teacher", batch=256, batch_per_input=4.0)
CLAIM = claims()["GRASP-D"]
WIDTHS = (32, 96)


def _trials(case: Case, repeats: int) -> list[Observation]:
    sizes = [replace(case, width=n, inputs=n, batch=4 * n) for n in WIDTHS]
    return [Observation(c, r, r, CLAIM.trial(c, c.seed(1, r))) for c in sizes for r in range(repeats)]


@pytest.mark.parametrize("measure", [DRIFT, LINEAR, DIRECTION, SPREAD])
def test_a_deviation_that_stays_is_refuted_and_one_that_fades_is_not(measure: str) -> None:
    margin = SCALES[measure] / math.sqrt(WIDTHS[1])

    def planted(first: float, last: float) -> Outcome:
        found = [
            Observation(
                replace(CASE, width=n, inputs=n),
                r,
                0,
                {"statement": dict.fromkeys(SCALES, 0.0) | {measure: mean + 1e-4 * (-1) ** r}},
            )
            for n, mean in zip(WIDTHS, (first, last), strict=True)
            for r in range(6)
        ]
        return CLAIM.decide(found, "statement", 0.002).outcome

    assert planted(0.0, 0.1 * margin) is Outcome.SUPPORTED
    assert planted(3.0 * margin, 3.0 * margin) is Outcome.REFUTED
    assert planted(12.0 * margin, 3.0 * margin) is Outcome.INCONCLUSIVE
    assert CLAIM.decide([], "statement", 0.01).outcome is Outcome.NOT_RUN


def test_real_networks_have_the_drift_and_reject_every_false_variant() -> None:
    found = _trials(CASE, 7)
    assert CLAIM.decide(found, "statement", 0.01).outcome is not Outcome.REFUTED
    for mutant in CLAIM.mutants:
        if not mutant.own_data:
            assert CLAIM.decide(found, mutant.id, 0.01).outcome is Outcome.REFUTED, mutant.id
    slopes = [o.values["statement"][DRIFT] for o in found if o.case.width == WIDTHS[1]]
    assert abs(sum(slopes)) / len(slopes) < 0.1
    assert "sqrt n at n = 96" in str(CLAIM.headline(found, 0.01))
    assert CLAIM.headline(found[:7], 0.01) is None


def test_masks_by_modulus_have_no_drift() -> None:
    found = _trials(replace(CASE, variant="by-modulus"), 4)
    assert all(set(o.values) == {"by-modulus"} for o in found)
    assert CLAIM.decide(found, "by-modulus", 0.01).outcome is Outcome.REFUTED
    slopes = [1.0 + o.values["by-modulus"][DRIFT] for o in found]
    assert abs(sum(slopes)) / len(slopes) < 0.2


def test_the_drift_has_the_size_of_the_root_of_the_width() -> None:
    means = []
    for n in (32, 512):
        case = replace(CASE, width=n, inputs=48, batch=96)
        means.append(sum(CLAIM.trial(case, r)["statement"][SIZE] for r in range(6)) / 6)
    assert means[1] / means[0] == pytest.approx(1.0, abs=0.3)
    assert means[0] > 0.05


def test_weights_that_do_not_remember_their_mask_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = room.PrunedInDouble.draw

    def shuffled(case: Case, generator: object, **options: object) -> object:
        pruned = honest(case, generator, **options)  # type: ignore[arg-type]
        pruned.scores = pruned.scores[:, ::-1].copy()
        return pruned

    monkeypatch.setattr(room.PrunedInDouble, "draw", staticmethod(shuffled))
    assert CLAIM.decide(_trials(CASE, 4), "statement", 0.01).outcome is Outcome.REFUTED
