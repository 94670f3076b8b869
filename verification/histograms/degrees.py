"""Degrees of rows and columns, on all of the other side or on some of it, and the order that they give."""

from __future__ import annotations

import numpy as np

from verification.histograms.blocks import row_sums
from verification.histograms.intake import Order
from verification.null_laws.intake import Counts, Mask

_PIECE = 1 << 20


def row_degrees(kept: Mask, columns: Order | None = None) -> Counts:
    """Kept entries of each row on the given columns.

    Parameters
    ----------
    kept
        Boolean, shape (n, d).
    columns
        Indices of the columns, distinct; all of them by default.

    Returns
    -------
    numpy.ndarray
        int64, shape (n,), exact.
    """
    weights = np.ones(kept.shape[1], dtype=np.float32)
    if columns is not None:
        weights[:] = 0.0
        weights[columns] = 1.0
    # A product with 0 and 1: sums of at most d < 2^24 ones are exact in float32 in any order. In pieces, because
    # the mask as floats would need four times its memory.
    step = max(1, _PIECE // kept.shape[1])
    pieces = [kept[start : start + step].astype(np.float32) @ weights for start in range(0, kept.shape[0], step)]
    return np.concatenate(pieces).astype(np.int64)


def column_degrees(kept: Mask, rows: Order | None = None) -> Counts:
    """Kept entries of each column on the given rows, int64, shape (d,), exact; see ``row_degrees``."""
    taken = kept.shape[0] if rows is None else rows.size
    total: Counts = row_sums(kept, rows, np.array([0, taken], dtype=np.int64))[0].astype(np.int64)
    return total


def by_degree(degrees: Counts) -> Order:
    """Order of decreasing degree, shape (n,); equal degrees stay as they are."""
    return np.argsort(-degrees, kind="stable")
