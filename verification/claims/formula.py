"""Score against formula, entry by entry: what claims on an identity share.

The largest error over the bound of its rounding errors decides, in every trial; the masks are judged as in
``closeness``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from verification.cases import Observation
from verification.claims.asymptotic import conclude
from verification.claims.claim import Measurement, Outcome, carrying, grouped, not_run
from verification.claims.closeness import group_of, judge_masks

Array = npt.NDArray[np.float64]

IDENTITY = "identity"
"""Largest error of an entry over the bound of its rounding errors."""

RELATIVE = "relative error"
"""Largest error over the largest score."""


def decide_formula(observations: Sequence[Observation], variant: str, level: float, *, follows: str) -> Measurement:
    """Identity in every trial, and equivalence of the masks at the largest size of every group.

    Parameters
    ----------
    observations, variant, level
        As for every claim's ``decide``.
    follows
        The model that the mask follows, in words.
    """
    found = carrying(observations, variant)
    if not found:
        return not_run(level)
    groups = grouped(found, group_of)
    rows = judge_masks(groups, variant, level)
    rows += [_judge_identity(name, group, variant) for name, group in groups.items()]
    return conclude(
        rows,
        len(found),
        level,
        null=f"score and formula differ by rounding, and the mask follows {follows}",
        alternative="an entry differs by more, or the mask stays outside the margins as n and d grow",
        statistic="largest error over its rounding bound, or mean over its margin, farthest over the groups",
    )


def errors(scores: Array, predicted: Array, bound: Array, *, fitted: bool) -> dict[str, float]:
    """Errors of a formula for scores by modulus, its factor fitted by least squares if asked for.

    Parameters
    ----------
    scores, predicted
        Shape (n, d), non-negative.
    bound
        Bound of the rounding error of either side, shape (n, d).
    fitted
        Whether to rescale the formula first.
    """
    if fitted:
        predicted = predicted * (float(np.sum(scores * predicted)) / float(np.sum(predicted**2)))
    error = np.abs(scores - predicted)
    # Twice: both sides are rounded.
    share = error / np.maximum(2.0 * bound, np.finfo(np.float64).tiny)
    return {IDENTITY: float(share.max()), RELATIVE: float(error.max() / scores.max())}


def _judge_identity(name: str, group: Sequence[Observation], variant: str) -> dict[str, float | str]:
    """Judge the identity in all trials of a group: no chance, hence no level."""
    values: list[Mapping[str, float]] = [o.values[variant] for o in group]
    shares = [v[IDENTITY] for v in values]
    return {
        "group": name,
        "measure": IDENTITY,
        "mean": float(np.mean(shares)),
        "low": min(shares),
        "high": max(shares),
        "relative error": max(v[RELATIVE] for v in values),
        "largest size": float(max(o.case.size for o in group)),
        "margin": 1.0,
        "share of margin": max(shares),
        "detectable": 1.0,
        "outcome": (Outcome.SUPPORTED if max(shares) <= 1.0 else Outcome.REFUTED).value,
    }
