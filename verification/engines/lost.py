"""Telling a lost worker from a failed trial."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, CancelledError


class LostWorkersError(RuntimeError):
    """Workers die or stall, again and again, on the same trials."""


def is_loss(error: BaseException) -> bool:
    """Whether an executor's error says that a worker was lost, rather than that the work failed.

    Parameters
    ----------
    error
        What a future raised.
    """
    if isinstance(error, (BrokenExecutor, CancelledError)):
        return True
    # What a Dask cluster says of workers that it lost; the package may not be installed here.
    return type(error).__module__.partition(".")[0] == "distributed"
