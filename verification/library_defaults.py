"""Settings of libraries as a new process has them: what else runs in a process must not change a trial."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch


@contextmanager
def library_defaults() -> Iterator[None]:
    """Have torch and NumPy inside the context as they are when imported, and no warning be an error.

    torch makes tensors of float32 on the CPU and records gradients; NumPy warns of divisions by zero, overflows and
    invalid values. Warnings that the caller's filters turn into errors are shown instead; all other filters stand.
    What the caller had set is back afterwards.

    This does not cover: torch's deterministic algorithms and its precision of products of float32 matrices, which are
    left as they are; threads (``verification.threads``); other threads of the process, which share torch's data type.
    """
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with (
            ExitStack() as stack,
            torch.inference_mode(mode=False),  # records gradients again, whichever way they were switched off
            np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"),
        ):
            # A device that is set sees every call of torch, which costs time: only where another one is set already.
            if torch.get_default_device() != torch.device("cpu"):
                stack.enter_context(torch.device("cpu"))
            # Python forgets what it has shown whenever filters change: only where there is an error among them.
            if any(action == "error" for action, *_ in warnings.filters):
                stack.enter_context(warnings.catch_warnings())
                warnings.filters = [("default" if f[0] == "error" else f[0], *f[1:]) for f in warnings.filters]
            yield
    finally:
        torch.set_default_dtype(dtype)
