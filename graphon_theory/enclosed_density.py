"""Rigorous enclosure of homomorphism densities of monotone graphons.

A graphon that is monotone in each variable lies, on a cell of a grid, between its values at two opposite
corners. Homomorphism densities rise with the graphon, so those of the two step graphons of corner values
enclose the density sought. The corners are enclosed by ball arithmetic, monotony is proved by it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import sympy

from graphon_theory import notation
from graphon_theory.enclosures import EnclosureError, Interval, decide, enclose
from graphon_theory.errors import InputError
from graphon_theory.homomorphism import GraphLike, bipartite_graph, homomorphism_density
from graphon_theory.step import step_graphon

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from graphon_theory.graphon import Graphon

Array = npt.NDArray[np.float64]

_EDGE = Fraction(1, 2**40)  # monotony is proved up to here from the ends, where a profile may vanish or blow up
_CORNER_DIGITS = 12


def enclose_homomorphism_density(graph: GraphLike, graphon: Graphon, *, cells: int = 32) -> Interval:
    """Enclose ``t(F, W)`` for a graphon that is monotone in each variable.

    Parameters
    ----------
    graph
        Bipartite graph F, as for ``homomorphism_density``.
    graphon
        The graphon; its formula must be one that the enclosures know.
    cells
        Cells a side, at least 1: the width of the result falls like 1/cells.

    Returns
    -------
    Interval
        Contains ``t(F, W)`` of the formula as it stands.

    Raises
    ------
    InputError
        If ``cells`` is not positive, or the graphon was not proved monotone.
    """
    if cells < 1:
        raise InputError("cells", cells, "give a positive integer")
    rising = tuple(_rising(graphon.expr, symbol) for symbol in (notation.u, notation.v))
    lower, upper = _corners(graphon.expr, cells)
    least, greatest = _cells(lower, rising, least=True), _cells(upper, rising, least=False)
    pair = [homomorphism_density(graph, step_graphon(values)) for values in (least, greatest)]
    # Sums of at most cells^vertices non-negative terms of e factors, by partial sums: a safe relative margin.
    margin = Fraction(8 * (bipartite_graph(graph).edges + 2) * (cells + 2) ** 2, 2**53)
    return Interval.of(Fraction(pair[0]) * (1 - margin), min(Fraction(1), Fraction(pair[1]) * (1 + margin)))


def _rising(expr: Expr, symbol: Symbol) -> bool:
    """Prove that the graphon rises (True) or falls (False) in a variable."""
    slope = sympy.diff(expr, symbol)
    if slope == 0:
        return True
    box = dict.fromkeys((notation.u, notation.v), (_EDGE, 1 - _EDGE))
    try:
        if decide(slope, ">=", box):
            return True
        if decide(slope, "<=", box):
            return False
    except EnclosureError:
        pass
    raise InputError("graphon", str(expr), f"not proved monotone in {symbol}: use the quadrature value instead")


def _corners(expr: Expr, cells: int) -> tuple[Array, Array]:
    """Lower and upper bounds of the graphon at the corners of the grid, shape (cells + 1, cells + 1)."""
    lower, upper = np.zeros((cells + 1, cells + 1)), np.ones((cells + 1, cells + 1))
    for i in range(cells + 1):
        for j in range(cells + 1):
            at = {notation.u: Fraction(i, cells), notation.v: Fraction(j, cells)}
            try:
                value = enclose(expr, at, digits=_CORNER_DIGITS)
            except EnclosureError:
                continue  # undefined where a profile vanishes: [0, 1] is always true
            lower[i, j], upper[i, j] = max(0.0, value.lower), min(1.0, value.upper)
    return lower, upper


def _cells(corners: Array, rising: tuple[bool, ...], *, least: bool) -> Array:
    """Corner of each cell at which a graphon of these directions is least or greatest."""
    low_row, low_column = (direction == least for direction in rising)
    rows = slice(None, -1) if low_row else slice(1, None)
    columns = slice(None, -1) if low_column else slice(1, None)
    return np.ascontiguousarray(corners[rows, columns])
