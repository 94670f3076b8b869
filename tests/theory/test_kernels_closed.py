"""Closed dual activations: against quadrature that knows no formula, mpmath, simulation, and their derivations."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy

from graphon_theory.errors import InputError
from graphon_theory.kernels import ACTIVATIONS, Activation, dual_activations, dual_panels

CLOSED = ("relu", "erf", "gelu")
# Variances and correlations of all sizes, correlations of 1 and -1 among them.
S11 = np.array([1.0, 0.5, 2.0, 4.0, 1.0, 1.0, 9.0, 25.0])
S22 = np.array([1.0, 2.0, 0.3, 4.0, 1.0, 1.0, 9.0, 0.1])
S12 = np.array([0.3, -0.8, 0.95, 0.999, 1.0, -1.0, 0.9999, 0.5]) * np.sqrt(S11 * S22)


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_agree_with_quadrature_in_two_dimensions(name: str) -> None:
    found, panels = (f(ACTIVATIONS[name], S11, S22, S12) for f in (dual_activations, dual_panels))
    for k in ("1", "0"):
        gap = np.abs(getattr(found, f"k{k}") - getattr(panels, f"k{k}"))
        assert (gap <= getattr(panels, f"error{k}") + getattr(found, f"error{k}")).all()
        assert gap.max() < 1e-11


@pytest.mark.parametrize("name", CLOSED)
def test_rounding_stays_within_its_estimate(name: str) -> None:
    activation = ACTIVATIONS[name]
    s11, s22, s12 = sympy.symbols("s11 s22 s12", real=True)
    assert activation.expressions is not None
    forms = [sympy.lambdify((s11, s22, s12), part, "mpmath") for part in activation.expressions(s11, s22, s12)]
    rng = np.random.default_rng(3)
    a, b = 10.0 ** rng.uniform(-3, 3, (2, 60))
    c = 1.0 - 10.0 ** rng.uniform(-12, 0.3, 60)
    cross = c * np.sqrt(a) * np.sqrt(b)
    found = dual_activations(activation, a, b, cross)
    with mpmath.workdps(30):
        for i in range(60):
            point = [mpmath.mpf(float(part[i])) for part in (a, b, cross)]
            for form, value, error in zip(forms, (found.k1, found.k0), (found.error1, found.error0), strict=True):
                assert abs(form(*point) - mpmath.mpf(float(value[i]))) <= error[i]
    assert (found.error1 <= 1e-12 * np.sqrt(a * b)).all()


@pytest.mark.parametrize("name", [*CLOSED, "tanh"])
def test_monte_carlo_of_the_definition(name: str) -> None:
    # 400,000 antithetic pairs; 5 standard errors are exceeded by one of 4 activations x 2 with probability 5e-6.
    rng = np.random.default_rng(8)
    x, y = rng.standard_normal((2, 400_000))
    z, other = math.sqrt(1.5) * x, math.sqrt(0.8) * (0.6 * x + 0.8 * y)
    activation = ACTIVATIONS[name]
    found = dual_activations(activation, 1.5, 0.8, 0.6 * math.sqrt(1.2))
    for function, value in ((activation.value, found.k1), (activation.slope, found.k0)):
        sample = 0.5 * (function(z) * function(other) + function(-z) * function(-other))
        assert abs(sample.mean() - float(value)) < 5.0 * sample.std() / math.sqrt(sample.size)


@pytest.mark.parametrize("name", ["relu", "erf", "gelu", "tanh"])
def test_derivations_hold(name: str) -> None:
    derive = ACTIVATIONS[name].derive
    assert derive is not None
    result = derive().run()
    assert result.holds, [(r.step.id, r.evidence, r.detail) for r in result.results]


@pytest.mark.parametrize("name", ["relu", "erf", "gelu", "tanh"])
def test_dead_neurons_have_limits(name: str) -> None:
    activation = ACTIVATIONS[name]
    at_zero = [float(f(np.zeros(1))[0]) for f in (activation.value, activation.slope)]
    found = dual_activations(activation, [0.0, 0.0], [0.0, 2.0], [0.0, 0.0])
    small = dual_activations(activation, 1e-14, 2.0, 0.0)
    assert found.k1[0] == pytest.approx(at_zero[0] ** 2, abs=1e-12)
    assert found.k0[0] == pytest.approx(at_zero[1] ** 2, abs=1e-12)
    assert found.k1[1] == pytest.approx(float(small.k1), abs=1e-6)
    assert found.k0[1] == pytest.approx(float(small.k0), abs=1e-6)


def test_relu_at_equal_and_opposite_inputs() -> None:
    s = np.array([1e-300, 1e-5, 1.0, 1e200])
    equal, opposite = (dual_activations(ACTIVATIONS["relu"], s, s, sign * s) for sign in (1, -1))
    np.testing.assert_allclose(equal.k1, s / 2, rtol=1e-15)
    np.testing.assert_allclose(equal.k0, 0.5, rtol=1e-15)
    np.testing.assert_array_equal(opposite.k0, 0.0)
    assert (np.abs(opposite.k1) <= opposite.error1).all()


def test_correlations_beyond_one_are_rounding_or_refused() -> None:
    relu = ACTIVATIONS["relu"]
    assert float(dual_activations(relu, 1.0, 1.0, 1.0 + 5e-7).k0) == 0.5
    for bad in ((1.0, 1.0, 1.1), (1.0, 1.0, -1.0 - 1e-5), (0.0, 1.0, 0.1)):
        with pytest.raises(InputError, match="s12"):
            dual_activations(relu, *bad)
    with pytest.raises(InputError, match="s12"):
        dual_activations(relu, 1.0, 1.0, 1.0 + 5e-7, tolerance=1e-8)


@pytest.mark.parametrize(
    ("values", "name"),
    [((-1.0, 1.0, 0.0), "s11"), ((1.0, math.nan, 0.0), "s22"), ((1.0, 1.0, math.inf), "s12"),
     (([1.0, 1.0], [1.0, 1.0, 1.0], 0.0), "s11, s22, s12")],
)  # fmt: skip
def test_bad_covariances_are_named(values: tuple[object, ...], name: str) -> None:
    with pytest.raises(InputError) as caught:
        dual_activations(ACTIVATIONS["erf"], *values)  # type: ignore[arg-type]
    assert caught.value.argument == name


def test_activations_that_overflow_are_refused() -> None:
    with pytest.raises(InputError, match="not finite at"):
        Activation("log", np.log, np.reciprocal)
    with pytest.raises(InputError, match="elementwise"):
        Activation("sum", lambda z: z.sum(keepdims=True), np.ones_like)
