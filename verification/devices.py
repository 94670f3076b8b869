"""The names of devices that users may give, the torch device each stands for, and the one that trials run on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

from graphon_theory.errors import InputError

_own_gpu: list[int] = []  # what "cuda" means in this process, where it was given a GPU of its own

_CURRENT: ContextVar[str] = ContextVar("device", default="cpu")

_CUDA = re.compile(r"cuda(?::(\d{1,3}))?")
_NAMES = 'give "cpu", "cuda", "cuda:<number>" or "auto"'


def resolve(name: str) -> torch.device:
    """Find the device that a name stands for.

    Parameters
    ----------
    name : str
        ``"cpu"``; ``"cuda"`` (the current CUDA device) or ``"cuda:<number>"``; ``"auto"``: CUDA where there is a
        CUDA device, else the CPU.

    Returns
    -------
    torch.device
        A device that exists.

    Raises
    ------
    graphon_theory.errors.InputError
        For another name, or a device that this machine (or this build of torch) does not have.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    found = _CUDA.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        raise InputError("device", name, _NAMES)
    if not torch.cuda.is_available():
        raise InputError("device", name, 'torch finds no CUDA device here: give "cpu" or "auto"')
    count = torch.cuda.device_count()
    if found[1] is not None and int(found[1]) >= count:
        raise InputError("device", name, f"there are {count} CUDA devices, numbered from 0")
    if found[1] is None and _own_gpu:
        return torch.device("cuda", _own_gpu[-1])
    return torch.device(name)


def take_gpu(number: int) -> None:
    """Have "cuda" mean one GPU in this process, for pools with one process a GPU.

    Parameters
    ----------
    number : int
        Of the CUDA device, from 0.
    """
    _own_gpu.append(number)


@contextmanager
def running_on(name: str) -> Iterator[None]:
    """Have trials inside the context score networks and search cut norms on a device.

    Parameters
    ----------
    name : str
        As for :func:`resolve`; the device must exist.
    """
    token = _CURRENT.set(str(resolve(name)))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> str:
    """Name the device of the innermost :func:`running_on`; ``"cpu"`` outside.

    Returns
    -------
    str
    """
    return _CURRENT.get()
