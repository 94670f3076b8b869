"""LIM-a, sharper form, from cells instead of entries: O(n + d) memory, an upper bound of the bound.

``graphon_theory.bounds.bernstein_bound`` sorts the variances of all entries. Here the variance of an entry is replaced
by the largest that its cell allows, with bounds of ``|h|`` over the cell. Any a rows cover cells by parts that add up
to at most ``a/h`` cells, h the least height, so that no a x b block has more variance than the best ``ceil(a/h)`` rows
of cells of the best columns. Sizes between two multiples share one value of the variance, with the largest number of
sets among them. All changes are upwards, and types sorted by profile keep them small.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from graphon_theory.bounds import bernstein_deviation, hoeffding_bound
from graphon_theory.errors import require_density
from verification.streaming.levels import kept
from verification.streaming.model import FactorModel

Array = npt.NDArray[np.float64]

_CELLS: Final = 256


def lim_a_bound(model: FactorModel, level: float, delta: float, cells: int = _CELLS) -> float:
    """Bound of ``||M - P||_cut`` that fails with probability at most ``delta`` (statement LIM-a).

    Parameters
    ----------
    model
        The saliencies, in order of their types if the bound is to be sharp.
    level
        ``tau_T``.
    delta
        Failure probability in (0, 1).
    cells
        Cells an axis, at least 1; more make it sharper.

    Returns
    -------
    float
        The smaller of this form and Hoeffding's, in units of the cut norm.

    Raises
    ------
    InputError
        If ``delta`` is not in (0, 1).
    """
    require_density(delta, "delta")
    n, d = model.shape
    row_ends, column_ends = (np.unique(np.arange(cells + 1, dtype=np.int64) * size // cells) for size in (n, d))
    variances = cell_variances(model, level, row_ends, column_ends)
    heights, widths = np.diff(row_ends), np.diff(column_ends)
    sizes = variances * np.multiply.outer(heights, widths)
    total = float(sizes.sum())
    blocks = np.minimum(_one_way(sizes), _one_way(sizes.T).T)
    centred = np.where(blocks < total / 2, blocks * (1.0 - blocks / max(total, 1e-300)), total / 4)
    tail = math.log(4.0 / delta)
    sets = np.add.outer(_log_sets(n, int(heights.min()), len(heights)), _log_sets(d, int(widths.min()), len(widths)))
    worst = float(bernstein_deviation(centred, sets + tail + math.log(n * d)).max())
    sharp = (worst + float(bernstein_deviation(total, tail)) + 0.5) / (n * d)
    return min(sharp, hoeffding_bound(n, d, delta))


def cell_variances(
    model: FactorModel, level: float, row_ends: npt.NDArray[np.int64], column_ends: npt.NDArray[np.int64]
) -> Array:
    """Upper bounds of ``P (1 - P)`` over cells, shape (rows of cells, columns of cells)."""
    every = slice(0, model.shape[1])
    found = np.empty((len(row_ends) - 1, len(column_ends) - 1))
    for k in range(len(found)):
        least, most = model.bounds(row_ends[k : k + 2], every)
        low = kept(model.noise, np.minimum.reduceat(least[0], column_ends[:-1]), level)
        high = kept(model.noise, np.maximum.reduceat(most[0], column_ends[:-1]), level)
        ends = np.maximum(low * (1.0 - low), high * (1.0 - high))
        found[k] = np.where((low <= 0.5) & (high >= 0.5), 0.25, ends)
    return found


def _one_way(sizes: Array) -> Array:
    by_row = np.cumsum(-np.sort(-sizes, axis=1), axis=1)
    return np.cumsum(-np.sort(-by_row, axis=0), axis=0)


def _log_sets(n: int, height: int, cells: int) -> Array:
    """Largest ``ln C(n, a)`` over the sizes a that need k cells, k = 1..cells; the last takes all larger sizes."""
    last = height * np.arange(1, cells + 1, dtype=np.float64)
    last[-1] = n
    first = np.concatenate([[0.0], height * np.arange(1, cells, dtype=np.float64)]) + 1.0
    a = np.clip(n / 2.0, first, last)
    return np.asarray(gammaln(n + 1.0) - gammaln(a + 1.0) - gammaln(n - a + 1.0))
