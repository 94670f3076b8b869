"""SIGN's decision finds planted falsehoods in mask, bias and output."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import Outcome
from verification.claims.closeness import DEVIATION_MARGIN, RATIO, RECTANGLE
from verification.claims.sign import BIAS, BIAS_MARGIN, OUTPUT, SIZE, Sign

CASE = replace(ORDINARY, statement="SIGN", criterion="grasp", square=False, density=0.7, batch=64)
DEVIATION = f"{RECTANGLE} two-sided"


def _decide(changes: Mapping[str, tuple[float, float]], widths: tuple[int, ...] = (64, 256)) -> Outcome:
    """Six trials at each width; changes map a measure to its means at the two widths."""
    found = [
        Observation(
            replace(CASE, width=width),
            repeat,
            0,
            {
                "statement": {
                    name: changes.get(name, (0.0, 0.0))[k] + 1e-4 * (-1) ** repeat
                    for name in (RATIO, DEVIATION, BIAS, OUTPUT)
                }
                | {SIZE: 0.5 * math.log(width)}
            },
        )
        for k, width in enumerate(widths)
        for repeat in range(6)
    ]
    return Sign().decide(found, "statement", 0.002).outcome


def test_each_outcome_can_be_reached() -> None:
    assert _decide({}) is Outcome.SUPPORTED
    assert _decide({BIAS: (3 * BIAS_MARGIN, 0.0)}, widths=(64,)) is Outcome.INCONCLUSIVE
    assert Sign().decide([], "statement", 0.01).outcome is Outcome.NOT_RUN


@pytest.mark.parametrize(("measure", "margin"), [(DEVIATION, DEVIATION_MARGIN), (BIAS, BIAS_MARGIN), (OUTPUT, 0.1)])
def test_a_deviation_that_stays_is_refuted_and_one_that_fades_is_not(measure: str, margin: float) -> None:
    assert _decide({measure: (3 * margin, 3 * margin)}) is Outcome.REFUTED
    assert _decide({measure: (12 * margin, 3 * margin)}) is Outcome.INCONCLUSIVE
    assert _decide({measure: (3 * margin, 0.0)}) is Outcome.SUPPORTED


def test_a_real_trial_has_the_bias_of_its_formula_and_of_no_other() -> None:
    values = Sign().trial(CASE, 4)
    assert abs(values["statement"][BIAS]) < 0.1
    assert abs(values["statement"][OUTPUT]) < 0.3
    assert values["unbiased"][BIAS] > 0.3
    assert values["unbiased"][OUTPUT] > 0.5
    assert values["two-sided"][DEVIATION] > 10 * DEVIATION_MARGIN
    assert values["positive-threshold"][f"{RECTANGLE} positive-threshold"] > 10 * DEVIATION_MARGIN
    assert "positive-threshold" not in Sign().trial(replace(CASE, density=0.2), 4)


def test_headline_gives_the_exponent() -> None:
    found = [
        Observation(replace(CASE, width=width), 0, 0, {"statement": {SIZE: 0.5 * math.log(width)}})
        for width in (64, 256)
    ]
    assert "exponent 0.50 at digits" in str(Sign().headline(found, 0.01))
    assert Sign().headline(found[:1], 0.01) is None
