"""NTK-K's decision: outcomes, what the recursion mends on real networks, and planted errors in its parts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import verification.claims.ntk_k as ntk_k
from graphon_theory.errors import InputError
from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import Outcome, claims
from verification.claims.masked_kernels import draw_pairs, kernel_sums, log_ratios, predicted_sums, prune_layers
from verification.claims.ntk_k import PLAIN, SCALE
from verification.networks import perceptron
from verification.ntk.conditioned import conditioned_kernel
from verification.ntk.dense_types import dense_types
from verification.ntk.empirical import empirical_ntk
from verification.suite import load_suite, parse_suite

CASE = replace(
    ORDINARY,
    statement="NTK-K",
    criterion="snip",
    data="teacher",
    width=96,
    inputs=96,
    batch=384,
    batch_per_input=4.0,
    depth=3,
)
CLAIM = claims()["NTK-K"]


def _mean(values: list[dict[str, dict[str, float]]], variant: str) -> float:
    return float(np.mean([list(trial[variant].values()) for trial in values]))


@pytest.fixture(scope="module")
def trials() -> list[dict[str, dict[str, float]]]:
    return [{name: dict(part) for name, part in CLAIM.trial(CASE, CASE.seed(7, r)).items()} for r in range(8)]


def test_every_outcome_can_be_reached() -> None:
    margin = SCALE / math.sqrt(96)

    def planted(first: float, last: float) -> Outcome:
        found = [
            Observation(replace(CASE, width=n, inputs=n), r, 0, {"statement": {"output, pairs": mean}})
            for n, means in zip((24, 96), (first, last), strict=True)
            for r, mean in enumerate((means - 0.01, means + 0.01, means))
        ]
        return CLAIM.decide(found, "statement", 0.001).outcome

    assert planted(0.0, 0.1 * margin) is Outcome.SUPPORTED
    assert planted(3.0 * margin, 3.0 * margin) is Outcome.REFUTED
    assert planted(0.0, margin) is Outcome.INCONCLUSIVE
    assert CLAIM.decide([], "statement", 0.001).outcome is Outcome.NOT_RUN
    assert CLAIM.headline([], 0.01) is None


def test_the_conditioning_mends_most_of_what_the_plain_recursion_misses(
    trials: list[dict[str, dict[str, float]]],
) -> None:
    assert _mean(trials, PLAIN) > 0.8
    assert abs(_mean(trials, "statement")) < SCALE / math.sqrt(96)
    found = [Observation(CASE, r, r, values) for r, values in enumerate(trials)]
    assert "unconditioned" in str(CLAIM.headline(found, 0.01))


@pytest.mark.parametrize("mutant", [mutant.id for mutant in CLAIM.mutants if mutant.id != "one-less"])
def test_every_false_variant_predicts_less_than_the_statement(
    trials: list[dict[str, dict[str, float]]], mutant: str
) -> None:
    gaps = [_mean([values], mutant) - _mean([values], "statement") for values in trials]
    # Paired by network; three standard errors of eight trials.
    assert float(np.mean(gaps)) > 3.0 * float(np.std(gaps, ddof=1)) / math.sqrt(len(gaps))


def test_one_factor_of_the_density_less_is_ten_times_off(trials: list[dict[str, dict[str, float]]]) -> None:
    for values in trials:
        gap = values["statement"]["layer 1, pairs"] - values["one-less"]["layer 1, pairs"]
        assert gap == pytest.approx(math.log(10.0))


@pytest.mark.slow
def test_types_of_another_network_do_as_well() -> None:
    """Nothing of the pruned network enters: same batch, other dense weights."""
    ratios = []
    for seed in range(10):
        generator = torch.Generator().manual_seed(900 + seed)
        layers = prune_layers(CASE, generator)
        inputs = draw_pairs(CASE.inputs, generator)
        assert layers.batch is not None
        assert layers.residuals is not None
        other = perceptron(CASE.inputs, [CASE.width] * 3, seed=5000 + seed)
        types = dense_types(other, ["0", "2", "4"], layers.batch, layers.residuals, CASE.density)
        x, y = (inputs[k::2].double().numpy() for k in (0, 1))
        found = kernel_sums(empirical_ntk(layers.masked.module, inputs, masks=layers.masked.masks).layers)
        ratios.append(list(log_ratios(found, predicted_sums(conditioned_kernel(x, y, types))).values()))
    # Over the parts: within the claim's margin, as of the network itself.
    assert abs(float(np.mean(ratios))) < SCALE / math.sqrt(96)


def test_a_wrong_sign_of_the_own_share_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = ntk_k.dense_types

    def flipped(*given: object) -> object:
        return tuple(replace(part, own=-part.own) for part in honest(*given))  # type: ignore[arg-type]

    monkeypatch.setattr(ntk_k, "dense_types", flipped)
    values = [CLAIM.trial(CASE, CASE.seed(7, r)) for r in range(2)]
    # Of the output's part alone: about twice what leaving it out does.
    assert min(trial["statement"]["output, pairs"] for trial in values) > SCALE / math.sqrt(96)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"weights": ["redrawn"]}, "weights"),
        ({"activations": ["tanh"]}, "activations"),
        ({"initialisations": ["uniform"]}, "initialisations"),
        ({"depths": [1, 2]}, "depths"),
        ({"labels": "raw"}, "data"),
        ({"criteria": ["magnitude"]}, "criteria"),
    ],
)
def test_checks_that_do_not_fit_are_refused(change: dict[str, object], key: str) -> None:
    check = {
        "statement": "NTK-K",
        "criteria": ["snip"],
        "data": "teacher",
        "batch_per_input": [4],
        "depths": [2],
        "densities": [0.1],
        "widths": [32],
        "repeats": 2,
    } | change
    with pytest.raises(InputError, match=key):
        parse_suite({"schema": "graphon.suite/1", "name": "x", "check": [check]})


def test_the_shipped_suite_measures_two_and_three_layers() -> None:
    checks = [check for check in load_suite("ntk").checks if check.statement == "NTK-K"]
    assert {depth for check in checks for depth in check.depths} == {2, 3}
