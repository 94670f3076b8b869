"""What no function can do that ignores a coordinate: the error floor.

If ``f`` does not depend on the coordinates I, then for two points p, q of K that agree outside I, ``f(p) = f(q)`` and

    max(|f(p) - g(p)|, |f(q) - g(q)|) >= |g(p) - g(q)| / 2.

So half the oscillation of g along any fibre ``{x_A = const}`` is a lower bound of the sup error. It is attained:
``f(x_A) = (max + min of g on the fibre) / 2`` has the sup error half the largest oscillation. Both bounds of ``Floor``
are bounds of that number: the lower one by two points found by search and evaluated rigorously, the upper one by
enclosing g on boxes: over a cell of ``x_A``, the highest upper end less the lowest lower end, halved.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from verification.approximation.intervals import Intervals
from verification.approximation.targets import Target

Array = npt.NDArray[np.float64]

_SEARCH_SIDE = {1: 1025, 2: 129, 3: 33}
_BOX_SIDE = {1: 4096, 2: 256, 3: 48}
_ROUNDS = 40
_CHUNK = 2**16


@dataclass(frozen=True, slots=True)
class Floor:
    """Bounds on the least sup error of functions that ignore the inactive coordinates.

    Parameters
    ----------
    lower, upper
        Rigorous bounds.
    points
        Two points of K that agree in all active coordinates, at which ``lower`` is attained.
    """

    lower: float
    upper: float
    points: tuple[tuple[float, ...], tuple[float, ...]]


def fibre_floor(target: Target, inactive: Sequence[int]) -> Floor:
    """Bound the error floor of a target.

    Parameters
    ----------
    target
        The function, of k coordinates.
    inactive
        Positions, from 0 to k - 1, of the coordinates that the network cannot see.

    Raises
    ------
    InputError
        If none is given, or one is repeated or out of range.
    """
    k = target.coordinates
    unseen = _positions(inactive, k)
    seen = [j for j in range(k) if j not in unseen]
    first, second = _found(target, seen, unseen)
    ends = target.values(np.stack([first, second]))
    with np.errstate(invalid="ignore"):
        difference = max(float(ends.low[0] - ends.high[1]), float(ends.low[1] - ends.high[0]), 0.0)
    lower = 0.5 * difference * (1.0 - 2.0**-50)
    points = (tuple(float(x) for x in first), tuple(float(x) for x in second))
    return Floor(lower, max(lower, _upper(target, seen, unseen)), points)


def _positions(inactive: Sequence[int], k: int) -> list[int]:
    try:
        unseen = [operator.index(j) for j in inactive]
    except TypeError:
        raise InputError("inactive", inactive, f"give positions from 0 to {k - 1}") from None
    if any(isinstance(j, bool) for j in inactive):
        raise InputError("inactive", tuple(inactive), f"give positions from 0 to {k - 1}, not booleans")
    if not unseen or len(set(unseen)) != len(unseen) or not all(0 <= j < k for j in unseen):
        raise InputError("inactive", tuple(unseen), f"give distinct positions from 0 to {k - 1}, one or more")
    return unseen


def _found(target: Target, seen: list[int], unseen: list[int]) -> tuple[Array, Array]:
    """Best pair of a grid, improved by a pattern search in all coordinates of both points."""
    k = target.coordinates
    line = np.linspace(-1.0, 1.0, _SEARCH_SIDE[k])
    points = np.stack([a.ravel() for a in np.meshgrid(*[line] * k, indexing="ij")], 1)
    values = target(points).reshape((len(line),) * k)
    fibres = np.transpose(values, (*seen, *unseen)).reshape(len(line) ** len(seen), -1)
    best = int(np.argmax(fibres.max(axis=1) - fibres.min(axis=1)))
    pair = np.empty((2, k))
    for row, place in enumerate((int(fibres[best].argmax()), int(fibres[best].argmin()))):
        pair[row, seen] = line[list(np.unravel_index(best, (len(line),) * len(seen)))] if seen else []
        pair[row, unseen] = line[list(np.unravel_index(place, (len(line),) * len(unseen)))]
    # Free numbers: the active coordinates once, the inactive ones of either point.
    moves = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=len(seen) + 2 * len(unseen))))
    step = 2.0 / (len(line) - 1)
    for _ in range(_ROUNDS):
        shared, left, right = np.split(moves * step, [len(seen), len(seen) + len(unseen)], axis=1)
        high, low = np.repeat(pair[:1], len(moves), 0), np.repeat(pair[1:], len(moves), 0)
        high[:, seen] += shared
        low[:, seen] += shared
        high[:, unseen] += left
        low[:, unseen] += right
        np.clip(high, -1.0, 1.0, out=high)
        np.clip(low, -1.0, 1.0, out=low)
        gain = target(high) - target(low)
        chosen = int(np.argmax(gain))
        if gain[chosen] > float(np.subtract(*target(pair))):
            pair = np.stack([high[chosen], low[chosen]])
        else:
            step *= 0.5
    return pair[0], pair[1]


def _upper(target: Target, seen: list[int], unseen: list[int]) -> float:
    k = target.coordinates
    side = _BOX_SIDE[k]
    ends = np.linspace(-1.0, 1.0, side + 1)
    index = np.stack([a.ravel() for a in np.meshgrid(*[np.arange(side)] * k, indexing="ij")], 1)
    low, high = np.empty(len(index)), np.empty(len(index))
    for start in range(0, len(index), _CHUNK):
        some = slice(start, start + _CHUNK)
        found = _tight_range(target, ends[index[some]], ends[index[some] + 1])
        low[some], high[some] = found.low, found.high
    order = (*seen, *unseen)
    cells = side ** len(seen)
    highest = np.transpose(high.reshape((side,) * k), order).reshape(cells, -1).max(axis=1)
    lowest = np.transpose(low.reshape((side,) * k), order).reshape(cells, -1).min(axis=1)
    return float(0.5 * (highest - lowest).max() * (1.0 + 2.0**-50))


def _tight_range(target: Target, low: Array, high: Array) -> Intervals:
    """Range by the mean-value form where it is narrower than the natural one."""
    c = 0.5 * (low + high)
    r = np.maximum(high - c, c - low) * (1.0 + 2.0**-50)
    plain, at_c = target.range(low, high), target.values(c)
    reach = (target.gradient(low, high).magnitude * r).sum(axis=1) * (1.0 + 2.0**-40)
    around = at_c + Intervals(-reach, reach)
    return Intervals(np.maximum(plain.low, around.low), np.minimum(plain.high, around.high))
