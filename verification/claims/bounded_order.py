"""The rule for a size that is at most of order ``n^(-rate)``: one-sided, from logarithms at two widths.

The statement bounds an order from above, so that a size that shrinks faster supports it. Let ``L`` and ``L_0`` be the
means of the sizes' logarithms at the largest width ``N`` and the smallest ``N_0``: a size times ``n^rate`` has a law in
the limit, so that its geometric mean has the order of its root mean square, and logarithms are nearly normal.

* Supported: ``L < L_0 - (rate - margin) log(N/N_0)``, by one one-sided test at the level. Every quantity must pass, so
  their number needs no correction. The margin is for corrections to the leading order at the widths that are run.
* Refuted: ``L > L_0 - (rate - margin) log(N/N_0)`` *and* ``L > log(scale N^(-rate))``: it shrinks too slowly, and is
  not small either. Each part of "and" is tested at the full share of the level, which is then that of both
  (intersection-union).

No slope is fitted: the rule compares two means with a margin that is declared.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from graphon_theory.errors import InputError
from verification.claims.claim import Outcome
from verification.statistics import contrast_interval, detectable_mean, mean_interval


def decide_order(
    by_width: Mapping[int, Sequence[float]],
    *,
    rate: float,
    margin: float,
    scale: float,
    level: float,
    share: float,
) -> dict[str, float | str]:
    """Decide whether a size is at most of order ``n^(-rate)``.

    Parameters
    ----------
    by_width
        Sizes in independent trials by width, at least two a width, above 0.
    rate
        The exponent that is stated, above 0.
    margin
        How far below it an exponent between the two widths still counts as stated, in (0, rate).
    scale
        A geometric mean of at most ``scale N^(-rate)`` refutes nothing, in the unit of the sizes.
    level
        Probability, at most, of support if the size shrinks more slowly than the margin allows.
    share
        Probability, at most, of refutation if it does not, or is within the scale.

    Returns
    -------
    dict
        Figures for tables, among them "outcome"; "share of margin", the geometric mean over the largest that the
        margin allows; and "detectable": the smallest such share that would have been found too large with
        probability 0.9. One width alone decides nothing.

    Raises
    ------
    InputError
        If a size is not above 0 or not finite, or a width has fewer than two.
    """
    smallest, largest = min(by_width), max(by_width)
    first, last = (_logarithms(by_width[width], width) for width in (smallest, largest))
    fall = (rate - margin) * math.log(largest / smallest)
    bound = [x - fall for x in first]
    outcome = Outcome.INCONCLUSIVE
    if largest > smallest:
        if contrast_interval(last, bound, 1.0, level)[2] < 0.0:
            outcome = Outcome.SUPPORTED
        elif contrast_interval(last, bound, 1.0, share)[1] > 0.0 and mean_interval(last, share)[1] > math.log(
            scale
        ) - rate * math.log(largest):
            outcome = Outcome.REFUTED
    before, now = float(np.mean(first)), float(np.mean(last))
    return {
        "geometric mean": math.exp(now),
        "at the smallest width": math.exp(before),
        "smallest width": float(smallest),
        "largest width": float(largest),
        "exponent": (now - before) / math.log(largest / smallest) if largest > smallest else math.nan,
        "exponent allowed": margin - rate,
        "share of margin": _exp(now - before + fall),
        # Both means move the contrast: their detectable shifts add in quadrature.
        "detectable": _exp(math.hypot(detectable_mean(last, share), detectable_mean(first, share))),
        "outcome": outcome.value,
    }


def _exp(exponent: float) -> float:
    """Infinite where it is beyond all numbers, as what two trials at a strict level detect can be."""
    try:
        return math.exp(exponent)
    except OverflowError:
        return math.inf


def _logarithms(sizes: Sequence[float], width: int) -> list[float]:
    array = np.asarray(sizes, dtype=np.float64)
    if array.size < 2 or not bool(np.isfinite(array).all()) or not float(array.min()) > 0.0:
        raise InputError(f"sizes at n = {width}", list(sizes)[:3], "give two or more finite sizes above 0")
    return [float(x) for x in np.log(array)]
