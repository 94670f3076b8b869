"""An integrand on a cell: its range, and its Gauss-Legendre value with a proved error.

With Q_x and Q_y for the rules and I_x, I_y for the integrals over the two sides of a cell,

    I_y I_x f - Q_y Q_x f = I_y (I_x - Q_x) f + Q_x (I_y - Q_y) f,

and since the weights are positive, either term is at most a one-dimensional error, with f bounded on
(ellipse around one side) x (the other side), times the length of the other side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from flint import acb, arb

from graphon_theory.enclosures.balls import ball
from graphon_theory.enclosures.evaluation import precision
from graphon_theory.enclosures.interval import EnclosureError, Interval
from graphon_theory.enclosures.kinks import MODELS, coordinate, mean
from graphon_theory.enclosures.legendre import (
    bounding_box,
    error_bound,
    points_needed,
    rule,
    upper_ellipse_cover,
)
from graphon_theory.enclosures.range_algebra import INF, MINUS_INF, ZERO, Behaviour, Range

if TYPE_CHECKING:
    from graphon_theory.enclosures.evaluation import Problem
    from graphon_theory.enclosures.machine import Program

Ball = Any  # flint.arb
Box = Any  # flint.acb
Cell = tuple[tuple[float, float], ...]  # sides in [0, 1], ends exact dyadic doubles

_SIZES: Final = (1.5, 2.0, 3.0, 4.5, 7.0, 11.0, 18.0)  # ellipses to try; beyond, few points do anyway
_SLICES: Final = 3  # pieces of the other side in a bound over ellipse x side
_PILOT: Final = 5  # points a side for the size of the integrand
_COARSE: Final = 64  # bits for bounds, where the digits of the result play no part
_QUICK_SIZES: Final = (5.0, 2.0)
_SHORT: Final = 6  # points a side up to which the quick choice is taken
_FEW: Final = 4  # a rule this short is not worth improving


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the domain: its lower end and its length, both enclosed."""

    low: Interval
    length: Interval


@dataclass(frozen=True, slots=True)
class Integrand:
    """An integrand on the unit interval or square, bound at the current precision.

    Parameters
    ----------
    real, boxes, ranges, models
        The expression in the four arithmetics, all but the first at a coarse precision.
    sides
        Enclosed (low, length) of each axis; the unit coordinate s stands for ``low + length s``.
    bounds
        Ends that the caller promises the values to lie between, or None.
    bits
        The working precision.
    """

    real: Program
    boxes: Program
    ranges: Program
    models: Program
    sides: tuple[tuple[Ball, Ball], ...]
    bounds: tuple[Ball, Ball] | None
    bits: int

    @classmethod
    def of(cls, problem: Problem, sides: tuple[Side, ...], bounds: Interval | None, bits: int) -> Integrand:
        """Bind a problem at the current precision, which ``bits`` names."""
        with precision(min(bits, _COARSE)):
            boxes, ranges, models = problem.complex(), problem.ranges(), problem.bound(MODELS)
        return cls(
            real=problem.real(),
            boxes=boxes,
            ranges=ranges,
            models=models,
            sides=tuple((_ball(side.low), _ball(side.length)) for side in sides),
            bounds=None if bounds is None else (_ball(bounds).lower(), _ball(bounds).upper()),
            bits=bits,
        )

    def measure(self) -> Ball:
        """Return the area (or length) of the whole domain."""
        return math.prod((length for _, length in self.sides), start=arb(1))

    def scale(self) -> float:
        """Return the integral's size by a short rule, or a thousandth of the modulus' mean if that is larger.

        No bound, only the yardstick for relative accuracy; 1 where the rule sees nothing.
        """
        nodes = rule(_PILOT, self.bits)
        grid = [[low + length * (1 + node) / 2 for node, _ in nodes] for low, length in self.sides]
        weights = _products([[weight / 2 for _, weight in nodes] for _ in self.sides])
        sample = [
            (float(weight), float(value))
            for weight, value in zip(weights, self.real.on_grid(*grid), strict=True)
            if value.is_finite()
        ]
        mean = abs(math.fsum(weight * value for weight, value in sample))
        size = math.fsum(weight * abs(value) for weight, value in sample)
        scale = max(mean, size / 1000)
        return scale if 0 < scale < math.inf else 1.0

    def describe(self, cell: Cell) -> str:
        """Return the cell in the caller's coordinates, for messages."""
        parts = []
        for symbol, (low, length), (start, end) in zip(self.real.axes, self.sides, cell, strict=True):
            ends = [float(low) + float(length) * share for share in (start, end)]
            parts.append(f"{symbol} in [{ends[0]:.6g}, {ends[1]:.6g}]")
        return ", ".join(parts)

    def bound(self, cell: Cell) -> Ball:
        """Return a ball that holds every value on the cell; NaN if no finite one is known.

        Raises
        ------
        EnclosureError
            If the range and the promised bounds have nothing in common.
        """
        with precision(min(self.bits, _COARSE)):
            arguments = []
            for (start, length), (low, high) in zip(self.sides, cell, strict=True):
                left, right = start + length * low, start + length * high
                arguments.append(Range(left.lower(), right.upper(), Behaviour.CONTINUOUS))
            bottom, top, behaviour = self.ranges.at(*arguments)
            if behaviour == Behaviour.UNREAL:
                bottom, top = MINUS_INF, INF
            if self.bounds is not None:
                bottom, top = bottom.max(self.bounds[0]), top.min(self.bounds[1])
                if bottom > top:
                    raise EnclosureError("the integrand leaves the bounds that the caller promised")
            if behaviour >= Behaviour.SINGULAR:
                # Points where the integrand is undefined count as zero.
                bottom, top = bottom.min(ZERO), top.max(ZERO)
            return bottom.union(top) if bottom.is_finite() and top.is_finite() else arb.nan()

    def refined(self, cell: Cell, bound: Ball) -> Ball:
        """Return a ball that holds the mean over the cell, given a ball that holds the values there.

        Pays on cells that one kink crosses, see ``kinks``.
        """
        with precision(min(self.bits, _COARSE)):
            arguments = []
            half_sides = [ZERO, ZERO]
            for axis, ((start, length), (low, high)) in enumerate(zip(self.sides, cell, strict=True)):
                half_sides[axis] = length * ((high - low) / 2)
                arguments.append(coordinate(start + length * ((low + high) / 2), half_sides[axis], axis))
            value = mean(self.models.at(*arguments), (half_sides[0], half_sides[1]))
            if not value.is_finite():
                return bound
            return value.intersection(bound) if bound.is_finite() else value

    def by_rule(self, cell: Cell, tolerance: float) -> tuple[Ball | None, tuple[int, ...]]:
        """Return the integral over a cell by a Gauss-Legendre rule.

        Parameters
        ----------
        cell
            The cell, in unit coordinates.
        tolerance
            Wanted bound on the rule's error, per unit of area in unit coordinates.

        Returns
        -------
        tuple
            A ball that contains the integral, and (); or None and the axes along which no short rule is
            known to do, all of them where the integrand is not analytic on the cell itself.
        """
        everywhere = tuple(range(len(cell)))
        with precision(min(self.bits, _COARSE)):
            if not self.boxes.at(*(acb(self._piece(axis, cell[axis])) for axis in everywhere)).is_finite():
                return None, everywhere
            choices = self._quick_rules(cell, tolerance)
            if choices is None:
                choices = [self._shortest_rule(cell, axis, tolerance) for axis in everywhere]
        failed = tuple(axis for axis, choice in enumerate(choices) if choice is None)
        if failed:
            return None, failed
        chosen = [choice for choice in choices if choice is not None]
        value = self._apply_rule(cell, [points for points, _ in chosen])
        # On [-1, 1] the rule errs by the bound; a side of length s scales it by s/2, the other by its length.
        error = sum((bound for _, bound in chosen), start=arb(0)) * area(cell) / 2
        value += arb(0, error.upper())
        return (value, ()) if value.is_finite() else (None, everywhere)

    def _piece(self, axis: int, piece: tuple[float, float]) -> Ball:
        low, length = self.sides[axis]
        return low + length * arb(piece[0]).union(arb(piece[1]))

    def _quick_rules(self, cell: Cell, target: float) -> list[tuple[int, Ball] | None] | None:
        """Try one short rule on all axes, from a single evaluation on a box around the ellipses."""
        for size in _QUICK_SIZES:
            around = bounding_box(size)
            boxes = []
            for (low, length), (start, end) in zip(self.sides, cell, strict=True):
                boxes.append(low + length * ((start + end) / 2) + length * ((end - start) / 2) * around)
            value = self.boxes.at(*boxes)
            if value.is_finite():
                modulus = value.abs_upper()
                points = points_needed(size, float(modulus), target)
                if points <= _SHORT:
                    return [(points, error_bound(points, size, modulus))] * len(cell)
        return None

    def _shortest_rule(self, cell: Cell, axis: int, target: float) -> tuple[int, Ball] | None:
        """Return points and error bound on [-1, 1] of the shortest rule found for one axis, if any is short."""
        best: tuple[int, Ball] | None = None
        for size in _SIZES:
            modulus = self._modulus(cell, axis, size)
            if modulus is None:
                break
            points = points_needed(size, float(modulus), target)
            if best is not None and points >= best[0]:
                break
            best = (points, error_bound(points, size, modulus))
            if points <= _FEW:
                break
        return best if best is not None and best[0] <= self.bits // 2 + 16 else None

    def _modulus(self, cell: Cell, axis: int, size: float) -> Ball | None:
        """Bound the integrand on (ellipse around one side) x (other side); None where not analytic."""
        low, length = self.sides[axis]
        start, end = cell[axis]
        centre, half = low + length * ((start + end) / 2), length * ((end - start) / 2)
        grids: list[list[Box]] = []
        for other, (left, right) in enumerate(cell):
            if other == axis:
                grids.append([centre + half * box for box in upper_ellipse_cover(size)])
            else:
                cuts = [left + (right - left) * k / _SLICES for k in range(_SLICES + 1)]
                grids.append([acb(self._piece(other, pair)) for pair in pairwise(cuts)])
        largest = arb(0)
        for value in self.boxes.on_grid(*grids):
            if not value.is_finite():
                return None
            largest = largest.max(value.abs_upper())
        return largest

    def _apply_rule(self, cell: Cell, points: list[int]) -> Ball:
        grids, weights = [], []
        for (low, length), (start, end), n in zip(self.sides, cell, points, strict=True):
            centre, half = arb(start + end) / 2, arb(end - start) / 2
            nodes = rule(n, self.bits)
            grids.append([low + length * (centre + half * node) for node, _ in nodes])
            weights.append([half * weight for _, weight in nodes])
        values = self.real.on_grid(*grids)
        columns = weights[-1]
        if len(cell) == 1:
            return _dot(columns, values)
        rows = range(0, len(values), len(columns))
        inner = [_dot(columns, values[row : row + len(columns)]) for row in rows]
        return _dot(weights[0], inner)


def area(cell: Cell) -> float:
    """Return the area of a cell in unit coordinates, exactly."""
    return math.prod(high - low for low, high in cell)


def _ball(value: Interval) -> Ball:
    return ball(value.low, value.high)


def _dot(weights: list[Ball], values: list[Ball]) -> Ball:
    total = arb(0)
    for weight, value in zip(weights, values, strict=True):
        total += weight * value
    return total


def _products(lists: list[list[Ball]]) -> list[Ball]:
    if len(lists) == 1:
        return lists[0]
    return [first * second for first in lists[0] for second in lists[1]]
