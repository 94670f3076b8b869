"""A close estimate of the largest singular value, from a start that already points the right way.

Block Krylov iteration with a Rayleigh-Ritz step (Golub and Van Loan, *Matrix Computations*, section on
block Lanczos methods). The start is the solution of the relaxation: at its optimum the vectors ``sqrt(p_i)
x_i`` span leading singular vectors of the scaled matrix, so two further products give three to five digits.

The estimate steers the certificate and is no part of it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from verification.cutnorm.relaxation import transpose_product

if TYPE_CHECKING:
    from torch import Tensor

_POWERS = 2


def largest_singular_value(work: Tensor, left: Tensor, right: Tensor, start: Tensor, powers: int = _POWERS) -> float:
    """Estimate the spectral norm of ``diag(left) work diag(right)`` from below.

    Parameters
    ----------
    work : torch.Tensor
        Float32, shape ``(n+1, d+1)``.
    left, right : torch.Tensor
        Positive scalings, shapes ``(n+1,)`` and ``(d+1,)``.
    start : torch.Tensor
        Float32, shape ``(n+1, r)``; its span should lie near the leading left singular vectors.
    powers : int
        How often the matrix times its transpose is applied; the basis has ``(powers + 1) r`` columns.

    Returns
    -------
    float
        In exact arithmetic at most the true value. May be NaN or 0 for degenerate input: the caller must be
        ready to fall back.
    """
    u, v = left.to(torch.float32).unsqueeze(1), right.to(torch.float32).unsqueeze(1)
    if (powers + 1) * start.shape[1] >= min(work.shape):
        return _norm(u * work * v.T)
    block = _orthonormal(start * u.reciprocal().nan_to_num(posinf=0.0))
    blocks = [block]
    for _ in range(powers):
        block = _orthonormal(u * (work @ (v * v * transpose_product(work, u * block))))
        blocks.append(block)
    # Orthonormal as a whole, so that the estimate cannot overshoot even where the Krylov space is exhausted.
    basis = _orthonormal(torch.cat(blocks, dim=1))
    return _norm(v * transpose_product(work, u * basis))


def _norm(rows: Tensor) -> float:
    if not bool(torch.isfinite(rows).all()):
        return math.nan
    return float(torch.linalg.matrix_norm(rows.to(torch.float64), ord=2))


def _orthonormal(columns: Tensor) -> Tensor:
    basis: Tensor = torch.linalg.qr(columns.nan_to_num())[0]
    return basis
