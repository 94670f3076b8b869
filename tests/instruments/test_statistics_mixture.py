"""Mixture confidence sequences: their closed forms are the integrals, and they hold at all times."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from scipy.integrate import trapezoid

from verification.statistics import (
    binomial_at_least,
    normal_mixture_sequence,
    normal_prior,
    student_mixture_sequence,
    student_prior,
)

LEVEL, PATHS, STEPS = 0.05, 2000, 300
Array = npt.NDArray[np.float64]

# Each value draws the running mean inwards, so that the last interval is not that of an earlier time.
ALTERNATING = np.array([1.0, -0.9, 0.8, -0.7, 0.62, -0.5, 0.41, -0.3]) + 2.0


def _student_ratio(values: Array, mean: float, variance: float) -> float:
    """Mixed likelihood ratio by the trapezoidal rule, over log sigma and the effect size."""
    away = values - mean
    logs = np.linspace(-6.0, 12.0, 1801)
    effects = np.linspace(-10.0, 10.0, 2001) * math.sqrt(variance)
    sigma = np.exp(logs)[:, None, None]

    def likelihood(effect: Array) -> Array:
        squares = np.square(away - sigma * effect[None, :, None]).sum(axis=2)  # (sigma, effect)
        result: Array = np.exp(-squares / (2 * sigma[:, :, 0] ** 2) - away.size * logs[:, None])
        return result

    prior = stats.norm.pdf(effects, scale=math.sqrt(variance))
    above = trapezoid(trapezoid(likelihood(effects) * prior, effects, axis=1), logs)
    below = trapezoid(likelihood(np.zeros(1))[:, 0], logs)
    return float(above / below)


@pytest.mark.parametrize(("size", "tuned_at"), [(8, 8), (6, 6), (8, 4)])
def test_student_limits_are_where_the_mixed_ratio_is_one_over_the_level(size: int, tuned_at: int) -> None:
    """Quadrature over the effect size's normal prior and sigma's right-Haar prior, at each limit of the last pair."""
    values = ALTERNATING[:size]
    lower, upper = student_mixture_sequence(values, 0.2, tuned_at)
    prior = student_prior(0.2, tuned_at)
    # The last finite change of each limit is that of the time at which it was made.
    for limits in (lower, upper):
        made = int(np.flatnonzero(limits == limits[-1])[0]) + 1
        assert made >= 3
        assert _student_ratio(values[:made], float(limits[-1]), prior) == pytest.approx(5.0, rel=1e-6)


def test_student_ratio_is_the_closed_form_away_from_the_limits() -> None:
    """The formula of the docstring, on other data, by the same quadrature."""
    values = np.random.default_rng(40).normal(0.5, 2.0, 5)
    for mean, variance in [(0.0, 0.3), (1.5, 2.0), (-4.0, 1.0)]:
        away, growth = values - mean, 1 + 5 * variance
        closed = growth**-0.5 * (1 - variance * away.sum() ** 2 / (growth * np.square(away).sum())) ** -2.5
        assert _student_ratio(values, mean, variance) == pytest.approx(closed, rel=1e-6)


def test_normal_limits_are_where_the_mixed_ratio_is_one_over_the_level() -> None:
    values, sigma, level = ALTERNATING, 0.7, 0.2
    lower, upper = normal_mixture_sequence(values, sigma, level, 8)
    shifts = np.linspace(-40, 40, 400_001) * math.sqrt(normal_prior(level, 8))
    for limits in (lower, upper):
        made = int(np.flatnonzero(limits == limits[-1])[0]) + 1
        away = (values[:made] - limits[-1]) / sigma
        ratios = np.exp(shifts * away.sum() - made * shifts**2 / 2)
        prior = stats.norm.pdf(shifts, scale=math.sqrt(normal_prior(level, 8)))
        assert trapezoid(ratios * prior, shifts) == pytest.approx(1 / level, rel=1e-8)


@pytest.mark.parametrize("tuned_at", [2, 5, 50, 1000])
@pytest.mark.parametrize("level", [1e-6, 0.05, 0.5])
def test_priors_make_the_interval_narrowest_where_they_say(tuned_at: int, level: float) -> None:
    """Against priors 2 % larger and smaller, by the width's formula of the docstrings."""

    def normal(g: float) -> float:
        growth = 1 + tuned_at * g
        return growth / g * math.log(growth / level**2)

    def student(g: float) -> float:
        growth = 1 + tuned_at * g
        shrunk = (level**2 / growth) ** (1 / tuned_at)
        return (1 - shrunk) / (shrunk - 1 / growth) if shrunk > 1 / growth else math.inf

    for width, prior in ((normal, normal_prior(level, tuned_at)), (student, student_prior(level, tuned_at))):
        assert width(prior) < min(width(0.98 * prior), width(1.02 * prior))


def _ever_missed(lower: Array, upper: Array, mean: float) -> bool:
    return bool(((lower > mean) | (upper < mean)).any())


@pytest.mark.parametrize(("mean", "sigma", "tuned_at"), [(0.0, 1.0, 50), (1e6, 3.0, 10), (-2.0, 1e-4, 300)])
def test_student_sequence_ever_misses_with_at_most_the_level(mean: float, sigma: float, tuned_at: int) -> None:
    """Null: 300 normal observations; ever missed, of 2,000 paths: at most 0.05; fails 1e-6."""
    drawn = np.random.default_rng(41).normal(mean, sigma, (PATHS, STEPS))
    missed = sum(_ever_missed(*student_mixture_sequence(values, LEVEL, tuned_at), mean) for values in drawn)
    assert binomial_at_least(missed, PATHS, LEVEL) > 1e-6
    assert missed > 0.005 * PATHS  # not by being far too wide; the seed is fixed


@pytest.mark.parametrize("law", ["normal", "signs", "uniform"])
def test_normal_sequence_ever_misses_with_at_most_the_level(law: str) -> None:
    """Null: 300 sub-Gaussian observations of scale 2; ever missed, of 2,000 paths: at most 0.05; fails 1e-6."""
    rng = np.random.default_rng(42)
    shape = (PATHS, STEPS)
    noise = {
        "normal": rng.normal(size=shape),
        "signs": rng.choice([-1.0, 1.0], shape),
        "uniform": rng.uniform(-1, 1, shape),
    }
    missed = sum(_ever_missed(*normal_mixture_sequence(2 * x + 5, 2.0, LEVEL, 100), 5.0) for x in noise[law])
    assert binomial_at_least(missed, PATHS, LEVEL) > 1e-6


def test_plain_repeated_looks_do_miss() -> None:
    """Null: as above; Student's interval of level 0.05 after each of the observations 5 to 300; fails 1e-6."""
    values = np.random.default_rng(41).normal(size=(PATHS, STEPS))
    times = np.arange(1, STEPS + 1)
    means = values.cumsum(axis=1) / times
    spreads = np.sqrt((np.square(values).cumsum(axis=1) / times - means**2) / np.maximum(times - 1, 1))
    missed = np.abs(means) > stats.t.isf(0.025, np.maximum(times - 1, 1)) * spreads
    assert binomial_at_least(int(missed[:, 4:].any(axis=1).sum()), PATHS, 4 * LEVEL) < 1e-6


def test_sequences_are_nested_and_move_with_the_unit() -> None:
    values = np.random.default_rng(43).normal(1.0, 0.1, 200)
    for sequence, scaled in [
        (student_mixture_sequence(values, LEVEL, 20), student_mixture_sequence(-4 * values + 1e3, LEVEL, 20)),
        (normal_mixture_sequence(values, 0.1, LEVEL, 20), normal_mixture_sequence(-4 * values + 1e3, 0.4, LEVEL, 20)),
    ]:
        lower, upper = sequence
        assert np.all(lower[1:] >= lower[:-1])
        assert np.all(upper[1:] <= upper[:-1])
        np.testing.assert_allclose(scaled[0], -4 * upper + 1e3, rtol=0, atol=1e-9)
        np.testing.assert_allclose(scaled[1], -4 * lower + 1e3, rtol=0, atol=1e-9)


def test_width_shrinks_like_the_root_of_log_t_over_t_and_nears_that_of_known_sigma() -> None:
    """Observations are normal quantiles in a shuffled order: nothing depends on chance."""
    size = 100_000
    values = stats.norm.ppf(np.arange(1, size + 1) * ((math.sqrt(5) - 1) / 2) % 1)
    lower, upper = student_mixture_sequence(values, LEVEL, 1000)
    times = np.array([1000, 10_000, 100_000])
    widths = (upper - lower)[times - 1]
    ratios = widths / np.sqrt(np.log(times) / times)
    assert ratios.max() / ratios.min() < 1.3
    known = normal_mixture_sequence(values, 1.0, LEVEL, 1000)
    np.testing.assert_allclose(widths, (known[1] - known[0])[times - 1], rtol=0.02)
    # At the time it is tuned for: 1.6 times the interval of one look.
    assert 1.3 < widths[0] / (2 * 1.96 / math.sqrt(1000)) < 1.7


def test_first_intervals_and_equal_values() -> None:
    lower, upper = student_mixture_sequence([3.0], LEVEL, 2)
    assert (lower[0], upper[0]) == (-math.inf, math.inf)
    lower, upper = student_mixture_sequence([0.1] * 30, LEVEL, 5)
    assert (lower[-1], upper[-1]) == (0.1, 0.1)
    assert not np.isnan(lower).any()
    assert math.isfinite(normal_mixture_sequence([3.0], 1.0, LEVEL, 1)[0][0])
    for level in (1e-300, 1 - 1e-12):
        for limits in (
            *student_mixture_sequence(ALTERNATING, level, 2),
            *normal_mixture_sequence(ALTERNATING, 1, level, 9),
        ):
            assert not np.isnan(limits).any()
