"""NTK-1, measured: the exact kernel of masked networks with one hidden layer, on inputs that did not prune.

The prediction is the sum over the network's own neurons of ``E[a^2|u] k0 Lambda^W`` and ``k1``, with W and V at
their types: for SNIP the profile of rank S of the batch, for SynFlow the output weights.

Two false hypotheses bring their own data. "pruning-batch": the inputs are those of the batch that pruned, of few
samples, where kept weights remember the batch. "uncentred-inputs": every input has a mean twice as large as its spread.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from verification.cases import Case, Observation, Values
from verification.claims.claim import Measurement, Mutant
from verification.claims.kernel_variants import AS_REDRAWN, COMMON, compare
from verification.claims.masked_kernels import PAIRS, decide, draw_pairs, prune_layers

SCALE = 2.0
"""Margin of a mean log-ratio is ``SCALE n^(-1/2)``: 13 per cent at n = 256."""

SHIFT = 2.0
"""Mean over standard deviation of each input under the false hypothesis "uncentred-inputs"."""


class Ntk1:
    """The claim of statement NTK-1."""

    id = "NTK-1"
    criteria = ("random", "magnitude", "synflow", "snip")
    on_models = False
    mutants = (
        AS_REDRAWN,
        *COMMON,
        Mutant("pruning-batch", "the same on the batch that pruned, kept weights", own_data=True),
        Mutant("uncentred-inputs", "the same for inputs that are not centred, kept weights", own_data=True),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Compare one masked network's kernel with each variant's prediction."""
        generator = torch.Generator().manual_seed(seed)
        shift = SHIFT if case.variant == "uncentred-inputs" else 0.0
        layers = prune_layers(case, generator, shift=shift)
        inputs = draw_pairs(case.inputs, generator, shift=shift)
        if case.variant == "pruning-batch":
            if layers.batch is None:
                raise RuntimeError("this criterion drew no batch")
            inputs = _neighbours(layers.batch)
        return compare(case, layers, inputs)

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence of both parts to their predictions at the largest width."""
        return decide(observations, variant, level, SCALE)

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """Nothing beyond the table."""
        return None


def _neighbours(batch: torch.Tensor) -> torch.Tensor:
    """Pairs of one sample and the next, the last with the first; at most ``PAIRS``."""
    count = min(len(batch), PAIRS)
    index = torch.arange(count)
    return batch[torch.stack([index, (index + 1) % len(batch)], dim=1).reshape(-1)]
