"""Distances of step graphons: with labels kept, at any two sizes, and up to relabelling.

    >>> import numpy as np
    >>> from verification.distances import step_distance
    >>> A = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> step_distance(A, np.kron(A, np.ones((3, 2)))).upper
    0.0

Modules: ``grid`` refines two divisions of [0, 1], ``step`` bounds the labelled distance, ``alignment`` orders rows
and columns, ``invariants`` holds lower bounds that no relabelling changes, ``unlabelled`` assembles both;
``intake`` checks input.
"""

from __future__ import annotations

from verification.distances.grid import Grid, common_refinement
from verification.distances.step import LARGEST_REFINEMENT, StepDistance, step_distance
from verification.distances.unlabelled import GRAPHS, UnlabelledDistance, unlabelled_distance

__all__ = [
    "GRAPHS",
    "LARGEST_REFINEMENT",
    "Grid",
    "StepDistance",
    "UnlabelledDistance",
    "common_refinement",
    "step_distance",
    "unlabelled_distance",
]
