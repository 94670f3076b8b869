"""The limit kernel: against a literal double loop over nodes, closed forms and wide networks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, exp

from graphon_theory import SaliencyModel
from graphon_theory.errors import InputError
from graphon_theory.kernels import ACTIVATIONS, Activation, dual_activations
from graphon_theory.notation import u, v
from verification.ntk.graphon_factors import GraphonLayer, constant_layer, model_layer, step_layer
from verification.ntk.limit import limit_ntk, refinement_error

D = 12
FIRST = SaliencyModel(g=Rational(1, 2) + u, f=exp(-v))
LATER = SaliencyModel(g=Rational(1, 2) + u, f=1 + v)
NAMES = ("relu", "erf", "gelu", "tanh")


def inputs(count: int = 11, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, D))


def three(variant: str, nodes: int | None = None) -> list[GraphonLayer]:
    first = model_layer(FIRST, 0.1, columns=D, variant=variant, nodes=nodes)
    second = model_layer(LATER, 0.2, columns=first, variant=variant, nodes=nodes)
    third = model_layer(LATER, 0.3, columns=second, variant=variant, nodes=nodes, readout=lambda x: 1 + x**2)
    return [first, second, third]


def literal(X: np.ndarray, layers: Sequence[GraphonLayer], name: str) -> list[np.ndarray]:
    """The sum of [P25], Theorem 1, with W and V apart, written down as it stands: backwards, node pair by node pair."""
    covariances = [(X * row) @ X.T / X.shape[1] for row in layers[0].V]
    trainable = [(X * row) @ X.T / X.shape[1] for row in layers[0].W]
    sigma: list[list[np.ndarray]] = []
    slopes: list[list[np.ndarray]] = []
    for k, layer in enumerate(layers):
        if k:
            covariances = [
                sum(layer.V[p, q] * layer.columns[q] * sigma[-1][q] for q in range(layer.V.shape[1]))
                for p in range(layer.V.shape[0])
            ]
        duals = [dual_activations(ACTIVATIONS[name], np.diag(C)[:, None], np.diag(C), C) for C in covariances]
        sigma.append([part.k1 for part in duals])
        slopes.append([part.k0 for part in duals])
    backward = [a * k0 for a, k0 in zip(layers[-1].readout, slopes[-1], strict=True)]
    found = []
    for k in range(len(layers) - 1, 0, -1):
        W, V, weights, columns = (getattr(layers[k], x) for x in ("W", "V", "weights", "columns"))
        nodes = [(p, q) for p in range(W.shape[0]) for q in range(W.shape[1])]
        found.append(sum(weights[p] * columns[q] * W[p, q] * backward[p] * sigma[k - 1][q] for p, q in nodes))
        backward = [
            slopes[k - 1][q] * sum(weights[p] * V[p, q] * backward[p] for p in range(W.shape[0]))
            for q in range(W.shape[1])
        ]
    weights = layers[0].weights
    found.append(sum(w * g * c for w, g, c in zip(weights, backward, trainable, strict=True)))
    return [*found[::-1], sum(w * s for w, s in zip(layers[-1].weights, sigma[-1], strict=True))]


@pytest.mark.parametrize("variant", ["kept", "redrawn"])
@pytest.mark.parametrize("name", NAMES)
def test_three_layers_against_the_literal_sum(name: str, variant: str) -> None:
    X, layers = inputs(), three(variant)
    truth = literal(X, layers, name)
    found = limit_ntk(X, layers, activation=name, tolerance=1e-13, contributions=True, block=4)
    assert found.layers is not None
    assert found.output is not None
    # The literal sum gets its diagonal correlations with their rounding, which k0 of ReLU magnifies to 1e-8; the
    # series of tanh says its own error.
    slack = 1e-10 + 10 * found.activation_error
    away = ~np.eye(len(X), dtype=bool)
    for a, b in zip((*found.layers, found.output), truth, strict=True):
        np.testing.assert_allclose(a.numpy()[away], b[away], atol=slack * np.abs(b).max())
        np.testing.assert_allclose(np.diag(a.numpy()), np.diag(b), rtol=3e-8)
    total = limit_ntk(X, layers, activation=name, tolerance=1e-13).total.numpy()
    np.testing.assert_allclose(total, found.total.numpy(), atol=1e-13 * total.max())
    hidden = limit_ntk(X, layers, activation=name, tolerance=1e-13, train_output=False).total.numpy()
    np.testing.assert_allclose(hidden, total - found.output.numpy(), atol=1e-12 * total.max())
    other = limit_ntk(X[:3], layers, X[2:], activation=name, tolerance=1e-13).total.numpy()
    # Here row 2 meets itself without being known to be itself: its k0 carries the root of rounding.
    np.testing.assert_allclose(other, total[:3, 2:], atol=1e-7 * total.max())


@pytest.mark.parametrize("name", NAMES)
def test_single_precision(name: str) -> None:
    X = np.vstack([inputs(30), np.zeros(D)])
    X[7] = X[3]
    layers = three("kept")
    fine = limit_ntk(X, layers, activation=name, tolerance=1e-8).total
    coarse = limit_ntk(X, layers, activation=name, tolerance=1e-8, dtype=torch.float32).total
    assert coarse.dtype == torch.float32
    size = fine.diagonal().sqrt()
    gap = (fine - coarse).abs() / size.max() ** 2
    gap[3, 7] = gap[7, 3] = 0.0
    assert float(gap.max()) < 3e-6
    alive = fine.diagonal() > 0
    assert float((coarse.diagonal()[alive] / fine.diagonal()[alive] - 1).abs().max()) < 1e-6
    assert abs(float(coarse[3, 7] / fine[3, 3]) - 1) < 1e-3
    assert bool(torch.isfinite(coarse).all())


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_constant_graphons_follow_ntk_c(depth: int) -> None:
    X, density, energy = inputs(), 0.1, 0.439

    def chain(W: float, V: float) -> list[GraphonLayer]:
        layers = [constant_layer(W, V, columns=D)]
        for _ in range(depth - 1):
            layers.append(constant_layer(W, V, columns=layers[-1]))
        return layers

    dense = limit_ntk(X, chain(1.0, 1.0), contributions=True)
    redrawn = limit_ntk(X, chain(density, density)).total
    np.testing.assert_allclose(redrawn, density**depth * dense.total, rtol=1e-12)
    kept = limit_ntk(X, chain(density, energy), contributions=True)
    assert kept.layers is not None and dense.layers is not None and kept.output is not None  # noqa: PT018
    for part, plain in zip(kept.layers, dense.layers, strict=True):
        np.testing.assert_allclose(part, density * energy ** (depth - 1) * plain, rtol=1e-12)
    np.testing.assert_allclose(kept.output, energy**depth * dense.output, rtol=1e-12)
    # The total took the short way of homogeneous layers; the parts did not.
    np.testing.assert_allclose(limit_ntk(X, chain(density, energy)).total, kept.total, rtol=1e-9)
    single = limit_ntk(X, chain(density, energy), dtype=torch.float32).total
    np.testing.assert_allclose(single, kept.total, atol=2e-6 * float(kept.total.max()))
    np.testing.assert_allclose(single.diagonal(), kept.total.diagonal(), rtol=2e-7)
    # Dense ReLU: every layer and the output contribute |x|^2/(d 2^L) to equal inputs.
    np.testing.assert_allclose(dense.total.diagonal(), (depth + 1) * (X**2).sum(1) / D / 2**depth, rtol=1e-12)


def test_one_hidden_layer_is_its_two_parts() -> None:
    # K_1 and K_2 by plain sums over 2,000 midpoints in u.
    X = inputs(5)
    found = limit_ntk(X, model_layer(FIRST, 0.2, columns=D, readout=lambda x: np.exp(x), nodes=12), contributions=True)
    points = (np.arange(2000) + 0.5) / 2000
    grid = (np.arange(D) + 0.5) / D
    W, V = (g(points[:, None], grid[None, :]) for g in (FIRST.graphon(0.2), FIRST.energy_graphon(0.2)))
    hidden, output = np.zeros((5, 5)), np.zeros((5, 5))
    for a, first, second in zip(np.exp(points), W, V, strict=True):
        C = (X * second) @ X.T / D
        duals = dual_activations(ACTIVATIONS["relu"], np.diag(C)[:, None], np.diag(C), C)
        hidden += a * duals.k0 * ((X * first) @ X.T / D) / 2000
        output += duals.k1 / 2000
    assert found.layers is not None
    np.testing.assert_allclose(found.layers[0], hidden, atol=2e-6 * hidden.max())
    np.testing.assert_allclose(found.output, output, atol=2e-6 * output.max())


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_wide_networks_with_weights_drawn_anew_tend_to_it(name: str) -> None:
    # Width 2,048, two masked layers, ten draws. The mean over draws has a bias of order 1/n; 6 standard errors of ten
    # draws are exceeded with probability 2e-4 an entry by Student's law: three entries, fixed seeds.
    n, draws = 2048, 10
    X = torch.from_numpy(inputs(2, seed=5)).float()
    first = model_layer(FIRST, 0.3, columns=D, variant="redrawn")
    second = model_layer(LATER, 0.2, columns=first, variant="redrawn")
    limit = limit_ntk(X.double(), [first, second], activation=name).total
    rows = (np.arange(n) + 0.5) / n
    grid = (np.arange(D) + 0.5) / D
    P1 = torch.from_numpy(FIRST.graphon(0.3)(rows[:, None], grid[None, :])).float()
    P2 = torch.from_numpy(LATER.graphon(0.2)(rows[:, None], rows[None, :])).float()
    sigma = torch.relu if name == "relu" else torch.tanh
    generator = torch.Generator().manual_seed(1)
    found = []
    for _ in range(draws):
        M1, M2 = (torch.rand(P.shape, generator=generator) < P for P in (P1, P2))
        w1, w2, a = (torch.randn(shape, generator=generator) for shape in ((n, D), (n, n), (n,)))

        def network(
            w1: torch.Tensor, w2: torch.Tensor, a: torch.Tensor, x: torch.Tensor,
            M1: torch.Tensor = M1, M2: torch.Tensor = M2,
        ) -> torch.Tensor:  # fmt: skip
            z = sigma((M1 * w1) @ x / math.sqrt(D))
            return a @ sigma((M2 * w2) @ z / math.sqrt(n)) / math.sqrt(n)

        gradients = [torch.func.grad(network, argnums=(0, 1, 2))(w1, w2, a, x) for x in X]
        found.append(
            [[sum(float((p * q).sum()) for p, q in zip(g, h, strict=True)) for h in gradients] for g in gradients]
        )
    sample = np.array(found)
    error = sample.std(axis=0, ddof=1) / math.sqrt(draws)
    assert (error < 0.03 * limit.diagonal().numpy().max()).all()
    assert (np.abs(sample.mean(axis=0) - limit.numpy()) < 6 * error + 4 / n * limit.numpy().max()).all()


def test_quadrature_error_is_estimated_and_falls() -> None:
    estimates = [refinement_error(lambda count: three("kept", count), k, inputs()) for k in (2, 4)]
    fine = limit_ntk(inputs(), three("kept", 16), tolerance=1e-12).total
    for k, estimate in zip((2, 4), estimates, strict=True):
        gap = (limit_ntk(inputs(), three("kept", k), tolerance=1e-12).total - fine).abs().max() / fine.abs().max()
        assert float(gap) <= 1.2 * estimate
    assert estimates[0] > 10 * estimates[1] > 0


def test_energy_graphon_on_the_wrong_side_is_another_kernel() -> None:
    X, kept = inputs(), three("kept")
    swapped = [GraphonLayer(np.minimum(x.V, 1.0), x.W, x.weights, x.columns, x.readout) for x in kept]
    a, b = (limit_ntk(X, chain).total for chain in (kept, swapped))
    assert float((a - b).abs().max() / a.max()) > 0.1


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(NAMES), st.integers(1, 3))
def test_structure(seed: int, name: str, depth: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((6, D))
    layers = [step_layer(rng.random((3, 2)), rng.random((3, 2)), columns=D, readout=rng.random(3))]
    for _ in range(depth - 1):
        layers.append(step_layer(rng.random((3, 3)), rng.random((3, 3)), columns=layers[-1], readout=rng.random(3)))
    found = limit_ntk(X, layers, activation=name)
    total = found.total.numpy()
    np.testing.assert_array_equal(total, total.T)
    assert np.linalg.eigvalsh(total).min() >= -(1e-9 + 10 * found.activation_error) * np.trace(total)
    order = rng.permutation(6)
    moved = limit_ntk(X[order], layers, activation=name, block=2).total.numpy()
    np.testing.assert_allclose(moved, total[np.ix_(order, order)], atol=1e-12 * total.max())
    if name == "relu":
        scaled = limit_ntk(3.0 * X, layers).total.numpy()
        np.testing.assert_allclose(scaled, 9.0 * total, atol=1e-9 * total.max())
    if name in ("erf", "tanh"):
        turned = limit_ntk(-X, layers, X, activation=name, train_output=False).total.numpy()
        hidden = limit_ntk(X, layers, X, activation=name, train_output=False).total.numpy()
        np.testing.assert_allclose(turned, -hidden, atol=1e-12 * total.max())


def test_dead_rows_and_zero_inputs_give_no_nan() -> None:
    W = np.array([[0.0, 0.0], [0.5, 0.0]])
    layer = step_layer(W, columns=D)
    second = step_layer(np.array([[0.0, 0.4]]), columns=layer)
    X = np.vstack([inputs(3), np.zeros(D)])
    for name in NAMES:
        for dtype in (torch.float32, torch.float64):
            total = limit_ntk(X, [layer, second], activation=name, dtype=dtype).total
            assert bool(torch.isfinite(total).all())
            assert float(total[3].abs().max()) < 1e-6 or name == "cos"


def test_an_activation_of_ones_own() -> None:
    sine = Activation("sine", np.sin, np.cos)
    X = inputs()
    found = limit_ntk(X, constant_layer(0.3, columns=D), activation=sine, contributions=True)
    C = 0.3 * X @ X.T / D
    spread = 0.5 * (np.diag(C)[:, None] + np.diag(C))
    # E[sin sin] and E[cos cos] of a Gaussian pair, by sums and differences of angles.
    k1, k0 = (0.5 * (np.exp(C - spread) + sign * np.exp(-C - spread)) for sign in (-1, 1))
    np.testing.assert_allclose(found.output, k1, atol=1e-10)
    assert found.layers is not None
    np.testing.assert_allclose(found.layers[0], k0 * C, atol=1e-10)


def test_bad_input_is_named() -> None:
    layer = constant_layer(0.3, columns=D)
    for bad, name in ((np.full((2, D), np.nan), "X"), (np.ones((2, D + 1)), "X"), (np.ones(D), "X")):
        with pytest.raises(InputError) as caught:
            limit_ntk(bad, layer)
        assert caught.value.argument == name
    with pytest.raises(InputError, match="X2"):
        limit_ntk(inputs(), layer, np.ones((2, 3)))
    with pytest.raises(InputError, match="activation"):
        limit_ntk(inputs(), layer, activation="swish")
    with pytest.raises(InputError, match=r"layers\[1\]"):
        limit_ntk(inputs(), [layer, step_layer(np.ones((2, 2)), columns=3)])
    with pytest.raises(InputError, match="dtype"):
        limit_ntk(inputs(), layer, dtype=torch.float16)
    with pytest.raises(InputError, match="block"):
        limit_ntk(inputs(), layer, block=0)
