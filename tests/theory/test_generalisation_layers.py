"""Path density through several layers: by enumeration of paths, and the Loewner order of every layer's kernel."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory.errors import InputError
from graphon_theory.generalisation import input_path_density, loewner_margin, path_complexity, path_density_layers
from graphon_theory.kernels import RELU

Array = npt.NDArray[np.float64]


def duals(covariances: Array) -> tuple[Array, Array]:
    """k1 and k0 of a stack of covariance matrices."""
    spread = np.diagonal(covariances, axis1=1, axis2=2)
    first, second = np.broadcast_arrays(spread[:, :, None], spread[:, None, :])
    assert RELU.closed is not None
    found = RELU.closed(first, second, covariances)
    return found.k1, found.k0


def kernels(X: Array, W: list[Array], V: list[Array], squares: Array) -> list[Array]:
    """Each layer's part of the kernel that NTK-L states, the output layer's last."""
    signals = [np.einsum("aj,bj->jab", X, X)]
    slopes = []
    for flow in V:
        covariance = np.einsum("ij,jab->iab", flow, signals[-1]) / flow.shape[1]
        k1, k0 = duals(covariance)
        signals.append(k1)
        slopes.append(k0)
    parts = []
    back = squares[:, None, None] * slopes[-1]
    for place in range(len(W) - 1, -1, -1):
        rows, columns = W[place].shape
        parts.append(np.einsum("iab,ij,jab->ab", back, W[place], signals[place]) / (rows * columns))
        if place:
            back = slopes[place - 1] * np.einsum("ij,iab->jab", V[place], back) / rows
    return [*parts[::-1], signals[-1].mean(axis=0)]


@st.composite
def networks(draw: st.DrawFn) -> tuple[Array, list[Array], list[Array], Array]:
    """Inputs, kept probabilities (some 0) and energies of one to three layers, a^2."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    share = draw(st.sampled_from([0.5, 1.0]))
    W = [rng.random((n, m)) * (rng.random((n, m)) < share) for m, n in itertools.pairwise(sizes)]
    V = [w + (1.0 - w) * rng.random() * (w > 0) for w in W]
    return rng.standard_normal((draw(st.integers(1, 4)), sizes[0])), W, V, rng.lognormal(0.0, 1.0, sizes[-1])


def _by_paths(W: list[Array], V: list[Array], squares: Array, layer: int) -> Array:
    sizes = [W[0].shape[1], *(w.shape[0] for w in W)]
    D = np.zeros(sizes[0])
    for path in itertools.product(*(range(size) for size in sizes)):
        factors = [(W if place + 1 == layer else V)[place][path[place + 1], path[place]] for place in range(len(W))]
        end = 1.0 if layer > len(W) else squares[path[-1]]
        D[path[0]] += math.prod(factors) * end / math.prod(sizes[1:])
    return D


@settings(max_examples=50, deadline=None)
@given(networks())
def test_each_layers_kernel_is_above_the_linear_one(network: tuple[Array, list[Array], list[Array], Array]) -> None:
    X, W, V, squares = network
    parts = kernels(X, W, V, squares)
    coefficient = 0.25 ** len(W) / X.shape[1]
    for layer, part in enumerate(parts, start=1):
        D = path_density_layers(W, squares, transmits=V, layer=layer)
        np.testing.assert_allclose(D, _by_paths(W, V, squares, layer), rtol=1e-12)
        # The diagonal is positive and rounding in the angle costs half the digits.
        assert loewner_margin(part, coefficient * (X * D) @ X.T) >= -1e-7 * (float(np.trace(part)) + 1e-300)
    D = path_density_layers(W, squares, transmits=V, layer=None)
    total = np.sum(parts, axis=0)
    assert loewner_margin(total, coefficient * (X * D) @ X.T) >= -1e-7 * (float(np.trace(total)) + 1e-300)


def test_energy_of_a_deep_network_is_below_the_bound_and_false_variants_are_not() -> None:
    rng = np.random.default_rng(3)
    sizes = [12, 4, 6, 3]
    W = [0.3 + 0.4 * rng.random((n, m)) for m, n in itertools.pairwise(sizes)]
    V = [np.minimum(1.0, w + 0.3) for w in W]
    X, beta, squares = rng.standard_normal((40, 12)), rng.standard_normal(12), np.full(3, 4.0)
    first = kernels(X, W, V, squares)[0]
    y = X @ beta
    energy = float(y @ np.linalg.solve(first, y))
    D = path_density_layers(W, squares, transmits=V)
    assert energy <= path_complexity(beta, D, coefficient=4.0**-3).energy
    assert energy > path_complexity(beta, D, coefficient=4.0**-2).energy
    assert loewner_margin(first, 4.0**-2 / 12 * (X * D) @ X.T) < -1e-3 * float(np.trace(first)) / 40


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_coefficient_of_constant_graphons_is_larger_from_two_layers_on(depth: int) -> None:
    """Equal norms and constant graphons: the product of k0 at the correlations that uncorrelated inputs come to."""
    correlation, coefficient = 0.0, 1.0
    for _ in range(depth):
        coefficient *= 0.25 + math.asin(correlation) / (2.0 * math.pi)
        sine = math.sqrt(1.0 - correlation**2)
        correlation = (sine + correlation * (math.pi - math.acos(correlation))) / math.pi
    assert coefficient >= 0.25**depth
    X = np.array([(1.0, *rest) for rest in itertools.product((-1.0, 1.0), repeat=4)])
    W = [np.full((2, 5), 0.3), *(np.full((2, 2), 0.3) for _ in range(depth - 1))]
    first = kernels(X, W, W, np.ones(2))[0]
    low = (X * path_density_layers(W, np.ones(2))) @ X.T / 5
    assert loewner_margin(first, coefficient * low) >= -1e-9
    # Nothing larger: two nearly orthogonal inputs have it as their entry.
    pair = np.array([[1.0, 0.0, 0.0, 0.0, 0.0], [1e-7, 1.0, 0.0, 0.0, 0.0]])
    ratio = kernels(pair, W, W, np.ones(2))[0][0, 1] / ((pair * path_density_layers(W, np.ones(2))) @ pair.T / 5)[0, 1]
    assert ratio == pytest.approx(coefficient, rel=1e-6)


def test_one_layer_and_redrawn_weights_are_special_cases() -> None:
    rng = np.random.default_rng(0)
    W, squares = [rng.random((4, 3)), rng.random((2, 4))], rng.random(2)
    twos = np.full(4, 2.0)
    np.testing.assert_allclose(path_density_layers(W[:1], twos), input_path_density(W[0], twos))
    np.testing.assert_array_equal(path_density_layers(W, squares), path_density_layers(W, squares, transmits=W))
    constant = [np.full((4, 3), 0.1), np.full((2, 4), 0.1)]
    flow = [np.full((4, 3), 0.4), np.full((2, 4), 0.4)]
    assert path_density_layers(constant, np.ones(2), transmits=flow) == pytest.approx([0.04] * 3)
    assert path_density_layers(constant, np.ones(2), transmits=flow, layer=3) == pytest.approx([0.16] * 3)
    assert path_density_layers(constant, np.ones(2), transmits=flow, layer=None) == pytest.approx([0.24] * 3)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: path_density_layers([], [1.0]), "trains"),
        (lambda: path_density_layers([np.ones((2, 3)), np.ones((2, 3))], [1.0, 1.0]), "trains"),
        (lambda: path_density_layers([np.ones((2, 3))], [1.0, 1.0], transmits=[np.ones((2, 2))]), "transmits"),
        (lambda: path_density_layers([np.ones((2, 3))], [1.0]), "output_squares"),
        (lambda: path_density_layers([np.ones((2, 3))], [1.0, 1.0], layer=3), "layer"),
    ],
)
def test_bad_input_is_named(call: object, name: str) -> None:
    with pytest.raises(InputError, match=name):
        call()  # type: ignore[operator]
