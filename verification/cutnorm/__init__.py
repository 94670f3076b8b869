"""Cut norm of step graphons: certified from above, witnessed from below.

    >>> import torch
    >>> from verification.cutnorm import cut_norm
    >>> found = cut_norm(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]))
    >>> found.lower <= 0.25 <= found.upper
    True

Modules: ``intake`` checks input, ``centred`` borders the matrix so that sums vanish, ``pair`` keeps it with its
transpose, ``lower`` finds witnesses, ``relaxation`` solves the Grothendieck relaxation, ``krylov`` estimates a norm
and ``spectral`` certifies it from the matrix of ``gram``, ``upper`` assembles the certificate, ``exact`` enumerates,
``enclosure`` calls them in turn, ``batch`` for several matrices, ``screening`` is the quick bound, ``rounding`` holds
the error bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verification.cutnorm.batch import cut_norms
from verification.cutnorm.enclosure import bound_all
from verification.cutnorm.exact import LARGEST_SIDE, cut_norm_exact
from verification.cutnorm.intake import (
    MatrixLike,
    matrix,
    placed,
    random_source,
    restart_count,
    start_columns,
)
from verification.cutnorm.lower import cut_norm_lower
from verification.cutnorm.result import CutNorm
from verification.cutnorm.screening import screening_bound
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
    "cut_norms",
    "norm_upper_bound",
    "screening_bound",
]


def cut_norm(
    A: MatrixLike,
    *,
    certify: bool = True,
    restarts: int = 32,
    starts: MatrixLike | None = None,
    seed: int = 0,
    generator: torch.Generator | None = None,
    device: str | None = None,
) -> CutNorm:
    """Enclose the cut norm of the step graphon of a matrix.

    Parameters
    ----------
    A : torch.Tensor or numpy.ndarray
        Shape ``(n, d)``, rectangular allowed; floating, integer or boolean; dense, real, finite; any strides.
    certify : bool
        Whether to compute an upper bound. Without it ``upper`` is ``None``.
    restarts : int
        Number of starts of the search for a witness, from 1 to 65,536: random ones without a certificate; with
        one, an eighth are random, and the relaxation supplies two for each.
    starts : torch.Tensor or numpy.ndarray, optional
        Boolean, shape ``(k, d)``: further column sets to start from.
    seed : int
        Seed of all randomness. Same matrix, seed, machine and thread count: same result.
    generator : torch.Generator, optional
        CPU generator to use in place of ``seed``.
    device : str, optional
        ``"cpu"``, ``"cuda"``, ``"cuda:<number>"`` or ``"auto"`` (CUDA where there is one); by default where the
        tensor lives, for an array the CPU.

    Returns
    -------
    CutNorm
        Bounds on ``max over S, T of |A(S x T)| / (n d)``. Where a side is at most 22 and enumeration cheap (side 12:
        up to 4,096 on the other) both come from enumeration and differ by rounding only. Else the upper bound is that
        of the Grothendieck relaxation, at most 1.7823 times the truth were the relaxation solved exactly; for
        residuals of masks, measured, 1.10 to 1.18 times the lower bound.

    Raises
    ------
    TypeError
        When ``A`` is neither a tensor nor an array.
    graphon_theory.errors.InputError
        When there is no such device.
    ValueError
        When ``A`` is sparse, complex, not two-dimensional, empty, not finite or holds whole numbers of
        ``2**53`` or more; when ``restarts``, ``starts`` or ``generator`` is unsuitable.

    Notes
    -----
    Memory beyond ``A``: two float32 copies for the search, and after them, for the certificate, a square float64
    matrix of the smaller side.
    Sources: Alon and Naor (2006) for the reduction and the relaxation, Rump (2006) for the certificate; the
    modules say where they differ.
    """
    given = placed(matrix(A), device)
    extra = start_columns(starts, int(given.shape[1]))
    random, count = random_source(seed, generator), restart_count(restarts)
    return bound_all([given], random, certify=certify, restarts=count, starts=extra)[0]
