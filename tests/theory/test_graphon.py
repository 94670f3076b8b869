"""Graphons read by quadrature, and step graphons read exactly."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from graphon_theory import SaliencyModel, notation
from graphon_theory.errors import InputError
from graphon_theory.graphon import Graphon
from graphon_theory.step import StepGraphon, step_graphon
from verification.cutnorm.exact import cut_norm_exact
from verification.cutnorm.lower import cut_norm_lower


def _product() -> Graphon:
    return Graphon(expr=notation.u * notation.v, evaluate=lambda u, v: u * v)


def test_readings_of_a_graphon_match_its_integrals() -> None:
    W = _product()
    points = np.array([0.0, 0.3, 1.0])
    assert W.density() == pytest.approx(0.25, rel=1e-13)
    assert W.degree_input(points) == pytest.approx(points / 2, abs=1e-14)
    assert W.degree_neuron(points) == pytest.approx(points / 2, abs=1e-14)


def test_step_graphon_reads_the_matrix_at_the_ceiling_indices() -> None:
    A = np.arange(6).reshape(2, 3) / 10
    W = step_graphon(A)
    assert W(0.0, 0.0) == A[0, 0]
    assert W(0.5, 1 / 3) == A[0, 0]
    assert W(0.5001, 2 / 3) == A[1, 1]
    assert W(1.0, 1.0) == A[1, 2]
    assert W(np.array([[0.2], [0.9]]), np.array([[0.1, 0.5, 0.9]])) == pytest.approx(A)


@pytest.mark.parametrize("n", [1, 3, 49, 1000])
def test_ends_of_steps_belong_to_the_step_below_whatever_the_rounding(n: int) -> None:
    W = step_graphon(np.arange(n).reshape(n, 1) / n)
    ends = np.arange(1, n + 1) / n
    assert np.array_equal(W(ends, 0.5), np.arange(n) / n)
    assert np.array_equal(W(np.nextafter(ends[:-1], 2), 0.5), np.arange(1, n) / n)


def test_step_readings_are_means_of_the_matrix() -> None:
    A = np.random.default_rng(0).uniform(size=(4, 5))
    W = step_graphon(A)
    rows, columns = (np.arange(4) + 0.5) / 4, (np.arange(5) + 0.5) / 5
    assert W.shape == (4, 5)
    assert W.density() == pytest.approx(A.mean(), rel=1e-15)
    assert W.degree_input(columns) == pytest.approx(A.mean(axis=0), rel=1e-15)
    assert W.degree_neuron(rows) == pytest.approx(A.mean(axis=1), rel=1e-15)
    assert W.degree_input(0.5).shape == _product().degree_input(0.5).shape == (1,)


def test_step_graphon_keeps_a_copy_that_cannot_be_changed() -> None:
    A = np.zeros((2, 2))
    W = step_graphon(A)
    A[0, 0] = 1.0
    assert W.density() == 0.0
    with pytest.raises(ValueError, match="read-only"):
        W.matrix[0, 0] = 1.0


def test_masks_of_booleans_and_tensors_are_read() -> None:
    import torch

    expected = np.eye(3)
    for given in (np.eye(3, dtype=bool), torch.eye(3, dtype=torch.bool), [[1, 0, 0], [0, 1, 0], [0, 0, 1]]):
        assert np.array_equal(step_graphon(given).matrix, expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("A", [np.zeros(3), np.zeros((0, 2)), [[1.5]], [[float("nan")]], [[1], [1, 2]], "mask"])
def test_bad_matrices_are_refused(A: object) -> None:
    with pytest.raises(InputError, match=r"^matrix = .*: give a \w+") as caught:
        step_graphon(A)  # type: ignore[arg-type]
    assert caught.value.argument == "matrix"


@pytest.mark.parametrize("position", [-0.1, 1.1, float("nan")])
def test_positions_outside_the_square_are_refused(position: float) -> None:
    W = StepGraphon(np.ones((2, 2)))
    with pytest.raises(InputError, match="u = "):
        W(position, 0.5)
    with pytest.raises(InputError, match="v = "):
        W.degree_input(position)


def test_heterogeneity_of_the_product_by_hand() -> None:
    """For W = u v: ``((1-s^2)(1-t^2) - (1-s)(1-t))/4`` at an upper corner, at least -1/16 (st = 1/2) at a lower one."""
    s = np.linspace(0, 1, 2001)
    upper = (np.outer(1 - s**2, 1 - s**2) - np.outer(1 - s, 1 - s)) / 4
    expected = max(float(upper.max()), 1 / 16)
    found = _product().heterogeneity()
    assert expected * (1 - 1e-4) <= found <= expected * (1 + 1e-6)


@pytest.mark.parametrize("falling", ["input", "neuron"])
def test_heterogeneity_agrees_with_the_cut_norm_of_a_sampled_matrix(falling: str) -> None:
    g, f = notation.u + sympy.Rational(1, 2), sympy.exp(-2 * notation.v)
    if falling == "neuron":
        g, f = sympy.exp(-notation.u), notation.v
    W = SaliencyModel(g=g, f=f).graphon(0.2)
    grid = (np.arange(400) + 0.5) / 400
    values = W(grid[:, None], grid[None, :])
    assert W.heterogeneity() == pytest.approx(cut_norm_lower(values - values.mean()), rel=1e-3)


def test_corners_suffice_on_a_monotone_matrix_by_enumeration() -> None:
    """A step function whose steps are panels: the corner search meets the exact cut norm."""
    rng = np.random.default_rng(2)
    A = np.sort(np.sort(rng.uniform(size=(12, 12)), axis=0), axis=1)[::-1]
    step = step_graphon(A)
    W = Graphon(expr=sympy.Integer(0), evaluate=step)
    assert W.heterogeneity(panels=12) == pytest.approx(cut_norm_exact(A - A.mean()).lower, rel=1e-10)


def test_heterogeneity_vanishes_for_a_constant_graphon_and_needs_monotony() -> None:
    assert SaliencyModel().graphon(0.3).heterogeneity() < 1e-12
    bump = Graphon(expr=notation.u, evaluate=lambda u, v: 4 * u * (1 - u) + 0 * v)
    with pytest.raises(InputError, match="axis 0"):
        bump.heterogeneity()
    with pytest.raises(InputError, match="panels = 0"):
        _product().heterogeneity(panels=0)
