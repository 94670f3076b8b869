"""One-sided probabilities and what they bias, against quadrature, 50-digit arithmetic and drawn networks."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy import integrate

from graphon_theory import Gaussian, InputError
from graphon_theory.criteria.grasp_signed import (
    mean_kept_weight,
    one_sided_levels,
    one_sided_threshold,
    output_drift,
    output_moments,
    output_size,
    upper_mean,
    upper_probability,
    upper_second_moment,
)
from graphon_theory.noise import Laplace, NoiseLaw, StudentT, Uniform
from graphon_theory.saliency import FiniteModel

LAWS: tuple[NoiseLaw, ...] = (Gaussian(), Gaussian(0.7), Uniform(), Uniform(1.7), Laplace())


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law.name}-{law.variance:.2f}")
@pytest.mark.parametrize("level", [-0.8, 0.3, 1.2])
def test_upper_moments_are_integrals_of_the_density(law: NoiseLaw, level: float) -> None:
    def moment(power: int) -> float:
        def integrand(x: float) -> float:
            return x**power * 0.5 * float(law.density(np.array([abs(x)]))[0])

        bounds = (level, 40.0) if law.name != "uniform" else (level, max(level, float(law.inverse(1e-12))))
        return float(integrate.quad(integrand, *bounds, points=[0.0] if level < 0 else None, limit=200)[0])

    t = np.array([level])
    formulas = (upper_probability(law, t)[0], upper_mean(law, t)[0], upper_second_moment(law, t)[0])
    np.testing.assert_allclose(formulas, [moment(k) for k in range(3)], rtol=1e-7, atol=1e-9)


def test_infinite_levels_keep_nothing_or_everything() -> None:
    ends = np.array([-np.inf, np.inf])
    for law in LAWS:
        np.testing.assert_allclose(upper_probability(law, ends), [1.0, 0.0])
        np.testing.assert_allclose(upper_mean(law, ends), [0.0, 0.0])
        np.testing.assert_allclose(upper_second_moment(law, ends), [law.variance, 0.0], atol=1e-12)


def test_gaussian_mean_agrees_with_50_digits() -> None:
    with mpmath.workdps(50):
        exact = [mpmath.quad(lambda x: x * mpmath.npdf(x), [t, 0, mpmath.inf]) for t in (-2.5, -0.4)]
    np.testing.assert_allclose(upper_mean(Gaussian(), np.array([-2.5, -0.4])), [float(x) for x in exact], rtol=1e-14)


@pytest.mark.parametrize("density", [0.1, 0.4, 0.6, 0.9])
def test_threshold_has_its_density_and_its_sign(density: float) -> None:
    profile = np.abs(np.random.default_rng(1).standard_normal((40, 30)))
    profile[:, 0] = 0.0
    model = FiniteModel(profile, Gaussian())
    tau = one_sided_threshold(model, density)
    assert (tau > 0) == (density < 0.5)
    kept = upper_probability(model.noise, one_sided_levels(model, tau))
    assert kept.mean() == pytest.approx(density, rel=1e-9)
    assert np.all(kept[:, 0] == (1.0 if density > 0.5 else 0.0))


@pytest.mark.parametrize("density", [0.15, 0.7])
def test_bias_and_output_are_those_of_drawn_networks(density: float) -> None:
    rng = np.random.default_rng(2)
    n, d, batch = 300, 200, 40
    readout = rng.standard_normal(n) / math.sqrt(n)
    field = readout[:, None] * (rng.standard_normal(d) + 0.3 * rng.standard_normal((n, d)))
    model = FiniteModel(np.abs(field), Gaussian())
    levels = one_sided_levels(model, one_sided_threshold(model, density))
    x = rng.standard_normal((batch, d))
    biases, squares = [], []
    for _ in range(60):
        xi = rng.standard_normal((n, d))
        kept = np.sign(field) * xi >= levels
        biases.append(float((xi * np.sign(field))[kept].mean()))
        output = np.maximum(x @ (xi * kept).T / math.sqrt(d), 0.0) @ readout
        squares.append(float(np.mean(output**2)))
    error = float(np.std(biases)) / math.sqrt(60)
    assert abs(np.mean(biases) - mean_kept_weight(model.noise, levels)) < 5 * error + 1e-4
    predicted = output_size(readout, np.sign(field), levels, x, Gaussian())
    assert math.sqrt(np.mean(squares)) == pytest.approx(predicted, rel=0.03)
    balanced = output_size(readout, np.zeros_like(field), levels, x, Gaussian())
    assert predicted > 1.3 * balanced


def test_what_has_no_answer_is_refused() -> None:
    with pytest.raises(InputError, match="tie at the threshold 0"):
        one_sided_threshold(FiniteModel(np.array([[0.0, 1.0]]), Gaussian()), 0.5)
    assert one_sided_threshold(FiniteModel(np.ones((2, 2)), Gaussian()), 0.5) == 0.0
    with pytest.raises(InputError, match="student"):
        upper_mean(StudentT(5.0), np.ones(1))


@pytest.mark.parametrize("density", [0.15, 0.7])
def test_moments_and_drift_are_those_of_drawn_networks(density: float) -> None:
    """Types with a symmetric readout are fixed; the noise is drawn again and again, a mask each."""
    rng = np.random.default_rng(3)
    n, d = 400, 60
    half = rng.standard_normal(n // 2) / math.sqrt(n)
    readout = np.concatenate([half, -half])
    field = readout[:, None] * np.tile(rng.standard_normal(d) + 0.3 * rng.standard_normal((n // 2, d)), (2, 1))
    model = FiniteModel(np.abs(field), Gaussian())
    levels, signs = one_sided_levels(model, one_sided_threshold(model, density)), np.sign(field)
    x = rng.standard_normal((12, d))
    mean, variance = output_moments(readout, signs, levels, x, Gaussian())
    # With every neuron beside its opposite the leading order is exact.
    np.testing.assert_allclose(x @ output_drift(readout, signs, levels, Gaussian()), mean, rtol=0, atol=1e-12)
    outputs = np.empty((400, 12))
    for row in outputs:
        xi = rng.standard_normal((n, d))
        row[:] = np.maximum(x @ (xi * (signs * xi >= levels)).T / math.sqrt(d), 0.0) @ readout
    assert np.all(np.abs(outputs.mean(axis=0) - mean) < 5.0 * np.sqrt(variance / 400))
    # Preactivations of some 10 to 40 edges are Gaussian up to a few per cent.
    assert outputs.var(axis=0).mean() == pytest.approx(variance.mean(), rel=0.1)
    size = output_size(readout, signs, levels, x, Gaussian())
    assert size == pytest.approx(math.sqrt(float((mean**2 + variance).mean())), rel=1e-14)


def test_moments_of_one_neuron_are_integrals() -> None:
    noise, level = Gaussian(), np.array([[0.4]])
    mean, variance = output_moments(np.ones(1), np.ones((1, 1)), level, np.array([[1.3], [-0.6]]), noise)
    first, second = float(upper_mean(noise, level)[0, 0]), float(upper_second_moment(noise, level)[0, 0])
    for k, x in enumerate((1.3, -0.6)):
        m, s = first * x, math.sqrt(second - first**2) * abs(x)

        def moment(power: int, m: float = m, s: float = s) -> mpmath.mpf:
            return mpmath.quad(lambda z: z**power * mpmath.npdf(z, m, s), [0, abs(m) + s, mpmath.inf])

        assert mean[k] == pytest.approx(float(moment(1)), rel=1e-12)
        assert variance[k] == pytest.approx(float(moment(2) - moment(1) ** 2), rel=1e-10)
