"""A spectral norm that is safe: an upper bound that holds in spite of every rounding error.

Let ``B`` have ``m`` rows and ``k >= m`` columns. If ``sigma I - B B^T`` is positive semidefinite, then
``||B||_2 <= sqrt(sigma)``. Definiteness is decided by a Cholesky factorisation in float64 that runs to its
end (Rump, *Verification of positive definiteness*, BIT 46, 2006). With ``g`` for ``gamma``, ``F = ||B||_F``
and ``u`` the unit roundoff, the computed matrix is lowered on its diagonal by the sum of

* ``g(m+2) m sigma``: backward error of the factorisation. The computed factor is exact for a matrix that
  differs by at most ``g(m+1)/(1 - g(m+1)) sqrt(h_ii h_jj)`` entry by entry, hence in norm by that times the
  trace, and no diagonal entry exceeds ``sigma``;
* ``g(k) F^2``: the computed Gram matrix differs from the exact one by at most ``g(k) |B| |B|^T`` entry by
  entry, and the norm of ``|B| |B|^T`` is at most ``F^2``;
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

from verification.cutnorm.rounding import UNDERFLOW, UNIT_ROUNDOFF, gamma

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor

_PANEL = 512
_SLACKS = (1e-3, 4e-3, 2e-2, 1e-1)


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


def safe_norm(
    slabs: Callable[[], Iterable[Tensor]], rows: int, columns: int, estimate: float, device: torch.device
) -> SafeNorm:
    """Bound the spectral norm of a matrix given in slabs of columns.

    Parameters
    ----------
    slabs : callable
        Each call walks through the matrix once, yielding float64 tensors of shape ``(rows, any)`` whose
        columns make up ``B``.
    rows, columns : int
        Shape of ``B``; cost is ``rows^2 columns + rows^3/3`` operations, so hand over the wide orientation.
    estimate : float
        A guess at the norm, best a few digits below it. A bad guess costs time or tightness, not validity.
    device : torch.device
        Where the slabs live. The factorisation always runs on the CPU, whose error analysis is the one
        quoted.

    Returns
    -------
    SafeNorm
        At most about 0.05 % above the norm where the estimate is good; the Frobenius norm where four attempts
        with growing slack fail.
    """
    gram = _lower_gram(slabs(), rows, device)
    trace = float(gram.diagonal().sum())
    squared = trace * (1.0 + gamma(columns) + gamma(rows)) + UNDERFLOW
    frobenius = math.sqrt(squared) * (1.0 + gamma(4))
    for attempt, slack in enumerate(_SLACKS):
        sigma = estimate * estimate * (1.0 + slack)
        # The comparison is also false for NaN.
        if not UNDERFLOW < sigma < squared:
            break
        if attempt > 0:
            gram = _lower_gram(slabs(), rows, device)
        allowance = (
            gamma(rows + 2) * rows * sigma + gamma(columns) * squared + 8.0 * UNIT_ROUNDOFF * sigma + rows * UNDERFLOW
        )
        if _is_definite(gram.neg_(), sigma - allowance):
            value = math.sqrt(sigma) * (1.0 + gamma(2))
            return SafeNorm(value, math.sqrt(max(sigma - allowance, 0.0)), frobenius, factorised=True)
    return SafeNorm(frobenius, math.sqrt(trace), frobenius, factorised=False)


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
    return safe_norm(lambda: (wide,), wide.shape[0], wide.shape[1], guess, wide.device)


def _lower_gram(slabs: Iterable[Tensor], rows: int, device: torch.device) -> Tensor:
    """Sum ``slab slab^T`` over the slabs, blocks on and below the diagonal only."""
    gram = torch.zeros(rows, rows, dtype=torch.float64, device=device)
    for slab in slabs:
        for start in range(0, rows, _PANEL):
            stop = min(start + _PANEL, rows)
            gram[start:stop, :stop].addmm_(slab[start:stop], slab[:stop].T)
    return gram.cpu()


def _is_definite(lower: Tensor, shift: float) -> bool:
    """Factorise ``lower + shift I`` in place, reading the lower triangle only."""
    lower.diagonal().add_(shift)
    info = torch.empty((), dtype=torch.int32, device=lower.device)
    # The transposed view is in LAPACK's own order, so that no copy of the matrix is made.
    factor = lower.T
    torch.linalg.cholesky_ex(factor, upper=True, out=(factor, info))
    return int(info) == 0 and bool(torch.isfinite(factor.diagonal()).all())
