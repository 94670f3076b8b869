"""Certificates: never below what sampling finds, also on hostile networks; and tight."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import sys
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory.enclosures import enclose
from verification.approximation import RidgeSum, Target, certify, fibre_floor, fitted_units, interpolating_units, target
from verification.approximation.certify import box_bounds
from verification.approximation.creases import difference
from verification.approximation.models import Model, model_of, rounding_margin
from verification.approximation.targets import SYMBOLS
from verification.names import TARGETS

Array = npt.NDArray[np.float64]

certify_module = sys.modules["verification.approximation.certify"]


def _hostile(k: int, count: int, activation: str, seed: int, scale: float) -> RidgeSum:
    """Random weights of very different sizes, kinks anywhere, some units dead, repeated or constant."""
    rng = np.random.default_rng(seed)
    slopes = rng.normal(size=(count, k)) * scale ** rng.uniform(-1.0, 1.0, (count, 1))
    offsets = rng.uniform(-1.0, 1.0, count) * np.abs(slopes).sum(axis=1) * rng.choice([0.0, 1.0, 1.5], count)
    slopes[rng.random(count) < 0.1] = 0.0
    outer = rng.normal(size=count) * scale ** rng.uniform(-1.0, 1.0, count)
    return RidgeSum(slopes, offsets, outer, float(rng.normal()), activation)


def _dense(units: RidgeSum, goal: Target, count: int, seed: int) -> float:
    points = np.random.default_rng(seed).uniform(-1.0, 1.0, (count, units.coordinates))
    corners = np.array(list(itertools.product((-1.0, 1.0), repeat=units.coordinates)))
    points = np.concatenate([points, corners])
    return float(np.abs(units(points) - goal(points)).max())


@settings(max_examples=40, deadline=None)
@given(
    k=st.integers(1, 3),
    count=st.integers(1, 30),
    activation=st.sampled_from(["relu", "tanh"]),
    name=st.sampled_from(TARGETS),
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([1.0, 3.0, 20.0]),
    most_boxes=st.sampled_from([1, 2000, 10_000]),
)
def test_no_sample_exceeds_the_upper_bound_and_the_lower_bound_is_attained(
    k: int, count: int, activation: str, name: str, seed: int, scale: float, most_boxes: int
) -> None:
    goal, units = target(name, k), _hostile(k, count, activation, seed, scale)
    found = certify(units, goal, tightness=1.05, most_boxes=most_boxes)
    assert 0.0 <= found.lower <= found.upper
    assert _dense(units, goal, 4000, seed) <= found.upper
    at = np.array([found.at])
    assert np.abs(at).max() <= 1.0
    assert float(np.abs(units(at) - goal(at))[0]) >= found.lower
    if found.boxes < most_boxes // 3 and found.upper > 100.0 * found.margin:
        assert found.ratio <= 1.05


def _exact(units: RidgeSum, points: Array) -> list[Fraction]:
    values = []
    for row in points:
        total = Fraction(units.constant)
        for slope, offset, outer in zip(units.slopes, units.offsets, units.outer, strict=True):
            z = Fraction(float(offset)) + sum(
                Fraction(float(w)) * Fraction(float(x)) for w, x in zip(slope, row, strict=True)
            )
            total += Fraction(float(outer)) * max(z, Fraction(0))
        values.append(total)
    return values


@pytest.mark.parametrize("seed", range(4))
def test_the_margin_covers_the_rounding_of_the_network(seed: int) -> None:
    """Against exact rational arithmetic (ReLU) and Arb (tanh), with cancelling weights."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1.0, 1.0, (6, 2))
    relu = _hostile(2, 40, "relu", seed, 1e3)
    worst = max(
        abs(Fraction(float(value)) - truth) for value, truth in zip(relu(points), _exact(relu, points), strict=True)
    )
    assert worst <= Fraction(rounding_margin(relu))
    tanh = _hostile(2, 12, "tanh", seed, 100.0)
    expression = sympy.Float(tanh.constant, 20)
    for slope, offset, outer in zip(tanh.slopes, tanh.offsets, tanh.outer, strict=True):
        z = sum(
            (sympy.Rational(*float(w).as_integer_ratio()) * x for w, x in zip(slope, SYMBOLS, strict=False)),
            sympy.Rational(*float(offset).as_integer_ratio()),
        )
        expression += sympy.Rational(*float(outer).as_integer_ratio()) * sympy.tanh(z)
    for point, value in zip(points[:2], tanh(points[:2]), strict=True):
        truth = enclose(expression, dict(zip(SYMBOLS, point.tolist(), strict=False)), digits=30)
        assert abs(Fraction(float(value)) - truth.midpoint) <= Fraction(rounding_margin(tanh))


@pytest.mark.parametrize("name", ["smooth", "piecewise", "oscillating"])
@pytest.mark.parametrize("seed", [0, 1])
def test_relu_in_one_variable_against_enumeration_of_its_pieces(name: str, seed: int) -> None:
    """The extrema of f - g lie at breakpoints, kinks, ends and where g' equals the piece's slope."""
    goal, units = target(name, 1), _hostile(1, 12, "relu", seed, 3.0)
    x = SYMBOLS[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        breaks = -units.offsets / units.slopes[:, 0]
    ends = np.unique(np.concatenate([breaks[np.abs(breaks) < 1.0], [-1.0, 1.0, 1.0 / 3.0]]))
    candidates = list(ends)
    slope = sympy.lambdify(x, sympy.diff(goal.expression.rewrite(sympy.Piecewise), x), "numpy")
    for a, b in itertools.pairwise(ends):
        own = float(np.subtract(*units(np.array([[b - (b - a) / 4], [a + (b - a) / 4]])))) / ((b - a) / 2)
        grid = np.linspace(a, b, 4002)[1:-1]
        signs = np.sign(slope(grid) - own)
        for i in np.flatnonzero(signs[:-1] * signs[1:] <= 0):
            low, high = float(grid[i]), float(grid[i + 1])
            for _ in range(60):
                middle = 0.5 * (low + high)
                if (slope(middle) - own) * signs[i] > 0:
                    low = middle
                else:
                    high = middle
            candidates.append(low)
    truth = float(np.abs(units(np.array(candidates)[:, None]) - goal(np.array(candidates)[:, None])).max())
    found = certify(units, goal, tightness=1.0 + 1e-6)
    assert found.lower <= truth * (1 + 1e-12)
    assert found.upper >= truth * (1 - 1e-12)
    assert found.ratio <= 1.0 + 1e-6


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("k", [1, 2])
def test_the_order_of_units_does_not_matter(k: int, activation: str) -> None:
    goal, units = target("barron", k), _hostile(k, 20, activation, 3, 3.0)
    order = np.random.default_rng(0).permutation(20)
    other = RidgeSum(units.slopes[order], units.offsets[order], units.outer[order], units.constant, activation)
    first, second = certify(units, goal), certify(other, goal)
    # Sums in another order differ by rounding, which may settle a box or not.
    assert second.upper == pytest.approx(first.upper, rel=1e-6)
    assert second.lower == pytest.approx(first.lower, rel=1e-6)


def test_a_narrow_spike_between_the_samples_is_found() -> None:
    zero = Target.of("0 * x_1 + 0", 2)
    width, place = 1e-5, 0.123456
    slopes = np.array([[1.0, 0.3]] * 3) / width
    offsets = -(place + np.array([-width, 0.0, width])) / width
    units = RidgeSum(slopes, offsets, np.array([1.0, -2.0, 1.0]), 0.0, "relu")
    few = certify(units, zero, most_boxes=2000)
    assert few.upper >= 1.0
    assert few.lower < 0.5
    sharp = Target.of("exp(-10**6 * (x_1 - 0.1234)**2)", 1)
    flat = RidgeSum(np.zeros((1, 1)), np.zeros(1), np.ones(1), 0.0, "relu")
    assert certify(flat, sharp).upper >= 1.0


def test_a_represented_target_ends_at_the_rounding() -> None:
    goal = Target.of("max(x_1 + x_2, 0) - 2 * max(x_1 - x_2/2, 0)", 2)
    exact = RidgeSum(np.array([[1.0, 1.0], [1.0, -0.5]]), np.zeros(2), np.array([1.0, -2.0]), 0.0, "relu")
    found = certify(exact, goal)
    assert found.lower == 0.0
    assert found.ratio == math.inf
    assert found.margin <= found.upper < 1e-10


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize(
    "formula", ["abs(x_1 - x_2/3 + 1/7)/3 + x_1*x_2", "min(x_1, 1/3) - 2*max(x_2, x_1**2) + abs(x_2)"]
)
def test_moving_kinks_to_the_network_changes_nothing(formula: str, activation: str) -> None:
    goal = Target.of(formula, 2)
    units = fitted_units(12, goal, activation=activation)
    moved = difference(units, goal)
    assert moved.creases is not None
    assert (len(moved.units.outer) < 12) == (activation == "relu")
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (500, 2))
    before = units(points) - goal(points)
    after = moved.units(points) + moved.creases(points) - moved.smooth(points)
    allowed = moved.slack + 3.0 * rounding_margin(units) + 1e-13
    assert np.abs(before - after).max() <= allowed < 1e-8
    # Terms that are no affine kink stay where they are.
    assert moved.smooth.expression.has(sympy.Max) == ("x_1**2" in formula)


def test_a_unit_that_nearly_lies_on_a_crease_is_not_taken_for_one_that_does() -> None:
    goal = Target.of("abs(x_1)", 1)
    near = RidgeSum(np.ones((1, 1)), np.array([1e-6]), np.array([2.0]), 0.0, "relu")
    assert len(difference(near, goal).units.outer) == 1
    opposite = RidgeSum(-np.ones((1, 1)), np.zeros(1), np.array([2.0]), 0.0, "relu")
    assert len(difference(opposite, goal).units.outer) == 1
    assert certify(opposite, goal, tightness=1.0001).upper == pytest.approx(1.0, rel=1e-3)


def _boxes(k: int, seed: int, half: float) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    centre = rng.uniform(-0.9, 0.9, (40, k))
    r = half * rng.uniform(0.3, 1.0, (40, k))
    return np.maximum(centre - r, -1.0), np.minimum(centre + r, 1.0)


@functools.cache
def _trials() -> list[tuple[RidgeSum, Target, Array, Array, Array, Array]]:
    """Networks, targets and boxes of several sizes; points of every box with their true errors."""
    trials = []
    cases = itertools.product(("relu", "tanh"), (1, 2, 3), ("piecewise", "oscillating"), (0.3, 0.03))
    for seed, (activation, k, name, half) in enumerate(cases):
        goal = target(name, k)
        for units in (_hostile(k, 8, activation, seed, 3.0), fitted_units(12, goal, activation=activation)):
            low, high = _boxes(k, seed, half)
            # Where errors are largest: corners as well as the inside.
            shares = np.random.default_rng(seed).random((16, 1, k))
            shares[:8] = np.round(shares[:8])
            points = (low + (high - low) * shares).reshape(-1, k)
            errors = np.abs(units(points) - goal(points)).reshape(16, -1)
            trials.append((units, goal, low, high, points, errors))
    return trials


def _worst_violation() -> float:
    """How far samples exceed the bounds of their boxes."""
    return max(float((errors - box_bounds(*case)).max()) for *case, _, errors in _trials())


def test_every_box_is_bounded() -> None:
    assert _worst_violation() <= 0.0


@pytest.mark.parametrize("part", ["H", "p", "Q", "C", "F", "target"])
def test_a_bound_with_a_part_left_out_is_caught(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoiled(units: RidgeSum) -> Callable[[Array, Array], Model]:
        right = model_of(units)

        def model(c: Array, r: Array) -> Model:
            found = right(c, r)
            old = getattr(found, part)
            return found if old is None else dataclasses.replace(found, **{part: np.zeros_like(old)})

        return model

    if part == "target":
        plain = certify_module._form
        monkeypatch.setattr(certify_module, "_form", lambda own, goal, monomial: plain(own, None, monomial))
    else:
        monkeypatch.setattr(certify_module, "model_of", spoiled)
    assert _worst_violation() > 0.0


@pytest.mark.parametrize(
    ("formula", "k", "inactive", "floor"),
    [
        ("x_1", 1, [0], 1.0),
        ("x_1**2", 1, [0], 0.5),
        ("x_1 + abs(x_2)/4", 2, [1], 0.125),
        ("x_1 * x_2", 2, [0], 1.0),
        ("sin(pi*x_1/2) + x_2*x_3", 3, [1, 2], 1.0),
        ("cos(2*x_1)*exp(x_2)", 2, [0], math.e * math.sin(1.0) ** 2),
    ],
)
def test_floors_of_closed_form(formula: str, k: int, inactive: list[int], floor: float) -> None:
    found = fibre_floor(Target.of(formula, k), inactive)
    assert found.lower <= floor * (1 + 1e-12)
    assert found.upper >= floor * (1 - 1e-12)
    assert found.lower >= floor * (1 - 1e-6)
    assert found.upper <= floor * 1.1
    seen = [j for j in range(k) if j not in inactive]
    assert [found.points[0][j] for j in seen] == [found.points[1][j] for j in seen]


@pytest.mark.parametrize("name", TARGETS)
def test_no_network_blind_to_a_coordinate_beats_the_floor(name: str) -> None:
    goal = target(name, 2)
    floor = fibre_floor(goal, [1])
    assert floor.lower <= floor.upper <= 1.05 * floor.lower
    # A network of x_1 alone, fitted to the middle of each fibre as well as grids allow.
    grid = np.linspace(-1.0, 1.0, 201)
    values = goal(np.stack(np.meshgrid(grid, grid, indexing="ij"), -1).reshape(-1, 2)).reshape(201, 201)
    best = np.interp(np.linspace(-1, 1, 51), grid, 0.5 * (values.max(axis=1) + values.min(axis=1)))
    units = interpolating_units(np.linspace(-1, 1, 51), best)
    blind = RidgeSum(np.column_stack([units.slopes, np.zeros(50)]), units.offsets, units.outer, units.constant, "relu")
    found = certify(blind, goal)
    assert found.upper >= floor.lower
    # The floor is attained in the limit: this network comes near.
    assert found.lower <= floor.upper * 1.05
