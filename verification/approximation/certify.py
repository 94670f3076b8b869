"""Certified sup error of a sum of ridge functions against a target on ``K = [-1, 1]^k``.

Let ``e = f - g``. On a box with centre ``c`` and half-sides ``r``, ``d = x - c``, the network is (see ``models``)
``F + p . d + d.Q.d / 2 + C(d, d, d) / 6`` up to ``+- H``; kinks of g along hyperplanes have been moved over to it (see
``creases``). The target has three forms: ``g(c) + G . d`` with G in the
gradient's enclosure on the box, kinks included (see ``jets``); where the Hessian is bounded on the box also
``g(c) + g'(c) . d + d.B.d / 2`` with B in its enclosure; and where there are no kinks at all
``g(c) + g'(c) . d + d.g''(c).d / 2 + D(d, d, d) / 6`` with D in the enclosure of the third derivatives (used with tanh,
where f has a third order too). With ``(X; r)`` for the sum of the moduli of a form's coefficients times monomials in r:

    |e| <= |F - g(c)| + H + min( (p - G; r)       + (Q; r)          + (C; r),
                                 (p - g'(c); r)   + (Q - B; r)      + (C; r),
                                 (p - g'(c); r)   + (Q - g''(c); r) + (C - D; r) ).

**Search.** Boxes whose bound exceeds ``tightness`` times the best lower bound are halved, along one axis after the
other. The lower bound is ``|f - g|`` at sampled points and at the centres of the most promising boxes, less the
rounding. A ReLU network in one variable starts from the intervals between its breakpoints, where it is affine, so that
H vanishes from the start.

**Rounding.** ``margin`` (see ``models``) covers the network. The target's enclosures carry their own rounding, and the
few sums of non-negative terms at the end are enlarged by a factor ``1 + 2**-40``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from verification.approximation.creases import difference
from verification.approximation.intervals import Intervals
from verification.approximation.models import (
    Model,
    added_models,
    joined_models,
    model_of,
    monomials,
    pairs,
    rounding_margin,
    triples,
)
from verification.approximation.network import RidgeSum
from verification.approximation.targets import Target, spread

Array = npt.NDArray[np.float64]

MOST_BOXES = 2_000_000
_CHUNK_ENTRIES = 2**15  # units times boxes held at once: within the cache
_TARGET_CHUNK = 2**13  # boxes: a formula's cost is mostly that of calls
_FIRST_BOXES = {1: 64, 2: 32**2, 3: 12**3}
_SAMPLES = 4096
_CENTRES = 256  # boxes of a level at whose centres the error is evaluated
_ENLARGED = 1.0 + 2.0**-40


@dataclass(frozen=True, slots=True)
class SupError:
    """Bounds on ``sup over K of |f - g|``.

    Parameters
    ----------
    upper
        Rigorous upper bound.
    lower
        Rigorous lower bound: the error at ``at`` less its rounding.
    at
        Point of K, k coordinates.
    boxes
        Number of boxes looked at.
    margin
        Part of either bound that covers the rounding of the network.
    """

    upper: float
    lower: float
    at: tuple[float, ...]
    boxes: int
    margin: float

    @property
    def ratio(self) -> float:
        """Upper over lower bound; infinite where the lower bound is 0."""
        return self.upper / self.lower if self.lower > 0.0 else math.inf


def certify(units: RidgeSum, target: Target, *, tightness: float = 1.1, most_boxes: int = MOST_BOXES) -> SupError:
    """Bound the sup error of a network from both sides.

    Parameters
    ----------
    units
        The network on its active coordinates.
    target
        The function to approximate, of as many coordinates.
    tightness
        Ratio of upper to lower bound to stop at, above 1. Where the error is of the order of the rounding the ratio
        stays larger.
    most_boxes
        Number of boxes to stop at; then the upper bound is looser, never wrong.

    Raises
    ------
    InputError
        If the numbers of coordinates differ, or an option is out of range.
    """
    if units.coordinates != target.coordinates:
        raise InputError("units", units.coordinates, f"give a network of the target's {target.coordinates} coordinates")
    if not 1.0 < tightness < math.inf:
        raise InputError("tightness", tightness, "give a finite ratio above 1, such as 1.1")
    if isinstance(most_boxes, bool) or most_boxes < 1:
        raise InputError("most_boxes", most_boxes, "give a positive number of boxes")
    return _Search(units, target, tightness, most_boxes).run()


def box_bounds(units: RidgeSum, target: Target, low: Array, high: Array) -> Array:
    """Bound ``|f - g|`` on boxes, rigorously, without dividing them.

    Parameters
    ----------
    units, target
        As for ``certify``.
    low, high
        Corners, shape (B, k), within K.

    Returns
    -------
    numpy.ndarray
        Shape (B,).
    """
    return _Search(units, target, 2.0, 1).bound(low, high)


class _Search:
    """Branch and bound, level by level: all boxes of a level at once, in chunks."""

    def __init__(self, units: RidgeSum, target: Target, tightness: float, most_boxes: int) -> None:
        self._units, self._target = units, target
        self._tightness, self._most = tightness, most_boxes
        apart = difference(units, target)
        self._smooth, self._creases = apart.smooth, apart.creases
        self._margin = rounding_margin(units) + apart.slack
        self._models = [model_of(apart.units)]
        if apart.creases is not None:
            self._margin += rounding_margin(apart.creases)
            self._models.append(model_of(apart.creases))
        self._lower, self._at = 0.0, np.zeros(units.coordinates)
        self._boxes = 0

    def run(self) -> SupError:
        k = self._units.coordinates
        self._sample(_start_points(k))
        self._climb()
        low, high = self._first_boxes()
        settled, axis = 0.0, 0
        while True:
            bounds = self._bound_all(low, high)
            self._boxes += len(low)
            promising = np.argsort(-bounds, kind="stable")[:_CENTRES]
            before = self._lower
            self._sample(0.5 * (low[promising] + high[promising]))
            if self._lower > before:
                self._climb()
            open_ = bounds > self._goal()
            # NaN compares as false: an undefined bound must stay open.
            open_ |= np.isnan(bounds)
            settled = max(settled, float(np.max(bounds[~open_], initial=0.0)))
            if not open_.any():
                break
            low, high, bounds = low[open_], high[open_], bounds[open_]
            if self._boxes + 2 * len(low) > self._most or not self._can_split(low, high, axis):
                settled = math.inf if np.isnan(bounds).any() else max(settled, float(bounds.max()))
                break
            low, high = _halved(low, high, axis)
            axis = (axis + 1) % k
        at = tuple(float(x) for x in self._at)
        return SupError(max(settled, self._lower), self._lower, at, self._boxes, self._margin)

    def _goal(self) -> float:
        """Bound from which a box is settled: no certificate can be finer than the rounding."""
        return max(self._tightness * self._lower, self._lower + 4.0 * self._margin)

    def _first_boxes(self) -> tuple[Array, Array]:
        units, k = self._units, self._units.coordinates
        if k == 1 and units.activation == "relu":
            with np.errstate(all="ignore"):
                breaks = -units.offsets / units.slopes[:, 0]
                if self._creases is not None:
                    breaks = np.append(breaks, -self._creases.offsets / self._creases.slopes[:, 0])
            inside = breaks[np.isfinite(breaks) & (np.abs(breaks) < 1.0)]
            ends = np.unique(np.concatenate([[-1.0, 1.0], inside]))
            return ends[:-1, None], ends[1:, None]
        side = round(_FIRST_BOXES[k] ** (1.0 / k))
        # Sides a power of two, so that corners and centres are exact.
        side = 2 ** math.floor(math.log2(side))
        ends = np.linspace(-1.0, 1.0, side + 1)
        low = np.stack([a.ravel() for a in np.meshgrid(*[ends[:-1]] * k, indexing="ij")], 1)
        return low, low + 2.0 / side

    @staticmethod
    def _can_split(low: Array, high: Array, axis: int) -> bool:
        middle = 0.5 * (low[:, axis] + high[:, axis])
        return bool(np.all((low[:, axis] < middle) & (middle < high[:, axis])))

    def _bound_all(self, low: Array, high: Array) -> Array:
        return np.concatenate(
            [
                self.bound(low[i : i + _TARGET_CHUNK], high[i : i + _TARGET_CHUNK])
                for i in range(0, len(low), _TARGET_CHUNK)
            ]
        )

    def bound(self, low: Array, high: Array) -> Array:
        """Bound the error on each box."""
        c = 0.5 * (low + high)
        # Either half may be the longer one after rounding.
        r = np.maximum(c - low, high - c) * (1.0 + 2.0**-50)
        with np.errstate(all="ignore"):
            model = self._modelled(c, r)
            target, k, count = self._smooth, self._units.coordinates, len(c)
            third = target.third(low, high) if model.C is not None else None
            at_c = target.jet(c, c, 1 if third is None else 2)
            over = target.jet(low, high, 2 if third is None else 1)
            square, cube = monomials(r, pairs(k)), monomials(r, triples(k))
            value = spread(at_c.value, count)
            error = np.maximum(np.abs(model.F - value.low), np.abs(model.F - value.high)) + model.H
            bent = _form(model.Q, None, square)
            twisted = _form(model.C, None, cube)
            least = _form(model.p, target.gradient_of(over, count), r) + bent + twisted
            slope = _form(model.p, target.gradient_of(at_c, count), r)
            if third is None:
                least = np.fmin(least, slope + _form(model.Q, target.hessian_of(over, count), square) + twisted)
            else:
                bent = _form(model.Q, target.hessian_of(at_c, count), square)
                least = np.fmin(least, slope + bent + _form(model.C, third, cube))
            return np.asarray((error + least) * _ENLARGED + self._margin)

    def _modelled(self, c: Array, r: Array) -> Model:
        step = max(8, _CHUNK_ENTRIES // max(1, len(self._units.outer)))
        parts = [
            added_models([model(c[i : i + step], r[i : i + step]) for model in self._models])
            for i in range(0, len(c), step)
        ]
        return joined_models(parts)

    def _sample(self, points: Array) -> None:
        """Raise the lower bound by the error at points."""
        step = max(1, _CHUNK_ENTRIES // max(1, len(self._units.outer)))
        for start in range(0, len(points), step):
            some = points[start : start + step]
            value, g = self._units(some), self._target.values(some)
            with np.errstate(invalid="ignore"):
                error = np.maximum(value - g.high, g.low - value) * (1.0 - 2.0**-50) - self._margin
            best = int(np.argmax(error))
            if error[best] > self._lower:
                self._lower, self._at = float(error[best]), some[best]

    def _climb(self) -> None:
        """Look around the best point at falling distances."""
        k = len(self._at)
        around = np.array([s for s in itertools.product((-1.0, -0.5, 0.0, 0.5, 1.0), repeat=k) if any(s)])
        distance = 0.05
        for _ in range(24):
            before = self._lower
            self._sample(np.clip(self._at + distance * around, -1.0, 1.0))
            if self._lower <= before:
                distance *= 0.5


def _form(network: Array | None, target: Intervals | None, monomial: Array) -> Array:
    """Bound of a form: largest modulus of each coefficient's difference, times its monomial."""
    if target is None:
        return np.zeros(len(monomial)) if network is None else np.asarray((np.abs(network) * monomial).sum(axis=1))
    own = np.zeros_like(target.low) if network is None else network
    farthest = np.maximum(np.abs(own - target.low), np.abs(own - target.high))
    return np.asarray((farthest * monomial).sum(axis=1))


def _halved(low: Array, high: Array, axis: int) -> tuple[Array, Array]:
    middle = 0.5 * (low[:, axis] + high[:, axis])
    left, right = high.copy(), low.copy()
    left[:, axis], right[:, axis] = middle, middle
    return np.concatenate([low, right]), np.concatenate([left, high])


def _start_points(k: int) -> Array:
    """Grid of about ``_SAMPLES`` points with the corners."""
    side = int(_SAMPLES ** (1.0 / k)) + 1
    return np.stack([a.ravel() for a in np.meshgrid(*[np.linspace(-1.0, 1.0, side)] * k, indexing="ij")], 1)
