"""Complexity of labels: exact values, an enclosure that holds, singular kernels refused, losses in their range."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory.errors import InputError
from verification.generalisation.complexity import complexity, range_complexity
from verification.generalisation.order import largest_ratio, path_kernel
from verification.generalisation.risks import LOSSES, clipped_absolute, least_risk, ramp, wrong_sign


def _kernel(eigenvalues: np.ndarray, seed: int) -> np.ndarray:
    frame = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(eigenvalues),) * 2))[0]
    matrix = frame * eigenvalues @ frame.T
    return 0.5 * (matrix + matrix.T)


def _exact(kernel: np.ndarray, labels: np.ndarray, ridge: float = 0.0) -> mpmath.mpf:
    """``y^T (K + ridge I)^-1 y`` by 60-digit elimination."""
    with mpmath.workdps(60):
        matrix = mpmath.matrix(kernel.tolist()) + mpmath.mpf(ridge) * mpmath.eye(len(labels))
        y = mpmath.matrix(labels.tolist())
        return (y.T * mpmath.lu_solve(matrix, y))[0]


@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e12])
@pytest.mark.parametrize("ridge", [None, 1e-3])
def test_the_enclosure_holds_against_sixty_digits(condition: float, ridge: float | None) -> None:
    kernel = _kernel(np.geomspace(1.0, 1.0 / condition, 9), seed=3)
    labels = np.random.default_rng(4).standard_normal(9)
    found = complexity(kernel, labels, ridge=ridge)
    exact = _exact(kernel, labels, ridge or 0.0)
    assert abs(float(exact - mpmath.mpf(found.energy))) <= found.error
    # Rounding of the products: a few gamma_N ||K|| ||x||^2, at most the condition number times the energy.
    assert found.error <= 1e-13 * condition * found.energy
    assert found.trace == pytest.approx(np.trace(kernel))


@pytest.mark.parametrize("power", [-900, -400, 0, 400, 900])
@pytest.mark.parametrize("ridge", [None, 0.5])
def test_units_that_are_powers_of_two_change_no_digit(power: int, ridge: float | None) -> None:
    """Labels in units of which the squares leave the range; kernels so that the energy does not."""
    kernel, labels = _kernel(np.geomspace(1.0, 1e-3, 5), seed=6), np.random.default_rng(7).standard_normal(5)
    one = complexity(kernel, labels, ridge=ridge)
    unit = 2.0**power
    other = complexity(kernel * unit, labels * 2.0 ** (power // 2), ridge=None if ridge is None else ridge * unit)
    assert other.energy == one.energy
    assert other.error == pytest.approx(one.error, rel=1e-9)
    assert other.trace == one.trace * unit
    assert other.smallest == one.smallest * unit
    assert other.scale_free == pytest.approx(one.scale_free * 2.0 ** (power // 2), rel=1e-12)
    assert abs(float(_exact(kernel, labels, ridge or 0.0) - mpmath.mpf(other.energy))) <= other.error
    plain = range_complexity(kernel * unit, labels * 2.0 ** (power // 2))
    assert plain.energy == pytest.approx(float(_exact(kernel, labels)), rel=1e-9)


def test_tiny_kernels_are_enclosed_and_energies_out_of_range_refused() -> None:
    found = complexity(np.eye(2) * 1e-305, np.full(2, 1e-100))
    with mpmath.workdps(60):
        exact = 2 * mpmath.mpf(1e-100) ** 2 / mpmath.mpf(1e-305)
        assert abs(exact - mpmath.mpf(found.energy)) <= found.error < 1e-12 * found.energy
    for kernel, labels in [
        (np.eye(2), [1e-170, 1e-170]),
        (np.eye(2), [1e200, 1e200]),
        (1e-240 * np.eye(2), [1e44, 1e44]),
        (1e-320 * np.eye(2), [1.0, 1.0]),
    ]:
        with pytest.raises(InputError, match="labels"):
            complexity(kernel, labels)
    with pytest.raises(InputError, match="trace"):
        complexity(1.5e308 * np.eye(2), [1.0, 1e150])
    with pytest.raises(InputError, match="ridge"):
        complexity(1e-200 * np.eye(2), [1.0, 1.0], ridge=1.0)


def test_a_wrong_solution_would_leave_a_wide_enclosure(monkeypatch: pytest.MonkeyPatch) -> None:
    import verification.generalisation.complexity as module

    kernel, labels = _kernel(np.geomspace(1.0, 1e-3, 6), seed=1), np.arange(1.0, 7.0)
    truth = complexity(kernel, labels)
    honest = module.linalg.cho_solve
    monkeypatch.setattr(module.linalg, "cho_solve", lambda *given: 0.7 * honest(*given))
    poor = complexity(kernel, labels)
    assert poor.error > 1e-3 * truth.energy
    assert abs(poor.energy - truth.energy) <= poor.error + truth.error


@settings(max_examples=40, deadline=None)
@given(scale=st.floats(1e-6, 1e6), seed=st.integers(0, 1000))
def test_scale_leaves_the_scale_free_complexity(scale: float, seed: int) -> None:
    kernel = _kernel(np.geomspace(1.0, 0.01, 7), seed)
    labels = np.random.default_rng(seed).standard_normal(7)
    one, other = complexity(kernel, labels), complexity(scale * kernel, labels)
    assert other.scale_free == pytest.approx(one.scale_free, rel=1e-9)
    assert other.energy * scale == pytest.approx(one.energy, rel=1e-9)


def test_a_singular_kernel_is_named_and_never_mended_in_silence() -> None:
    kernel = _kernel(np.array([2.0, 1.0, 0.5, 0.0, 0.0]), seed=2)
    with pytest.raises(InputError, match=r"eigenvalues 4 to 5 of 5.*ridge.*range_complexity"):
        complexity(kernel, np.ones(5))
    assert complexity(kernel, np.ones(5), ridge=0.1).ridge == 0.1


def test_labels_in_the_range_have_a_complexity_and_others_do_not() -> None:
    root = np.random.default_rng(5).standard_normal((6, 3))
    kernel, weights = root @ root.T, np.array([1.0, -2.0, 0.5])
    # y = root w with K = root root^T: the least norm is that of w itself.
    assert range_complexity(kernel, root @ weights).energy == pytest.approx(float(weights @ weights), rel=1e-9)
    with pytest.raises(InputError, match="outside the range"):
        range_complexity(kernel, np.ones(6))


@pytest.mark.parametrize(
    ("kernel", "labels", "match"),
    [
        (np.eye(3), np.ones(2), "labels"),
        (np.eye(3), np.array([1.0, np.nan, 0.0]), "labels"),
        (np.eye(3), np.zeros(3), "labels"),
        (np.eye(1), np.ones(1), "N = 2"),
        (np.ones((2, 3)), np.ones(2), "kernel"),
        (np.array([[1.0, 0.5], [-0.5, 1.0]]), np.ones(2), "asymmetric"),
    ],
)
def test_bad_input_is_refused(kernel: np.ndarray, labels: np.ndarray, match: str) -> None:
    with pytest.raises(InputError, match=match):
        complexity(kernel, labels)


def test_a_ridge_must_be_positive() -> None:
    with pytest.raises(InputError, match="ridge"):
        complexity(np.eye(2), np.ones(2), ridge=0.0)


@settings(max_examples=60, deadline=None)
@given(f=st.floats(-3, 3), g=st.floats(-3, 3), y=st.sampled_from([-1.0, 1.0]))
def test_losses_lie_in_range_and_are_lipschitz(f: float, g: float, y: float) -> None:
    for loss in LOSSES.values():
        one, other = float(loss([f], [y])[0]), float(loss([g], [y])[0])
        assert 0.0 <= one <= 1.0
        assert abs(one - other) <= abs(f - g) + 1e-12
    assert wrong_sign([f], [y])[0] <= ramp([f], [y])[0]


def test_values_of_losses() -> None:
    np.testing.assert_allclose(clipped_absolute([0.0, 0.3, 2.0], [0.25, 0.3, -1.0]), [0.25, 0.0, 1.0])
    np.testing.assert_allclose(ramp([2.0, 0.5, -1.0], [1.0, 1.0, 1.0]), [0.0, 0.5, 1.0])
    with pytest.raises(InputError, match="-1 or 1"):
        ramp([0.0], [0.5])
    with pytest.raises(InputError, match="labels"):
        clipped_absolute([0.0], [np.inf])
    with pytest.raises(InputError, match="one length"):
        clipped_absolute([0.0, 1.0], [0.0])


def test_the_lower_limit_of_a_risk_is_below_it_nearly_always() -> None:
    """Null: coverage 1 - 0.05 at a risk of 0.3; 400 samples of 50; Hoeffding's limit is far on the safe side."""
    draws = np.random.default_rng(0).random((400, 50)) < 0.3
    misses = sum(least_risk(row.astype(float), 0.05) > 0.3 for row in draws)
    assert misses <= 20
    assert least_risk(np.zeros(50), 0.05) == pytest.approx(-math.sqrt(math.log(20) / 100))
    with pytest.raises(InputError, match="outside"):
        least_risk([1.5], 0.05)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(0.2, 3.0))
def test_the_largest_ratio_decides_loewner_order(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    inputs, density = rng.standard_normal((5, 4)), rng.random(4) + 0.1
    low = path_kernel(inputs, density)
    kernel = low + 0.1 * np.eye(5)
    ratio = largest_ratio(factor * low, kernel)
    smallest = np.linalg.eigvalsh(kernel - factor * low)[0]
    assert (ratio <= 1.0) == (smallest >= 0.0) or abs(smallest) < 1e-10


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: largest_ratio(np.array([[1.0, 5.0], [0.0, 1.0]]), np.eye(2)), "low"),
        (lambda: largest_ratio(np.eye(2), np.array([[1.0, 5.0], [0.0, 1.0]])), "kernel"),
        (lambda: largest_ratio(np.full((2, 2), np.nan), np.eye(2)), "low"),
        (lambda: largest_ratio(np.eye(2), np.full((2, 2), np.nan)), "kernel"),
        (lambda: largest_ratio(np.zeros((0, 0)), np.zeros((0, 0))), "low"),
        (lambda: largest_ratio(np.ones((2, 3)), np.ones((2, 3))), "low"),
        (lambda: largest_ratio(np.eye(3), np.eye(2)), "low"),
        (lambda: largest_ratio(np.eye(2), -np.eye(2)), "kernel"),
        (lambda: path_kernel(np.array([[1.0, np.nan]]), np.ones(2)), "inputs"),
        (lambda: path_kernel(np.ones((3, 2)), np.array([1.0, np.nan])), "density"),
        (lambda: path_kernel(np.ones((3, 2)), np.array([1.0, -1.0])), "density"),
        (lambda: path_kernel(np.ones((3, 2)), np.ones(3)), "density"),
    ],
)
def test_bad_pairs_are_refused(call: object, argument: str) -> None:
    with pytest.raises(InputError, match=rf"^{argument} = "):
        call()  # type: ignore[operator]
