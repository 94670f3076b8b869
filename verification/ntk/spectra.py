"""What the eigenvalues of a kernel say of training: how fast, along how many directions, along the labels or not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]

_UNIT: Final = 2.0**-53


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvalues of a symmetric positive semidefinite kernel.

    Parameters
    ----------
    eigenvalues
        Shape (N,), descending, as computed: rounding may leave small negative ones, which the numbers below take
        for 0.
    error
        Rigorous bound: each exact eigenvalue of the kernel, in its order, is within ``error`` of the computed one.
    """

    eigenvalues: Array
    error: float

    @property
    def _shares(self) -> Array:
        clipped = np.maximum(self.eigenvalues, 0.0)
        shares: Array = clipped / clipped.sum()
        return shares

    @property
    def entropy_rank(self) -> float:
        """Effective rank of Roy and Vetterli (2007): ``exp(-sum p ln p)``, p the eigenvalues over their sum; 1 to N."""
        shares = self._shares[self._shares > 0.0]
        return float(np.exp(-(shares * np.log(shares)).sum()))

    @property
    def trace_rank(self) -> float:
        """Participation ratio ``(tr K)^2 / ||K||_F^2``, at most ``entropy_rank``; 1 to N."""
        return float(1.0 / np.square(self._shares).sum())

    @property
    def gap(self) -> float:
        """Relative gap ``(lambda_1 - lambda_2) / lambda_1``, in [0, 1]; 1 for a single sample."""
        clipped = np.maximum(self.eigenvalues, 0.0)
        return float(1.0 - clipped[1] / clipped[0]) if clipped.size > 1 else 1.0

    @property
    def condition(self) -> float:
        """``lambda_1 / lambda_N``; infinite where the smallest is not above ``error``."""
        least = float(self.eigenvalues[-1])
        return float(self.eigenvalues[0]) / least if least > self.error else math.inf

    def energy(self, count: int = 5) -> float:
        """Share of the trace in the ``count`` largest eigenvalues, in (0, 1].

        Raises
        ------
        InputError
            If ``count`` is not from 1 to N.
        """
        if isinstance(count, bool) or not 1 <= count <= self.eigenvalues.size:
            raise InputError("count", count, f"give 1 to {self.eigenvalues.size}, the number of eigenvalues")
        return float(self._shares[:count].sum())

    def decay(self, first: int, last: int) -> Decay:
        """Exponent alpha of ``lambda_k ~ C k^(-alpha)`` over a range of ranks, by least squares in logarithms.

        Parameters
        ----------
        first, last
            Ranks from 1, both included, at least three.

        Raises
        ------
        InputError
            If the range holds fewer than three ranks, goes beyond N, or has eigenvalues not above ``error``: those
            are rounding.
        """
        size = self.eigenvalues.size
        if not 1 <= first <= last - 2 or last > size:
            raise InputError("range of ranks", (first, last), f"give three ranks or more from 1 to {size}")
        certain = int(np.count_nonzero(self.eigenvalues > self.error))
        if last > certain:
            raise InputError("last", last, f"eigenvalues are above their error up to rank {certain}")
        ranks = np.log(np.arange(first, last + 1))
        values = np.log(self.eigenvalues[first - 1 : last])
        away = ranks - ranks.mean()
        slope = float(away @ values / (away @ away))
        rest = values - values.mean() - slope * away
        error = math.sqrt(float(rest @ rest) / (ranks.size - 2) / float(away @ away))
        return Decay(-slope, error, first, last)


@dataclass(frozen=True)
class Decay:
    """A fitted power law.

    Parameters
    ----------
    exponent
        alpha, positive for a decay.
    standard_error
        By least squares, as if the residuals were independent. They are not (eigenvalues are ordered): it describes
        how straight the line is and is no confidence statement.
    first, last
        The range of ranks that was fitted.
    """

    exponent: float
    standard_error: float
    first: int
    last: int


def spectrum(kernel: npt.ArrayLike, *, tolerance: float = 1e-6) -> Spectrum:
    """Eigenvalues of a kernel with a bound of their error.

    Parameters
    ----------
    kernel
        Shape (N, N), real, symmetric and positive semidefinite up to ``tolerance``. What is decomposed is
        ``(K + K^T)/2`` in float64.
    tolerance
        Largest asymmetry, over the largest entry, and largest negative eigenvalue, over the largest one, that are
        taken for rounding: 1e-6 suits a kernel made in float32.

    Raises
    ------
    InputError
        If the kernel has another shape, is not finite, is 0, or is not symmetric or not positive semidefinite.

    Notes
    -----
    With ``R = K X - X L`` and ``X`` nearly orthogonal, eigenvalues in their order are off by at most
    ``||R||_2 / sigma_min(X)`` (Kahan 1967; Cao, Xie and Li 1996), and ``sigma_min(X)^2 >= 1 - ||I - X^T X||_2``. Both
    norms are taken by Frobenius, with the rounding of their own products (Higham 2002, section 3.5) added.
    """
    matrix = _require_kernel(kernel, tolerance)
    unit = math.ldexp(1.0, math.frexp(float(np.abs(matrix).max()))[1] - 1)  # a power of two: exact, and no overflow
    values, vectors = np.linalg.eigh(matrix / unit)
    error = _eigenvalue_error(matrix / unit, values, vectors)
    if values[0] < -error - tolerance * values[-1]:
        raise InputError("kernel", f"smallest eigenvalue {values[0] * unit:.3g}", "give a positive semidefinite matrix")
    return Spectrum(values[::-1] * unit, error * unit)


def alignment(kernel: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Kernel alignment ``y^T K y / (||K||_F ||y||^2)``, in [0, 1] for a positive semidefinite kernel; 1 for ``y y^T``.

    Parameters
    ----------
    kernel
        As ``spectrum``.
    labels
        y, shape (N,), finite, not all 0. Centre it or not: that is part of the question asked.

    Raises
    ------
    InputError
        If the kernel is unfit, or the labels have another shape, are not finite or all 0.
    """
    matrix = _require_kernel(kernel, 1e-6)
    y = np.asarray(labels, dtype=np.float64)
    if y.shape != (len(matrix),):
        raise InputError("labels", f"shape {y.shape}", f"give one number a sample: {len(matrix)}")
    if not np.isfinite(y).all() or not y.any():
        raise InputError("labels", "NaN, infinite or all 0", "give finite labels")
    # Scaled first, so that no square under- or overflows.
    y, matrix = y / np.abs(y).max(), matrix / np.abs(matrix).max()
    return float(y @ matrix @ y / (np.linalg.norm(matrix) * (y @ y)))


def _require_kernel(kernel: npt.ArrayLike, tolerance: float) -> Array:
    """Return the symmetric part in float64."""
    matrix = np.asarray(kernel)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise InputError("kernel", f"shape {matrix.shape}", "give a square matrix")
    if matrix.dtype.kind not in "fiu":
        raise InputError("kernel", matrix.dtype, "give real numbers")
    if not 0.0 <= tolerance < 1.0:
        raise InputError("tolerance", tolerance, "give a number from 0 to 1")
    matrix = matrix.astype(np.float64)
    if not np.isfinite(matrix).all():
        raise InputError("kernel", "NaN or infinite", "give finite numbers")
    largest = float(np.abs(matrix).max())
    if largest == 0.0:
        raise InputError("kernel", "all 0", "look for dead layers: nothing that trains moves the output")
    asymmetry = float(np.abs(matrix - matrix.T).max())
    if asymmetry > tolerance * largest:
        raise InputError("kernel", f"asymmetric by {asymmetry:.3g}", "give a symmetric matrix")
    symmetric: Array = 0.5 * matrix + 0.5 * matrix.T
    return symmetric


def _eigenvalue_error(matrix: Array, values: Array, vectors: Array) -> float:
    """Bound on the distance of exact from computed eigenvalues, all in ascending order."""
    size = len(matrix)
    # gamma_k = k u/(1 - k u) bounds a sum of k products; two more for the subtraction and the scaling by eigenvalues.
    gamma = (size + 2) * _UNIT / (1.0 - (size + 2) * _UNIT)
    frame = float(np.linalg.norm(vectors)) * (1.0 + gamma)
    scale = float(np.linalg.norm(matrix)) * frame + float(np.abs(values).max()) * frame
    residual = float(np.linalg.norm(matrix @ vectors - vectors * values)) + 2.0 * gamma * scale
    skew = float(np.linalg.norm(vectors.T @ vectors - np.eye(size))) + 2.0 * gamma * frame**2
    if skew >= 1.0:
        return math.inf
    # The norms themselves round by less than size^2 units each.
    return residual / math.sqrt(1.0 - skew) * (1.0 + size**2 * 4.0 * _UNIT)
