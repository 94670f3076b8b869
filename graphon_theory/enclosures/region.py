"""Boxes with exact or infinite ends: splitting, snapping to integers, points to try."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeAlias

import sympy

from graphon_theory.enclosures.evaluation import enclose, require_admissible
from graphon_theory.enclosures.interval import ExactLike, Interval, exact, is_exact_like
from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sympy import Expr, Symbol

    Bound: TypeAlias = ExactLike | Expr
    End: TypeAlias = Fraction | float  # a float only for the two infinities
    Side: TypeAlias = tuple[End, End]
    Cell: TypeAlias = tuple[Side, ...]

_END_DIGITS: Final = 60  # an irrational end is moved outward by about this many digits


def as_cell(symbols: tuple[Symbol, ...], box: Mapping[Symbol, tuple[Bound, Bound]]) -> Cell:
    """Return the sides of a box, in the order of the symbols.

    Irrational ends, such as pi, are rounded outward.

    Raises
    ------
    InputError
        If the ends of a side are no numbers, or in the wrong order, or excluded by the symbol's assumptions.
    """
    cell: list[Side] = []
    for symbol in symbols:
        low, high = (_end(end, symbol, upward=upward) for upward, end in enumerate(box[symbol]))
        if low > high or math.inf in (low, -high):
            raise InputError(f"box[{symbol}]", box[symbol], "give the lower end first")
        finite = [end for end in (low, high) if isinstance(end, Fraction)]
        for end in finite:
            require_admissible(symbol, Interval(end, end), "box")
        if -math.inf in (low, high) and symbol.is_extended_nonnegative:
            raise InputError(f"box[{symbol}]", box[symbol], f"{symbol} is assumed non-negative")
        cell.append((low, high))
    return tuple(cell)


def _end(value: Bound, symbol: Symbol, *, upward: int) -> End:
    for infinity in (math.inf, -math.inf):
        if value in (infinity, sympy.Float(infinity)):
            return infinity
    if is_exact_like(value):
        return exact(value, f"box[{symbol}]")
    if isinstance(value, sympy.Expr) and not value.free_symbols:
        enclosure = enclose(value, digits=_END_DIGITS)
        return enclosure.high if upward else enclosure.low
    raise InputError(f"box[{symbol}]", value, "give numbers or infinities as ends")


def snapped(symbols: tuple[Symbol, ...], cell: Cell) -> Cell | None:
    """Shrink the sides of integer symbols to integers; None if one of them holds none."""
    sides: list[Side] = []
    for symbol, (low, high) in zip(symbols, cell, strict=True):
        if symbol.is_integer:
            low = Fraction(math.ceil(low)) if isinstance(low, Fraction) else low
            high = Fraction(math.floor(high)) if isinstance(high, Fraction) else high
            if low > high:
                return None
        sides.append((low, high))
    return tuple(sides)


def halves(cell: Cell, whole: Cell) -> Iterator[Cell]:
    """Split a cell across its longest side, relative to the whole box; infinite sides come first."""
    axis = max(range(len(cell)), key=lambda k: _relative_length(cell[k], whole[k]))
    low, high = cell[axis]
    middle = _middle(low, high)
    yield (*cell[:axis], (low, middle), *cell[axis + 1 :])
    yield (*cell[:axis], (middle, high), *cell[axis + 1 :])


def _relative_length(side: Side, whole: Side) -> float:
    length = float(side[1] - side[0])
    scale = float(whole[1] - whole[0])
    if math.isinf(length) or length == 0:
        return length
    return length if math.isinf(scale) else length / scale


def _middle(low: End, high: End) -> Fraction:
    if low < 0 < high:
        return Fraction(0)
    if isinstance(low, Fraction) and isinstance(high, Fraction):
        return _roundest(low, high) if low < high else low
    if isinstance(low, Fraction):
        return 2 * low if low >= 1 else Fraction(math.floor(low) + 1)
    if isinstance(high, Fraction):
        return -_middle(-high, math.inf)
    return Fraction(0)


def _roundest(low: Fraction, high: Fraction) -> Fraction:
    """Return the multiple of the largest power of two in the middle half of an interval.

    Inequalities like to be touched at such points, and there their ends are computed without rounding.
    """
    quarter = (high - low) / 4
    left, right = low + quarter, high - quarter
    power = Fraction(2) ** (quarter.numerator.bit_length() - quarter.denominator.bit_length() + 2)
    while math.ceil(left / power) * power > right:
        power /= 2
    return math.ceil(left / power) * power


def trial_points(symbols: tuple[Symbol, ...], cell: Cell) -> Iterator[tuple[Fraction, ...]]:
    """Yield the middle and two opposite corners, where the symbols' assumptions admit them."""
    seen = set()
    for choose in (_middle, _first, _last):
        point = tuple(choose(low, high) for low, high in cell)
        rounded = tuple(
            Fraction(math.floor(value)) if symbol.is_integer else value
            for symbol, value in zip(symbols, point, strict=True)
        )
        if rounded not in seen and all(map(admits, symbols, rounded)):
            seen.add(rounded)
            yield rounded


def _first(low: End, high: End) -> Fraction:
    return low if isinstance(low, Fraction) else _middle(low, high)


def _last(low: End, high: End) -> Fraction:
    return high if isinstance(high, Fraction) else _middle(low, high)


def admits(symbol: Symbol, value: Fraction) -> bool:
    """Return whether a rational number satisfies everything that is assumed of a symbol."""
    number = sympy.Rational(value.numerator, value.denominator)
    return all(getattr(number, f"is_{name}", None) in (None, assumed) for name, assumed in symbol.assumptions0.items())
