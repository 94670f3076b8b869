"""Deviation of a top-k mask from its prediction on rectangles declared before the noise is drawn.

The cut norm takes a supremum over all rectangles and pays for it with a factor about sqrt(n). A rectangle
chosen from the types alone, such as the one where two predictions differ most, does not.
"""

from __future__ import annotations

import math

from graphon_theory.bounds.bernstein import bernstein_deviation
from graphon_theory.errors import InputError, require_density


def rectangle_bound(block_variance: float, total_variance: float, size: int, delta: float) -> float:
    """Bound of ``|sum_R (M - P)| / (nd)`` for one declared rectangle R; fails with probability <= ``delta``.

    As in LIM-a: half of ``delta`` goes to the centred block sum, half to the number of kept entries, and
    1/2 to the rounding of k.

    Parameters
    ----------
    block_variance
        Sum of ``P(1-P)`` over the rectangle, in [0, total_variance].
    total_variance
        Sum of ``P(1-P)`` over the matrix.
    size
        Number of entries ``n d``.
    delta
        Failure probability in (0, 1).

    Raises
    ------
    InputError
        If the variances are negative or out of order, or ``delta`` is outside (0, 1).
    """
    require_density(delta, "delta")
    slack = 1.0 + 1e-9  # the two sums are accumulated in different orders
    if not 0.0 <= block_variance <= total_variance * slack:
        raise InputError("block_variance", block_variance, f"give a value in [0, {total_variance:.6g}]")
    tail = math.log(4.0 / delta)
    share = block_variance / total_variance if total_variance > 0 else 0.0
    centred = block_variance * max(0.0, 1.0 - share)
    deviation = float(bernstein_deviation(centred, tail)) + float(bernstein_deviation(total_variance, tail))
    return (deviation + 0.5) / size
