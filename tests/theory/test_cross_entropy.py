"""The cross-entropy field against plain loops, 50-digit arithmetic and autograd."""

from __future__ import annotations

import mpmath
import numpy as np
import numpy.typing as npt
import pytest
import torch

from graphon_theory import InputError
from graphon_theory.criteria.cross_entropy import (
    class_field,
    class_residuals,
    field_rounding_bound,
    mean_residual_share,
    unmixed_field,
)

Array = npt.NDArray[np.float64]
N, D, S, C = 5, 4, 9, 3


def _network(seed: int) -> tuple[Array, Array, Array, npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    return (
        rng.standard_normal((C, N)),
        rng.standard_normal((N, D)),
        rng.standard_normal((S, D)),
        rng.integers(C, size=S),
    )


def _field(a: Array, w: Array, x: Array, y: npt.NDArray[np.int64]) -> tuple[Array, Array, Array]:
    z = x @ w.T
    slopes, delta = (z > 0).astype(float), class_residuals(np.maximum(z, 0.0) @ a.T, y)
    return class_field(a, slopes, delta, x), slopes, delta


def test_field_is_the_sum_over_batch_and_classes() -> None:
    a, w, x, y = _network(1)
    field, slopes, delta = _field(a, w, x, y)
    for i in range(N):
        for j in range(D):
            terms = [a[c, i] * delta[s, c] * slopes[s, i] * x[s, j] for s in range(S) for c in range(C)]
            assert field[i, j] == pytest.approx(sum(terms) / S, rel=1e-11, abs=1e-14)


def test_field_is_the_gradient_of_autograd() -> None:
    a, w, x, y = _network(2)
    weights = torch.from_numpy(w).requires_grad_()
    logits = torch.relu(torch.from_numpy(x) @ weights.T) @ torch.from_numpy(a).T
    (gradient,) = torch.autograd.grad(torch.nn.functional.cross_entropy(logits, torch.from_numpy(y)), weights)
    np.testing.assert_allclose(_field(a, w, x, y)[0], gradient.numpy(), rtol=1e-11, atol=1e-14)


def test_rounding_error_lies_within_its_bound() -> None:
    a, w, x, y = _network(3)
    field, slopes, delta = _field(a, w, x, y)
    bound = field_rounding_bound(a, w, slopes, delta, x)
    with mpmath.workdps(50):
        exact = mpmath.matrix(N, D)
        for s in range(S):
            z = [mpmath.fdot(map(float, w[i]), map(float, x[s])) for i in range(N)]
            exps = [
                mpmath.exp(mpmath.fsum(mpmath.mpf(float(a[c, i])) * max(z[i], 0) for i in range(N))) for c in range(C)
            ]
            p = [value / mpmath.fsum(exps) - (1 if c == y[s] else 0) for c, value in enumerate(exps)]
            for i in range(N):
                if z[i] > 0:
                    seen = mpmath.fsum(mpmath.mpf(float(a[c, i])) * p[c] for c in range(C))
                    for j in range(D):
                        exact[i, j] += seen * mpmath.mpf(float(x[s, j])) / S
        error = np.array([[float(abs(exact[i, j] - field[i, j])) for j in range(D)] for i in range(N)])
    assert np.all(error <= bound)
    assert np.all(bound < 1e-12 * np.abs(field).max())


def test_residuals_sum_to_zero_and_are_uniform_for_logits_zero() -> None:
    _, _, _, y = _network(4)
    delta = class_residuals(np.random.default_rng(5).standard_normal((S, C)) * 30.0, y)
    np.testing.assert_allclose(delta.sum(axis=1), 0.0, atol=1e-14)
    np.testing.assert_allclose(class_residuals(np.zeros((S, C)), y) + np.eye(C)[y], 1.0 / C)
    small = class_residuals(1e-6 * np.arange(C) * np.ones((S, 1)), y) + np.eye(C)[y]
    np.testing.assert_allclose(small, np.ones((S, 1)) * (1.0 + 1e-6 * (np.arange(C) - 1.0)) / C, atol=1e-11)


def test_own_share_is_zero_for_balanced_classes_and_logits_zero_alone() -> None:
    a, _, _, _ = _network(6)
    balanced = np.arange(S) % C
    assert mean_residual_share(a, class_residuals(np.zeros((S, C)), balanced)) < 1e-15
    assert mean_residual_share(a, class_residuals(np.ones((S, 1)) * np.arange(C), balanced)) > 0.1
    assert mean_residual_share(a, class_residuals(np.zeros((S, C)), np.zeros(S, dtype=np.int64))) == pytest.approx(1.0)


def test_unmixed_field_is_a_product_and_wrong_shapes_are_refused() -> None:
    a, _, x, y = _network(7)
    delta = class_residuals(np.zeros((S, C)), y)
    assert np.linalg.matrix_rank(unmixed_field(a, delta, x)) == 1
    with pytest.raises(InputError, match=r"residuals.*give shape \(9, 3\)"):
        class_field(a, np.ones((S, N)), delta[:, :2], x)
    with pytest.raises(InputError, match="give classes from 0 to 2"):
        class_residuals(np.zeros((S, C)), y + C)
    with pytest.raises(InputError, match=r"labels.*give shape \(9,\)"):
        class_residuals(np.zeros((S, C)), y[:3])
