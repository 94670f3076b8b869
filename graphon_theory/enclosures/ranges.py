"""Range arithmetic, second part: exponentials, error functions, circular functions and their inverses."""

from __future__ import annotations

from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from flint import arb, fmpq

from graphon_theory.enclosures.arithmetic import Arithmetic
from graphon_theory.enclosures.range_algebra import (
    INF,
    MINUS_INF,
    ONE,
    ZERO,
    Behaviour,
    Range,
    absolute,
    add,
    down,
    if_nonnegative,
    if_positive,
    larger,
    line,
    mul,
    power,
    range_from_ball,
    range_from_ends,
    root,
    smaller,
    up,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphon_theory.enclosures.balls import Ball

_TWO: Final = arb(2)


def _monotone(method: str, at_minus: Ball, at_plus: Ball, *, falling: bool = False) -> Callable[[Range], Range]:
    """Image under a monotone function of the line whose limits at the two infinities are given."""

    def value(x: Ball) -> Ball:
        # Comparisons with a NaN are false: an undefined end must not pass for an infinite one.
        if x.is_finite() or x.is_nan():
            return getattr(x, method)()
        return at_plus if x > 0 else at_minus

    def image(a: Range) -> Range:
        first, last = (a.high, a.low) if falling else (a.low, a.high)
        return Range(down(value(first)), up(value(last)), a.behaviour)

    return image


_exp: Final = _monotone("exp", ZERO, INF)


def _log(a: Range) -> Range:
    if a.high <= 0:
        return line(Behaviour.UNREAL)
    high = a.high.log().upper() if a.high.is_finite() else INF
    if a.low > 0:
        return Range(a.low.log().lower() if a.low.is_finite() else INF, high, a.behaviour)
    behaviour = Behaviour.SINGULAR if a.low >= 0 else Behaviour.UNREAL
    return Range(MINUS_INF, high, max(a.behaviour, behaviour))


def _general_power(base: Range, exponent: Range) -> Range:
    if base.low > 0:
        return _exp(mul(exponent, _log(base)))
    if base.low >= 0 and exponent.low > 0:
        # 0**e is 0 for e > 0, although the logarithm that stands for it is infinite.
        behaviour = max(base.behaviour, exponent.behaviour)
        bounds = _exp(mul(exponent, _log(Range(base.low, base.high, behaviour)))) if base.high > 0 else None
        return Range(ZERO, bounds.high if bounds else ZERO, behaviour)
    return line(Behaviour.UNREAL)


def _inverse(method: str, left: int, right: int, at_left: Ball, at_right: Ball) -> Callable[[Range], Range]:
    """Image under a monotone function on [left, right] with known values at the ends of its domain."""

    def value(x: Ball) -> Ball:
        if x <= left:
            return at_left
        return at_right if x >= right else getattr(x, method)()

    falling = at_left > at_right
    infinite = not at_left.is_finite()

    def image(a: Range) -> Range:
        if a.high < left or a.low > right:
            return line(Behaviour.UNREAL)
        behaviour = a.behaviour
        if a.low < left or a.high > right:
            behaviour = Behaviour.UNREAL
        elif infinite and (a.low <= left or a.high >= right):
            behaviour = max(behaviour, Behaviour.SINGULAR)
        first, last = (a.high, a.low) if falling else (a.low, a.high)
        return Range(down(value(first)), up(value(last)), behaviour)

    return image


def _circular(a: Range, method: str, offset: Fraction) -> Range:
    """Image under sin or cos: the ends, and every extremum at ``(k + offset) pi`` that may lie inside."""
    if not a.is_finite or (a.high - a.low) > 7:
        return Range(-ONE, ONE, a.behaviour)
    shift = arb(fmpq(offset.numerator, offset.denominator))
    first = int((a.low / arb.pi() - shift).lower().floor().unique_fmpz())
    last = int((a.high / arb.pi() - shift).upper().floor().unique_fmpz())
    left, right = getattr(a.low, method)(), getattr(a.high, method)()
    low, high = left.lower().min(right.lower()), left.upper().max(right.upper())
    for k in range(first + 1, last + 1):
        low, high = (low.min(-ONE), high) if k % 2 else (low, high.max(ONE))
    return Range(low.max(-ONE), high.min(ONE), a.behaviour)


def _sin(a: Range) -> Range:
    return _circular(a, "sin", Fraction(1, 2))


def _cos(a: Range) -> Range:
    return _circular(a, "cos", Fraction(0))


def _tan(a: Range) -> Range:
    if a.is_finite and a.high - a.low < 3:
        tangent = [(x / arb.pi() - arb(0.5)) for x in (a.low, a.high)]
        if tangent[0].lower().floor() == tangent[1].upper().floor():
            return Range(down(a.low.tan()), up(a.high.tan()), a.behaviour)
    return line(max(a.behaviour, Behaviour.SINGULAR))


def _cosh(a: Range) -> Range:
    modulus = absolute(a)
    return _monotone("cosh", INF, INF)(modulus)


def _through_ball(method: str) -> Callable[[Range], Range]:
    """Image by ball arithmetic, for functions on the positive axis without a sharper rule."""

    def image(a: Range) -> Range:
        if a.low > 0 and a.is_finite:
            bound = getattr(a.low.union(a.high), method)()
            if bound.is_finite():
                return Range(bound.lower(), bound.upper(), a.behaviour)
            return line(a.behaviour)
        return line(Behaviour.UNREAL)

    return image


def _at_precision(name: str) -> Callable[[], Range]:
    constant = getattr(arb, name)

    def value() -> Range:
        return range_from_ball(constant())

    return value


def _half_pi() -> Ball:
    return arb.pi() / 2


def _atan(a: Range) -> Range:
    return _monotone("atan", -_half_pi(), _half_pi())(a)


def _asin(a: Range) -> Range:
    return _inverse("asin", -1, 1, -_half_pi(), _half_pi())(a)


def _acos(a: Range) -> Range:
    return _inverse("acos", -1, 1, arb.pi(), ZERO)(a)


RANGES: Final = Arithmetic(
    name="ranges",
    from_ends=range_from_ends,
    constants=MappingProxyType(
        {
            "pi": _at_precision("pi"),
            "e": _at_precision("const_e"),
            "euler": _at_precision("const_euler"),
            "undefined": lambda: line(Behaviour.UNREAL),
        }
    ),
    functions=MappingProxyType(
        {
            "add": add,
            "mul": mul,
            "max": larger,
            "min": smaller,
            "abs": absolute,
            "exp": _exp,
            "log": _log,
            "erf": _monotone("erf", -ONE, ONE),
            "erfc": _monotone("erfc", _TWO, ZERO, falling=True),
            "erfinv": _inverse("erfinv", -1, 1, MINUS_INF, INF),
            "erfcinv": _inverse("erfcinv", 0, 2, INF, MINUS_INF),
            "sin": _sin,
            "cos": _cos,
            "tan": _tan,
            "asin": _asin,
            "acos": _acos,
            "atan": _atan,
            "sinh": _monotone("sinh", MINUS_INF, INF),
            "cosh": _cosh,
            "tanh": _monotone("tanh", -ONE, ONE),
            "gamma": _through_ball("gamma"),
            "loggamma": _through_ball("lgamma"),
            "general_power": _general_power,
            "if_positive": if_positive,
            "if_nonnegative": if_nonnegative,
        }
    ),
    parametrised=MappingProxyType({"power": power, "root": root}),
)
