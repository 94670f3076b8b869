"""A rigorous lower bound on the smallest eigenvalue of a difference of kernels, in float64."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.generalisation.intake import matrix

Array = npt.NDArray[np.float64]

_UNIT: Final = 2.0**-53
_UNDERFLOW: Final = 2.0**-500
"""Allowance for what is lost below the normal range once the largest number is scaled to order one."""


def loewner_margin(K: npt.ArrayLike, low: npt.ArrayLike, *, error: npt.ArrayLike = 0.0) -> float:
    """Bound the smallest eigenvalue of ``K - low`` from below: at least 0 proves ``K >= low`` in Loewner order.

    Parameters
    ----------
    K, low
        Symmetric matrices, shape (N, N), taken as exact floats. What is judged is their symmetric part.
    error
        Bound on the modulus of the error of each entry of ``K - low``, if these are not exact: a number, or shape
        (N, N).

    Returns
    -------
    float
        A number that no eigenvalue is below, minus infinity if nothing larger is a float. Some ``N^(3/2)`` roundings of
        the largest entry below the smallest eigenvalue: a singular difference gets a small negative one.

    Raises
    ------
    InputError
        If a matrix is not square, not finite or asymmetric by more than 1e-6, the shapes differ, or the error is
        negative.

    Notes
    -----
    For computed eigenvalues l and vectors X the difference is ``A = X diag(l) X^T + E``. Its smallest eigenvalue is at
    least that of the first part less ``||E||_F`` (Weyl), and the first part has at least ``min(l) ||X||^2`` if min(l)
    is negative, ``min(l) sigma_min(X)^2`` if not (Ostrowski), with ``|sigma(X)^2 - 1| <= ||I - X^T X||_F``. All norms
    are raised by the rounding of the products that make them (Higham 2002, section 3.5).
    """
    first, second = _square("K", K), _square("low", low)
    if first.shape != second.shape:
        raise InputError("low", f"array of shape {second.shape}", f"give the shape of K: {first.shape}")
    wrong = np.asarray(error, dtype=np.float64)
    if wrong.shape not in ((), first.shape) or not bool(np.all(np.isfinite(wrong) & (wrong >= 0))):
        raise InputError("error", f"array of shape {wrong.shape}", "give a bound, at least 0, or one for each entry")
    size = len(first)
    largest = max(float(np.abs(part).max()) for part in (first, second, wrong))
    if largest == 0.0:
        return 0.0  # two matrices that are 0, exactly
    # A power of two, so that scaling is exact; before any sum, so that nothing is halved that is not normal.
    unit = _power(largest)
    first, second = _half(first / unit), _half(second / unit)
    A = first - second
    values, vectors = np.linalg.eigh(A)
    gamma = 2.0 * (size + 4) * _UNIT  # a sum of size products and some more, twice over
    # One rounding an entry for the difference, one for each symmetric part.
    formed = 4.0 * _UNIT * float(np.linalg.norm(np.abs(first) + np.abs(second)))
    frame = float(np.linalg.norm(vectors))
    scaled = vectors * values
    rest = float(np.linalg.norm(A - scaled @ vectors.T))
    rest += gamma * (float(np.linalg.norm(scaled)) * frame + float(np.linalg.norm(A)))
    skew = float(np.linalg.norm(vectors.T @ vectors - np.eye(size))) + gamma * (frame**2 + math.sqrt(size))
    smallest = float(values[0])
    inner = smallest * (1.0 + skew) if smallest < 0.0 else smallest * max(0.0, 1.0 - skew)
    outside = float(np.linalg.norm(np.broadcast_to(wrong / unit, first.shape)))
    # Norms round by less than size^2 units themselves; the last factor and term cover that and the final sums.
    loss = (rest + formed + outside) * (1.0 + 4.0 * (size + 2) ** 2 * _UNIT) + 4.0 * _UNIT * abs(inner)
    return math.nextafter((inner - loss - _UNDERFLOW) * unit, -math.inf)


def _square(name: str, value: npt.ArrayLike) -> Array:
    found = matrix(name, value, signed=True)
    if found.shape[0] != found.shape[1]:
        raise InputError(name, f"array of shape {found.shape}", "give a square matrix")
    largest = float(np.abs(found).max())
    if largest > 0.0:
        scaled = found / _power(largest)
        # Correlations near 1 lose half the digits, so that an honest kernel may be asymmetric by 1e-8 or so.
        skew = float(np.abs(scaled - scaled.T).max())
        if skew > 1e-6 * float(np.abs(scaled).max()):
            raise InputError(name, f"asymmetric by {skew * _power(largest):.3g}", "give a symmetric matrix")
    return found


def _half(matrix: Array) -> Array:
    """Symmetric part."""
    half: Array = 0.5 * matrix + 0.5 * matrix.T
    return half


def _power(largest: float) -> float:
    """Power of two from half of a positive number to itself: always a float."""
    return math.ldexp(1.0, math.frexp(largest)[1] - 1)
