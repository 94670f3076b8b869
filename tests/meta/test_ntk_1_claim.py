"""NTK-1's and NTK-L's decisions: outcomes, false variants on real networks, and planted errors in the instruments."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

import verification.claims.kernel_variants as variants
from graphon_theory.errors import InputError
from tests.cases import ORDINARY
from verification.cases import Case, Observation
from verification.claims import Outcome, claims
from verification.claims.ntk_1 import SCALE
from verification.suite import load_suite, parse_suite

CASE = replace(ORDINARY, statement="NTK-1", criterion="synflow", data="teacher")
ONE, DEEP = claims()["NTK-1"], claims()["NTK-L"]
WIDTHS = (24, 96)


def _trials(case: Case, repeats: int) -> list[Observation]:
    claim = claims()[case.statement]
    ratio = case.batch_per_input
    cases = [replace(case, width=n, inputs=n, batch=case.batch if ratio is None else round(ratio * n)) for n in WIDTHS]
    return [Observation(c, r, r, claim.trial(c, c.seed(1, r))) for c in cases for r in range(repeats)]


@pytest.mark.parametrize("name", ["NTK-1", "NTK-L"])
def test_every_outcome_can_be_reached(name: str) -> None:
    claim, scale = claims()[name], {"NTK-1": SCALE, "NTK-L": 6.0}[name]
    margin = scale / math.sqrt(WIDTHS[1])

    def planted(first: float, last: float) -> Outcome:
        found = [
            Observation(replace(CASE, statement=name, width=n, inputs=n), r, 0, {"statement": {"output, pairs": mean}})
            for n, means in zip(WIDTHS, (first, last), strict=True)
            for r, mean in enumerate((means - 0.01, means + 0.01, means))
        ]
        return claim.decide(found, "statement", 0.001).outcome

    assert planted(0.0, 0.1 * margin) is Outcome.SUPPORTED
    assert planted(3.0 * margin, 3.0 * margin) is Outcome.REFUTED
    assert planted(0.0, margin) is Outcome.INCONCLUSIVE
    assert claim.decide([], "statement", 0.001).outcome is Outcome.NOT_RUN


def test_synflow_and_magnitude_reject_every_false_variant_that_shares_their_trials() -> None:
    found = [*_trials(CASE, 8), *_trials(replace(CASE, criterion="magnitude"), 8)]
    assert ONE.decide(found, "statement", 0.01).outcome is not Outcome.REFUTED
    for mutant in ONE.mutants:
        if not mutant.own_data:
            assert ONE.decide(found, mutant.id, 0.01).outcome is Outcome.REFUTED, mutant.id


def test_inputs_that_are_not_centred_are_found() -> None:
    case = replace(CASE, criterion="snip", batch_per_input=4.0, variant="uncentred-inputs")
    found = _trials(case, 8)
    rows = ONE.decide(found, "uncentred-inputs", 0.05).rows
    assert min(float(row["mean"]) for row in rows if "layer 1" in str(row["measure"])) > 0.15


def test_pairs_of_the_pruning_batch_are_its_own_samples() -> None:
    case = replace(CASE, criterion="snip", batch=3, variant="pruning-batch")
    values = ONE.trial(case, 3)
    assert set(values) == {"pruning-batch"}
    assert all(math.isfinite(x) for x in values["pruning-batch"].values())


def test_deep_networks_under_snip_hold_for_redrawn_and_not_for_kept_weights() -> None:
    case = replace(CASE, statement="NTK-L", criterion="snip", batch_per_input=4.0, depth=3)
    redrawn = _trials(replace(case, weights="redrawn"), 3)
    assert DEEP.decide(redrawn, "statement", 0.01).outcome is not Outcome.REFUTED
    kept = _trials(replace(case, variant="data-driven"), 3)
    rows = DEEP.decide(kept, "data-driven", 0.01).rows
    assert min(float(row["mean"]) for row in rows) > 0.5
    assert "recursion" in str(DEEP.headline(kept, 0.01))


def test_a_kernel_without_its_mask_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = variants.empirical_ntk

    def unmasked(module: torch.nn.Module, x: torch.Tensor, **_: object) -> object:
        return honest(module, x)

    monkeypatch.setattr(variants, "empirical_ntk", unmasked)
    assert ONE.decide(_trials(CASE, 4), "statement", 0.01).outcome is Outcome.REFUTED


@pytest.mark.parametrize(
    ("statement", "change", "key"),
    [
        ("NTK-L", {"criteria": ["snip"], "batch_per_input": [4], "data": "teacher"}, "weights"),
        ("NTK-1", {"criteria": ["random"], "depths": [2]}, "depths"),
        ("NTK-c", {"criteria": ["random"], "activations": ["tanh"]}, "activations"),
        ("NTK-1", {"criteria": ["random"], "variant": "pruning-batch"}, "criteria"),
        ("SYN", {"criteria": ["synflow"], "weights": ["redrawn"]}, "weights"),
        ("NTK-c", {"criteria": ["random"], "weights": ["fresh"]}, "weights"),
    ],
)
def test_checks_that_do_not_fit_are_refused(statement: str, change: dict[str, object], key: str) -> None:
    check = {"statement": statement, "densities": [0.1], "widths": [32], "repeats": 2} | change
    with pytest.raises(InputError, match=key):
        parse_suite({"schema": "graphon.suite/1", "name": "x", "check": [check]})


def test_the_weights_of_a_case_move_no_other_seed() -> None:
    assert '"weights"' not in CASE.key()
    assert CASE.key() != replace(CASE, weights="redrawn").key()
    suite = load_suite("ntk")
    assert {c.weights for check in suite.checks for c in suite.cases(check)} == {"kept", "redrawn"}
