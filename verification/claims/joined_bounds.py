"""The two bounds of UAT-count, held to trials of a model at a fixed threshold: the edge floor and Chernoff's.

Edge floor: ``alpha p^k <= t_J``, where a share ``alpha`` of the row types keeps every column of J with probability p or
more. An inequality, at every set, for row types drawn (quadrature) and given (those of the network): one violation by
more than rounding refutes. Chernoff: ``P(N_J < n t_J / 2) <= exp(-n t_J / 8)``. Given the column types the counts of
different trials are independent, and so one set a trial is looked at, chosen by the prediction: that whose bound is
nearest ``TELLING``. The number of trials with fewer neurons is held to the binomial law of the mean bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from graphon_theory.approximation import edge_floor_bound, few_joined_bound
from verification.cases import Observation
from verification.claims.claim import Outcome
from verification.statistics import binomial_at_least, detectable_proportion

Array = npt.NDArray[np.float64]

FLOOR, FEW = "edge floor", "few joined"
BOUNDS = (FLOOR, FEW)

FALSE_FLOOR = "floor-once"
"""The false variant of the edge floor: ``alpha p <= t_J``, whatever k."""

TELLING = 0.25
"""Bound at which trials say most: at one near 1 nothing could exceed it, and at one near 0 the event is never seen."""

_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)  # alpha, of the rows that keep the columns best
_ROUNDING = 1e-12  # relative: sums of some thousand products


def floor_figures(
    kept: Array, weights: Array, sets: Sequence[Sequence[int]], *, once: bool = False
) -> dict[str, float]:
    """Compare the edge floor to ``t_J``.

    Parameters
    ----------
    kept
        ``W`` at rows and columns, in [0, 1], shape (m, d).
    weights
        Weights of the rows, of sum 1, shape (m,).
    sets
        Sets J of k columns each.
    once
        Whether to hold against it the false bound ``alpha p``.

    Returns
    -------
    dict
        Number of sets and shares ``alpha`` at which the floor exceeds ``t_J``; and the largest ratio of them.
    """
    above, largest = 0, 0.0
    for one in sets:
        columns = kept[:, list(one)]
        density = float(weights @ columns.prod(axis=1))
        least = columns.min(axis=1)
        order = np.argsort(-least, kind="stable")
        shares = np.cumsum(weights[order])
        for wanted in _SHARES:
            # p such that at least the wanted share of rows lies at or above it; alpha is then measured.
            place = min(int(np.searchsorted(shares, wanted)), least.size - 1)
            p = float(least[order[place]])
            share = min(1.0, float(weights[least >= p].sum()))
            bound = edge_floor_bound(share, p, 1 if once else len(one))
            above += int(bound > density * (1.0 + _ROUNDING))
            largest = max(largest, bound / density if density > 0.0 else 0.0)
    return {FLOOR: float(above), f"{FLOOR} ratio": largest}


def worse(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Put figures of the edge floor together: violations are added, of ratios the largest counts."""
    return {
        FLOOR: sum(one[FLOOR] for one in figures),
        f"{FLOOR} ratio": max(one[f"{FLOOR} ratio"] for one in figures),
    }


def telling(expected: Array) -> int:
    """Return the index of the set whose Chernoff bound is nearest ``TELLING``; of numbers ``n t_J``, shape (G,)."""
    return int(np.argmin([abs(few_joined_bound(float(mu)) - TELLING) for mu in expected]))


def few_figures(count: int, expected: float) -> dict[str, float]:
    """Say whether fewer than half the expected neurons are joined, and how probable that is at most.

    Parameters
    ----------
    count
        Joined neurons of one set.
    expected
        ``n t_J``, not negative.
    """
    return {FEW: float(count < expected / 2.0), f"{FEW} bound": few_joined_bound(expected)}


def decide_bound(measure: str, group: Sequence[Observation], variant: str, share: float) -> dict[str, float | str]:
    """Decide one of the bounds for one case.

    Parameters
    ----------
    measure
        ``FLOOR`` or ``FEW``.
    group
        Trials of one case that carry it.
    variant
        The statement or a false variant.
    share
        Probability, at most, of refutation where the bound holds; the edge floor leaves nothing to chance.

    Returns
    -------
    dict
        Figures for tables, among them "outcome", "share of margin" and "detectable".
    """
    values = [o.values[variant] for o in group]
    found = int(sum(v[measure] for v in values))
    if measure == FLOOR:
        return {
            "mean": max(v[f"{FLOOR} ratio"] for v in values),
            "share of margin": max(v[f"{FLOOR} ratio"] for v in values),
            "detectable": detectable_proportion(len(values), share),
            "outcome": (Outcome.REFUTED if found else Outcome.SUPPORTED).value,
        }
    bound = float(np.mean([v[f"{FEW} bound"] for v in values]))
    # The bounds of trials differ: Hoeffding's theorem holds from one unit above the mean on.
    p_value = binomial_at_least(found, len(values), bound) if found >= len(values) * bound + 1.0 else 1.0
    finest = detectable_proportion(len(values), share, bound)
    fine = Outcome.SUPPORTED if finest <= 1.0 else Outcome.INCONCLUSIVE
    return {
        "mean": found / len(values),
        "margin": bound,
        "p": p_value,
        "share of margin": found / len(values) / bound,
        "detectable": finest,
        "outcome": (Outcome.REFUTED if p_value <= share else fine).value,
    }
