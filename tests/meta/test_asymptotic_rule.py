"""The rule for quantities that tend to 0: its outcomes, and its level on the edges of what is true."""

from __future__ import annotations

import numpy as np
import pytest

from verification.claims import Outcome
from verification.claims.asymptotic import decide_growing
from verification.statistics import POWER, binomial_at_least, binomial_two_sided

SMALL, LARGE = 64 * 64, 64 * 512
FACTOR = (SMALL / LARGE) ** 0.25
ROUNDS = 1500


def _share_refuted(mean: float, start: float, spread: float, start_spread: float, share: float, seed: int) -> int:
    rng = np.random.default_rng(seed)
    refuted = 0
    for _ in range(ROUNDS):
        values = {
            SMALL: [float(x) for x in rng.normal(start, start_spread, 8)],
            LARGE: [float(x) for x in rng.normal(mean, spread, 8)],
        }
        decided = decide_growing(values, margin=1.0, level=share, share=share)
        refuted += decided["outcome"] == Outcome.REFUTED
    return refuted


@pytest.mark.parametrize(
    ("mean", "start", "spread", "start_spread"),
    [
        (1.0, 0.0, 0.5, 0.5),  # on the margin
        (-1.0, 0.0, 0.5, 0.1),
        (2.0, 2.0 / FACTOR, 0.3, 0.3),  # outside, but shrinking exactly like n^(-1/2)
        (2.0, -2.0 / FACTOR, 0.3, 3.0),
        (2.0, 2.0 / FACTOR, 0.3, 5.0),
        (0.0, 0.0, 20.0, 0.01),  # nothing known of the largest size
    ],
)
def test_a_true_statement_is_refuted_no_more_often_than_the_share(
    mean: float, start: float, spread: float, start_spread: float
) -> None:
    """Null: on the edge of what the statement says; share 0.1; 8 values a size; 1,500 rounds; false failure 1e-6."""
    refuted = _share_refuted(mean, start, spread, start_spread, 0.1, seed=1)
    assert binomial_at_least(refuted, ROUNDS, 0.1) > 1e-6


def test_the_detectable_mean_is_found_outside_with_the_stated_power() -> None:
    """Alternative: a mean at the detectable value that does not come from a start; share 0.01; 1,500 rounds."""
    rng = np.random.default_rng(2)
    shape = rng.normal(0.0, 0.4, 8)
    shape *= 0.4 / shape.std(ddof=1)
    stated = decide_growing({SMALL: [0.0, 0.0], LARGE: list(shape - shape.mean())}, margin=1.0, level=0.01, share=0.01)
    refuted = _share_refuted(float(stated["detectable"]), 0.0, 0.4, 0.01, 0.01, seed=3)
    assert binomial_two_sided(refuted, ROUNDS, POWER) > 1e-6


def test_outcomes() -> None:
    def outcome(first: float, last: float, spread: float = 0.01) -> str:
        wobble = spread * np.array([1.0, -1.0, 1.0, -1.0])
        values = {SMALL: list(first + wobble), LARGE: list(last + wobble)}
        return str(decide_growing(values, margin=1.0, level=0.01, share=0.01)["outcome"])

    assert outcome(9.0, 0.5) == Outcome.SUPPORTED
    assert outcome(3.0, 3.0) == outcome(-3.0, 3.0) == outcome(0.0, -3.0) == Outcome.REFUTED
    assert outcome(9.0, 3.0) == outcome(-9.0, 3.0) == Outcome.INCONCLUSIVE
    assert outcome(0.0, 1.0) == Outcome.INCONCLUSIVE
    single = {LARGE: [3.0, 3.01]}
    assert decide_growing(single, margin=1.0, level=0.01, share=0.01)["outcome"] == Outcome.INCONCLUSIVE
