"""Engines: where trials run. Any ``concurrent.futures.Executor`` will do; these come with the package."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from graphon_theory.errors import InputError
from verification.engines.processes import SpawnPool, cores

__all__ = ["ENGINES", "SpawnPool", "open_engine"]

ENGINES = ("processes", "dask:ADDRESS")


@contextmanager
def open_engine(name: str = "processes", *, jobs: int | None = None, device: str = "cpu") -> Iterator[Executor | None]:
    """Open an engine by its name, as a context.

    Parameters
    ----------
    name
        "processes": a pool of spawned processes here; "dask:ADDRESS": an existing Dask cluster, such as
        "dask:tcp://10.0.0.1:8786".
    jobs
        Number of processes, positive; by default one a core, or one a GPU where ``device`` is CUDA. One job means
        this process, and the engine is None. A cluster has its own workers and takes no number.
    device
        The device that trials will be asked to run on. With "cuda", each process gets a GPU of its own in turn.

    Raises
    ------
    InputError
        If the name is unknown, the cluster does not answer, or ``jobs`` is not positive or was given to a cluster.
    """
    kind, _, address = name.partition(":")
    if kind == "dask" and address:
        if jobs is not None:
            raise InputError("jobs", jobs, "a cluster has its own number of workers: leave --jobs out")
        from verification.engines.dask import dask_executor

        with dask_executor(address) as executor:
            yield executor
        return
    if name != "processes":
        raise InputError("engine", name, f"choose one of {', '.join(ENGINES)}")
    gpus = _gpus(device)
    count = (len(gpus) or cores()) if jobs is None else jobs
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InputError("jobs", jobs, "give a positive integer")
    if count == 1:
        yield None
        return
    with SpawnPool(count, gpus=gpus) as pool:
        yield pool


def _gpus(device: str) -> tuple[int, ...]:
    """Numbers of the GPUs to hand round; none where the device is the CPU, or one GPU by its number."""
    if device not in ("cuda", "auto"):
        return ()
    import torch

    return tuple(range(torch.cuda.device_count())) if torch.cuda.is_available() else ()
