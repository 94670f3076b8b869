"""Lower bounds on the unlabelled cut distance, from what no relabelling changes.

**Degrees.** Let U be a kernel and ``D(u) = integral of U(u, v) dv``. The rectangles ``{D > 0} x [0, 1]`` and
``{D < 0} x [0, 1]`` give ``||U||_cut >= max(integral of D+, integral of D-) = (integral |D| + |integral D|) / 2``;
in particular ``integral |D| <= 2 ||U||_cut``. For ``U = W_A' - W_B`` with any relabelling A' of A, D is the
difference of two degree functions, the integral of its modulus is at least the Wasserstein-1 distance of the two
degree laws on the line (least when both are sorted), and the integral of D is the difference of the densities.
Hence ``(W1 + |density(A) - density(B)|) / 2 <= distance``, on either axis; as W1 is at least the difference of the
densities, this is at least that difference, and at least ``W1 / 2``.

**Counting.** ``|t(F, A) - t(F, B)| <= e(F) distance`` for values in [0, 1] (statement COUNT).

Each bound is lowered by an allowance for its own rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphon_theory.errors import InputError
from graphon_theory.homomorphism import GraphLike, bipartite_graph, homomorphism_density
from graphon_theory.step import step_graphon
from verification.cutnorm.rounding import gamma
from verification.distances.grid import Array, common_refinement

_UNDERFLOW = 2.0**-900


def sorted_degree_distance(one: Array, other: Array) -> float:
    """Wasserstein-1 distance of two laws of equal atoms on the line.

    Parameters
    ----------
    one, other
        Values, shapes (m,) and (n,), not necessarily sorted; each stands for a step function with equal steps.

    Returns
    -------
    float
        Integral of the modulus of the difference of the quantile functions, in the unit of the values.
    """
    grid = common_refinement(one.size, other.size)
    gaps = np.abs(np.sort(one)[grid.steps[0]] - np.sort(other)[grid.steps[1]])
    return float(gaps @ grid.relative_widths()) / grid.cells


def density_bound(A: Array, B: Array) -> float:
    """``|mean A - mean B|``, less rounding; at least 0."""
    return _lowered(abs(_density(A) - _density(B)), _allowance(A, B))


def degree_bound(A: Array, B: Array, axis: int) -> float:
    """``(W1 + |mean A - mean B|) / 2``, less rounding; at least 0.

    Parameters
    ----------
    A, B
        Finite matrices, any sizes.
    axis
        0 for the degrees of rows, 1 for those of columns.

    Returns
    -------
    float
        Lower bound on the unlabelled cut distance, in units of the values.
    """
    distance = sorted_degree_distance(A.mean(axis=1 - axis), B.mean(axis=1 - axis))
    return _lowered(0.5 * (distance + abs(_density(A) - _density(B))), _allowance(A, B))


def counting_bounds(A: Array, B: Array, graphs: Sequence[GraphLike]) -> dict[str, float]:
    """``|t(F, A) - t(F, B)| / e(F)`` of several graphs, less rounding; at least 0.

    Parameters
    ----------
    A, B
        Values in [0, 1], any sizes.
    graphs
        As in ``graphon_theory.homomorphism.bipartite_graph``, of treewidth at most 2; may be empty. Stars cost a
        matrix-vector product; C_4, ``K_{2,b}`` and cycles a matrix product.

    Returns
    -------
    dict
        By the name of the graph.

    Raises
    ------
    InputError
        If a value is outside [0, 1], or a graph is none or has treewidth above 2.
    """
    if not graphs:
        return {}
    graphons = step_graphon(A), step_graphon(B)
    found: dict[str, float] = {}
    for k, F in enumerate(graphs):
        try:
            graph = bipartite_graph(F)
            first, second = (homomorphism_density(graph, W) for W in graphons)
        except InputError as error:
            raise InputError(f"graphs[{k}]", error.value, error.remedy) from error
        # Sums and products of non-negative terms: relative errors add, one for each operation on the way.
        vertices = graph.neurons + graph.inputs
        operations = vertices * (max(*A.shape, *B.shape) + 8) + 4 * graph.edges
        allowance = gamma(operations) * (first + second) + _UNDERFLOW
        found[graph.name] = _lowered(abs(first - second) / graph.edges, allowance / graph.edges)
    return found


def _density(A: Array) -> float:
    # By rows first: the error of a mean grows with its number of terms.
    return float(A.mean(axis=1).mean())


def _allowance(A: Array, B: Array) -> float:
    # Means of means and weighted sums of at most that many terms, each a share of the mean moduli.
    return gamma(2 * sum((*A.shape, *B.shape)) + 32) * (float(np.abs(A).mean()) + float(np.abs(B).mean())) + _UNDERFLOW


def _lowered(value: float, allowance: float) -> float:
    return max(0.0, value * (1.0 - gamma(4)) - allowance)
