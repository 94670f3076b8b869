"""Walks through all entries of a mask, strip by strip, here or on the workers of an executor.

A strip is a number of whole rows, made, used and dropped. Jobs of a fixed number of strips are handed out and their
results taken in order, so that sums of floats have one order whatever the number of workers; only a few results are
held at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Final, TypeVar

from verification.streaming.tiles import PANEL

Result = TypeVar("Result")
Strip = tuple[int, int]

STRIP_ENTRIES: Final = 2**23
"""Entries of a strip, about: one byte each in a strip of a mask."""
_STRIPS_A_JOB: Final = 8
_WAITING: Final = 8


def strips(n: int, d: int, multiple: int, entries: int = STRIP_ENTRIES) -> list[Strip]:
    """Cut rows into strips.

    Parameters
    ----------
    n, d
        Rows and columns.
    multiple
        Rows of a strip are a multiple of this, save for the last strip.
    entries
        Entries of a strip, about.

    Returns
    -------
    list of tuple
        First row and end of each strip.
    """
    padded = -(-d // PANEL) * PANEL
    height = max(1, entries // (padded * multiple)) * multiple
    return [(first, min(first + height, n)) for first in range(0, n, height)]


def run(job: Callable[[list[Strip]], Result], walk: list[Strip], executor: Executor | None) -> Iterator[Result]:
    """Do a job on all strips.

    Parameters
    ----------
    job
        Takes a list of strips; picklable where the executor has processes.
    walk
        All strips.
    executor
        None: here, one after the other.

    Yields
    ------
    Result
        Of each group of strips, in order.
    """
    groups = [walk[k : k + _STRIPS_A_JOB] for k in range(0, len(walk), _STRIPS_A_JOB)]
    if executor is None:
        for group in groups:
            yield job(group)
        return
    waiting: deque[Future[Result]] = deque()
    for group in groups:
        waiting.append(executor.submit(job, group))
        if len(waiting) == _WAITING:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
