"""Enclosures where little holds: edges of domains, cases, uncertain numbers, infinite sides, huge and tiny values."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath
import pytest
import sympy
from sympy import (
    And,
    DiracDelta,
    Eq,
    Heaviside,
    Integer,
    Ne,
    Not,
    Or,
    Piecewise,
    Rational,
    Symbol,
    acos,
    asin,
    cosh,
    erfcinv,
    erfinv,
    exp,
    gamma,
    log,
    loggamma,
    oo,
    pi,
    sin,
    sinh,
    tan,
)

from graphon_theory.enclosures import EnclosureError, Interval, decide, enclose, enclose_root, examine, integrate
from graphon_theory.enclosures.interval import exact
from graphon_theory.errors import InputError

x, y = Symbol("x", real=True), Symbol("y", real=True)
u, p = Symbol("u", nonnegative=True), Symbol("p", positive=True)
m = Symbol("m", nonpositive=True)
n = Symbol("n", integer=True, positive=True)

HALF = Rational(1, 2)


IMAGES: list[tuple[sympy.Expr, tuple[Any, Any], Any, Any]] = [
    (erfinv(x), (-0.5, 0.75), mpmath.erfinv(-0.5), mpmath.erfinv(0.75)),
    (erfcinv(x), (0.5, 1.5), mpmath.erfinv(-0.5), mpmath.erfinv(0.5)),
    (asin(x), (-1, 0.5), -mpmath.pi / 2, mpmath.asin(0.5)),
    (acos(x), (-0.5, 1), 0, mpmath.acos(-0.5)),
    (tan(x), (-1, 1.5), mpmath.tan(-1), mpmath.tan(1.5)),
    (sinh(x), (-2, 1), mpmath.sinh(-2), mpmath.sinh(1)),
    (cosh(x), (-2, 1), 1, mpmath.cosh(2)),
    (sin(x), (1, 2), mpmath.sin(1), 1),
    (sin(x), (4, 12), -1, 1),
    (log(x), (0.5, 3), mpmath.log(0.5), mpmath.log(3)),
]


@pytest.mark.parametrize(("expression", "ends", "low", "high"), IMAGES, ids=str)
def test_images_of_intervals_are_as_wide_as_the_function(
    expression: sympy.Expr, ends: tuple[Any, Any], low: Any, high: Any
) -> None:
    """The extremes are known, from mpmath: the enclosure holds them and little more."""
    found = enclose(expression, {x: Interval.of(*ends)})
    assert float(found.low) == pytest.approx(float(low), abs=1e-12)
    assert float(found.high) == pytest.approx(float(high), abs=1e-12)
    assert float(found.low) <= float(low) + 1e-15
    assert float(found.high) >= float(high) - 1e-15


@pytest.mark.parametrize(
    ("expression", "ends"),
    [
        (log(x), (-2, -1)),
        (log(x), (-1, 1)),
        (log(x), (0, 1)),
        (asin(x), (2, 3)),
        (acos(x), (-3, -2)),
        (erfinv(x), (0, 1)),
        (erfinv(x), (0, 2)),
        (tan(x), (1, 2)),
        (gamma(x), (-1.5, 0.5)),
        (1 / x, (-1, 1)),
    ],
    ids=str,
)
def test_no_interval_where_the_function_is_unbounded_or_undefined(
    expression: sympy.Expr, ends: tuple[Any, Any]
) -> None:
    with pytest.raises(EnclosureError):
        enclose(expression, {x: Interval.of(*ends)})


def test_powers_with_an_uncertain_exponent() -> None:
    assert enclose(u**y, {u: 0, y: Rational(1, 3)}) == Interval.of(0)
    found = enclose(u**y, {u: Interval.of(0, 1), y: Interval.of(HALF, 2)})
    assert (found.low, found.high) == (0, 1)
    found = enclose(u**y, {u: Interval.of(0), y: Interval.of(HALF, 2)})
    assert (found.low, found.high) == (0, 0)
    found = enclose(p**y, {p: Interval.of(2, 3), y: Interval.of(1, 2)})
    assert (float(found.low), float(found.high)) == pytest.approx((2.0, 9.0))
    with pytest.raises(EnclosureError):
        enclose(x**y, {x: Interval.of(-1, 1), y: Interval.of(1, 2)})
    # A root of a degree beyond those taken directly goes through the logarithm.
    root = enclose(p ** Rational(1, 2003), {p: 5})
    assert root.low**2003 <= 5 <= root.high**2003
    assert root.digits >= 15


def test_gamma_functions_on_the_positive_axis() -> None:
    assert decide(gamma(p) - Rational(7, 8), ">", {p: (HALF, 3)}) is True  # least value 0.8856
    assert decide(gamma(p) - Rational(9, 10), ">", {p: (HALF, 3)}) is False
    found = enclose(loggamma(p), {p: Interval.of(3, 4)})
    assert found.low <= Fraction(math.log(2)) <= Fraction(math.log(6)) <= found.high


def _cases(point: Fraction) -> int:
    if 0 < point < 1:
        return 1
    if point < -1 or point >= 3:
        return 2
    if point != 2 and not point <= 1:
        return 3
    return 4 if point == 2 else 5


def test_cases_are_those_of_python() -> None:
    """And, Or, Not, Eq, Ne and both kinds of each comparison, at and around every edge."""
    nested = Piecewise(
        (1, And(x > 0, x < 1)),
        (2, Or(x < -1, x >= 3)),
        (3, And(Ne(x, 2), Not(x <= 1, evaluate=False))),
        (4, Eq(x, 2)),
        (5, True),
    )
    edges = [Fraction(k) for k in (-2, -1, 0, 1, 2, 3)]
    for point in [*edges, *(edge + Fraction(1, 7) for edge in edges)]:
        assert enclose(nested, {x: point}) == Interval.of(_cases(point)), point


def test_conditions_that_say_nothing_and_that_are_no_conditions() -> None:
    always = Piecewise((x, sympy.true), evaluate=False)
    assert enclose(always, {x: 3}) == Interval.of(3)
    never = Piecewise(
        (1, Or(And(x > 1, sympy.false, evaluate=False), x > 2, evaluate=False)), (x, True), evaluate=False
    )
    assert enclose(never, {x: 1.5}) == Interval.of(1.5)
    with pytest.raises(EnclosureError, match="no enclosure for the condition"):
        enclose(Piecewise((1, sympy.Contains(x, sympy.S.Integers)), (0, True)), {x: HALF})
    with pytest.raises(EnclosureError, match="DiracDelta"):
        enclose(DiracDelta(x), {x: 1})
    with pytest.raises(EnclosureError, match="Infinity"):
        enclose(sympy.Add(x, oo, evaluate=False), {x: 1})
    # No piece fits: undefined, and not zero.
    with pytest.raises(EnclosureError):
        enclose(Piecewise((1, x > 0)), {x: -1})


def test_steps_and_constants() -> None:
    assert enclose(Heaviside(x, HALF), {x: 0}) == Interval.of(HALF)
    assert [enclose(sympy.sign(x), {x: point}) for point in (-3, 0, 2)] == [Interval.of(k) for k in (-1, 0, 1)]
    assert float(enclose(sympy.EulerGamma).midpoint) == pytest.approx(float(mpmath.euler), rel=1e-15)


def test_values_beyond_all_sizes_are_rounded_outward_or_refused() -> None:
    tiny = enclose(exp(-(x**2)), {x: 1000})
    assert 0 <= tiny.low <= tiny.high
    assert 0 < tiny.high < Fraction(1, 10**1000)
    negative = enclose(-exp(-(x**2)), {x: 1000})
    assert -Fraction(1, 10**1000) < negative.low < 0 <= negative.high
    with pytest.raises(EnclosureError, match="exceeds"):
        enclose(exp(x**2), {x: 1000})


def test_substitutes_are_held_to_the_symbols_assumptions() -> None:
    assert enclose(x**2, {x: sympy.sqrt(2)}).contains(2)
    with pytest.raises(InputError, match="u is assumed non-negative"):
        enclose(u, {u: -pi})
    with pytest.raises(InputError, match="m is assumed not to be positive"):
        enclose(m, {m: 1})
    with pytest.raises(InputError, match="assumed not to be real"):
        enclose(Symbol("z", imaginary=True) ** 2, {Symbol("z", imaginary=True): 1})
    for bad in ("text", x + 1, None, True):
        with pytest.raises(InputError, match=r"substitutions\[x\] = .*: give"):
            enclose(x, {x: bad})
    with pytest.raises(InputError, match=r"substitutions = \['y'\]: give each of these symbols a value"):
        enclose(x + y, {x: 1})
    for digits in (0, 10_001, True, 2.0):
        with pytest.raises(InputError, match="digits"):
            enclose(x, {x: 1}, digits=digits)  # type: ignore[arg-type]


def test_numbers_are_read_exactly_or_refused() -> None:
    assert exact(mpmath.mpf("-0.375")) == Fraction(-3, 8)
    for bad in (mpmath.inf, mpmath.nan, math.inf, "1/0", "one", True, pi, None):
        with pytest.raises(InputError, match=r"end = .*: give a finite rational number"):
            exact(bad, "end")  # type: ignore[arg-type]
    assert str(Interval.of(10**30, 2 * 10**30)) == "[1.0E+30, 2.0E+30]"
    assert str(Interval.of(HALF)) == "[0.5, 0.5]"
    assert str(Interval.of(0)) == "[0, 0]"
    assert str(Interval.of(0, Fraction(1, 3))) == "[0, 0.34]"
    assert 1 - Interval.of(2, 3) == Interval.of(-2, -1)
    assert 2 + 3 * Interval.of(-1, 1) == Interval.of(-1, 5)


def test_integrals_say_what_is_wrong_with_their_effort_and_their_ends() -> None:
    with pytest.raises(InputError, match=r"digits = .*: give at most"):
        integrate(x, (x, 0, 1), digits=5000)
    for cells in (0, True, 1.5):
        with pytest.raises(InputError, match=r"cells = .*: give a whole number of cells"):
            integrate(x, (x, 0, 1), cells=cells)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="give ends that differ by more than their own accuracy"):
        integrate(x, (x, pi, pi + Rational(1, 10**300)))
    with pytest.raises(InputError, match="name another symbol"):
        integrate(x, (x, 0, 1), (x, 0, 1))
    assert integrate(x, (x, 1, 1)) == Interval.of(0)
    assert integrate(2 * x, (x, 1, 0)).contains(-1)


def test_boxes_with_irrational_and_infinite_ends_and_of_integers() -> None:
    assert decide(sin(x), ">=", {x: (0, pi / 2)}) is True
    assert decide(exp(-(x**2)) - 2, "<", {x: (-oo, oo)}) is True
    assert decide(x - 10, "<", {x: (0, oo)}) is False
    assert decide(m + 10, ">", {m: (-oo, 0)}) is False
    assert decide(exp(m) - HALF, "<", {m: (-oo, -1)}) is True
    assert decide((n - Rational(3, 2)) ** 2, ">", {n: (1, 40)}) is True  # its zero is no whole number
    assert decide((x - Rational(3, 2)) ** 2, ">", {x: (1, 40)}) is not True
    # No whole number in the box: true of all of them.
    assert decide(n - 100, ">", {n: (Rational(1, 3), Rational(2, 3))}) is True
    with pytest.raises(InputError, match="u is assumed non-negative"):
        decide(u, ">=", {u: (-oo, 1)})
    with pytest.raises(InputError, match=r"box\[x\] = .*: give numbers or infinities"):
        decide(x, ">=", {x: (y, 1)})
    with pytest.raises(InputError, match=r"box\[x\] = .*: give the lower end first"):
        decide(x, ">=", {x: (oo, oo)})
    with pytest.raises(InputError, match=r"relation = '=='"):
        decide(x, "==", {x: (0, 1)})  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"box = \['y'\]"):
        decide(x + y, ">", {x: (0, 1)})


def test_decisions_without_symbols_and_at_a_single_point() -> None:
    assert [decide(Integer(0), relation, {}) for relation in (">=", ">", "<=", "<")] == [True, False, True, False]  # type: ignore[arg-type]
    assert decide(pi - 3, ">", {}) is True
    touched = examine(x - 1, ">", {x: (1, 1)})
    assert touched.verdict is False
    # An equality that no number of digits decides stays open at the only point there is.
    assert decide(sin(x) ** 2 + sympy.cos(x) ** 2 - 1, ">=", {x: (1, 1)}) is None


def test_slopes_that_cannot_be_compiled_cost_only_effort() -> None:
    jump = x**2 - x + Rational(3, 10) + Heaviside(x - HALF, 0) * (x - HALF)
    assert decide(jump, ">", {x: (0, 1)}) is True
    assert decide(jump - Rational(1, 10), ">", {x: (0, 1)}) is False


def test_roots_on_the_bracket_and_those_met_exactly() -> None:
    for bracket in ((0, HALF), (HALF, 2)):
        found = enclose_root(x - HALF, bracket)
        assert found.interval == Interval.of(HALF)
        assert found.reached
    met = enclose_root(lambda point: Interval.of(point - Fraction(1, 2)), (0, 1))
    assert met.interval == Interval.of(HALF)
    with pytest.raises(InputError, match=r"bracket = .*: give two different ends"):
        enclose_root(x, (1, 1))
    with pytest.raises(InputError, match=r"function = .*: give an expression in exactly one symbol"):
        enclose_root(x + y, (0, 1))
    with pytest.raises(InputError, match="u is assumed non-negative"):
        enclose_root(u - HALF, (-1, 1))


def test_a_root_at_the_flat_end_of_a_steep_function_is_bracketed() -> None:
    """Secants stay at one end: bisections have to step in, and the bracket stays proved."""
    found = enclose_root(x**25 - Rational(1, 2), (0, 3), digits=12)
    truth = 0.5 ** (1 / 25)
    assert found.reached
    assert float(found.interval.low) <= truth <= float(found.interval.high) + 1e-15
    assert found.interval.width <= 1e-12 * truth
