"""Cut norm of step graphons: certified from above, witnessed from below.

    >>> import torch
    >>> from verification.cutnorm import cut_norm
    >>> found = cut_norm(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]))
    >>> found.lower <= 0.25 <= found.upper
    True

Modules: ``intake`` checks input, ``centred`` borders the matrix so that sums vanish, ``lower`` finds
witnesses, ``relaxation`` solves the Grothendieck relaxation, ``krylov`` estimates and ``spectral``
certifies a norm, ``upper`` assembles the certificate, ``exact`` enumerates, ``rounding`` holds the error
bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from verification.cutnorm.centred import centre
from verification.cutnorm.enclosure import enclose, witness_only
from verification.cutnorm.exact import LARGEST_SIDE, cut_norm_exact, enumerate_subsets, is_cheap
from verification.cutnorm.intake import (
    MatrixLike,
    matrix,
    random_source,
    rescaled,
    restart_count,
    start_columns,
)
from verification.cutnorm.lower import cut_norm_lower
from verification.cutnorm.result import CutNorm
from verification.cutnorm.spectral import SafeNorm, norm_upper_bound

if TYPE_CHECKING:
    import torch

__all__ = [
    "LARGEST_SIDE",
    "CutNorm",
    "MatrixLike",
    "SafeNorm",
    "cut_norm",
    "cut_norm_exact",
    "cut_norm_lower",
    "norm_upper_bound",
]


def cut_norm(
    A: MatrixLike,
    *,
    certify: bool = True,
    restarts: int = 32,
    starts: MatrixLike | None = None,
    seed: int = 0,
    generator: torch.Generator | None = None,
) -> CutNorm:
    """Enclose the cut norm of the step graphon of a matrix.

    Parameters
    ----------
    A : torch.Tensor or numpy.ndarray
        Shape ``(n, d)``, rectangular allowed; floating, integer or boolean; dense, real, finite; any strides.
    certify : bool
        Whether to compute an upper bound. Without it ``upper`` is ``None``.
    restarts : int
        Number of random starts of the search for a witness, from 1 to 65,536.
    starts : torch.Tensor or numpy.ndarray, optional
        Boolean, shape ``(k, d)``: further column sets to start from.
    seed : int
        Seed of all randomness. Same matrix, seed, machine and thread count: same result.
    generator : torch.Generator, optional
        CPU generator to use in place of ``seed``.

    Returns
    -------
    CutNorm
        Bounds on ``max over S, T of |A(S x T)| / (n d)``. Where a side is at most 12 (or enumeration is cheap
        otherwise) both come from enumeration and differ by rounding only. Else the upper bound is that of the
        Grothendieck relaxation, at most 1.7823 times the truth were the relaxation solved exactly; for
        residuals of masks, measured, 1.11 to 1.17 times the lower bound.

    Raises
    ------
    TypeError
        When ``A`` is neither a tensor nor an array.
    ValueError
        When ``A`` is sparse, complex, not two-dimensional, empty, not finite or holds whole numbers of
        ``2**53`` or more; when ``restarts``, ``starts`` or ``generator`` is unsuitable.

    Notes
    -----
    Memory beyond ``A``: a float32 copy and, for the certificate, a square float64 matrix of the smaller side.
    Sources: Alon and Naor (2006) for the reduction and the relaxation, Rump (2006) for the certificate; the
    modules say where they differ.
    """
    given = matrix(A)
    extra = start_columns(starts, int(given.shape[1]))
    random = random_source(seed, generator)
    count = restart_count(restarts)
    inner, exponent = rescaled(given)
    centred = centre(inner)
    if centred.absolute == 0.0:
        return _zero(*centred.shape, certify=certify)
    if is_cheap(*centred.shape):
        exact = enumerate_subsets(centred)
        found = exact if certify else CutNorm(exact.lower, None, exact.rows, exact.columns)
    else:
        bound = enclose if certify else witness_only
        found = bound(centred, random, restarts=count, starts=extra)
    return found.times_power_of_two(exponent)


def _zero(rows: int, columns: int, *, certify: bool) -> CutNorm:
    nothing = np.zeros(rows, dtype=np.bool_), np.zeros(columns, dtype=np.bool_)
    return CutNorm(0.0, 0.0 if certify else None, *nothing)
