"""GEN's decision: outcomes, false variants on real networks, and planted errors in the instruments."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import verification.claims.gen as module
from graphon_theory.errors import InputError
from tests.cases import ORDINARY
from verification.cases import Case, Observation
from verification.claims import Measurement, Outcome, claims
from verification.claims.gen import EXPLAINED, MARGIN
from verification.claims.risk_trials import BOUND, EVERY_SCALE, NOISE, TEACHER
from verification.suite import parse_suite

CASE = replace(
    ORDINARY, statement="GEN", criterion="snip", data="teacher", signal=1.0, inputs=1024, square=False, batch=128
)
GEN = claims()["GEN"]


def _trials(case: Case, repeats: int, master: int = 1) -> list[Observation]:
    return [Observation(case, r, r, GEN.trial(case, case.seed(master, r))) for r in range(repeats)]


@pytest.fixture(scope="module")
def real() -> list[Observation]:
    few = replace(CASE, criterion="random", inputs=6, width=256, density=0.5)
    return _trials(CASE, 5) + _trials(few, 1)


def _planted(beyond: int, mean: float = 1.0, trials: int = 100, bound: float = 0.9) -> Measurement:
    """Coverage of a teacher that always holds, and of noise that is exceeded in some trials."""
    found = [
        Observation(
            CASE,
            r,
            0,
            {
                "statement": {
                    TEACHER: -0.5,
                    BOUND + TEACHER: 0.8,
                    NOISE: 0.05 if r < beyond else -0.5,
                    BOUND + NOISE: bound,
                    EXPLAINED: mean + 0.01 * (r % 3 - 1),
                }
            },
        )
        for r in range(trials)
    ]
    return GEN.decide(found, "statement", 0.01)


def test_every_outcome_can_be_reached() -> None:
    assert _planted(0).outcome is Outcome.SUPPORTED
    assert _planted(60).outcome is Outcome.REFUTED
    assert _planted(30).outcome is Outcome.INCONCLUSIVE
    assert _planted(0, trials=10).outcome is Outcome.INCONCLUSIVE
    assert _planted(0, 1.0 + 2 * MARGIN).outcome is Outcome.REFUTED
    assert _planted(0, 1.0 + MARGIN).outcome is Outcome.INCONCLUSIVE
    assert GEN.decide([], "statement", 0.01).outcome is Outcome.NOT_RUN


@pytest.mark.parametrize("bound", [1.0, 1.9])
def test_a_bound_above_the_largest_loss_is_no_evidence(bound: float) -> None:
    found = _planted(0, bound=bound)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert math.isinf(found.detectable)
    rows = {row["measure"]: row for row in found.rows}
    assert rows[NOISE]["bound below 1"] == 0.0
    assert rows[TEACHER]["outcome"] == "supported"


@pytest.mark.parametrize("key", [NOISE, BOUND + NOISE, EXPLAINED])
def test_no_number_is_no_support(key: str) -> None:
    values = {NOISE: -0.5, BOUND + NOISE: 0.9, EXPLAINED: 1.0}
    found = [Observation(CASE, r, 0, {"statement": values | {key: math.nan}}) for r in range(40)]
    with pytest.raises(InputError, match="trial 0"):
        GEN.decide(found, "statement", 0.01)


@pytest.mark.slow
def test_real_networks_hold_and_false_formulas_are_rejected(real: list[Observation]) -> None:
    measured = GEN.decide(real, "statement", 0.01)
    assert measured.outcome is not Outcome.REFUTED
    coverage = [row for row in measured.rows if "beyond" in row]
    assert {row["measure"] for row in coverage} == {t + form for t in (TEACHER, NOISE) for form in ("", EVERY_SCALE)}
    assert all(row["beyond"] == 0.0 and row["bound below 1"] == row["trials"] for row in coverage)
    for mutant in GEN.mutants:
        if not mutant.own_data:
            assert GEN.decide(real, mutant.id, 0.02).outcome is Outcome.REFUTED, mutant.id


@pytest.mark.slow
def test_false_formulas_are_rejected_by_what_they_conclude(real: list[Observation]) -> None:
    """In each trial with noise the risk itself lies above the false bound, of either form."""
    for variant in ("no-complexity", "level-zero", "largest-eigenvalue"):
        for o in real:
            values = o.values[variant]
            assert EXPLAINED not in values
            assert all(x > 0.0 for name, x in values.items() if name.startswith(NOISE)), variant


def test_the_sample_that_pruned_explains_too_much_noise() -> None:
    found = _trials(replace(CASE, variant="pruning-batch"), 8)
    assert set(found[0].values) == {"pruning-batch"}
    assert GEN.decide(found, "pruning-batch", 0.01).outcome is Outcome.REFUTED
    assert "the sample that pruned" in str(GEN.headline(found, 0.01))


def test_a_mask_that_has_seen_the_sample_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial that by mistake takes its control from the batch that pruned refutes the statement itself."""
    honest, drawn = module.draw_sample, []

    def leaking(*given: object) -> object:
        drawn.append(honest(*given))  # type: ignore[arg-type]
        return drawn[-2] if len(drawn) % 2 == 0 else drawn[-1]

    monkeypatch.setattr(module, "draw_sample", leaking)
    monkeypatch.setattr(module, "risk_and_bounds", lambda *given: {"statement": {}})
    assert GEN.decide(_trials(CASE, 8), "statement", 0.01).outcome is Outcome.REFUTED


def test_signs_explain_the_trace_on_average() -> None:
    """E y^T K y = tr K for independent signs, by all 2^10 of them."""
    root = np.random.default_rng(0).standard_normal((10, 4))
    kernel = root @ root.T
    signs = 2.0 * ((np.arange(2**10)[:, None] >> np.arange(10)) & 1) - 1.0
    assert np.einsum("si,ij,sj->s", signs, kernel, signs).mean() == pytest.approx(np.trace(kernel))


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"data": "digits", "inputs": [64]}, "data"),
        ({"depths": [2]}, "depths"),
        ({"variant": "pruning-batch"}, "criteria"),
        ({"variant": "pruning-batch", "criteria": ["snip"], "batch": [64]}, "batch"),
        ({"criteria": ["grasp"], "batch": [64]}, "weights"),
    ],
)
def test_checks_that_do_not_fit_are_refused(change: dict[str, object], key: str) -> None:
    check = {"statement": "GEN", "criteria": ["random"], "data": "teacher", "densities": [0.1], "widths": [64]}
    with pytest.raises(InputError, match=key):
        parse_suite({"schema": "graphon.suite/1", "name": "x", "check": [check | {"repeats": 2} | change]})
