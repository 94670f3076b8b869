"""A pool of spawned processes that survives the death of its workers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from multiprocessing.queues import SimpleQueue
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class SpawnPool(Executor):
    """Executor of spawned processes.

    Differs from ``ProcessPoolExecutor`` in: after the death of a worker, which fails all that was submitted, the next
    submission starts new ones; ``restart`` replaces workers that hang; leaving the context waits for nobody who hangs.

    Parameters
    ----------
    jobs
        Number of processes, positive.
        Kept as the attribute ``jobs``.
    gpus
        Numbers of CUDA devices, handed to the processes in turn: "cuda" then means that device there.
    """

    def __init__(self, jobs: int, *, gpus: Sequence[int] = ()) -> None:
        self.jobs = jobs
        self._gpus = tuple(gpus)
        self._lock = threading.Lock()
        self._unfinished: set[Future[Any]] = set()
        self._pool = self._start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a process call a function; see ``concurrent.futures.Executor``."""
        try:
            future = self._pool.submit(fn, *args, **kwargs)
        except BrokenExecutor:
            self.restart()
            future = self._pool.submit(fn, *args, **kwargs)
        with self._lock:
            self._unfinished.add(future)
        future.add_done_callback(self._forget)
        return future

    def restart(self) -> None:
        """Kill all workers and start new ones; what was submitted fails with ``BrokenExecutor``."""
        self._kill()
        self._pool = self._start()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """See ``concurrent.futures.Executor``."""
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            busy = any(not future.done() for future in self._unfinished)
        # What still runs was given up on, or the driver was interrupted: nobody wants its result.
        if busy or kind is not None:
            self._kill()
        else:
            self._pool.shutdown(wait=True)

    def _start(self) -> ProcessPoolExecutor:
        # Spawned, not forked: a forked copy of a process with torch's threads can hang.
        context = multiprocessing.get_context("spawn")
        numbers: SimpleQueue[int] | None = None
        if self._gpus:
            numbers = context.SimpleQueue()
            for worker in range(self.jobs):
                numbers.put(self._gpus[worker % len(self._gpus)])
        return ProcessPoolExecutor(max_workers=self.jobs, mp_context=context, initializer=_prepare, initargs=(numbers,))

    def _kill(self) -> None:
        # The pool offers no way to end a worker that hangs; SIGKILL ends even a stopped one.
        for process in list((getattr(self._pool, "_processes", None) or {}).values()):
            process.kill()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._unfinished.discard(future)


def cores() -> int:
    """Count the cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else (os.cpu_count() or 1)


def _prepare(numbers: SimpleQueue[int] | None) -> None:
    """Set a worker up."""
    # Ctrl-C is for the main process, which stops the pool; workers would only print their stacks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if numbers is not None:
        from verification.devices import take_gpu

        take_gpu(numbers.get())
