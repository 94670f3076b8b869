"""NTK-c, measured: the kernel of a masked ReLU network over that of the same network without masks.

Both kernels are exact, of real networks at the same inputs, layer group by layer group; the prediction is a number for
each layer. No formula for a kernel enters: the dense network stands for its own limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from graphon_theory.noise import NoiseLaw
from verification.cases import Case, Observation, Values
from verification.claims.claim import STATEMENT, Measurement, Mutant, Outcome, carrying
from verification.claims.false_laws import matched_law
from verification.claims.masked_kernels import (
    DIAGONAL,
    decide,
    draw_pairs,
    group_name,
    kernel_sums,
    log_ratios,
    prune_layers,
)
from verification.ntk.empirical import empirical_ntk

SCALE = 6.0
"""Margin of a mean log-ratio is ``SCALE n^(-1/2)``: a factor 1.45 at n = 256, where the papers' is off by 19."""


class NtkC:
    """The claim of statement NTK-c."""

    id = "NTK-c"
    criteria = ("random", "magnitude")
    on_models = False
    mutants = (
        Mutant("as-redrawn", "c^L in every layer, for kept weights too", reading="[P25]"),
        Mutant("exchanged", "V and W exchanged: hidden layers V c^(L-1), output c^L"),
        Mutant("one-less", "one factor c less in the hidden layers"),
        Mutant("output-less", "the output layer one factor less"),
        Mutant("other-noise", "V of another noise law, at the same density"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Compare a masked network's kernel with the dense network's, times each variant's factors."""
        generator = torch.Generator().manual_seed(seed)
        layers = prune_layers(case, generator)
        inputs = draw_pairs(case.inputs, generator)
        masked = kernel_sums(empirical_ntk(layers.masked.module, inputs, masks=layers.masked.masks).layers)
        dense = kernel_sums(empirical_ntk(layers.dense, inputs).layers)
        values: dict[str, Mapping[str, float]] = {}
        for name, (hidden, output) in _factors(case, layers.noise).items():
            factors = [hidden] * case.depth + [output]
            said = [(f * a, f * b) for f, (a, b) in zip(factors, dense, strict=True)]
            values[name] = log_ratios(masked, said)
        return values

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence of every layer's ratio to its factor at the largest width."""
        return decide(observations, variant, level, SCALE)

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """How far kept weights are from the papers' ``c^L``."""
        found = [o for o in carrying(observations, "as-redrawn") if o.case.weights == "kept"]
        found = [o for o in found if o.case.criterion == "magnitude"]
        if not found:
            return None
        deepest = max(o.case.depth for o in found)
        found = [o for o in found if o.case.depth == deepest]
        width = max(o.case.width for o in found)
        found = [o for o in found if o.case.width == width]
        name = group_name(found[0].case)
        found = [o for o in found if group_name(o.case) == name]
        rows = decide(found, "as-redrawn", level, SCALE).rows
        parts = {str(row["measure"]): math.exp(float(row["mean"])) for row in rows}
        off = {part.removesuffix(f", {DIAGONAL}"): f for part, f in parts.items() if part.endswith(DIAGONAL)}
        hidden = [f for part, f in off.items() if part != "output"]
        held = self.decide([o for o in observations if group_name(o.case) == name], STATEMENT, level).outcome
        verdict = {
            Outcome.SUPPORTED: "c V^(L-1) and V^L hold within their margins there",
            Outcome.REFUTED: "c V^(L-1) and V^L do NOT hold there either",
        }.get(held, "c V^(L-1) and V^L were not decided there")
        return (
            f"Kept weights ({name}, n = {width}): the masked network's kernel is {min(hidden):.3g} to "
            f"{max(hidden):.3g} times c^L Theta_dense in its hidden layers and {off['output']:.3g} times in its output "
            f"layer; {verdict}."
        )


def _factors(case: Case, noise: NoiseLaw) -> dict[str, tuple[float, float]]:
    """Factors of hidden and output layers, by variant."""
    c, L = case.density, case.depth
    own = case.weights == "kept" and case.criterion == "magnitude"
    v = _energy(noise, c) if own else c
    other = _energy(matched_law(noise), c) if own else c
    return {
        STATEMENT: (c * v ** (L - 1), v**L),
        "as-redrawn": (c**L, c**L),
        "exchanged": (v * c ** (L - 1), c**L),
        "one-less": (v ** (L - 1), v**L),
        "output-less": (c * v ** (L - 1), v ** (L - 1)),
        "other-noise": (c * other ** (L - 1), other**L),
    }


def _energy(noise: NoiseLaw, density: float) -> float:
    """``V`` of Magnitude at a density, in units of the variance."""
    return float(noise.truncated_moment(np.array(noise.inverse(density)))) / noise.variance
