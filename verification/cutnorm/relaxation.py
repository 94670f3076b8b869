"""The Grothendieck relaxation of the augmented matrix, solved in low rank.

    maximise ``sum_ij A'_ij <x_i, y_j>`` over unit vectors ``x_i``, ``y_j`` of ``R^r``

Optimal in one side for a fixed other side is a normalised product, ``X = rownorm(A' Y)``, so the solver
alternates (block-coordinate ascent on the factorised semidefinite programme: Burer and Monteiro, Math.
Program. 95, 2003; the mixing method of Wang, Chang and Kolter, arXiv 1706.00476). At an optimum the row
norms ``p_i = |(A' Y)_i|``, ``q_j = |(A'^T X)_j|`` are optimal dual variables: their sums agree and
``P^(-1/2) A' Q^(-1/2)`` has norm 1.

This differs from the sources in: whole sides are updated at once, which the bipartite form allows; the
iterate is extrapolated with Nesterov's weights, restarted whenever the value falls.

Nothing here is certified. A poor solution makes the bound of ``upper`` weaker, never wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

RANK = 32
"""Dimension of the vectors. For mask residuals 16 needs more steps and 48 gains nothing."""

_SMALLEST = 1e-37


@dataclass(frozen=True, eq=False)
class Relaxation:
    """An approximate solution.

    Parameters
    ----------
    x, y : torch.Tensor
        Float32, shapes ``(n+1, r)`` and ``(d+1, r)``, rows of length 1.
    p, q : torch.Tensor
        Float32, shapes ``(n+1,)`` and ``(d+1,)``, non-negative: dual variables.
    value : float
        The objective, in the unit of the working matrix. For exact arithmetic a lower bound of the
        relaxation's optimum, hence a bound of nothing else.
    steps : int
        Number of updates of both sides.
    """

    x: Tensor
    y: Tensor
    p: Tensor
    q: Tensor
    value: float
    steps: int


def relax(
    work: Tensor,
    generator: torch.Generator,
    *,
    rank: int = RANK,
    tolerance: float = 5e-5,
    most_steps: int = 150,
) -> Relaxation:
    """Solve the relaxation approximately.

    Parameters
    ----------
    work : torch.Tensor
        ``A'`` in float32, shape ``(n+1, d+1)``, entries of moderate size.
    generator : torch.Generator
        Source of the random start.
    rank : int
        Dimension ``r`` of the vectors, at least 1.
    tolerance : float
        Stop when five steps together raise the value by less than this fraction.
    most_steps : int
        Stop after this many steps in any case.

    Returns
    -------
    Relaxation
    """
    start = torch.randn(work.shape[1], rank, generator=generator, dtype=work.dtype, device="cpu").to(work.device)
    y, _ = _unit_rows(start)
    previous, momentum, history = y, 0, [0.0]
    for _ in range(most_steps):
        weight = momentum / (momentum + 3.0)
        x, _ = _unit_rows(work @ (y + weight * (y - previous)))
        ahead, q = _unit_rows(transpose_product(work, x))
        history.append(float(q.sum()))
        momentum = momentum + 1 if history[-1] >= history[-2] else 0
        previous, y = y, ahead
        if len(history) > 6 and history[-1] - history[-6] <= tolerance * history[-1]:
            break
    x, p = _unit_rows(work @ y)
    _, q = _unit_rows(transpose_product(work, x))
    return Relaxation(x, y, p, q, float(p.sum()), len(history) - 1)


def hyperplane_signs(vectors: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Round vectors to signs by random hyperplanes.

    Parameters
    ----------
    vectors : torch.Tensor
        Shape ``(m, r)``.
    count : int
        Number of hyperplanes.
    generator : torch.Generator
        Source of the hyperplanes.

    Returns
    -------
    torch.Tensor
        Entries -1 and 1 in float32, shape ``(m, count)``.
    """
    shape = (vectors.shape[1], count)
    normals = torch.randn(shape, generator=generator, dtype=vectors.dtype, device="cpu").to(vectors.device)
    return torch.where(vectors @ normals >= 0.0, 1.0, -1.0).to(vectors.dtype)


def transpose_product(work: Tensor, x: Tensor) -> Tensor:
    """Product of the transpose of a wide row-major matrix with a thin one.

    Parameters
    ----------
    work : torch.Tensor
        Shape ``(n+1, d+1)``.
    x : torch.Tensor
        Shape ``(n+1, k)``.

    Returns
    -------
    torch.Tensor
        Shape ``(d+1, k)``. Written as ``(x^T work)^T``: on CPUs this takes half the time of ``work^T x``.
    """
    return (x.T.contiguous() @ work).T


def _unit_rows(rows: Tensor) -> tuple[Tensor, Tensor]:
    lengths = torch.linalg.vector_norm(rows, dim=1)
    return rows / lengths.clamp_min(_SMALLEST).unsqueeze(1), lengths
