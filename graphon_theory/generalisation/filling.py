"""Least product PQ over ``0 <= D_j <= cap_j`` of a given total: the search behind ``best_density``.

``P = sum beta^2/D`` is convex in D and ``Q = sum D ||X_j||^2`` linear. Every point that minimises PQ also minimises
``t^2 P + Q`` for ``t^2 = Q/P``, which is convex and solved by water-filling. PQ itself is not convex, so all t are
searched: between two of them the curve of least (P, Q) lies above both tangents, and PQ above its least value at their
ends and where they cross.
"""

from __future__ import annotations

import heapq
import math
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_GAP: Final = 1e-13
"""Relative distance of the least value found from its proved lower bound at which the search ends."""
_NARROW: Final = 1e-9
_HALVINGS: Final = 60
_STEPS: Final = 60
_TINY: Final = float(np.finfo(np.float64).tiny)


class LeastProduct:
    """The problem, where the proportional shape does not fit under the caps.

    Parameters
    ----------
    teacher
        ``|beta_j|``, shape (d,), at least 0, of order one; 0 where the norm is.
    lengths
        ``||X_j||``, shape (d,), at least 0, of order one.
    caps
        Shape (d,), at least 0, above 0 where the teacher is.
    total
        ``sum_j D_j``, below the sum of the caps and above what the proportional shape and inputs of norm 0 can hold.
    """

    def __init__(self, teacher: Array, lengths: Array, caps: Array, total: float) -> None:
        self.teacher, self.squares, self.caps, self.total = teacher, np.square(lengths), caps, total
        self.lengths = lengths

    def solve(self) -> Array:
        """Return D, shape (d,): best first over intervals of t, each with a lower bound of PQ."""
        order = np.argsort(self.squares, kind="stable")
        before = np.concatenate([[0.0], np.cumsum(self.caps[order])[:-1]])
        cheapest = float(np.clip(self.total - before, 0.0, self.caps[order]) @ self.squares[order])
        inverse, linear = products(self.teacher, self.lengths, self.caps)
        top = math.sqrt(linear / inverse)
        last = self.point(top)
        first = self.point(min(cheapest / math.sqrt(last[1] * last[2]), top))
        best = min(first, last, key=_value)
        queue = [(_below(first, last), first, last)]
        while queue:
            bound, left, right = heapq.heappop(queue)
            if bound >= _value(best) * (1.0 - _GAP) or right[0] <= left[0] * (1.0 + _NARROW):
                break
            middle = self.point(math.sqrt(left[0] * right[0]))
            best = min(best, middle, key=_value)
            for pair in ((left, middle), (middle, right)):
                heapq.heappush(queue, (_below(*pair), *pair))
        return self.polished(best[0])

    def polished(self, t: float) -> Array:
        """Solve ``t^2 P = Q`` near t to machine precision: PQ is flat there, D is not."""
        low, high = t * (1.0 - 1e-5), t * (1.0 + 1e-5)
        signs = [t * t * p - q for t, p, q in (self.point(low), self.point(high))]
        if signs[0] > 0.0 or signs[1] < 0.0:
            return self.filled(t)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            if not low < middle < high:
                break
            _, p, q = self.point(middle)
            low, high = (low, middle) if middle * middle * p > q else (middle, high)
        return self.filled(low)

    def point(self, t: float) -> tuple[float, float, float]:
        """Return t, P and Q of the D that minimises ``t^2 P + Q``."""
        return (t, *products(self.teacher, self.lengths, self.filled(t)))

    def filled(self, t: float) -> Array:
        """Water-filling: which inputs are at their caps by bisection, then the level lambda by Newton's method."""
        weights = t * self.teacher
        least = np.square(np.divide(weights, self.caps, out=np.zeros_like(weights), where=self.caps > 0.0))
        order = np.argsort(least - self.squares, kind="stable")  # input j is at its cap for levels up to this
        low, high = 0, order.size  # at the lowest level all are, and the total fits
        while high - low > 1:
            middle = (low + high) // 2
            fits = float(self.at(weights, int(order[middle]), float(least[order[middle]])).sum()) >= self.total
            low, high = (middle, high) if fits else (low, middle)
        # Levels count from an input that just meets its cap: they may differ from -||X||^2 by less than rounding.
        base = int(order[low])
        level = float(least[base])
        more = self.at(weights, base, level)
        capped = np.zeros(order.size, dtype=bool)
        capped[order[low + 1 :]] = True
        free = ~capped & (self.teacher > 0.0)
        left = self.total - float(self.caps[capped].sum())
        for _ in range(_STEPS):
            # M^-2 is concave and rises with the level (a power mean), so that the steps come from below and stay there.
            inner = np.maximum(self.squares[free] - self.squares[base] + level, least[free])
            terms = weights[free] / np.sqrt(inner)
            mass, slope = float(terms.sum()), 0.5 * float((terms / inner).sum())
            if mass <= left:
                break
            step = (math.pow(mass / left, 2.0) - 1.0) * mass / (2.0 * slope)
            if not level + step > level:
                break
            level += step
        less = np.where(capped, self.caps, 0.0)
        less[free] = np.minimum(self.caps[free], weights[free] / np.sqrt(inner))
        # What is left lies in a jump: inputs that the teacher does not need, at a level of their own.
        missing, room = self.total - float(less.sum()), np.maximum(more - less, 0.0)
        filled: Array = less + room * min(max(missing, 0.0) / max(float(room.sum()), _TINY), 1.0)
        return filled

    def at(self, weights: Array, base: int, level: float) -> Array:
        """``min(cap, t |beta|/sqrt(||X||^2 + lambda))``, ``lambda = level - ||X_base||^2``; the cap where that is 0."""
        inner = self.squares - self.squares[base] + level
        roots = np.sqrt(np.maximum(inner, 0.0))
        wanted = np.divide(weights, roots, out=np.full_like(roots, np.inf), where=roots > 0.0)
        found: Array = np.minimum(self.caps, wanted)
        return found


def _value(point: tuple[float, float, float]) -> float:
    return point[1] * point[2]


def _below(left: tuple[float, float, float], right: tuple[float, float, float]) -> float:
    """Lower bound of PQ between two points of the curve: it is concave along a tangent, so least at a corner."""
    (t1, p1, q1), (t2, p2, q2) = left, right
    ends = min(p1 * q1, p2 * q2)
    if t2 <= t1:
        return ends
    p = (t2 * t2 * p2 + q2 - t1 * t1 * p1 - q1) / (t2 * t2 - t1 * t1)
    p = min(max(p, p2), p1)
    q = min(max(t1 * t1 * p1 + q1 - t1 * t1 * p, q1), q2)
    return min(ends, p * q)


def products(teacher: Array, lengths: Array, density: Array) -> tuple[float, float]:
    """Return P and Q.

    Parameters
    ----------
    teacher, lengths, density
        ``beta_j``, ``||X_j||`` and ``D_j``, shape (d,).

    Returns
    -------
    tuple
        ``sum beta^2/D``, infinite where the teacher needs an input of density 0, and ``sum D ||X||^2``.
    """
    with np.errstate(divide="ignore", over="ignore"):
        ratios = np.divide(np.square(teacher), density, out=np.zeros_like(teacher), where=teacher != 0.0)
    return float(ratios.sum()), float(density @ np.square(lengths))
