"""Permutation tests: exact by enumeration where there are few arrangements, else exact by Monte Carlo."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from verification.statistics.intake import Array, Values, require_choice, require_values, require_whole
from verification.statistics.monte_carlo import ALTERNATIVES, Alternative, extremes, one_of

Statistic = Callable[[Array, Array], float]
"""A function of two samples, shapes (m,) and (n,), that does not depend on the order within each."""

_BLOCK = 2**20  # numbers held at a time
_EPSILON = float(np.finfo(np.float64).eps)


def sign_flip_p_value(
    differences: Values,
    alternative: Alternative = "two-sided",
    draws: int = 9999,
    rng: np.random.Generator | None = None,
) -> float:
    """p-value of the sum of paired differences among all sign patterns of theirs.

    The null: given their moduli, the differences' signs are independent and fair, as where each pair is
    exchangeable; it implies symmetry about 0. No law is assumed, and ``P(p <= level) <= level`` at any size.

    Parameters
    ----------
    differences
        Shape (size,), at least one. Zeros are allowed and change nothing.
    alternative
        ``"greater"``: the differences lie above 0; ``"less"``: below; ``"two-sided"``: either.
    draws
        All ``2**size`` patterns (of the differences that are not 0) are used where there are at most ``draws``;
        else that many are drawn.
    rng
        Source of the draws, independent of the data; ``numpy.random.default_rng(0)`` without one, so that
        results repeat.

    Returns
    -------
    float
        The share of patterns at least as extreme, ties (up to rounding) included; of drawn patterns
        ``(1 + number) / (1 + draws)``. Two-sided: twice the smaller of the two, at most 1.

    Raises
    ------
    InputError
        If a difference is not finite, there is none, or an option is unsuitable.
    """
    given = require_values(differences, "differences")
    choice = require_choice(alternative, "alternative", ALTERNATIVES)
    draws = require_whole(draws, "draws", 1)
    moving = given[given != 0.0]
    scale = float(np.abs(moving).max(initial=0.0))
    moving = moving / scale if scale > 0.0 else moving
    exact = moving.size < 63 and 2**moving.size <= draws
    blocks = _all_signs(moving.size) if exact else _some_signs(moving.size, draws, rng)
    null = np.concatenate([signs @ moving for signs in blocks])
    return _p_value(float(moving.sum()), null, choice, _sum_rounding(moving), exact=exact)


def two_sample_p_value(
    x: Values,
    y: Values,
    statistic: Literal["mean"] | Statistic = "mean",
    alternative: Alternative = "two-sided",
    draws: int = 9999,
    rng: np.random.Generator | None = None,
) -> float:
    """p-value of a statistic of two samples among all ways of splitting the pooled values.

    The null: the pooled values are exchangeable, as where both samples are independent draws of one law.
    Equal means alone are not the null: unequal spreads violate it too. ``P(p <= level) <= level`` at any size.

    Parameters
    ----------
    x, y
        Samples of shapes (m,) and (n,), at least one value each.
    statistic
        ``"mean"``: mean of ``x`` less mean of ``y``; or a function of both samples.
    alternative
        ``"greater"``: the statistic is large; ``"less"``: small; ``"two-sided"``: either (twice the smaller
        p-value, at most 1).
    draws
        All splits are used where there are at most ``draws``; else that many are drawn.
    rng
        Source of the draws, independent of the data; ``numpy.random.default_rng(0)`` without one, so that
        results repeat.

    Returns
    -------
    float
        The share of splits at least as extreme, ties (up to rounding) included; of drawn splits
        ``(1 + number) / (1 + draws)``.

    Raises
    ------
    InputError
        If a value or a value of the statistic is not finite, a sample is empty, or an option is unsuitable.
    """
    first, second = require_values(x, "x"), require_values(y, "y")
    choice = require_choice(alternative, "alternative", ALTERNATIVES)
    draws = require_whole(draws, "draws", 1)
    pooled = np.concatenate([first, second])
    exact = math.comb(pooled.size, first.size) <= draws
    blocks = _all_splits(pooled.size, first.size) if exact else _some_splits(pooled.size, first.size, draws, rng)
    if callable(statistic):
        value: Statistic = statistic
        observed = float(value(first, second))
        null = np.array([float(value(pooled[split], pooled[~split])) for block in blocks for split in block])
        tied = 1e-12 * float(np.abs(np.append(null, observed)).max())
        if not math.isfinite(tied):
            raise InputError("statistic", tied, "give a function that is finite for every split")
        return _p_value(observed, null, choice, tied, exact=exact)
    require_choice(statistic, "statistic", ("mean",))
    # The sum of x orders the splits as the difference of means does, and a shift changes no order.
    away = pooled - pooled.mean()
    scale = float(np.abs(away).max())
    away = away / scale if scale > 0.0 else away
    null = np.concatenate([block @ away for block in blocks])
    return _p_value(float(away[: first.size].sum()), null, choice, _sum_rounding(away), exact=exact)


def _p_value(observed: float, null: Array, alternative: str, tolerance: float, *, exact: bool) -> float:
    """Share of arrangements at least as extreme; enumeration holds the observed one already, draws do not."""
    upper, lower = extremes(observed, null, tolerance)
    more = 0 if exact else 1
    total = null.size + more
    return one_of((upper + more) / total, (lower + more) / total, alternative)


def _sum_rounding(terms: Array) -> float:
    """Bound on what rounding can part two sums of the same terms, in whatever order and with whatever signs."""
    return 4.0 * _EPSILON * (terms.size + 1) * float(np.abs(terms).sum())


def _blocks(total: int, width: int) -> Iterator[tuple[int, int]]:
    """Ranges that split ``total`` rows of ``width`` numbers into blocks of bounded size."""
    step = max(1, _BLOCK // max(1, width))
    for start in range(0, total, step):
        yield start, min(total, start + step)


def _all_signs(size: int) -> Iterator[Array]:
    """All sign patterns, in blocks of shape (rows, size)."""
    places = np.arange(size, dtype=np.int64)
    for start, stop in _blocks(2**size, size):
        bits = (np.arange(start, stop, dtype=np.int64)[:, None] >> places) & 1
        yield (1 - 2 * bits).astype(np.float64)


def _some_signs(size: int, draws: int, rng: np.random.Generator | None) -> Iterator[Array]:
    """Random sign patterns, in blocks of shape (rows, size)."""
    source = np.random.default_rng(0) if rng is None else rng
    for start, stop in _blocks(draws, size):
        bits = source.integers(0, 2, size=(stop - start, size), dtype=np.int8)
        yield (1 - 2 * bits).astype(np.float64)


def _all_splits(size: int, first: int) -> Iterator[npt.NDArray[np.bool_]]:
    """All choices of ``first`` of ``size`` places, in blocks of shape (rows, size)."""
    chosen = itertools.combinations(range(size), first)
    for start, stop in _blocks(math.comb(size, first), size):
        places = np.array(list(itertools.islice(chosen, stop - start)), dtype=np.int64)
        block = np.zeros((stop - start, size), dtype=np.bool_)
        np.put_along_axis(block, places, values=True, axis=1)
        yield block


def _some_splits(size: int, first: int, draws: int, rng: np.random.Generator | None) -> Iterator[npt.NDArray[np.bool_]]:
    """Random choices of ``first`` of ``size`` places, in blocks of shape (rows, size)."""
    source = np.random.default_rng(0) if rng is None else rng
    chosen = np.arange(size) < first
    for start, stop in _blocks(draws, size):
        yield source.permuted(np.tile(chosen, (stop - start, 1)), axis=1)
