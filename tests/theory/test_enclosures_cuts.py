"""Complex boxes at cuts and poles, and the ellipses of Gauss-Legendre rules: where a finite answer would be a lie."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import acb, arb
from sympy import Abs, Heaviside, Max, Min, Rational, Symbol, acos, asin, atan, gamma, log, loggamma, sqrt, tan, tanh

from graphon_theory.enclosures.evaluation import pose, precision
from graphon_theory.enclosures.legendre import bounding_box, error_bound, points_needed, upper_ellipse_cover

x = Symbol("x", real=True)
p = Symbol("p", positive=True)

RADIUS = 1 / 32
# A point of each cut, or a pole, away from the point at which the cut begins: there Arb answers with a finite box.
ACROSS = [
    (log(x), -1.0),
    (log(x), -0.25),
    (sqrt(x), -2.0),
    (sqrt(x), -0.25),
    (x ** Rational(1, 3), -2.0),
    (x ** Rational(-3, 2), -1.5),
    (x**x, -1.5),
    (asin(x), 1.5),
    (asin(x), -1.5),
    (acos(x), 1.5),
    (acos(x), -1.5),
    (atan(x), 1.5j),
    (atan(x), -1.5j),
    (1 / x, 0.0),
    (tan(x), math.pi / 2),
    (tanh(x), 0.5j * math.pi),
    (gamma(p), -1.0),
    (loggamma(p), -1.5),
    (Abs(x), 1j),
    (Max(x, 1), 1 + 2j),
    (Min(x, -1), -1 - 2j),
    (Heaviside(x), 2j),
]
CONTINUED = [pair for pair in ACROSS if not pair[0].has(Abs, Max, Min, Heaviside, gamma, loggamma)]


def _image(expression: sympy.Expr, centre: complex) -> acb:
    program = pose(expression, tuple(expression.free_symbols), None).complex()
    return program.at(acb(arb(centre.real, RADIUS), arb(centre.imag, RADIUS)))


@pytest.mark.parametrize(("expression", "point"), ACROSS, ids=str)
def test_a_box_that_meets_a_cut_or_a_pole_is_not_finite(expression: sympy.Expr, point: complex) -> None:
    for shift in (0.0, 0.025 + 0.025j, -0.025 - 0.025j):  # wherever in the box the cut is
        assert not _image(expression, point + shift).is_finite()


@pytest.mark.parametrize(("expression", "point"), CONTINUED, ids=str)
def test_a_box_beside_a_cut_or_a_pole_holds_the_principal_value(expression: sympy.Expr, point: complex) -> None:
    principal = sympy.lambdify(x, expression, "mpmath")
    for shift in (0.3 + 0.3j, -0.3 - 0.3j, -0.3 + 0.3j):
        centre = point + shift
        image = _image(expression, centre)
        assert image.is_finite()
        for corner in (0.0, RADIUS * (1 + 1j), RADIUS * (1 - 1j)):
            value = complex(principal(mpmath.mpmathify(centre + 0.99 * corner)))
            assert image.contains(acb(value.real, value.imag))


@pytest.mark.parametrize("point", [-0.75j, 0.75j])
def test_a_box_that_ends_at_a_branch_point_is_not_finite(point: complex) -> None:
    program = pose(atan(x), (x,), None).complex()
    assert not program.at(acb(arb(0, 0.25), arb(point.imag, 0.25))).is_finite()
    assert program.at(acb(arb(0, 0.25), arb(point.imag / 2, 0.25))).is_finite()


@pytest.mark.parametrize("size", [1.1, 1.5, 3.0, 18.0])
def test_covers_hold_the_upper_half_of_the_ellipse_and_little_more(size: float) -> None:
    """Points ``(r e^it + e^-it/r)/2`` of the ellipse, and those between them and the axis."""
    along, across = (size + 1 / size) / 2, (size - 1 / size) / 2
    cover, box = upper_ellipse_cover(size), bounding_box(size)
    for k in range(33):
        angle = math.pi * k / 32
        for share in (0.0, 0.5, 1.0 - 1e-12):
            point = acb((1.0 - 1e-12) * along * math.cos(angle), share * across * math.sin(angle))
            assert box.contains(point)
            assert any(part.contains(point) for part in cover)
    for part in (box, *cover):
        assert float(part.real.abs_upper()) <= along * (1 + 1e-6)
        assert float(part.imag.abs_upper()) <= across * (1 + 1e-6)
        assert float(part.imag.lower()) >= -across * 1e-6
    assert sum(float(part.real.rad()) * float(part.imag.rad()) for part in cover) < 0.9 * float(
        box.real.rad() * box.imag.rad()
    )


def test_the_error_bound_is_that_of_the_book() -> None:
    """``64 M/(15 (r^2 - 1) r^(2n - 2))``, Trefethen's Theorem 19.3 with n for n + 1, in fractions."""
    for points, size, modulus in ((3, Fraction(2), 1), (2, Fraction(3, 2), 7), (6, Fraction(5), 2)):
        exact = Fraction(64 * modulus, 15) / (size**2 - 1) / size ** (2 * points - 2)
        assert float(error_bound(points, float(size), arb(modulus))) == pytest.approx(float(exact), rel=1e-14)
    for points, size in ((1, 2.0), (3, 1.0)):
        with pytest.raises(ValueError, match="points >= 2 and size > 1"):
            error_bound(points, size, arb(1))


@pytest.mark.parametrize("size", [1.5, 2.0, 5.0, 18.0])
@pytest.mark.parametrize("modulus", [1e-3, 1.0, 1e6])
def test_no_shorter_rule_has_the_accuracy(size: float, modulus: float) -> None:
    for tolerance in (1e-3, 1e-17, 1e-60):
        points = points_needed(size, modulus, tolerance)
        assert float(error_bound(points, size, arb(modulus))) <= tolerance * (1 + 1e-6)
        if points > 2:
            assert float(error_bound(points - 1, size, arb(modulus))) > tolerance * (1 - 1e-6)
    assert points_needed(size, 0.0, 1e-9) == 2
    assert points_needed(size, math.inf, 1e-9) > 10**9


def test_a_program_on_a_grid_has_the_values_of_its_points() -> None:
    """Expressions of neither, of one and of both axes: row by row, the first axis being the row."""
    y, z = Symbol("y", real=True), Symbol("z", real=True)
    first, second = [arb(k) for k in (1, 2, 5)], [arb(k) / 4 for k in (3, 7)]
    for expression in (sympy.Integer(3), z**2, x**2, 2 * y, x + y, sqrt(x) * z + y**2 * x, Max(x, y * z)):
        with precision(80):
            program = pose(expression, (x, y), {z: Fraction(7, 2)}).real()
            expected = [float(program.at(a, b)) for a in first for b in second]
            assert [float(value) for value in program.on_grid(first, second)] == expected
            if y not in expression.free_symbols:
                rows = pose(expression, (x,), {z: Fraction(7, 2)}).real().on_grid(first)
                assert [float(value) for value in rows] == expected[::2]
        values = [sympy.lambdify((x, y, z), expression)(float(a), float(b), 3.5) for a in first for b in second]
        assert expected == pytest.approx([float(value) for value in values], rel=1e-14)
