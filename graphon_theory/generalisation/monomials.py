"""PATH for powers of a linear teacher, ``y = (beta . x)^p``, p even (Arora et al. 2019, Corollary 6.2, with graphons).

The kernel of a ReLU's hidden weights is a mean over rows of ``Lambda^W (1/4 + arcsin(c)/(2 pi))``, c the correlation
under ``Lambda^V``. Its Taylor coefficients are positive at the orders 1, 2, 4, 6, ... and 0 at 3, 5, ...: linear
teachers and even powers are reached, other odd powers not.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.generalisation.intake import count, matrix, vector

Array = npt.NDArray[np.float64]


def arcsine_coefficient(k: int) -> Fraction:
    """Coefficient ``binom(2k, k)/(4^k (2k + 1))`` of ``c^(2k+1)`` in arcsin(c), positive for every k.

    Raises
    ------
    InputError
        If k is no whole number, at least 0.
    """
    k = count("k", k, 0)
    return Fraction(math.comb(2 * k, k), 4**k * (2 * k + 1))


def monomial_complexity(
    beta: npt.ArrayLike,
    W: npt.ArrayLike,
    output_squares: npt.ArrayLike,
    order: int,
    *,
    V: npt.ArrayLike | None = None,
    variances: npt.ArrayLike | None = None,
) -> float:
    """Bound ``y^T K^-1 y`` for ``y = (beta . x)^p`` and the ReLU kernel of one masked layer.

    With ``p = 2k + 2`` and ``g_i = arcsine_coefficient(k) E[a_i^2]/(2 pi s_i^(p-1))`` the bound is
    ``d^p/mean_i(g_i/e_i)``, ``e_i = (sum_j beta_j^2/W_ij) (sum_j beta_j^2/V_ij)^(p-1)``; for p = 2, where pairs of
    inputs are few enough to add up, the smaller ``d^2 sum_jk 2 beta_j^2 beta_k^2/(G_jk + G_kj)``, ``G_jk = mean_i g_i
    W_ij V_ik``.

    Parameters
    ----------
    beta
        The teacher, shape (d,).
    W
        Kept probabilities, shape (n, d), in [0, 1].
    output_squares
        ``E[a_i^2]``, shape (n,).
    order
        p, even, at least 2. For 1 there is ``path_complexity``.
    V
        ``E[xi^2; kept]`` in units of the variance, shape (n, d); W if not given (weights drawn anew).
    variances
        ``s_i``, the variance of row i, **the same at every input**: a hypothesis on the inputs. If not given, that of
        inputs whose coordinates are all 1 or -1, ``mean_j V_ij``.

    Returns
    -------
    float
        Infinite where no row reaches all inputs that the teacher needs; for p = 2, where some pair of them is reached
        by no row.

    Raises
    ------
    InputError
        If the order is odd or below 2, a shape does not fit, or a number is out of its range.
    """
    power = count("order", order)
    if power % 2:
        remedy = "give an even order; path_complexity does 1, and other odd ones are not reached"
        raise InputError("order", order, remedy)
    teacher, kept = np.square(vector("beta", beta, signed=True)), matrix("W", W)
    flow = kept if V is None else matrix("V", V)
    rows, size = kept.shape
    if size != teacher.size or flow.shape != kept.shape:
        shapes = f"{kept.shape} and {flow.shape}"
        raise InputError("W, V", f"arrays of shapes {shapes}", f"give one column a coordinate of beta: {teacher.size}")
    squares = vector("output_squares", output_squares, rows)
    spread = flow.mean(axis=1) if variances is None else vector("variances", variances, rows)
    needed = teacher > 0.0
    if not bool(needed.any()):
        return 0.0
    series = float(arcsine_coefficient(power // 2 - 1)) / (2.0 * math.pi)
    # A row of variance 0 passes nothing.
    gains = series * np.divide(squares, spread ** (power - 1), out=np.zeros(rows), where=spread > 0.0)
    teacher, kept, flow = teacher[needed], kept[:, needed], flow[:, needed]
    with np.errstate(divide="ignore"):
        if power == 2:
            pairs = (kept * gains[:, None]).T @ flow / rows
            return float(size**2 * (2.0 * np.outer(teacher, teacher) / (pairs + pairs.T)).sum())
        costs = (teacher / kept).sum(axis=1) * (teacher / flow).sum(axis=1) ** (power - 1)
        mean = float((gains / costs).mean())
    return float(size) ** power / mean if mean > 0.0 else math.inf


def combined_energy(weights: npt.ArrayLike, energies: npt.ArrayLike) -> float:
    """Bound ``y^T K^-1 y`` for a sum of teachers, ``y = sum_p w_p y_p``, by ``(sum_p |w_p| sqrt(e_p))^2``.

    Parameters
    ----------
    weights
        ``w_p``, shape (m,).
    energies
        Bounds ``e_p`` on ``y_p^T K^-1 y_p``, at least 0, shape (m,).

    Raises
    ------
    InputError
        If the shapes differ, or a number is out of its range.
    """
    shares = np.abs(vector("weights", weights, signed=True))
    return float(shares @ np.sqrt(vector("energies", energies, shares.size))) ** 2
