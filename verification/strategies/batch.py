"""Labelled batches."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from verification.data import LABELS, Batch, teacher
from verification.strategies.given import SEEDS, Given, strategy


def batches(
    samples: Given[int] = st.integers(2, 8),
    inputs: Given[int] = st.integers(1, 5),
    *,
    signal: Given[float] = st.sampled_from([1.0, 0.5, 0.0]),
    labels: Given[str] = st.sampled_from(LABELS),
    seed: Given[int] = SEEDS,
) -> SearchStrategy[Batch]:
    """Batches of a linear teacher; parameters as of ``verification.data.teacher``.

    Parameters
    ----------
    samples, inputs
        Batch size S, at least 2, and number of inputs d, positive.
    signal
        Linearly explained share of the label's variance, in [0, 1].
    labels
        "centred" or "raw".
    seed
        Seed of the draws, local.

    Returns
    -------
    SearchStrategy
        Batches; shrink to two samples of one input, the labels centred and without noise, seed 0.
    """

    def made(size: int, wide: int, share: float, kind: str, start: int) -> Batch:
        return teacher(size, wide, signal=share, labels=kind, generator=torch.Generator().manual_seed(start))

    return st.builds(made, strategy(samples), strategy(inputs), strategy(signal), strategy(labels), strategy(seed))
