"""Approximation on active coordinates: which neurons are joined to all of them, and how many (statement UAT-count).

``star`` has the star densities and their bounds; ``joined_law`` the laws of the number of joined neurons at a fixed
threshold; ``uniform_law`` that in a uniformly random mask; ``compensation`` its variance under top-k; ``bracket`` its
tails under top-k; ``coordinates`` checks sets of coordinates.
"""

from __future__ import annotations

from graphon_theory.approximation.bracket import (
    JoinedBracket,
    bracket_densities,
    bracket_probabilities,
    joined_bracket,
    joined_rates,
)
from graphon_theory.approximation.compensation import TopKVariance, drawn_types_variance, given_types_variance
from graphon_theory.approximation.coordinates import active_set, column_types, disjoint_sets
from graphon_theory.approximation.joined_law import drawn_types_law, given_types_law, pooled_law
from graphon_theory.approximation.star import (
    Star,
    edge_floor_bound,
    few_joined_bound,
    finite_star,
    model_star,
    row_nodes,
    star,
)
from graphon_theory.approximation.uniform_law import exact_uniform_mask_law, full_block_rate, uniform_mask_law

__all__ = [
    "JoinedBracket",
    "Star",
    "TopKVariance",
    "active_set",
    "bracket_densities",
    "bracket_probabilities",
    "column_types",
    "disjoint_sets",
    "drawn_types_law",
    "drawn_types_variance",
    "edge_floor_bound",
    "exact_uniform_mask_law",
    "few_joined_bound",
    "finite_star",
    "full_block_rate",
    "given_types_law",
    "given_types_variance",
    "joined_bracket",
    "joined_rates",
    "model_star",
    "pooled_law",
    "row_nodes",
    "star",
    "uniform_mask_law",
]
