"""LIM-a, sharper form: Bernstein's inequality with the variance of each rectangle size (THEORY, LIM-a).

Differs from the plain bound in one place: the deviation of the number of kept entries enters once, not twice.
With ``N`` the entries above the threshold and ``D = N - k``, nestedness gives
``X_R(top-k) = X_R - theta D`` for some ``theta`` in [0, 1]; subtracting ``c X_total`` with
``c = v_R / V`` leaves ``|c - theta| |X_total| <= |X_total|``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from graphon_theory.errors import InputError, require_density

Array = npt.NDArray[np.float64]


def bernstein_deviation(variance: Array | float, log_odds: Array | float) -> Array:
    """Level ``x`` with ``exp(-x^2 / (2 (v + x/3))) = exp(-L)``: ``L/3 + sqrt(L^2/9 + 2 v L)``.

    Parameters
    ----------
    variance
        Sum of variances ``v >= 0`` of independent centred terms of modulus at most 1.
    log_odds
        ``L > 0``, minus the logarithm of the wanted one-sided probability.

    Returns
    -------
    Array
        ``x``, in units of the sum.
    """
    third = np.asarray(log_odds, dtype=np.float64) / 3.0
    root = np.sqrt(third**2 + 2.0 * np.asarray(variance) * np.asarray(log_odds))
    return np.asarray(third + root, dtype=np.float64)


def bernstein_bound(probabilities: Array, delta: float) -> float:
    """Bound of ``||M - P||_cut`` for a top-k mask that fails with probability at most ``delta``.

    Parameters
    ----------
    probabilities
        ``P_ij`` in [0, 1], shape (n, d): the probability, given the types, that an entry is kept at the
        fixed threshold.
    delta
        Failure probability in (0, 1).

    Returns
    -------
    float
        The bound, in units of the cut norm (share of ``n d``).

    Raises
    ------
    InputError
        If ``probabilities`` is not a non-empty matrix in [0, 1], or ``delta`` is outside (0, 1).
    """
    require_density(delta, "delta")
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or p.size == 0:
        raise InputError("probabilities", f"array of shape {p.shape}", "give a non-empty (n, d) matrix")
    if not bool(np.all((p >= 0) & (p <= 1))):
        raise InputError("probabilities", "values outside [0, 1] or NaN", "give probabilities")
    n, d = p.shape
    variance = p * (1.0 - p)
    total = float(variance.sum())
    blocks = _block_variances(variance)
    # A block and its complement carry the same centred sum, hence the cap at a quarter.
    centred = np.where(blocks < total / 2, blocks * (1.0 - blocks / max(total, 1e-300)), total / 4)
    tail = math.log(4.0 / delta)
    log_sizes = _log_binomials(n)[:, None] + _log_binomials(d)[None, :] + (tail + math.log(n * d))
    worst = float(bernstein_deviation(centred, log_sizes).max())
    deviation = worst + float(bernstein_deviation(total, tail)) + 0.5
    return deviation / float(p.size)


def _block_variances(variance: Array) -> Array:
    """Upper bounds of the sum over any a x b block, entry [a-1, b-1]: best rows of best columns, both ways."""
    return np.minimum(_one_way(variance), _one_way(variance.T).T)


def _one_way(variance: Array) -> Array:
    by_row = np.cumsum(-np.sort(-variance, axis=1), axis=1)  # best b entries of each row
    return np.cumsum(-np.sort(-by_row, axis=0), axis=0)  # best a rows, for each b


def _log_binomials(n: int) -> Array:
    """``ln C(n, a)`` for a = 1..n."""
    a = np.arange(1, n + 1, dtype=np.float64)
    return np.asarray(gammaln(n + 1.0) - gammaln(a + 1.0) - gammaln(n - a + 1.0), dtype=np.float64)
