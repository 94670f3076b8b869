"""Deterministic sample points of a domain.

The R-sequence of Roberts: additive recurrences with the powers of the root of ``x^(d+1) = x + 1``, which
spread evenly in every dimension; and two points near opposite corners, where wrong domains show.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import sympy

from graphon_theory.enclosures.region import admits, as_cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sympy import Symbol

    from graphon_theory.enclosures.region import Bound, End

_INTERIOR: Final = 8
_CORNER: Final = Fraction(1, 64)
_GRID: Final = 1 << 16  # points are multiples of 1/_GRID of a side, so that their fractions stay short
_MOST_TRIES: Final = 64
_DEFAULT_SPAN: Final = 3


def default_range(symbol: Symbol) -> tuple[int, int]:
    """Return the range that a symbol without a domain is sampled in, by its assumptions."""
    span = 4 * _DEFAULT_SPAN if symbol.is_integer else _DEFAULT_SPAN
    if symbol.is_nonnegative:
        return (0, span)
    return (-span, 0) if symbol.is_nonpositive else (-span, span)


def sample_points(
    symbols: tuple[Symbol, ...], domain: Mapping[Symbol, tuple[Bound, Bound]]
) -> list[dict[Symbol, Fraction]]:
    """Return ten points (one without symbols), all admitted by the symbols' assumptions.

    Parameters
    ----------
    symbols
        Symbols to place.
    domain
        Ranges, possibly infinite; symbols that it lacks get ``default_range``.

    Returns
    -------
    list
        Fewer points where the assumptions leave fewer.
    """
    if not symbols:
        return [{}]
    sides = as_cell(symbols, {symbol: domain.get(symbol, default_range(symbol)) for symbol in symbols})
    shares = [tuple(_CORNER for _ in symbols), tuple(1 - _CORNER for _ in symbols)]
    shares += [_recurrence(k, len(symbols)) for k in range(1, _MOST_TRIES)]
    points: list[dict[Symbol, Fraction]] = []
    for share in shares:
        values = [
            _place(symbol, low, high, part) for symbol, (low, high), part in zip(symbols, sides, share, strict=True)
        ]
        point = dict(zip(symbols, values, strict=True))
        if point not in points and all(admits(symbol, value) for symbol, value in point.items()):
            points.append(point)
        if len(points) == _INTERIOR + 2:
            break
    return points


def as_numbers(point: Mapping[Symbol, Fraction]) -> dict[Symbol, sympy.Rational]:
    """Return a point with SymPy rationals as values."""
    return {symbol: sympy.Rational(value.numerator, value.denominator) for symbol, value in point.items()}


def _recurrence(index: int, dimension: int) -> tuple[Fraction, ...]:
    base = 2.0
    for _ in range(60):
        base = (1 + base) ** (1 / (dimension + 1))
    parts = (math.modf(0.5 + index * base ** -(axis + 1))[0] for axis in range(dimension))
    return tuple(Fraction(min(max(round(part * _GRID), 1), _GRID - 1), _GRID) for part in parts)


def _place(symbol: Symbol, low: End, high: End, share: Fraction) -> Fraction:
    if isinstance(low, Fraction) and isinstance(high, Fraction):
        if symbol.is_integer:
            return Fraction(math.ceil(low) + math.floor(share * (math.floor(high) - math.ceil(low) + 1)))
        return low + share * (high - low)
    if isinstance(low, Fraction):
        value = low + share / (1 - share)
    elif isinstance(high, Fraction):
        value = high - share / (1 - share)
    else:
        value = (2 * share - 1) / (share * (1 - share))
    return Fraction(round(value)) if symbol.is_integer else value
