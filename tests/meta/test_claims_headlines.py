"""The sentences of claims: none without observations, and with them the figures that the observations hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.cases import ORDINARY
from verification.cases import Observation
from verification.claims import claims
from verification.claims.ce import OWN_SHARE
from verification.claims.formula import RELATIVE
from verification.claims.gen import EXPLAINED
from verification.claims.path import COMPLEXITY
from verification.claims.risk_trials import BOUND, NOISE, TEACHER

LEVEL = 0.01


def observed(name: str, *trials: Mapping[str, Mapping[str, float]], width: int = 48) -> list[Observation]:
    """Observations of one case, one a trial."""
    case = replace(
        ORDINARY,
        statement=name,
        criterion="snip",
        data="teacher",
        width=width,
        inputs=width,
        batch=48,
        batch_per_input=1.0,
    )
    return [Observation(case, repeat, 0, values) for repeat, values in enumerate(trials)]


@pytest.mark.parametrize(
    "name", ["CE", "GEN", "GRASP", "NTK-L", "PATH", "SNIP-1", "SNIP-P", "SNIP-S", "SNIP-U", "UAT", "UAT-n"]
)
def test_without_observations_nothing_is_said(name: str) -> None:
    assert claims()[name].headline([], LEVEL) is None


def test_cross_entropy_says_its_worst_error_and_its_mean_share() -> None:
    trials = ({RELATIVE: 3e-7, OWN_SHARE: 0.25}, {RELATIVE: 8e-7, OWN_SHARE: 0.75}, {RELATIVE: 1e-7, OWN_SHARE: 0.5})
    said = claims()["CE"].headline(observed("CE", *({"statement": values} for values in trials)), LEVEL)
    assert said is not None
    assert "at most 8.0e-07" in said
    assert "(3 networks)" in said
    assert "is 0.50 of its residuals" in said


def test_grasp_says_its_worst_error_and_snips_least() -> None:
    trials = [
        {"statement": {RELATIVE: true}, "plain-snip": {RELATIVE: snip}} for true, snip in ((2e-9, 0.7), (5e-9, 0.4))
    ]
    said = claims()["GRASP"].headline(observed("GRASP", *trials), LEVEL)
    assert said is not None
    assert "at most 5.0e-09" in said
    assert "by 0.40 and more" in said


def test_gen_says_bounds_risks_and_shares() -> None:
    # A risk is held as what it lies above the bound.
    first = {TEACHER: -0.5, BOUND + TEACHER: 0.9, NOISE: -0.25, BOUND + NOISE: 0.75, EXPLAINED: 0.9}
    trials = ({"statement": first}, {"statement": first | {EXPLAINED: 1.1}})
    said = claims()["GEN"].headline(observed("GEN", *trials), LEVEL)
    assert said is not None
    assert f"{TEACHER}: mean bound 0.90, mean lower limit of the risk 0.40." in said
    assert f"{NOISE}: mean bound 0.75, mean lower limit of the risk 0.50." in said
    assert "to a share of 1.00" in said
    assert "on a fresh sample" in said
    # One share has no interval: it is not told.
    alone = claims()["GEN"].headline(observed("GEN", {"statement": first}), LEVEL)
    assert alone is not None
    assert "Noise is explained" not in alone


def test_path_says_the_median_at_the_largest_width() -> None:
    def ratios(*found: float) -> list[dict[str, dict[str, float]]]:
        return [{"statement": {COMPLEXITY: -math.log(ratio)}} for ratio in found]

    trials = observed("PATH", *ratios(9.0, 9.0, 9.0)) + observed("PATH", *ratios(1.2, 1.5, 1.4), width=96)
    said = claims()["PATH"].headline(trials, LEVEL)
    assert said is not None
    assert "is 1.40 times" in said
    assert "3 networks of 96 neurons" in said


def _placed(name: str, small: float, large: float) -> list[Observation]:
    """Eight trials at each of two widths, at these ratios to the null, and at three times it for rank one."""
    found = []
    for width, ratio in ((48, small), (160, large)):
        trials = [
            {
                "statement": {
                    "observed": 0.01 * ratio * math.exp(0.01 * (-1) ** repeat),
                    "null": 0.01,
                    "rectangle 0": 1e-4 * (-1) ** repeat,
                },
                "rank-one": {"observed": 0.03, "null": 0.01},
            }
            for repeat in range(8)
        ]
        found += observed(name, *trials, width=width)
    return found


@pytest.mark.parametrize(
    ("small", "large", "words"),
    [(1.0, 1.0, "stays close to its proportional"), (3.0, 3.0, "does NOT stay"), (1.1, 1.25, "could not be placed")],
)
def test_snip_p_says_where_the_mask_stands_at_the_largest_width(small: float, large: float, words: str) -> None:
    said = claims()["SNIP-P"].headline(_placed("SNIP-P", small, large), LEVEL)
    assert said is not None
    assert words in said
    assert f"{large:.3f} at width 160, against 3.000" in said


@pytest.mark.parametrize(
    ("small", "large", "words"),
    [(1.0, 1.0, "is as close to"), (3.0, 3.0, "is NOT as close to"), (1.0, 1.1, "could not be told")],
)
def test_snip_u_says_where_the_mask_stands_on_the_teacher(small: float, large: float, words: str) -> None:
    said = claims()["SNIP-U"].headline(_placed("SNIP-U", small, large), LEVEL)
    assert said is not None
    assert words in said
    assert "at width 160" in said
    assert f"{large:.3f} at" in said


def test_uat_n_says_the_best_network() -> None:
    trials = [{"statement": {"undercut": 0.0, "ratio": ratio}} for ratio in (1.5, 1.25, 2.0)]
    said = claims()["UAT-n"].headline(observed("UAT-n", *trials), LEVEL)
    assert said is not None
    assert "Of 3 networks" in said
    assert "1.25 times half the oscillation" in said
