"""Counts of independent draws: whether types are uniform, or follow any other given law.

Types drawn independently from one law fall into given cells with multinomial counts; for uniform types and cells
of equal length the probabilities are equal. The same law holds for k entries drawn with replacement.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from verification.null_laws.intake import draw_count, whole_counts
from verification.null_laws.ranks import rank_of_first

_SUM_TOLERANCE = 1e-9


def multinomial_p_value(
    counts: npt.ArrayLike, probabilities: npt.ArrayLike, draws: int, rng: np.random.Generator
) -> float:
    """Exact Monte Carlo p-value of Pearson's chi-square under multinomial counts.

    Parameters
    ----------
    counts
        Number of draws in each cell, any shape.
    probabilities
        Probability of each cell, same shape; they sum to 1, to within 1e-9, and are scaled to do so.
    draws
        Number of null draws; p-values are multiples of ``1/(draws + 1)``.
    rng
        Source of the draws.

    Returns
    -------
    float
        p-value, exact at every number of draws. A count in a cell of probability 0 gives the smallest one.

    Raises
    ------
    InputError
        If the shapes differ, a probability is negative or NaN, or they do not sum to 1.
    """
    observed = whole_counts(counts).ravel()
    given = np.asarray(probabilities, dtype=np.float64)
    if given.shape != np.shape(counts) or not bool(np.all(given >= 0)) or abs(given.sum() - 1.0) > _SUM_TOLERANCE:
        raise InputError("probabilities", probabilities, "give one a cell, non-negative, with sum 1")
    law = given.ravel() / given.sum()
    total = int(observed.sum())
    drawn = rng.multinomial(total, law, size=draw_count(draws))
    both = np.vstack([observed, drawn])
    expected = total * law
    possible = expected > 0
    statistic = ((both[:, possible] - expected[possible]) ** 2 / expected[possible]).sum(axis=1)
    statistic[both[:, ~possible].sum(axis=1) > 0] = np.inf
    return rank_of_first(statistic)
