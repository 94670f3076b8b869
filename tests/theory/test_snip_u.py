"""SNIP with own shares: the closed form against sampling and mpmath, the share against the normal law."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import pytest
from scipy import integrate, special

from graphon_theory import Gaussian, InputError
from graphon_theory.criteria import OwnShareModel, kept_beside_own_share, own_share, snip_uncentred
from graphon_theory.noise import Laplace, Uniform
from graphon_theory.saliency import FiniteModel

CASES = [(0.7, 0.4, 0.2), (0.7, 0.4, 0.9), (-1.3, 0.05, 0.5), (0.0, 0.6, 0.3), (1.1, -0.3, 0.25), (0.4, 1e-9, 0.3)]


@pytest.mark.parametrize("law", [Gaussian(), Uniform(), Laplace(0.8)], ids=lambda law: law.name)
@pytest.mark.parametrize(("h", "kappa", "tau"), CASES)
def test_closed_form_is_the_integral_over_the_kept_set(
    law: Gaussian | Uniform | Laplace, h: float, kappa: float, tau: float
) -> None:
    # Independent of the roots: the indicator of |x| |h + kappa x| >= tau, by quadrature on a fine grid of cells.
    edges = np.linspace(-12.0, 12.0, 1_200_001)
    centres = 0.5 * (edges[1:] + edges[:-1])
    weight = 0.5 * law.density(np.abs(centres)) * np.diff(edges)
    expected = float(weight[np.abs(centres) * np.abs(h + kappa * centres) >= tau].sum())
    found = float(kept_beside_own_share(np.array(h), np.array(kappa), law, tau))
    assert found == pytest.approx(expected, abs=3e-5)


@pytest.mark.parametrize(("h", "kappa", "tau"), CASES)
def test_closed_form_agrees_with_mpmath(h: float, kappa: float, tau: float) -> None:
    with mpmath.workdps(40):
        roots = sorted(
            (-b + sign * mpmath.sqrt(b * b + 4 * k * t)) / (2 * k)
            for b, k in [(mpmath.mpf(h), mpmath.mpf(kappa))]
            for t in (mpmath.mpf(tau), -mpmath.mpf(tau))
            for sign in (1, -1)
            if b * b + 4 * k * t >= 0
        )
        ends = [-mpmath.inf, *roots, mpmath.inf]
        total = mpmath.mpf(0)
        for low, high in itertools.pairwise(ends):
            inside = (max(low, mpmath.mpf(-(10**12))) + min(high, mpmath.mpf(10**12))) / 2
            if abs(inside) * abs(h + kappa * inside) >= tau:
                total += mpmath.ncdf(high) - mpmath.ncdf(low)
        found = float(kept_beside_own_share(np.array(h), np.array(kappa), Gaussian(), tau))
        assert found == pytest.approx(float(total), rel=1e-12)


def test_no_share_is_the_saliency_model_and_nothing_is_never_kept() -> None:
    h = np.array([[0.3, 1.0, 2.5], [0.0, -0.7, 1e-3]])
    for law in (Gaussian(), Uniform(), Laplace()):
        model = OwnShareModel(h, np.zeros_like(h), law)
        np.testing.assert_allclose(
            model.probabilities(0.3), FiniteModel(np.abs(h), law).probabilities(0.3), rtol=1e-9, atol=1e-15
        )
    assert float(kept_beside_own_share(np.array(0.0), np.array(0.0), Gaussian(), 0.5)) == 0.0


def test_probabilities_have_the_density_and_ignore_signs() -> None:
    rng = np.random.default_rng(1)
    h, kappa = rng.standard_normal((2, 30, 20))
    model = OwnShareModel(h, kappa, Uniform())
    assert float(model.probabilities(0.17).mean()) == pytest.approx(0.17, rel=1e-10)
    np.testing.assert_array_equal(
        model.probabilities(0.17), OwnShareModel(np.abs(h), -np.abs(kappa), Uniform()).probabilities(0.17)
    )


def test_share_is_the_slope_of_the_mean_saliency() -> None:
    rng = np.random.default_rng(5)
    a, r, x = rng.standard_normal(2), rng.standard_normal(9) + 1.0, rng.standard_normal((9, 400))
    law = Uniform(math.sqrt(3.0) * 0.4)  # of standard deviation 0.4
    norms = np.linalg.norm(x, axis=1)
    step = 1e-3

    def mean_saliency(j: int, xi: float) -> float:
        # E[1{xi x + Z > 0}] with Z normal of variance Var(xi) |x_s|^2, everything in units of d^(-1/2).
        return float((r * x[:, j] * special.ndtr(xi * x[:, j] / (0.4 * norms))).mean())

    for j in (0, 7):
        slope = (mean_saliency(j, step) - mean_saliency(j, -step)) / (2 * step)
        np.testing.assert_allclose(own_share(a, r, x, law)[:, j], a * slope, rtol=1e-6)


def test_leaving_out_the_share_frees_the_saliency_of_the_weight() -> None:
    # Weights drawn 4,000 times: the saliency of the batch goes with xi_00, the model's does not (|t| of a slope).
    rng = np.random.default_rng(8)
    d, batch, draws = 60, 240, 4000
    r, x = rng.standard_normal(batch) + 1.0, rng.standard_normal((batch, d))
    xi = rng.standard_normal((draws, d))
    slopes = x @ xi.T > 0
    model = snip_uncentred(np.ones(draws), slopes, r, x, xi, Gaussian())
    raw = model.saliency + model.own * xi

    def t_value(y: np.ndarray) -> float:
        c = float(np.corrcoef(xi[:, 0], y)[0, 1])
        return abs(c) * math.sqrt(draws / (1.0 - c * c))

    assert t_value(raw[:, 0]) > 20.0
    assert t_value(model.saliency[:, 0]) < 3.3  # exceeded by chance with probability 0.001
    plain = (slopes.T * r) @ x / batch
    np.testing.assert_allclose(raw, plain, atol=1e-12)


def test_quadrature_of_a_gaussian_saliency_keeps_the_mean() -> None:
    # h itself normal: the mean of the closed form against a double integral by SciPy.
    tau, kappa = 0.4, 0.5
    kink = 2.0 * math.sqrt(kappa * tau)  # of square-root type, where h^2 = 4 kappa tau

    def at(h: float) -> float:
        return float(kept_beside_own_share(np.array(h), np.array(kappa), Gaussian(), tau)) * math.exp(-h * h / 2)

    parts = ((0.0, kink), (kink, kink + 1.0), (kink + 1.0, 9.0))
    closed = 2 * sum(integrate.quad(at, *part, limit=200)[0] for part in parts) / math.sqrt(2 * math.pi)

    def given(x: float) -> float:
        # P(|h + kappa x| >= tau/|x|) for normal h.
        level = tau / abs(x)
        return float(special.ndtr(-level - kappa * x) + special.ndtr(-level + kappa * x)) * math.exp(-x * x / 2)

    double = 2 * integrate.quad(given, 0.0, 9.0, limit=200)[0] / math.sqrt(2 * math.pi)
    assert closed == pytest.approx(double, abs=1e-8)


def test_bad_input_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"weights.*give shape \(2, 3\)"):
        snip_uncentred(np.ones(2), np.ones((4, 2)), np.ones(4), np.ones((4, 3)), np.ones((3, 2)), Gaussian())
    with pytest.raises(InputError, match="one shape"):
        OwnShareModel(np.ones((2, 2)), np.ones((2, 3)), Gaussian())
    with pytest.raises(InputError, match="finite"):
        OwnShareModel(np.full((2, 2), np.nan), np.ones((2, 2)), Gaussian())
    with pytest.raises(InputError, match=r"0\.25"):
        OwnShareModel(np.array([[1.0, 0.0], [0.0, 0.0]]), np.zeros((2, 2)), Gaussian()).probabilities(0.3)
