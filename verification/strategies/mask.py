"""Masks and the scores that they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import DrawFn, SearchStrategy

from verification.strategies.given import Given, chosen_kinds, strategy

Mask = npt.NDArray[np.bool_]
Array = npt.NDArray[np.float64]

MASKS: Final = ("any", "ties", "empty row", "empty column", "full row", "full column")
"""Kinds of mask, the simplest first."""

_FEW = st.integers(0, 3).map(float)


def scores(
    rows: Given[int] = st.integers(1, 6),
    columns: Given[int] = st.integers(1, 6),
    *,
    values: Given[float] = _FEW,
) -> SearchStrategy[Array]:
    """Scores of few values, so that most of them tie.

    Parameters
    ----------
    rows, columns
        Sizes n and d, positive.
    values
        Values of the entries; 0, 1, 2, 3 by default.

    Returns
    -------
    SearchStrategy
        float64 arrays of shape (n, d); shrink to one zero.
    """
    entries, sizes = strategy(values), st.tuples(strategy(rows), strategy(columns))
    return sizes.flatmap(lambda shape: hnp.arrays(np.float64, shape, elements=entries))


def masks(
    rows: Given[int] = st.integers(1, 6),
    columns: Given[int] = st.integers(1, 6),
    *,
    kinds: Sequence[str] = MASKS,
) -> SearchStrategy[Mask]:
    """Masks, tiny and rectangular ones among them.

    Parameters
    ----------
    rows, columns
        Sizes n and d, positive.
    kinds
        Some of ``MASKS``: "any" keeps what it likes, nothing and everything included; "ties" keeps the largest of
        scores with many ties, the first of those that tie; the others have one row or column that keeps nothing, or
        everything, beside any mask.

    Returns
    -------
    SearchStrategy
        Boolean arrays of shape (n, d); shrink to one dropped entry.

    Raises
    ------
    InputError
        If a kind is unknown.
    """
    sizes = st.tuples(strategy(rows), strategy(columns))
    chosen = st.sampled_from(chosen_kinds(kinds, MASKS))

    @st.composite
    def made(draw: DrawFn) -> Mask:
        kind = draw(chosen)
        n, d = draw(sizes)
        if kind == "ties":
            ranked = draw(scores(n, d))
            count = draw(st.integers(0, n * d))
            kept = np.zeros(n * d, dtype=np.bool_)
            kept[np.argsort(-ranked, axis=None, kind="stable")[:count]] = True
            return kept.reshape(n, d)
        found: Mask = draw(hnp.arrays(np.bool_, (n, d)))
        if kind.endswith("row"):
            found[draw(st.integers(0, n - 1))] = kind.startswith("full")
        elif kind.endswith("column"):
            found[:, draw(st.integers(0, d - 1))] = kind.startswith("full")
        return found

    return made()
