"""LIM-b: distance of a mask to the population graphon (THEORY, LIM-b).

With ``P'_ij = W(U_(i), V_(j))``, the population graphon at the sorted types, ``W_P' - W`` has an L1 norm of at most
``D_u + D_v``: move one coordinate at a time. For a fixed second coordinate W is a monotone function of the first,
so the L1 distance between its sorted sample and itself is a Wasserstein-1 distance, at most its range (1)
times the Kolmogorov distance of the types to the uniform law, for all second coordinates at once.

The mask's own prediction ``P`` uses ``tau_T`` in place of tau. ``P - P'`` has one sign, so its L1 norm is the
difference of the means, ``|rho - mean P'|``, and that is at most ``||W - W_P'||_1``: hence the factor 2.
"""

from __future__ import annotations

import math
from typing import Literal

from graphon_theory.bounds.hoeffding import hoeffding_bound
from graphon_theory.errors import InputError, require_density


def type_discrepancy(count: int, delta: float) -> float:
    """Kolmogorov distance of iid uniform types to the uniform law, exceeded with probability <= ``delta``.

    ``sqrt(ln(2/delta) / (2 count))``: the inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant
    (Massart 1990).

    Parameters
    ----------
    count
        Number of types, positive.
    delta
        Failure probability in (0, 1).

    Raises
    ------
    InputError
        If ``count`` is not positive or ``delta`` is outside (0, 1).
    """
    require_density(delta, "delta")
    if count < 1:
        raise InputError("count", count, "give a positive integer")
    return math.sqrt(math.log(2.0 / delta) / (2.0 * count))


def population_bound(
    n: int,
    d: int,
    delta: float,
    *,
    columns: Literal["iid", "grid"] = "iid",
    mask_bound: float | None = None,
) -> float:
    """Bound of ``||W_M - W||_cut`` that fails with probability at most ``3 delta`` (``2 delta`` on the grid).

    Hypotheses: those of LIM-a; rows and columns of the mask in the order of their types; W monotone in each
    variable, as it is for rank one with both axes sorted by profile; row types iid uniform. The rate is
    ``min(n, d)^(-1/2)``: with iid columns the bound does not vanish at fixed d, and neither does the distance.

    Parameters
    ----------
    n, d
        Rows and columns of the mask, positive.
    delta
        Failure probability in (0, 1) of each of the three events.
    columns
        Column types: ``"iid"`` uniform, or ``"grid"`` for the midpoints ``(j - 1/2)/d``, at Kolmogorov distance
        ``1/(2d)`` for certain.
    mask_bound
        Bound of ``||M - P||_cut`` given the types (LIM-a) that fails with probability at most ``delta``, such as
        ``bernstein_bound(P, delta)``. By default ``hoeffding_bound(n, d, delta)``, which needs no P.

    Returns
    -------
    float
        The bound, in units of the cut norm; above 1 it says nothing.

    Raises
    ------
    InputError
        If a size is not positive, ``delta`` is outside (0, 1), ``columns`` is unknown or ``mask_bound`` is negative.
    """
    plain = hoeffding_bound(n, d, delta)
    if columns not in ("iid", "grid"):
        raise InputError("columns", columns, "give 'iid' or 'grid'")
    if mask_bound is not None and not mask_bound >= 0:
        raise InputError("mask_bound", mask_bound, "give a non-negative bound, or None for Hoeffding's")
    given_types = plain if mask_bound is None else mask_bound
    over_columns = type_discrepancy(d, delta) if columns == "iid" else 1.0 / (2.0 * d)
    return given_types + 2.0 * (type_discrepancy(n, delta) + over_columns)
