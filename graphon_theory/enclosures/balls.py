"""Real ball arithmetic (Arb): a midpoint and a radius, for values at points and at narrow intervals."""

from __future__ import annotations

import operator
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from flint import arb, fmpq

from graphon_theory.enclosures.arithmetic import Arithmetic
from graphon_theory.enclosures.interval import EnclosureError, Interval
from graphon_theory.enclosures.range_algebra import root_of

if TYPE_CHECKING:
    from collections.abc import Callable

Ball = Any  # flint.arb, which has no types

_LARGEST_EXPONENT: Final = 200_000  # binary exponents beyond this are rounded outward or refused


def ball(low: Fraction, high: Fraction) -> Ball:
    """Return a real ball that contains [low, high], at the current precision."""
    left = arb(fmpq(low.numerator, low.denominator))
    if low == high:
        return left
    return left.union(arb(fmpq(high.numerator, high.denominator)))


def to_interval(value: Ball) -> Interval:
    """Return the interval of a finite real ball, with ends rounded outward at the current precision.

    Raises
    ------
    EnclosureError
        If the ball is not finite, or beyond ``2**200000``.
    """
    if not value.is_finite():
        raise EnclosureError("no finite enclosure: the expression is undefined, unbounded or not real here")
    return Interval(_dyadic(value.lower(), upward=False), _dyadic(value.upper(), upward=True))


def _dyadic(end: Ball, *, upward: bool) -> Fraction:
    mantissa, exponent = (int(part) for part in end.man_exp())
    size = mantissa.bit_length() + exponent
    if mantissa == 0 or abs(size) <= _LARGEST_EXPONENT:
        return mantissa * Fraction(2) ** exponent
    if size > 0:
        raise EnclosureError(f"a bound exceeds 2**{_LARGEST_EXPONENT}")
    if (mantissa > 0) == upward:
        tiny = Fraction(1, 2**_LARGEST_EXPONENT)
        return tiny if upward else -tiny
    return Fraction(0)


def _power(base: Ball, exponent: int) -> Ball:
    return base**exponent


def _general_power(base: Ball, exponent: Ball) -> Ball:
    if base.is_zero() and exponent > 0:
        return arb(0)
    return (exponent * base.log()).exp()


def _larger(first: Ball, second: Ball) -> Ball:
    return first.max(second)


def _smaller(first: Ball, second: Ball) -> Ball:
    return first.min(second)


def _choice(
    accepts: Callable[[Ball, int], bool], refuses: Callable[[Ball, int], bool]
) -> Callable[[Ball, Ball, Ball], Ball]:
    def choose(condition: Ball, then: Ball, otherwise: Ball) -> Ball:
        if accepts(condition, 0):
            return then
        if refuses(condition, 0):
            return otherwise
        # Comparisons with a NaN are false, so an undefined condition must not decide anything.
        return arb.nan() if condition.is_nan() else then.union(otherwise)

    return choose


_METHODS: Final = {
    **{name: name for name in ("exp", "log", "erf", "erfc", "erfinv", "erfcinv")},
    **{name: name for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "gamma")},
    "loggamma": "lgamma",
}

BALLS: Final = Arithmetic(
    name="real balls",
    from_ends=ball,
    constants=MappingProxyType({"pi": arb.pi, "e": arb.const_e, "euler": arb.const_euler, "undefined": arb.nan}),
    functions=MappingProxyType(
        {
            "add": operator.add,
            "mul": operator.mul,
            "max": _larger,
            "min": _smaller,
            "abs": operator.abs,
            "general_power": _general_power,
            "if_positive": _choice(operator.gt, operator.le),
            "if_nonnegative": _choice(operator.ge, operator.lt),
            **{name: operator.methodcaller(method) for name, method in _METHODS.items()},
        }
    ),
    parametrised=MappingProxyType({"power": _power, "root": root_of}),
)
