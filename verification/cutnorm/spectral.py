"""A spectral norm that is safe: an upper bound that holds in spite of every rounding error.

Let ``B`` have ``m`` rows and ``k >= m`` columns. If ``sigma I - B B^T`` is positive semidefinite, then
``||B||_2 <= sqrt(sigma)``. Definiteness is decided by a Cholesky factorisation in float64 that runs to its
end (Rump, *Verification of positive definiteness*, BIT 46, 2006). With ``g`` for ``gamma`` and ``u`` for the unit
roundoff, the computed matrix is lowered on its diagonal by the sum of

* ``g(m+2) m sigma``: backward error of the factorisation. The computed factor is exact for a matrix that
  differs by at most ``g(m+1)/(1 - g(m+1)) sqrt(h_ii h_jj)`` entry by entry, hence in norm by that times the
  trace, and no diagonal entry exceeds ``sigma``;
* what :mod:`verification.cutnorm.gram` states for the error of the computed Gram matrix;
* ``8 u sigma``: rounding of the diagonal itself;
* an absolute term for underflow.

The entries of ``B`` as handed over are taken as exact; :mod:`verification.cutnorm.upper` adds what it took to
form them.

This differs from the source in: coarser constants (``gamma`` here counts every operation twice), which
keeps the argument valid for blocked factorisations that reorder sums; they are of relative size ``1e-9`` at
``m = 4096``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from verification.cutnorm.gram import double_gram
from verification.cutnorm.rounding import UNDERFLOW, UNIT_ROUNDOFF, gamma

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from verification.cutnorm.gram import Gram

SLACKS = (1e-3, 4e-3, 2e-2, 1e-1)
"""What is added to the square of the estimate, relatively, in one attempt after the other."""


@dataclass(frozen=True)
class SafeNorm:
    """Certified upper bound on a spectral norm.

    Parameters
    ----------
    value : float
        The bound.
    nominal : float
        What the bound would be without allowances for rounding.
    frobenius : float
        Upper bound on the Frobenius norm, needed by callers for further error terms.
    factorised : bool
        True when a Cholesky factorisation proved the bound, False when it is the Frobenius norm.
    """

    value: float
    nominal: float
    frobenius: float
    factorised: bool


def safe_norm(form: Callable[[], Gram], estimate: float, slacks: Sequence[float] = SLACKS) -> SafeNorm:
    """Bound the spectral norm of a matrix by way of its Gram matrix.

    Parameters
    ----------
    form : callable
        Forms the Gram matrix ``B B^T`` of the matrix in its wide orientation; called again for each further
        attempt, since a factorisation overwrites it.
    estimate : float
        A guess at the norm, best a few digits below it. A bad guess costs time or tightness, not validity.
    slacks : sequence of float
        What to add to the square of the estimate, relatively, in one attempt after the other.

    Returns
    -------
    SafeNorm
        Above the norm by half the first slack, and the error of the Gram matrix, where the estimate is good; the
        Frobenius norm where all attempts fail. The factorisation always runs on the CPU,
        whose error analysis is the one quoted.
    """
    gram = form()
    frobenius = math.sqrt(gram.squared) * (1.0 + gamma(4))
    rows = gram.lower.shape[0]
    for attempt, slack in enumerate(slacks):
        nominal = estimate * estimate * (1.0 + slack)
        sigma = nominal + gram.error
        # The comparison is also false for NaN.
        if not UNDERFLOW < sigma < gram.squared:
            break
        if attempt > 0:
            # Let go of the old matrix before there is a new one.
            del gram
            gram = form()
        allowance = gamma(rows + 2) * rows * sigma + gram.error + 8.0 * UNIT_ROUNDOFF * sigma + rows * UNDERFLOW
        if _is_definite(gram.lower.neg_(), sigma - allowance):
            value = math.sqrt(sigma) * (1.0 + gamma(2))
            return SafeNorm(value, math.sqrt(min(nominal, max(sigma - allowance, 0.0))), frobenius, factorised=True)
    return SafeNorm(frobenius, frobenius * (1.0 - gamma(2 * rows + 8)), frobenius, factorised=False)


def norm_upper_bound(B: Tensor, estimate: float | None = None) -> SafeNorm:
    """Bound the spectral norm of a matrix held in memory.

    Parameters
    ----------
    B : torch.Tensor
        Float64, shape ``(m, k)``, finite, either side larger, entries of moderate size (squares must neither
        overflow nor all vanish).
    estimate : float, optional
        A guess at the norm; by default it is computed.

    Returns
    -------
    SafeNorm
    """
    wide = B if B.shape[0] <= B.shape[1] else B.T
    guess = float(torch.linalg.matrix_norm(wide, ord=2)) if estimate is None else estimate
    return safe_norm(lambda: double_gram((wide,), *wide.shape), guess)


def _is_definite(lower: Tensor, shift: float) -> bool:
    """Factorise ``lower + shift I`` in place, reading the lower triangle only."""
    lower.diagonal().add_(shift)
    info = torch.empty((), dtype=torch.int32, device=lower.device)
    # The transposed view is in LAPACK's own order, so that no copy of the matrix is made.
    factor = lower.T
    torch.linalg.cholesky_ex(factor, upper=True, out=(factor, info))
    return int(info) == 0 and bool(torch.isfinite(factor.diagonal()).all())
