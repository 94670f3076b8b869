"""The Grothendieck relaxation of the augmented matrix, solved in low rank.

    maximise ``sum_ij A'_ij <x_i, y_j>`` over unit vectors ``x_i``, ``y_j`` of ``R^r``

Optimal in one side for a fixed other side is a normalised product, ``X = rownorm(A' Y)``, so the solver
alternates (block-coordinate ascent on the factorised semidefinite programme: Burer and Monteiro, Math.
Program. 95, 2003; the mixing method of Wang, Chang and Kolter, arXiv 1706.00476). At an optimum the row
norms ``p_i = |(A' Y)_i|``, ``q_j = |(A'^T X)_j|`` are optimal dual variables: their sums agree and
``P^(-1/2) A' Q^(-1/2)`` has norm 1.

This differs from the sources in: whole sides are updated at once, which the bipartite form allows; the
iterate is extrapolated by its own last step (by less in the first steps and after the value has fallen).

Nothing here is certified. A poor solution makes the bound of ``upper`` weaker, never wrong.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from verification.cutnorm.pair import Pair

RANK = 24
"""Dimension of the vectors. For mask residuals 16 needs more steps and 32 gains nothing."""

_SMALLEST = 1e-37
_WINDOW = 3
_FINE = 2e-5
_FINE_ENTRIES = 2**18
_RAMP = (0.0, 0.5, 0.75)
_AVERAGED = 3


@dataclass(frozen=True, eq=False)
class Relaxation:
    """An approximate solution, or one for each of several matrices.

    Parameters
    ----------
    x, y : torch.Tensor
        Float32, shapes ``(..., n+1, r)`` and ``(..., d+1, r)``, rows of length 1.
    p, q : torch.Tensor
        Float32, shapes ``(..., n+1)`` and ``(..., d+1)``, non-negative: dual variables.
    value : torch.Tensor
        Shape ``(...)``: the objective, in the unit of the working matrix. For exact arithmetic a lower bound of the
        relaxation's optimum, hence a bound of nothing else.
    steps : int
        Number of updates of both sides.
    """

    x: Tensor
    y: Tensor
    p: Tensor
    q: Tensor
    value: Tensor
    steps: int

    def part(self, index: int) -> Relaxation:
        """Pick the solution for one of several matrices.

        Parameters
        ----------
        index : int
            Place along the first dimension.

        Returns
        -------
        Relaxation
        """
        sides = self.x[index], self.y[index], self.p[index], self.q[index]
        return Relaxation(*sides, self.value[index], self.steps)


def relax(
    pair: Pair,
    generator: torch.Generator,
    *,
    rank: int = RANK,
    tolerance: float | None = None,
    most_steps: int = 150,
) -> Relaxation:
    """Solve the relaxation approximately.

    Parameters
    ----------
    pair : Pair
        ``A'`` in float32, shape ``(..., n+1, d+1)``, entries of moderate size.
    generator : torch.Generator
        CPU source of the random start, which several matrices share.
    rank : int
        Dimension ``r`` of the vectors, at least 1.
    tolerance : float, optional
        Stop when three steps together raise no value by this fraction. By default 2e-5 up to 512 x 512, growing
        in proportion to the entries: where a step is dear the certificate is left about 0.7 % above its optimum
        at 4,096 x 4,096.
    most_steps : int
        Stop after this many steps in any case.

    Returns
    -------
    Relaxation
        Dual variables are the means of the last three steps, which lie closer to the optimum than the last.
    """
    work, back = pair.forward, pair.backward
    gain = _FINE * max(1.0, work.shape[-1] * work.shape[-2] / _FINE_ENTRIES) if tolerance is None else tolerance
    shape = (work.shape[-1], rank)
    start = torch.randn(shape, generator=generator, dtype=work.dtype, device="cpu").to(work.device)
    y = _unit_rows(start)[0].expand(*work.shape[:-2], *shape)
    previous, values = y, [torch.zeros(work.shape[:-2], dtype=work.dtype, device=work.device)]
    ramp = torch.tensor([*_RAMP, 1.0], dtype=work.dtype, device=work.device)
    momentum = torch.zeros_like(values[0], dtype=torch.long)
    duals: deque[tuple[Tensor, Tensor]] = deque(maxlen=_AVERAGED - 1)
    for _ in range(most_steps):
        weight = ramp[momentum.clamp_max(len(_RAMP))][..., None, None]
        x, p = _unit_rows(work @ torch.lerp(previous, y, 1.0 + weight))
        ahead, q = _unit_rows(back @ x)
        duals.append((p, q))
        values.append(q.sum(dim=-1))
        momentum = torch.where(values[-1] >= values[-2], momentum + 1, 0)
        previous, y = y, ahead
        if len(values) > _WINDOW + 1 and bool((values[-1] - values[-1 - _WINDOW] <= gain * values[-1]).all()):
            break
    x, p = _unit_rows(work @ y)
    q = torch.linalg.vector_norm(back @ x, dim=-1)
    rows, columns = zip(*duals, (p, q), strict=True)
    mean_p, mean_q = torch.stack(rows).mean(dim=0), torch.stack(columns).mean(dim=0)
    return Relaxation(x, y, mean_p, mean_q, p.sum(dim=-1), len(values) - 1)


def hyperplane_signs(vectors: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Round vectors to signs by random hyperplanes.

    Parameters
    ----------
    vectors : torch.Tensor
        Shape ``(..., m, r)``.
    count : int
        Number of hyperplanes.
    generator : torch.Generator
        CPU source of the hyperplanes.

    Returns
    -------
    torch.Tensor
        Entries -1 and 1 in float32, shape ``(..., m, count)``.
    """
    shape = (vectors.shape[-1], count)
    normals = torch.randn(shape, generator=generator, dtype=vectors.dtype, device="cpu").to(vectors.device)
    return torch.where(vectors @ normals >= 0.0, 1.0, -1.0).to(vectors.dtype)


def _unit_rows(rows: Tensor) -> tuple[Tensor, Tensor]:
    lengths = torch.linalg.vector_norm(rows, dim=-1)
    return rows / lengths.clamp_min(_SMALLEST).unsqueeze(-1), lengths
