"""Gauss-Legendre rules with their error bound on a Bernstein ellipse.

Let f be analytic on the ellipse with foci -1 and 1 whose semi-axes sum to r > 1, and at most M in modulus
there. The n-point rule, n >= 2, then errs by at most

    64 M / (15 (r^2 - 1) r^(2n - 2)),

Trefethen, *Approximation Theory and Approximation Practice*, Theorem 19.3, with n + 1 points there: the
Chebyshev coefficients satisfy |a_k| <= 2 M r^(-k), the rule is exact below degree 2n and for odd k, and
misses the integral of T_k by at most 2 + 2/(k^2 - 1) <= 32/15. Evaluating f in ball arithmetic makes the
rule itself rigorous: Johansson, *Numerical integration in arbitrary-precision ball arithmetic* (2018).
"""

from __future__ import annotations

import math
import sys
from functools import lru_cache
from typing import Any, Final

from flint import acb, arb

from graphon_theory.enclosures.evaluation import precision

Ball = Any  # flint.arb
Box = Any  # flint.acb

_COLUMNS: Final = 6  # boxes that cover the upper half of an ellipse


@lru_cache(maxsize=512)
def rule(points: int, bits: int) -> tuple[tuple[Ball, Ball], ...]:
    """Return nodes and weights of the n-point rule on [-1, 1] as balls.

    Parameters
    ----------
    points
        Number of nodes, at least 1.
    bits
        Precision of the table.
    """
    with precision(bits):
        return tuple(arb.legendre_p_root(points, k, weight=True) for k in range(points))


def error_bound(points: int, size: float, modulus: Ball) -> Ball:
    """Return the bound on the error of the rule on [-1, 1].

    Parameters
    ----------
    points
        Number of nodes n, at least 2.
    size
        Sum r > 1 of the semi-axes of the ellipse.
    modulus
        Bound M on the modulus of the integrand over the ellipse.
    """
    if points < 2 or size <= 1:
        raise ValueError(f"points = {points}, size = {size}: the bound needs points >= 2 and size > 1")
    r = arb(size)
    return 64 * modulus / (15 * (r**2 - 1) * r ** (2 * points - 2))


def points_needed(size: float, modulus: float, tolerance: float) -> int:
    """Return the least n >= 2 whose error bound is at most about ``tolerance`` (checked in balls elsewhere)."""
    if modulus <= 0:
        return 2
    if not math.isfinite(modulus):
        return sys.maxsize
    excess = math.log(64 / 15) + math.log(modulus) - math.log(size**2 - 1) - math.log(tolerance)
    return max(2, math.ceil(1 + excess / (2 * math.log(size)) + 1e-9))


def upper_ellipse_cover(size: float) -> tuple[Box, ...]:
    """Return boxes that cover the closed upper half of the ellipse, real axis included.

    An integrand that is real on the axis takes conjugate values in the lower half, so this half suffices.
    """
    r = arb(size)
    across, along = ((r - 1 / r) / 2).upper(), ((r + 1 / r) / 2).upper()
    boxes = []
    for k in range(_COLUMNS):
        left, right = (along * (2 * end - _COLUMNS) / _COLUMNS for end in (k, k + 1))
        column = left.union(right)
        height = (across * (1 - (column / along).abs_lower() ** 2).sqrt()).upper()
        boxes.append(acb(column, arb(0).union(height)))
    return tuple(boxes)


def bounding_box(size: float) -> Box:
    """Return one box around the closed upper half of the ellipse: a coarser cover, one evaluation."""
    r = arb(size)
    along = ((r + 1 / r) / 2).upper()
    return acb((-along).union(along), arb(0).union(((r - 1 / r) / 2).upper()))
