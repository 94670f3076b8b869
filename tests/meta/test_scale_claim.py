"""SCALE's decision: outcomes, false variants on real networks, and planted errors in the instruments."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import verification.claims.scale as module
from graphon_theory.errors import InputError
from tests.cases import ORDINARY
from verification.cases import Case, Observation
from verification.claims import Outcome, claims
from verification.claims.path_shapes import MOVED, cut_off, descended, moved
from verification.claims.scale import CAPPED, DENSITY, OPTIMUM, TRACE
from verification.claims.scale import SCALE as FACTOR

CASE = replace(ORDINARY, statement="SCALE", data="teacher")
SCALE = claims()["SCALE"]
WIDTHS = (64, 192)


def _trials(case: Case, repeats: int, master: int = 1) -> list[Observation]:
    ratio = case.batch_per_input or 0.0
    cases = [replace(case, width=n, inputs=n, batch=round(ratio * n)) for n in WIDTHS]
    return [Observation(c, r, r, SCALE.trial(c, c.seed(master, r))) for c in cases for r in range(repeats)]


def test_every_outcome_can_be_reached() -> None:
    margin = FACTOR * WIDTHS[1] ** -0.5

    def planted(trace: float, density: float = 0.0, optimum: float = 0.0) -> Outcome:
        found = [
            Observation(
                replace(CASE, width=n, inputs=n),
                r,
                0,
                {"statement": {TRACE: trace + 0.001 * (r - 1), DENSITY: density, OPTIMUM: optimum}},
            )
            for n in WIDTHS
            for r in range(3)
        ]
        return SCALE.decide(found, "statement", 0.001).outcome

    assert planted(0.0) is Outcome.SUPPORTED
    assert planted(3.0 * margin) is Outcome.REFUTED
    assert planted(margin) is Outcome.INCONCLUSIVE
    assert planted(0.0, density=-3.0 * margin) is Outcome.REFUTED
    assert planted(0.0, optimum=-1e-6) is Outcome.REFUTED
    assert planted(0.0, optimum=1e-5) is Outcome.REFUTED
    with pytest.raises(InputError, match=OPTIMUM):
        planted(0.0, optimum=math.nan)
    assert SCALE.decide([], "statement", 0.001).outcome is Outcome.NOT_RUN


def test_real_networks_hold_and_false_variants_are_rejected() -> None:
    found = _trials(CASE, 8)
    assert SCALE.decide(found, "statement", 0.01).outcome is not Outcome.REFUTED
    for mutant in SCALE.mutants:
        assert SCALE.decide(found, mutant.id, 0.01).outcome is Outcome.REFUTED, mutant.id


def test_data_driven_masks_have_no_measure_of_density() -> None:
    found = _trials(replace(CASE, criterion="snip", batch_per_input=4.0), 3)
    assert set(found[0].values["statement"]) == {TRACE, OPTIMUM, CAPPED}
    assert "fewer-edges" not in found[0].values
    assert SCALE.decide(found, "statement", 0.01).outcome is not Outcome.REFUTED


@pytest.mark.parametrize(("total", "cap"), [(1.0, 10.0), (6.0, 2.0), (9.9, 2.0), (10.0, 2.0)])
def test_a_shape_is_cut_off_at_the_cap(total: float, cap: float) -> None:
    shape = np.array([5.0, 0.1, 1.0, 3.0, 0.5])
    found = cut_off(shape, total, cap)
    assert found.sum() == pytest.approx(total)
    assert found.max() <= cap * (1 + 1e-12)
    below = found < cap * (1 - 1e-12)
    assert below.sum() < 2 or np.ptp(found[below] / shape[below]) < 1e-9


@pytest.mark.parametrize("factor", [1.001, 0.999])
def test_an_optimum_that_is_none_is_found(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    """A floor one part in a thousand too high is beaten, one too low not reached."""
    honest = module.scale_floor
    monkeypatch.setattr(module, "scale_floor", lambda *given: factor * honest(*given))
    rows = SCALE.decide(_trials(CASE, 2), "statement", 0.01).rows
    assert {row["measure"]: row["outcome"] for row in rows}[OPTIMUM] == "refuted"


@pytest.mark.parametrize("towards", ["cut-off", "flat", "noise"])
def test_a_density_of_a_total_that_is_off_by_a_hundredth_is_found(
    monkeypatch: pytest.MonkeyPatch, towards: str
) -> None:
    honest = module.best_density

    def off(beta: np.ndarray, norms: np.ndarray, total: float, cap: float) -> np.ndarray:
        best = honest(beta, norms, total, cap)
        if towards == "noise":
            return cut_off(best * np.exp(0.01 * np.random.default_rng(0).standard_normal(best.size)), total, cap)
        other = np.abs(beta) / norms if towards == "cut-off" else np.ones(best.size)
        return 0.99 * best + 0.01 * cut_off(other, total, cap)

    monkeypatch.setattr(module, "best_density", off)
    rows = SCALE.decide(_trials(CASE, 3), "statement", 0.01).rows
    found = {row["measure"]: row for row in rows}
    assert found[CAPPED]["outcome"] == "refuted"
    assert float(found[CAPPED]["beaten"]) == 6.0 or towards == "cut-off"
    assert found[OPTIMUM]["outcome"] == "supported"


def test_moves_keep_total_and_cap() -> None:
    """Where everything lies at one input, the best pair is found; every move keeps the total and the cap."""
    rng = np.random.default_rng(3)
    beta, norms = rng.standard_normal(8), rng.uniform(0.5, 2.0, 8)
    beta[0] = 0.0
    density = cut_off(rng.uniform(0.1, 1.0, 8), 3.0, 0.6)
    others = moved(density, beta, norms, 0.6)
    assert len(others) == len(MOVED)
    for other in others:
        assert other.sum() == pytest.approx(3.0, rel=1e-14)
        assert other.min() >= 0.0
        assert other.max() <= 0.6 * (1 + 1e-14)
        assert np.count_nonzero(other != density) == 2

    def product(D: np.ndarray) -> float:
        return float((beta[1:] ** 2 / D[1:]).sum() * (D @ norms**2))

    # By trying all pairs one at a time: what the arrays say is the best move of 1 per cent of the total.
    tried = []
    for i in range(8):
        for j in range(8):
            other, mass = density.copy(), min(0.03, density[i] * (1.0 if i == 0 else 0.999), 0.6 - density[j])
            other[i] -= mass
            other[j] += mass
            tried += [product(other)] if i != j and mass > 0.0 else []
    assert product(others[MOVED.index(1e-2)]) == pytest.approx(min(tried), rel=1e-13)


def test_a_descent_ends_at_the_proportional_shape() -> None:
    rng = np.random.default_rng(5)
    beta, norms = rng.standard_normal(12), rng.uniform(0.5, 2.0, 12)
    ratio = descended(beta, norms, rng) * norms / np.abs(beta)
    assert np.ptp(ratio) < 1e-4 * ratio.mean()


def test_a_kernel_in_other_units_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = module.hidden_kernel
    monkeypatch.setattr(module, "hidden_kernel", lambda *given: 2.0 * honest(*given))
    rows = SCALE.decide(_trials(CASE, 4), "statement", 0.01).rows
    assert {row["measure"]: row["outcome"] for row in rows}[TRACE] == "refuted"
    assert {row["measure"]: row["outcome"] for row in rows}[DENSITY] != "refuted"
