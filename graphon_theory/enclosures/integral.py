"""Rigorous integrals over intervals and rectangles.

Cells on which the integrand is analytic get a Gauss-Legendre rule with its error bound (``cell_rule``). Elsewhere, on
a kink or at a singular edge, a cell counts with the range of the integrand times its area, and is halved
while that pays. So the answer is a true enclosure at every stage; effort only makes it narrower.
"""

from __future__ import annotations

import heapq
import math
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import sympy
from flint import arb

from graphon_theory.enclosures.balls import to_interval
from graphon_theory.enclosures.cell_rule import Cell, Integrand, Side, area
from graphon_theory.enclosures.evaluation import enclose, pose, precision, require_admissible, working_bits
from graphon_theory.enclosures.interval import (
    EnclosureError,
    ExactLike,
    Interval,
    as_interval,
    is_exact_like,
)
from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from graphon_theory.enclosures.evaluation import Substitutions

    End: TypeAlias = ExactLike | Expr
    Axis: TypeAlias = tuple[Symbol, End, End]

Ball = Any  # flint.arb

_ATTEMPTS: Final = 3  # precision doublings when rounding alone keeps the answer too wide
_END_GUARD: Final = 20  # digits of an irrational end beyond those of the result
_MOST_DIGITS: Final = 250  # tolerances are doubles
_DEEPEST: Final = 2.0**-48  # sides are never halved below this share of the axis: cell ends stay exact doubles


def integrate(
    expression: Expr,
    first: Axis,
    second: Axis | None = None,
    *,
    substitutions: Substitutions | None = None,
    digits: int = 15,
    bounds: tuple[ExactLike, ExactLike] | None = None,
    cells: int = 4000,
) -> Interval:
    """Enclose the integral of an expression over an interval or a rectangle.

    Parameters
    ----------
    expression
        Real integrand; see ``compile_tape`` for what it may hold.
    first, second
        Axes ``(symbol, low, high)``. The ends are finite numbers or SymPy constants; ends in the wrong order
        change the sign.
    substitutions
        Value of each other symbol: a number, an ``Interval`` or a constant SymPy expression.
    digits
        Wanted accuracy: decimal digits of the result, or, where it nearly cancels, of a thousandth of the
        integrand's size.
    bounds
        Two numbers between which the integrand lies wherever it is defined, and a promise that it is real
        almost everywhere. This is a hypothesis of the caller, which the answer rests on; nothing checks it.
        Needed only where range arithmetic finds no bound (``sqrt`` of something that may round below zero).
    cells
        Effort: the most cells to look at, at least 1.

    Returns
    -------
    Interval
        Contains the integral; for parameters given as intervals, the integral at every choice from them.
        Where the integrand is undefined, as 1/u at 0, it counts as zero. Analytic integrands reach the wanted
        digits, and so do kinks, jumps and singular ends in one dimension, to 25 or so. In two, a kink along a
        curve allows about 7 digits and a jump 2.

    Raises
    ------
    EnclosureError
        If the integrand has no finite bound on some cell, or holds an unknown function.
    InputError
        If an end is infinite, a symbol has no value or one that its assumptions forbid, or ``digits`` or
        ``cells`` is out of range.
    """
    axes = (first,) if second is None else (first, second)
    bits = working_bits(digits)
    if digits > _MOST_DIGITS:
        raise InputError("digits", digits, f"give at most {_MOST_DIGITS}")
    if isinstance(cells, bool) or not isinstance(cells, int) or cells < 1:
        raise InputError("cells", cells, "give a whole number of cells, at least 1")
    sides, sign = _sides(axes, digits)
    if any(side.length.low == side.length.high == 0 for side in sides):
        return Interval.of(0)
    problem = pose(expression, tuple(symbol for symbol, _, _ in axes), substitutions)
    limits = None if bounds is None else Interval.of(*bounds)
    result: Interval | None = None
    for attempt in range(_ATTEMPTS):
        with precision(bits << attempt):
            search = _Search(Integrand.of(problem, sides, limits, bits << attempt), digits, cells)
            found = to_interval(search.run())
        result = found if result is None else result.intersection(found)
        if search.reached or not search.limited_by_rounding or not problem.is_exact:
            break
    return result * sign if result is not None else Interval.of(0)


def _sides(axes: tuple[Axis, ...], digits: int) -> tuple[tuple[Side, ...], int]:
    if len({symbol for symbol, _, _ in axes}) < len(axes):
        raise InputError("second", axes[1], "name another symbol than on the first axis")
    sides: list[Side] = []
    sign = 1
    for symbol, low, high in axes:
        left, right = (_end(end, symbol, digits) for end in (low, high))
        if left.midpoint > right.midpoint:
            left, right, sign = right, left, -sign
        require_admissible(symbol, left.hull(right), "axis")
        length = right - left
        if length.low <= 0 < length.high:
            raise InputError(f"ends of {symbol}", (low, high), "give ends that differ by more than their own accuracy")
        sides.append(Side(left, length))
    return tuple(sides), sign


def _end(value: End, symbol: Symbol, digits: int) -> Interval:
    if is_exact_like(value):
        return as_interval(value, f"end of {symbol}")
    if isinstance(value, sympy.Expr) and not value.free_symbols and value.is_finite is not False:
        return enclose(value, digits=digits + _END_GUARD)
    raise InputError(f"end of {symbol}", value, "give a finite number or a SymPy constant")


class _Search:
    """Best-first subdivision: the cell that contributes most to the width is halved next."""

    def __init__(self, integrand: Integrand, digits: int, cells: int) -> None:
        self._integrand = integrand
        self._cells = cells
        # Of the mean over the domain, hence of every cell's mean as well; never so small that logarithms fail.
        self._tolerance = max(integrand.scale() * 10.0**-digits, 1e-300)
        self._order = count()
        self._pending: list[tuple[float, int, Cell, Ball, tuple[int, ...]]] = []
        self._final: list[tuple[Cell, Ball]] = []
        self._accepted: Ball = arb(0)
        self._used = 0
        self._unbounded = 0
        self._undecided = 0.0
        self.reached = False
        self.limited_by_rounding = False

    def run(self) -> Ball:
        """Return a ball that contains the integral."""
        whole: Cell = ((0.0, 1.0),) * len(self._integrand.sides)
        self._add(whole, self._integrand.bound(whole))
        while self._pending and self._used < self._cells and not self._narrow_enough():
            self._halve()
        left_over = [(cell, bound) for _, _, cell, bound, _ in self._pending] + self._final
        total = self._accepted
        for cell, bound in left_over:
            if not bound.is_finite():
                raise EnclosureError(f"the integrand has no known bound on {self._integrand.describe(cell)}")
            total += bound * area(cell)
        total *= self._integrand.measure()
        self.reached = bool(2 * total.rad() <= self._tolerance * self._integrand.measure())
        self.limited_by_rounding = not left_over
        return total

    def _narrow_enough(self) -> bool:
        # Cells below this threshold in total change neither the digits asked for nor those that are left.
        return not self._unbounded and self._undecided <= max(self._tolerance / 2, float(self._accepted.rad()))

    def _weigh(self, width: float, sign: int) -> None:
        # Keeps the total width of the pending cells; a running sum, since it only steers the effort.
        if math.isinf(width):
            self._unbounded += sign
        else:
            self._undecided += sign * width

    def _add(self, cell: Cell, bound: Ball) -> None:
        self._used += 1
        share = self._tolerance / 4
        if _width(bound) <= share:
            self._accepted += bound * area(cell)
            return
        value, failed = self._integrand.by_rule(cell, share)
        if value is None and len(failed) == len(cell):
            bound = self._integrand.refined(cell, bound)
            value = bound * area(cell) if _width(bound) <= share else None
        width = _width(bound) * area(cell)
        if value is not None:
            self._accepted += value
        elif all(high - low <= _DEEPEST for low, high in cell):
            self._final.append((cell, bound))
        else:
            self._weigh(width, 1)
            heapq.heappush(self._pending, (-width, next(self._order), cell, bound, failed))

    def _halve(self) -> None:
        negative, _, cell, _, failed = heapq.heappop(self._pending)
        self._weigh(-negative, -1)
        divisible = [axis for axis, (low, high) in enumerate(cell) if high - low > _DEEPEST]
        choices = [axis for axis in divisible if axis in failed] or divisible
        options = []
        for axis in choices:
            halves = [(half, self._integrand.bound(half)) for half in _halves(cell, axis)]
            widths = sorted(_width(bound) for _, bound in halves)
            # Infinite widths compare equal, so the count of unbounded halves is compared first.
            unbounded = sum(math.isinf(width) for width in widths)
            finite = sum(width for width in widths if not math.isinf(width))
            options.append((unbounded, finite, -(cell[axis][1] - cell[axis][0]), axis, halves))
        for half, bound in min(options)[-1]:
            self._add(half, bound)


def _halves(cell: Cell, axis: int) -> tuple[Cell, Cell]:
    low, high = cell[axis]
    middle = (low + high) / 2
    return (
        (*cell[:axis], (low, middle), *cell[axis + 1 :]),
        (*cell[:axis], (middle, high), *cell[axis + 1 :]),
    )


def _width(bound: Ball) -> float:
    return float((2 * bound.rad()).upper()) if bound.is_finite() else math.inf
