"""Both bounds of a matrix too large for enumeration: relaxation, witness and certificate, in this order.

The relaxation comes first because it serves both sides: its vectors, cut by random hyperplanes, are good
starts for the witness (Alon and Naor 2006 round the same way), and its dual variables scale the
certificate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from verification.cutnorm.krylov import largest_singular_value
from verification.cutnorm.lower import search
from verification.cutnorm.relaxation import hyperplane_signs, relax
from verification.cutnorm.result import CutNorm
from verification.cutnorm.rounding import divide_down, divide_up
from verification.cutnorm.upper import entrywise_bound, scaling, smallest, spectral_bound

if TYPE_CHECKING:
    import torch

    from verification.cutnorm.centred import Centred
    from verification.cutnorm.lower import Witness
    from verification.cutnorm.upper import UpperBound

_ROUNDED_STARTS = 8


def enclose(
    centred: Centred, generator: torch.Generator, *, restarts: int, starts: torch.Tensor | None = None
) -> CutNorm:
    """Bound the cut norm from both sides.

    Parameters
    ----------
    centred : Centred
        The matrix, of any size, not all zero.
    generator : torch.Generator
        CPU generator.
    restarts : int
        Number of random starts, at least 1.
    starts : torch.Tensor, optional
        Boolean, shape ``(k, d)``: further column sets to start from.

    Returns
    -------
    CutNorm
    """
    work = centred.augmented()
    relaxed = relax(work, generator)
    signs = hyperplane_signs(relaxed.y, _ROUNDED_STARTS, generator)
    witness = search(centred, work, generator, restarts=restarts, starts=starts, signs=signs)
    scales = scaling(centred, relaxed)
    estimate = largest_singular_value(work, scales.left, scales.right, relaxed.x)
    # The certificate needs a square matrix of its own.
    del work
    bound = smallest(entrywise_bound(centred), spectral_bound(centred, scales, estimate))
    return _per_cell(centred, witness, bound)


def witness_only(
    centred: Centred, generator: torch.Generator, *, restarts: int, starts: torch.Tensor | None = None
) -> CutNorm:
    """Bound the cut norm from below.

    Parameters
    ----------
    centred : Centred
        The matrix, of any size.
    generator : torch.Generator
        CPU generator.
    restarts : int
        Number of random starts, at least 1.
    starts : torch.Tensor, optional
        Boolean, shape ``(k, d)``: further column sets to start from.

    Returns
    -------
    CutNorm
        With ``upper`` equal to ``None``.
    """
    witness = search(centred, centred.augmented(), generator, restarts=restarts, starts=starts)
    return _per_cell(centred, witness, None)


def _per_cell(centred: Centred, witness: Witness, bound: UpperBound | None) -> CutNorm:
    lower = divide_down(witness.value, centred.cells)
    rows, columns = witness.rows.numpy(), witness.columns.numpy()
    if bound is None:
        return CutNorm(lower, None, rows, columns)
    upper, margin = divide_up(bound.value, centred.cells), divide_up(bound.margin, centred.cells)
    return CutNorm(lower, upper, rows, columns, margin)
