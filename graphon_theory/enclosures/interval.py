"""Rigorous intervals with exact ends.

The ends are fractions, so an interval carries as many digits as its computation delivered; doubles are
only a view of it, rounded outward.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

from mpmath import isfinite, mpf
from sympy import Float, Rational

from graphon_theory.errors import InputError

ExactLike: TypeAlias = int | float | str | Fraction | Rational | Float | mpf
_PLAIN: Final = (int, float, str, Fraction)


class EnclosureError(ArithmeticError):
    """No rigorous enclosure exists for what was asked, or none was found within the effort allowed."""


def exact(value: ExactLike, argument: str = "value") -> Fraction:
    """Return ``value`` as an exact fraction.

    Parameters
    ----------
    value
        A finite number. Floating-point numbers of Python, SymPy and mpmath stand for their binary value;
        a string is a decimal or a quotient ("0.1" is one tenth).
    argument
        Name that an error reports.

    Raises
    ------
    InputError
        If ``value`` is infinite, NaN, irrational or no number.
    """
    try:
        if isinstance(value, (Rational, Float)):
            rational = Rational(value)
            return Fraction(int(rational.p), int(rational.q))
        if isinstance(value, mpf):
            if not isfinite(value):
                raise ValueError(value)
            mantissa, exponent = value.man_exp
            magnitude = int(mantissa) * Fraction(2) ** int(exponent)
            return -magnitude if value < 0 else magnitude
        if isinstance(value, _PLAIN) and not isinstance(value, bool):
            return Fraction(value)
    except (ValueError, OverflowError, TypeError, ZeroDivisionError):
        pass
    raise InputError(argument, value, "give a finite rational number, a float or a decimal string")


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed, bounded interval that is known to contain a real number.

    Parameters
    ----------
    low, high
        Exact ends, ``low <= high``. ``Interval.of`` takes other kinds of number.

    Raises
    ------
    InputError
        If ``low > high``.
    """

    low: Fraction
    high: Fraction

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise InputError("low", self.low, f"give an end that is at most high = {self.high}")

    @classmethod
    def of(cls, low: ExactLike, high: ExactLike | None = None) -> Interval:
        """Return the interval with the given ends, or the single point ``low``."""
        left = exact(low, "low")
        return cls(left, left if high is None else exact(high, "high"))

    @property
    def lower(self) -> float:
        """Largest double at most ``low``."""
        return _round(self.low, upward=False)

    @property
    def upper(self) -> float:
        """Smallest double at least ``high``."""
        return _round(self.high, upward=True)

    @property
    def width(self) -> float:
        """``high - low``, rounded up to a double."""
        return _round(self.high - self.low, upward=True)

    @property
    def midpoint(self) -> Fraction:
        """Exact midpoint."""
        return (self.low + self.high) / 2

    @property
    def digits(self) -> float:
        """Decimal digits delivered: ``-log10(width/|midpoint|)``; infinite for a point, 0 at the least."""
        if self.low == self.high:
            return math.inf
        if self.midpoint == 0:
            return 0.0
        return max(0.0, -_log10((self.high - self.low) / abs(self.midpoint)))

    @property
    def sign(self) -> int | None:
        """1 or -1 if every element has that sign, 0 for the point zero, None if undecided."""
        if self.low > 0:
            return 1
        if self.high < 0:
            return -1
        return 0 if self.low == self.high else None

    def contains(self, other: ExactLike | Interval) -> bool:
        """Return whether a number, or every element of an interval, lies in this one."""
        inner = other if isinstance(other, Interval) else Interval.of(other)
        return self.low <= inner.low and inner.high <= self.high

    def overlaps(self, other: Interval) -> bool:
        """Return whether the two intervals have a point in common."""
        return self.low <= other.high and other.low <= self.high

    def hull(self, other: Interval) -> Interval:
        """Return the smallest interval that contains both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def intersection(self, other: Interval) -> Interval:
        """Return the common part.

        Raises
        ------
        EnclosureError
            If there is none; two enclosures of one number always overlap.
        """
        if not self.overlaps(other):
            raise EnclosureError(f"{self} and {other} have no point in common")
        return Interval(max(self.low, other.low), min(self.high, other.high))

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __add__(self, other: ExactLike | Interval) -> Interval:
        term = other if isinstance(other, Interval) else Interval.of(other)
        return Interval(self.low + term.low, self.high + term.high)

    def __sub__(self, other: ExactLike | Interval) -> Interval:
        return self + (-other if isinstance(other, Interval) else -exact(other))

    def __mul__(self, other: ExactLike | Interval) -> Interval:
        factor = other if isinstance(other, Interval) else Interval.of(other)
        products = [a * b for a in (self.low, self.high) for b in (factor.low, factor.high)]
        return Interval(min(products), max(products))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: ExactLike) -> Interval:
        return -self + other

    def __str__(self) -> str:
        """Decimal ends, rounded outward to about two digits of the width."""
        if self.low == self.high:
            place = -18 if self.low == 0 else math.floor(_log10(abs(self.low))) - 17
        else:
            place = math.floor(_log10(self.high - self.low)) - 1
        unit = Fraction(10) ** place
        ends = (math.floor(self.low / unit), math.ceil(self.high / unit))
        return "[{}, {}]".format(*(_decimal(end, place) for end in ends))


def as_interval(value: ExactLike | Interval, argument: str = "value") -> Interval:
    """Coerce a number to the interval that holds it alone; intervals pass through."""
    if isinstance(value, Interval):
        return value
    point = exact(value, argument)
    return Interval(point, point)


def is_exact_like(value: object) -> bool:
    """Return whether ``exact`` takes this kind of number."""
    return isinstance(value, (*_PLAIN, Rational, Float, mpf)) and not isinstance(value, bool)


def _round(value: Fraction, *, upward: bool) -> float:
    try:
        nearest = float(value)
    except OverflowError:
        nearest = math.inf if value > 0 else -math.inf
    if math.isinf(nearest):
        outward = (nearest > 0) == upward
        return nearest if outward else math.nextafter(nearest, 0.0)
    rounded = Fraction(nearest)
    if upward and rounded < value:
        return math.nextafter(nearest, math.inf)
    if not upward and rounded > value:
        return math.nextafter(nearest, -math.inf)
    return nearest


def _log10(value: Fraction) -> float:
    # Integer logarithms do not overflow where the quotient as a double would.
    return math.log10(value.numerator) - math.log10(value.denominator)


def _decimal(units: int, place: int) -> str:
    if not units:
        return "0"
    while place < 0 and units % 10 == 0:
        units, place = units // 10, place + 1
    if place > 0 and place <= 20:
        return str(units * 10**place)
    figures = tuple(int(figure) for figure in str(abs(units)))
    return str(Decimal((int(units < 0), figures, place)))
