"""Cut distance of the step graphons of two matrices of any sizes.

On the common refinement of both grids the difference of the step graphons is constant on every cell, with value
``A - B`` there, and cell (a, b) has area ``w_a v_b``. For measurable S and T the integral of the difference over
``S x T`` depends on S only through the shares ``s_a`` in [0, 1] of the cells that S covers, and on T through
``t_b``: it is the bilinear form ``sum s_a w_a (A - B)_ab v_b t_b``. Linear in each ``s_a`` with the rest fixed, and
in each ``t_b``, its modulus is largest at shares 0 and 1: on unions of cells. So the cut norm of the difference
is that of the finite matrix ``w_a v_b (A - B)_ab``, with nothing lost.

Rounding. Relative widths ``w_a r`` and ``v_b c`` (r, c the numbers of cells; their mean is 1) are exact rationals
rounded once; the difference, their product and the product of both are three more roundings: an entry X of the
matrix handed to ``cut_norm`` is off by at most ``gamma(5) |X|``, and the cut norm by at most that of the mean
modulus of X, plus ``2**-900`` for underflow. ``StepDistance.rounding`` holds this allowance (computed with
``gamma(8)``): it is added to the upper bound and taken off the lower one, and comes on top of the margin of
``cut_norm``. It is about 1e-15 of the mean modulus; 0 for matrices of whole numbers, or of equal values, on cells
of one width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from verification.cutnorm import cut_norm
from verification.cutnorm.rounding import gamma
from verification.distances.grid import Array, Grid, common_refinement
from verification.distances.intake import finite_matrix

LARGEST_REFINEMENT = 2**27
"""Cells of a refinement, at most: 1 GiB in float64, of which a few copies are made."""

_UNDERFLOW = 2.0**-900


@dataclass(frozen=True, eq=False)
class StepDistance:
    """Bounds on the cut distance of two step graphons, labels kept.

    Parameters
    ----------
    lower
        True lower bound, attained by the witness up to rounding; in units of the values of the matrices.
    upper
        Certified upper bound, or None if none was asked for.
    rows, columns
        Witness: chosen cells of the refinement, boolean, shapes (r,) and (c,).
    row_grid, column_grid
        The refinement of each axis.
    rounding
        Allowance for forming the weighted difference, contained in both bounds.
    """

    lower: float
    upper: float | None
    rows: npt.NDArray[np.bool_]
    columns: npt.NDArray[np.bool_]
    row_grid: Grid
    column_grid: Grid
    rounding: float

    @property
    def shape(self) -> tuple[int, int]:
        """Cells of the refinement, (r, c)."""
        return self.row_grid.cells, self.column_grid.cells

    def row_intervals(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """Rows of the witness as disjoint intervals in [0, 1], exact."""
        return self.row_grid.intervals(self.rows)

    def column_intervals(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """Columns of the witness, likewise."""
        return self.column_grid.intervals(self.columns)


def step_distance(
    A: npt.ArrayLike, B: npt.ArrayLike, *, certify: bool = True, restarts: int = 32, seed: int = 0
) -> StepDistance:
    """Enclose ``||W_A - W_B||_cut`` for the step graphons of two matrices, labels kept.

    Parameters
    ----------
    A, B
        Shapes (n1, d1) and (n2, d2), any sizes: masks, kept probabilities or any finite real numbers.
    certify
        Whether to compute an upper bound.
    restarts
        Random starts of the search for a witness.
    seed
        Seed of the search.

    Returns
    -------
    StepDistance
        ``lower <= true <= upper``, rounding included. Tightness as of ``cut_norm``: rounding only where a side of
        the refinement is at most 12, else, for residuals of masks, within about 20 %. Cost: that of the cut norm
        of a matrix of ``n1 + n2 - gcd(n1, n2)`` rows and likewise columns; the larger of the two sizes where one
        divides the other.

    Raises
    ------
    InputError
        If a matrix is empty, not two-dimensional or not finite, or the refinement has more than 2**27 cells.
    """
    one, other = finite_matrix(A, "A"), finite_matrix(B, "B")
    rows, columns = (common_refinement(m, n) for m, n in zip(one.shape, other.shape, strict=True))
    cells = rows.cells * columns.cells
    if cells > LARGEST_REFINEMENT:
        remedy = f"at most {LARGEST_REFINEMENT:,} fit: choose sizes of which one divides the other, or smaller ones"
        raise InputError("B", f"refinement of {rows.cells} x {columns.cells} cells", remedy)
    matrix = _spread(one, rows, columns, 0) - _spread(other, rows, columns, 1)
    exact = rows.uniform and columns.uniform and all(bool(np.all(side == np.rint(side))) for side in (one, other))
    # Whole numbers below 2**53 have exact differences; equal values differ by exactly 0 whatever the widths.
    exact = exact and max(float(np.abs(side).max()) for side in (one, other)) < 2.0**52
    if not (rows.uniform and columns.uniform):
        matrix *= np.multiply.outer(rows.relative_widths(), columns.relative_widths())
    rounding = 0.0 if exact or (not bool(matrix.any()) and _equal(one, other, rows, columns)) else _allowance(matrix)
    found = cut_norm(matrix, certify=certify, restarts=restarts, seed=seed)
    lower, upper = found.lower, found.upper
    if rounding > 0.0:
        lower = max(0.0, math.nextafter(lower - rounding, -math.inf))
        upper = None if upper is None else math.nextafter(upper + rounding, math.inf)
    return StepDistance(lower, upper, found.rows, found.columns, rows, columns, rounding)


def _spread(matrix: Array, rows: Grid, columns: Grid, which: int) -> Array:
    """Values of a matrix on the cells of the refinement; the matrix itself where that is the same."""
    if matrix.shape == (rows.cells, columns.cells):
        return matrix
    return matrix[np.ix_(rows.steps[which], columns.steps[which])]


def _equal(one: Array, other: Array, rows: Grid, columns: Grid) -> bool:
    """Whether the step graphons are equal value by value (a product with widths may also vanish by underflow)."""
    return bool(np.array_equal(_spread(one, rows, columns, 0), _spread(other, rows, columns, 1)))


def _allowance(matrix: Array) -> float:
    """Bound how far forming the matrix moves its cut norm; numpy sums in float64 in some order."""
    return gamma(8) * float(np.abs(matrix).mean()) * (1.0 + gamma(matrix.size)) + _UNDERFLOW
