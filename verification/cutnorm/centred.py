"""The augmented matrix whose sums vanish, and the way back from signs to sets.

Add to ``A`` a row and a column so that every row and column sums to 0; call the result ``A'``, of shape
``(n+1, d+1)``. A complement of ``S`` or of ``T`` then only changes the sign of the sum over ``S x T``, so
neither the extra row nor the extra column is ever needed in a witness, and

    ``max over S, T of |A(S x T)| = (1/4) max over signs x, y of x^T A' y``

(Alon and Naor, *Approximating the cut-norm via Grothendieck's inequality*, SIAM J. Comput. 35, 2006, for a
square matrix with vanishing sums). Indeed ``x = 1 - 2 1_S`` gives ``x^T A' y = 4 1_S^T A' 1_T``.

``A'`` is never stored in float64: its border is, and the working copy is in float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from verification.cutnorm.intake import largest_modulus
from verification.cutnorm.rounding import BLOCK_ROWS, gamma, row_blocks, sums_are_exact

_NEGLIGIBLE = 2.0**-80


@dataclass(frozen=True, eq=False)
class Centred:
    """A matrix with the sums that make up the border of ``A'``.

    Parameters
    ----------
    matrix : torch.Tensor
        ``A``, shape ``(n, d)``, float32 or float64, as given.
    row_sums, column_sums : torch.Tensor
        Float64, shapes ``(n,)`` and ``(d,)``; computed, so off by rounding.
    total : float
        Computed sum of all entries.
    absolute_rows, absolute_columns : torch.Tensor
        Float64, shapes ``(n,)`` and ``(d,)``: sums of moduli.
    absolute : float
        Computed sum of the moduli of all entries, at least 0.
    exact_sums : bool
        Whether all these sums are free of rounding (whole numbers, not too many).
    unit : float
        A power of two above the largest modulus of an entry; 1 for the zero matrix.
    """

    matrix: torch.Tensor
    row_sums: torch.Tensor
    column_sums: torch.Tensor
    total: float
    absolute_rows: torch.Tensor
    absolute_columns: torch.Tensor
    absolute: float
    exact_sums: bool
    unit: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of ``A``, without the border."""
        return int(self.matrix.shape[0]), int(self.matrix.shape[1])

    @property
    def cells(self) -> int:
        """Number of entries ``n d``, the normalisation of the step graphon."""
        return int(self.matrix.numel())

    def transposed(self) -> Centred:
        """Give the same for the transpose, sharing all memory.

        Returns
        -------
        Centred
        """
        return Centred(
            self.matrix.T,
            self.column_sums,
            self.row_sums,
            self.total,
            self.absolute_columns,
            self.absolute_rows,
            self.absolute,
            self.exact_sums,
            self.unit,
        )

    def border_error(self) -> float:
        """Bound how far rounding in the border can move ``max x^T A' y``.

        Returns
        -------
        float
            The sum of the moduli of all errors in the border, in the unit of ``A``; 0 for exact sums. Row
            sums are off by ``gamma(d)`` of their moduli, column sums by ``gamma(n)``, the corner by
            ``gamma(n+d)``.
        """
        if self.exact_sums:
            return 0.0
        n, d = self.shape
        return (gamma(n) + gamma(d) + gamma(n + d)) * self.absolute * (1.0 + gamma(n + d))

    def augmented(self) -> torch.Tensor:
        """Working copy of ``A' / unit`` for the heuristics; nothing certified depends on it.

        Returns
        -------
        torch.Tensor
            Float32, shape ``(n+1, d+1)``; entries of ``A`` now have modulus at most 1.
        """
        n, d = self.shape
        work = torch.empty(n + 1, d + 1, dtype=torch.float32, device=self.matrix.device)
        torch.mul(self.matrix, 1.0 / self.unit, out=work[:n, :d])
        work[:n, d] = self.row_sums / -self.unit
        work[n, :d] = self.column_sums / -self.unit
        work[n, d] = self.total / self.unit
        for start in range(0, n + 1, BLOCK_ROWS):
            # Subnormal float32 numbers are slow and carry nothing here.
            block = work[start : start + BLOCK_ROWS]
            block.copy_(torch.nn.functional.hardshrink(block, _NEGLIGIBLE))
        return work

    def times(self, y: torch.Tensor) -> torch.Tensor:
        """Product ``A' y`` in float64.

        Parameters
        ----------
        y : torch.Tensor
            Float64, shape ``(d+1, k)``.

        Returns
        -------
        torch.Tensor
            Float64, shape ``(n+1, k)``.
        """
        n, d = self.shape
        product = torch.empty(n + 1, y.shape[1], dtype=torch.float64, device=y.device)
        for rows, block in row_blocks(self.matrix):
            product[rows] = block @ y[:d]
        product[:n] -= torch.outer(self.row_sums, y[d])
        product[n] = self.total * y[d] - self.column_sums @ y[:d]
        return product

    def transpose_times(self, x: torch.Tensor) -> torch.Tensor:
        """Product of the transpose of ``A'`` with ``x``, in float64.

        Parameters
        ----------
        x : torch.Tensor
            Float64, shape ``(n+1, k)``.

        Returns
        -------
        torch.Tensor
            Float64, shape ``(d+1, k)``.
        """
        n, d = self.shape
        product = torch.zeros(d + 1, x.shape[1], dtype=torch.float64, device=x.device)
        for rows, block in row_blocks(self.matrix):
            product[:d] += block.T @ x[rows]
        product[:d] -= torch.outer(self.column_sums, x[n])
        product[d] = self.total * x[n] - self.row_sums @ x[:n]
        return product


def centre(A: torch.Tensor) -> Centred:
    """Compute the border of ``A'``.

    Parameters
    ----------
    A : torch.Tensor
        Shape ``(n, d)``, float32 or float64, finite, largest modulus between ``2**-400`` and ``2**400`` or 0.

    Returns
    -------
    Centred
    """
    n, d = A.shape
    rows = torch.zeros(n, dtype=torch.float64, device=A.device)
    columns = torch.zeros(d, dtype=torch.float64, device=A.device)
    absolute_rows, absolute_columns = torch.zeros_like(rows), torch.zeros_like(columns)
    for place, block in row_blocks(A):
        rows[place] = block.sum(dim=1)
        columns += block.sum(dim=0)
        moduli = block.abs_() if block.dtype != A.dtype else block.abs()
        absolute_rows[place] = moduli.sum(dim=1)
        absolute_columns += moduli.sum(dim=0)
    absolute = float(absolute_rows.sum())
    exponent = math.frexp(largest_modulus(A))[1]
    return Centred(
        A,
        rows,
        columns,
        float(rows.sum()),
        absolute_rows,
        absolute_columns,
        absolute,
        sums_are_exact(A, absolute),
        math.ldexp(1.0, exponent),
    )


def signs_to_sets(signs: torch.Tensor) -> torch.Tensor:
    """Read witness sets off sign vectors of the augmented matrix.

    Parameters
    ----------
    signs : torch.Tensor
        Entries -1 and 1, shape ``(n+1, k)``, the border last.

    Returns
    -------
    torch.Tensor
        Boolean, shape ``(n, k)``: the elements whose sign differs from the border's, so that the border is
        outside the set. Applied to both sides, ``|x^T A' y| = 4 |A(S x T)|``.
    """
    return signs[:-1] != signs[-1]


def sets_to_signs(sets: torch.Tensor) -> torch.Tensor:
    """Invert :func:`signs_to_sets`.

    Parameters
    ----------
    sets : torch.Tensor
        Boolean, shape ``(n, k)``.

    Returns
    -------
    torch.Tensor
        Float32, shape ``(n+1, k)``: -1 on the set, 1 elsewhere and in the border.
    """
    signs = 1.0 - 2.0 * sets.to(torch.float32)
    return torch.cat([signs, torch.ones_like(signs[:1])])
