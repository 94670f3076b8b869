"""Dual activations without a closed form: error estimates against 30 digits, and structure."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory.errors import InputError
from graphon_theory.kernels import (
    ACTIVATIONS,
    RELU,
    TANH,
    Activation,
    dual_activations,
    dual_panels,
    dual_series,
    hermite_series,
)

SHIFTED = Activation("shifted relu", lambda z: np.maximum(z - 0.7, 0.0), lambda z: np.heaviside(z - 0.7, 0.5), (0.7,))


def exact(name: str, p: float, q: float, c: float) -> tuple[float, float]:
    """Both integrals of tanh by mpmath's Gauss-Legendre quadrature in two dimensions, 30 digits carried."""
    with mpmath.workdps(30):
        spread = mpmath.sqrt(1 - mpmath.mpf(c) ** 2)
        results = []
        for f in (mpmath.tanh, lambda z: 1 / mpmath.cosh(z) ** 2):

            def integrand(x: mpmath.mpf, y: mpmath.mpf, f: object = f) -> mpmath.mpf:
                return f(p * x) * f(q * (c * x + spread * y)) * mpmath.npdf(x) * mpmath.npdf(y)  # type: ignore[operator]

            # The trapezoidal rule converges geometrically for integrands analytic in a strip.
            h = mpmath.mpf(1) / 4
            grid = [k * h for k in range(-36, 37)]
            results.append(float(h * h * mpmath.fsum(integrand(x, y) for x in grid for y in grid)))
    return results[0], results[1]


@pytest.mark.parametrize(("p", "q", "c"), [(0.9, 0.7, -0.6)])
def test_tanh_agrees_with_thirty_digits(p: float, q: float, c: float) -> None:
    truth = exact("tanh", p, q, c)
    for way in (dual_series, dual_panels, dual_activations):
        found = way(TANH, p * p, q * q, c * p * q)
        assert abs(float(found.k1) - truth[0]) <= float(found.error1) + 1e-14
        assert abs(float(found.k0) - truth[1]) <= float(found.error0) + 1e-14
        assert float(found.error1) < 1e-9


@pytest.mark.parametrize("name", ["relu", "erf", "gelu"])
def test_estimates_cover_the_error_where_the_truth_is_known(name: str) -> None:
    rng = np.random.default_rng(1)
    a, b = 10.0 ** rng.uniform(-2, 2, (2, 200))
    c = np.concatenate([rng.uniform(-1, 1, 150), 1.0 - 10.0 ** rng.uniform(-8, -1, 50)])
    truth = dual_activations(ACTIVATIONS[name], a, b, c * np.sqrt(a * b))
    for degree in (5, 30, 100):
        found = dual_series(ACTIVATIONS[name], a, b, c * np.sqrt(a * b), degree=degree)
        assert (np.abs(found.k1 - truth.k1) <= found.error1 + truth.error1).all()
        assert (np.abs(found.k0 - truth.k0) <= found.error0 + truth.error0).all()


def test_estimates_are_not_idle() -> None:
    # Equal inputs use up Cauchy and Schwarz: the estimate is the error itself.
    found = dual_series(RELU, 1.0, 1.0, 1.0, degree=20)
    assert float(found.error1) == pytest.approx(0.5 - float(found.k1), rel=1e-3)


def test_kinks_away_from_zero() -> None:
    # E[max(z - t, 0)^2] and P(z > t) in closed form, for equal inputs of variance s.
    from scipy.stats import norm

    s, t = 1.7, 0.7
    ratio = t / np.sqrt(s)
    found = dual_activations(SHIFTED, s, s, s)
    assert float(found.k0) == pytest.approx(norm.sf(ratio), abs=1e-12)
    assert float(found.k1) == pytest.approx((s + t * t) * norm.sf(ratio) - t * np.sqrt(s) * norm.pdf(ratio), abs=1e-12)


def test_large_variances_fall_back_on_panels() -> None:
    # tanh of a large variance is near the sign, whose kernel is (2/pi) arcsin(c) up to O(1/sqrt(s)).
    found = dual_activations(TANH, 1e6, 1e6, 0.999e6)
    assert float(found.error1) < 1e-8
    assert float(found.k1) == pytest.approx(2 / np.pi * np.arcsin(0.999), abs=5e-3)
    assert float(dual_series(TANH, 1e6, 1e6, 0.999e6).error1) > 1e-3


def test_tail_is_the_energy_that_is_left() -> None:
    series = hermite_series(TANH, [0.5, 2.0], 9)
    more = hermite_series(TANH, [0.5, 2.0], 200).coefficients[10:]
    np.testing.assert_allclose(series.rest, np.sqrt((more**2).sum(axis=0)), rtol=1e-2)
    assert np.abs(series.coefficients[::2]).max() < 1e-14  # odd


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**31), st.sampled_from(["relu", "erf", "gelu", "tanh"]))
def test_matrices_are_positive_semidefinite_and_symmetric(size: int, seed: int, name: str) -> None:
    z = np.random.default_rng(seed).standard_normal((size, 3))
    gram = z @ z.T
    found = dual_series if name == "tanh" else dual_activations
    duals = found(ACTIVATIONS[name], np.diag(gram)[:, None], np.diag(gram)[None, :], gram)
    for k, error in ((duals.k1, duals.error1), (duals.k0, duals.error0)):
        np.testing.assert_allclose(k, k.T, atol=1e-12)
        assert np.linalg.eigvalsh(k).min() >= -size * (error.max() + 1e-12)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 100.0), st.floats(-1.0, 1.0), st.floats(0.01, 100.0))
def test_relu_scales(s: float, c: float, factor: float) -> None:
    plain, scaled = (dual_activations(RELU, f * s, f, c * np.sqrt(f * s * f)) for f in (1.0, factor))
    assert float(scaled.k1) == pytest.approx(factor * float(plain.k1), rel=1e-9, abs=1e-14 * factor * np.sqrt(s))
    # The angle magnifies the rounding of c where c is near 1: both estimates count it.
    assert abs(float(scaled.k0) - float(plain.k0)) <= float(scaled.error0) + float(plain.error0)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(InputError, match="degree"):
        hermite_series(TANH, [1.0], 401)
    with pytest.raises(InputError, match="variances"):
        hermite_series(TANH, [-1.0], 4)
    with pytest.raises(InputError, match="accuracy"):
        dual_activations(TANH, 1.0, 1.0, 0.0, accuracy=0.0)
