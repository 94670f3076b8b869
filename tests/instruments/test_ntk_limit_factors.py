"""A layer's graphons at nodes, and their factorisation: against dense sums and known structure."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sympy import Rational, exp

from graphon_theory import FiniteModel, Gaussian, SaliencyModel, Uniform
from graphon_theory.errors import InputError
from graphon_theory.notation import u, v
from verification.ntk.dual import dual
from verification.ntk.graphon_factors import (
    GraphonLayer,
    constant_layer,
    factorise,
    field_layer,
    finite_layer,
    model_layer,
    step_layer,
)

MODEL = SaliencyModel(g=Rational(1, 2) + u, f=exp(-v))


@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-8])
def test_factors_reproduce_both_graphons_within_their_error(tolerance: float) -> None:
    layer = model_layer(MODEL, 0.1, columns=300)
    factors = factorise(layer, tolerance=tolerance)
    gaps = [np.abs(factors.product(a) - b).max() for a, b in ((factors.W, layer.W), (factors.V, layer.V))]
    assert max(gaps) <= factors.error * (1 + 1e-9) <= 1.01 * tolerance * layer.V.max()
    assert sorted(np.concatenate([part for part, _ in factors.parts])) == list(range(300))


def test_covariances_err_by_no_more_than_stated() -> None:
    layer = model_layer(MODEL, 0.1, columns=40)
    factors = factorise(layer, tolerance=1e-3)
    X = np.random.default_rng(0).standard_normal((6, 40))
    for left, matrix in ((factors.V, layer.V), (factors.W, layer.W)):
        for approximate, row in zip(factors.product(left), matrix, strict=True):
            gap = np.abs((X * approximate) @ X.T - (X * row) @ X.T) / 40
            sizes = np.linalg.norm(X, axis=1)
            assert (gap <= factors.error * np.outer(sizes, sizes) / 40 + 1e-15).all()


def test_constant_rank_one_and_step_graphons_are_exact() -> None:
    constant = factorise(constant_layer(0.1, 0.4, columns=50))
    assert (constant.rank, constant.error) == (1, pytest.approx(0.0, abs=1e-16))
    rows, columns = np.linspace(0.2, 1, 5), np.linspace(0.1, 0.9, 64)
    product = GraphonLayer(np.outer(rows, columns), np.outer(rows, columns), np.full(5, 0.2), np.full(64, 1 / 64),
                           np.ones(5))  # fmt: skip
    one = factorise(product, tolerance=1e-12)
    assert one.rank == 1
    assert one.error < 1e-14
    blocks = np.random.default_rng(1).random((64, 64))
    step = factorise(step_layer(blocks, columns=640), tolerance=1e-12)
    assert step.rank == 64
    assert step.error < 1e-13
    # Each column is in one Gram matrix alone: together they cost as much as one.
    assert sum(part.size * right.shape[0] for part, right in step.parts) == 640


def test_nodes_integrate_over_neurons() -> None:
    for noise in (Gaussian(), Uniform()):
        model = SaliencyModel(g=Rational(1, 2) + u, f=exp(-v), noise=noise)
        layer = model_layer(model, 0.2, columns=30, nodes=24)
        grid = (np.arange(30) + 0.5) / 30
        dense = (np.arange(20_000) + 0.5) / 20_000
        for part, graphon in ((layer.W, model.graphon(0.2)), (layer.V, model.energy_graphon(0.2))):
            truth = graphon(dense[:, None], grid[None, :]).mean(axis=0)
            assert np.abs(layer.weights @ part - truth).max() <= max(2 * layer.error, 1e-8) * truth.max()


def test_number_of_nodes_meets_the_tolerance() -> None:
    counts = []
    for tolerance in (1e-2, 1e-4, 1e-8):
        layer = model_layer(MODEL, 0.1, columns=30, tolerance=tolerance)
        assert layer.error <= tolerance
        counts.append(layer.weights.size)
    assert counts[0] < counts[1] < counts[2] <= 16
    assert model_layer(SaliencyModel(), 0.1, columns=3).weights.size == 1


def test_profiles_unbounded_at_an_end() -> None:
    # g = |a| of Gaussian readouts: a = Phi^-1((1 + u)/2), so E[a^2] = 1 comes out of the nodes.
    def size(points: np.ndarray) -> np.ndarray:
        return norm.ppf(0.5 + 0.5 * points)

    def kept(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return 2 * norm.sf(1.2 / np.maximum(size(rows), 1e-300)) * np.ones_like(columns)

    layer = field_layer(kept, columns=4, readout=lambda points: size(points) ** 2, tolerance=1e-3)
    assert layer.error <= 1e-3
    truth = np.mean(2 * norm.sf(1.2 / size((np.arange(200_000) + 0.5) / 200_000)))
    assert layer.weights @ layer.W[:, 0] == pytest.approx(truth, rel=3e-3)


def test_redrawn_weights_transmit_the_mask_times_their_variance() -> None:
    model = SaliencyModel(g=Rational(1, 2) + u, noise=Uniform())
    layer = model_layer(model, 0.2, columns=5, variant="redrawn")
    np.testing.assert_array_equal(layer.V, layer.W * model.noise.variance)
    kept = model_layer(model, 0.2, columns=5)
    np.testing.assert_array_equal(kept.redrawn(2.0).V, 2.0 * kept.W)


def test_finite_models_keep_their_rows_or_group_them() -> None:
    rng = np.random.default_rng(4)
    few = FiniteModel.from_factors(np.repeat([0.5, 1.0, 2.0], [4, 3, 3]), rng.random(7) + 0.5, Gaussian())
    layer = finite_layer(few, 0.3, readout=np.arange(10.0) // 4)
    assert layer.error == 0.0
    assert layer.groups is not None
    np.testing.assert_allclose(layer.W[layer.groups], few.probabilities(0.3), rtol=1e-13)
    np.testing.assert_allclose(layer.readout[layer.groups], np.arange(10.0) // 4)
    many = FiniteModel.from_factors(rng.random(60) + 0.5, rng.random(7) + 0.5, Gaussian())
    grouped = finite_layer(many, 0.3, nodes=8)
    assert grouped.weights.size == 8
    assert 0 < grouped.error < 0.1
    np.testing.assert_allclose(grouped.weights @ grouped.W, many.probabilities(0.3).mean(axis=0), rtol=1e-12)
    above = FiniteModel.from_factors(rng.random(5) + 0.5, rng.random(60) + 0.5, Gaussian())
    second = finite_layer(above, 0.4, before=grouped)
    assert second.W.shape == (5, 8)
    assert second.groups is not None
    found = (second.W @ second.columns)[second.groups]
    np.testing.assert_allclose(found, above.probabilities(0.4).mean(axis=1), rtol=1e-9)


def test_step_layers_read_the_nodes_before_them() -> None:
    first = step_layer(np.full((4, 2), 0.5), columns=6)
    second = step_layer([[0.1, 0.9]], columns=first)
    np.testing.assert_array_equal(second.W, [[0.1, 0.1, 0.9, 0.9]])
    assert second.error == 0.0
    assert step_layer([[0.1, 0.9, 0.2]], columns=first).error > 0.0


def test_bad_input_is_named() -> None:
    ones = np.ones
    with pytest.raises(InputError, match="W"):
        step_layer([[1.5]], columns=2)
    with pytest.raises(InputError, match="V"):
        step_layer([[0.5]], [[-1.0]], columns=2)
    with pytest.raises(InputError, match="one shape"):
        step_layer(ones((2, 2)), ones((2, 3)), columns=2)
    with pytest.raises(InputError, match="columns"):
        constant_layer(0.5, columns=0)
    with pytest.raises(InputError, match="columns"):
        model_layer(MODEL, 0.1, columns=[0.5, 1.5])
    with pytest.raises(InputError, match="variant"):
        model_layer(MODEL, 0.1, columns=2, variant="new")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="weights"):
        GraphonLayer(ones((2, 2)), ones((2, 2)), ones(2), ones(2) / 2, ones(2))
    with pytest.raises(InputError, match="tolerance"):
        factorise(constant_layer(0.5, columns=2), tolerance=0.0)
    finite = finite_layer(FiniteModel(ones((3, 2))), 0.5)
    with pytest.raises(InputError, match="columns"):
        model_layer(MODEL, 0.1, columns=finite)
    with pytest.raises(InputError, match="before"):
        finite_layer(FiniteModel(ones((3, 2))), 0.5, before=finite)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_variances_below_the_normal_range_count_as_none(dtype: torch.dtype) -> None:
    relu = dual("relu")
    tiny = relu.prepare(torch.tensor([[1e-90 if dtype == torch.float32 else 1e-310, 1.0]], dtype=torch.float64), dtype)
    assert torch.isfinite(tiny).all()
    k1, k0 = relu.pair(torch.zeros(1, 2, 2, dtype=dtype), tiny, tiny)
    assert torch.isfinite(k1).all()
    assert torch.isfinite(k0).all()
    assert float(k1[0, 0, 1]) == 0.0
