"""Kernels of graphons and the bounds on them: NTK-c to NTK-K, GEN, PATH and SCALE, for any graphon and inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, reject
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from graphon_theory.errors import InputError
from graphon_theory.generalisation import (
    best_density,
    gen_bound,
    input_path_density,
    loewner_margin,
    path_complexity,
    scale_floor,
    scale_free,
    scaled_gen_bound,
)
from graphon_theory.step import StepGraphon
from tests.properties.within import within
from verification.ntk.conditioned import conditioned_kernel
from verification.ntk.dense_types import dense_types
from verification.ntk.graphon_factors import constant_layer, step_layer
from verification.ntk.limit import limit_ntk
from verification.strategies import batches, densities, graphons, networks

POINTS = st.integers(1, 4)
NUMBERS = st.sampled_from([1.0, -1.0, 0.5, -2.0])
SIZES = st.sampled_from([1.0, 0.25, 4.0, 0.01])


def inputs(columns: int) -> st.SearchStrategy[np.ndarray]:
    """Inputs of a few values, so that some are equal or opposite."""
    return POINTS.flatmap(lambda rows: arrays(np.float64, (rows, columns), elements=NUMBERS))


def least(K: np.ndarray) -> float:
    """Smallest eigenvalue, in units of the largest entry."""
    return float(np.linalg.eigvalsh((K + K.T) / 2.0)[0]) / max(float(np.abs(K).max()), 1.0)


@within(25)
@given(graphons(st.integers(1, 3), 3), inputs(3), st.sampled_from(["relu", "erf"]))
def test_kernels_of_graphons_are_kernels(W: StepGraphon, X: np.ndarray, activation: str) -> None:
    """NTK-1: symmetric and positive semidefinite, and no entry moves when the inputs are put in another order."""
    layer = step_layer(W.matrix, columns=3)
    K = limit_ntk(X, layer, activation=activation).total.numpy()
    np.testing.assert_allclose(K, K.T, atol=1e-12)
    assert least(K) >= -1e-9
    turned = limit_ntk(X[::-1].copy(), layer, activation=activation).total.numpy()
    np.testing.assert_allclose(turned, K[::-1, ::-1], atol=1e-9)


@within(15)
@given(graphons(2, 2), graphons(2, 2), inputs(2))
def test_every_layers_part_of_a_deep_kernel_is_a_kernel(first: StepGraphon, second: StepGraphon, X: np.ndarray) -> None:
    """NTK-L: each contribution is positive semidefinite, and they add up to the whole."""
    one = step_layer(first.matrix, columns=2)
    found = limit_ntk(X, [one, step_layer(second.matrix, columns=one)], contributions=True)
    assert found.layers is not None
    assert found.output is not None
    for part in (*found.layers, found.output):
        assert least(part.numpy()) >= -1e-9
    np.testing.assert_allclose(sum(found.layers) + found.output, found.total, atol=1e-9)


@within(15)
@given(densities(0.05, 0.9), st.integers(1, 3), inputs(3))
def test_constant_graphons_scale_the_dense_kernel(rho: float, depth: int, X: np.ndarray) -> None:
    """NTK-c: weights drawn anew at density rho give ``rho^L`` times the dense ReLU kernel."""

    def stacked(density: float) -> np.ndarray:
        layers = [constant_layer(density, columns=3)]
        for _ in range(depth - 1):
            layers.append(constant_layer(density, columns=layers[-1]))
        return limit_ntk(X, layers).total.numpy()

    dense = stacked(1.0)
    np.testing.assert_allclose(stacked(rho), rho**depth * dense, rtol=1e-6, atol=1e-9 * float(np.abs(dense).max()))


@within(10)
@given(networks(6, [6, 6], outputs=1, activation="relu", initialisation="gaussian"), batches(4, 6), densities(0.1, 0.4))
def test_conditioned_kernels_are_symmetric_and_their_diagonal_is_not_negative(
    network: nn.Sequential, batch, rho: float
) -> None:
    """NTK-K: for kept weights under a mask that saw a batch; ``Theta(x, y)^2 <= Theta(x, x) Theta(y, y)``."""
    names = [name for name, part in network.named_children() if isinstance(part, nn.Linear)][:-1]
    r = torch.tensor([1.0, -1.0, 0.5, -0.5])
    try:
        types = dense_types(network, names, batch.inputs, r, rho)
    except InputError:
        reject()  # more than a share 1 - rho of a layer's weights feeds or follows dead units
    x, y = batch.inputs.double().numpy()[:2], batch.inputs.double().numpy()[2:]
    one, other = conditioned_kernel(x, y, types), conditioned_kernel(y, x, types)
    np.testing.assert_allclose(one.cross, other.cross, rtol=1e-9, atol=1e-12)
    assert bool(np.all(one.first >= 0.0))
    assert bool(np.all(one.cross**2 <= one.first * one.second * (1.0 + 1e-9) + 1e-12))


RISKS = st.tuples(st.sampled_from([0.0, 0.5]), SIZES, SIZES, st.integers(1, 1000), st.sampled_from([0.5, 0.1, 1e-6]))


@within(60)
@given(RISKS, st.sampled_from([1.0, 3.0]))
def test_bounds_on_the_risk_rise_with_energy_and_trace_and_fall_with_delta(risk, factor: float) -> None:
    """GEN: and the bound with radii of every size does not see the scale of the kernel."""
    train, energy, trace, samples, delta = risk
    plain = sum_of(gen_bound(train, energy, trace, samples, delta))
    assert sum_of(gen_bound(train, factor * energy, trace, samples, delta)) >= plain
    assert sum_of(gen_bound(train, energy, factor * trace, samples, delta)) >= plain
    assert sum_of(gen_bound(train, energy, trace, samples, delta / factor)) >= plain
    assert sum_of(gen_bound(train, energy, trace, 4 * samples, delta)) < plain
    unit = (samples / trace) ** 0.5
    scaled = sum_of(scaled_gen_bound(train, energy, trace, samples, delta, unit=unit))
    other = scaled_gen_bound(train, energy / factor, factor * trace, samples, delta, unit=unit / factor**0.5)
    assert sum_of(other) == pytest.approx(scaled, rel=1e-9)


def sum_of(bound) -> float:
    """Return the bound, its three parts together."""
    return float(bound.train + bound.complexity + bound.confidence)


@within(25)
@given(graphons(st.integers(1, 3), 3), inputs(3), arrays(np.float64, 3, elements=NUMBERS))
def test_kernels_are_at_least_their_paths_and_energies_at_most_the_bound(
    W: StepGraphon, X: np.ndarray, beta: np.ndarray
) -> None:
    """PATH: ``K_1 >= X diag(D) X^T/(4d)`` in Loewner order, and ``y^T K^-1 y`` is at most ``4 d sum beta^2/D``."""
    D = input_path_density(W, np.ones(len(W.matrix)))
    found = limit_ntk(X, step_layer(W.matrix, columns=3), contributions=True)
    assert found.layers is not None
    K = found.layers[0].numpy()
    assert loewner_margin(K, (X * D) @ X.T / 12.0) >= -1e-9
    bound = path_complexity(beta, D).energy
    values, vectors = np.linalg.eigh((K + K.T) / 2.0)
    seen = values > 1e-6
    # What K does not see costs nothing less: a lower bound of the energy suffices here.
    energy = float(np.sum((vectors[:, seen].T @ (X @ beta)) ** 2 / values[seen]))
    assert energy <= bound * (1.0 + 1e-6) + 1e-9


@within(60)
@given(arrays(np.float64, (3, 3), elements=SIZES), arrays(np.float64, 3, elements=SIZES), densities())
def test_no_density_beats_the_best_one_and_none_the_floor(drawn: np.ndarray, shape: np.ndarray, share: float) -> None:
    """SCALE: against any feasible density of the same total; factors of the density do not matter."""
    beta, norms, cap = drawn
    D = shape * np.min(cap / shape) * share  # any shape, below every cap
    best = best_density(beta, norms, float(D.sum()), cap)
    assert bool(np.all(best <= cap * (1.0 + 1e-12)))
    assert float(best.sum()) == pytest.approx(float(D.sum()), rel=1e-9)
    values = [scale_free(beta, each, norms, 10) for each in (best, D, 3.0 * D)]
    assert scale_floor(beta, norms, 10) <= values[0] * (1.0 + 1e-12)
    assert values[0] <= values[1] * (1.0 + 1e-9)
    assert values[2] == pytest.approx(values[1], rel=1e-12)
