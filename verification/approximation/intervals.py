"""Interval arithmetic on whole arrays of float64 intervals, rounded outwards.

``graphon_theory.enclosures`` bounds one expression on one box at a time, at any precision. A branch and bound over
10^5 boxes needs the opposite: float64, all boxes at once. Hence this module; its functions are held against Arb in
the tests.

**Rounding.** A sum is computed with its exact error (Knuth's TwoSum), and moves by one unit in the last place only
where it was rounded the wrong way. Products and quotients move by one or two units each way, except products with an
exact power of two. To move down is to subtract ``|x| 2**-52 + 2**-1020``, at least one unit of the last place and more
than any loss below the normal range; rounding is monotone, so the difference is at most the next number below
(``nextafter`` says the same, ten times slower). ``sqrt`` is correctly rounded (IEEE 754). NumPy documents less than 4
units in the last place for its vectorised ``exp``, ``log``, ``sin``, ``cos`` and ``tanh``; results move by ``ULPS = 8``
or more, those of ``sin`` and ``cos`` by ``2**-50`` besides, because a relative claim is delicate near their zeros.

An operation that is not defined on all of an interval (a quotient by an interval with 0, a root of a negative number)
returns the whole line: wide, never wrong.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

ULPS = 8
"""Units in the last place added to each end of a library function: twice what NumPy documents."""

_NEAR_ZERO = 2.0**-50
_TWO_PI = 2.0 * np.pi


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """An array of closed intervals.

    Parameters
    ----------
    low, high
        Ends, float64, of equal or broadcastable shapes; ``low <= high``. Ends may be infinite, never NaN.
    """

    low: Array
    high: Array

    @classmethod
    def point(cls, value: npt.ArrayLike) -> Intervals:
        """Return intervals of one float64 number each."""
        array = np.asarray(value, dtype=np.float64)
        return cls(array, array)

    @property
    def middle(self) -> Array:
        """Some number of each interval: the rounded midpoint (0 for the whole line)."""
        with np.errstate(all="ignore"):
            middle = np.clip(0.5 * self.low + 0.5 * self.high, self.low, self.high)
        return np.where(np.isfinite(middle), middle, np.clip(0.0, self.low, self.high))

    @property
    def magnitude(self) -> Array:
        """Largest modulus in each interval."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    @property
    def mignitude(self) -> Array:
        """Smallest modulus in each interval."""
        return np.maximum(np.maximum(self.low, -self.high), 0.0)

    def __add__(self, other: Intervals) -> Intervals:
        return _proper(_sum_down(self.low, other.low), -_sum_down(-self.high, -other.high))

    def __neg__(self) -> Intervals:
        return Intervals(-self.high, -self.low)

    def __sub__(self, other: Intervals) -> Intervals:
        return self + (-other)

    def __mul__(self, other: Intervals) -> Intervals:
        if _power_of_two(other):
            return _scaled(self, float(other.low))
        if _power_of_two(self):
            return _scaled(other, float(self.low))
        with np.errstate(all="ignore"):
            products = (self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high)
            low, high = functools.reduce(np.minimum, products), functools.reduce(np.maximum, products)
            return _proper(_down(low), _up(high))

    def __truediv__(self, other: Intervals) -> Intervals:
        return self * reciprocal(other)

    def hull(self, other: Intervals) -> Intervals:
        """Return the smallest intervals that hold both."""
        return Intervals(np.minimum(self.low, other.low), np.maximum(self.high, other.high))

    def where(self, condition: npt.NDArray[np.bool_], other: Intervals) -> Intervals:
        """Return ``self`` where the condition holds and ``other`` elsewhere."""
        return Intervals(np.where(condition, self.low, other.low), np.where(condition, self.high, other.high))


WHOLE = Intervals(np.array(-np.inf), np.array(np.inf))
"""The line, as an interval."""


def reciprocal(x: Intervals) -> Intervals:
    """Return ``1 / x``; the whole line where ``x`` holds 0."""
    with np.errstate(all="ignore"):
        through = (x.low <= 0.0) & (x.high >= 0.0)
        safe_low, safe_high = np.where(through, 1.0, x.low), np.where(through, 1.0, x.high)
        found = _proper(_down(1.0 / safe_high), _up(1.0 / safe_low))
    return WHOLE.where(through, found)


def power(x: Intervals, exponent: int) -> Intervals:
    """Return ``x ** exponent`` for a whole exponent of any sign, as a function of one argument (not a product)."""
    if exponent < 0:
        return reciprocal(power(x, -exponent))
    if exponent == 0:
        return Intervals.point(np.ones(np.broadcast_shapes(x.low.shape, x.high.shape)))
    if exponent == 1:
        return x
    if exponent % 2 == 0:
        return Intervals(_repeated(x.mignitude, exponent, _down), _repeated(x.magnitude, exponent, _up))
    low, high = np.abs(x.low), np.abs(x.high)
    return Intervals(
        np.where(x.low >= 0.0, _repeated(low, exponent, _down), -_repeated(low, exponent, _up)),
        np.where(x.high >= 0.0, _repeated(high, exponent, _up), -_repeated(high, exponent, _down)),
    )


def exp(x: Intervals) -> Intervals:
    """Return ``exp(x)``."""
    found = _increasing(np.exp, x)
    return Intervals(np.maximum(found.low, 0.0), found.high)


def log(x: Intervals) -> Intervals:
    """Return ``log(x)``; the whole line where ``x`` holds a number that is not positive."""
    return _increasing(np.log, x, domain=x.low > 0.0)


def sqrt(x: Intervals) -> Intervals:
    """Return ``sqrt(x)``; the whole line where ``x`` holds a negative number."""
    found = _increasing(np.sqrt, x, domain=x.low >= 0.0)
    return Intervals(np.where(x.low >= 0.0, np.maximum(found.low, 0.0), found.low), found.high)


def tanh(x: Intervals) -> Intervals:
    """Return ``tanh(x)``, within [-1, 1]."""
    found = _increasing(np.tanh, x)
    return Intervals(np.maximum(found.low, -1.0), np.minimum(found.high, 1.0))


def sin(x: Intervals) -> Intervals:
    """Return ``sin(x)``, within [-1, 1]: its ends, and 1 or -1 where a crest or trough may lie inside."""
    return _wave(np.sin, x, crest=0.25)


def cos(x: Intervals) -> Intervals:
    """Return ``cos(x)``, within [-1, 1]: its ends, and 1 or -1 where a crest or trough may lie inside."""
    return _wave(np.cos, x, crest=0.0)


def absolute(x: Intervals) -> Intervals:
    """Return ``|x|``."""
    return Intervals(x.mignitude, x.magnitude)


def maximum(x: Intervals, y: Intervals) -> Intervals:
    """Return ``max(x, y)``."""
    return Intervals(np.maximum(x.low, y.low), np.maximum(x.high, y.high))


def _sum_down(x: Array, y: Array) -> Array:
    """Sum rounded down, to the same number where the sum is exact."""
    with np.errstate(all="ignore"):
        total = x + y
        part = total - x
        error = (x - (total - part)) + (y - part)
        # An infinite term makes the error NaN, which is not "at least 0": such a sum moves too.
        return np.asarray(np.where(error >= 0.0, total, _down(total)))


def _down(value: Array) -> Array:
    """Move below the next smaller number; plus infinity (an overflow) becomes NaN, for ``_proper`` to widen."""
    return np.asarray(value - (np.abs(value) * 2.0**-52 + 2.0**-1020))


def _up(value: Array) -> Array:
    return np.asarray(value + (np.abs(value) * 2.0**-52 + 2.0**-1020))


def _proper(low: Array, high: Array) -> Intervals:
    """Replace undefined ends (inf - inf, 0 * inf) by infinite ones."""
    return Intervals(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))


def _power_of_two(x: Intervals) -> bool:
    if x.low.size != 1 or x.high.size != 1 or float(x.low.item()) != float(x.high.item()) or x.low.ndim:
        return False
    mantissa, _ = np.frexp(x.low.item())
    return abs(float(mantissa)) == 0.5 and 2.0**-60 <= abs(float(x.low.item())) <= 2.0**60


def _scaled(x: Intervals, factor: float) -> Intervals:
    with np.errstate(all="ignore"):
        ends = (x.low * factor, x.high * factor)
        low, high = ends if factor > 0.0 else (ends[1], ends[0])
        # Products with a power of two are exact unless they leave the normal range.
        tiny = 2.0**-900
        # A product of 0 is exact where the end itself is 0, and an underflow elsewhere.
        zero = (x.low == 0.0, x.high == 0.0) if factor > 0.0 else (x.high == 0.0, x.low == 0.0)
        exact = ((np.abs(low) > tiny) | zero[0]) & ((np.abs(high) > tiny) | zero[1])
        if np.all(exact):
            return Intervals(low, high)
        return _proper(_down(low), _up(high))


def _repeated(base: Array, exponent: int, moved: Callable[[Array], Array]) -> Array:
    """Power of non-negative numbers by repeated multiplication, every product moved the same way."""
    with np.errstate(all="ignore"):
        product = base
        for _ in range(exponent - 1):
            product = moved(product * base)
            if moved is _down:
                # An overflow leaves the largest finite number as a lower end, an underflow 0.
                product = np.maximum(np.where(np.isnan(product), np.finfo(np.float64).max, product), 0.0)
    return product


def _moved(value: Array, direction: float, *, absolute_part: float = 0.0) -> Array:
    """Move by ``ULPS`` units in the last place or more, the rounding of the move itself included."""
    with np.errstate(all="ignore"):
        step = (ULPS + 1) * 2.0**-52 * np.abs(value) + (absolute_part + 2.0**-1020)
        return np.asarray(np.where(np.isinf(value), value, value + direction * step))


def _increasing(
    function: Callable[[Array], Array], x: Intervals, *, domain: npt.NDArray[np.bool_] | None = None
) -> Intervals:
    with np.errstate(all="ignore"):
        low, high = _moved(function(x.low), -1.0), _moved(function(x.high), 1.0)
        # exp overflows to infinity below the true value's end only upwards: the low end stays finite.
        low = np.where(np.isposinf(low), np.finfo(np.float64).max, low)
    found = _proper(low, high)
    return found if domain is None else found.where(domain, WHOLE)


def _wave(function: Callable[[Array], Array], x: Intervals, *, crest: float) -> Intervals:
    with np.errstate(all="ignore"):
        at_low, at_high = function(x.low), function(x.high)
        low = _moved(np.minimum(at_low, at_high), -1.0, absolute_part=_NEAR_ZERO)
        high = _moved(np.maximum(at_low, at_high), 1.0, absolute_part=_NEAR_ZERO)
        top, bottom = _reached(x, crest), _reached(x, crest + 0.5)
    low = np.where(bottom | np.isnan(low), -1.0, np.maximum(low, -1.0))
    high = np.where(top | np.isnan(high), 1.0, np.minimum(high, 1.0))
    return Intervals(low, high)


def _reached(x: Intervals, phase: float) -> npt.NDArray[np.bool_]:
    """Whether ``x`` may hold ``2 pi (m + phase)`` for a whole m; errors go towards "yes"."""
    first, last = x.low / _TWO_PI - phase, x.high / _TWO_PI - phase
    slack = 2.0**-48 * (1.0 + np.maximum(np.abs(first), np.abs(last)))
    return np.asarray(~(np.floor(last + slack) < np.ceil(first - slack)))
