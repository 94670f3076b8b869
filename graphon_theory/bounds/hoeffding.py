"""LIM-a, plain form: Hoeffding's inequality and a union over all rectangles (THEORY, LIM-a)."""

from __future__ import annotations

import math

from graphon_theory.errors import InputError, require_density


def hoeffding_bound(n: int, d: int, delta: float) -> float:
    """Bound of ``||M - P||_cut`` that fails with probability at most ``delta``.

    ``sqrt(L / (2nd)) + sqrt(ln(4/delta) / (2nd)) + 1/(2nd)`` with ``L = (n+d) ln 2 + ln(4/delta)``: the
    first term covers the ``2^(n+d)`` rectangles of the fixed-threshold mask, the second the number of its
    entries, the third the rounding of k.

    Parameters
    ----------
    n, d
        Rows and columns of the mask, positive.
    delta
        Failure probability in (0, 1).

    Returns
    -------
    float
        The bound, in units of the cut norm (share of ``n d``).

    Raises
    ------
    InputError
        If a size is not positive or ``delta`` is outside (0, 1).
    """
    require_density(delta, "delta")
    for name, size in (("n", n), ("d", d)):
        if size < 1:
            raise InputError(name, size, "give a positive integer")
    tail = math.log(4.0 / delta)
    rectangles = (n + d) * math.log(2.0) + tail
    return (math.sqrt(rectangles / 2) + math.sqrt(tail / 2)) / math.sqrt(n * d) + 0.5 / (n * d)
