"""GraSP's formula against plain loops, 50-digit arithmetic and autograd's own second derivative."""

from __future__ import annotations

import mpmath
import numpy as np
import numpy.typing as npt
import pytest
import torch

from graphon_theory import InputError
from graphon_theory.criteria.grasp import (
    curvature_term,
    linear_kernel,
    output_kernel,
    rounding_bound,
    weight_gradient,
)

Array = npt.NDArray[np.float64]


def _network(n: int, d: int, batch: int, seed: int) -> tuple[Array, Array, Array, Array]:
    rng = np.random.default_rng(seed)
    a, w = rng.standard_normal(n), rng.standard_normal((n, d))
    return a, w, rng.standard_normal((batch, d)), rng.standard_normal(batch)


def test_kernel_is_the_gram_matrix_of_the_jacobian() -> None:
    a, w, x, _ = _network(4, 3, 5, 1)
    slopes = (x @ w.T > 0).astype(float)
    jacobian = np.array([[a[i] * slopes[s, i] * x[s, j] for i in range(4) for j in range(3)] for s in range(5)])
    np.testing.assert_allclose(output_kernel(a, slopes, x), jacobian @ jacobian.T / 5, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(linear_kernel(x), x @ x.T / 5)


def test_formula_agrees_with_exact_arithmetic_within_its_rounding_bound() -> None:
    a, w, x, r = _network(5, 4, 12, 2)
    slopes = (x @ w.T > 0).astype(float)
    field = weight_gradient(a, slopes, output_kernel(a, slopes, x) @ r, x)
    bound = rounding_bound(a, slopes, r, x)
    with mpmath.workdps(50):
        A, X, D = (mpmath.matrix(part.tolist()) for part in (a[:, None], x, slopes))
        jacobian = mpmath.matrix(12, 20)
        for s in range(12):
            for i in range(5):
                for j in range(4):
                    jacobian[s, 4 * i + j] = A[i, 0] * D[s, i] * X[s, j]
        exact = jacobian.T * (jacobian * (jacobian.T * mpmath.matrix(r.tolist()))) / 144
        errors = [float(abs(exact[4 * i + j] - field[i, j])) for i in range(5) for j in range(4)]
    assert np.all(np.array(errors) <= bound.ravel())
    assert np.all(bound < 1e-12 * np.abs(field).max())


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_second_derivatives_of_autograd_are_the_formula_with_its_curvature(activation: str) -> None:
    a, w, x, y = _network(6, 5, 20, 3)
    sigma = {"relu": torch.relu, "tanh": torch.tanh}[activation]

    def loss(weights: torch.Tensor) -> torch.Tensor:
        output = sigma(torch.from_numpy(x) @ weights.T) @ torch.from_numpy(a)
        return 0.5 * (output - output.detach() - torch.from_numpy(y)).square().mean()

    weights = torch.from_numpy(w).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(weights), weights)
    _, product = torch.autograd.functional.hvp(loss, weights, gradient)
    z = x @ w.T
    slopes = (z > 0).astype(float) if activation == "relu" else 1 - np.tanh(z) ** 2
    bends = np.zeros_like(z) if activation == "relu" else -2 * np.tanh(z) * (1 - np.tanh(z) ** 2)
    field = weight_gradient(a, slopes, output_kernel(a, slopes, x) @ -y, x)
    np.testing.assert_allclose(weight_gradient(a, slopes, -y, x), gradient.numpy(), rtol=1e-10, atol=1e-12)
    missing = curvature_term(a, bends, -y, x, gradient.numpy())
    np.testing.assert_allclose(field + missing, product.numpy(), rtol=1e-9, atol=1e-11)
    if activation == "tanh":
        assert np.abs(missing).max() > 0.05 * np.abs(field).max()


def test_wrong_shapes_are_refused_by_name() -> None:
    a, _, x, r = _network(4, 3, 6, 4)
    with pytest.raises(InputError, match=r"slopes.*give shape \(6, 4\)"):
        output_kernel(a, np.ones((5, 4)), x)
    with pytest.raises(InputError, match=r"residuals.*give shape \(6,\)"):
        weight_gradient(a, np.ones((6, 4)), r[:5], x)
