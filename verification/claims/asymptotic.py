"""The rule for a quantity that tends to 0 as a network grows, at the rate ``n^(-1/2)`` or faster.

The statement is about a limit, so a deviation at a finite size refutes nothing by itself. Let ``mu`` be the mean at
the largest size ``N`` (sizes are products ``n d``) and ``mu_0`` that at the smallest, ``N_0``.

* Supported: ``|mu| < margin``, by two one-sided tests at the level. Every quantity must pass, so their number needs
  no correction.
* Refuted: ``|mu| > margin`` *and* ``|mu| > |mu_0| (N_0/N)^(1/4)``: it lies outside, and has shrunk less than
  ``n^(-1/2)`` would have it. Each part of "and" is tested at the full share of the level, which is then that of
  both (intersection-union); the two signs of ``mu`` halve it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from verification.cases import Observation
from verification.claims.claim import Measurement, Outcome, worst
from verification.statistics import contrast_interval, detectable_mean, mean_interval

Sizes = Mapping[int, Sequence[float]]
"""Values of a quantity by size ``n d``, at least two a size."""


def decide_growing(by_size: Sizes, *, margin: float, level: float, share: float) -> dict[str, float | str]:
    """Decide one quantity of one group of growing sizes.

    Parameters
    ----------
    by_size
        Its values, independent and roughly normal.
    margin
        What counts as 0 at the largest size, in the unit of the quantity, positive.
    level
        Probability, at most, of support if ``|mu| >= margin``.
    share
        Probability, at most, of refutation if ``|mu| <= margin``, or if the quantity shrinks like ``n^(-1/2)``.

    Returns
    -------
    dict
        Figures for tables, among them "outcome", and "detectable": the smallest ``|mu|``, in margins, that would
        have been found outside with probability 0.9.
    """
    smallest, largest = min(by_size), max(by_size)
    last, first = by_size[largest], by_size[smallest]
    mean, low, high = mean_interval(last, level)
    outcome = Outcome.INCONCLUSIVE
    if low > -margin and high < margin:
        outcome = Outcome.SUPPORTED
    elif largest > smallest:
        factor = (smallest / largest) ** 0.25
        if any(stays_above([sign * x for x in last], first, factor, margin, share / 2.0) for sign in (1.0, -1.0)):
            outcome = Outcome.REFUTED
    return {
        "mean": mean,
        "low": low,
        "high": high,
        "mean at the smallest size": float(np.mean(first)),
        "largest size": float(largest),
        "margin": margin,
        "share of margin": abs(mean) / margin,
        "detectable": 1.0 + detectable_mean(last, share / 2.0) / margin,
        "outcome": outcome.value,
    }


def decide_group(
    name: str,
    group: Sequence[Observation],
    measure: str,
    value: Callable[[Observation], float],
    *,
    margin: float,
    level: float,
    tests: int,
) -> dict[str, float | str]:
    """Decide one quantity of one group of observations.

    Parameters
    ----------
    name, measure
        Names of group and quantity, for tables.
    group
        Observations of growing sizes.
    value
        Reads the quantity off an observation.
    margin, level
        As in ``decide_growing``.
    tests
        Number of quantities and groups, over which refutation is Bonferroni-corrected.
    """
    decided = decide_growing(values_by_size(group, value), margin=margin, level=level, share=level / tests)
    return {"group": name, "measure": measure, **decided}


def conclude(
    rows: Sequence[Mapping[str, float | str]],
    sample_size: int,
    level: float,
    *,
    null: str,
    alternative: str,
    statistic: str,
) -> Measurement:
    """Combine quantities and groups into the decision on a statement.

    Parameters
    ----------
    rows
        One a quantity and group, with "outcome", "share of margin" and "detectable".
    sample_size
        Number of trials.
    level
        Level of the rule.
    null, alternative, statistic
        In words, as in ``Measurement``.
    """
    return Measurement(
        outcome=worst([Outcome(str(row["outcome"])) for row in rows]),
        null=null,
        alternative=alternative,
        statistic=statistic,
        observed=max(float(row["share of margin"]) for row in rows),
        bound=1.0,
        level=level,
        p_value=None,
        sample_size=sample_size,
        detectable=max(float(row["detectable"]) for row in rows),
        detectable_unit="mean over its margin, found outside with probability 0.9",
        rows=tuple(rows),
    )


def values_by_size(group: Sequence[Observation], value: Callable[[Observation], float]) -> dict[int, list[float]]:
    """Read a quantity off observations, by their size ``n d``."""
    found: dict[int, list[float]] = {}
    for o in group:
        found.setdefault(o.case.size, []).append(value(o))
    return found


def stays_above(last: Sequence[float], first: Sequence[float], factor: float, margin: float, level: float) -> bool:
    """Whether ``mu`` lies above the margin, and above ``factor`` times ``mu_0`` of either sign.

    Parameters
    ----------
    last, first
        Values at the largest and at the smallest size, at least two each.
    factor
        What ``mu_0`` may at least have shrunk to, in (0, 1).
    margin
        In the unit of the values.
    level
        Of each part.
    """
    above = mean_interval(last, level)[1] > margin
    return above and all(contrast_interval(last, first, weight, level)[1] > 0.0 for weight in (factor, -factor))
