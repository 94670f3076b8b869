"""The histogram of [P25]: rows and columns sorted by the mask's own degrees.

Sorting and binning of Chan and Airoldi (2014), "A consistent histogram estimator for exchangeable graph models",
brought to two sides; this differs from it in: no smoothing by total variation follows; the graph is bipartite.

It is biased. The degrees that order a row are sums of the very entries that the cells then average, so that chance
excess ends up in the first cells: a mask of independent entries of one probability shows a gradient, of relative
size ``sqrt((1 - rho)/(rho d))`` times quantiles of the normal law in the rows, likewise in the columns. It vanishes as
n and d grow, and looks like convergence while it does. ``cross_fitted_histogram`` is the honest version.
"""

from __future__ import annotations

from verification.histograms.blocks import BLOCKS, BlockHistogram, block_histogram
from verification.histograms.degrees import by_degree, column_degrees, row_degrees
from verification.histograms.intake import MaskLike, mask_array


def degree_sorted_histogram(mask: MaskLike, blocks: int = BLOCKS) -> BlockHistogram:
    """Block histogram with rows and columns by decreasing degree of the mask itself.

    Parameters
    ----------
    mask
        Shape (n, d): booleans, or the numbers 0 and 1.
    blocks
        Cells an axis, at most n and at most d.

    Returns
    -------
    BlockHistogram
        **Biased**: it shows a gradient even where there is none. Equal degrees stay in the order of the indices.

    Raises
    ------
    InputError
        As ``block_histogram``.
    """
    kept = mask_array(mask)
    return block_histogram(kept, by_degree(row_degrees(kept)), by_degree(column_degrees(kept)), blocks)
