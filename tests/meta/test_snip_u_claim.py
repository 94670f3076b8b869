"""SNIP-U: the decision finds planted falsehoods, and a real trial has the statistics that it promises."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from tests.cases import ORDINARY
from verification.cases import Case, Observation
from verification.claims import Outcome, claims
from verification.claims.snip_u import MARGINS

CASE = replace(
    ORDINARY,
    statement="SNIP-U",
    criterion="snip",
    initialisation="uniform",
    data="teacher",
    labels="raw",
    width=48,
    inputs=48,
    batch=192,
    batch_per_input=4.0,
)


def _decide(ratio: dict[int, float], deviation: dict[int, float], level: float = 0.002) -> Outcome:
    found = [
        Observation(
            replace(CASE, width=width, inputs=width),
            repeat,
            0,
            {
                "statement": {
                    "observed": 0.01 * math.exp(ratio[width] + 0.01 * (-1) ** repeat),
                    "null": 0.01,
                    "set 0": deviation[width] + 1e-4 * (-1) ** repeat,
                }
            },
        )
        for width in ratio
        for repeat in range(8)
    ]
    return claims()["SNIP-U"].decide(found, "statement", level).outcome


def test_each_outcome_is_reached() -> None:
    near, off = {48: 0.0, 128: 0.0}, 2 * MARGINS.deviation
    assert _decide(near, near) is Outcome.SUPPORTED
    assert _decide(near, {48: off, 128: off}) is Outcome.REFUTED
    assert _decide(near, {48: off, 128: MARGINS.deviation}) is Outcome.INCONCLUSIVE
    assert _decide({48: 0.3, 128: 0.3}, near) is Outcome.REFUTED
    # A deviation that shrinks with the width refutes nothing.
    assert _decide(near, {48: 4 * off, 128: off}) is Outcome.INCONCLUSIVE
    assert _decide({128: 0.0}, {128: off}) is Outcome.INCONCLUSIVE


def test_refutation_is_kept_at_higher_levels() -> None:
    off = {48: 1.2 * MARGINS.deviation, 128: 1.2 * MARGINS.deviation}
    outcomes = [_decide({48: 0.0, 128: 0.0}, off, level) for level in (1e-12, 1e-6, 1e-3, 1e-2, 0.1)]
    refuted = [outcome is Outcome.REFUTED for outcome in outcomes]
    assert refuted == sorted(refuted)
    assert refuted[-1]
    assert not refuted[0]


def test_a_real_trial_prefers_the_statement_to_every_mutant() -> None:
    claim = claims()["SNIP-U"]
    trials = [claim.trial(CASE, CASE.seed(0, repeat)) for repeat in range(6)]
    names = {"statement", *(mutant.id for mutant in claim.mutants)}
    assert set(trials[0]) == names
    assert {"observed", "null"} <= set(trials[0]["statement"])
    sets = [name for name in trials[0]["statement"] if name.startswith("set")]
    assert len(sets) == len(claim.mutants)

    def worst(variant: str) -> float:
        return max(abs(sum(trial[variant][name] for trial in trials)) / len(trials) for name in sets)

    assert all(worst(name) > worst("statement") for name in names - {"statement"})


def test_gaussian_weights_have_no_unit_variance_mutant() -> None:
    values = claims()["SNIP-U"].trial(replace(CASE, initialisation="gaussian", width=24, inputs=24, batch=96), 1)
    assert "unit-variance" not in values


def test_a_mask_that_ignores_the_own_share_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import verification.claims.snip_u as module
    from verification.experiment import Pruned, prune
    from verification.masks import mask

    def blind(case: Case, generator: torch.Generator) -> Pruned:
        """Mask of a network that scores with the share taken out: SNIP on centred labels would."""
        pruned = prune(case, generator)
        model = module._model(pruned)
        scores = torch.from_numpy(abs(model.saliency * module._weights(pruned)))
        return replace(pruned, kept=mask(scores, density=case.density))

    monkeypatch.setattr(module, "prune", blind)
    claim = claims()["SNIP-U"]
    found = [
        Observation(case, repeat, repeat, claim.trial(case, case.seed(1, repeat)))
        for case in (replace(CASE, width=32, inputs=32, batch=128), replace(CASE, width=64, inputs=64, batch=256))
        for repeat in range(6)
    ]
    assert claim.decide(found, "statement", 0.002).outcome is Outcome.REFUTED
