"""THR: three ways to one threshold, and its properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory import FiniteModel, Gaussian, InputError, Laplace, SaliencyModel, Uniform
from graphon_theory.noise import StudentT
from graphon_theory.notation import u, v
from graphon_theory.profiles import pareto
from graphon_theory.threshold import finite_threshold, precise_threshold

RAMP = SaliencyModel(g=sympy.Rational(1, 2) + u, f=sympy.exp(-v))


@pytest.mark.parametrize("noise", [Gaussian(), Uniform(), Laplace()], ids=lambda law: law.name)
@pytest.mark.parametrize("rho", [0.01, 0.1, 0.5, 0.9])
def test_constant_profile_has_the_closed_form(noise: Gaussian | Uniform | Laplace, rho: float) -> None:
    model = SaliencyModel(g=sympy.Integer(2), f=sympy.Integer(1), noise=noise)
    threshold = model.threshold(rho)
    assert threshold.exact is not None
    assert float(threshold.exact.evalf(30)) == pytest.approx(threshold.value, rel=1e-13)
    assert finite_threshold(np.full((7, 9), 2.0), noise, rho) == pytest.approx(threshold.value, rel=1e-12)


def test_ramp_with_uniform_noise_solves_its_closed_equation() -> None:
    model = SaliencyModel(g=u, noise=Uniform())
    tau = model.threshold(0.3).value
    assert 1 - tau + tau * math.log(tau) == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize("rho", [0.02, 0.1, 0.5, 0.8])
def test_population_threshold_agrees_with_mpmath(rho: float) -> None:
    import mpmath

    tau = RAMP.threshold(rho).value
    with mpmath.workdps(20):
        mean = mpmath.quad(
            lambda a, b: mpmath.erfc(tau / (mpmath.sqrt(2) * (0.5 + a) * mpmath.exp(-b))), [0, 1], [0, 1]
        )
    assert float(mean) == pytest.approx(rho, rel=1e-11)


@pytest.mark.parametrize(("noise", "digits"), [(Gaussian(), 12), (Uniform(), 3)], ids=["smooth", "kink"])
def test_rigorous_enclosure_holds_the_float_value(noise: Gaussian | Uniform, digits: int) -> None:
    model = SaliencyModel(g=RAMP.g, f=RAMP.f, noise=noise)
    threshold = model.threshold(0.1, digits=digits)
    assert threshold.enclosure is not None
    assert threshold.enclosure.upper - threshold.enclosure.lower <= 10.0**-digits * threshold.value
    slack = 1e-6 * threshold.value  # composite quadrature at a kink
    assert threshold.enclosure.lower - slack <= threshold.value <= threshold.enclosure.upper + slack


def test_finite_threshold_agrees_with_plain_bisection() -> None:
    rng = np.random.default_rng(1)
    profile = np.abs(rng.standard_normal((20, 30))) + 0.01
    low, high = 1e-9, 50.0
    for _ in range(200):
        middle = (low + high) / 2
        mean = sum(math.erfc(middle / (h * math.sqrt(2))) for h in profile.ravel()) / profile.size
        low, high = (middle, high) if mean > 0.1 else (low, middle)
    assert finite_threshold(profile, Gaussian(), 0.1) == pytest.approx(low, rel=1e-12)


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**32 - 1),
    rho=st.floats(0.01, 0.9),
    scale=st.floats(1e-6, 1e6),
    noise=st.sampled_from([Gaussian(), Uniform(), Laplace()]),
)
def test_threshold_scales_and_the_prediction_does_not(
    seed: int, rho: float, scale: float, noise: Gaussian | Uniform | Laplace
) -> None:
    profile = np.random.default_rng(seed).uniform(0.1, 2.0, size=(6, 8))
    one, other = FiniteModel(profile, noise), FiniteModel(scale * profile, noise)
    assert other.threshold(rho) == pytest.approx(scale * one.threshold(rho), rel=1e-9)
    np.testing.assert_allclose(one.probabilities(rho), other.probabilities(rho), atol=1e-9)
    assert float(one.probabilities(rho).mean()) == pytest.approx(rho, rel=1e-10)


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), rho=st.floats(0.01, 0.8), more=st.floats(1e-3, 0.15))
def test_threshold_decreases_in_the_density(seed: int, rho: float, more: float) -> None:
    profile = np.random.default_rng(seed).pareto(3.0, size=(5, 7)) + 1e-3
    assert finite_threshold(profile, Gaussian(), rho) > finite_threshold(profile, Gaussian(), rho + more)


def test_graphon_has_the_density_and_monotone_degrees() -> None:
    graphon = RAMP.graphon(0.1)
    assert graphon.density() == pytest.approx(0.1, abs=1e-9)
    grid = np.linspace(0, 1, 50)
    assert np.all(np.diff(graphon.degree_input(grid)) < 0)  # f falls in v
    assert np.all(np.diff(graphon.degree_neuron(grid)) > 0)  # g rises in u
    values = graphon(grid[:, None], grid[None, :])
    assert np.all((values >= 0) & (values <= 1))
    by_formula = sympy.lambdify((u, v), graphon.expr, modules=["scipy", "numpy"])
    np.testing.assert_allclose(values, by_formula(grid[:, None], grid[None, :]), atol=1e-14)


@pytest.mark.parametrize("rho", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_densities_outside_the_unit_interval_are_refused(rho: float) -> None:
    with pytest.raises(InputError, match="density"):
        RAMP.threshold(rho)


def test_a_profile_that_vanishes_too_often_is_refused() -> None:
    profile = np.zeros((5, 4))
    profile[0] = 1.0
    assert finite_threshold(profile, Gaussian(), 0.15) > 0
    with pytest.raises(InputError, match=r"non-zero on a share 0\.2"):
        finite_threshold(profile, Gaussian(), 0.2)


@pytest.mark.parametrize(
    ("g", "message"),
    [
        (u - 1, "non-negative"),
        (sympy.Integer(0), "vanish"),
        (1 / (u - sympy.Rational(1, 2)), "finite"),
        (v, "symbol u"),
    ],
)
def test_bad_profiles_are_refused(g: sympy.Expr, message: str) -> None:
    with pytest.raises(InputError, match=message):
        SaliencyModel(g=g)


@pytest.mark.parametrize("bad", [np.full((2, 2), np.nan), -np.ones((2, 2)), np.full((2, 2), np.inf)])
def test_bad_finite_profiles_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(InputError, match="profile"):
        FiniteModel(bad)
    with pytest.raises(InputError, match="profile"):
        finite_threshold(bad, Gaussian(), 0.5)


def test_ranks_must_agree() -> None:
    with pytest.raises(InputError, match="rank of rows, 3"):
        FiniteModel.from_factors(np.ones((4, 3)), np.ones((5, 2)), Gaussian())


POWERS = [sympy.Rational(1, 3), sympy.Rational(1, 2), sympy.Integer(1), sympy.Rational(3, 2), sympy.Integer(2), -1]


@pytest.mark.parametrize("exponent", POWERS, ids=str)
@pytest.mark.parametrize("rho", [0.1, 0.6])
def test_uniform_noise_and_a_power_profile_have_a_closed_form(exponent: sympy.Expr, rho: float) -> None:
    model = SaliencyModel(g=3 * u**exponent, noise=Uniform(0.5))
    threshold = model.threshold(rho, precise=30)
    assert threshold.exact is not None
    start = 0.0 if exponent < 0 else min(1.0, (threshold.value / 1.5) ** float(1 / exponent))
    points = np.linspace(start, 1.0, 200_001)
    middles = (points[1:] + points[:-1]) / 2
    mean = np.maximum(0, 1 - threshold.value / (1.5 * middles ** float(exponent))).mean() * (1 - start)
    assert float(mean) == pytest.approx(rho, abs=1e-6)
    assert threshold.precise is not None
    assert float(threshold.precise) == pytest.approx(threshold.value, rel=1e-15)
    mirrored = SaliencyModel(f=3 * (1 - v) ** exponent, noise=Uniform(0.5))
    assert mirrored.threshold(rho).value == pytest.approx(threshold.value, rel=1e-14)


def test_the_closed_form_agrees_with_its_rigorous_enclosure() -> None:
    threshold = SaliencyModel(g=sympy.Rational(1, 4) + 0 * u, noise=Laplace(0.3)).threshold(0.2, digits=12, precise=25)
    assert threshold.enclosure is not None
    assert threshold.precise is not None
    slack = 1e-12 * threshold.value
    assert threshold.enclosure.lower - slack <= sympy.Rational(threshold.precise) <= threshold.enclosure.upper + slack


def test_many_digits_of_student_noise_agree_with_its_inverse() -> None:
    threshold = SaliencyModel(noise=StudentT(3.0)).threshold(0.1, precise=20)
    assert threshold.exact is None
    assert threshold.precise is not None
    assert float(threshold.precise) == pytest.approx(threshold.value, rel=1e-13)


def test_an_unbounded_profile_keeps_its_digits() -> None:
    threshold = SaliencyModel(g=pareto(u, 3)).threshold(0.1, precise=15)
    assert threshold.precise is not None
    assert float(threshold.precise) == pytest.approx(threshold.value, rel=1e-7)


@pytest.mark.parametrize("noise", [Gaussian(), Laplace(2.0)], ids=lambda law: law.name)
def test_float_many_digits_and_enclosure_agree(noise: Gaussian | Laplace) -> None:
    threshold = SaliencyModel(g=RAMP.g, noise=noise).threshold(0.1, digits=10, precise=25)
    assert threshold.exact is None
    assert threshold.enclosure is not None
    assert threshold.precise is not None
    assert float(threshold.precise) == pytest.approx(threshold.value, rel=1e-12)
    assert threshold.enclosure.lower <= sympy.Rational(threshold.precise) <= threshold.enclosure.upper


def test_laplace_noise_and_a_pole_have_a_closed_form_that_quadrature_confirms() -> None:
    model = SaliencyModel(g=1 / u, noise=Laplace())
    threshold = model.threshold(0.3)
    assert (1 - math.exp(-threshold.value)) / threshold.value == pytest.approx(0.3, rel=1e-13)
    decimal = precise_threshold(model.profile, model.noise, sympy.Rational(3, 10), threshold.value, 20)
    assert decimal is not None
    assert float(decimal) == pytest.approx(threshold.value, rel=1e-14)


def test_many_digits_are_left_out_where_quadrature_cannot_vouch_for_them() -> None:
    assert SaliencyModel(g=RAMP.g, f=RAMP.f, noise=Uniform()).threshold(0.1, precise=20).precise is None
    with pytest.raises(InputError, match=r"precise = 0"):
        RAMP.threshold(0.1, precise=0)


def test_a_population_profile_that_vanishes_too_often_is_refused_with_its_density() -> None:
    model = SaliencyModel(g=sympy.Max(u - sympy.Rational(1, 2), 0))
    assert model.threshold(0.4).value > 0
    with pytest.raises(InputError, match=r"density = 0\.6: the profile vanishes too often"):
        model.threshold(0.6)
