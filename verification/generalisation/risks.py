"""Losses in [0, 1] that are 1-Lipschitz in the output, as GEN asks, and what a test sample says of a risk."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]


def clipped_absolute(outputs: npt.ArrayLike, labels: npt.ArrayLike) -> Array:
    """``min(|f - y|, 1)`` for real labels.

    Parameters
    ----------
    outputs, labels
        f and y, shape (T,), finite.

    Returns
    -------
    array
        Shape (T,), in [0, 1].

    Raises
    ------
    InputError
        If the shapes differ or a number is not finite.
    """
    f, y = _pair(outputs, labels)
    return np.minimum(np.abs(f - y), 1.0)


def ramp(outputs: npt.ArrayLike, labels: npt.ArrayLike) -> Array:
    """``min(1, max(0, 1 - y f))`` for labels -1 and 1: an upper bound of the share of wrong signs.

    Parameters
    ----------
    outputs, labels
        f, finite, and y, each -1 or 1; shape (T,).

    Returns
    -------
    array
        Shape (T,), in [0, 1].

    Raises
    ------
    InputError
        If the shapes differ, an output is not finite, or a label is neither -1 nor 1.
    """
    f, y = _pair(outputs, labels)
    _require_signs(y)
    return np.clip(1.0 - y * f, 0.0, 1.0)


def wrong_sign(outputs: npt.ArrayLike, labels: npt.ArrayLike) -> Array:
    """1 where ``y f <= 0``, else 0: not Lipschitz, so no loss of GEN; the test error of two classes.

    Parameters
    ----------
    outputs, labels
        As ``ramp``.
    """
    f, y = _pair(outputs, labels)
    _require_signs(y)
    return (y * f <= 0.0).astype(np.float64)


LOSSES: Final[Mapping[str, Callable[[npt.ArrayLike, npt.ArrayLike], Array]]] = {
    "clipped-absolute": clipped_absolute,
    "ramp": ramp,
}
"""The losses for which GEN holds, by name."""


def least_risk(losses: npt.ArrayLike, level: float) -> float:
    """Lower confidence limit of a risk from a test sample, by Hoeffding's inequality.

    Parameters
    ----------
    losses
        Losses of independent test samples, shape (T,), in [0, 1].
    level
        Probability, at most, that the risk lies below the limit; in (0, 1).

    Returns
    -------
    float
        ``mean - sqrt(ln(1/level)/(2T))``; may be negative.

    Raises
    ------
    InputError
        If there is no loss, one is outside [0, 1], or the level outside (0, 1).
    """
    values = np.asarray(losses, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise InputError("losses", f"shape {values.shape}", "give at least one, in one row")
    # Written so that NaN fails as well.
    if not bool(np.all((values >= 0.0) & (values <= 1.0))):
        raise InputError("losses", "outside [0, 1]", f"use a loss in [0, 1]: {', '.join(LOSSES)}")
    if not 0.0 < level < 1.0:
        raise InputError("level", level, "give a probability in (0, 1)")
    return float(values.mean()) - math.sqrt(math.log(1.0 / level) / (2.0 * values.size))


def _pair(outputs: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Array, Array]:
    f, y = (np.asarray(part, dtype=np.float64) for part in (outputs, labels))
    if f.ndim != 1 or f.shape != y.shape or f.size == 0:
        raise InputError("outputs and labels", (f.shape, y.shape), "give two rows of one length, at least one")
    for name, part in (("outputs", f), ("labels", y)):
        if not np.isfinite(part).all():
            raise InputError(name, "NaN or infinite", "give finite numbers")
    return f, y


def _require_signs(y: Array) -> None:
    outside = np.flatnonzero(np.abs(y) != 1.0)
    if outside.size:
        raise InputError(f"labels[{outside[0]}]", float(y[outside[0]]), "give -1 or 1, or use clipped_absolute")
