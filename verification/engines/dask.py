"""An existing Dask cluster as an executor."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, Final

from graphon_theory.errors import InputError

_TIMEOUT: Final = "20s"


@contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """Connect to a scheduler, as a context; the cluster goes on when it is left.

    Parameters
    ----------
    address
        Of the scheduler, such as "tcp://10.0.0.1:8786". Its workers need the same version of this package, and one
        thread each (``dask worker --nthreads 1``): a trial holds its process to one thread.

    Raises
    ------
    InputError
        If ``distributed`` is not installed, or the scheduler does not answer or has no workers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError("engine", f"dask:{address}", 'needs Dask: pip install "graphon-theory[cluster]"') from error
    try:
        client: Any = Client(address, timeout=_TIMEOUT, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            "engine", f"dask:{address}", f"{error}: start `dask scheduler`, and give its address as it prints it"
        ) from error
    try:
        workers = client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            raise InputError("engine", f"dask:{address}", "the cluster has no workers: start `dask worker ADDRESS`")
        threads = max(int(worker["nthreads"]) for worker in workers.values())
        if threads > 1:
            raise InputError(
                "engine", f"dask:{address}", f"a worker has {threads} threads: start them with --nthreads 1"
            )
        executor = client.get_executor(pure=False)
        executor.jobs = len(workers)
        yield executor
    finally:
        client.close()
