"""Approximation by ridge functions: targets that are refused, and pieces too few for their kinks."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from graphon_theory.errors import InputError
from graphon_theory.notation import x_1, x_2
from verification.approximation import interpolation
from verification.approximation.certify import certify
from verification.approximation.creases import difference
from verification.approximation.interpolation import interpolated, kinks
from verification.approximation.network import MaskedNetwork, RidgeSum
from verification.approximation.targets import SYMBOLS, Target

LINE = RidgeSum(np.ones((1, 1)), np.zeros(1), np.ones(1), 0.0, "relu")


def test_a_target_may_be_an_expression() -> None:
    found = Target.of(x_1 * x_2 + 1, 2)
    assert found(np.array([[0.5, -0.5]]))[0] == pytest.approx(0.75)


@pytest.mark.parametrize("wrong", [sympy.Symbol("z") + 1, x_2, sympy.true])
def test_a_target_is_a_function_of_its_coordinates(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"^formula = .* give a function of x_1 alone"):
        Target.of(wrong, 1)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ((x_1 + 2) ** sympy.pi, "a power with exponent"),
        (sympy.gamma(x_1 + 3), "no rule for"),
        (x_1**1000, "a power with exponent"),
        (1 / x_1, "finite"),
    ],
)
def test_what_cannot_be_enclosed_is_refused(expression: Any, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        Target.of(expression, 1)
    assert (caught.value.argument, caught.value.value) == ("formula", str(expression))


@pytest.mark.parametrize("exponent", [sympy.Rational(5, 2), sympy.Rational(4, 3), sympy.Rational(-1, 3)])
def test_broken_powers_are_enclosed(exponent: Any) -> None:
    target = Target.of((x_1 + 2) ** exponent, 1)
    for x in (-0.9, 0.0, 0.7):
        found = target.values(np.array([[x]]))
        assert float(found.low[0]) <= (x + 2) ** float(exponent) <= float(found.high[0])
        assert float(found.high[0] - found.low[0]) < 1e-12


def test_powers_of_e_are_exponentials() -> None:
    found = Target.of(sympy.Pow(sympy.E, x_1, evaluate=False), 1)
    assert found(np.array([[1.0]]))[0] == pytest.approx(np.e)


def test_creases_outside_of_the_cube_are_no_creases() -> None:
    (inside,) = Target.of(abs(x_1 - sympy.Rational(1, 2)) + abs(x_1 + 3), 1).creases()
    np.testing.assert_allclose(inside[0], [1.0])
    assert inside[1] == pytest.approx(-0.5)


@pytest.mark.parametrize(
    "crease", [abs(sympy.sin(x_1)), abs(x_1**2 - sympy.Rational(1, 2)), abs(sympy.sqrt(2) * x_1 - 1)]
)
def test_kinks_that_are_no_rational_line_stay_with_the_target(crease: Any) -> None:
    target = Target.of(crease, 1)
    found = difference(LINE, target)
    assert found.creases is None
    assert found.smooth == target
    split = difference(LINE, Target.of(crease + abs(x_1 - sympy.Rational(1, 2)), 1))
    assert split.creases is not None
    assert len(split.creases.outer) == 1


def _exact(units: RidgeSum | None, point: list[Fraction]) -> Fraction:
    """A ReLU network in rational arithmetic."""
    if units is None:
        return Fraction(0)
    total = Fraction(units.constant)
    for slopes, offset, outer in zip(units.slopes, units.offsets, units.outer, strict=True):
        z = sum((Fraction(w) * x for w, x in zip(slopes.tolist(), point, strict=True)), Fraction(offset))
        total += Fraction(outer) * max(z, Fraction(0))
    return total


def _value(target: Target, point: list[Fraction]) -> Fraction:
    found = target.expression.subs(
        {s: sympy.Rational(x.numerator, x.denominator) for s, x in zip(SYMBOLS[: len(point)], point, strict=True)}
    )
    return Fraction(int(found.p), int(found.q))


@pytest.mark.parametrize(
    ("formula", "lines"),
    [
        ("abs(x_1)", []),
        ("abs(x_1 - x_2/3 + 1/7)/3 + x_1*x_2", [(1, -1 / 3, 1 / 7)]),
        ("min(x_1, 1/3) - 2*max(x_2/10, x_1/7)/9", [(1, 0, -1 / 3), (1 / 7, -0.1, 0)]),
    ],
)
@pytest.mark.parametrize("scales", [None, (), (1.0,), (0.3,), (1.1, 1 / 3, 7.7, 1e3)])
@pytest.mark.parametrize("nudge", [0.0, 3e-14])
def test_slack_is_no_less_than_what_moving_kinks_changes(
    formula: str, lines: list[tuple[float, ...]], scales: tuple[float, ...] | None, nudge: float
) -> None:
    """``f - g`` before and after in rational arithmetic: units on a crease up to rounding, and one off all creases."""
    target = Target.of(formula, 2)
    on = [np.array(line) * scale for line in lines for scale in scales or ()]
    on = [np.add(row, [nudge * np.abs(row).sum(), 0.0, 0.0]) for row in on]
    rows = np.array([*on, [0.5, 0.25, 0.125]])
    outer = np.array([*np.linspace(1.7, 2.3, len(on)), 0.9])
    units = RidgeSum(rows[:, :2], rows[:, 2], outer, 0.3, "tanh" if scales is None else "relu")
    moved = difference(units, target)
    assert moved.creases is not None
    np.testing.assert_array_equal(moved.units.slopes, rows[-1:, :2])
    # Of tanh no unit is moved, and the network drops out.
    before, after = (None, None) if scales is None else (units, moved.units)
    points = [[Fraction(a, 7), Fraction(b, 5)] for a in (-7, -2, 3, 7) for b in (-5, -1, 2, 5)]
    changes = [
        _exact(before, at)
        - _value(target, at)
        - (_exact(after, at) + _exact(moved.creases, at) - _value(moved.smooth, at))
        for at in points
    ]
    assert max(map(abs, changes)) <= moved.slack < 1e-8


def test_the_centres_of_the_boxes_with_the_largest_bounds_raise_the_lower_bound() -> None:
    """A spike at the centre of one of 512 boxes, and far from the grid that the search starts from."""
    spike = Target.of("exp(-10**4 * ((x_1 - 5/8)**2 + (x_2 - 7/8)**2 + (x_3 - 3/8)**2))", 3)
    nothing = RidgeSum(np.zeros((1, 3)), np.zeros(1), np.ones(1), 0.0, "tanh")
    found = certify(nothing, spike, most_boxes=1)
    assert found.at == (0.625, 0.875, 0.375)
    assert 1.0 - 1e-9 < found.lower <= 1.0 <= found.upper


def test_more_kinks_than_can_be_told_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target.of(abs(x_1 - sympy.Rational(1, 3)) + abs(x_1 + sympy.Rational(1, 4)), 1)
    np.testing.assert_allclose(kinks(target), [-0.25, 1 / 3], atol=1e-9)
    monkeypatch.setattr(interpolation, "_MOST_KINKS", 1)
    assert len(kinks(target)) == 0


@pytest.mark.parametrize("pieces", [1, 2, 3, 8])
def test_any_number_of_pieces_interpolates(pieces: int) -> None:
    """With fewer pieces than stretches between kinks the kinks are passed over; with enough they are met."""
    target = Target.of(abs(x_1 - sympy.Rational(1, 3)) + abs(x_1 + sympy.Rational(1, 4)), 1)
    units = interpolated(target, pieces)
    assert len(units.outer) == pieces
    points = np.linspace(-1.0, 1.0, 41)[:, None]
    worst = float(np.abs(units(points) - target(points)).max())
    # Half of the oscillation, from 7/12 to 25/12, is the error of the best constant.
    assert worst < 1e-6 if pieces >= 3 else 0.01 < worst < 0.75


@pytest.mark.parametrize(
    ("sizes", "pieces"), [((1.0, 1e-9, 1e-9), 3), ((5.0, 1.0, 1.0, 1.0), 5), ((1.0, 2.0, 3.0), 17), ((1e-3, 1.0), 2)]
)
def test_pieces_are_shared_out_whole_and_none_goes_without(sizes: tuple[float, ...], pieces: int) -> None:
    found = interpolation._shared(np.array(sizes), pieces)
    assert sum(found) == pieces
    assert min(found) >= 1


@pytest.mark.parametrize("constant", [np.inf, np.nan])
def test_a_sum_of_ridges_has_a_finite_constant(constant: float) -> None:
    with pytest.raises(InputError, match="constant"):
        RidgeSum(np.ones((1, 1)), np.zeros(1), np.ones(1), constant, "relu")


def test_a_masked_network_has_the_shapes_and_the_zeros_of_its_mask() -> None:
    kept = np.array([[True, False], [True, True]])
    weight, bias, outer = np.where(kept, 0.5, 0.0), np.zeros(2), np.ones(2)
    for wrong in ((weight[:1], bias, outer), (weight, bias[:1], outer), (weight, bias, outer[:1])):
        with pytest.raises(InputError, match="as the mask has"):
            MaskedNetwork(kept, *wrong, 0.0, "relu")
    MaskedNetwork(kept, weight, bias, outer, 0.0, "relu").require_masked()
    with pytest.raises(InputError, match="off the mask"):
        MaskedNetwork(kept, np.ones((2, 2)), bias, outer, 0.0, "relu")
    with pytest.raises(InputError, match="inf or NaN"):
        MaskedNetwork(kept, weight, np.array([np.inf, 0.0]), outer, 0.0, "relu")
