"""LAZY's decision: every outcome, the order it bounds, and false linearisations on real networks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from graphon_theory.errors import InputError
from tests.cases import ORDINARY
from verification.answers import ask
from verification.cases import Observation
from verification.claims import Outcome, claims
from verification.claims.bounded_order import decide_order
from verification.claims.lazy import DRIFT, GAP, MARGIN, RATE, SCALE, STEPS, draw_training, linear_outputs
from verification.ntk import training
from verification.ntk.empirical import empirical_ntk
from verification.ntk.training import lazy_training
from verification.suite import parse_suite

CASE = replace(
    ORDINARY, statement="LAZY", data="teacher", width=32, inputs=8, square=False, density=0.3, activation="tanh"
)
CLAIM = claims()["LAZY"]


def _decide(first: float, last: float, widths: tuple[int, int] = (64, 1024), spread: float = 0.2) -> str:
    """Six trials a width around the geometric means ``first`` and ``last``."""
    logs = spread * np.array([-1.0, -0.6, -0.2, 0.2, 0.6, 1.0])
    by_width = {n: list(mean * np.exp(logs)) for n, mean in zip(widths, (first, last), strict=True)}
    return str(decide_order(by_width, rate=RATE, margin=MARGIN, scale=SCALE, level=0.01, share=0.001)["outcome"])


def test_each_outcome_can_be_reached() -> None:
    assert _decide(0.4, 0.1) == "supported"  # 16 times wider, the exponent -1/2
    assert _decide(0.4, 0.01) == "supported"  # faster: the order is a bound
    assert _decide(0.4, 0.4) == "refuted"
    assert _decide(0.4, 0.4 * 16**-0.3) == "inconclusive"  # as slow as the margin allows
    assert _decide(0.01, 0.01) == "inconclusive"  # does not shrink, and is small
    assert _decide(0.4, 0.1, spread=3.0) == "inconclusive"
    assert CLAIM.decide([], "statement", 0.01).outcome is Outcome.NOT_RUN


def test_one_width_decides_nothing_and_bad_sizes_are_refused() -> None:
    one = decide_order({64: [0.1, 0.2, 0.3]}, rate=0.5, margin=0.1, scale=1.0, level=0.01, share=0.01)
    assert one["outcome"] == "inconclusive"
    assert math.isnan(float(one["exponent"]))
    for bad in ([0.1], [0.1, 0.0], [0.1, math.nan]):
        with pytest.raises(InputError, match="sizes at n = 64"):
            decide_order({64: bad, 128: [0.1, 0.2]}, rate=0.5, margin=0.1, scale=1.0, level=0.01, share=0.01)


def test_two_trials_at_a_strict_level_detect_nothing_and_decide_nothing() -> None:
    sizes = {64: [1.0, 3.0], 1024: [0.2, 0.9]}
    found = decide_order(sizes, rate=RATE, margin=MARGIN, scale=SCALE, level=1e-5, share=1e-6)
    assert found["detectable"] == math.inf
    assert found["outcome"] == "inconclusive"


def test_the_levels_of_both_decisions_hold_at_their_edges() -> None:
    """Log-normal sizes whose exponent is exactly the one that the margin allows."""
    rng = np.random.default_rng(3)
    edge = 0.9 * 16 ** -(RATE - MARGIN)
    outcomes = [
        decide_order(
            {
                64: list(0.9 * np.exp(0.3 * rng.standard_normal(8))),
                1024: list(edge * np.exp(0.3 * rng.standard_normal(8))),
            },
            rate=RATE,
            margin=MARGIN,
            scale=SCALE,
            level=0.05,
            share=0.05,
        )["outcome"]
        for _ in range(600)
    ]
    # Each has probability 0.05; 5 standard errors are 27 of 600.
    for outcome in ("supported", "refuted"):
        assert 3 <= outcomes.count(outcome) <= 57


def test_false_variants_see_other_kernels_and_the_statement_its_own() -> None:
    dense, network, x, y, probe = draw_training(CASE, torch.Generator().manual_seed(4))
    run = lazy_training(network, x, y, probe, steps=STEPS, step_size=0.3, records=1)
    kernel = empirical_ntk(network.module, torch.cat([x, probe]), x, masks=network.masks).total
    torch.testing.assert_close(linear_outputs(kernel, y, run.rate)[len(x) :], run.linear_test[-1], rtol=0, atol=1e-12)
    assert bool((dense[0].weight[~network.masks["0"]] != 0).all())
    assert not bool(network.module[0].weight[~network.masks["0"]].any())  # type: ignore[index, union-attr]


def test_variants_are_carried_where_they_are_false() -> None:
    everywhere = {"statement", "dense-kernel", "hidden-only"}
    assert set(CLAIM.trial(CASE, 1)) == {*everywhere, "random-mask"}
    assert set(CLAIM.trial(replace(CASE, criterion="random"), 1)) == everywhere
    assert set(CLAIM.trial(replace(CASE, weights="redrawn"), 1)) == everywhere
    signed = CLAIM.trial(replace(CASE, criterion="grasp", batch=16), 1)
    assert set(signed) == {*everywhere, "random-mask", "faster"}
    # Stated as 1/n, a size counts in units of n^(-1/2) where the statement's rule asks for n^(-1/2).
    assert signed["faster"] == pytest.approx({name: x * CASE.width**0.5 for name, x in signed["statement"].items()})
    assert "faster" not in CLAIM.trial(replace(CASE, criterion="grasp", batch=16, weights="redrawn"), 1)


def test_real_networks_support_it_and_reject_what_does_not_shrink() -> None:
    cases = [replace(CASE, width=n, criterion="grasp", batch=32, inputs=16) for n in (64, 512)]
    found = [Observation(c, r, r, CLAIM.trial(c, c.seed(2, r))) for c in cases for r in range(8)]
    assert CLAIM.decide(found, "statement", 0.05).outcome is not Outcome.REFUTED
    for mutant in ("faster", "dense-kernel", "hidden-only"):
        answer = ask(CLAIM, found, mutant, 0.05)
        assert (answer.measurement.outcome, answer.fault) == (Outcome.REFUTED, ""), mutant
    rows = CLAIM.decide(found, "statement", 0.05).rows
    assert {row["measure"] for row in rows} == {GAP, DRIFT}
    assert all(-0.8 < float(row["exponent"]) < -0.2 for row in rows)


def test_a_linearisation_that_forgets_the_mask_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = training.empirical_ntk

    def unmasked(module: torch.nn.Module, *inputs: torch.Tensor, **_: object) -> object:
        return honest(module, *inputs)

    monkeypatch.setattr(training, "empirical_ntk", unmasked)
    cases = [replace(CASE, width=n, inputs=16, density=0.2) for n in (32, 512)]
    found = [Observation(c, r, r, CLAIM.trial(c, c.seed(3, r))) for c in cases for r in range(5)]
    assert CLAIM.decide(found, "statement", 0.05).outcome is Outcome.REFUTED


def test_headline_reports_both_kinds() -> None:
    def observation(criterion: str, n: int, size: float) -> list[Observation]:
        case = replace(CASE, criterion=criterion, width=n)
        return [Observation(case, r, 0, {"statement": {GAP: size * (1 + 0.01 * r)}}) for r in range(3)]

    found = [*observation("grasp", 64, 0.4), *observation("grasp", 1024, 0.1)]
    assert CLAIM.headline(found, 0.01) is None
    found += [*observation("random", 64, 0.16), *observation("random", 1024, 0.01)]
    text = str(CLAIM.headline(found, 0.01))
    assert "-0.50 to -0.50 under signed GraSP, and -1.00 to -1.00" in text


@pytest.mark.parametrize(
    ("statement", "change", "key"),
    [
        ("LAZY", {"data": "digits"}, "data"),
        ("LAZY", {"criteria": ["synflow-iterative"]}, "criteria"),
        ("LAZY", {"criteria": ["snip"]}, "batch"),
        ("GRASP-D", {"criteria": ["grasp"], "batch": [32], "activations": ["tanh"]}, "activations"),
        ("GRASP-D", {"criteria": ["grasp"], "batch": [32], "weights": ["redrawn"]}, "weights"),
        ("GRASP-D", {"criteria": ["magnitude"]}, "criteria"),
    ],
)
def test_checks_that_do_not_fit_are_refused(statement: str, change: dict[str, object], key: str) -> None:
    check = {"statement": statement, "densities": [0.2], "widths": [32], "repeats": 2, "data": "teacher"}
    check |= {"criteria": ["random"]} | change
    with pytest.raises(InputError, match=key):
        parse_suite({"schema": "graphon.suite/1", "name": "x", "check": [check]})
