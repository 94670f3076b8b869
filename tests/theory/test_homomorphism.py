"""Homomorphism densities: against plain loops over vertex maps, against closed forms, and COUNT."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import sympy

from graphon_theory import SaliencyModel, notation
from graphon_theory.bounds import counting_bound
from graphon_theory.errors import InputError
from graphon_theory.graphon import Graphon
from graphon_theory.homomorphism import (
    BipartiteGraph,
    bipartite_graph,
    complete,
    homomorphism_density,
    path,
    star_input,
    star_neuron,
)
from graphon_theory.step import step_graphon
from verification.cutnorm.exact import cut_norm_exact

GRAPHS = [
    "edge",
    "star_neuron(2)",
    "star_neuron(3)",
    "star_input(2)",
    "star_input(3)",
    "path(3)",
    "path(4)",
    path(4, start="input"),
    "C_4",
    "K_{2,3}",
    "K_{3,2}",
    BipartiteGraph(((True, False), (False, True)), "two edges apart"),
    BipartiteGraph(((True, True, False), (False, True, True), (True, False, True)), "C_6"),
    BipartiteGraph(((True, True, False), (True, True, False), (False, True, False)), "C_4 with a tail, vertex apart"),
]


def _label(F: str | BipartiteGraph) -> str:
    return F if isinstance(F, str) else F.name


def _by_loops(F: BipartiteGraph, A: np.ndarray) -> float:
    """Average, over all maps of the vertices, of the product over the edges."""
    n, d = A.shape
    maps = itertools.product(
        itertools.product(range(n), repeat=F.neurons), itertools.product(range(d), repeat=F.inputs)
    )
    total = math.fsum(math.prod(A[rows[a], columns[b]] for a, b in F.pairs()) for rows, columns in maps)
    return total / (n**F.neurons * d**F.inputs)


def _product_graphon() -> Graphon:
    return Graphon(expr=notation.u * notation.v, evaluate=lambda u, v: u * v)


@pytest.mark.parametrize("F", GRAPHS, ids=_label)
@pytest.mark.parametrize("shape", [(3, 4), (4, 2), (1, 3)])
def test_step_graphon_density_is_the_average_over_vertex_maps(F: str | BipartiteGraph, shape: tuple[int, int]) -> None:
    A = np.random.default_rng(3).uniform(size=shape)
    assert homomorphism_density(F, step_graphon(A)) == pytest.approx(_by_loops(bipartite_graph(F), A), rel=1e-13)


@pytest.mark.parametrize("F", GRAPHS, ids=_label)
def test_constant_graphon_gives_a_power_of_the_density(F: str | BipartiteGraph) -> None:
    rho = 0.3
    expected = rho ** bipartite_graph(F).edges
    constant = Graphon(expr=sympy.Rational(3, 10), evaluate=lambda u, v: np.full(np.broadcast(u, v).shape, rho))
    assert constant.homomorphism_density(F) == pytest.approx(expected, rel=1e-12)
    assert SaliencyModel().graphon(rho).homomorphism_density(F) == pytest.approx(expected, rel=1e-9)
    assert step_graphon(np.full((5, 7), rho)).homomorphism_density(F) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("F", GRAPHS, ids=_label)
def test_product_graphon_splits_into_moments_of_the_degrees(F: str | BipartiteGraph) -> None:
    """For W = u v each vertex of degree k gives the integral of ``x^k``, 1/(k + 1)."""
    graph = bipartite_graph(F)
    joined = np.array(graph.biadjacency, dtype=int)
    degrees = [*joined.sum(axis=1), *joined.sum(axis=0)]
    expected = math.prod(1.0 / (k + 1) for k in degrees)
    assert _product_graphon().homomorphism_density(F) == pytest.approx(expected, rel=1e-12)


def test_stars_are_moments_of_the_degree_functions_and_the_sides_differ() -> None:
    W = Graphon(expr=notation.u**2, evaluate=lambda u, v: u**2 + 0.0 * v)
    assert W.homomorphism_density(star_neuron(3)) == pytest.approx(1 / 7, rel=1e-12)
    assert W.homomorphism_density(star_input(3)) == pytest.approx(1 / 27, rel=1e-12)


def test_densities_of_a_corner_step_function() -> None:
    """W = 1 on [0, a] x [0, b] only: ``a`` to the number of neurons times ``b`` to that of inputs."""
    A = np.zeros((8, 4))
    A[:2, :3] = 1.0
    for F in ("edge", "C_4", "K_{2,3}", "path(4)"):
        graph = bipartite_graph(F)
        expected = 0.25**graph.neurons * 0.75**graph.inputs
        assert step_graphon(A).homomorphism_density(F) == pytest.approx(expected, rel=1e-13)


def test_cycle_density_is_the_fourth_power_sum_of_singular_values() -> None:
    A = np.random.default_rng(5).uniform(size=(40, 30))
    singular = np.linalg.svd(A / math.sqrt(A.size), compute_uv=False)
    assert step_graphon(A).homomorphism_density("C_4") == pytest.approx(float((singular**4).sum()), rel=1e-12)


@pytest.mark.parametrize("F", GRAPHS, ids=_label)
def test_count_holds_on_small_matrices_with_exact_cut_norms(F: str | BipartiteGraph) -> None:
    rng = np.random.default_rng(11)
    for _ in range(10):
        P = rng.uniform(size=(6, 9))
        M = (rng.uniform(size=P.shape) < P).astype(float)
        distance = cut_norm_exact(M - P).upper
        assert distance is not None
        change = abs(step_graphon(M).homomorphism_density(F) - step_graphon(P).homomorphism_density(F))
        assert change <= counting_bound(F, distance) * (1 + 1e-12)


def test_count_is_attained_for_the_edge_and_would_fail_with_fewer_edges() -> None:
    """Constants 1 and 1 - x at cut distance x: the C_4 densities differ by nearly 4 x, so a factor 3 is false."""
    x = 0.01
    near, one = step_graphon(np.full((2, 2), 1 - x)), step_graphon(np.ones((2, 2)))
    assert one.homomorphism_density("edge") - near.homomorphism_density("edge") == pytest.approx(x, rel=1e-12)
    change = one.homomorphism_density("C_4") - near.homomorphism_density("C_4")
    assert 3 * x < change <= counting_bound("C_4", x) == pytest.approx(4 * x)


def test_quadrature_agrees_with_a_fine_step_graphon() -> None:
    W = SaliencyModel(g=notation.u + sympy.Rational(1, 2), f=sympy.exp(-notation.v)).graphon(0.2)
    grid = (np.arange(600) + 0.5) / 600
    fine = step_graphon(W(grid[:, None], grid[None, :]))
    for F in ("C_4", "K_{2,3}", "path(4)", "star_input(3)"):
        assert W.homomorphism_density(F) == pytest.approx(fine.homomorphism_density(F), rel=1e-5)


def test_names_and_constructors_agree() -> None:
    assert bipartite_graph("K_{2,3}") == complete(2, 3)
    assert bipartite_graph("star_neuron(4)") == star_neuron(4)
    assert bipartite_graph([[1, 1], [1, 1]]).biadjacency == bipartite_graph("C_4").biadjacency
    assert path(2).biadjacency == star_input(2).biadjacency
    assert path(2, start="input").biadjacency == star_neuron(2).biadjacency
    assert [bipartite_graph(F).edges for F in ("edge", "path(5)", "C_4", "K_{2,3}")] == [1, 5, 4, 6]


@pytest.mark.parametrize("F", ["C4", "star(2)", "path(0)", "", [[1, 2]], [[0.5]], [], [[]], [[1], [1, 0]], [[0, 0]]])
def test_unknown_graphs_are_refused(F: object) -> None:
    with pytest.raises(InputError):
        bipartite_graph(F)  # type: ignore[arg-type]


def test_ragged_rows_and_bad_counts_are_refused() -> None:
    with pytest.raises(InputError, match="biadjacency"):
        BipartiteGraph(((True,), (True, False)))
    with pytest.raises(InputError, match="leaves = 0"):
        star_neuron(0)
    with pytest.raises(InputError, match="start"):
        path(2, start="middle")  # type: ignore[arg-type]


def test_graphs_of_larger_treewidth_are_refused() -> None:
    with pytest.raises(InputError, match="treewidth"):
        homomorphism_density(complete(3, 3), step_graphon(np.ones((2, 2))))
