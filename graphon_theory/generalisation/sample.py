"""PATH on one sample: the least energy over all linear teachers that have the same labels there."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.generalisation.intake import matrix, number, vector

Array = npt.NDArray[np.float64]

_UNIT: Final = 2.0**-53
_STEP: Final = 1e-4
"""Densities are taken in groups of this range: what lies below may be left to the given teacher."""
_NEGLIGIBLE: Final = 1e-9
"""Share of the root that rounding may cost before smaller groups are tried."""


def sample_path_energy(X: npt.ArrayLike, beta: npt.ArrayLike, D: npt.ArrayLike, *, coefficient: float = 0.25) -> float:
    """Bound ``y^T L^+ y`` from above, ``L = (c/d) X diag(D) X^T`` and ``y = X beta``: the bound of PATH on one sample.

    That is the least ``(d/c) sum_j b_j^2/D_j`` over all teachers b with the same labels, ``X b = X beta``: at most
    that of beta itself, equal to it if X has full column rank, and far below it for fewer samples than inputs. An input
    without a path may be made up for by others.

    Parameters
    ----------
    X
        Inputs, shape (N, d).
    beta
        The teacher, shape (d,).
    D
        Path density, shape (d,), at least 0.
    coefficient
        c, as in ``path_complexity``.

    Returns
    -------
    float
        At least 0. The least energy, raised by an estimate of what rounding may hide: below 1e-9 of it while the
        densities that the labels need lie within some twelve decades. Beyond, a teacher is taken that keeps the given
        coefficients where D is smallest: a bound still, which may lie far above the least one, and infinite where an
        input without a path has to be made up for. In floating point, no enclosure: singular values of X within
        rounding of 0 count as 0. Infinite also where inputs with a path are of lower rank than X and a needed one
        has no path.

    Raises
    ------
    InputError
        If a shape does not fit, or a number is out of its range.

    Notes
    -----
    Labels are never compared with a tolerance: a coefficient of 1e-9 at a density of 1e-30 costs more than all others
    and moves no label by more than 1e-9. Teachers differ from beta by null vectors of X alone. What a computed one
    misses the labels by, r in an orthonormal basis A of the row space, can be repaired at a cost of at most
    ``||r||/sigma_min(A D^(1/2))`` in the root of ``sum b^2/D``, which is added.
    """
    inputs, teacher = matrix("X", X, signed=True), vector("beta", beta, signed=True)
    if inputs.shape[1] != teacher.size:
        raise InputError("X", f"array of shape {inputs.shape}", f"give one column a coordinate of beta: {teacher.size}")
    density = vector("D", D, teacher.size)
    scale = teacher.size / number("coefficient", coefficient, 0.0, math.inf, open_low=True)
    seen = inputs.any(axis=0)  # an input that is 0 on the whole sample has no part in the labels
    if not bool((teacher[seen] != 0.0).any()):
        return 0.0
    root = _least_root(inputs[:, seen] / np.abs(inputs).max(), teacher[seen], np.sqrt(density[seen]))
    with np.errstate(over="ignore"):
        return float(scale * np.square(root))


def _least_root(X: Array, beta: Array, roots: Array) -> float:
    """Least ``sqrt(sum b^2/D)`` found; ``roots`` is ``D^(1/2)``."""
    reached = roots > 0.0
    with np.errstate(over="ignore"):
        own = np.divide(beta, roots, out=np.zeros_like(beta), where=reached)
    lost = beta[~reached]
    best = math.inf if bool(lost.any()) else _norm(own)
    rank = _row_space(X)[2].size
    if rank == beta.size or not bool(reached.any()):
        return best
    target = X[:, ~reached] @ lost
    for level in _levels(roots[reached]):
        free = roots >= level
        held = _norm(own[reached & ~free])
        found, slack = _free_root(X[:, free], beta[free], roots[free], target, rank)
        best = min(best, math.hypot(found + slack, held))
        if slack <= _NEGLIGIBLE * found:
            break
    return best


def _free_root(X: Array, beta: Array, roots: Array, target: Array, rank: int) -> tuple[float, float]:
    """Least root over b with ``X b = X beta + target``, and what may have to be added to it."""
    left, basis, values = _row_space(X)
    missed = bool(target.any())
    if values.size == 0 or (missed and values.size < rank):
        return math.inf, math.inf
    wanted = basis @ beta + (left.T @ target) / values
    weighted = basis * roots
    least = float(np.linalg.svd(weighted, compute_uv=False)[-1])
    size = max(X.shape)
    if least <= size * _UNIT * float(np.linalg.norm(weighted)) * 4.0:
        return math.inf, math.inf
    found = np.linalg.lstsq(weighted, wanted, rcond=None)[0]
    found = found + np.linalg.lstsq(weighted, wanted - weighted @ found, rcond=None)[0]
    teacher = roots * found
    # The basis itself is off by some roundings of X over its least singular value that counts.
    moved = float(np.linalg.norm(teacher - beta)) + float(np.linalg.norm(target)) / float(values[-1])
    blurred = size * _UNIT * (float(values[0] / values[-1]) * moved + float(np.linalg.norm(teacher)))
    missing = float(np.linalg.norm(wanted - basis @ teacher)) + blurred
    return float(np.linalg.norm(found)), missing / least


def _row_space(X: Array) -> tuple[Array, Array, Array]:
    """Left and right singular vectors of the singular values that are above rounding, and these."""
    left, values, right = np.linalg.svd(X, full_matrices=False)
    kept = values > max(X.shape) * 2.0 * _UNIT * values[0]
    return left[:, kept], right[kept], values[kept]


def _levels(roots: Array) -> list[float]:
    """Thresholds of ``D^(1/2)``, the smallest first: all inputs, then without the group of least density, and so on."""
    ordered = np.sort(roots)[::-1]
    levels, top = [], ordered[0]
    for above, below in pairwise(ordered):
        if below < top * math.sqrt(_STEP):
            levels.append(float(above))
            top = below
    return [*levels, float(ordered[-1])][::-1]


def _norm(x: Array) -> float:
    """Euclidean norm without over- or underflow on the way."""
    largest = float(np.abs(x).max(initial=0.0))
    if largest == 0.0 or math.isinf(largest):
        return largest
    return largest * float(np.linalg.norm(x / largest))
