"""GEN: constants and levels by other ways, and the inequality on problems small enough to enumerate."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sympy import Rational

from graphon_theory.derivation import Derivation, Evidence
from graphon_theory.errors import InputError
from graphon_theory.generalisation import gen_bound, rademacher, scaled_gen_bound
from graphon_theory.statements.gen import GEN

SIGNS = {size: np.array(list(itertools.product((-1.0, 1.0), repeat=size))) for size in range(1, 7)}


@pytest.mark.parametrize(("energy", "trace", "samples", "delta"), [(0.3, 2.0, 50, 0.05), (37.5, 60.0, 400, 0.01)])
def test_parts_against_mpmath(energy: float, trace: float, samples: int, delta: float) -> None:
    m = max(0, int(mpmath.ceil(mpmath.log(mpmath.sqrt(energy), 2))))
    complexity = mpmath.mpf(2) ** (m + 1) * mpmath.sqrt(trace) / samples
    confidence = 3 * mpmath.sqrt(mpmath.log(2 * (m + 1) * (m + 2) / mpmath.mpf(delta)) / (2 * samples))
    found = gen_bound(0.25, energy, trace, samples, delta)
    assert found.level == m
    assert found.complexity == pytest.approx(float(complexity), rel=1e-14)
    assert found.confidence == pytest.approx(float(confidence), rel=1e-14)
    assert found.total == pytest.approx(0.25 + float(complexity + confidence), rel=1e-14)


@pytest.mark.parametrize("power", [-3, 0, 1, 7, 60])
def test_levels_are_exact_at_powers_of_four(power: int) -> None:
    energy = 4.0**power
    assert gen_bound(0.0, energy, 1.0, 9, 0.1).level == max(0, power)
    assert gen_bound(0.0, math.nextafter(energy, math.inf), 1.0, 9, 0.1).level == max(0, power + 1)
    assert gen_bound(0.0, math.nextafter(energy, 0.0), 1.0, 9, 0.1).level == max(0, power)


def _failure(confidence: float, samples: int) -> float:
    """Both uses of McDiarmid's inequality, at the x of which the confidence is three."""
    return 2.0 * math.exp(-2.0 * samples * (confidence / 3.0) ** 2)


def test_all_balls_together_fail_with_probability_delta() -> None:
    samples, delta, last = 40, 0.07, 200
    spent = sum(_failure(gen_bound(0.0, 4.0**m, 1.0, samples, delta).confidence, samples) for m in range(last + 1))
    assert spent == pytest.approx(delta * (1.0 - 1.0 / (last + 2)), rel=1e-9)
    # A trace so large that no ball larger than need be is taken.
    both = [scaled_gen_bound(0.0, 4.0**m, 1e250, samples, delta) for m in range(-last, last + 1)]
    assert [bound.level for bound in both] == list(range(-last, last + 1))
    two_sided = sum(_failure(bound.confidence, samples) for bound in both)
    assert two_sided == pytest.approx(delta * (1.0 - (4.0 / 3.0) / (last + 2)), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-8, 1e8), st.floats(1e-3, 1e6), st.floats(1e-6, 1e6), st.integers(2, 2000), st.floats(1.01, 4.0))
def test_the_scaled_bound_holds_the_predictor_and_is_free_of_scale(
    energy: float, trace: float, scale: float, samples: int, ratio: float
) -> None:
    unit = 1.0 / math.sqrt(trace)
    here = scaled_gen_bound(0.1, energy, trace, samples, 0.05, unit=unit, ratio=ratio)
    there = scaled_gen_bound(
        0.1, energy / scale, scale * trace, samples, 0.05, unit=unit / math.sqrt(scale), ratio=ratio
    )
    assert here.radius >= math.sqrt(energy) * (1.0 - 1e-12)
    assert here.level > 0 or here.radius <= max(unit, ratio * math.sqrt(energy)) * (1.0 + 1e-9)
    # A radius of the grid may be met up to rounding, and then the next one taken.
    assert there.total == pytest.approx(here.total, rel=1e-9) or abs(here.level - there.level) == 1


def test_the_stated_bound_is_not_free_of_scale_below_one() -> None:
    small = gen_bound(0.0, 0.04, 1.0, 100, 0.05)
    large = gen_bound(0.0, 0.01, 4.0, 100, 0.05)
    assert large.complexity == pytest.approx(2.0 * small.complexity)
    assert small.complexity == pytest.approx(0.02)


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.floats(-3.0, 3.0)))
def test_complexity_of_a_ball_against_all_signs(features: np.ndarray) -> None:
    """Khintchine's inequality with its constant 1/sqrt 2 (Latala and Oleszkiewicz 1994) bounds from the other side."""
    size = len(features)
    exact = 1.5 * float(np.linalg.norm(SIGNS[size] @ features, axis=1).mean()) / size
    bound = rademacher(1.5, float(np.square(features).sum()), size)
    assert exact <= bound * (1.0 + 1e-12)
    assert exact >= bound / math.sqrt(2.0) * (1.0 - 1e-12)


@pytest.mark.parametrize("delta", [0.05, 0.5])
def test_enumerated_samples_exceed_the_bound_no_more_often_than_delta(delta: float) -> None:
    """Loss ``(1 - y f(x))/2`` on a unit ball, features of norm 1: the largest gap over the ball is a norm.

    All 4^6 samples of a uniform law on four points; the loss is 1/2-Lipschitz, so the complexity counts half.
    """
    rng = np.random.default_rng(3)
    points = rng.standard_normal((4, 3))
    points /= np.linalg.norm(points, axis=1)[:, None]
    samples = 6
    drawn = np.array(list(itertools.product(range(4), repeat=samples)))
    gaps = 0.5 * np.linalg.norm(points.mean(axis=0) - points[drawn].mean(axis=1), axis=1)
    doubled = 2.0 * rademacher(0.5, float(samples), samples)
    assert gaps.mean() <= doubled
    level = math.sqrt(math.log(2.0 / delta) / (2.0 * samples))
    assert (gaps > doubled + 3.0 * level).mean() <= delta
    # McDiarmid's part alone: around its mean the gap does leave the deviation allowed to it, but seldom enough.
    assert (gaps > gaps.mean() + level).mean() <= delta / 2.0
    assert (gaps > gaps.mean()).mean() > delta / 2.0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((1.2, 1.0, 1.0, 10, 0.1), "train_risk"),
        ((0.1, -1.0, 1.0, 10, 0.1), "energy"),
        ((0.1, math.inf, 1.0, 10, 0.1), "energy"),
        ((0.1, 1.0, math.nan, 10, 0.1), "trace"),
        ((0.1, 1.0, 1.0, 0, 0.1), "samples"),
        ((0.1, 1.0, 1.0, 10, 1.0), "delta"),
    ],
)
def test_bad_input_is_named(arguments: tuple[float, float, float, int, float], name: str) -> None:
    for bound in (gen_bound, scaled_gen_bound):
        with pytest.raises(InputError, match=name):
            bound(*arguments)


def test_radii_beyond_the_range_of_floats_are_refused() -> None:
    with pytest.raises(InputError, match="ratio"):
        scaled_gen_bound(0.1, 1e308, 1.0, 10, 0.1, unit=1e100, ratio=1e300)
    assert scaled_gen_bound(0.1, 1e308, 1.0, 10, 0.1, unit=1e100).radius == pytest.approx(1e154, rel=1.0)


def test_units_and_ratios_are_checked_and_a_zero_predictor_has_a_level() -> None:
    with pytest.raises(InputError, match="unit"):
        scaled_gen_bound(0.1, 1.0, 1.0, 10, 0.1, unit=0.0)
    with pytest.raises(InputError, match="ratio"):
        scaled_gen_bound(0.1, 1.0, 1.0, 10, 0.1, ratio=1.0)
    zero = scaled_gen_bound(0.1, 0.0, 1.0, 10, 0.1)
    assert 0.0 < zero.total <= scaled_gen_bound(0.1, 1e-6, 1.0, 10, 0.1).total
    assert gen_bound(0.1, 0.0, 1.0, 10, 0.1).radius == 1.0


@pytest.mark.parametrize(("step", "factor"), [("shares", 2), ("three", Rational(2, 3)), ("level", 2)])
def test_a_wrong_constant_would_be_contradicted(step: str, factor: Rational) -> None:
    found = next(one for one in GEN.derive().steps if one.id == step)
    assert found.right is not None
    wrong = replace(found, right=found.right * factor, follows=())
    assert Derivation(id="w", title="w", steps=(wrong,)).run().results[0].evidence is Evidence.CONTRADICTED
