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
from graphon_theory.noise import Gaussian, Laplace, NoiseLaw, Uniform, noise_law
from graphon_theory.notation import t

LAWS: tuple[NoiseLaw, ...] = (Gaussian(), Gaussian(0.3), Uniform(), Uniform(2.5), Laplace(), Laplace(0.7))


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("level", [0.01, 0.2, 0.69, 1.7])
def test_array_form_agrees_with_fifty_digits_of_the_formula(law: NoiseLaw, level: float) -> None:
    with mpmath.workdps(50):
        for expr, array in ((law.survival_expr(t), law.survival), (law.density_expr(t), law.density)):
            exact = float(sympy.N(expr.subs(t, sympy.Rational(level)), 50))
            assert float(array(np.array([level]))[0]) == pytest.approx(exact, rel=1e-14, abs=1e-16)


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("level", [0.05, 0.4])
def test_survival_is_the_integral_of_the_density(law: NoiseLaw, level: float) -> None:
    edge = law.bound if isinstance(law, Uniform) else np.inf
    mass, _ = integrate.quad(lambda s: float(law.density(np.array([s]))[0]), level, edge)
    assert float(law.survival(np.array([level]))[0]) == pytest.approx(mass, rel=1e-8)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_variance_is_the_second_moment(law: NoiseLaw) -> None:
    edge = law.bound if isinstance(law, Uniform) else np.inf
    moment, _ = integrate.quad(lambda s: s**2 * float(law.density(np.array([s]))[0]), 0, edge)
    assert law.variance == pytest.approx(moment, rel=1e-8)


@given(law=st.sampled_from(LAWS), probability=st.floats(1e-6, 1 - 1e-6))
def test_inverse_inverts(law: NoiseLaw, probability: float) -> None:
    level = law.inverse(probability)
    assert float(law.survival(np.array([level]))[0]) == pytest.approx(probability, rel=1e-9)
    assert float(law.inverse_expr(sympy.Float(probability))) == pytest.approx(level, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_an_infinite_level_keeps_nothing(law: NoiseLaw) -> None:
    assert float(law.survival(np.array([np.inf]))[0]) == 0.0


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_scales_are_refused(scale: float) -> None:
    for law in (Gaussian, Uniform, Laplace):
        with pytest.raises(InputError, match="finite number above 0"):
            law(scale)


def test_an_unknown_law_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"cauchy.*gaussian"):
        noise_law("cauchy")
