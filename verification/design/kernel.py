"""``K_1`` of the limit of one hidden ReLU layer under a graphon given at few nodes, as autograd can follow it.

``K_1 = mean over nodes of (X diag(W_u) X^T/d) o k0(X diag(V_u) X^T)``, ``k0 = (pi - arccos c)/(2 pi)`` (statement
NTK-1, ``E[a^2|u] = 1``). ``verification.ntk.limit`` computes it for any graphon, activation and depth, in blocks and
without gradients.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

_LARGEST: Final = 1.0 - 1e-13
"""Correlation of two samples beyond which it is taken for 1: equal samples then have equal rows, to the last place,
and a kernel that is singular shows it. k0 of others errs by less than 1e-7 there."""


def profile_kernel(inputs: Tensor, W: Tensor, V: Tensor, others: Tensor | None = None) -> Tensor:
    """Kernel of the masked layer, shape (N, N'), float64.

    Parameters
    ----------
    inputs
        X, shape (N, d).
    W
        Kept probabilities at the nodes, shape (R, d).
    V
        Second moments that edges transmit, shape (R, d).
    others
        X', shape (N', d); X itself by default, and the diagonal is then exact.
    """
    same = others is None
    right = inputs if others is None else others
    total = torch.zeros(len(inputs), len(right), dtype=inputs.dtype)
    for kept, energy in zip(W, V, strict=True):
        slopes = _slopes(inputs, right, energy, same=same)
        total = total + ((inputs * kept) @ right.T / inputs.shape[1]) * slopes
    return total / len(W)


def _slopes(left: Tensor, right: Tensor, energy: Tensor, *, same: bool) -> Tensor:
    """``k0``; 1/4 where a sample has no energy at all (its row of the kernel is 0 then)."""
    tiny = torch.finfo(left.dtype).tiny
    norms = [(part.square() @ energy).clamp_min(tiny).sqrt() for part in (left, right)]
    cosines = ((left * energy) @ right.T) / norms[0][:, None] / norms[1][None, :]
    # The slope of arccos at 1 is infinite: there k0 is a constant. So is the diagonal, which does not depend on V.
    k0 = (math.pi - torch.arccos(cosines.clamp(-_LARGEST, _LARGEST))) / (2.0 * math.pi)
    equal = cosines > _LARGEST
    if same:
        equal = equal | torch.eye(len(left), dtype=torch.bool)
    k0 = torch.where(equal, torch.full_like(k0, 0.5), k0)
    return torch.where(cosines < -_LARGEST, torch.zeros_like(k0), k0)
