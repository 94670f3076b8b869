"""A Gaussian linear teacher: the linearly explained share of the label is known."""

from __future__ import annotations

import math

import torch

from graphon_theory.errors import InputError
from verification.data.batch import Batch, assemble


def teacher(samples: int, inputs: int, *, signal: float, labels: str, generator: torch.Generator) -> Batch:
    """Gaussian inputs and a linear teacher: ``y = sqrt(R^2) <beta, x> + sqrt(1 - R^2) noise``.

    Parameters
    ----------
    samples
        Batch size S, at least 2.
    inputs
        Number of inputs d.
    signal
        Linearly explained share ``R^2`` of the label's variance, in [0, 1].
    labels
        "centred" (mean of the batch removed) or "raw" (one standard deviation added instead).
    generator
        Draws the teacher and the samples.

    Raises
    ------
    InputError
        If a size or the signal is out of range or ``labels`` is unknown.
    """
    if samples < 2:
        raise InputError("batch", samples, "give at least 2 samples")
    if not 0.0 <= signal <= 1.0:
        raise InputError("signal", signal, "give the explained share R^2, in [0, 1]")
    x = torch.randn(samples, inputs, generator=generator)
    beta = torch.randn(inputs, generator=generator, dtype=torch.float64)
    beta /= beta.norm()
    y = (x @ beta.float()).double() * math.sqrt(signal)
    y += math.sqrt(1.0 - signal) * torch.randn(samples, generator=generator, dtype=torch.float64)
    if labels == "raw":
        y = y - y.mean() + 1.0
    return assemble(x, y, labels, population=math.sqrt(signal) * beta)
