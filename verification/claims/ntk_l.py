"""NTK-L, measured: the exact kernel of deep masked networks against [P25] Theorem 1 with W and V kept apart.

Weights drawn anew under any mask, and kept weights under masks without data. For kept weights under SNIP the theorem
is put to the same rule as a false variant ("data-driven", with data of its own).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from verification.cases import Case, Observation, Values
from verification.claims.claim import Measurement, Mutant, Outcome, carrying
from verification.claims.kernel_variants import AS_REDRAWN, COMMON, compare
from verification.claims.masked_kernels import decide, draw_pairs, prune_layers

SCALE = 6.0
"""Margin of a mean log-ratio is ``SCALE n^(-1/2)``, as for NTK-c."""

DATA_DRIVEN = "data-driven"


class NtkL:
    """The claim of statement NTK-L."""

    id = "NTK-L"
    criteria = ("random", "magnitude", "synflow", "snip")
    on_models = False
    mutants = (
        AS_REDRAWN,
        *COMMON,
        Mutant(DATA_DRIVEN, "the same for kept weights under a data-driven mask", own_data=True, reading="[P25]"),
    )

    def trial(self, case: Case, seed: int) -> Values:
        """Compare one masked network's kernel with each variant's prediction."""
        generator = torch.Generator().manual_seed(seed)
        layers = prune_layers(case, generator)
        return compare(case, layers, draw_pairs(case.inputs, generator))

    def decide(self, observations: Sequence[Observation], variant: str, level: float) -> Measurement:
        """Equivalence of every layer's part to its prediction at the largest width."""
        return decide(observations, variant, level, SCALE)

    def headline(self, observations: Sequence[Observation], level: float) -> str | None:
        """By what factor the theorem misses kept weights under a data-driven mask."""
        found = carrying(observations, DATA_DRIVEN)
        if not found:
            return None
        decision = self.decide(found, DATA_DRIVEN, level)
        width = max(o.case.width for o in found)
        factors = [math.exp(float(row["mean"])) for row in decision.rows]
        verdict = {
            Outcome.REFUTED: "does not cover kept weights under a data-driven mask",
            Outcome.SUPPORTED: "was not seen to miss kept weights under a data-driven mask",
        }.get(decision.outcome, "was not decided for kept weights under a data-driven mask")
        return (
            f"The recursion {verdict}: at width {width} the network's kernel is {min(factors):.2f} to "
            f"{max(factors):.2f} times the prediction, over layers, diagonal and pairs."
        )
