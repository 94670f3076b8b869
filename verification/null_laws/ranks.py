"""Monte Carlo p-values by rank: exact at every number of draws.

If the observed statistic and those of the draws are exchangeable, as under the null, the rank of the observed
one is uniform up to ties, and ``(1 + #{drawn >= observed}) / (1 + draws)`` is at most ``t`` with probability at
most ``t`` (Dwass 1957; Phipson and Smyth 2010). Observed and drawn statistics must come from one and the same
computation: a last digit of difference would decide ties.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from verification.statistics import rank_p_value

_DIGITS = 10


def rank_of_first(statistics: npt.NDArray[np.float64]) -> float:
    """p-value of the first of several statistics that are exchangeable under the null.

    Parameters
    ----------
    statistics
        The observed one and then the drawn ones, shape (1 + draws,). Values that agree to ten digits of the
        largest finite one count as ties: counts that tie in exact arithmetic may differ in the last digits. The
        rounding treats all alike and leaves the p-value exact.

    Returns
    -------
    float
        A multiple of ``1 / (1 + draws)`` in (0, 1].

    Raises
    ------
    InputError
        If a statistic is NaN or nothing was drawn.
    """
    if statistics.size < 2 or bool(np.isnan(statistics).any()):
        raise InputError("statistics", "no draws, or NaN", "give statistics that can be ranked")
    finite = np.abs(statistics[np.isfinite(statistics)])
    scale = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    rounded = np.round(statistics / scale, _DIGITS)
    # Places instead of values: they are finite where a statistic is infinite.
    places = np.unique(rounded, return_inverse=True)[1].astype(np.float64)
    return rank_p_value(float(places[0]), places[1:])
