"""Tri-state proofs of inequalities on boxes.

Range arithmetic on ever smaller boxes proves an inequality that holds with room to spare. Where it is
touched, as ``exp(-x) >= 1 - x`` at 0, no subdivision suffices; there partial derivatives, bounded the same
way, show that the function is monotone along an axis, and the bound is taken on the face where it is least.
Derivatives come from SymPy, everything else from Arb.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal, get_args

import sympy

from graphon_theory.enclosures.evaluation import enclose, pose, precision
from graphon_theory.enclosures.interval import EnclosureError
from graphon_theory.enclosures.range_algebra import INF, MINUS_INF, Behaviour, Range, range_from_ends
from graphon_theory.enclosures.region import as_cell, halves, snapped, trial_points
from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sympy import Expr, Symbol

    from graphon_theory.enclosures.machine import Program
    from graphon_theory.enclosures.region import Bound, Cell

Relation = Literal[">=", ">", "<=", "<"]

_BITS: Final = 80
_ORDER: Final = 3  # derivatives taken in a row to prove monotonicity
_LARGEST: Final = 1500  # operations in a derivative beyond which it is not used
_DIGITS: Final = 60  # for an expression without symbols


@dataclass(frozen=True, slots=True)
class Decision:
    """What a search found out about an inequality on a box.

    Parameters
    ----------
    verdict
        True: proved at every point of the box at which the expression is defined. False: disproved, by the
        witness. None: undecided within the effort allowed, which says nothing about the truth.
    witness
        A point at which the inequality is proved to fail, or None.
    cells
        Number of boxes looked at.
    """

    verdict: bool | None
    witness: Mapping[Symbol, Fraction] | None
    cells: int


def decide(
    expression: Expr, relation: Relation, box: Mapping[Symbol, tuple[Bound, Bound]], *, cells: int = 2000
) -> bool | None:
    """Return the verdict of ``examine``: True, False or None."""
    return examine(expression, relation, box, cells=cells).verdict


def examine(
    expression: Expr, relation: Relation, box: Mapping[Symbol, tuple[Bound, Bound]], *, cells: int = 2000
) -> Decision:
    """Prove or disprove that ``expression relation 0`` on a box.

    Parameters
    ----------
    expression
        Real expression; see ``compile_tape`` for what it may hold.
    relation
        ``">="``, ``">"``, ``"<="`` or ``"<"``; the right-hand side is zero.
    box
        Closed range ``(low, high)`` of each symbol, numbers or ``±oo``. Symbols assumed to be integers take
        only the integers in it.
    cells
        Effort: the most boxes to look at, at least 1.

    Raises
    ------
    EnclosureError
        If the expression holds an unknown function, or may fail to be real wherever it was looked at.
    InputError
        If a symbol has no range or an inadmissible one, or ``relation`` is unknown.
    """
    if relation not in get_args(Relation):
        raise InputError("relation", relation, 'give one of ">=", ">", "<=" and "<"')
    if isinstance(cells, bool) or not isinstance(cells, int) or cells < 1:
        raise InputError("cells", cells, "give a whole number of boxes, at least 1")
    signed = sympy.sympify(expression)
    signed = -signed if relation.startswith("<") else signed
    symbols = tuple(sorted(signed.free_symbols, key=str))
    missing = [str(symbol) for symbol in symbols if symbol not in box]
    if missing:
        raise InputError("box", missing, "give each of these symbols a range")
    strict = "=" not in relation
    if not symbols:
        return _constant(signed, strict=strict)
    whole = as_cell(symbols, box)
    with precision(_BITS):
        return _search(_Bounds(signed, symbols), symbols, whole, cells, strict=strict)


def _constant(expression: Expr, *, strict: bool) -> Decision:
    sign = enclose(expression, digits=_DIGITS).sign
    verdict = None if sign is None else sign > 0 or (sign == 0 and not strict)
    return Decision(verdict, {} if verdict is False else None, 1)


def _search(bounds: _Bounds, symbols: tuple[Symbol, ...], whole: Cell, limit: int, *, strict: bool) -> Decision:
    queue: deque[Cell] = deque()
    first = snapped(symbols, whole)
    if first is not None:
        queue.append(first)
    used = 0
    while queue and used < limit:
        used += 1
        cell = queue.popleft()
        if bounds.proves(cell, strict=strict):
            continue
        for point in trial_points(symbols, cell):
            if bounds.refutes(point, strict=strict):
                return Decision(verdict=False, witness=dict(zip(symbols, point, strict=True)), cells=used)
        if all(low == high for low, high in cell):
            return Decision(verdict=None, witness=None, cells=used)
        pieces = (snapped(symbols, half) for half in halves(cell, whole))
        queue.extend(piece for piece in pieces if piece is not None)
    return Decision(verdict=None if queue else True, witness=None, cells=used)


class _Bounds:
    """Bounds of an expression and its derivatives on boxes, compiled when first asked for."""

    def __init__(self, expression: Expr, symbols: tuple[Symbol, ...]) -> None:
        self._symbols = symbols
        self._expressions: dict[tuple[int, ...], Expr] = {(): expression}
        self._programs: dict[tuple[int, ...], Program | None] = {(): pose(expression, symbols, None).ranges()}

    def proves(self, cell: Cell, *, strict: bool) -> bool:
        """Return whether the expression is proved non-negative (positive if strict) on the cell."""
        low = self._least((), cell, _ORDER, upward=False)
        return low is not None and bool(low.low > 0 if strict else low.low >= 0)

    def refutes(self, point: tuple[Fraction, ...], *, strict: bool) -> bool:
        """Return whether the expression is defined at the point and proved negative (not positive) there."""
        value = self._range((), tuple((end, end) for end in point))
        if value is None or value.behaviour >= Behaviour.SINGULAR:
            return False
        return bool(value.high <= 0 if strict else value.high < 0)

    def _least(self, derivative: tuple[int, ...], cell: Cell, order: int, *, upward: bool) -> Range | None:
        """Bound the least value (upward: the greatest) on a cell, on a face of it where that suffices.

        The range holds the values on a part of the cell which contains the extremum asked for.
        """
        value = self._range(derivative, cell)
        if value is None or value.behaviour == Behaviour.UNREAL:
            return None
        settled = value.high <= 0 if upward else value.low >= 0
        if order == 0 or settled or value.behaviour != Behaviour.CONTINUOUS:
            return value
        for axis, (low, high) in enumerate(cell):
            if low == high:
                continue
            slope = self._slope_sign((*derivative, axis), cell, order - 1)
            end = high if (slope > 0) == upward else low
            if slope and isinstance(end, Fraction):
                cell = (*cell[:axis], (end, end), *cell[axis + 1 :])
        return self._range(derivative, cell)

    def _slope_sign(self, derivative: tuple[int, ...], cell: Cell, order: int) -> int:
        """Return 1 or -1 if the derivative is proved not to change to the other sign, else 0.

        A jump of the derivative does no harm, a point where it is not defined might.
        """
        low = self._least(derivative, cell, order, upward=False)
        if low is None or low.behaviour >= Behaviour.SINGULAR:
            return 0
        if low.low >= 0:
            return 1
        high = self._least(derivative, cell, order, upward=True)
        return -1 if high is not None and high.behaviour < Behaviour.SINGULAR and high.high <= 0 else 0

    def _range(self, derivative: tuple[int, ...], cell: Cell) -> Range | None:
        key = tuple(sorted(derivative))
        if key not in self._programs:
            self._programs[key] = self._compiled(key)
        program = self._programs[key]
        if program is None:
            return None
        value: Range = program.at(*(_argument(low, high) for low, high in cell))
        return value

    def _derivative(self, key: tuple[int, ...]) -> Expr:
        if key not in self._expressions:
            self._expressions[key] = sympy.diff(self._derivative(key[:-1]), self._symbols[key[-1]])
        return self._expressions[key]

    def _compiled(self, key: tuple[int, ...]) -> Program | None:
        expression = self._derivative(key)
        if sympy.count_ops(expression) > _LARGEST:
            return None
        try:
            return pose(expression, self._symbols, None).ranges()
        except EnclosureError:
            return None


def _argument(low: object, high: object) -> Range:
    left = range_from_ends(low, low).low if isinstance(low, Fraction) else MINUS_INF
    right = range_from_ends(high, high).high if isinstance(high, Fraction) else INF
    return Range(left, right, Behaviour.CONTINUOUS)
