"""Slopes within strata: against a full least-squares fit, with the coverage that they state."""

from __future__ import annotations

import numpy as np
import pytest

from graphon_theory.errors import InputError
from verification.statistics.strata import stratified_slope


def test_it_is_least_squares_with_an_intercept_a_stratum() -> None:
    rng = np.random.default_rng(0)
    strata = [f"s{k % 5}" for k in range(60)]
    x, w, y = rng.standard_normal((3, 60))
    found = stratified_slope(y, strata, x, [w], 0.05)
    dummies = np.array([[name == f"s{k}" for k in range(5)] for name in strata], dtype=float)
    design = np.column_stack([x, w, dummies])
    solution, residual, *_ = np.linalg.lstsq(design, y, rcond=None)
    error = np.sqrt(residual[0] / 53 * np.linalg.inv(design.T @ design)[0, 0])
    assert found is not None
    assert found.freedom == 53
    assert found.estimate == pytest.approx(solution[0], rel=1e-9)
    assert (found.high - found.estimate) / error == pytest.approx(1.6741, rel=1e-3)  # Student, 53 degrees, 5 % a side


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    strata, missed = list(np.repeat(np.arange(6), 4)), 0
    for _ in range(600):
        x = rng.standard_normal(24)
        y = 0.3 * x + np.repeat(rng.standard_normal(6) * 10, 4) + rng.standard_normal(24)
        found = stratified_slope(y, strata, x, [], 0.05)
        assert found is not None
        missed += not found.low <= 0.3 <= found.high
    # 10 % in all; 4 standard errors of 600 draws are 4.9 points.
    assert abs(missed / 600 - 0.1) < 0.049


def test_nothing_to_compare_gives_nothing() -> None:
    assert stratified_slope([1.0, 2.0], ["a", "b"], [1.0, 2.0], [], 0.05) is None
    assert stratified_slope([1.0, 2.0, 3.0], ["a"] * 3, [1.0, 1.0, 1.0], [], 0.05) is None
    found = stratified_slope([1.0, 2.0, 3.0, 4.0], ["a"] * 4, [1.0, 2.0, 3.0, 4.0], [[2.0, 4.0, 6.0, 8.0]], 0.05)
    assert found is None  # the other covariate says the same


def test_equal_values_have_the_slope_zero_exactly() -> None:
    found = stratified_slope([0.0] * 6, ["a"] * 3 + ["b"] * 3, [1.0, 2.0, 3.0] * 2, [], 0.01)
    assert found is not None
    assert (found.estimate, found.low, found.high, found.detectable) == (0.0, 0.0, 0.0, 0.0)


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="strata"):
        stratified_slope([1.0, 2.0], ["a"], [1.0, 2.0], [], 0.05)
    with pytest.raises(InputError, match="level"):
        stratified_slope([1.0, 2.0], ["a", "a"], [1.0, 2.0], [], 0.0)
