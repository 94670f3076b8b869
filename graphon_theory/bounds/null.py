"""NULL: the cut distance that a mask without structure has from its density (THEORY, NULL).

A centred Gaussian matrix of variance ``sigma^2`` has, over blocks of ``alpha n`` rows and ``beta d`` columns, sums
that are at most those of one Gaussian vector along the rows plus one along the columns (the comparison of
Sudakov and Fernique): the best ``alpha n`` of n normal numbers have the mean ``phi(z_alpha)/alpha``. That bounds
the largest sum from above in expectation; that it is also reached, and that a mask's entries may replace normal
ones, is a numerical finding here (observed over formula 0.95 to 1.06), not a theorem.
"""

from __future__ import annotations

import math

from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtr

from graphon_theory.errors import InputError, require_density

_PEAK = 1.0 / math.sqrt(2.0 * math.pi)


def null_distance(n: int, d: int, density: float) -> float:
    """Leading order of ``||M - rho||_cut`` for a random mask M of density ``rho``; no bound at finite size.

    ``sigma max over alpha, beta of [sqrt(beta) phi(z_alpha)/sqrt d + sqrt(alpha) phi(z_beta)/sqrt n]`` with
    ``z_alpha = Phi^-1(1 - alpha)`` and ``sigma^2 = rho (1 - rho)``. Hypotheses: constant profile, so that the mask
    is uniform among those with k kept entries; n and d large, with ``n d rho (1 - rho)`` large beside n + d.

    With one share fixed the bracket is strictly concave in the other, and its slope is infinite at both ends, so
    the best shares ``alpha = Phi(s)``, ``beta = Phi(t)`` solve
    ``t sqrt(Phi(t)) = sqrt(n/d) phi(s) / (2 sqrt(Phi(s)))`` and its mirror image. Both exceed a half;
    ``s <= sqrt(d/n) phi(t)`` and ``t <= sqrt(n/d) phi(0)``. Where the two curves meet, the product of their
    slopes is below 0.13, so they meet once: one bounded search over s, with t solved for, finds the maximum.

    Parameters
    ----------
    n, d
        Rows and columns of the mask, positive.
    density
        Kept fraction ``rho`` in (0, 1).

    Returns
    -------
    float
        In units of the cut norm (share of ``n d``), to a relative 1e-10: ``0.600 sigma / sqrt(n)`` at n = d.

    Raises
    ------
    InputError
        If a size is not positive or the density is outside (0, 1).
    """
    rho = require_density(density)
    for name, size in (("n", n), ("d", d)):
        if size < 1:
            raise InputError(name, size, "give a positive integer")
    long, short = max(n, d), min(n, d)
    ratio = math.sqrt(long / short)
    # The mirrored problem has the same maximum; with the long side first the search interval is short.
    found = minimize_scalar(
        lambda s: -_bracket(s, ratio), bounds=(0.0, _PEAK / ratio), method="bounded", options={"xatol": 1e-10}
    )
    return math.sqrt(rho * (1.0 - rho) / short) * -float(found.fun)


def _bracket(s: float, ratio: float) -> float:
    """``max over t of sqrt(Phi(t)) phi(s) + sqrt(Phi(s)) phi(t) / ratio``."""
    alpha = float(ndtr(s))
    level = ratio * _normal_density(s) / (2.0 * math.sqrt(alpha))
    # t sqrt(Phi(t)) increases from 0 and is at least t / sqrt 2, which brackets the root.
    t = brentq(lambda x: x * math.sqrt(float(ndtr(x))) - level, 0.0, math.sqrt(2.0) * level, xtol=1e-14)
    return math.sqrt(float(ndtr(t))) * _normal_density(s) + math.sqrt(alpha) * _normal_density(t) / ratio


def _normal_density(x: float) -> float:
    return _PEAK * math.exp(-0.5 * x * x)
