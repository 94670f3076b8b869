"""Generalisation of pruned networks in the kernel regime: GEN, PATH and SCALE.

``gen`` bounds the risk by ``y^T K^-1 y`` and ``tr K``; ``path`` bounds ``y^T K^-1 y`` by the path density of the
inputs, ``sample`` on one sample; ``layers`` and ``linear`` carry it to several layers and other activations,
``monomials`` to powers of a linear teacher; ``scale`` joins both bounds and finds the path density that makes them
least, by the search in ``filling``; ``loewner`` proves the order of two kernels in float64.
"""

from __future__ import annotations

from graphon_theory.generalisation.gen import GenBound, gen_bound, rademacher, scaled_gen_bound
from graphon_theory.generalisation.layers import path_density_layers
from graphon_theory.generalisation.linear import linear_coefficient, linear_part, mean_slope
from graphon_theory.generalisation.loewner import loewner_margin
from graphon_theory.generalisation.monomials import arcsine_coefficient, combined_energy, monomial_complexity
from graphon_theory.generalisation.path import PathBound, input_path_density, path_complexity
from graphon_theory.generalisation.sample import sample_path_energy
from graphon_theory.generalisation.scale import best_density, scale_floor, scale_free

__all__ = [
    "GenBound",
    "PathBound",
    "arcsine_coefficient",
    "best_density",
    "combined_energy",
    "gen_bound",
    "input_path_density",
    "linear_coefficient",
    "linear_part",
    "loewner_margin",
    "mean_slope",
    "monomial_complexity",
    "path_complexity",
    "path_density_layers",
    "rademacher",
    "sample_path_energy",
    "scale_floor",
    "scale_free",
    "scaled_gen_bound",
]
