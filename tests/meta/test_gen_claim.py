"""GEN's decision: outcomes, false variants on real networks, and planted errors in the instruments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import verification.claims.gen as module
from graphon_theory.errors import InputError
from verification.cases import Case, Observation
from verification.claims import Outcome, claims
from verification.claims.gen import EXPLAINED, MARGIN, NOISE, TEACHER
from verification.suite import parse_suite

CASE = Case(
    statement="GEN",
    variant="statement",
    criterion="snip",
    model=None,
    initialisation="gaussian",
    data="teacher",
    labels="centred",
    signal=0.9,
    width=48,
    inputs=48,
    square=False,
    density=0.1,
    batch=128,
    batch_per_input=None,
    ladder="",
)
GEN = claims()["GEN"]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TEST", 256)


def _trials(case: Case, repeats: int, master: int = 1) -> list[Observation]:
    return [Observation(case, r, r, GEN.trial(case, case.seed(master, r))) for r in range(repeats)]


def test_every_outcome_can_be_reached() -> None:
    def planted(beyond: int, mean: float, trials: int = 100) -> Outcome:
        found = [
            Observation(
                replace(CASE, statement="GEN"),
                r,
                0,
                {
                    "statement": {
                        TEACHER: -1.0,
                        NOISE: 0.1 if r < beyond else -0.1,
                        EXPLAINED: mean + 0.01 * (r % 3 - 1),
                    }
                },
            )
            for r in range(trials)
        ]
        return GEN.decide(found, "statement", 0.01).outcome

    assert planted(0, 1.0) is Outcome.SUPPORTED
    assert planted(30, 1.0) is Outcome.REFUTED
    assert planted(10, 1.0) is Outcome.INCONCLUSIVE
    assert planted(0, 1.0, trials=20) is Outcome.INCONCLUSIVE
    assert planted(0, 1.0 + 2 * MARGIN) is Outcome.REFUTED
    assert planted(0, 1.0 + MARGIN) is Outcome.INCONCLUSIVE
    assert GEN.decide([], "statement", 0.01).outcome is Outcome.NOT_RUN


def test_real_networks_hold_and_false_formulas_are_rejected() -> None:
    found = _trials(CASE, 16)
    measured = GEN.decide(found, "statement", 0.01)
    assert measured.outcome is not Outcome.REFUTED
    assert all(float(row["beyond"]) == 0.0 for row in measured.rows if "beyond" in row)
    for mutant in GEN.mutants:
        if not mutant.own_data:
            assert GEN.decide(found, mutant.id, 0.01).outcome is Outcome.REFUTED, mutant.id


def test_the_sample_that_pruned_explains_too_much_noise() -> None:
    found = _trials(replace(CASE, variant="pruning-batch"), 12)
    assert set(found[0].values) == {"pruning-batch"}
    assert GEN.decide(found, "pruning-batch", 0.01).outcome is Outcome.REFUTED
    assert "the sample that pruned" in str(GEN.headline(found, 0.01))


def test_a_mask_that_has_seen_the_sample_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial that by mistake prunes on its own sample refutes the statement itself."""
    honest, drawn = module._draw, []

    def leaking(*given: object) -> object:
        sample = honest(*given)  # type: ignore[arg-type]
        drawn.append(sample)
        return drawn[-2] if len(drawn) % 3 == 2 else sample

    monkeypatch.setattr(module, "_draw", leaking)
    assert GEN.decide(_trials(CASE, 12), "statement", 0.01).outcome is Outcome.REFUTED


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
