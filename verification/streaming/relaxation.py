"""The Grothendieck relaxation of a streamed residual, and witnesses from it.

The same alternation as in ``verification.cutnorm.relaxation`` and ``lower``, in few passes: ``X = rownorm(A' Y)`` and
``Y = rownorm(A'^T X)``, extrapolated by the last step; then random hyperplanes cut Y to signs, and signs of both sides
alternate. The lengths of the rows are dual variables: they scale the upper bound, which holds for any.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from verification.streaming.products import Augmented, Signs, UnitRows

Array = npt.NDArray[np.float64]

RANK: Final = 24
_RAMP: Final = (0.0, 0.5, 0.75, 1.0)
_AVERAGED: Final = 3


@dataclass(frozen=True, eq=False)
class Relaxed:
    """An approximate solution.

    Parameters
    ----------
    Y
        Unit vectors of the columns, shape (d + 1, r).
    ahead
        ``A' Y``, shape (n + 1, r).
    p, q
        Dual variables, shapes (n + 1,) and (d + 1,), non-negative.
    """

    Y: Array
    ahead: Array
    p: Array
    q: Array


def relax(matrix: Augmented, passes: int, random: np.random.Generator, rank: int = RANK) -> Relaxed:
    """Solve the relaxation approximately.

    Parameters
    ----------
    matrix
        The residual with its border.
    passes
        Passes over all entries, at least 1.
    random
        Source of the start.
    rank
        Dimension of the vectors.
    """
    unit = UnitRows()
    Y = unit(random.standard_normal((len(matrix.column_sums) + 1, rank)), slice(None))
    previous, momentum, value = Y, 0, 0.0
    duals: deque[tuple[Array, Array]] = deque(maxlen=_AVERAGED)
    ahead = Y
    for k in range(passes):
        # The last step is not extrapolated: its vectors belong to its dual variables.
        weight = 0.0 if k == passes - 1 else _RAMP[min(momentum, len(_RAMP) - 1)]
        ahead, back = matrix.both(Y + weight * (Y - previous), unit, single=True)
        p, q = np.linalg.norm(ahead, axis=1), np.linalg.norm(back, axis=1)
        duals.append((p, q))
        momentum = momentum + 1 if float(q.sum()) >= value else 0
        value = float(q.sum())
        previous, old, Y = Y, Y, unit(back, slice(None))
    rows, columns = zip(*duals, strict=True)
    return Relaxed(old, ahead, np.mean(rows, axis=0), np.mean(columns, axis=0))


def best_signs(
    matrix: Augmented, relaxed: Relaxed, passes: int, starts: int, random: np.random.Generator
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Find sets S and T with a large sum, by alternation from roundings of the relaxation and from all columns.

    Parameters
    ----------
    matrix
        The residual with its border.
    relaxed
        Of it.
    passes
        Passes over all entries, at least 1.
    starts
        Number of roundings, at least 1.
    random
        Source of the hyperplanes.

    Returns
    -------
    tuple
        Boolean, shapes (n,) and (d,).
    """
    signs = Signs()
    y = signs(relaxed.Y @ random.standard_normal((relaxed.Y.shape[1], starts)), slice(None))
    everything = np.full((len(y), 1), -1.0)
    everything[-1] = 1.0
    y = np.hstack([y, everything])
    best, kept = -1.0, (y[:, 0], y[:, 0])
    for _ in range(passes):
        fields, back = matrix.both(y, signs, single=True)
        values = np.abs(fields).sum(axis=0)
        place = int(values.argmax())
        if values[place] > best:
            best, kept = float(values[place]), (signs(fields[:, place], slice(None)), y[:, place])
        y = signs(back, slice(None))
    x, y_best = kept
    # The border lies outside both sets.
    return x[:-1] != x[-1], y_best[:-1] != y_best[-1]
