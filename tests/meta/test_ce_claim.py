"""CE's decision finds planted falsehoods, in the identity and in the mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

import verification.claims.ce as module
from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import Outcome
from verification.claims.ce import OWN_SHARE, Ce
from verification.claims.closeness import DEVIATION_MARGIN, RATIO, RECTANGLE
from verification.claims.formula import IDENTITY, RELATIVE

CASE = replace(ORDINARY, statement="CE", criterion="snip", density=0.2, batch=128)
DEVIATION = f"{RECTANGLE} other-noise"


def _decide(deviation: Mapping[int, float], identity: float = 0.01) -> Outcome:
    """Six trials at each of two widths."""
    found = [
        Observation(
            replace(CASE, width=width, inputs=width),
            repeat,
            0,
            {
                "statement": {
                    RATIO: 0.01 * (-1) ** repeat,
                    DEVIATION: deviation.get(width, 0.0) + 1e-4 * (-1) ** repeat,
                    IDENTITY: identity,
                    RELATIVE: 1e-15,
                }
            },
        )
        for width in (64, 256)
        for repeat in range(6)
    ]
    return Ce().decide(found, "statement", 0.002).outcome


def test_each_outcome_can_be_reached() -> None:
    off = 3 * DEVIATION_MARGIN
    assert _decide({}) is Outcome.SUPPORTED
    assert _decide({64: off}) is Outcome.SUPPORTED
    assert _decide({64: off, 256: off}) is Outcome.REFUTED
    assert _decide({64: 4 * off, 256: off}) is Outcome.INCONCLUSIVE
    assert _decide({}, identity=1.5) is Outcome.REFUTED
    assert Ce().decide([], "statement", 0.01).outcome is Outcome.NOT_RUN


def test_a_real_trial_meets_its_formula_to_rounding_and_no_other() -> None:
    values = Ce().trial(CASE, 5)
    assert values["statement"][IDENTITY] < 1.0
    assert values["statement"][RELATIVE] < 1e-13
    assert 0.0 < values["statement"][OWN_SHARE] < 0.5
    for name in ("true-class", "unmixed", "squared-loss", "uniform"):
        assert values[name][IDENTITY] > 1e6
        assert values[name][f"{RECTANGLE} {name}"] > DEVIATION_MARGIN


def test_a_mask_that_prefers_one_corner_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = module.mask

    def biased(scores: object, **keywords: object) -> object:
        weighted = scores.clone()  # type: ignore[attr-defined]
        weighted[: len(weighted) // 2] *= 1.5
        return honest(weighted, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "mask", biased)
    cases = [replace(CASE, width=width, inputs=width) for width in (64, 144)]
    found = [Observation(case, r, r, Ce().trial(case, r)) for case in cases for r in range(5)]
    assert Ce().decide(found, "statement", 0.002).outcome is Outcome.REFUTED
