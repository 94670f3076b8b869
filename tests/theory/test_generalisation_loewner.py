"""The rigorous margin of the Loewner order, against eigenvalues in many digits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory.errors import InputError
from graphon_theory.generalisation import loewner_margin

Array = npt.NDArray[np.float64]


def exact(K: Array, low: Array) -> float:
    """Smallest eigenvalue of the symmetric part of the exact difference."""
    with mpmath.workdps(60):
        difference = mpmath.matrix(K.tolist()) - mpmath.matrix(low.tolist())
        return mpmath.eigsy((difference + difference.T) / 2, eigvals_only=True)[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 6), st.sampled_from([1e-150, 1e-6, 1.0, 1e100]))
def test_margin_is_below_the_smallest_eigenvalue_and_near_it(seed: int, size: int, rank: int, unit: float) -> None:
    """Differences of every rank, so that many are singular: the bound must not pass 0 by rounding."""
    rng = np.random.default_rng(seed)
    half, features = rng.standard_normal((size, size)), rng.standard_normal((size, rank))
    low = half @ half.T * unit
    K = low + features @ features.T * unit
    found, true = loewner_margin(K, low), exact(K, low)
    assert found <= true
    assert float(true) - found <= 1e-12 * float(np.abs(K).max())


def test_indefinite_differences_are_bounded_too() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        half = rng.standard_normal((5, 5))
        K, low = half + half.T, rng.standard_normal((5, 5))
        low = low + low.T
        found, true = loewner_margin(K, low), exact(K, low)
        assert found <= true
        assert float(true) - found <= 1e-12 * float(np.abs(K).max() + np.abs(low).max())


@pytest.mark.parametrize("excess", [1e-6, 1e-10])
def test_a_small_excess_is_found_and_a_small_margin_proved(excess: float) -> None:
    rng = np.random.default_rng(1)
    half = rng.standard_normal((20, 20))
    K = half @ half.T
    assert loewner_margin(K, K + excess * np.eye(20)) < -0.5 * excess
    assert loewner_margin(K + excess * np.eye(20), K) > 0.5 * excess - 1e-12


def test_errors_of_the_entries_are_counted() -> None:
    K = np.diag([2.0, 3.0])
    assert loewner_margin(K, np.zeros((2, 2))) == pytest.approx(2.0, rel=1e-12)
    assert loewner_margin(K, np.zeros((2, 2)), error=0.1) == pytest.approx(2.0 - 0.2, rel=1e-12)
    one = np.array([[0.0, 0.0], [0.0, 0.5]])
    assert loewner_margin(K, np.zeros((2, 2)), error=one) == pytest.approx(1.5, rel=1e-12)
    assert loewner_margin(np.zeros((2, 2)), np.zeros((2, 2)), error=1.0) <= -2.0
    assert loewner_margin(np.zeros((2, 2)), np.zeros((2, 2))) == 0.0


@pytest.mark.parametrize(
    ("K", "low", "error"),
    [
        ([[0.0]], [[5e-324]], 0.0),
        ([[0.0, 0.0], [0.0, 0.0]], [[0.0, 5e-324], [5e-324, 0.0]], 0.0),
        ([[1e-320, 0.0], [0.0, 0.0]], [[0.0, 5e-324], [5e-324, 0.0]], 0.0),
        ([[1e308]], [[0.0]], 0.0),
        ([[1.7e308, 1.0], [1.0, 1e-300]], [[-1.7e308, 0.0], [0.0, 0.0]], 0.0),
        ([[-1.7e308]], [[1.7e308]], 0.0),
        ([[1e-310, 0.0], [0.0, 1e-310]], [[0.0, 0.0], [0.0, 0.0]], 0.0),
        ([[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], 1e-162),
        ([[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], 1e-200),
        ([[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], 5e-324),
        ([[1e-310, 0.0], [0.0, 1e-310]], [[0.0, 0.0], [0.0, 0.0]], 1e300),
    ],
)
def test_margins_hold_at_both_ends_of_the_range(K: list[list[float]], low: list[list[float]], error: float) -> None:
    """An error of e in every entry moves eigenvalues by up to N e."""
    found = loewner_margin(K, low, error=error)
    true = exact(np.array(K), np.array(low)) - mpmath.mpf(error) * len(K)
    assert not math.isnan(found)
    assert found <= true
    largest = max(float(np.abs(K).max()), float(np.abs(low).max()), error)
    # What is beyond the largest float has that as its bound.
    nearest = min(true, mpmath.mpf(np.finfo(np.float64).max))
    assert nearest - mpmath.mpf(found) <= 1e-13 * largest + 1e-323 or found == -math.inf


@pytest.mark.parametrize(
    ("K", "low", "error", "name"),
    [
        (np.ones((2, 3)), np.ones((2, 3)), 0.0, "K"),
        (np.eye(2), np.eye(3), 0.0, "low"),
        (np.array([[1.0, 0.5], [0.0, 1.0]]), np.eye(2), 0.0, "K"),
        (np.array([[np.nan]]), np.eye(1), 0.0, "K"),
        (np.eye(2), np.eye(2), -1.0, "error"),
        (np.eye(2), np.eye(2), np.ones(3), "error"),
    ],
)
def test_bad_input_is_named(K: Array, low: Array, error: object, name: str) -> None:
    with pytest.raises(InputError, match=name):
        loewner_margin(K, low, error=error)  # type: ignore[arg-type]
