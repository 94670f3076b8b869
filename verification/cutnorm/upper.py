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

**What rounding costs.** Let ``B = P^(-1/2) A' Q^(-1/2) / unit`` with the border as computed, and ``B~`` what is
handed to :mod:`verification.cutnorm.spectral`. In float64, forming an entry takes two roundings (dividing by
``unit`` is exact), so that ``||B - B~||_2 <= gamma(4) ||B~||_F``. In float32, which is used for large matrices on the
CPU, the scalings are float32 numbers, forming an entry takes at most three roundings, and scalings and ``unit`` lie
between ``2**-20`` and ``2**20``, so that underflow costs an entry less than ``2**-64``; entries below ``2**-40`` are
dropped, since products of tiny numbers are many times slower. Then ``|B - B~| <= gamma32(4) |B| + 2**-64 + 2**-40``
entry by entry, hence ``||B - B~||_2 <= gamma32(4) M + (2**-64 + 2**-40) sqrt((n+1)(d+1))``, with ``M`` a bound on the
norm of ``|B|``. As ``|B|^T |B|`` is non-negative, its norm is at most ``max_j (|B|^T |B| y)_j / y_j`` for every
positive ``y`` (Collatz and Wielandt: Horn and Johnson, *Matrix Analysis*, chapter 8); ``y = sqrt(q)`` makes ``|B| y``
a sum of moduli already known, so that ``M^2`` takes one more product. ``M`` also bounds
what float32 does to the Gram matrix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from verification.cutnorm.gram import double_gram, single_gram, single_is_single, single_width
from verification.cutnorm.rounding import UNDERFLOW, gamma, gamma_single, row_blocks
from verification.cutnorm.spectral import SLACKS, safe_norm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from verification.cutnorm.centred import Centred
    from verification.cutnorm.gram import Gram
    from verification.cutnorm.relaxation import Relaxation

_SLAB = 1024
_FLOOR_BY_ROW = 1e-4
_FLOOR_BY_PEAK = 1e-10
# Of a large matrix the estimate is some tenths of a per cent low, and a second attempt costs a Gram matrix.
_SLACKS = (5e-3, 2e-2, 1e-1)
# Estimates from a random start are lower still.
_ROUGH_SLACKS = (2e-2, 1e-1)
_SINGLE_ENTRIES = 2**20
_SINGLE_RANGE = 2.0**20
_SINGLE_LOSS = 0.02
_DROPPED = 2.0**-40
_SINGLE_FLUSH = 2.0**-64


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
        that a row whose products cancel by accident does not blow up the norm; and at 1e-10 of the largest, which
        adds at most that fraction of their number to their sum and keeps the scalings of empty rows within what
        float32 holds with ease.
    """
    left = _inverse_root(relaxed.p, _moduli(centred))
    right = _inverse_root(relaxed.q, _moduli(centred.transposed()))
    return Scaling(left, right)


def spectral_bound(centred: Centred, scales: Scaling, estimate: float, *, single: bool | None = None) -> UpperBound:
    """Evaluate the spectral certificate.

    Parameters
    ----------
    centred : Centred
        The matrix.
    scales : Scaling
        Any positive scalings for ``A' / unit``.
    estimate : float
        A guess at ``||diag(left) (A'/unit) diag(right)||_2``.
    single : bool, optional
        Whether the Gram matrix may be formed in float32; by default from ``2**20`` entries on. It is formed in
        float64 all the same on a GPU, where torch does not compute float32 products in float32, where numbers
        leave the comfortable range, and where the error would cost more than 1 % of the bound.

    Returns
    -------
    UpperBound
        Valid for every ``scales`` and ``estimate``; see the module for the errors. Those of the border are
        added at the end, since they move ``x^T A' y`` by no more than their sum.
    """
    if centred.shape[0] > centred.shape[1]:
        centred, scales = centred.transposed(), scales.transposed()
    n, d = centred.shape
    cells = (n + 1) * (d + 1)
    wanted = cells >= _SINGLE_ENTRIES if single is None else single
    modulus = _modulus_norm(centred, scales) if wanted and _suits_single(centred, scales) else math.inf
    width = single_width(d + 1, modulus, estimate * estimate, _SINGLE_LOSS) if math.isfinite(modulus) else None

    def form() -> Gram:
        if width is None:
            return double_gram(_slabs(centred, scales), n + 1, d + 1)
        rounded = modulus * (1.0 + gamma_single(4)) + _SINGLE_FLUSH * math.sqrt(cells) * 2.0
        return single_gram(_single_slabs(centred, scales, width), n + 1, d + 1, width, rounded)

    norm = safe_norm(form, estimate, _SLACKS if cells >= _SINGLE_ENTRIES else SLACKS)
    weight = scales.weight()
    if width is None:
        entry_error = gamma(4) * norm.frobenius + cells * UNDERFLOW
    else:
        entry_error = gamma_single(4) * modulus + (_SINGLE_FLUSH + _DROPPED) * math.sqrt(cells) * 2.0
    total = (norm.value + entry_error) * weight * centred.unit + centred.border_error()
    value = 0.25 * total * (1.0 + gamma(8))
    return UpperBound(value, max(value - 0.25 * norm.nominal * weight * centred.unit, 0.0))


def plain_norm(centred: Centred, estimate: float) -> float:
    """Bound the spectral norm of the matrix itself, without border or scaling.

    Parameters
    ----------
    centred : Centred
        The matrix.
    estimate : float
        A guess at ``||A/unit||_2``.

    Returns
    -------
    float
        At least ``||A||_2``. Entries of ``A / unit`` are exact, but for those below the normal range and, in float32,
        those below ``2**-40``, which are dropped (products of tiny numbers are slow) and cost at most ``2**-40
        sqrt(n d)``, their Frobenius norm; Schur's test bounds the norm of ``|A|`` by the root of the largest sums of
        moduli of a row and of a column.
    """
    if centred.shape[0] > centred.shape[1]:
        centred = centred.transposed()
    n, d = centred.shape
    inverse = 1.0 / centred.unit
    modulus, width = math.inf, None
    ones = Scaling(torch.ones_like(centred.row_sums), torch.ones_like(centred.column_sums))
    if centred.matrix.dtype == torch.float32 and n * d >= _SINGLE_ENTRIES and _suits_single(centred, ones):
        moduli = float(centred.absolute_rows.max()) * inverse, float(centred.absolute_columns.max()) * inverse
        modulus = math.sqrt(moduli[0] * moduli[1]) * (1.0 + gamma(n + d + 16))
        width = single_width(d, modulus, estimate * estimate, _SINGLE_LOSS)
    dtype = torch.float64 if width is None else torch.float32

    def slabs() -> Iterator[Tensor]:
        step = width or _SLAB
        parts = (centred.matrix[:, k : k + step].to(dtype) * inverse for k in range(0, d, step))
        return parts if width is None else (torch.nn.functional.hardshrink(part, _DROPPED) for part in parts)

    def form() -> Gram:
        return double_gram(slabs(), n, d) if width is None else single_gram(slabs(), n, d, width, modulus)

    lost = (UNDERFLOW if width is None else _SINGLE_FLUSH + _DROPPED) * math.sqrt(n) * math.sqrt(d)
    return (safe_norm(form, estimate, _ROUGH_SLACKS).value + 2.0 * lost) * centred.unit * (1.0 + gamma(8))


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


def _single_slabs(centred: Centred, scales: Scaling, width: int) -> Iterator[Tensor]:
    """Do the same in float32, without tiny entries; the border, which is in float64, is rounded last."""
    n, d = centred.shape
    left, right = scales.left, scales.right / centred.unit
    narrow_left, narrow_right = left.to(torch.float32).unsqueeze(1), right.to(torch.float32)
    for start in range(0, d + 1, width):
        stop = min(start + width, d + 1)
        inner = min(stop, d)
        slab = torch.empty(n + 1, stop - start, dtype=torch.float32, device="cpu")
        top = slab[:n, : inner - start]
        if centred.matrix.dtype == torch.float32:
            torch.mul(centred.matrix[:, start:inner], narrow_right[start:inner], out=top)
            top.mul_(narrow_left[:n])
        else:
            top.copy_(centred.matrix[:, start:inner] * right[start:inner] * left[:n, None])
        slab[n, : inner - start] = centred.column_sums[start:inner] * right[start:inner] * -left[n]
        if stop > d:
            slab[:n, -1] = centred.row_sums * left[:n] * -right[d]
            slab[n, -1] = centred.total * left[n] * right[d]
        yield torch.nn.functional.hardshrink(slab, _DROPPED)


def _suits_single(centred: Centred, scales: Scaling) -> bool:
    """Tell whether float32 is at hand and every scaling is a float32 number of moderate size."""
    if centred.matrix.device.type != "cpu":
        return False
    for scale in (scales.left, scales.right, torch.tensor([centred.unit], dtype=torch.float64, device="cpu")):
        if not 1.0 / _SINGLE_RANGE <= float(scale.min()) <= float(scale.max()) <= _SINGLE_RANGE:
            return False
        if not torch.equal(scale.to(torch.float32).to(torch.float64), scale):
            return False
    return single_is_single()


def _modulus_norm(centred: Centred, scales: Scaling) -> float:
    """Bound the norm of ``|B|``: the largest ``(|B|^T |B| y)_j / y_j`` for the positive vector ``y = sqrt(q)``."""
    n, d = centred.shape
    ahead = _moduli(centred) * scales.left.square()
    back = torch.zeros_like(scales.right)
    for rows, block in row_blocks(centred.matrix):
        back[:d] += ahead[rows] @ block.abs()
    back[:d] += ahead[n] * centred.column_sums.abs()
    back[d] = ahead[:n] @ centred.row_sums.abs() + ahead[n] * abs(centred.total)
    squared = float((back / centred.unit * scales.right.square()).max())
    return math.sqrt(squared) * (1.0 + gamma(2 * (n + d) + 32))


def _moduli(centred: Centred) -> Tensor:
    """Sum the moduli of each row of ``A' / unit``, shape ``(n+1,)``."""
    border = centred.column_sums.abs().sum() + abs(centred.total)
    inner = centred.absolute_rows + centred.row_sums.abs()
    return torch.cat([inner, border.unsqueeze(0)]) / centred.unit


def _inverse_root(dual: Tensor, moduli: Tensor) -> Tensor:
    wanted = torch.maximum(dual.to(torch.float64), _FLOOR_BY_ROW * moduli)
    root = wanted.clamp_min(_FLOOR_BY_PEAK * float(wanted.max())).rsqrt()
    # Whatever the scaling is, it is taken as exact; float32 numbers serve both kinds of product.
    return root.to(torch.float32).to(torch.float64)
