"""Common refinement of two equal divisions of the unit interval, in whole numbers.

``[0, 1]`` divided into m and into n equal steps has ``m + n - gcd(m, n)`` common cells: the divisions share
``gcd(m, n)`` ends. All ends are multiples of ``1 / lcm(m, n)``, so that widths are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]
LARGEST_SIDE = 2**31
"""Steps of one division, at most: products of two must fit into int64."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells of a common refinement, from left to right.

    Parameters
    ----------
    ends
        Right ends of the cells in units of ``1/denominator``, int64, shape (cells,), increasing; the last one is
        the denominator.
    denominator
        Least common multiple of the numbers of steps.
    steps
        For each of the two divisions, the index from 0 of the step that holds each cell, shape (cells,).
    """

    ends: npt.NDArray[np.int64]
    denominator: int
    steps: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.ends.size

    @property
    def uniform(self) -> bool:
        """Whether all cells have one width: one number of steps divides the other."""
        return self.cells == self.denominator

    def widths(self) -> npt.NDArray[np.int64]:
        """Widths of the cells in units of ``1/denominator``, shape (cells,)."""
        return np.diff(self.ends, prepend=0)

    def relative_widths(self) -> Array:
        """Width times number of cells (mean 1), shape (cells,): exact rationals rounded once."""
        if self.uniform:
            return np.ones(self.cells)
        # Python divides whole numbers with one rounding, however large they are.
        return np.array([int(width) * self.cells / self.denominator for width in self.widths()])

    def intervals(self, cells: npt.NDArray[np.bool_]) -> tuple[tuple[Fraction, Fraction], ...]:
        """Union of chosen cells as disjoint intervals (left, right), exact, neighbours merged.

        Parameters
        ----------
        cells
            Boolean, shape (cells,).

        Raises
        ------
        InputError
            If the shape is another.
        """
        if cells.shape != self.ends.shape:
            raise InputError("cells", f"array of shape {cells.shape}", f"give booleans of shape {self.ends.shape}")
        change = np.diff(np.concatenate([[0], cells.astype(np.int8), [0]]))
        starts = np.concatenate([[0], self.ends])
        left, right = starts[np.flatnonzero(change == 1)], starts[np.flatnonzero(change == -1)]
        return tuple(
            (Fraction(int(a), self.denominator), Fraction(int(b), self.denominator))
            for a, b in zip(left, right, strict=True)
        )


def common_refinement(m: int, n: int) -> Grid:
    """Refine the divisions of [0, 1] into m and into n equal steps.

    Parameters
    ----------
    m, n
        Numbers of steps, positive, below ``LARGEST_SIDE``.

    Returns
    -------
    Grid
        With ``m + n - gcd(m, n)`` cells.

    Raises
    ------
    InputError
        If a number is not in range.
    """
    for name, size in (("m", m), ("n", n)):
        if not 0 < size < LARGEST_SIDE:
            raise InputError(name, size, f"give a number of steps from 1 to {LARGEST_SIDE - 1}")
    denominator = math.lcm(m, n)
    units = denominator // m, denominator // n
    ends = np.union1d(
        *(unit * np.arange(1, size + 1, dtype=np.int64) for unit, size in zip(units, (m, n), strict=True))
    )
    # A cell with right end e lies in the step ceil(e / unit), counted from 1.
    first, second = ((ends - 1) // unit for unit in units)
    return Grid(ends, denominator, (first.astype(np.intp), second.astype(np.intp)))
