"""Range arithmetic: tight images of real intervals, with infinite ends allowed.

A range keeps its two ends apart, so a monotone function is evaluated at the ends and its image is sharp;
a ball of the same width would be blown up by its radius. Each range also says how far the expression is
known to behave on the whole argument:

* ``CONTINUOUS``: defined and continuous;
* ``JUMPING``: defined, but a step or a change of branch may lie inside;
* ``SINGULAR``: real, but a denominator or a logarithm's argument may vanish somewhere;
* ``UNREAL``: perhaps not real everywhere.

The ends bound the values at the points where the expression is defined and real.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from flint import arb, fmpq

if TYPE_CHECKING:
    from fractions import Fraction

    from graphon_theory.enclosures.balls import Ball


class Behaviour(IntEnum):
    """How an expression behaves on a box, from best to worst."""

    CONTINUOUS = 0
    JUMPING = 1
    SINGULAR = 2
    UNREAL = 3


class Range(NamedTuple):
    """Ends, exact balls (possibly infinite) with ``low <= high``, and the behaviour."""

    low: Ball
    high: Ball
    behaviour: int

    @property
    def is_finite(self) -> bool:
        """Whether both ends are finite."""
        return bool(self.low.is_finite() and self.high.is_finite())


ZERO: Final = arb(0)
ONE: Final = arb(1)
INF: Final = arb.pos_inf()
MINUS_INF: Final = arb.neg_inf()


def range_from_ends(low: Fraction, high: Fraction) -> Range:
    """Return the smallest range at the current precision that holds [low, high]."""
    left = arb(fmpq(low.numerator, low.denominator))
    right = left if low == high else arb(fmpq(high.numerator, high.denominator))
    return Range(left.lower(), right.upper(), Behaviour.CONTINUOUS)


def range_from_ball(value: Ball) -> Range:
    """Return the range of a ball; one that is not finite becomes the whole line."""
    if value.is_finite():
        return Range(value.lower(), value.upper(), Behaviour.CONTINUOUS)
    return line(Behaviour.UNREAL)


def line(behaviour: int) -> Range:
    """Return the whole line."""
    return Range(MINUS_INF, INF, behaviour)


def down(value: Ball) -> Ball:
    """Return a lower bound of a ball; an undefined one has none but minus infinity."""
    return MINUS_INF if value.is_nan() else value.lower()


def up(value: Ball) -> Ball:
    """Return an upper bound of a ball; an undefined one has none but infinity."""
    return INF if value.is_nan() else value.upper()


def add(a: Range, b: Range) -> Range:
    """Return the range of a sum."""
    return Range(down(a.low + b.low), up(a.high + b.high), max(a.behaviour, b.behaviour))


def _product(x: Ball, y: Ball) -> Ball:
    # Infinite ends are never attained, so zero times infinity bounds only zeros.
    return ZERO if x.is_zero() or y.is_zero() else x * y


def mul(a: Range, b: Range) -> Range:
    """Return the range of a product."""
    behaviour = max(a.behaviour, b.behaviour)
    if a.low >= 0 and b.low >= 0:
        return Range(down(_product(a.low, b.low)), up(_product(a.high, b.high)), behaviour)
    corners = [_product(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    low, high = corners[0].lower(), corners[0].upper()
    for corner in corners[1:]:
        low, high = low.min(corner.lower()), high.max(corner.upper())
    return Range(low, high, behaviour)


def reciprocal(a: Range) -> Range:
    """Return the range of 1/a at the points where a is not zero."""
    singular = max(a.behaviour, Behaviour.SINGULAR)
    if a.low > 0 or a.high < 0:
        low = (ONE / a.high).lower() if a.high.is_finite() else ZERO
        high = (ONE / a.low).upper() if a.low.is_finite() else ZERO
        return Range(low, high, a.behaviour)
    if a.low >= 0 and a.high > 0:
        return Range((ONE / a.high).lower() if a.high.is_finite() else ZERO, INF, singular)
    if a.high <= 0 and a.low < 0:
        return Range(MINUS_INF, (ONE / a.low).upper() if a.low.is_finite() else ZERO, singular)
    return line(singular)


def _integer_power(x: Ball, exponent: int) -> Ball:
    if x.is_finite():
        return x**exponent
    return MINUS_INF if x < 0 and exponent % 2 else INF


def power(a: Range, exponent: int) -> Range:
    """Return the range of ``a**exponent`` for an integer exponent other than zero."""
    if exponent < 0:
        return reciprocal(power(a, -exponent))
    low, high = _integer_power(a.low, exponent), _integer_power(a.high, exponent)
    if exponent % 2 or a.low >= 0:
        return Range(low.lower(), high.upper(), a.behaviour)
    if a.high <= 0:
        return Range(high.lower(), low.upper(), a.behaviour)
    return Range(ZERO, low.upper().max(high.upper()), a.behaviour)


def root_of(x: Ball, index: int) -> Ball:
    """Return the real root of a ball; that of 0 is 0, of which Arb's roots from the third on know nothing."""
    return ZERO if x.is_zero() else x.root(index)


def root(a: Range, index: int) -> Range:
    """Return the range of the real root of an index of at least 2, where the radicand is not negative."""
    if a.high < 0:
        return line(Behaviour.UNREAL)
    high = root_of(a.high, index).upper() if a.high.is_finite() else INF
    if a.low < 0:
        return Range(ZERO, high, Behaviour.UNREAL)
    return Range(root_of(a.low, index).lower() if a.low.is_finite() else INF, high, a.behaviour)


def absolute(a: Range) -> Range:
    """Return the range of the modulus."""
    if a.low >= 0:
        return a
    if a.high <= 0:
        return Range(-a.high, -a.low, a.behaviour)
    return Range(ZERO, a.high.max(-a.low), a.behaviour)


def larger(a: Range, b: Range) -> Range:
    """Return the range of the larger of the two."""
    return Range(a.low.max(b.low), a.high.max(b.high), max(a.behaviour, b.behaviour))


def smaller(a: Range, b: Range) -> Range:
    """Return the range of the smaller of the two."""
    return Range(a.low.min(b.low), a.high.min(b.high), max(a.behaviour, b.behaviour))


def _hull(condition: Range, a: Range, b: Range) -> Range:
    behaviour = max(condition.behaviour, a.behaviour, b.behaviour, Behaviour.JUMPING)
    return Range(a.low.min(b.low), a.high.max(b.high), behaviour)


def _chosen(condition: Range, branch: Range) -> Range:
    return Range(branch.low, branch.high, max(condition.behaviour, branch.behaviour))


def if_positive(condition: Range, then: Range, otherwise: Range) -> Range:
    """Return the range of ``then`` where the condition is positive and of ``otherwise`` elsewhere."""
    if condition.low > 0:
        return _chosen(condition, then)
    return _chosen(condition, otherwise) if condition.high <= 0 else _hull(condition, then, otherwise)


def if_nonnegative(condition: Range, then: Range, otherwise: Range) -> Range:
    """Return the range of ``then`` where the condition is not negative and of ``otherwise`` elsewhere."""
    if condition.low >= 0:
        return _chosen(condition, then)
    return _chosen(condition, otherwise) if condition.high < 0 else _hull(condition, then, otherwise)
