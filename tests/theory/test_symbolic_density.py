"""Closed forms of homomorphism densities, against quadrature and against formulas by hand."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Rational

from graphon_theory.graphon import Graphon
from graphon_theory.notation import rho, u, v
from graphon_theory.symbolic_density import homomorphism_expr

GRAPHS = {"edge": 1, "star_neuron(3)": 3, "star_input(2)": 2, "path(3)": 3, "C_4": 4, "K_{2,3}": 6}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_constant_graphon_gives_a_power_of_the_density(name: str) -> None:
    assert sympy.simplify(homomorphism_expr(name, rho) - rho ** GRAPHS[name]) == 0


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "K_{2,3}" else name for name in GRAPHS]
)
def test_a_polynomial_graphon_agrees_with_quadrature(name: str) -> None:
    expr = (1 + u + 2 * v**2 - u * v) / 5
    graphon = Graphon(expr=expr, evaluate=lambda a, b: (1 + a + 2 * b**2 - a * b) / 5)
    exact = homomorphism_expr(name, expr)
    assert exact is not None
    assert exact.is_Rational
    assert graphon.homomorphism_density(name) == pytest.approx(float(exact), rel=1e-10)


def test_the_product_graphon_by_hand() -> None:
    assert homomorphism_expr("C_4", u * v) == Rational(1, 81)
    assert homomorphism_expr("star_neuron(2)", u * v) == Rational(1, 12)


def test_an_integral_that_sympy_leaves_undone_is_none() -> None:
    assert homomorphism_expr("edge", sympy.Function("W")(u, v)) is None
    assert np.isfinite(float(homomorphism_expr("edge", sympy.exp(-u - v))))
