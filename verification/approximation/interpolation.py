"""ReLU networks in one variable: piecewise-linear interpolation, written with one ridge unit a piece.

A continuous piecewise-linear function with N pieces needs N units and the output's bias: from a knot ``t_m`` in the
middle, ramps ``relu(x - t_i)`` run to the right and ``relu(t_i - x)`` to the left, each with the change of slope at its
knot as output weight; both ramps at ``t_m`` start from slope 0. Ramps both ways keep sums of large terms short.

**Knots.** The chord of g over an interval of length h is off by ``h^2 |g''| / 8`` (at most, and to leading order), so
that equal errors ask for ``h`` proportional to ``|g''|^(-1/2)``: knots at quantiles of the density ``|g''|^(1/2)``.
Kinks become knots where there are pieces enough; pieces are shared among the segments between kinks by the integral of
the density.

**Values.** For a chord above g moving both ends down by half the gap halves the sup error: between knots the error
runs from -1/2 to +1/2 of the gap. The move is made at every knot with the mean of its two gaps, and kept if better.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from verification.approximation.network import RidgeSum
from verification.approximation.targets import Target

Array = npt.NDArray[np.float64]

_GRID = 8192
_KINK_WIDTH = 1e-11
_MOST_KINKS = 256
_LEAST_DENSITY = 0.02  # of the mean: where g is straight the knots still need not be infinitely far apart
_START = 0.3819660112501051  # an irrational shift: no kink at a round number falls on the end of a box
_SPLIT = 0.4142135623730951  # of another field than the shift, so that they do not conspire


def interpolating_units(knots: Array, values: Array) -> RidgeSum:
    """Write the piecewise-linear function through points as a ReLU network, on ``[knots[0], knots[-1]]``.

    Parameters
    ----------
    knots
        Increasing, N + 1 of them, N at least 1.
    values
        Values there.

    Returns
    -------
    RidgeSum
        N units.

    Raises
    ------
    InputError
        If the knots do not increase or do not fit the values.
    """
    if knots.ndim != 1 or len(knots) < 2 or knots.shape != values.shape or not np.all(np.diff(knots) > 0.0):
        raise InputError("knots", knots.shape, "give two or more increasing knots and a value for each")
    slopes = np.diff(values) / np.diff(knots)
    m = len(slopes) // 2
    right = np.diff(slopes[m:], prepend=0.0)
    left = np.diff(-slopes[:m][::-1], prepend=0.0)
    directions = np.concatenate([np.ones(len(right)), -np.ones(m)])
    starts = np.concatenate([knots[m:-1], knots[m:0:-1]])
    return RidgeSum(directions[:, None], -directions * starts, np.concatenate([right, left]), float(values[m]), "relu")


def interpolated(target: Target, pieces: int) -> RidgeSum:
    """Approximate a target of one coordinate with N pieces.

    Parameters
    ----------
    target
        k = 1.
    pieces
        N, at least 1.
    """
    knots = _knots(target, pieces)
    values = target(knots[:, None])
    fine = np.linspace(0.0, 1.0, 34)[1:-1]
    inner = knots[:-1, None] + np.diff(knots)[:, None] * fine
    truth = target(inner.reshape(-1, 1)).reshape(inner.shape)

    def gaps(at_knots: Array) -> Array:
        return np.asarray(at_knots[:-1, None] * (1.0 - fine) + at_knots[1:, None] * fine - truth)

    gap = gaps(values)
    extreme = np.take_along_axis(gap, np.abs(gap).argmax(axis=1)[:, None], 1)[:, 0]
    mean = 0.5 * (np.concatenate([extreme[:1], extreme]) + np.concatenate([extreme, extreme[-1:]]))
    moved = values - 0.5 * mean
    before, after = np.abs(gap).max(), max(np.abs(gaps(moved)).max(), np.abs(0.5 * mean).max())
    return interpolating_units(knots, moved if after < before else values)


def kinks(target: Target) -> Array:
    """Return the points of (-1, 1) at which a target of one coordinate may have a kink, increasing.

    Found by bisection: a box whose Hessian is unbounded holds a kink, or a point too close to one to tell.
    """
    inner = (np.arange(256) + _START) / 256.0
    ends = np.concatenate([[-1.0], 2.0 * inner - 1.0, [1.0]])
    low, high = ends[:-1, None], ends[1:, None]
    done: list[float] = []
    while len(low):
        open_ = np.isinf(target.hessian(low, high).magnitude[:, 0])
        low, high = low[open_], high[open_]
        if len(low) + len(done) > _MOST_KINKS:
            return np.empty(0)
        # Any finer, and a point of division may be the kink itself.
        narrow = (high - low)[:, 0] < _KINK_WIDTH
        done += (0.5 * (low + high))[narrow, 0].tolist()
        low, high = low[~narrow], high[~narrow]
        middle = low + (high - low) * _SPLIT
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    found = np.sort(np.array(done))
    return found[np.diff(found, prepend=-np.inf) > 10.0 * _KINK_WIDTH]


def _knots(target: Target, pieces: int) -> Array:
    grid = np.linspace(-1.0, 1.0, _GRID + 1)
    centres = 0.5 * (grid[:-1] + grid[1:])[:, None]
    bent = np.abs(target.hessian(centres, centres).middle[:, 0])
    density = np.sqrt(np.where(np.isfinite(bent), bent, 0.0))
    floor = _LEAST_DENSITY * float(density.mean())
    density = np.maximum(density, floor if floor > 0.0 else 1.0)
    cumulative = np.concatenate([[0.0], np.cumsum(density)])
    found = kinks(target)
    if len(found) >= pieces:
        found = np.empty(0)
    ends = np.concatenate([[-1.0], found, [1.0]])
    marks = np.interp(ends, grid, cumulative)
    shares = _shared(np.diff(marks), pieces)
    parts = [
        np.interp(np.linspace(marks[i], marks[i + 1], count + 1)[1:-1], cumulative, grid)
        for i, count in enumerate(shares)
    ]
    knots = np.unique(np.concatenate([ends, *parts]))
    return knots


def _shared(sizes: Array, pieces: int) -> list[int]:
    """Share pieces among segments, one each at least: always to the one whose pieces are largest."""
    counts = np.maximum(1, np.floor((pieces - len(sizes)) * sizes / sizes.sum())).astype(int)
    while counts.sum() > pieces:
        counts[np.argmin(np.where(counts > 1, sizes / counts, np.inf))] -= 1
    while counts.sum() < pieces:
        counts[np.argmax(sizes / counts)] += 1
    return [int(c) for c in counts]
