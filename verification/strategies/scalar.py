"""Kept fractions."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from graphon_theory.errors import InputError
from verification.strategies.given import Given, strategy

_SIMPLE = (0.5, 0.25, 0.75, 0.1, 0.9)


def densities(
    minimum: Given[float] = 0.01, maximum: Given[float] = 0.99, *, entries: Given[int | None] = None
) -> SearchStrategy[float]:
    """Kept fractions rho in (0, 1).

    Parameters
    ----------
    minimum, maximum
        Range, ends included, in (0, 1).
    entries
        If given, only ``k / entries`` with ``0 < k < entries`` are drawn, so that a mask of so many entries keeps
        some and drops some; the range is then narrowed to such fractions. At least 2.

    Returns
    -------
    SearchStrategy
        Floats; shrink to 1/2, or to the smallest fraction where ``entries`` is given.

    Raises
    ------
    InputError
        If the range is empty or leaves (0, 1), or holds no fraction of ``entries``: at once where all are values,
        else when such ones are drawn.
    """
    if (
        isinstance(minimum, SearchStrategy)
        or isinstance(maximum, SearchStrategy)
        or isinstance(entries, SearchStrategy)
    ):
        drawn = st.tuples(strategy(minimum), strategy(maximum), strategy(entries))
        return drawn.flatmap(lambda given: _within(*given))
    return _within(minimum, maximum, entries)


def _within(minimum: float, maximum: float, entries: int | None) -> SearchStrategy[float]:
    if not 0.0 < minimum <= maximum < 1.0:
        raise InputError("minimum, maximum", (minimum, maximum), "give a range within (0, 1)")
    if entries is None:
        simple = [rho for rho in _SIMPLE if minimum <= rho <= maximum]
        anything = st.floats(minimum, maximum)
        return st.one_of(st.sampled_from(simple), anything) if simple else anything
    counts = [k for k in range(1, entries) if minimum <= k / entries <= maximum]
    if not counts:
        raise InputError("entries", entries, "give 2 or more, and a range that holds one of their fractions")
    return st.integers(counts[0], counts[-1]).map(lambda k: k / entries)
