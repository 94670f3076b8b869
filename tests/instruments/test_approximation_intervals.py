"""Interval arithmetic on arrays against Arb, and jets against Arb and difference quotients."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory import notation
from graphon_theory.enclosures import Interval, enclose
from verification.approximation import intervals as iv
from verification.approximation.intervals import Intervals
from verification.approximation.jets import UnknownFunctionError, evaluate
from verification.approximation.targets import SYMBOLS, Target, target
from verification.names import TARGETS

x = notation.x_1
FUNCTIONS: dict[str, tuple[Callable[[Intervals], Intervals], sympy.Expr]] = {
    "exp": (iv.exp, sympy.exp(x)),
    "sin": (iv.sin, sympy.sin(x)),
    "cos": (iv.cos, sympy.cos(x)),
    "tanh": (iv.tanh, sympy.tanh(x)),
    "sqrt": (iv.sqrt, sympy.sqrt(x)),
    "log": (iv.log, sympy.log(x)),
    "reciprocal": (iv.reciprocal, 1 / x),
    "cube": (lambda a: iv.power(a, 3), x**3),
    "fourth power": (lambda a: iv.power(a, 4), x**4),
    "inverse square": (lambda a: iv.power(a, -2), x**-2),
}
NUMBERS = st.floats(-50.0, 50.0)
WIDTHS = st.sampled_from([0.0, 1e-12, 1e-3, 0.7, 5.0])
SHARES = st.floats(0.0, 1.0)


def _holds(found: Intervals, truth: Interval) -> None:
    """Hold the true value, which Arb knows to 20 digits or more: found and truth meet."""
    low, high = float(found.low), float(found.high)
    assert low == -math.inf or Fraction(low) <= truth.high
    assert high == math.inf or truth.low <= Fraction(high)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=40, deadline=None)
@given(start=NUMBERS, width=WIDTHS, share=SHARES)
def test_functions_hold_arbs_value_of_every_argument(name: str, start: float, width: float, share: float) -> None:
    function, expression = FUNCTIONS[name]
    end = start + width
    point = min(max(start + share * width, start), end)
    if (name in ("sqrt", "log") and start <= 0) or abs(point) < 1e-60:
        return
    found = function(Intervals(np.array(start), np.array(end)))
    truth = enclose(expression, {x: point}, digits=30)
    _holds(found, truth)
    if width == 0.0:
        assert float(found.high - found.low) <= 2e-14 * max(1.0, abs(float(truth.midpoint)))


@settings(max_examples=150, deadline=None)
@given(a=NUMBERS, b=NUMBERS, wa=WIDTHS, wb=WIDTHS, share=SHARES, other=SHARES)
def test_operations_hold_the_exact_result(a: float, b: float, wa: float, wb: float, share: float, other: float) -> None:
    A, B = Intervals(np.array(a), np.array(a + wa)), Intervals(np.array(b), np.array(b + wb))
    p, q = min(a + share * wa, a + wa), min(b + other * wb, b + wb)
    P, Q = Fraction(p), Fraction(q)
    for found, truth in ((A + B, P + Q), (A - B, P - Q), (A * B, P * Q), (iv.maximum(A, B), max(P, Q))):
        _holds(found, Interval(truth, truth))
    _holds(iv.absolute(A), Interval(abs(P), abs(P)))
    if Q:
        _holds(A / B, Interval(P / Q, P / Q))


def test_exact_sums_are_not_widened_and_others_are() -> None:
    half = Intervals.point(0.5) + Intervals.point(0.25)
    assert float(half.low) == float(half.high) == 0.75
    tenth = Intervals.point(0.1) + Intervals.point(0.2)
    assert Fraction(float(tenth.low)) < Fraction(0.1) + Fraction(0.2) <= Fraction(float(tenth.high))


def test_libraries_stay_within_the_stated_units() -> None:
    """The premise of ULPS, held against Arb at 400 points a function."""
    points = np.random.default_rng(0).uniform(-20.0, 20.0, 400)
    worst = {}
    for name, function in (("exp", np.exp), ("sin", np.sin), ("cos", np.cos), ("tanh", np.tanh)):
        values = function(points)
        truth = [enclose(FUNCTIONS[name][1], {x: float(p)}, digits=25).midpoint for p in points]
        worst[name] = max(
            abs(float(Fraction(float(v)) - t)) / float(np.spacing(abs(v))) for v, t in zip(values, truth, strict=True)
        )
    assert max(worst.values()) < 4.0, worst


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("name", TARGETS)
def test_jets_of_targets_hold_arbs_derivatives(name: str, k: int) -> None:
    goal = target(name, k)
    rng = np.random.default_rng(k)
    low = rng.uniform(-1.0, 0.8, (3, k))
    high = np.minimum(low + rng.choice([1e-6, 0.1, 0.5], (3, 1)), 1.0)
    inside = low + (high - low) * rng.random((3, k))
    gradient, hessian, value = goal.gradient(low, high), goal.hessian(low, high), goal.range(low, high)
    third = goal.third(low, high)
    pairs = [(j, m) for j in range(k) for m in range(j, k)]
    triples = [(i, j, m) for i in range(k) for j in range(i, k) for m in range(j, k)]
    # sign for the derivative of the modulus: Arb has no derivative of it.
    for row in range(3):
        at = dict(zip(SYMBOLS, inside[row].tolist(), strict=False))
        _holds(Intervals(value.low[row], value.high[row]), enclose(goal.expression, at, digits=20))
        if goal.expression.has(sympy.Abs, sympy.Max):
            continue
        for j in range(k):
            truth = enclose(sympy.diff(goal.expression, SYMBOLS[j]), at, digits=20)
            _holds(Intervals(gradient.low[row, j], gradient.high[row, j]), truth)
        for column, index in enumerate(pairs):
            truth = enclose(sympy.diff(goal.expression, *[SYMBOLS[j] for j in index]), at, digits=20)
            _holds(Intervals(hessian.low[row, column], hessian.high[row, column]), truth)
        assert third is not None
        for column, index in enumerate(triples[:4]):
            truth = enclose(sympy.diff(goal.expression, *[SYMBOLS[j] for j in index]), at, digits=20)
            _holds(Intervals(third.low[row, column], third.high[row, column]), truth)


RULES = [
    # Formulas in text have no tanh; expressions have.
    sympy.tanh(2 * notation.x_1 * notation.x_2 - sympy.Rational(1, 3)),
    "log(2 + x_1 + x_2/2)",
    "exp(x_2 - x_1**2)",
    "sin(3*x_1) / (2 + x_2)",
    "cos(x_1 + pi*x_2)",
    "sqrt(2 + x_1*x_2)",
    "(x_1/2 + 3/2)**(-5/2) * x_2",
    "(2 + x_1 - x_2/3)**(4/3)",
    "x_1**3 * x_2**2 - 7*x_2",
    "min(x_1, x_2**2, 1/3) - max(x_1/2, -x_2)",
]


@pytest.mark.parametrize("formula", RULES, ids=str)
@pytest.mark.parametrize("half", [0.0, 0.1])
def test_jets_of_every_rule_hold_arbs_derivatives_and_are_narrow_at_points(
    formula: str | sympy.Expr, half: float
) -> None:
    """Value, slopes and second derivatives, composed and in two variables, symbolically and then in Arb."""
    goal = Target.of(formula, 2)
    points = np.array([[-0.7, 0.3], [0.45, -0.6]])
    low, high = points - half, points + half
    smooth = not goal.expression.has(sympy.Min)
    indices = [(), (0,), (1,), (0, 0), (0, 1), (1, 1)] if smooth else [()]
    found = [goal.range(low, high)]
    if smooth:
        for part in (goal.gradient(low, high), goal.hessian(low, high)):
            found += [Intervals(part.low[:, j], part.high[:, j]) for j in range(part.low.shape[1])]
    for index, interval in zip(indices, found, strict=True):
        derivative = sympy.diff(goal.expression, *[SYMBOLS[j] for j in index]) if index else goal.expression
        for row, shift in itertools.product(range(2), (0.0, -half, 0.7 * half)):
            at = dict(zip(SYMBOLS, (points[row] + shift).tolist(), strict=False))
            truth = enclose(derivative, at, digits=20)
            _holds(Intervals(interval.low[row], interval.high[row]), truth)
            if not half:
                assert interval.high[row] - interval.low[row] <= 1e-12 * (1.0 + abs(float(truth.midpoint)))


@settings(max_examples=60, deadline=None)
@given(
    centre=st.floats(-0.9, 0.9), share=st.floats(0.0, 1.0), other=st.floats(0.0, 1.0), half=st.sampled_from([0.01, 0.1])
)
def test_slopes_of_kinked_formulas_bound_every_difference_quotient(
    centre: float, share: float, other: float, half: float
) -> None:
    goal = Target.of("abs(x_1 - 0.2) * (2 + x_1) + max(x_1**2, 0.3, -x_1) - min(x_1, 0.5)", 1)
    low, high = np.array([[centre - half]]), np.array([[centre + half]])
    p, q = centre - half + 2 * half * share, centre - half + 2 * half * other
    if abs(p - q) < 1e-6:
        return
    quotient = float(np.subtract(*goal(np.array([[p], [q]])))) / (p - q)
    slope = goal.gradient(low, high)
    assert slope.low[0, 0] - 1e-8 <= quotient <= slope.high[0, 0] + 1e-8


def test_a_kink_inside_unbinds_the_hessian_and_one_at_the_end_does_not() -> None:
    goal = Target.of("abs(x_1)", 1)
    across = goal.hessian(np.array([[-0.5]]), np.array([[0.5]]))
    assert across.low[0, 0] == -math.inf
    beside = goal.hessian(np.array([[0.0]]), np.array([[0.5]]))
    assert beside.magnitude[0, 0] == 0.0
    assert goal.gradient(np.array([[0.0]]), np.array([[0.5]])).low[0, 0] == 1.0
    at = goal.gradient(np.zeros((1, 1)), np.zeros((1, 1)))
    assert (at.low[0, 0], at.high[0, 0]) == (-1.0, 1.0)


def test_a_function_without_a_rule_is_refused() -> None:
    with pytest.raises(UnknownFunctionError):
        evaluate(sympy.gamma(x), (x,), np.zeros((1, 1)), np.ones((1, 1)), 0)
