"""A spectral norm bounded from above with a stated probability, from products with Gaussian vectors alone.

**Theorem.** Let B be positive semidefinite of order N, with largest eigenvalue l; let ``b > 0`` and a degree k be
fixed, and let ``G`` be an N x m matrix of independent standard normal numbers, independent of B, b and k. With ``T_k``
Chebyshev's polynomial, ``p(x) = T_k(2 x/b - 1)`` and c the delta-quantile of the chi-squared law of m degrees,

    ``P( l > b (1 + cosh(arcosh(r)/k))/2 ) <= delta``,   ``r = max(1, ||p(B) G||_F / sqrt c)``.

*Proof.* With e a unit eigenvector of l, ``||p(B) G||_F^2 >= p(l)^2 |e^T G|^2``, and ``|e^T G|^2`` is chi-squared of m
degrees, so that ``p(l)^2 <= r^2`` save with probability delta. On ``[b, oo)`` p increases from 1; hence ``l <= b``, or
``p(l) <= r`` gives the bound. ∎

With the monomial ``x^k`` this is the power method from random starts of Dixon (SIAM J. Numer. Anal. 20, 1983), whose
excess is of order ``ln N / k``; Chebyshev's polynomial makes it ``(ln N / k)^2``, as Kuczynski and Wozniakowski (SIAM
J. Matrix Anal. Appl. 13, 1992) show for Lanczos' method. Starts that are not normalised spare the factor N of their
bounds, and m starts together the small quantiles of one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from graphon_theory.errors import InputError, require_density

Array = npt.NDArray[np.float64]

_ROUNDING: Final = 1e-6
"""Relative allowance for float64 products; errors of the recurrence grow no faster than ``k^2``, units of roundoff."""


def largest_eigenvalue_bound(
    times: Callable[[Array], Array], order: int, scale: float, degree: int, starts: int, seed: int, delta: float
) -> float:
    """Bound the largest eigenvalue of a positive semidefinite matrix.

    Parameters
    ----------
    times
        ``X -> B X`` for X of shape (order, starts), in float64.
    order
        ``N``.
    scale
        ``b``, positive: best a little below the largest eigenvalue. It must not depend on the seed.
    degree
        ``k``, at least 1: the number of products.
    starts
        ``m``, at least 1.
    seed
        Of the Gaussian starts.
    delta
        Probability in (0, 1) that the bound fails.

    Returns
    -------
    float
        At least the largest eigenvalue, save with probability ``delta``; rounding is allowed for.

    Raises
    ------
    InputError
        If scale, degree, starts or delta are out of range.
    """
    require_density(delta, "delta")
    for name, value in (("scale", scale), ("degree", degree), ("starts", starts)):
        if not (math.isfinite(value) and value > 0):
            raise InputError(name, value, "give a finite number above 0")
    before = np.random.default_rng(seed).standard_normal((order, starts))
    here = 2.0 / scale * times(before) - before
    for _ in range(degree - 1):
        before, here = here, 2.0 * (2.0 / scale * times(here) - here) - before
    ratio = max(1.0, float(np.linalg.norm(here)) / math.sqrt(float(stats.chi2.ppf(delta, starts))))
    return 0.5 * scale * (1.0 + math.cosh(math.acosh(ratio) / degree)) * (1.0 + _ROUNDING)
