"""Other activations and even powers: coefficients by other ways, and the inequalities themselves."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory.errors import InputError
from graphon_theory.generalisation import (
    arcsine_coefficient,
    combined_energy,
    input_path_density,
    linear_coefficient,
    linear_part,
    loewner_margin,
    mean_slope,
    monomial_complexity,
    path_complexity,
)
from graphon_theory.kernels import ERF, RELU, TANH, Activation, dual_activations

Array = npt.NDArray[np.float64]

LEAKY = Activation(
    "leaky", lambda z: np.where(z > 0, z, 0.2 * z), lambda z: np.where(z > 0, 1.0, np.where(z < 0, 0.2, 0.6)), (0.0,)
)


def kernel(X: Array, W: Array, V: Array, squares: Array, activation: Activation) -> tuple[Array, float]:
    """Kernel of the hidden weights and an estimate of its entries' error."""
    total, error = np.zeros((len(X), len(X))), 0.0
    for kept, flow, square in zip(W, V, squares, strict=True):
        covariance = (X * flow) @ X.T / X.shape[1]
        spread = np.diag(covariance)
        found = dual_activations(activation, spread[:, None], spread[None, :], covariance, tolerance=1e-9)
        edges = (X * kept) @ X.T / X.shape[1]
        total += square * found.k0 * edges / len(W)
        error = max(error, float((square * found.error0 * np.abs(edges)).max()))
    return total, error


@pytest.mark.parametrize("variance", [0.05, 1.0, 7.0])
def test_coefficients_by_closed_forms_and_quadrature(variance: float) -> None:
    assert linear_coefficient(RELU, variance) == pytest.approx(0.25, rel=1e-13)
    assert linear_coefficient(LEAKY, variance) == pytest.approx(1.2**2 / 4, rel=1e-13)
    assert linear_coefficient(ERF, variance) == pytest.approx(4 / (math.pi * (1 + 2 * variance)), rel=1e-12)
    with mpmath.workdps(20):
        ends = [-mpmath.inf, -2, 0, 2, mpmath.inf]
        root = mpmath.sqrt(variance)
        mean = mpmath.quad(lambda z: mpmath.sech(root * z) ** 2 * mpmath.npdf(z), ends)
    assert linear_coefficient(TANH, variance) == pytest.approx(float(mean) ** 2, rel=1e-10)


@pytest.mark.parametrize("activation", [RELU, LEAKY, ERF, TANH], ids=lambda a: a.name)
def test_kernel_is_above_its_linear_part(activation: Activation) -> None:
    rng = np.random.default_rng(6)
    X, W, squares = rng.standard_normal((6, 4)), rng.random((5, 4)), rng.random(5)
    X[1] = 3.0 * X[0]
    V = np.minimum(1.0, W + 0.2)
    K, error = kernel(X, W, V, squares, activation)
    slopes = mean_slope(activation, np.square(X) @ V.T / 4).T
    low = linear_part(X, W, squares, slopes)
    by_entry = sum(
        squares[i] * slopes[i, a] * slopes[i, b] * W[i, j] * X[a, j] * X[b, j] / (5 * 4)
        for i, j, a, b in itertools.product(range(5), range(4), [1], [2])
    )
    assert low[1, 2] == pytest.approx(by_entry, rel=1e-12)
    assert loewner_margin(K, low) >= -1e-7 * float(np.trace(K)) - 6 * error
    assert loewner_margin(K, 2.0 * low) < 0.0


@pytest.mark.parametrize("activation", [ERF, TANH, LEAKY], ids=lambda a: a.name)
def test_path_bound_of_other_activations_where_variances_are_equal(activation: Activation) -> None:
    """Inputs of 1 and -1: a row's variance is the same at all of them, ``mean_j V_ij``."""
    rng = np.random.default_rng(7)
    X = np.array(list(itertools.product((-1.0, 1.0), repeat=4)))[:8]
    W, squares, beta = rng.random((5, 4)), rng.random(5), rng.standard_normal(4)
    slopes = mean_slope(activation, W.mean(axis=1))
    D = input_path_density(W, squares * slopes**2)
    np.testing.assert_allclose(linear_part(X, W, squares, slopes), (X * D) @ X.T / 4, rtol=1e-12, atol=1e-15)
    K, error = kernel(X, W, W, squares, activation)
    assert loewner_margin(K, (X * D) @ X.T / 4) >= -1e-9 - 8 * error
    y = X @ beta
    energy = y @ np.linalg.solve(K, y)
    assert energy <= path_complexity(beta, D, coefficient=1.0).energy
    assert energy > path_complexity(beta, D, coefficient=2.0).energy


def test_arcsine_coefficients_against_mpmath() -> None:
    taylor = mpmath.taylor(mpmath.asin, 0, 13)
    assert all(abs(taylor[2 * k + 1] - mpmath.mpf(str(float(arcsine_coefficient(k))))) < 1e-10 for k in range(7))
    assert sum(float(arcsine_coefficient(k)) for k in range(500)) == pytest.approx(math.pi / 2, abs=0.03)
    assert arcsine_coefficient(0) == 1


def _signs(width: int) -> Array:
    """Half of the cube, without opposite inputs: an even teacher cannot tell them apart."""
    return np.array([(1.0, *rest) for rest in itertools.product((-1.0, 1.0), repeat=width - 1)])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.sampled_from([2, 4, 6]), st.integers(1, 5))
def test_even_powers_are_below_their_bound(seed: int, width: int, order: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    X, beta = _signs(width), rng.standard_normal(width) * (rng.random(width) < 0.8)
    W, squares = rng.random((rows, width)), rng.random(rows) + 0.1
    V = W + (1.0 - W) * rng.random()
    K, _ = kernel(X, W, V, squares, RELU)
    y = (X @ beta) ** order
    bound = monomial_complexity(beta, W, squares, order, V=V)
    for ridge in (1e-10, 1e-6):
        z = np.linalg.solve(K + ridge * float(np.trace(K)) * np.eye(len(K)), y)
        assert 2.0 * z @ y - z @ K @ z - 1e-9 * np.trace(K) * z @ z <= bound * (1.0 + 1e-9)


def test_pairs_give_less_than_rows_and_a_larger_coefficient_too_little() -> None:
    rng = np.random.default_rng(8)
    X, beta = _signs(4), np.array([1.0, 0.5, 0.0, -0.7])
    W, squares = 0.2 + 0.8 * rng.random((5, 4)), np.ones(5)
    found = monomial_complexity(beta, W, squares, 2)
    gains = squares / (2.0 * math.pi * W.mean(axis=1))
    used = beta != 0.0
    by_rows = 4**2 / float(np.mean(gains / ((beta[used] ** 2 / W[:, used]).sum(axis=1) ** 2)))
    assert found <= by_rows
    same = monomial_complexity(beta, np.full((5, 4), 0.3), squares, 2)
    # One row type: 2 pi d^2 s (sum beta^2/W)^2 with s = W = 0.3.
    assert same == pytest.approx(2 * math.pi * 16 * 0.3 * (float(beta @ beta) / 0.3) ** 2, rel=1e-12)
    K, _ = kernel(X, W, W, squares, RELU)
    y = (X @ beta) ** 2
    energy = float(y @ np.linalg.pinv(K) @ y)
    assert energy <= found
    assert energy > found / (2.0 * math.pi)  # arcsin(c) in place of arcsin(c)/(2 pi)


def test_unreached_pairs_cost_infinity_and_sums_add_up_by_roots() -> None:
    apart = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    assert monomial_complexity([1.0, 1.0, 0.0], apart, [1.0, 1.0], 2) < math.inf
    assert monomial_complexity([1.0, 0.0, 1.0], apart, [1.0, 1.0], 2) == math.inf
    assert monomial_complexity([1.0, 0.0, 1.0], apart, [1.0, 1.0], 4) == math.inf
    assert monomial_complexity([0.0, 0.0, 0.0], apart, [1.0, 1.0], 4) == 0.0
    assert combined_energy([1.0, -2.0], [9.0, 4.0]) == pytest.approx(49.0)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: monomial_complexity([1.0], [[0.5]], [1.0], 3), "order"),
        (lambda: monomial_complexity([1.0], [[0.5]], [1.0], 0), "order"),
        (lambda: monomial_complexity([1.0, 1.0], [[0.5]], [1.0], 2), "W"),
        (lambda: monomial_complexity([1.0], [[0.5]], [1.0], 2, V=[[0.5, 0.5]]), "V"),
        (lambda: linear_part([[1.0, 2.0]], [[0.5]], [1.0], [1.0]), "W"),
        (lambda: linear_part([[1.0]], [[0.5]], [1.0], [[1.0, 1.0]]), "slopes"),
        (lambda: linear_coefficient(RELU, -1.0), "variance"),
        (lambda: arcsine_coefficient(-1), "k"),
        (lambda: combined_energy([1.0], [-1.0]), "energies"),
    ],
)
def test_bad_input_is_named(call: object, name: str) -> None:
    with pytest.raises(InputError, match=name):
        call()  # type: ignore[operator]
