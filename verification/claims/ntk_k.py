"""NTK-K, measured: the exact kernel of deep networks with kept weights under SNIP, on new inputs.

The prediction is the recursion conditioned on the types of the network before it was pruned: data, the saliencies of
the batch, and for each neuron the batch means of its preactivation and of its backward field. The mask and the pruned
network never enter it. [P25] Theorem 1 without the conditioning is put to the same rule as a false variant, and so are
the recursions with some of its means alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, carrying
from verification.claims.masked_kernels import (
    decide,
    draw_pairs,
    kernel_sums,
    log_ratios,
    predicted_sums,
    prune_layers,
)
from verification.ntk.conditioned import conditioned_kernel
from verification.ntk.dense_types import dense_types
from verification.ntk.empirical import empirical_ntk

Array = npt.NDArray[np.float64]

SCALE = 4.0
"""Margin of a mean log-ratio is ``SCALE n^(-1/2)``: two thirds of NTK-L's, 27 per cent at n = 224."""

PLAIN = "unconditioned"


class NtkK:
    """The claim of statement NTK-K."""

    id = "NTK-K"
    criteria = ("snip",)
    on_models = False
    mutants = (
        Mutant(PLAIN, "the recursion of NTK-L, which takes mask and new inputs as independent", reading="[P25]"),
        Mutant("no-own-share", "a weight has no share in its own saliency: projections alone"),
        Mutant("own-share-alone", "nothing on new inputs knows what the dense network did on the batch"),
        Mutant("no-backward", "backward fields on new inputs do not know those on the batch"),
        Mutant("means-by-edges", "a mean mu leaves W mu in what is kept"),
        Mutant("exchanged", "V and W exchanged"),
        Mutant("one-less", "the hidden layers' parts one factor of the density less"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Compare one masked network's kernel with each variant's prediction."""
        generator = torch.Generator().manual_seed(seed)
        layers = prune_layers(case, generator)
        inputs = draw_pairs(case.inputs, generator)
        if layers.batch is None or layers.residuals is None:
            raise RuntimeError("this criterion drew no batch")
        names = [name for name, part in layers.dense.named_children() if isinstance(part, nn.Linear)][: case.depth]
        types = dense_types(layers.dense, names, layers.batch, layers.residuals, case.density)
        exchanged = [replace(part, kept=part.energies, energies=part.kept) for part in types]
        # Without V an own share is the same mean of a weight, times W.
        by_edges = [replace(part, own=part.own * _share(part.kept, part.energies)) for part in types]
        x, y = (inputs[k::2].double().numpy() for k in (0, 1))
        kernels = {
            STATEMENT: conditioned_kernel(x, y, types),
            PLAIN: conditioned_kernel(x, y, types, projection=False, own=False, backward=False),
            "no-own-share": conditioned_kernel(x, y, types, own=False),
            "own-share-alone": conditioned_kernel(x, y, types, projection=False, backward=False),
            "no-backward": conditioned_kernel(x, y, types, backward=False),
            "means-by-edges": conditioned_kernel(x, y, by_edges, means=[part.kept for part in types]),
            "exchanged": conditioned_kernel(x, y, exchanged),
        }
        found = kernel_sums(empirical_ntk(layers.masked.module, inputs, masks=layers.masked.masks).layers)
        sums = {name: predicted_sums(kernel) for name, kernel in kernels.items()}
        hidden = [(a / case.density, b / case.density) for a, b in sums[STATEMENT][:-1]]
        sums["one-less"] = [*hidden, sums[STATEMENT][-1]]
        return {name: log_ratios(found, said) for name, said in sums.items()}

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence of every layer's part to its prediction at the largest width."""
        return decide(observations, variant, level, SCALE)

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """By what factors the network's kernel differs from the prediction, with and without the conditioning."""
        found = carrying(observations, STATEMENT)
        if not found:
            return None
        width = max(o.case.width for o in found)
        spans = []
        for variant in (STATEMENT, PLAIN):
            factors = [math.exp(float(row["mean"])) for row in self.decide(found, variant, level).rows]
            spans.append(f"{min(factors):.2f} to {max(factors):.2f}")
        return (
            f"At width {width} the network's kernel is {spans[0]} times the conditioned recursion, and {spans[1]} "
            f"times the unconditioned one, over layers, diagonal and pairs."
        )


def _share(kept: Array, energies: Array) -> Array:
    """``W/V``, 0 where nothing is kept."""
    return np.divide(kept, energies, out=np.zeros_like(kept), where=energies > 0)
