"""Where trials run: in this process, or in a pool of spawned ones."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from graphon_theory.errors import InputError


@contextmanager
def process_pool(jobs: int | None = None) -> Iterator[Executor | None]:
    """Executor of ``jobs`` spawned processes, as a context; None, meaning this process, for one job.

    Parameters
    ----------
    jobs
        Number of processes, positive; by default the number of cores this process may use.

    Raises
    ------
    InputError
        If ``jobs`` is not positive.
    """
    if jobs is None:
        jobs = _cores()
    if jobs < 1:
        raise InputError("jobs", jobs, "give a positive integer")
    if jobs == 1:
        yield None
        return
    # Spawned, not forked: a forked copy of a process with torch's threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context, initializer=_ignore_interrupts) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the main process, which stops the pool; workers would only print their stacks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else (os.cpu_count() or 1)
