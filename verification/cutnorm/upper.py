"""Certified upper bounds on the cut norm.

**Spectral certificate.** For positive ``p``, ``q`` and ``s = ||P^(-1/2) A' Q^(-1/2)||_2``, all signs ``x``,
``y`` obey ``x^T A' y = (P^(1/2) x)^T [P^(-1/2) A' Q^(-1/2)] (Q^(1/2) y) <= s sqrt(sum p) sqrt(sum q)``,
hence ``||A||_cut <= s sqrt(sum p sum q)/4`` times ``1/(n d)``. Any positive ``p``, ``q`` will do; those of
the relaxation make it its optimum, at most 1.7823 times the truth (Krivine's bound on Grothendieck's
constant; Alon and Naor 2006).

**Entrywise bounds**, free of charge: ``(sum |A| + |sum A|)/2``, the larger of the positive and the negative
part; and, from ``4 A(S x T) = (1+x)^T A (1+y)`` with signs ``x``, ``y``, ``(|sum A| + ||A 1||_1 + ||A^T
1||_1 + sum |A|)/4``.

The smallest bound wins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from verification.cutnorm.rounding import UNDERFLOW, gamma
from verification.cutnorm.spectral import safe_norm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from verification.cutnorm.centred import Centred
    from verification.cutnorm.relaxation import Relaxation

_SLAB = 1024
_FLOOR_BY_ROW = 1e-4
_FLOOR_BY_PEAK = 1e-30


@dataclass(frozen=True)
class UpperBound:
    """An upper bound on ``max over S, T of |A(S x T)|``, not divided by ``n d``.

    Parameters
    ----------
    value : float
        The bound, rounding included.
    margin : float
        The part of it that covers rounding.
    """

    value: float
    margin: float


@dataclass(frozen=True, eq=False)
class Scaling:
    """The diagonal matrices ``P^(-1/2)`` and ``Q^(-1/2)`` of the certificate.

    Parameters
    ----------
    left, right : torch.Tensor
        Float64, positive, shapes ``(n+1,)`` and ``(d+1,)``. Taken as exact: ``p`` *is* ``left^-2``.
    """

    left: Tensor
    right: Tensor

    def transposed(self) -> Scaling:
        """Exchange the sides."""
        return Scaling(self.right, self.left)

    def weight(self) -> float:
        """Bound ``sqrt(sum p sum q)`` from above."""
        p, q = self.left.reciprocal().square().sum(), self.right.reciprocal().square().sum()
        terms = len(self.left) + len(self.right) + 16
        return math.sqrt(float(p)) * math.sqrt(float(q)) * (1.0 + gamma(terms))


def scaling(centred: Centred, relaxed: Relaxation) -> Scaling:
    """Turn dual variables into scalings that can be divided by.

    Parameters
    ----------
    centred : Centred
        The matrix.
    relaxed : Relaxation
        A solution for ``centred.augmented()``.

    Returns
    -------
    Scaling
        A dual variable is floored at 1e-4 of the sum of moduli of its row (no solution exceeds that sum), so
        that a row whose products cancel by accident does not blow up the norm; and at 1e-30 of the largest.
    """
    left = _inverse_root(relaxed.p, _moduli(centred))
    right = _inverse_root(relaxed.q, _moduli(centred.transposed()))
    return Scaling(left, right)


def spectral_bound(centred: Centred, scales: Scaling, estimate: float) -> UpperBound:
    """Evaluate the spectral certificate.

    Parameters
    ----------
    centred : Centred
        The matrix.
    scales : Scaling
        Any positive scalings for ``A' / unit``.
    estimate : float
        A guess at ``||diag(left) (A'/unit) diag(right)||_2``.

    Returns
    -------
    UpperBound
        Valid for every ``scales`` and ``estimate``. Forming an entry takes two roundings (dividing by
        ``unit`` is exact), which moves the norm by at most ``gamma(4) ||B||_F``; errors of the border are
        added at the end, since they move ``x^T A' y`` by no more than their sum.
    """
    if centred.shape[0] > centred.shape[1]:
        centred, scales = centred.transposed(), scales.transposed()
    n, d = centred.shape
    norm = safe_norm(lambda: _slabs(centred, scales), n + 1, d + 1, estimate, centred.matrix.device)
    weight = scales.weight()
    entry_error = gamma(4) * norm.frobenius + (n + 1) * (d + 1) * UNDERFLOW
    total = (norm.value + entry_error) * weight * centred.unit + centred.border_error()
    value = 0.25 * total * (1.0 + gamma(8))
    return UpperBound(value, max(value - 0.25 * norm.nominal * weight * centred.unit, 0.0))


def entrywise_bound(centred: Centred) -> UpperBound:
    """Evaluate the bounds that need only sums of entries.

    Parameters
    ----------
    centred : Centred
        The matrix.

    Returns
    -------
    UpperBound
        The smaller of the two; without margin where the sums are exact.
    """
    n, d = centred.shape
    halves = 0.5 * (centred.absolute + abs(centred.total))
    borders = float(centred.row_sums.abs().sum()) + float(centred.column_sums.abs().sum())
    quarters = 0.25 * (abs(centred.total) + borders + centred.absolute)
    nominal = min(halves, quarters)
    margin = 0.0 if centred.exact_sums else gamma(n + d + 8) * 2.0 * centred.absolute
    return UpperBound(nominal + margin, margin)


def smallest(*bounds: UpperBound) -> UpperBound:
    """Pick the best of several bounds.

    Parameters
    ----------
    *bounds : UpperBound
        At least one.

    Returns
    -------
    UpperBound
    """
    return min(bounds, key=lambda bound: bound.value)


def _slabs(centred: Centred, scales: Scaling) -> Iterator[Tensor]:
    """Walk through the scaled augmented matrix, a slab of columns at a time; the last holds the border."""
    n, d = centred.shape
    left, right = scales.left.unsqueeze(1) / centred.unit, scales.right
    for start in range(0, d, _SLAB):
        stop = min(start + _SLAB, d)
        last = stop == d
        slab = torch.empty(n + 1, stop - start + last, dtype=torch.float64, device=left.device)
        inner = slab[:, : stop - start]
        torch.mul(centred.matrix[:, start:stop], left[:n], out=inner[:n])
        torch.mul(centred.column_sums[start:stop], -left[n], out=inner[n])
        if last:
            torch.mul(centred.row_sums, -left[:n, 0], out=slab[:n, -1])
            slab[n, -1] = centred.total * left[n, 0]
        yield slab.mul_(right[start : stop + last])


def _moduli(centred: Centred) -> Tensor:
    """Sum the moduli of each row of ``A' / unit``, shape ``(n+1,)``."""
    border = centred.column_sums.abs().sum() + abs(centred.total)
    inner = centred.absolute_rows + centred.row_sums.abs()
    return torch.cat([inner, border.unsqueeze(0)]) / centred.unit


def _inverse_root(dual: Tensor, moduli: Tensor) -> Tensor:
    wanted = torch.maximum(dual.to(torch.float64), _FLOOR_BY_ROW * moduli)
    return wanted.clamp_min(_FLOOR_BY_PEAK * float(wanted.max())).rsqrt()
