"""Gram matrices with a bound on how far rounding has moved them.

For ``B`` with ``m`` rows and ``k`` columns, given in slabs of columns, both functions return the lower triangle
of a float64 matrix ``G`` with ``||G - B B^T||_2 <= error``.

**In float64** every entry is a sum of ``k`` products: ``|G - B B^T| <= gamma(k) |B| |B|^T`` entry by entry, and the
norm of ``|B| |B|^T`` is at most ``||B||_F^2``.

**In float32**, four times as fast with its sums kept short: the ``t`` slabs have at most ``w`` columns each, a slab's
product is formed by itself (``w`` products, any order) and then added to the sum of the others (``t`` additions,
one after the other). Entry by entry ``|G - B B^T| <= gamma32(w + t) |B| |B|^T``, and an absolute error for products
below the normal range, lost or flushed: at most ``2**-126`` for each of ``k`` products and fewer than ``2 k``
additions. The norm of the non-negative matrix ``|B| |B|^T`` is at most ``M^2`` for every ``M >= || |B| ||_2``; ``F``
will do, and callers may know better (Schur's test, see :mod:`verification.cutnorm.upper`). Widening to float64 is
exact. It remains to be sure that the products are float32 indeed: torch can be told to round factors to TF32 or
bfloat16, so its settings are read, and a product whose result is known to the last bit is tried.

Source of the error bound: Higham, *Accuracy and Stability of Numerical Algorithms*, chapters 3 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from verification.cutnorm.rounding import UNDERFLOW, gamma, gamma_single

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

_PANEL = 512
_WIDTHS = (256, 128)
_TINY = 2.0**-120


@dataclass(frozen=True, eq=False)
class Gram:
    """A computed Gram matrix and what is known of its error.

    Parameters
    ----------
    lower : torch.Tensor
        Float64 on the CPU, shape ``(m, m)``; only the lower triangle means anything.
    error : float
        At least the spectral norm of the difference to ``B B^T``.
    squared : float
        At least ``||B||_F^2``.
    """

    lower: Tensor
    error: float
    squared: float


def double_gram(slabs: Iterable[Tensor], rows: int, columns: int) -> Gram:
    """Form ``B B^T`` in float64.

    Parameters
    ----------
    slabs : iterable of torch.Tensor
        Float64, shapes ``(m, any)``, on any device, ``k`` columns in all.
    rows, columns : int
        ``m`` and ``k``. Takes ``m^2 k`` operations.

    Returns
    -------
    Gram
    """
    gram = None
    for slab in slabs:
        if gram is None:
            gram = torch.zeros(rows, rows, dtype=torch.float64, device=slab.device)
        for start in range(0, rows, _PANEL):
            stop = min(start + _PANEL, rows)
            gram[start:stop, :stop].addmm_(slab[start:stop], slab[:stop].T)
    lower = torch.zeros(rows, rows, dtype=torch.float64, device="cpu") if gram is None else gram.cpu()
    trace = float(lower.diagonal().sum())
    squared = trace * (1.0 + gamma(columns) + gamma(rows)) + UNDERFLOW
    return Gram(lower, gamma(columns) * squared, squared)


def single_gram(slabs: Iterable[Tensor], rows: int, columns: int, width: int, modulus: float) -> Gram:
    """Form ``B B^T`` in float32.

    Parameters
    ----------
    slabs : iterable of torch.Tensor
        Float32 on the CPU, shapes ``(m, at most width)``, ``k`` columns in all.
    rows, columns : int
        ``m`` and ``k``. Takes ``m^2 k`` operations and the memory of the result.
    width : int
        Most columns of a slab.
    modulus : float
        An upper bound on the norm of ``|B|``; infinity where none is known.

    Returns
    -------
    Gram
    """
    lower = torch.empty(rows, rows, dtype=torch.float64, device="cpu")
    # The float32 sums live in the second half of the result's own memory.
    sums = lower.view(-1).view(torch.float32)[rows * rows :].view(rows, rows)
    count = 0
    buffer = torch.empty(min(_PANEL, rows) * rows, dtype=torch.float32, device="cpu")
    for count, slab in enumerate(slabs, start=1):
        for start in range(0, rows, _PANEL):
            stop = min(start + _PANEL, rows)
            product = buffer[: (stop - start) * stop].view(stop - start, stop)
            torch.mm(slab[start:stop], slab[:stop].T, out=product)
            if count == 1:
                sums[start:stop, :stop].copy_(product)
            else:
                sums[start:stop, :stop].add_(product)
    for start in range(0, rows, _PANEL):
        # Row i of the result ends before row i of the sums does: what is overwritten has been read.
        stop = min(start + _PANEL, rows)
        lower[start:stop, :stop] = sums[start:stop, :stop].to(torch.float64)
    tiny = float(rows) * columns * _TINY
    relative = gamma_single(width + count)
    squared = (float(lower.diagonal().sum()) + tiny) / (1.0 - relative) * (1.0 + gamma(rows + 8))
    peak = min(squared, modulus * modulus)
    return Gram(lower, (relative * peak + tiny) * (1.0 + gamma(8)), squared)


def single_width(columns: int, modulus: float, sigma: float, most: float) -> int | None:
    """Choose the width of slabs for which the float32 error is small enough.

    Parameters
    ----------
    columns : int
        ``k``.
    modulus : float
        Upper bound on the norm of ``|B|``.
    sigma : float
        The square of the norm that is to be proved, roughly.
    most : float
        Largest error to accept, as a fraction of ``sigma``.

    Returns
    -------
    int or None
        ``None`` where float32 is too coarse.
    """
    for width in _WIDTHS:
        if gamma_single(min(width, columns) + -(-columns // width) + 1) * modulus * modulus <= most * sigma:
            return width
    return None


def single_is_single() -> bool:
    """Tell whether float32 products on the CPU are formed in float32.

    Returns
    -------
    bool
        False when torch is allowed to round factors to a shorter format, or a trial product shows that it does.
    """
    try:
        if torch.get_float32_matmul_precision() != "highest":
            return False
    except RuntimeError:
        # Raised where the old and the new settings contradict each other.
        return False
    library = getattr(torch.backends, "mkldnn", None)
    places = (torch.backends, library, getattr(library, "matmul", None))
    return all(getattr(place, "fp32_precision", "none") in {"none", "ieee"} for place in places) and _trial()


def _trial() -> bool:
    """Multiply odd numbers of 24 bits by a permutation: the result is exact, unless factors were rounded."""
    side = 256
    numbers = (2.0**23 + 1.0) + 2.0 * torch.arange(side * side, dtype=torch.float32, device="cpu").view(side, side)
    turned = torch.eye(side, dtype=torch.float32, device="cpu").flip(0)
    return torch.equal(numbers @ turned, numbers.flip(1)) and torch.equal(turned @ numbers, numbers.flip(0))
