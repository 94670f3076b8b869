"""Complexity and losses at their edges: numbers of any type, the cut-off of the range, errors by argument."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from graphon_theory.errors import InputError
from verification.generalisation.complexity import complexity, range_complexity
from verification.generalisation.risks import clipped_absolute, least_risk, ramp, wrong_sign

F = Fraction


@pytest.mark.parametrize(
    "kind",
    [np.float16, np.float32, np.float64, np.int8, np.uint8, np.int64, np.bool_, Fraction],
    ids=lambda kind: kind.__name__,
)
def test_losses_are_those_of_exact_numbers_whatever_type_they_come_in(kind: Any) -> None:
    """An int8 of -128 has no modulus of its own type, and a difference of halves has no half."""
    if kind in (np.float16, np.float32, np.float64):
        outputs, labels = [0.1, 0.77, 0.3, -0.9, 2.0], [0.30005, 0.7701, 0.3, -0.5, 0.25]
    else:
        outputs, labels = [1, 0, 3, 127, 7 if kind in (np.uint8, np.bool_) else -128], [1, 1, 2, 0, 0]
    f, y = (
        [Fraction(v) for v in part] if kind is Fraction else np.array(part).astype(kind) for part in (outputs, labels)
    )
    exact = [min(abs(F(float(a)) - F(float(b))), F(1)) for a, b in zip(f, y, strict=True)]
    found = clipped_absolute(f, y)
    assert found.dtype == np.float64
    # Differences of halves and singles, and of whole numbers, have a float64; those of float64 round once.
    assert [F(float(v)) for v in found] == [F(float(v)) for v in exact]


@pytest.mark.parametrize(
    "kind", [np.float16, np.float32, np.int8, np.int64, int, Fraction], ids=lambda kind: kind.__name__
)
def test_losses_of_signs_are_those_of_exact_numbers(kind: Any) -> None:
    outputs, labels = [-128, 0, 1, 127, -1], [-1, 1, 1, -1, 1]
    f, y = ([kind(v) for v in part] for part in (outputs, labels))
    np.testing.assert_array_equal(ramp(f, y), [0.0, 1.0, 0.0, 1.0, 1.0])
    np.testing.assert_array_equal(wrong_sign(f, y), [0.0, 1.0, 0.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("call", "argument", "value"),
    [
        (lambda: clipped_absolute([np.nan], [0.0]), "outputs", "NaN or infinite"),
        (lambda: clipped_absolute([0.0], [np.inf]), "labels", "NaN or infinite"),
        (lambda: ramp([-np.inf], [1.0]), "outputs", "NaN or infinite"),
        (lambda: wrong_sign([1.0, 1.0], [1.0, 0.0]), "labels[1]", 0.0),
        (lambda: clipped_absolute([[0.0]], [[0.0]]), "outputs and labels", ((1, 1), (1, 1))),
        (lambda: clipped_absolute([], []), "outputs and labels", ((0,), (0,))),
        (lambda: least_risk([], 0.1), "losses", "shape (0,)"),
        (lambda: least_risk([np.nan], 0.1), "losses", "outside [0, 1]"),
        (lambda: least_risk([0.5], 1.0), "level", 1.0),
        (lambda: complexity(np.eye(3), np.zeros(3)), "labels", "all 0"),
        (lambda: complexity(np.eye(3), np.ones(2)), "labels", "shape (2,)"),
        (lambda: complexity(np.eye(2), [1.0, np.inf]), "labels", "NaN, infinite or no numbers"),
        (lambda: complexity(np.eye(2), ["a", "b"]), "labels", "NaN, infinite or no numbers"),
        (lambda: complexity(np.eye(1), [1.0]), "kernel", "shape (1, 1)"),
        (lambda: complexity(np.eye(2), [1.0, 1.0], ridge=np.nan), "ridge", np.nan),
        (lambda: range_complexity(np.eye(2), [1.0, 1.0], tolerance=1.0), "tolerance", 1.0),
        (lambda: range_complexity(np.diag([1, 0]), [3, 4]), "labels", "a share 0.8 outside the range of the kernel"),
    ],
)
def test_errors_name_argument_and_value(call: Callable[[], object], argument: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument
    np.testing.assert_equal(caught.value.value, value)


@pytest.mark.parametrize(("kernel", "labels"), [(1.0, 1e-170), (1.0, 1e200), (1e-240, 1e44), (1e300, 1e-5)])
def test_an_energy_out_of_range_is_told_by_its_power_of_two(kernel: float, labels: float) -> None:
    with mpmath.workdps(40):
        power = float(mpmath.log(3 * mpmath.mpf(labels) ** 2 / mpmath.mpf(kernel), 2))
    with pytest.raises(InputError) as caught:
        complexity(kernel * np.eye(3), np.full(3, labels))
    assert caught.value.argument == "labels"
    said, _, told = str(caught.value.value).partition("2^")
    assert said == "y^T K^-1 y of about "
    assert abs(int(told) - power) <= 1.0


@pytest.mark.parametrize("unit", [1.0, 1e-9, 7e8])
@pytest.mark.parametrize("tolerance", [0.2, 1e-4])
def test_eigenvalues_count_as_0_up_to_their_share_of_the_largest(unit: float, tolerance: float) -> None:
    """Of a kernel with the vector of ones on top, whose largest eigenvalue is far above its largest entry."""
    ones, second = np.full(8, 8**-0.5), np.array([1.0, -1.0] * 4) * 8**-0.5
    above, below = (
        unit * (np.outer(ones, ones) + share * np.outer(second, second)) for share in (1.5 * tolerance, tolerance / 1.5)
    )
    assert range_complexity(above, second, tolerance=tolerance).energy == pytest.approx(
        1.0 / (1.5 * tolerance * unit), rel=1e-9
    )
    with pytest.raises(InputError, match=r"^labels = 'a share 1 outside"):
        range_complexity(below, second, tolerance=tolerance)
    # What lies outside the range is left out, where it is no more than the tolerance.
    mixed = ones + 0.9 * tolerance * second
    assert range_complexity(below, mixed, tolerance=tolerance).energy == pytest.approx(1.0 / unit, rel=1e-9)
    with pytest.raises(InputError, match=r"^labels = "):
        range_complexity(below, ones + 1.2 * tolerance * second, tolerance=tolerance)
