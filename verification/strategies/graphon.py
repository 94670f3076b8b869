"""Step graphons, from constant ones to those made to break things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import DrawFn, SearchStrategy

from graphon_theory.errors import InputError
from graphon_theory.step import StepGraphon, step_graphon
from verification.strategies.given import Given, chosen_kinds, strategy

Array = npt.NDArray[np.float64]

GRAPHONS: Final = ("constant", "step", "rank one", "rank R", "adversarial")
"""Kinds of graphon, the simplest first."""

_EIGHTHS = st.integers(0, 8).map(lambda k: k / 8)
_TINY = float(np.finfo(np.float64).tiny)
_HARD = (0.0, 1.0, _TINY, float(np.nextafter(1.0, 0.0)), float(np.nextafter(0.5, 1.0)), 0.5, 1e-9)


def graphons(
    rows: Given[int] = st.integers(1, 4),
    columns: Given[int] = st.integers(1, 4),
    *,
    kinds: Sequence[str] = GRAPHONS,
    values: Given[float] = _EIGHTHS,
    rank: Given[int] = st.integers(2, 3),
) -> SearchStrategy[StepGraphon]:
    """Step graphons of small matrices.

    Parameters
    ----------
    rows, columns
        Numbers of steps n and d, positive.
    kinds
        Some of ``GRAPHONS``: one value; free values; ``q p^T``; a mean of ``rank`` such products; and adversarial:
        the half graph, a chequerboard, a full row or column alone, values at the ends of the range of floats.
    values
        Values of the matrix, or of its factors, in [0, 1]. Not used by adversarial ones.
    rank
        Number of products of "rank R", positive.

    Returns
    -------
    SearchStrategy
        Step graphons; shrink to the constant 0 on one step.

    Raises
    ------
    InputError
        If a kind is unknown; when they are drawn, if a value lies outside [0, 1], or a rank below 1.
    """
    entries, sizes, terms = strategy(values).map(_value), (strategy(rows), strategy(columns)), strategy(rank)
    chosen = st.sampled_from(chosen_kinds(kinds, GRAPHONS))

    @st.composite
    def made(draw: DrawFn) -> StepGraphon:
        kind = draw(chosen)
        n, d = (draw(size) for size in sizes)
        if kind == "constant":
            return step_graphon(np.full((n, d), draw(entries)))
        if kind == "step":
            return step_graphon(draw(hnp.arrays(np.float64, (n, d), elements=entries)))
        if kind == "adversarial":
            return step_graphon(draw(_adversarial(n, d)))
        count = 1 if kind == "rank one" else draw(terms)
        if count < 1:
            raise InputError("rank", count, "give a positive number of products")
        products = [_product(draw, n, d, entries) for _ in range(count)]
        # No clipping, which could raise the rank: rounding is monotone, so a mean of numbers up to 1 is at most 1.
        return step_graphon(sum(products[1:], start=products[0]) / count)

    return made()


def _value(value: float) -> float:
    if not 0.0 <= value <= 1.0:  # a product of two such factors may lie in [0, 1] all the same
        raise InputError("values", value, "give numbers in [0, 1], or a strategy of such")
    return value


def _product(draw: DrawFn, n: int, d: int, entries: SearchStrategy[float]) -> Array:
    q, p = (draw(hnp.arrays(np.float64, size, elements=entries)) for size in (n, d))
    return np.outer(q, p)


def _adversarial(n: int, d: int) -> SearchStrategy[Array]:
    i, j = np.indices((n, d))
    patterns = [
        (j * n <= i * d),  # half graph: all degrees differ
        ((i + j) % 2 == 0),  # equal degrees, far from constant
        (i == 0),
        (j == 0),
    ]
    shown = [pattern.astype(np.float64) for pattern in patterns]
    hard = hnp.arrays(np.float64, (n, d), elements=st.sampled_from(_HARD))
    return st.one_of(st.sampled_from(range(len(shown))).map(lambda k: shown[k].copy()), hard)
