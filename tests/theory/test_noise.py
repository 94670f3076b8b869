"""Noise laws: formula, array and 50-digit evaluation agree, and the inverse inverts."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from graphon_theory.errors import InputError
from graphon_theory.noise import (
    CustomNoise,
    Gaussian,
    Laplace,
    NoiseLaw,
    Rademacher,
    StudentT,
    TruncatedNormal,
    Uniform,
    noise_law,
)
from graphon_theory.notation import t

LAWS: tuple[NoiseLaw, ...] = (
    Gaussian(),
    Gaussian(0.3),
    Uniform(),
    Uniform(2.5),
    Laplace(),
    Laplace(0.7),
    StudentT(3.5),
    StudentT(12.0, 0.4),
    TruncatedNormal(),
    TruncatedNormal(2.2, 1.5),
    CustomNoise((1 + t) * sympy.exp(-t), name="gamma"),
)


def _edge(law: NoiseLaw) -> float:
    return law.bound if isinstance(law, (Uniform, TruncatedNormal)) else np.inf


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("level", [0.01, 0.2, 0.69, 1.7])
def test_array_form_agrees_with_fifty_digits_of_the_formula(law: NoiseLaw, level: float) -> None:
    with mpmath.workdps(50):
        for expr, array in (
            (law.survival_expr(t), law.survival),
            (law.density_expr(t), law.density),
            (law.truncated_moment_expr(t), law.truncated_moment),
        ):
            exact = float(sympy.N(expr.subs(t, sympy.Rational(level)), 50))
            assert float(array(np.array([level]))[0]) == pytest.approx(exact, rel=1e-14, abs=1e-16)


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("level", [0.05, 0.4])
def test_survival_is_the_integral_of_the_density(law: NoiseLaw, level: float) -> None:
    edge = _edge(law)
    mass, _ = integrate.quad(lambda s: float(law.density(np.array([s]))[0]), level, edge)
    assert float(law.survival(np.array([level]))[0]) == pytest.approx(mass, rel=1e-8)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_variance_is_the_second_moment(law: NoiseLaw) -> None:
    edge = _edge(law)
    moment, _ = integrate.quad(lambda s: s**2 * float(law.density(np.array([s]))[0]), 0, edge)
    assert law.variance == pytest.approx(moment, rel=1e-8)


@given(law=st.sampled_from(LAWS), probability=st.floats(1e-6, 1 - 1e-6))
def test_inverse_inverts(law: NoiseLaw, probability: float) -> None:
    level = law.inverse(probability)
    assert float(law.survival(np.array([level]))[0]) == pytest.approx(probability, rel=1e-9)
    formula = law.inverse_expr(sympy.Float(probability))
    if formula is None:
        assert isinstance(law, (StudentT, CustomNoise))
    else:
        assert float(formula) == pytest.approx(level, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("level", [0.05, 0.4, 1.3])
def test_truncated_moment_is_the_integral_of_the_density(law: NoiseLaw, level: float) -> None:
    edge = max(_edge(law), level)
    moment, _ = integrate.quad(lambda s: s**2 * float(law.density(np.array([s]))[0]), level, edge)
    assert float(law.truncated_moment(np.array([level]))[0]) == pytest.approx(moment, rel=1e-7, abs=1e-12)


@given(law=st.sampled_from(LAWS), low=st.floats(0, 20), step=st.floats(0, 5))
def test_truncated_moment_falls_and_is_at_least_the_level_squared(law: NoiseLaw, low: float, step: float) -> None:
    levels = np.array([low, low + step])
    moments, kept = law.truncated_moment(levels), law.survival(levels)
    assert moments[0] >= moments[1] - 1e-12
    assert np.all(moments >= levels**2 * kept - 1e-12)
    assert np.all(moments <= law.variance + 1e-12)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_truncated_moment_runs_from_the_variance_to_nothing(law: NoiseLaw) -> None:
    start, end = law.truncated_moment(np.array([0.0, np.inf]))
    assert float(start) == pytest.approx(law.variance, rel=1e-12)
    assert float(end) == 0.0
    assert law.atoms == ()


def test_a_custom_law_agrees_with_the_law_it_spells_out() -> None:
    levels = np.array([0.0, 0.3, 2.0, 9.0])
    for formula, law in ((sympy.exp(-t / 2), Laplace(2.0)), (sympy.erfc(t / sympy.sqrt(2)), Gaussian())):
        custom = CustomNoise(formula)
        assert custom.analytic
        for ours, theirs in (
            (custom.survival, law.survival),
            (custom.density, law.density),
            (custom.truncated_moment, law.truncated_moment),
        ):
            np.testing.assert_allclose(ours(levels), theirs(levels), rtol=1e-9)
        assert custom.inverse(0.1) == pytest.approx(law.inverse(0.1), rel=1e-12)
    kinked = CustomNoise(sympy.Max(0, 1 - t))
    assert not kinked.analytic
    np.testing.assert_allclose(kinked.truncated_moment(levels), Uniform().truncated_moment(levels), atol=1e-4)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (2 * sympy.exp(-t), r"Q\(0\) is 2"),
        (sympy.cos(t), r"leave \[0, 1\]"),
        (sympy.Integer(1), "limit 0"),
        (1 / (1 + t) ** 2, "finite second moment"),
        (sympy.exp(-t) * (1 - t + 2 * t**2), "rises at"),
        (sympy.Piecewise((1, t < 1), (sympy.exp(-t), True)), "jumps near t = 1, an atom"),
        (sympy.exp(-sympy.Symbol("y")), "not y"),
        (sympy.exp(-t) / t, "not a finite number"),
        (sympy.I * t, "complex"),
        (sympy.Function("mystery")(t), "NumPy or SciPy"),
    ],
)
def test_formulas_that_are_no_survival_function_are_refused(formula: sympy.Expr, message: str) -> None:
    with pytest.raises(InputError, match=message):
        CustomNoise(formula)


def test_rademacher_is_its_atom() -> None:
    law = Rademacher(0.5)
    assert law.atoms == (0.5,)
    levels = np.array([0.2, 0.5, 0.6])
    np.testing.assert_array_equal(law.survival(levels), [1.0, 1.0, 0.0])
    np.testing.assert_array_equal(law.truncated_moment(levels), [0.25, 0.25, 0.0])
    assert law.inverse_expr(t) is None
    for refused in (lambda: law.density(levels), lambda: law.inverse(0.3), lambda: law.density_expr(t)):
        with pytest.raises(InputError, match="without atoms"):
            refused()


@pytest.mark.parametrize("nu", [2.0, 1.0, float("nan"), float("inf")])
def test_too_few_degrees_of_freedom_are_refused(nu: float) -> None:
    with pytest.raises(InputError, match=r"nu = .*above 2"):
        StudentT(nu)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_an_infinite_level_keeps_nothing(law: NoiseLaw) -> None:
    assert float(law.survival(np.array([np.inf]))[0]) == 0.0


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_scales_are_refused(scale: float) -> None:
    for law in (Gaussian, Uniform, Laplace, TruncatedNormal, Rademacher):
        with pytest.raises(InputError, match="finite number above 0"):
            law(scale)


def test_an_unknown_law_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"cauchy.*gaussian"):
        noise_law("cauchy")
