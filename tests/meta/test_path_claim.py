"""PATH's decision: outcomes, false variants on real networks, and planted errors in the instruments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import verification.claims.path as module
from graphon_theory.errors import InputError
from tests.cases import ORDINARY
from verification.cases import Case, Observation
from verification.claims import Outcome, claims
from verification.claims.path import ORDER, SCALE
from verification.suite import parse_suite

CASE = replace(ORDINARY, statement="PATH", data="teacher", width=512, inputs=16, square=False, density=0.5)
PATH = claims()["PATH"]
WIDTHS = (256, 2048)


def _trials(case: Case, repeats: int, master: int = 1) -> list[Observation]:
    cases = [replace(case, width=n) for n in WIDTHS]
    return [Observation(c, r, r, PATH.trial(c, c.seed(master, r))) for c in cases for r in range(repeats)]


def test_every_outcome_can_be_reached() -> None:
    margin = SCALE * (2 * 16 / (0.5 * WIDTHS[1])) ** 0.5

    def planted(first: float, last: float) -> Outcome:
        found = [
            Observation(replace(CASE, width=n), r, 0, {"statement": {f"{ORDER}, sd 2": mean + 0.001 * (r - 1)}})
            for n, mean in zip(WIDTHS, (first, last), strict=True)
            for r in range(3)
        ]
        return PATH.decide(found, "statement", 0.001).outcome

    assert planted(0.0, 0.0) is Outcome.SUPPORTED
    assert planted(-1.0, -1.0) is Outcome.SUPPORTED
    assert planted(4 * margin, 4 * margin) is Outcome.REFUTED
    # It lies outside, but it has shrunk as a correction of finite width does.
    assert planted(16 * margin, 2 * margin) is Outcome.INCONCLUSIVE
    assert planted(0.0, margin) is Outcome.INCONCLUSIVE
    assert PATH.decide([], "statement", 0.001).outcome is Outcome.NOT_RUN


def test_real_networks_hold_and_false_variants_are_rejected() -> None:
    found = _trials(CASE, 6)
    assert PATH.decide(found, "statement", 0.01).outcome is Outcome.SUPPORTED
    for mutant in PATH.mutants:
        assert PATH.decide(found, mutant.id, 0.01).outcome is Outcome.REFUTED, mutant.id
    assert "times y^T K^-1 y" in str(PATH.headline(found, 0.01))


@pytest.mark.parametrize("criterion", ["snip", "grasp-magnitude"])
def test_data_driven_masks_hold(criterion: str) -> None:
    case = replace(CASE, criterion=criterion, batch=64, batch_per_input=4.0)
    assert PATH.decide(_trials(case, 4), "statement", 0.01).outcome is not Outcome.REFUTED


def test_a_path_density_of_the_wrong_inputs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """SNIP's D read backwards puts paths where there are none."""
    honest = module.prune_on

    class Backwards:
        def __init__(self, pruned: object) -> None:
            self._pruned = pruned

        def __getattr__(self, name: str) -> object:
            return getattr(self._pruned, name)

        @property
        def predicted(self) -> np.ndarray:
            return np.sort(self._pruned.predicted)[np.argsort(np.argsort(-self._pruned.predicted))]

    monkeypatch.setattr(module, "prune_on", lambda *a, **k: Backwards(honest(*a, **k)))
    case = replace(CASE, criterion="snip", batch=64, batch_per_input=4.0, density=0.1)
    assert PATH.decide(_trials(case, 8), "statement", 0.01).outcome is Outcome.REFUTED


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"activations": ["tanh"]}, "activations"),
        ({"depths": [2]}, "depths"),
        ({"data": "digits", "inputs": [256]}, "inputs"),
        ({"criteria": ["grasp"], "batch": [64], "data": "teacher"}, "weights"),
    ],
)
def test_checks_that_do_not_fit_are_refused(change: dict[str, object], key: str) -> None:
    check = {"statement": "PATH", "criteria": ["random"], "densities": [0.1], "widths": [64], "repeats": 2}
    with pytest.raises(InputError, match=key):
        parse_suite({"schema": "graphon.suite/1", "name": "x", "check": [check | change]})
