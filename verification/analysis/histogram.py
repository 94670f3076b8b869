"""The cross-fitted histogram of a layer for which no profile is known, with its exact null."""

from __future__ import annotations

import torch

from verification.analysis.result import HistogramSummary, Mask
from verification.histograms import cross_fitted_histogram, null_band, spread

_BLOCKS = 8
_DRAWS = 99
_LEAST = 4  # rows or columns a cell of a half


def summarised(kept: Mask, seed: int) -> HistogramSummary | None:
    """Histogram of up to 8 x 8 cells; None for a layer too small for 2 x 2, or empty, or full.

    Parameters
    ----------
    kept
        Mask, shape (n, m).
    seed
        Of the splits and of the null masks.
    """
    blocks = min(_BLOCKS, *(size // (2 * _LEAST) for size in kept.shape))
    count = int(kept.sum())
    if blocks < 2 or not 0 < count < kept.size:
        return None
    generator = torch.Generator().manual_seed(seed)
    found = cross_fitted_histogram(kept, blocks, generator=generator)
    rows, columns = kept.shape
    null = null_band((rows, columns), count, blocks, generator=generator, draws=_DRAWS)
    return HistogramSummary(
        blocks=blocks,
        densities=tuple(tuple(float(value) for value in row) for row in found.densities),
        standard_error=float(found.standard_errors.max()),
        spread=spread(found),
        p_value=null.p_value(found),
    )
