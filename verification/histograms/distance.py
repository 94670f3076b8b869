"""Distances of two histograms as step functions on the unit square: L1, L2 and cut norm, at any numbers of blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from verification.distances import StepDistance, common_refinement, step_distance
from verification.distances.intake import finite_matrix
from verification.histograms.blocks import BlockHistogram
from verification.histograms.cross_fitted import CrossFit

HistogramLike: TypeAlias = BlockHistogram | CrossFit | npt.ArrayLike
"""A histogram, or a matrix of densities."""


@dataclass(frozen=True, eq=False)
class HistogramDistance:
    """Distances of two step functions on the unit square, in units of density.

    Parameters
    ----------
    l1
        Integral of the modulus of the difference; rounding about 1e-14 of the densities.
    l2
        Root of the integral of the squared difference; likewise. The Euclidean distance of two B x B matrices of
        densities is B times it.
    cut
        Cut norm of the difference, ``cut.lower <= true <= cut.upper``, at most ``l1``.
    """

    l1: float
    l2: float
    cut: StepDistance


def histogram_distance(a: HistogramLike, b: HistogramLike, *, certify: bool = True, seed: int = 0) -> HistogramDistance:
    """Compare two histograms cell by cell, positions as they are.

    Parameters
    ----------
    a, b
        Histograms, or matrices of densities; numbers of blocks may differ, also between the axes. The step function
        of B blocks has cells of width 1/B, whatever the numbers of rows in them.
    certify
        Whether to bound the cut norm from above as well.
    seed
        Seed of the search for the rectangle of the cut norm.

    Returns
    -------
    HistogramDistance

    Raises
    ------
    InputError
        If a matrix is empty, not two-dimensional or not finite.
    """
    one, other = finite_matrix(_densities(a), "a"), finite_matrix(_densities(b), "b")
    rows, columns = (common_refinement(m, n) for m, n in zip(one.shape, other.shape, strict=True))
    difference = one[np.ix_(rows.steps[0], columns.steps[0])] - other[np.ix_(rows.steps[1], columns.steps[1])]
    weights = np.multiply.outer(rows.relative_widths(), columns.relative_widths())
    moduli = np.abs(difference)
    return HistogramDistance(
        l1=float((weights * moduli).mean()),
        l2=float(np.sqrt((weights * moduli**2).mean())),
        cut=step_distance(one, other, certify=certify, seed=seed),
    )


def _densities(histogram: HistogramLike) -> npt.ArrayLike:
    return histogram.densities if isinstance(histogram, (BlockHistogram, CrossFit)) else histogram
