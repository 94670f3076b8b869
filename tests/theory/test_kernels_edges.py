"""Kernels where no closed form helps and an accuracy is out of reach; steps without words; names in errors."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest

from graphon_theory.errors import InputError
from graphon_theory.kernels import ACTIVATIONS, ERF, Activation, dual_activations, dual_panels, dual_series
from graphon_theory.kernels.shifted import shifted_moments, shifted_products

UNKNOWN = Activation("erf without its formulas", ERF.value, ERF.slope)


def test_of_two_ways_the_one_of_the_smaller_estimate_is_taken_for_each_covariance() -> None:
    """No accuracy is enough: the panels are asked everywhere, and help at large variances alone."""
    s11, s22 = np.array([0.25, 900.0]), np.array([0.5, 900.0])
    s12 = np.array([-0.5, 0.999]) * np.sqrt(s11 * s22)
    found = dual_activations(UNKNOWN, s11, s22, s12, accuracy=1e-30)
    truth = dual_activations(ERF, s11, s22, s12)
    series, panels = (way(UNKNOWN, s11, s22, s12) for way in (dual_series, dual_panels))
    for k in ("1", "0"):
        ways = [getattr(way, f"error{k}") for way in (series, panels)]
        assert {bool(better) for better in ways[1] < ways[0]} == {True, False}  # each way is the better one somewhere
        np.testing.assert_array_equal(getattr(found, f"error{k}"), np.minimum(*ways))
        gap = np.abs(getattr(found, f"k{k}") - getattr(truth, f"k{k}"))
        assert (gap <= getattr(found, f"error{k}") + getattr(truth, f"error{k}")).all()
        assert gap.max() < 1e-9


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_step_of_a_derivation_has_words(name: str) -> None:
    """A page without them shows formulas that nobody can follow."""
    derive = ACTIVATIONS[name].derive
    assert derive is not None
    steps = derive().steps
    for step in steps:
        assert isinstance(step.text, str), step.id
        assert len(step.text.split()) >= 3, step.id
        assert isinstance(step.rule, str), step.id
        assert step.rule or step.source, step.id
    assert len({step.text for step in steps}) == len(steps)


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: shifted_moments(math.nan, 1.0), "mean = 'NaN or infinite': give finite numbers"),
    (lambda: shifted_moments(0.0, math.inf), "variance = 'NaN or infinite': give finite numbers"),
    (lambda: shifted_moments(0.0, -1.0), "variance = -1.0: give variances of at least 0"),
    (lambda: shifted_moments(-2e150, 1.0), "mean = 2e+150: give means up to 1e+150: their squares overflow"),
    (lambda: shifted_moments(0.0, 2e300), "variance = 2e+300: give variances up to 1e+300"),
    *(
        (lambda at=at: shifted_products(*np.where(np.arange(5) == at, np.nan, 1.0)), f"{name} = 'NaN or infinite'")  # type: ignore[misc]
        for at, name in enumerate(("m1", "m2", "s11", "s22", "s12"))
    ),
    (lambda: shifted_products(0.0, 2e150, 1.0, 1.0, 0.0), "m2 = 2e+150"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=lambda item: item if isinstance(item, str) else "")
def test_errors_name_the_argument(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        call()
