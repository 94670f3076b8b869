"""The energy graphon: its bounds, its order, and its value against quadrature."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from graphon_theory import Gaussian, Laplace, SaliencyModel, Uniform
from graphon_theory.energy import kept_energy
from graphon_theory.noise import NoiseLaw, StudentT, TruncatedNormal
from graphon_theory.notation import u, v
from graphon_theory.saliency import kept_probability

LAWS: tuple[NoiseLaw, ...] = (Gaussian(), Uniform(2.0), Laplace(0.5), StudentT(4.0), TruncatedNormal())
GRID = np.linspace(0.0, 1.0, 21)


def test_magnitude_at_a_tenth_keeps_the_energy_that_theory_says() -> None:
    energy = SaliencyModel().energy_graphon(0.1)
    assert energy.density() == pytest.approx(0.439, abs=5e-4)
    level = Gaussian().inverse(0.1)
    by_hand, _ = integrate.quad(lambda s: 2 * s**2 * math.exp(-(s**2) / 2) / math.sqrt(2 * math.pi), level, np.inf)
    assert float(energy(0.3, 0.7)) == pytest.approx(by_hand, rel=1e-9)
    assert float(sympy.N(energy.expr)) == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_formula_and_arrays_agree(law: NoiseLaw) -> None:
    energy = SaliencyModel(g=u + 1, f=sympy.exp(-v), noise=law).energy_graphon(0.2)
    for point in ((0.1, 0.2), (0.9, 0.4)):
        exact = float(sympy.N(energy.expr.subs({u: sympy.Rational(point[0]), v: sympy.Rational(point[1])}), 30))
        assert float(energy(*point)) == pytest.approx(exact, rel=1e-12, abs=1e-15)


@settings(max_examples=50)
@given(
    law=st.sampled_from(LAWS),
    level=st.floats(1e-3, 5.0),
    profile=st.lists(st.floats(0.0, 10.0), min_size=2, max_size=8),
)
def test_energy_lies_between_its_bounds_and_rises_with_the_profile(
    law: NoiseLaw, level: float, profile: list[float]
) -> None:
    h = np.sort(np.array(profile))
    energy, kept = kept_energy(h, law, level), kept_probability(h, law, level)
    assert np.all(energy[h == 0] == 0)
    assert np.all(np.diff(energy) >= -1e-12)
    assert np.all(energy <= law.variance + 1e-12)
    alive = kept > 0
    assert np.all(energy[alive] >= (level / h[alive]) ** 2 * kept[alive] - 1e-12)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_one_sided_energies_of_a_mask_and_its_complement_make_the_variance(law: NoiseLaw) -> None:
    model = SaliencyModel(g=u - sympy.Rational(1, 3), noise=law, signed=True)
    sparse, dense = model.energy_graphon(0.2), model.energy_graphon(0.8)
    total = sparse(GRID[:, None], GRID) + dense(GRID[:, None], GRID)
    np.testing.assert_allclose(total, law.variance, rtol=1e-10)
    half = model.energy_graphon(0.5)(GRID, 0.5)
    np.testing.assert_allclose(half, law.variance / 2, rtol=1e-12)
