"""GRASP's decision finds planted falsehoods, in the identity and in the mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import Outcome
from verification.claims.closeness import DEVIATION_MARGIN, RATIO, RECTANGLE
from verification.claims.formula import IDENTITY, RELATIVE
from verification.claims.grasp import Grasp

CASE = replace(ORDINARY, statement="GRASP", criterion="grasp-magnitude", density=0.2, batch=64)
TRUE: Mapping[str, float] = {RATIO: 0.0, f"{RECTANGLE} other-noise": 0.0, IDENTITY: 0.01, RELATIVE: 1e-15}


def _decide(**changes: Mapping[int, float]) -> Outcome:
    """Six trials at each of two widths; changes map a measure to its mean at the width."""
    found = [
        Observation(
            replace(CASE, width=width, inputs=width),
            repeat,
            0,
            {
                "statement": {
                    name: changes.get(name.replace(" ", "_").replace("-", "_"), {}).get(width, value)
                    + (1e-4 * (-1) ** repeat if name not in (IDENTITY, RELATIVE) else 0.0)
                    for name, value in TRUE.items()
                }
            },
        )
        for width in (64, 256)
        for repeat in range(6)
    ]
    return Grasp().decide(found, "statement", 0.002).outcome


def test_each_outcome_can_be_reached() -> None:
    assert _decide() is Outcome.SUPPORTED
    assert _decide(identity={64: 1.01}) is Outcome.REFUTED
    off = 3 * DEVIATION_MARGIN
    assert _decide(rectangle_other_noise={64: off, 256: off}) is Outcome.REFUTED
    assert _decide(rectangle_other_noise={64: 4 * off, 256: off}) is Outcome.INCONCLUSIVE
    assert _decide(log_ratio={64: 0.4, 256: 0.4}) is Outcome.REFUTED
    assert _decide(rectangle_other_noise={64: off}) is Outcome.SUPPORTED
    assert Grasp().decide([], "statement", 0.01).outcome is Outcome.NOT_RUN


def test_a_real_trial_meets_its_formula_to_rounding_and_no_other() -> None:
    values = Grasp().trial(CASE, 5)
    assert values["statement"][IDENTITY] < 1.0
    assert values["statement"][RELATIVE] < 1e-13
    for name in ("plain-snip", "linear-kernel"):
        assert values[name][RELATIVE] > 0.02
    assert values["other-noise"][f"{RECTANGLE} other-noise"] > DEVIATION_MARGIN


def test_variants_with_their_own_data_break_what_they_say() -> None:
    for change in (
        {"variant": "readout"},
        {"variant": "tanh", "activation": "tanh"},
        {"variant": "uncentred", "labels": "raw", "data": "teacher"},
    ):
        values = Grasp().trial(replace(CASE, **change), 6)[change["variant"]]
        assert (values[IDENTITY] < 1.0) == (change["variant"] == "uncentred")
