"""Enclosing the root of a monotone function from verified signs.

A secant iteration guides the search, but only signs that an enclosure proves move an end of the bracket. Once
the estimates settle, a pair of points on either side of the last one closes the bracket at the wanted width.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import sympy

from graphon_theory.enclosures.evaluation import enclose, require_admissible, working_bits
from graphon_theory.enclosures.interval import EnclosureError, ExactLike, Interval
from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sympy import Expr, Symbol

    Function = Callable[[Fraction], Interval]

_MOST_EVALUATIONS: Final = 400  # bisection alone would need fewer for 100 digits
_PATIENCE: Final = 4  # evaluations in which the bracket must halve, or a bisection follows
_STRETCH: Final = Fraction(3, 2)  # factor by which an undecided side is moved out
_MARGIN: Final = Fraction(9, 20)  # of the wanted width, on either side of a settled estimate
_GUARD_DIGITS: Final = 5  # accuracy of an expression's values beyond the digits of its root


@dataclass(frozen=True, slots=True)
class RootEnclosure:
    """A bracket of a root, with opposite signs proved at its ends (or a root proved exactly).

    Parameters
    ----------
    interval
        Contains a root if the function is continuous, and the only one if it is strictly monotone.
    reached
        Whether the wanted width was reached. If not, the function's own enclosures could not decide the
        sign any closer to the root, or the effort ran out; the interval is the narrowest proved bracket.
    evaluations
        Number of calls of the function.
    """

    interval: Interval
    reached: bool
    evaluations: int


def enclose_root(function: Function | Expr, bracket: tuple[ExactLike, ExactLike], *, digits: int = 15) -> RootEnclosure:
    """Enclose a root of a continuous, monotone function.

    Parameters
    ----------
    function
        Either a callable that takes an exact fraction and returns an ``Interval`` that contains the
        function's value there (wide is fine), or a SymPy expression in one symbol.
    bracket
        Two finite ends at which the signs differ.
    digits
        Wanted relative width of the result: ``10**-digits`` times the root's modulus, or times the bracket's
        width where the root is 0.

    Returns
    -------
    RootEnclosure
        Proved signs only. Continuity is the caller's hypothesis; without monotonicity the interval holds a
        root, perhaps not the only one.

    Raises
    ------
    InputError
        If the bracket is empty, or ``digits`` is out of range.
    EnclosureError
        If the signs at the two ends are equal, or not decided.
    """
    working_bits(digits)
    ends = Interval.of(*bracket)
    if ends.low == ends.high:
        raise InputError("bracket", bracket, "give two different ends, the lower one first")
    search = _Search(_values_of(function, ends, digits) if isinstance(function, sympy.Expr) else function)
    search.start(ends)
    search.run(Fraction(1, 10**digits))
    return RootEnclosure(Interval(search.low, search.high), search.reached, search.evaluations)


def _values_of(expression: Expr, ends: Interval, digits: int) -> Function:
    symbols = sorted(expression.free_symbols, key=str)
    if len(symbols) != 1:
        raise InputError("function", expression, "give an expression in exactly one symbol")
    symbol: Symbol = symbols[0]
    require_admissible(symbol, ends, "bracket")

    def value(point: Fraction) -> Interval:
        return enclose(expression, {symbol: point}, digits=digits + _GUARD_DIGITS)

    return value


class _Search:
    """A bracket with proved signs at its ends, and the latest estimates of the function's values."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._history: list[tuple[Fraction, Fraction]] = []
        self._sign_low = 0
        self._value_low = self._value_high = Fraction(0)
        self._blur = Fraction(0)
        self.low = self.high = Fraction(0)
        self.reached = False
        self.evaluations = 0

    def start(self, ends: Interval) -> None:
        """Set the bracket and prove the signs at its ends."""
        self.low, self.high = ends.low, ends.high
        values = [self._evaluate(end) for end in (ends.low, ends.high)]
        for end, value in zip((ends.low, ends.high), values, strict=True):
            if value.sign == 0:
                self._exact(end)
            elif value.sign is None:
                raise EnclosureError(f"the sign at {float(end):.6g} is not decided: the value lies in {value}")
        signs = [value.sign for value in values]
        self._value_low, self._value_high = (value.midpoint for value in values)
        if not self.reached and signs[0] == signs[1]:
            raise EnclosureError(
                f"no change of sign: {values[0]} at {float(ends.low):.6g}, {values[1]} at {float(ends.high):.6g}"
            )
        self._sign_low = signs[0] or 0

    def run(self, relative: Fraction) -> None:
        """Narrow the bracket to the wanted relative width, or as far as signs can be decided."""
        full = self.high - self.low
        estimates: list[Fraction] = []
        widths: list[Fraction] = []
        margin_factor = _MARGIN
        while not self.reached and self.evaluations < _MOST_EVALUATIONS:
            width = self.high - self.low
            target = relative * (max(abs(self.low), abs(self.high)) if self.low * self.high > 0 else full)
            if width <= target:
                self.reached = True
                return
            widths.append(width)
            slow = len(widths) > _PATIENCE and 2 * width > widths[-1 - _PATIENCE]
            estimate = _rounded((self.low + self.high) / 2 if slow else self._secant(), target)
            if slow:
                widths.clear()
            estimates.append(estimate)
            if _settled(estimates, target, full):
                before = self.evaluations
                if not self._close_in(estimate, margin_factor * target):
                    return
                margin_factor *= 8
                if self.evaluations == before:
                    # Both sides fall outside the bracket: the estimates settled on an end that is no root.
                    margin_factor = _MARGIN
                    estimates.clear()
                    if not self._move_to((self.low + self.high) / 2):
                        return
            elif not self._move_to(estimate):
                self._close_in(estimate, margin_factor * target)
                width = self.high - self.low
                self.reached = self.reached or width <= target
                return

    def _evaluate(self, point: Fraction) -> Interval:
        self.evaluations += 1
        value = self._function(point)
        self._history.append((point, value.midpoint))
        return value

    def _exact(self, point: Fraction) -> None:
        self.low = self.high = point
        self.reached = True

    def _move_to(self, point: Fraction) -> bool:
        """Move an end to the point; False if the sign there is not decided."""
        value = self._evaluate(point)
        if value.sign is None:
            self._blur = value.high - value.low
            return False
        if value.sign == 0:
            self._exact(point)
        elif value.sign == self._sign_low:
            self.low, self._value_low = point, value.midpoint
        else:
            self.high, self._value_high = point, value.midpoint
        return True

    def _close_in(self, estimate: Fraction, margin: Fraction) -> bool:
        """Try both sides of the estimate; False if a sign near it was not decided.

        An undecided side is tried again as far out as the slope says that the sign should show.
        """
        decided = self._blur == 0
        for direction in (-1, 1):
            reach = max(margin, self._resolution())
            while not self.reached and self.low < estimate + direction * reach < self.high:
                if self._move_to(estimate + direction * reach):
                    break
                decided = False
                reach = max(_STRETCH * reach, self._resolution())
        return decided

    def _resolution(self) -> Fraction:
        """Return the distance from the root at which the last undecided value would have shown its sign."""
        rise = abs(self._value_high - self._value_low)
        return self._blur * (self.high - self.low) / rise if rise else Fraction(0)

    def _secant(self) -> Fraction:
        """Return the secant estimate from the last two points, or the midpoint where it is of no use."""
        (x, f), (y, g) = self._history[-2:]
        if f != g:
            estimate = y - g * (y - x) / (g - f)
            if self.low < estimate < self.high:
                return estimate
        return (self.low + self.high) / 2


def _settled(estimates: list[Fraction], target: Fraction, scale: Fraction) -> bool:
    """Whether the next secant error, of the order of the product of the last two steps, is below the target."""
    if len(estimates) < 3:
        return False
    last, before = abs(estimates[-1] - estimates[-2]), abs(estimates[-2] - estimates[-3])
    return last <= target / 8 or last * before <= target * scale / 64


def _rounded(value: Fraction, target: Fraction) -> Fraction:
    """Round to a dyadic grid far finer than the target, so that fractions stay short."""
    bits = max(0, target.denominator.bit_length() - target.numerator.bit_length() + 8)
    return Fraction(round(value * 2**bits), 2**bits)
