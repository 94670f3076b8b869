"""Draws of the degrees of independent entries, given how many entries there are in all.

The degree of row i is Poisson-binomial, and rows are independent. A balanced tree over the rows holds the law of
the sum of each node. Given the total s of a node with children of laws f and g, the left child has total a with
probability proportional to ``f(a) g(s - a)``; splitting from the root down to the rows draws the degrees from
their joint law given the total, with no rejection and no Markov chain.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.counts import CountLaw, row_laws
from graphon_theory.errors import InputError
from verification.null_laws.intake import Array, Counts


def draw_degrees(rates: Array, total: int | None, draws: int, rng: np.random.Generator) -> Counts:
    """Draw row degrees of independent entries.

    Parameters
    ----------
    rates
        ``P_ij``, shape (n, d), in [0, 1].
    total
        Number of entries kept in all, on which the draws are conditioned; None for no condition.
    draws
        Number of draws, positive.
    rng
        Source of the draws.

    Returns
    -------
    numpy.ndarray
        int64, shape (draws, n): degrees, in counts. Their law has a relative error of order ``n d 2^-53``.

    Raises
    ------
    InputError
        If the total is impossible, or beyond what float64 resolves (a probability below 1e-200).
    """
    laws = row_laws(rates)
    if total is None:
        return np.stack([_inverse(law, rng.random(draws)) for law in laws], axis=1)
    levels = [laws]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [one.plus(other) for one, other in zip(below[::2], below[1::2], strict=False)]
        levels.append(pairs + below[len(below) - len(below) % 2 :])
    if not float(levels[-1][0].at(np.array([total]))[0]) > 0.0:
        raise InputError("kept", f"{total} entries", "give a mask whose number of entries the probabilities allow")
    totals = np.full((draws, 1), total, dtype=np.int64)
    for level in reversed(levels[:-1]):
        split = np.empty((draws, len(level)), dtype=np.int64)
        for pair in range(len(level) // 2):
            left, right = level[2 * pair], level[2 * pair + 1]
            split[:, 2 * pair] = _left_part(left, right, totals[:, pair], rng)
            split[:, 2 * pair + 1] = totals[:, pair] - split[:, 2 * pair]
        if len(level) % 2:
            split[:, -1] = totals[:, -1]
        totals = split
    return totals


def _inverse(law: CountLaw, uniform: Array) -> Counts:
    """Values of a law by inversion."""
    cumulated = np.cumsum(law.weights)
    # Scaled by the last sum, which rounding may leave off 1.
    found = np.searchsorted(cumulated, uniform * cumulated[-1], side="right")
    return np.asarray(law.start + np.minimum(found, law.weights.size - 1), dtype=np.int64)


def _left_part(left: CountLaw, right: CountLaw, totals: npt.NDArray[np.int64], rng: np.random.Generator) -> Counts:
    """Draw the left summand of independent counts, given each of their sums."""
    uniform = rng.random(totals.size)
    values = np.empty_like(totals)
    # Small nodes meet the same total in many draws: its law is made once.
    for total in np.unique(totals):
        first = max(left.start, int(total) - right.stop + 1)
        last = min(left.stop, int(total) - right.start + 1)
        here = totals == total
        other = right.weights[int(total) - last + 1 - right.start : int(total) - first + 1 - right.start][::-1]
        weights = left.weights[first - left.start : last - left.start] * other
        values[here] = _inverse(CountLaw(first, weights), uniform[here])
    return values
