"""Tightness of LIM-a and NULL: bound over observed cut distance, by profile, density and size.

Observed is the lower bound with witness of ``verification.cut_norm_lower``, mean over masks drawn from the
model; the certified upper bound is some 15 % above it, so the true ratio is at most that much smaller.
"""

from __future__ import annotations

import numpy as np
import torch

from graphon_theory.bounds import bernstein_bound, hoeffding_bound, null_distance
from graphon_theory.noise import Gaussian
from graphon_theory.saliency import FiniteModel
from verification.cutnorm import cut_norm_lower
from verification.sampling import sample_mask

DELTA = 0.01
MASKS = 2
SIZES = (256, 512, 1024, 2048, 4096)
DENSITIES = (0.1, 0.5)


def _profiles(n: int, generator: torch.Generator) -> dict[str, np.ndarray]:
    u = torch.rand(n, generator=generator, dtype=torch.float64).numpy()
    v = (np.arange(n) + 0.5) / n
    a, b = (np.abs(torch.randn(n, generator=generator, dtype=torch.float64).numpy()) for _ in range(2))
    return {
        "constant": np.ones((n, n)),
        "(1/2 + u) exp(-v)": np.outer(0.5 + u, np.exp(-v)),
        "half-normal, both": np.outer(a, b),
    }


def main(largest: int) -> None:
    """Print the table for sizes up to ``largest``."""
    print(f"LIM-a over observed, delta = {DELTA}, Gaussian noise, mean of {MASKS} masks")
    print(f"{'profile':20}{'rho':>6}{'n = d':>7}{'observed':>11}{'Bernstein':>11}{'Hoeffding':>11}{'NULL':>8}")
    for n in (size for size in SIZES if size <= largest):
        generator = torch.Generator().manual_seed(n)
        for name, profile in _profiles(n, generator).items():
            model = FiniteModel(profile, Gaussian())
            for rho in DENSITIES:
                p = model.probabilities(rho)
                masks = (sample_mask(model, rho, generator).numpy() for _ in range(MASKS))
                observed = float(np.mean([cut_norm_lower(kept - p) for kept in masks]))
                null = f"{observed / null_distance(n, n, rho):8.3f}" if name == "constant" else ""
                print(
                    f"{name:20}{rho:6.1f}{n:7d}{observed:11.6f}{bernstein_bound(p, DELTA) / observed:11.2f}"
                    f"{hoeffding_bound(n, n, DELTA) / observed:11.2f}{null}",
                    flush=True,
                )
