"""Block histograms of masks: how dense each part of a layer is, with positions that do not fool the reader.

    >>> import torch
    >>> from verification.histograms import cross_fitted_histogram, degree_sorted_histogram, gradient
    >>> generator = torch.Generator().manual_seed(0)
    >>> structureless = torch.rand(512, 512, generator=generator) < 0.1
    >>> biased = degree_sorted_histogram(structureless, 16)
    >>> honest = cross_fitted_histogram(structureless, 16, generator=generator)
    >>> bool(gradient(biased) > 0.03 > 0.01 > abs(gradient(honest)))
    True

Modules: ``blocks`` counts entries in cells, ``degrees`` gives orders; ``degree_sorted`` is the histogram of [P25],
``cross_fitted`` the one whose positions are independent of what it counts; ``constant_null`` puts masks without
structure through either, ``distance`` compares two histograms; ``intake`` checks input.
"""

from __future__ import annotations

from verification.histograms.blocks import BLOCKS, BlockHistogram, block_histogram
from verification.histograms.constant_null import (
    PROCEDURES,
    Histogram,
    NullBand,
    Statistic,
    gradient,
    null_band,
    spread,
    uniform_mask,
)
from verification.histograms.cross_fitted import CrossFit, cross_fitted_histogram
from verification.histograms.degree_sorted import degree_sorted_histogram
from verification.histograms.distance import HistogramDistance, HistogramLike, histogram_distance
from verification.histograms.intake import MaskLike

__all__ = [
    "BLOCKS",
    "PROCEDURES",
    "BlockHistogram",
    "CrossFit",
    "Histogram",
    "HistogramDistance",
    "HistogramLike",
    "MaskLike",
    "NullBand",
    "Statistic",
    "block_histogram",
    "cross_fitted_histogram",
    "degree_sorted_histogram",
    "gradient",
    "histogram_distance",
    "null_band",
    "spread",
    "uniform_mask",
]
