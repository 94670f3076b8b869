"""A close estimate of the largest singular value, from a start that already points the right way.

Block Krylov iteration with a Rayleigh-Ritz step (Golub and Van Loan, *Matrix Computations*, section on
block Lanczos methods). The start is the solution of the relaxation: at its optimum the vectors ``sqrt(p_i)
x_i`` span leading singular vectors of the scaled matrix, so one to five further products give three to five digits.

The estimate steers the certificate and is no part of it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from verification.cutnorm.pair import Pair

# A small matrix has a converged relaxation, whose span needs little correction.
_POWERS = ((2**17, 1), (2**20, 2), (2**23, 3), (math.inf, 5))


def largest_singular_values(
    pair: Pair, left: Tensor, right: Tensor, start: Tensor, powers: int | None = None
) -> Tensor:
    """Estimate the spectral norm of ``diag(left) A' diag(right)`` from below.

    Parameters
    ----------
    pair : Pair
        Float32, shape ``(..., n+1, d+1)``.
    left, right : torch.Tensor
        Positive scalings, shapes ``(..., n+1)`` and ``(..., d+1)``.
    start : torch.Tensor
        Float32, shape ``(..., n+1, r)``; its span should lie near the leading left singular vectors.
    powers : int, optional
        How often the matrix times its transpose is applied; the basis has ``(powers + 1) r``
        columns. By default 1 to 5, growing with the matrix.

    Returns
    -------
    torch.Tensor
        Shape ``(...)``. In exact arithmetic at most the true values. May be NaN or 0 for degenerate input: the
        caller must be ready to fall back.
    """
    u, v = left.to(torch.float32).unsqueeze(-1), right.to(torch.float32).unsqueeze(-1)
    cells = pair.forward.shape[-2] * pair.forward.shape[-1]
    if powers is None:
        powers = next(count for most, count in _POWERS if cells <= most)
    if (powers + 1) * start.shape[-1] >= min(pair.forward.shape[-2:]):
        return _norms(u * pair.forward * v.mT)
    block = _orthonormal(start * u.reciprocal().nan_to_num(posinf=0.0))
    blocks = [block]
    for _ in range(powers):
        block = _orthonormal(u * (pair.forward @ (v * v * (pair.backward @ (u * block)))))
        blocks.append(block)
    # Orthonormal as a whole, so that the estimate cannot overshoot even where the Krylov space is exhausted.
    basis = _orthonormal(torch.cat(blocks, dim=-1))
    return _norms(v * (pair.backward @ (u * basis)))


def _norms(rows: Tensor) -> Tensor:
    finite = torch.isfinite(rows).flatten(start_dim=-2).all(dim=-1)
    double = rows.nan_to_num(0.0, 0.0, 0.0).to(torch.float64)
    small = double.mT @ double if double.shape[-1] <= double.shape[-2] else double @ double.mT
    return torch.where(finite, torch.linalg.eigvalsh(small)[..., -1].clamp_min(0.0).sqrt(), math.nan)


def _orthonormal(columns: Tensor) -> Tensor:
    basis: Tensor = torch.linalg.qr(columns.nan_to_num())[0]
    return basis
