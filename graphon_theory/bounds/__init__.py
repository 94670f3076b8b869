"""Bounds on the distance between a mask and its prediction, and what follows from a distance.

``hoeffding`` and ``bernstein`` bound the cut norm (LIM-a); ``rectangle`` bounds the deviation on rectangles that
are fixed before the noise is drawn. These hold for the top-k mask of a saliency model whose types are known;
``population`` (LIM-b) goes on to types that are drawn. ``counting`` (COUNT) turns a cut distance into one of
homomorphism densities; ``null`` (NULL) is the distance to expect of a mask without structure, and no bound.
"""

from __future__ import annotations

from graphon_theory.bounds.bernstein import bernstein_bound, bernstein_deviation
from graphon_theory.bounds.counting import counting_bound
from graphon_theory.bounds.hoeffding import hoeffding_bound
from graphon_theory.bounds.null import null_distance
from graphon_theory.bounds.population import population_bound, type_discrepancy
from graphon_theory.bounds.rectangle import rectangle_bound
from graphon_theory.bounds.sharpest import MaskBound, mask_bound

__all__ = [
    "MaskBound",
    "bernstein_bound",
    "bernstein_deviation",
    "counting_bound",
    "hoeffding_bound",
    "mask_bound",
    "null_distance",
    "population_bound",
    "rectangle_bound",
    "type_discrepancy",
]
