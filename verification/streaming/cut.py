"""Cut distance of a streamed mask to its prediction: a witness from below, a bound from above.

``P_ij = Q(tau_T/|h_ij|)`` is the prediction of LIM-a. Everything works on ``M - P~`` with P~ the short form of the
prediction, whose products cost nothing beside a pass; one last pass evaluates P entry by entry and gives the sum over
the witness and ``||P - P~||_1``, so that both bounds hold for P itself.

**From above**: ``||A||_cut <= s sqrt(sum p sum q)/(4 n d)`` for positive weights p and q, ``s = ||P^(-1/2) A'
Q^(-1/2)||_2`` and A' the bordered matrix (see ``verification.cutnorm.upper``). Rows and columns of the border have
weights of their own, from the relaxation. No matrix of n x n fits, so that s is bounded by the theorem of
:mod:`verification.streaming.chebyshev`: with a stated probability of its starts, not certainly.
"""

from __future__ import annotations

import functools
import math
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError, require_density
from verification.streaming.chebyshev import largest_eigenvalue_bound
from verification.streaming.levels import kept
from verification.streaming.mask import MaskSource, StreamedMask
from verification.streaming.moments import Moments, count_moments
from verification.streaming.passes import Strip, run, strips
from verification.streaming.prediction import Compressed
from verification.streaming.products import Augmented, Scaled
from verification.streaming.relaxation import Relaxed, best_signs, relax
from verification.streaming.tiles import PANEL

Array = npt.NDArray[np.float64]
Kept = npt.NDArray[np.bool_]

_STARTS, _DEGREE = 16, 10
_ROUNDINGS = 15
_FLOOR: Final = 1e-6
"""Least weight, relative to the largest of its side: rows without entries have any weight, and none may be 0."""
_DEPENDENT: Final = 1e-10
_COLUMNS: Final = 4 * PANEL
_ROUNDING: Final = 1e-11
"""An entry of P is good to 1e-13; sums of a thousand and then of those add some 1e-12 of their moduli."""


@dataclass(frozen=True, eq=False)
class StreamedCut:
    """Bounds of ``||M - P||_cut``, in units of the cut norm.

    Parameters
    ----------
    lower
        Attained by the witness.
    upper
        Bound that fails with probability at most ``failure``.
    failure
        Over the starts of the method, for any mask.
    rows, columns
        The witness: boolean, shapes (n,) and (d,).
    sums
        What the last pass found of the prediction.
    passes
        Passes over all entries, in all.
    """

    lower: float
    upper: float
    failure: float
    rows: Kept
    columns: Kept
    sums: PredictionSums
    passes: int


@dataclass(frozen=True)
class PredictionSums:
    """Sums over all entries of the prediction P and its short form P~.

    Parameters
    ----------
    predicted
        Sum of P.
    variance
        Sum of ``P (1 - P)``.
    error
        Sum of ``|P - P~|``, 0 where P is evaluated entry by entry.
    inside
        Sum of ``M - P`` over the witness.
    """

    predicted: float
    variance: float
    error: float
    inside: float

    def __add__(self, other: PredictionSums) -> PredictionSums:
        return PredictionSums(
            self.predicted + other.predicted,
            self.variance + other.variance,
            self.error + other.error,
            self.inside + other.inside,
        )


def cut_norm_bounds(
    mask: StreamedMask,
    *,
    seed: int = 0,
    failure: float = 1e-6,
    relaxation: int = 12,
    alternations: int = 6,
    degree: int = _DEGREE,
    moments: Moments | None = None,
) -> StreamedCut:
    """Bound the cut distance of a mask to its prediction from both sides.

    Parameters
    ----------
    mask
        The mask.
    seed
        Of starts and roundings.
    failure
        Probability, at most, that the upper bound fails.
    relaxation, alternations, degree
        Passes for the relaxation, for the witness and for the norm, each at least 1.
    moments
        Of the mask, where they are known: they save a pass.

    Returns
    -------
    StreamedCut

    Raises
    ------
    InputError
        If a number of passes is below 1, or ``failure`` is not in (0, 1).
    """
    for name, value in (("relaxation", relaxation), ("alternations", alternations), ("degree", degree)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(name, value, "give a number of passes, at least 1")
    require_density(failure, "failure")
    n, d = mask.shape
    known = count_moments(mask.source, 1, mask.executor) if moments is None else moments
    short = mask.prediction.compressed(mask.level)
    matrix = augmented(mask, known, short)
    random = np.random.default_rng([seed, 0])
    relaxed = relax(matrix, relaxation, random)
    rows, columns = best_signs(matrix, relaxed, alternations, _ROUNDINGS, random)
    upper = spectral_bound(matrix, relaxed, degree, seed, failure)
    sums = prediction_sums(mask.source, mask.level, short, rows, columns, mask.executor)
    passes = relaxation + alternations + degree + 1 + (moments is None)
    lower = max(abs(sums.inside) / (n * d) - _ROUNDING, 0.0)
    return StreamedCut(lower, (upper + sums.error) / (n * d) + _ROUNDING, failure, rows, columns, sums, passes)


def augmented(mask: StreamedMask, moments: Moments, short: Compressed | None) -> Augmented:
    """Residual of a mask, bordered by its own sums."""
    n, d = mask.shape
    if short is not None:
        by_row, by_column = short.times(np.ones((d, 1)))[:, 0], short.transpose_times(np.ones((n, 1)))[:, 0]
    else:
        by_row, by_column = np.empty(n), np.zeros(d)
        for first, stop in strips(n, d, 1, _COLUMNS * PANEL):
            block = kept(mask.model.noise, mask.model.block(slice(first, stop), slice(0, d)), mask.level)
            by_row[first:stop] = block.sum(axis=1)
            by_column += block.sum(axis=0)
    return Augmented(mask.source, mask.level, short, moments.rows - by_row, moments.columns - by_column, mask.executor)


def spectral_bound(matrix: Augmented, relaxed: Relaxed, degree: int, seed: int, failure: float) -> float:
    """Bound ``max over S, T of |A(S x T)|``, not divided by n d, save with probability ``failure``.

    Parameters
    ----------
    matrix
        ``A'``.
    relaxed
        Gives the weights, and a scale that lies a little below the norm.
    degree
        Products.
    seed
        Of the starts; neither weights nor scale depend on them.
    failure
        In (0, 1).
    """
    p, q = (np.maximum(side, _FLOOR * float(side.max())) for side in (relaxed.p, relaxed.q))
    if not (float(p.max()) > 0 and float(q.max()) > 0):
        return 0.0
    inverse, root = Scaled(1.0 / p), np.sqrt(q)[:, None]

    def times(X: Array) -> Array:
        return np.asarray(matrix.both(X / root, inverse, single=False)[1] / root)

    # Largest Ritz value on the vectors of the relaxation: (A'Y)^T P^-1 A'Y against Y^T Q Y.
    above, below = (relaxed.ahead / p[:, None]).T @ relaxed.ahead, (relaxed.Y * q[:, None]).T @ relaxed.Y
    # They may depend on each other where a side is short.
    sizes, basis = np.linalg.eigh(below)
    basis = basis[:, sizes > _DEPENDENT * sizes[-1]] / np.sqrt(sizes[sizes > _DEPENDENT * sizes[-1]])
    scale = float(np.linalg.eigvalsh(basis.T @ above @ basis)[-1])
    starts = np.random.SeedSequence([seed, 1]).generate_state(1)[0]
    norm = largest_eigenvalue_bound(times, len(q), scale, degree, _STARTS, int(starts), failure)
    return 0.25 * math.sqrt(norm * float(p.sum()) * float(q.sum()))


def prediction_sums(
    source: MaskSource, level: float, short: Compressed | None, rows: Kept, columns: Kept, executor: Executor | None
) -> PredictionSums:
    """Evaluate the prediction entry by entry, once: its sums, the error of its short form, the sum over a witness."""
    total = PredictionSums(0.0, 0.0, 0.0, 0.0)
    job = functools.partial(_sum_strips, source, level, short, rows, columns)
    for part in run(job, source.strips(), executor):
        total += part
    return total


def _sum_strips(
    source: MaskSource, level: float, short: Compressed | None, rows: Kept, columns: Kept, walk: list[Strip]
) -> PredictionSums:
    model = source.sieve.model
    d = model.shape[1]
    total = PredictionSums(0.0, 0.0, 0.0, 0.0)
    for first, stop in walk:
        panels = source.strip((first, stop)).cpu().numpy()
        chosen = rows[first:stop].astype(np.float64)
        for start in range(0, d, _COLUMNS):
            own = slice(start, min(start + _COLUMNS, d))
            values = kept(model.noise, model.block(slice(first, stop), own), level)
            predicted = float(values.sum())
            squares = float(np.vdot(values, values))
            taken = columns[own].astype(np.float64)
            inside = -float(chosen @ (values @ taken))
            for p in range(start // PANEL, -(-own.stop // PANEL)):
                width = min(PANEL, own.stop - p * PANEL)
                part = np.count_nonzero(panels[p, rows[first:stop], :width], axis=0)
                inside += float(part @ columns[p * PANEL : p * PANEL + width])
            if short is not None:
                values -= short.block(slice(first, stop), own)
                np.abs(values, out=values)
            error = float(values.sum()) if short is not None else 0.0
            total += PredictionSums(predicted, predicted - squares, error, inside)
    return total
