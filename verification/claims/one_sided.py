"""The rule for a quantity that is at most 0 in the limit: one-sided, at networks of growing size.

Let ``mu`` be the mean at the largest size ``N``, ``mu_0`` that at the smallest, ``N_0`` (sizes are products ``n d``).

* Supported: ``mu < margin``, by one one-sided test at the level. Every quantity must pass, so their number needs no
  correction. A quantity far below 0 supports as well.
* Refuted: ``mu > margin`` *and* ``mu > |mu_0| (N_0/N)^(1/4)``: it lies above, and has shrunk less than ``n^(-1/2)``
  would have it. Each part is tested at the full share of the level, which is then that of both (intersection-union).

It is the rule of ``asymptotic`` on one side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from verification.cases import Observation
from verification.claims.asymptotic import stays_above, values_by_size
from verification.claims.claim import Outcome
from verification.statistics import detectable_mean, mean_interval


def decide_at_most(
    name: str,
    group: Sequence[Observation],
    measure: str,
    value: Callable[[Observation], float],
    *,
    margin: float,
    level: float,
    tests: int,
) -> dict[str, float | str]:
    """Decide one quantity of one group of observations of growing sizes.

    Parameters
    ----------
    name, measure
        Names of group and quantity, for tables.
    group
        Observations, at least two a size.
    value
        Reads the quantity off an observation.
    margin
        What counts as 0 at the largest size, in the unit of the quantity, positive.
    level
        Probability, at most, of support if ``mu >= margin``.
    tests
        Number of quantities and groups, over which refutation is Bonferroni-corrected.

    Returns
    -------
    dict
        Figures for tables, as ``asymptotic.decide_growing``; "share of margin" is negative below 0.
    """
    by_size = values_by_size(group, value)
    smallest, largest = min(by_size), max(by_size)
    last, first = by_size[largest], by_size[smallest]
    share = level / tests
    mean, low, high = mean_interval(last, level)
    outcome = Outcome.INCONCLUSIVE
    if high < margin:
        outcome = Outcome.SUPPORTED
    elif largest > smallest and stays_above(last, first, (smallest / largest) ** 0.25, margin, share):
        outcome = Outcome.REFUTED
    return {
        "group": name,
        "measure": measure,
        "mean": mean,
        "low": low,
        "high": high,
        "mean at the smallest size": float(np.mean(first)),
        "largest size": float(largest),
        "margin": margin,
        "share of margin": mean / margin,
        "detectable": 1.0 + detectable_mean(last, share) / margin,
        "outcome": outcome.value,
    }
