"""COUNT, the cut norm and step graphons, for any small graphons: by enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphon_theory.bounds import counting_bound
from graphon_theory.homomorphism import bipartite_graph
from graphon_theory.step import StepGraphon, step_graphon
from tests.properties.within import within
from verification.cutnorm import cut_norm
from verification.strategies import GRAPHONS, densities, graphons, masks, scores

PATTERNS = ("edge", "star_neuron(2)", "star_input(2)", "path(3)", "C_4")


def brute_cut(A: np.ndarray) -> float:
    """Cut norm by all subsets of rows, and the best columns for each."""
    rows = np.array(list(itertools.product((0.0, 1.0), repeat=A.shape[0])))
    sums = rows @ A
    return float(max(np.maximum(sums, 0).sum(axis=1).max(), np.maximum(-sums, 0).sum(axis=1).max())) / A.size


def brute_density(name: str, W: StepGraphon) -> float:
    """Homomorphism density by all maps of the vertices."""
    F, (n, d) = bipartite_graph(name), W.shape
    total = 0.0
    for rows in itertools.product(range(n), repeat=F.neurons):
        for columns in itertools.product(range(d), repeat=F.inputs):
            total += float(np.prod([W.matrix[rows[a], columns[b]] for a, b in F.pairs()]))
    return total / (n**F.neurons * d**F.inputs)


def pairs(largest: int) -> st.SearchStrategy[tuple[StepGraphon, StepGraphon]]:
    """Two graphons of one shape, of any two kinds."""
    sizes = st.tuples(st.integers(1, largest), st.integers(1, largest))
    return sizes.flatmap(lambda shape: st.tuples(graphons(*shape), graphons(*shape)))


@within(60)
@given(pairs(3), st.sampled_from(PATTERNS))
def test_count(two: tuple[StepGraphon, StepGraphon], name: str) -> None:
    """COUNT: ``|t(F, W) - t(F, W')| <= e(F) ||W - W'||``, densities and norm by enumeration."""
    difference = abs(brute_density(name, two[0]) - brute_density(name, two[1]))
    assert difference <= counting_bound(name, brute_cut(two[0].matrix - two[1].matrix)) + 1e-14


@pytest.mark.parametrize("name", PATTERNS)
def test_homomorphism_densities_are_sums_over_maps(name: str) -> None:
    @within(12)
    @given(graphons(st.integers(1, 3), st.integers(1, 3)))
    def check(W: StepGraphon) -> None:
        assert W.homomorphism_density(name) == pytest.approx(brute_density(name, W), rel=1e-12, abs=1e-300)

    check()


@within(60)
@given(pairs(5))
def test_bounds_of_the_cut_norm_enclose_enumeration(two: tuple[StepGraphon, StepGraphon]) -> None:
    A = two[0].matrix - two[1].matrix
    truth, found = brute_cut(A), cut_norm(A)
    assert found.upper is not None
    slack = 1e-15 * sum(A.shape)  # of the enumeration's own sums
    assert found.lower <= truth + slack
    assert truth <= found.upper + slack


@within(40)
@given(st.sampled_from(["transposed", "reversed", "negated"]), pairs(4))
def test_the_cut_norm_does_not_see_labels_or_sign(how: str, two: tuple[StepGraphon, StepGraphon]) -> None:
    A = two[0].matrix - two[1].matrix
    same = {"transposed": A.T, "reversed": A[::-1, ::-1], "negated": -A}[how]
    assert cut_norm(np.ascontiguousarray(same)).lower == pytest.approx(cut_norm(A).lower, rel=1e-12, abs=1e-300)


@within(80)
@given(masks())
def test_step_graphons_of_masks_count_what_is_kept(kept: np.ndarray) -> None:
    W = step_graphon(kept)
    n, d = kept.shape
    assert W.density() == pytest.approx(int(kept.sum()) / (n * d), rel=1e-14)
    rows = W.degree_neuron((np.arange(n) + 0.5) / n)
    np.testing.assert_allclose(rows, [sum(map(int, row)) / d for row in kept], rtol=1e-14)


@within(60)
@given(scores(st.integers(2, 6), st.integers(1, 6)), st.data())
def test_masks_of_the_same_scores_are_nested(ranked: np.ndarray, data: st.DataObject) -> None:
    """NEST: with ties kept in order of place, a sparser mask lies within a denser; each keeps what it should."""
    import torch

    from verification.masks import mask

    shares = sorted(data.draw(densities(entries=ranked.size)) for _ in range(2))
    found = [mask(torch.from_numpy(ranked), density=rho, ties="index").numpy() for rho in shares]
    assert [int(kept.sum()) for kept in found] == [round(rho * ranked.size) for rho in shares]
    assert not bool((found[0] & ~found[1]).any())


@pytest.mark.parametrize("kind", GRAPHONS)
def test_every_kind_of_graphon_is_one(kind: str) -> None:
    @within(20)
    @given(graphons(kinds=[kind], rank=2))
    def check(W: StepGraphon) -> None:
        assert 0.0 <= float(W.matrix.min()) <= float(W.matrix.max()) <= 1.0
        if kind == "constant":
            assert float(np.ptp(W.matrix)) == 0.0
        if kind == "rank one":
            assert np.linalg.matrix_rank(W.matrix) <= 1
        if kind == "rank R":
            assert np.linalg.matrix_rank(W.matrix) <= 2

    check()
