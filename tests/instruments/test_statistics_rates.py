"""The equivalence test of a rate: its level, its coverage under a correction, and what the correction costs."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from verification.statistics import POWER, RateVerdict, binomial_at_least, binomial_two_sided, rate_equivalence

Array = npt.NDArray[np.float64]

ROUNDS, LEVEL, NOISE = 4000, 0.05, 0.05
SIZES = np.repeat(1024.0 * 4.0 ** np.arange(6), 6)
TRUE = SIZES**-0.5 * (1 + 2 * SIZES**-0.5)
"""Decay at rate 1/2 with a correction that is 6 % at the smallest size, 1,024, and 0.2 % at the largest, 2^20."""


def _noisy(rng: np.random.Generator, values: Array, rounds: int = ROUNDS) -> Array:
    result: Array = values * np.exp(NOISE * rng.normal(size=(rounds, values.size)))
    return result


def _standard_errors(sizes: Array) -> tuple[float, float]:
    """Standard errors of the rate at noise 1, without and with the correction's column."""
    plain = np.column_stack([np.ones(sizes.size), np.log(sizes)])
    full = np.column_stack([plain, sizes**-0.5])
    return tuple(math.sqrt(np.linalg.inv(x.T @ x)[1, 1]) for x in (plain, full))  # type: ignore[return-value]


def _bias(values: Array) -> float:
    """Bias of the estimate, in its standard errors: what the terms after the correction leave."""
    return (rate_equivalence(SIZES, values, 0.5, 0.1, LEVEL).estimate - 0.5) / (NOISE * _standard_errors(SIZES)[1])


def test_estimate_and_limits_are_those_of_plain_least_squares() -> None:
    rng = np.random.default_rng(50)
    values = _noisy(rng, TRUE, 1)[0]
    design = np.column_stack([np.ones(SIZES.size), np.log(SIZES), SIZES**-0.5])
    slopes, squares, _, _ = np.linalg.lstsq(design, np.log(values), rcond=None)
    freedom = SIZES.size - 3
    error = math.sqrt(squares[0] / freedom * np.linalg.inv(design.T @ design)[1, 1])
    verdict = rate_equivalence(SIZES, values, 0.5, 0.1, LEVEL)
    assert verdict.estimate == pytest.approx(-slopes[1], rel=1e-8)
    assert verdict.low == pytest.approx(-slopes[1] - stats.t.isf(LEVEL, freedom) * error, rel=1e-8)
    assert verdict.high == pytest.approx(-slopes[1] + stats.t.isf(LEVEL, freedom) * error, rel=1e-8)
    away = (0.1 - abs(verdict.estimate - 0.5)) / error
    assert verdict.p_value == pytest.approx(stats.t.sf(away, freedom), rel=1e-7)
    assert verdict.detectable == pytest.approx(
        0.1 + (verdict.high - verdict.estimate) + stats.t.isf(0.1, freedom) * error
    )


def test_limits_cover_under_a_correction_and_the_plain_slope_does_not() -> None:
    """Null: rate 1/2, ``1 + 2 n^-1/2``, noise 5 %, 6 sizes, 6 replicates; 4,000 rounds; fails 2e-6.

    Each of our limits misses with probability 0.05, and both together cover with 0.9. The plain slope's interval
    of the same levels covers with 0.3. The bias that is left to ours by the terms after the correction is 0.02
    standard errors, and is allowed for.
    """
    bias, freedom = _bias(TRUE), SIZES.size - 3
    assert 0 < abs(bias) < 0.03
    drawn = _noisy(np.random.default_rng(51), TRUE)
    missed = np.zeros(2, dtype=int)
    for values in drawn:
        verdict = rate_equivalence(SIZES, values, 0.5, 0.1, LEVEL)
        missed += (verdict.low > 0.5, verdict.high < 0.5)
    for count, shift in zip(missed, (bias, -bias), strict=True):
        chance = float(stats.nct.sf(stats.t.isf(LEVEL, freedom), freedom, shift))
        assert chance == pytest.approx(LEVEL, abs=0.003)
        assert binomial_two_sided(int(count), ROUNDS, chance) > 1e-6
    design = np.column_stack([np.ones(SIZES.size), -np.log(SIZES)])
    slopes, squares, _, _ = np.linalg.lstsq(design, np.log(drawn).T, rcond=None)
    errors = np.sqrt(squares / (freedom + 1) * np.linalg.inv(design.T @ design)[1, 1])
    plain_misses = int((np.abs(slopes[1] - 0.5) > stats.t.isf(LEVEL, freedom + 1) * errors).sum())
    assert binomial_at_least(plain_misses, ROUNDS, 0.6) < 1e-6


def test_the_correction_costs_width() -> None:
    """By the designs alone: a factor that falls with the range of the sizes, 2.36 over a factor of 1,024."""
    costs = []
    for rungs in (3, 4, 6, 10):
        plain, full = _standard_errors(np.repeat(1024.0 * 4.0 ** np.arange(rungs), 6))
        costs.append(full / plain)
    assert costs == pytest.approx([5.29, 3.54, 2.36, 1.66], abs=0.01)


@pytest.mark.parametrize("edge", [0.42, 0.58])
def test_equivalence_is_declared_at_the_margin_with_the_level(edge: float) -> None:
    """Null: the rate is 0.08 off and the margin 0.08, correction exact; level 0.05; 2,000 rounds; fails 1e-6."""
    exact = 3.0 * SIZES**-edge * np.exp(2 * SIZES**-0.5)
    verdicts = [
        rate_equivalence(SIZES, values, 0.5, 0.08, LEVEL) for values in _noisy(np.random.default_rng(52), exact, 2000)
    ]
    declared = sum(verdict.equivalent for verdict in verdicts)
    # The other test rejects nearly always: the margins are 19 standard errors apart.
    assert binomial_two_sided(declared, 2000, LEVEL) > 1e-6
    assert all(v.equivalent == (v.p_value <= LEVEL) for v in verdicts)
    assert all(v.equivalent == (v.low > 0.42 and v.high < 0.58) for v in verdicts)


def test_a_right_rate_is_found_equivalent_and_a_detectable_one_is_excluded() -> None:
    """Alternative: the rate is off by what is detectable at the true noise; power 0.9 by the noncentral law.

    2,000 rounds, fails 1e-6.
    """
    freedom, error = SIZES.size - 3, NOISE * _standard_errors(SIZES)[1]
    quantile = float(stats.t.isf(LEVEL, freedom))
    shift = quantile + float(stats.t.isf(1 - POWER, freedom))
    power = float(stats.nct.sf(quantile, freedom, shift))
    assert power == pytest.approx(POWER, abs=0.01)
    off = SIZES ** -(0.5 + 0.05 + shift * error) * np.exp(2 * SIZES**-0.5)
    verdicts = [rate_equivalence(SIZES, v, 0.5, 0.05, LEVEL) for v in _noisy(np.random.default_rng(53), off, 2000)]
    assert binomial_two_sided(sum(v.low > 0.55 for v in verdicts), 2000, power) > 1e-6
    assert np.mean([v.detectable for v in verdicts]) == pytest.approx(0.05 + shift * error, rel=0.02)
    assert rate_equivalence(SIZES, TRUE, 0.5, 0.05, LEVEL).equivalent


def test_exact_data_give_the_exact_rate() -> None:
    sizes = [10.0, 20.0, 50.0, 300.0]
    values = [1e-100 * n**1.25 * math.exp(-3 / n) for n in sizes]
    verdict = rate_equivalence(sizes, values, -1.25, 0.01, 0.01, correction=1.0)
    assert verdict.estimate == pytest.approx(-1.25, abs=1e-10)
    assert verdict.equivalent
    assert verdict.p_value < 1e-6
    assert verdict.low == pytest.approx(verdict.high, abs=1e-8)
    constant = rate_equivalence(sizes, [1.0] * 4, 0.5, 0.1, 0.01)
    assert constant == RateVerdict(0.0, 0.0, 0.0, 1.0, equivalent=False, detectable=0.1)


def test_units_do_not_matter() -> None:
    values = _noisy(np.random.default_rng(54), TRUE, 1)[0]
    first = rate_equivalence(SIZES, values, 0.5, 0.1, LEVEL)
    second = rate_equivalence(SIZES * 1e-9, values * 1e40, 0.5, 0.1, LEVEL)
    for name in ("estimate", "low", "high", "detectable"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), rel=1e-9)
