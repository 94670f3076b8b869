"""Bounds on the risk at the edges: arguments of very different sizes, ends of ranges, and what errors say."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from graphon_theory.errors import InputError
from graphon_theory.generalisation import (
    best_density,
    gen_bound,
    loewner_margin,
    path_complexity,
    path_density_layers,
    scale_floor,
    scale_free,
    scaled_gen_bound,
)


def _by_definition(beta: list[float], D: list[float], norms: list[float]) -> tuple[float, float]:
    """Value and floor at one sample, by the sums themselves, in numbers whose range has no end."""
    with mpmath.workdps(30):
        b, d, x = ([mpmath.mpf(part) for part in parts] for parts in (beta, D, norms))
        inverse = mpmath.fsum(p**2 / q for p, q, r in zip(b, d, x, strict=True) if p and r)
        trace = mpmath.fsum(q * r**2 for q, r in zip(d, x, strict=True))
        floor = mpmath.fsum(abs(p) * r for p, r in zip(b, x, strict=True))
        return tuple(float(mpmath.sqrt(8) * part) for part in (mpmath.sqrt(inverse * trace), floor))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("beta", "D", "norms"),
    [
        # The largest norm is that of an input without a path, which the teacher does not need.
        ([1.0, 0.0], [1.0, 0.0], [1e-300, 1e300]),
        # Each coordinate is large in one argument and small in another.
        ([1e200, 1e-200], [1e200, 1e-200], [1e-200, 1e200]),
        ([1e-200, 1e200], [1e-300, 1e300], [1e150, 1e-250]),
        ([1e150, -1e-160], [1.0, 1e-300], [1e-160, 1e150]),
        ([1e-310, 1.0, 0.0], [5e-324, 1e-300, 1e300], [1.0, 1e-160, 1e-300]),
    ],
)
def test_no_argument_vanishes_beside_a_large_one(beta: list[float], D: list[float], norms: list[float]) -> None:
    value, floor = _by_definition(beta, D, norms)
    assert scale_free(beta, D, norms, 1) == pytest.approx(value, rel=1e-13)
    assert scale_floor(beta, norms, 1) == pytest.approx(floor, rel=1e-13)
    assert 0.0 < scale_floor(beta, norms, 1) <= scale_free(beta, D, norms, 1) * (1.0 + 1e-13)


def test_without_another_bound_all_coordinates_but_unreached_ones_go_by_path() -> None:
    beta, D = [1.0, 0.0, 2.0, 0.0], [0.5, 0.5, 0.0, 0.0]
    found = path_complexity(beta, D)
    assert (found.by_path.tolist(), found.unreached) == ([True, True, False, True], (2,))
    assert found.energy == found.along == math.inf
    reached = path_complexity([1.0, 0.0, 2.0], [0.5, 0.0, 0.25])
    assert (reached.by_path.tolist(), reached.unreached) == ([True, True, True], ())
    assert reached.energy == reached.along == 4.0 * 3.0 * (1.0 / 0.5 + 4.0 / 0.25)
    assert reached.exhaustive


def test_a_kernel_is_asymmetric_beyond_one_part_in_a_million() -> None:
    allowed = np.array([[1.0, 1e-6], [0.0, 1.0]])
    beyond = np.array([[1.0, math.nextafter(1e-6, 1.0)], [0.0, 1.0]])
    # The symmetric part is judged, its smallest eigenvalue is 1 - 1e-6/2.
    assert loewner_margin(allowed, np.zeros((2, 2))) == pytest.approx(1.0 - 0.5e-6, abs=1e-12)
    with pytest.raises(InputError, match=r"^K = 'asymmetric by 1e-06': give a symmetric matrix$"):
        loewner_margin(beyond, np.zeros((2, 2)))


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: gen_bound(1.2, 1.0, 1.0, 10, 0.1), "train_risk = 1.2: give a finite number, at least 0, at most 1"),
    (lambda: gen_bound(0.2, 1.0, -0.5, 10, 0.1), "trace = -0.5: give a finite number, at least 0"),
    (lambda: gen_bound(0.2, 1.0, 1.0, 0, 0.1), "samples = 0: give a whole number, at least 1"),
    (lambda: scaled_gen_bound(0.1, 1.0, 1.0, 9, 0.1, unit=0.0), "unit = 0.0: give a finite number, above 0"),
    (lambda: scaled_gen_bound(0.1, 1.0, 1.0, 9, 0.1, ratio=1.0), "ratio = 1.0: give a finite number, above 1"),
    (
        lambda: path_density_layers([np.ones((2, 3)), np.ones((4, 2))], np.ones(4), transmits=[np.ones((2, 3))]),
        "transmits = [(2, 3)]: give the shapes of trains: [(2, 3), (4, 2)]",
    ),
    (
        lambda: path_density_layers([np.ones((2, 3)), np.ones((4, 2))], np.ones(4), layer=4),
        "layer = 4: give a layer from 1 to 3, or None for all",
    ),
    (
        lambda: path_density_layers([np.ones((2, 3)), np.ones((2, 3))], np.ones(2)),
        "trains = '(2, 3) after (2, 3)': give each layer a column for each row before",
    ),
    (lambda: path_complexity([1.0], [1.0, 2.0]), "D = 'array of shape (2,)': give a vector of 1 numbers"),
    (lambda: path_complexity([math.nan], [1.0]), "beta = 'NaN or infinite': give finite numbers"),
    (lambda: path_complexity([1.0], [-1.0]), "D = -1.0: give numbers that are at least 0"),
    (
        lambda: best_density([1.0, 1e-200], [1.0, 1.0], 1.9, 1.0),
        "beta = '1e-200 beside 1': give numbers, or 0, within 60 decades of the largest",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=lambda item: item if isinstance(item, str) else "")
def test_errors_name_the_argument_and_the_way_out(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        call()


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_every_layer_up_to_the_output_may_train(layer: int) -> None:
    """All rates 1/2 and squares 3: by hand (1/2)^2, times 3 unless the output layer trains."""
    rates = [np.full((2, 3), 0.5), np.full((4, 2), 0.5)]
    expected = Fraction(1, 4) * (1 if layer == 3 else 3)
    assert path_density_layers(rates, np.full(4, 3.0), layer=layer) == pytest.approx([float(expected)] * 3)
