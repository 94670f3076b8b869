"""Ranges are rounded outward, by one unit at most: their ends against fractions; and what a decision says of itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction

import mpmath
import pytest
from flint import arb
from sympy import Integer, Rational, Symbol, erfc, exp, oo, pi, sqrt

from graphon_theory.enclosures import Interval, decide, enclose, examine, integrate
from graphon_theory.enclosures.evaluation import precision
from graphon_theory.enclosures.range_algebra import (
    Behaviour,
    Range,
    add,
    mul,
    power,
    range_from_ends,
    reciprocal,
    root,
)
from graphon_theory.enclosures.ranges import RANGES
from graphon_theory.errors import InputError

x, u = Symbol("x", real=True), Symbol("u", nonnegative=True)

BITS = 60
ENDS = [Fraction(k) for k in (-49, -7, -3, 0, 3, 7, 49)] + [Fraction(1, 4), Fraction(3, 8), Fraction(-5, 16)]
PAIRS = sorted({tuple(sorted(pair)) for pair in itertools.product(ENDS, repeat=2)})


def exactly(end: arb) -> Fraction:
    mantissa, exponent = (int(part) for part in end.man_exp())
    return mantissa * Fraction(2) ** exponent


def holds(found: Range, low: Fraction | None, high: Fraction | None) -> None:
    """The range holds [low, high] and is wider by one unit in the last place at most; None is infinite."""
    for end, truth, outward in ((found.low, low, -1), (found.high, high, 1)):
        if truth is None:
            assert not end.is_finite()
            assert bool(end > 0) == (outward > 0)
            continue
        excess = outward * (exactly(end) - truth)
        assert 0 <= excess <= abs(truth) * Fraction(1, 2 ** (BITS - 2))


@pytest.mark.parametrize("exponent", [1, 2, 3, 5, -1, -2, -3])
def test_powers_and_reciprocals_are_rounded_outward(exponent: int) -> None:
    for low, high in PAIRS:
        with precision(BITS):
            found = power(range_from_ends(low, high), exponent)
        if exponent < 0 and low <= 0 <= high:
            assert found.behaviour == Behaviour.SINGULAR
            if low == high or (low < 0 < high and exponent % 2):
                holds(found, None, None)
            elif exponent % 2:
                holds(found, None if low < 0 else high**exponent, low**exponent if low < 0 else None)
            else:
                holds(found, max(abs(low), abs(high)) ** exponent, None)
            continue
        assert found.behaviour == Behaviour.CONTINUOUS
        values = [end**exponent for end in (low, high)] + ([Fraction(0)] if low <= 0 <= high else [])
        holds(found, min(values), max(values))


def test_roots_are_rounded_outward() -> None:
    for (low, high), index in itertools.product(PAIRS, (2, 3)):
        with precision(BITS):
            found = root(range_from_ends(low, high), index)
        if high < 0:
            assert found.behaviour == Behaviour.UNREAL
            continue
        assert found.behaviour == (Behaviour.UNREAL if low < 0 else Behaviour.CONTINUOUS)
        slack = Fraction(1, 2 ** (BITS - 4))
        assert high <= exactly(found.high) ** index <= high * (1 + slack)
        assert max(low, Fraction(0)) * (1 - slack) <= exactly(found.low) ** index <= max(low, Fraction(0))


@pytest.mark.parametrize("index", [2, 3, 4, 5, 200])
def test_roots_are_defined_at_zero(index: int) -> None:
    """And what is built on them: an end that is no number would pass for an infinite one."""
    radical = u ** Rational(1, index)
    assert enclose(radical, {u: 0}) == Interval.of(0)
    image = enclose(radical, {u: Interval.of(0, 2**index)})
    assert image.low == 0
    assert 2 <= image.high < 2 + Fraction(1, 10**15)
    assert decide(radical, ">=", {u: (0, 1)}) is True
    assert decide(exp(radical) - Rational(1, 2), ">", {u: (0, 1)}) is True
    assert decide(erfc(radical) - Rational(3, 2), "<", {u: (0, 1)}) is True
    found = integrate(radical, (u, 0, 1))
    assert found.low <= Fraction(index, index + 1) <= found.high
    assert found.width < 1e-12


def test_irrational_powers_are_integrated_from_zero_on() -> None:
    for exponent in (sqrt(2), pi / 10):
        found = integrate(u**exponent, (u, 0, 1), digits=8)
        truth = enclose(1 / (1 + exponent), digits=30)
        assert found.overlaps(truth)
        assert found.width < 1e-8


def test_an_end_that_is_no_number_bounds_nothing() -> None:
    nothing = Range(arb.nan(), arb.nan(), Behaviour.CONTINUOUS)
    for name in ("exp", "erf", "erfc", "atan", "sinh", "tanh", "log", "asin", "acos", "erfinv", "erfcinv", "gamma"):
        found = RANGES.functions[name](nothing)
        assert not found.is_finite, name
        assert not found.low > 0, name
        assert not found.high < 0, name


TRUTH: dict[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
    **{name: getattr(mpmath, name) for name in ("exp", "log", "erf", "erfc", "erfinv", "gamma", "loggamma")},
    **{name: getattr(mpmath, name) for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")},
    "erfcinv": lambda t: mpmath.erfinv(1 - t),
    "abs": abs,
}


@pytest.mark.parametrize("name", TRUTH)
def test_images_hold_the_values_at_the_ends_and_between(name: str) -> None:
    """Ends at which functions begin, turn or have a pole among them; what is undefined there is left out."""
    ends = [Fraction(k, 4) for k in (-12, -4, -3, -1, 0, 1, 2, 4, 5, 8, 13)]
    for low, high in itertools.combinations_with_replacement(ends, 2):
        with precision(BITS):
            found = RANGES.functions[name](range_from_ends(low, high))
        for share in (Fraction(0), Fraction(1, 3), Fraction(1)):
            point = low + share * (high - low)
            try:
                value = TRUTH[name](mpmath.mpf(point.numerator) / point.denominator)
            except (ValueError, ZeroDivisionError):
                continue
            if mpmath.im(value) or not mpmath.isfinite(value):
                assert found.behaviour >= Behaviour.SINGULAR
                continue
            slack = 1e-12 * max(1.0, abs(float(value)))
            assert float(found.low.lower()) - slack <= float(value) <= float(found.high.upper()) + slack


def test_sums_and_products_are_rounded_outward() -> None:
    for one, other in itertools.product([(third / 3, third) for third in ENDS if third > 0], PAIRS):
        with precision(BITS):
            first, second = range_from_ends(*one), range_from_ends(*other)
            found = mul(first, second), add(first, second)
        ends = [exactly(end) for end in (first.low, first.high)]
        products = [a * b for a in ends for b in other]
        holds(found[0], min(products), max(products))
        holds(found[1], ends[0] + other[0], ends[1] + other[1])


def test_a_half_line_has_its_reciprocal_down_to_zero() -> None:
    with precision(BITS):
        for low, high in ((None, Fraction(-3)), (Fraction(3), None), (None, Fraction(0)), (Fraction(0), None)):
            given = Range(
                arb.neg_inf() if low is None else arb(int(low)), arb.pos_inf() if high is None else arb(int(high)), 0
            )
            found = reciprocal(given)
            if low is None:
                holds(found, None if high == 0 else 1 / high, Fraction(0))
            else:
                holds(found, Fraction(0), None if low == 0 else 1 / low)


def test_a_pole_within_rounding_of_an_end_is_seen() -> None:
    """The smallest number above pi/2, to the working precision."""
    with precision(BITS):
        beyond, before = (arb.pi() / 2).upper(), (arb.pi() / 2).lower()
        for low, high in ((arb(1), beyond), (before, arb(2)), (-beyond, arb(-1)), (-beyond, beyond)):
            found = RANGES.functions["tan"](Range(low, high, Behaviour.CONTINUOUS))
            assert found.behaviour == Behaviour.SINGULAR
            assert not found.is_finite


def test_decisions_without_symbols_have_a_witness_only_where_they_fail() -> None:
    assert examine(Integer(-1), ">", {}).witness == {}
    assert examine(Integer(1), ">", {}).witness is None
    assert examine(Integer(0), ">", {}).verdict is False


def test_what_is_no_effort_and_no_axis_is_named() -> None:
    for cells in (0, -3, True, 2.0):
        with pytest.raises(InputError, match=rf"^cells = {cells}: give a whole number of boxes, at least 1$"):
            examine(x, ">", {x: (0, 1)}, cells=cells)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^end of u = oo: give a finite number or a SymPy constant$"):
        integrate(u, (u, 0, oo))
    with pytest.raises(InputError, match=r"^axis = 'u in \[-1, 1\]': u is assumed non-negative"):
        integrate(u, (u, -1, 1))
