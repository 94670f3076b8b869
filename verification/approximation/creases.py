"""Kinks of a target along hyperplanes, moved over to the network.

``|z| = 2 relu(z) - z``, ``max(a, b) = b + relu(a - b)`` and ``min(a, b) = a - relu(a - b)``. Where a target is a sum
with such terms, times constants, and z or ``a - b`` is affine with rational coefficients, then exactly
``g = s + sum_m c_m relu(z_m)`` with a smoother ``s``, and ``f - g = (f - sum_m c_m relu(z_m)) - s``. The certificate
then bounds the kinks by the relaxation of ``models``, narrower than a hull of slopes, and a ReLU unit of the network
that lies on a crease meets its counterpart: their output weights are added before anything is bounded.

**Rounding.** relu is 1-Lipschitz, so a unit may be replaced by one with nearby coefficients at the price of
``|a_i| (|w - w'|_1 + |b - b'|)`` on K. ``slack`` collects these prices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import sympy
from sympy import Expr

from verification.approximation.network import RidgeSum
from verification.approximation.targets import SYMBOLS, Target

Array = npt.NDArray[np.float64]

_SAME = 1e-13  # relative difference up to which a unit counts as lying on a crease
_ROUNDOFF = 2.0**-50


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """``f - g`` as ``units + creases - smooth``, up to ``slack`` on K.

    Parameters
    ----------
    units
        The network; a ReLU network without the units that met a crease.
    creases
        ReLU units; None where there are none.
    smooth
        What is left of the target.
    slack
        At least 0.
    """

    units: RidgeSum
    creases: RidgeSum | None
    smooth: Target
    slack: float


def difference(units: RidgeSum, target: Target) -> Difference:
    """Move the affine creases of a target over to a network.

    Parameters
    ----------
    units
        The network.
    target
        The function, of as many coordinates.
    """
    smooth, found = sympy.Integer(0), []
    for term in sympy.Add.make_args(target.expression):
        factor, rest = term.as_coeff_Mul()
        parts = _parts(rest, target.coordinates) if factor.is_Rational else None
        if parts is None:
            smooth += term
        else:
            smooth += factor * parts[0]
            found.append((Fraction(int(factor.p), int(factor.q)) * parts[1], parts[2]))
    if not found:
        return Difference(units, None, target, 0.0)
    free = np.ones(len(units.outer), dtype=np.bool_)
    slack, slopes, offsets, outer = 0.0, [], [], []
    for size, line in found:
        numbers = np.array([float(x) for x in line])
        wide = float(np.abs(numbers).sum())
        price = sum((abs(Fraction(float(x)) - y) for x, y in zip(numbers, line, strict=True)), Fraction(0))
        slack += float(abs(size) * price) + _ROUNDOFF * abs(float(size)) * wide
        total = -float(size)
        if units.activation == "relu":
            own = np.column_stack([units.slopes, units.offsets])
            ratio = own @ numbers / float(numbers @ numbers)
            gap = np.abs(own - ratio[:, None] * numbers).sum(axis=1) + 8.0 * _ROUNDOFF * np.abs(own).sum(axis=1)
            same = free & (ratio > 0.0) & (gap <= _SAME * np.abs(own).sum(axis=1))
            scaled = units.outer[same] * ratio[same]
            total += float(scaled.sum())
            slack += float(np.abs(units.outer[same]) @ gap[same])
            slack += (int(same.sum()) + 2) * _ROUNDOFF * (float(np.abs(scaled).sum()) + abs(float(size))) * wide
            free &= ~same
        slopes.append(numbers[:-1])
        offsets.append(float(numbers[-1]))
        outer.append(total)
    kept = replace(units, slopes=units.slopes[free], offsets=units.offsets[free], outer=units.outer[free])
    creases = RidgeSum(np.array(slopes), np.array(offsets), np.array(outer), 0.0, "relu")
    return Difference(kept, creases, replace(target, expression=smooth), 2.0 * slack)


def _parts(piece: Expr, k: int) -> tuple[Expr, Fraction, list[Fraction]] | None:
    """Write a piece as ``rest + size relu(line)``: rest, size, slopes and offset of the line; None if it is not so."""
    if isinstance(piece, sympy.Abs):
        (z,) = piece.args
        rest, size, inner = -z, 2, z
    elif isinstance(piece, (sympy.Max, sympy.Min)) and len(piece.args) == 2:
        a, b = sorted(piece.args, key=sympy.default_sort_key)
        rest, size, inner = (b, 1, a - b) if isinstance(piece, sympy.Max) else (a, -1, a - b)
    else:
        return None
    symbols = SYMBOLS[:k]
    if not inner.is_polynomial(*symbols):
        return None
    polynomial = sympy.Poly(inner, *symbols)
    if polynomial.total_degree() > 1:
        return None
    line = [polynomial.coeff_monomial(s) for s in (*symbols, 1)]
    if not all(c.is_Rational for c in line) or not any(line[:-1]):
        return None
    if next(c for c in line if c) < 0:
        # relu(z) = relu(-z) + z: one orientation for all, so that equal creases meet.
        rest, line = rest + size * inner, [-c for c in line]
    return rest, Fraction(size), [Fraction(int(c.p), int(c.q)) for c in line]
