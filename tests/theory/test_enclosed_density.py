"""Enclosed homomorphism densities contain the closed forms and the quadrature values."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy

from graphon_theory import InputError, SaliencyModel
from graphon_theory.enclosed_density import enclose_homomorphism_density
from graphon_theory.graphon import Graphon
from graphon_theory.notation import u, v

PRODUCT = Graphon(expr=u * v, evaluate=lambda a, b: a * b)
# t(F, u v) is the product over the vertices of 1/(degree + 1).
CLOSED = {
    "edge": Fraction(1, 4),
    "star_neuron(2)": Fraction(1, 12),
    "star_input(3)": Fraction(1, 32),
    "C_4": Fraction(1, 81),
    "K_{2,3}": Fraction(1, 16 * 27),
}


@pytest.mark.parametrize("name", CLOSED)
def test_product_graphon(name: str) -> None:
    coarse, fine = (enclose_homomorphism_density(name, PRODUCT, cells=cells) for cells in (4, 16))
    for found in (coarse, fine):
        assert found.low <= CLOSED[name] <= found.high
    assert fine.width < 0.3 * coarse.width


@pytest.mark.parametrize("name", ["edge", "C_4"])
def test_limit_graphon_with_one_falling_variable(name: str) -> None:
    graphon = SaliencyModel(g=sympy.Rational(1, 2) + u, f=sympy.exp(-v)).graphon(0.1)
    found = enclose_homomorphism_density(name, graphon, cells=12)
    assert found.lower <= graphon.homomorphism_density(name) <= found.upper


def test_a_profile_that_vanishes_at_an_edge() -> None:
    graphon = SaliencyModel(g=u).graphon(0.2)
    found = enclose_homomorphism_density("edge", graphon, cells=10)
    assert found.lower <= 0.2 <= found.upper
    assert found.width < 0.2


def test_graphons_that_are_not_monotone_are_refused() -> None:
    wave = Graphon(expr=(1 + sympy.sin(7 * u)) / 2, evaluate=lambda a, b: (1 + np.sin(7 * a)) / 2 + 0 * b)
    with pytest.raises(InputError, match="not proved monotone in u"):
        enclose_homomorphism_density("edge", wave)
    with pytest.raises(InputError, match="cells = 0"):
        enclose_homomorphism_density("edge", PRODUCT, cells=0)
