"""The exact Monte Carlo test: a statistic among draws of it under the null."""

from __future__ import annotations

from typing import Literal

import numpy as np

from graphon_theory.errors import InputError
from verification.statistics.intake import Array, Values, require_choice, require_finite, require_values

Alternative = Literal["greater", "less", "two-sided"]
"""Which values of a statistic speak against the null: large ones, small ones, or both."""

ALTERNATIVES = ("greater", "less", "two-sided")


def rank_p_value(
    observed: float,
    null_values: Values,
    alternative: Alternative = "greater",
    *,
    tolerance: float = 0.0,
) -> float:
    """p-value of a statistic among independent draws of it under the null.

    The null: the observed value and the draws are exchangeable. Then, whatever their law and number,
    ``P(p <= level) <= level``, and exactly ``k / (1 + draws)`` at ``level = k / (1 + draws)`` for a
    continuous law. Ties count as at least as extreme.

    Parameters
    ----------
    observed
        The observed value.
    null_values
        Values drawn under the null, shape (draws,), at least one.
    alternative
        ``"greater"``: large values speak against the null; ``"less"``: small ones; ``"two-sided"``: both
        (twice the smaller of the two, at most 1).
    tolerance
        Distance up to which two values count as tied, in the unit of the statistic: its rounding error.

    Returns
    -------
    float
        ``(1 + draws at least as extreme) / (1 + draws)``, never 0: a level below ``1 / (1 + draws)`` (two-sided
        ``2 / (1 + draws)``) cannot be reached.

    Raises
    ------
    InputError
        If a number is not finite, the tolerance negative, there are no draws, or the alternative is none of the three.

    Notes
    -----
    Sources: Dwass (1957), Barnard (1963); Phipson and Smyth (2010) on why the observed value is counted.
    """
    observed = require_finite(observed, "observed")
    null = require_values(null_values, "null_values")
    choice = require_choice(alternative, "alternative", ALTERNATIVES)
    if require_finite(tolerance, "tolerance") < 0.0:
        raise InputError("tolerance", tolerance, "give a number of at least 0")
    upper, lower = extremes(observed, null, float(tolerance))
    total = 1 + null.size
    return one_of((1 + upper) / total, (1 + lower) / total, choice)


def extremes(observed: float, null: Array, tolerance: float) -> tuple[int, int]:
    """Numbers of null values at least as large and at least as small as the observed one, ties in both."""
    upper = int(np.count_nonzero(null >= observed - tolerance))
    lower = int(np.count_nonzero(null <= observed + tolerance))
    return upper, lower


def one_of(upper: float, lower: float, alternative: str) -> float:
    """p-value for an alternative, from those of the two sides."""
    if alternative == "greater":
        return upper
    if alternative == "less":
        return lower
    return min(1.0, 2.0 * min(upper, lower))
