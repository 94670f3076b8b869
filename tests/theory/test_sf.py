"""Growth of a perturbation in a SynFlow step: closed forms, mpmath, and simulation of kept masses."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from graphon_theory import Gaussian, InputError, Laplace, Uniform
from graphon_theory.criteria import critical_density, kept_mass, step_growth
from graphon_theory.noise import NoiseLaw, Rademacher

GOLDEN = (1 + math.sqrt(5)) / 2


@pytest.mark.parametrize(
    ("law", "critical"),
    [
        (Gaussian(), math.erfc(1 / math.sqrt(2))),
        (Gaussian(2.5), math.erfc(1 / math.sqrt(2))),
        (Uniform(), 1 - 1 / math.sqrt(3)),
        (Laplace(0.7), math.exp(-GOLDEN)),
    ],
)
def test_critical_densities_have_closed_forms_whatever_the_scale(law: NoiseLaw, critical: float) -> None:
    assert critical_density(law) == pytest.approx(critical, abs=1e-10)


@pytest.mark.parametrize("density", [0.03, 0.2, 0.6])
def test_growth_has_closed_forms(density: float) -> None:
    for law, formula in (
        (Gaussian(), lambda t: t**2),
        (Uniform(), lambda t: 2 * t**2 / (1 - t**2)),
        (Laplace(), lambda t: t**2 / (1 + t)),
    ):
        assert step_growth(law, density) == pytest.approx(formula(law.inverse(density)), rel=1e-9)


def test_kept_mass_against_mpmath() -> None:
    for level in (0.0, 0.4, 1.7, 4.0):
        with mpmath.workdps(30):
            whole = mpmath.quad(
                lambda s: s * mpmath.sqrt(2 / mpmath.pi) * mpmath.exp(-(s**2) / 2), [level, 8, mpmath.inf]
            )
        assert kept_mass(Gaussian(), level) == pytest.approx(float(whole), rel=1e-9)
        assert kept_mass(Laplace(), level) == pytest.approx((1 + level) * math.exp(-level), rel=1e-9)


def test_finite_push_tends_to_the_derivative_and_may_empty_the_lower_half() -> None:
    for law in (Gaussian(), Uniform(), Laplace()):
        assert step_growth(law, 0.3, 1e-4) == pytest.approx(step_growth(law, 0.3), rel=1e-5)
    assert math.isinf(step_growth(Uniform(), 0.05, 0.5))


@pytest.mark.parametrize("law", [Gaussian(), Uniform(), Laplace()])
def test_growth_is_that_of_simulated_masses(law: NoiseLaw) -> None:
    rng = np.random.default_rng(6)
    size, push, density = 200_000, 0.15, 0.25
    noise = {"gaussian": rng.standard_normal, "uniform": rng.random, "laplace": rng.exponential}[law.name](size=size)
    noise = np.tile(noise, 2)  # the same noise in both halves: its own fluctuation cancels
    factor = np.repeat([math.exp(push), math.exp(-push)], size)
    score = np.abs(noise) * factor
    kept = score >= np.quantile(score, 1 - density)
    masses = [float(np.abs(noise)[kept & (factor > 1)].sum()), float(np.abs(noise)[kept & (factor < 1)].sum())]
    assert math.log(masses[0] / masses[1]) / (2 * push) == pytest.approx(step_growth(law, density, push), rel=0.02)


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError):
        step_growth(Gaussian(), 1.0)
    with pytest.raises(InputError, match="push"):
        step_growth(Gaussian(), 0.5, -1.0)
    with pytest.raises(InputError, match="atoms"):
        critical_density(Rademacher())
