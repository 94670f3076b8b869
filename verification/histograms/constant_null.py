"""What a histogram shows of a mask without structure: a uniform set of k entries put through the same procedure.

Under the null that a mask is a uniform set of k entries (Random and Magnitude in a layer, given k; any criterion
whose saliency profile is constant) mask and drawn masks are exchangeable. Each is handed to the same procedure, with
a split of its own where there is one, so that the rank of the observed statistic among the drawn ones is an exact
p-value at every size and number of draws, for sorted and for cross-fitted histograms alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch

from graphon_theory.errors import InputError
from verification.histograms.blocks import BLOCKS, BlockHistogram
from verification.histograms.cross_fitted import CrossFit, cross_fitted_histogram
from verification.histograms.degree_sorted import degree_sorted_histogram
from verification.histograms.intake import MaskLike, mask_array, random_source
from verification.null_laws.intake import Array, Mask, draw_count
from verification.statistics import rank_p_value
from verification.statistics.intake import require_level, require_whole

PROCEDURES = ("cross-fitted", "degree-sorted")
"""Ways to a histogram that a null can be put through."""

Histogram: TypeAlias = BlockHistogram | CrossFit
Statistic: TypeAlias = Callable[[Histogram], float]
"""A number of a histogram; large speaks against the null."""

_TIES = 1e-12
"""Statistics of order 1 that should tie differ by rounding far below this."""


def spread(histogram: Histogram) -> float:
    """Root mean square deviation of the densities from the density of the whole, weighted by size, in [0, 1]."""
    counts, sizes = histogram.counts, histogram.sizes
    deviations = counts / sizes - counts.sum() / sizes.sum()
    return float(np.sqrt(np.average(deviations**2, weights=sizes)))


def gradient(histogram: Histogram) -> float:
    """Mean fall of the density from first to last cell along both axes, by least squares; in units of density.

    It sees a slope spread over all cells better than ``spread`` does, and nothing else.
    """
    counts, sizes = histogram.counts, histogram.sizes
    slopes = []
    for axis in (1, 0):
        density = counts.sum(axis=axis) / sizes.sum(axis=axis)
        places = (np.arange(density.size) + 0.5) / density.size - 0.5
        slopes.append(-float(density @ places) / max(float(places @ places), 1e-300))
    return 0.5 * (slopes[0] + slopes[1])


@dataclass(frozen=True, eq=False)
class NullBand:
    """Histograms of masks without structure.

    Parameters
    ----------
    mean, low, high
        Mean and pointwise quantiles ``level / 2`` and ``1 - level / 2`` of the densities over the draws, each of
        shape (B, B): a picture to compare with, not a test (that is ``p_value``).
    statistics
        Statistic of each draw, shape (draws,).
    statistic
        The statistic.
    procedure
        "cross-fitted" or "degree-sorted".
    shape, kept, blocks
        Shape (n, d) and kept entries of the masks, cells an axis.
    """

    mean: Array
    low: Array
    high: Array
    statistics: Array
    statistic: Statistic
    procedure: str
    shape: tuple[int, int]
    kept: int
    blocks: int

    def p_value(self, histogram: Histogram) -> float:
        """Exact p-value of a histogram under the null; large values of the statistic speak against it.

        Parameters
        ----------
        histogram
            Of a mask of the same shape and number of kept entries, by the same procedure, with a split drawn
            independently of those of the draws.

        Returns
        -------
        float
            A multiple of ``1/(draws + 1)``; under the null at most ``t`` with probability at most ``t``.

        Raises
        ------
        InputError
            If the histogram is by the other procedure or of other sizes or kept entries.
        """
        procedure = PROCEDURES[0] if isinstance(histogram, CrossFit) else PROCEDURES[1]
        kept, cells = int(histogram.counts.sum()), int(histogram.sizes.sum())
        ours = (self.procedure, self.kept, self.shape[0] * self.shape[1], (self.blocks, self.blocks))
        given = (procedure, kept, cells, histogram.counts.shape)
        if given != ours:
            raise InputError("histogram", given, f"give procedure, kept entries, entries and cells of the band: {ours}")
        return rank_p_value(self.statistic(histogram), self.statistics, tolerance=_TIES)


def null_band(
    shape: tuple[int, int],
    kept: int,
    blocks: int = BLOCKS,
    *,
    generator: torch.Generator,
    draws: int = 99,
    procedure: str = "cross-fitted",
    statistic: Statistic = spread,
    level: float = 0.05,
) -> NullBand:
    """Put masks without structure through a procedure.

    Parameters
    ----------
    shape
        Rows and columns (n, d) of the masks.
    kept
        Entries kept k, 0 to n d.
    blocks
        Cells an axis, as for the procedure.
    generator
        CPU generator of masks and splits; not in a state that an observed histogram was drawn from.
    draws
        Number of masks.
    procedure
        "cross-fitted" or "degree-sorted".
    statistic
        Function of a histogram: ``spread``, ``gradient`` or another, fixed before looking at the mask.
    level
        Share of the draws outside the band in each cell, half below and half above.

    Returns
    -------
    NullBand
        Memory while it is drawn: ``draws`` times B^2 float64 numbers.

    Raises
    ------
    InputError
        If ``kept`` does not fit the shape, a name is unknown, or the procedure refuses the sizes.
    """
    number, outside = draw_count(draws), require_level(level)
    if procedure not in PROCEDURES:
        raise InputError("procedure", procedure, f"choose one of {', '.join(PROCEDURES)}")
    source = random_source(generator)
    densities, values = [], []
    for _ in range(number):
        mask = uniform_mask(shape, kept, source)
        histogram = by_procedure(mask, blocks, procedure, source)
        densities.append(histogram.densities)
        values.append(statistic(histogram))
    stack = np.stack(densities)
    low, high = np.quantile(stack, [outside / 2, 1 - outside / 2], axis=0)
    rows, columns = (int(side) for side in shape)
    return NullBand(
        mean=stack.mean(axis=0),
        low=low,
        high=high,
        statistics=np.array(values),
        statistic=statistic,
        procedure=procedure,
        shape=(rows, columns),
        kept=int(kept),
        blocks=int(blocks),
    )


def by_procedure(mask: MaskLike, blocks: int, procedure: str, generator: torch.Generator) -> Histogram:
    """Histogram of a mask by the procedure of that name; a degree-sorted one draws nothing."""
    if procedure == PROCEDURES[0]:
        return cross_fitted_histogram(mask_array(mask), blocks, generator=generator)
    return degree_sorted_histogram(mask, blocks)


def uniform_mask(shape: tuple[int, int], kept: int, generator: torch.Generator) -> Mask:
    """Draw a uniform set of k entries of an n x d matrix.

    Independent entries of probability about ``k/(n d)`` are drawn and then as many of those kept, or of those left
    out, turned over at random as are missing: given their number the kept entries are a uniform set, and so is a
    uniform part of it, or a uniform extension. The probability, a multiple of 2^-24, need not be exact.

    Parameters
    ----------
    shape
        Rows and columns (n, d).
    kept
        Entries kept k, 0 to n d.
    generator
        CPU generator.

    Returns
    -------
    numpy.ndarray
        Boolean, shape (n, d), exactly k true.

    Raises
    ------
    InputError
        If a side is not positive or k is out of range.
    """
    rows, columns = (require_whole(side, f"shape[{axis}]", 1) for axis, side in enumerate(shape))
    size = rows * columns
    count = require_whole(kept, "kept", 0, size)
    chosen = torch.rand(size, generator=generator) < count / size
    surplus = int(torch.count_nonzero(chosen)) - count
    if surplus:
        places = torch.nonzero(chosen if surplus > 0 else ~chosen)[:, 0]
        turned = torch.randperm(len(places), generator=generator)[: abs(surplus)]
        chosen[places[turned]] = surplus < 0
    mask: Mask = chosen.view(rows, columns).numpy()
    return mask
