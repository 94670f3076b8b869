"""The k-th largest score of a matrix of scores that is never held.

The number N(t) of scores above a level is a sum of independent indicators given the types. Bernstein's inequality at
the levels of density ``rho -+ x/(nd)`` gives a window that holds the k-th score save with probability 1e-9; one pass
counts what lies above the window and computes the scores inside, some ten times the root of n d at most, and
``verification.masks`` settles those, ties included. Counting is exact: a window that misses costs a further pass,
never a wrong threshold.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.bounds import bernstein_deviation
from graphon_theory.errors import InputError
from verification.masks import TIES
from verification.masks.threshold import keep_largest
from verification.streaming.passes import Strip, run, strips
from verification.streaming.prediction import Prediction
from verification.streaming.sieve import Sieve

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

FAILURE: Final = 1e-9
"""Probability that the first window misses."""
_LEAST: Final = float(np.finfo(np.float64).tiny)
_LARGEST: Final = float(np.finfo(np.float64).max)
_MOST_INSIDE: Final = 2**22
"""Scores inside a window that are kept; of more only the number is used."""
_WIDER: Final = 4.0
_NARROWEST: Final = 1e-6
_LOG_LARGEST: Final = math.log(_LARGEST)
_PASSES: Final = 200
_ROUNDS: Final = 40


@dataclass(frozen=True)
class Window:
    """Levels between which the k-th score is looked for, ``0 < low <= high``."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Found:
    """The exact threshold of a mask.

    Parameters
    ----------
    value
        The k-th largest score.
    rows, columns
        Places of the entries kept among those whose score equals it; most often the one.
    passes
        Passes over all entries that it took.
    """

    value: float
    rows: Places
    columns: Places
    passes: int


@dataclass(frozen=True, eq=False)
class _Counted:
    above: int
    inside: int
    rows: Places
    columns: Places
    scores: Array


def likely_window(prediction: Prediction, level: float, count: int) -> Window:
    """Window that holds the k-th score with probability ``1 - 1e-9`` at least, if the prediction has exact means.

    Parameters
    ----------
    prediction
        Of the model.
    level
        ``tau_T`` at the density.
    count
        ``k``.
    """
    n, d = prediction.model.shape
    size = n * d
    variance = size * prediction.moments(level)[1]
    half = 0.0
    for _ in range(_ROUNDS):
        # p (1 - p) changes by no more than p: at the ends of the window the variance is larger by at most ``half``.
        half = float(bernstein_deviation(variance + half, math.log(2.0 / FAILURE))) + 1.0
    ends = []
    for target, outside in (((count + half) / size, _LEAST), ((count - half) / size, _LARGEST)):
        reachable = 0.0 < target < prediction.model.alive / size
        ends.append(_level(prediction, level, target) if reachable else outside)
    return Window(min(ends), max(ends))


def find_threshold(
    sieve: Sieve, count: int, window: Window, *, ties: str = "random", executor: Executor | None = None
) -> Found:
    """Find the k-th largest score.

    Parameters
    ----------
    sieve
        Model and noise.
    count
        ``k``, from 1 to the number of positive scores.
    window
        Where to look first; any window gives the same result.
    ties
        What becomes of scores equal to the threshold: as in :func:`verification.masks.mask`, whose generator is used.
    executor
        Counts on its workers; None counts here.

    Returns
    -------
    Found

    Raises
    ------
    InputError
        If ``ties`` is unknown, or "error" and scores tie at the threshold; if fewer scores are positive; if the
        window is so far away that the passes run out.
    """
    if ties not in TIES:
        raise InputError("ties", ties, f"choose one of {', '.join(TIES)}")
    bottom, top = _LEAST, _LARGEST  # N(bottom) >= k > N(top), as far as is known
    for passes in range(1, _PASSES + 1):
        counted = _count(sieve, window, executor)
        missing = count - counted.above
        if 0 < missing <= counted.inside:
            if counted.inside == len(counted.scores):
                return _settled(counted, missing, ties, passes)
            bottom, top = max(bottom, window.low), min(top, window.high)
            window = _narrower(window, 1.0 - missing / counted.inside, counted.inside)
        elif missing <= 0:
            bottom = max(bottom, window.high)
            window = _window(math.log(bottom), math.log(bottom) + _wider(window), bottom, top)
        elif window.low <= _LEAST:
            raise InputError("count", count, "fewer scores are positive: lower the density")
        else:
            top = min(top, window.low)
            window = _window(math.log(top) - _wider(window), math.log(top), bottom, top)
    raise InputError(
        "window", window, f"{_PASSES} passes from there do not reach the k-th score: start from likely_window"
    )


def _wider(window: Window) -> float:
    """Width of the next window, in the logarithm of the level."""
    return _WIDER * max(math.log(window.high) - math.log(window.low), _NARROWEST)


def _narrower(window: Window, share: float, inside: int) -> Window:
    """Part of a window about the place where the k-th score should lie, with fewer scores."""
    low, high = math.log(window.low), math.log(window.high)
    half = 0.25 * (high - low) * min(1.0, _MOST_INSIDE / inside)
    centre = low + share * (high - low)
    return _window(centre - half, centre + half, window.low, window.high)


def _window(low: float, high: float, bottom: float, top: float) -> Window:
    return Window(max(bottom, math.exp(low)), min(top, math.exp(min(high, _LOG_LARGEST))))


def _settled(counted: _Counted, missing: int, ties: str, passes: int) -> Found:
    (chosen,) = keep_largest(
        [torch.from_numpy(counted.scores)], missing, ties=ties, generator=torch.Generator().manual_seed(0)
    )
    kept = chosen.numpy()
    value = float(counted.scores[kept].min())
    tied = kept & (counted.scores == value)
    return Found(value, counted.rows[tied], counted.columns[tied], passes)


def _count(sieve: Sieve, window: Window, executor: Executor | None) -> _Counted:
    n, d = sieve.model.shape
    above, inside, held = 0, 0, 0
    parts: list[_Counted] = []
    job: Callable[[list[Strip]], _Counted] = functools.partial(_count_strips, sieve, window)
    for counted in run(job, strips(n, d, sieve.band), executor):
        above, inside = above + counted.above, inside + counted.inside
        if held + len(counted.scores) <= _MOST_INSIDE:
            held += len(counted.scores)
            parts.append(counted)
    if not parts:
        nowhere = np.empty(0, dtype=np.int64)
        return _Counted(above, inside, nowhere, nowhere, np.empty(0))
    rows, columns, scores = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "columns", "scores")
    )
    return _Counted(above, inside, rows, columns, scores)


def _count_strips(sieve: Sieve, window: Window, walk: list[Strip]) -> _Counted:
    d = sieve.model.shape[1]
    above = 0
    found: list[tuple[Places, Places, Array]] = []
    for first, stop in walk:
        sifted = sieve.block(first, stop, slice(0, d), window.low, window.high)
        above += int(np.count_nonzero(sifted.above.cpu().numpy()))  # NumPy counts four times as fast as torch
        # Not the block itself, nor a view of it: it would keep its memory.
        found.append((sifted.rows, sifted.columns, sifted.scores))
        del sifted  # before the next is made
    rows, columns, scores = (np.concatenate(part) for part in zip(*found, strict=True))
    return _Counted(above, len(scores), rows, columns, scores)


def _level(prediction: Prediction, level: float, target: float) -> float:
    """Level of a density next to that of ``level``: by nodes where there are some, else by a slope.

    The window is a guess whatever it is: where a pass over all entries would be needed, a linear step will do.
    """
    if prediction.sides is not None:
        return prediction.level(target, near=level)
    step = 1e-3
    here, there = prediction.moments(level)[0], prediction.moments(level * math.exp(step))[0]
    slope = (there - here) / step
    return level * math.exp((target - here) / slope) if slope < 0 else level
