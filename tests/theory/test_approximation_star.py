"""Star densities at given columns: values by other ways, bounds, and where the product bound fails."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from graphon_theory import InputError, SaliencyModel, Uniform, step_graphon
from graphon_theory.approximation import (
    active_set,
    column_types,
    disjoint_sets,
    edge_floor_bound,
    few_joined_bound,
    finite_star,
    model_star,
)
from graphon_theory.notation import u, v

RAMP = SaliencyModel(g=sympy.Rational(1, 2) + u, f=sympy.exp(-v))
CROSSED = SaliencyModel.from_profiles([1 - u, u], [1 - v, v], Uniform(1.0))
"""Rank two: columns at 0 and 1 are of opposite order."""

MATRICES = arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 6)), elements=st.floats(0.0, 1.0))


@pytest.mark.parametrize("types", [[0.2], [0.1, 0.7], [0.3, 0.3, 0.9]])
def test_density_against_mpmath(types: list[float]) -> None:
    tau = mpmath.mpf(RAMP.threshold(0.2).value)
    half = mpmath.mpf("0.5")

    def rate(position: mpmath.mpf) -> mpmath.mpf:
        levels = (tau / ((half + position) * mpmath.exp(-mpmath.mpf(x))) for x in types)
        return mpmath.fprod(mpmath.erfc(level / mpmath.sqrt(2)) for level in levels)

    found = model_star(RAMP, 0.2, types)
    assert found.density == pytest.approx(float(mpmath.quad(rate, [0, 1])), rel=1e-9)


def test_density_against_simulated_rows() -> None:
    """Null: the stated density; 40,000 rows of fresh noise; six standard errors."""
    rng = np.random.default_rng(5)
    types, rows = np.array([0.2, 0.8]), 40_000
    scores = RAMP.evaluate_profile(rng.random(rows)[:, None], types[None, :]) * np.abs(rng.standard_normal((rows, 2)))
    joined = float((scores >= RAMP.threshold(0.3).value).all(axis=1).mean())
    t = model_star(RAMP, 0.3, types).density
    assert abs(joined - t) < 6.0 * math.sqrt(t * (1.0 - t) / rows)


def test_mean_over_drawn_columns_is_the_homomorphism_density_of_the_star() -> None:
    matrix = np.random.default_rng(1).random((7, 4))
    pairs = [(a, b) for a in range(4) for b in range(4)]
    stars = [float((matrix[:, a] * matrix[:, b]).mean()) for a, b in pairs]
    distinct = [finite_star(step_graphon(matrix), (a, b)).density for a, b in pairs if a != b]
    assert distinct == pytest.approx([x for x, (a, b) in zip(stars, pairs, strict=True) if a != b])
    assert step_graphon(matrix).homomorphism_density("star_neuron(2)") == pytest.approx(float(np.mean(stars)))


@settings(max_examples=40, deadline=None)
@given(MATRICES, st.data())
def test_a_star_lies_between_its_bounds(matrix: np.ndarray, data: st.DataObject) -> None:
    d = matrix.shape[1]
    active = data.draw(st.lists(st.integers(0, d - 1), min_size=1, max_size=d, unique=True))
    found = finite_star(matrix, active)
    slack = 1e-12
    assert 0.0 <= found.floor <= found.density + slack
    assert found.density <= found.weakest + slack
    assert found.density >= float(found.degrees.sum()) - len(active) + 1 - slack  # Bonferroni
    if found.similarly_ordered:
        assert found.density >= found.product - slack
    floor = float(data.draw(st.floats(0.0, 1.0)))
    share = float((matrix[:, active].min(axis=1) >= floor).mean())
    assert edge_floor_bound(share, floor, len(active)) <= found.floor + slack


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, 6, elements=st.floats(0.0, 2.0)),
    arrays(np.float64, 4, elements=st.floats(0.0, 2.0)),
    st.floats(0.1, 2.0),
)
def test_columns_of_rank_one_are_similarly_ordered(g: np.ndarray, f: np.ndarray, tau: float) -> None:
    from graphon_theory.noise import Gaussian
    from graphon_theory.saliency import kept_probability

    found = finite_star(kept_probability(np.outer(g, f), Gaussian(), tau), range(4))
    assert found.similarly_ordered
    assert found.density >= found.product - 1e-12


def test_the_product_bound_fails_at_rank_two() -> None:
    """Columns Q(tau/(1-u)) and Q(tau/u), uniform noise: closed forms, by partial fractions."""
    found = model_star(CROSSED, 0.5, [0.0, 1.0])
    tau = CROSSED.threshold(0.5).value
    assert 0.0 < tau < 0.5
    inner = math.log((1.0 - tau) / tau)
    degree = 1.0 - tau + tau * math.log(tau)
    star = (1.0 - 2.0 * tau) - 2.0 * tau * inner + 2.0 * tau**2 * inner
    assert found.degrees == pytest.approx([degree, degree], abs=1e-5)
    assert found.density == pytest.approx(star, abs=1e-5)
    assert not found.similarly_ordered
    assert found.density < found.product - 0.01
    # The extreme case: rows joined to one column or to the other.
    assert finite_star([[1.0, 0.0], [0.0, 1.0]], (0, 1)).density == 0.0


@pytest.mark.parametrize(
    ("active", "named"), [((), "()"), ((1, 1), "1"), ((0, 4), "4"), ((-1,), "-1"), ((0.5,), "0.5"), ((True,), "True")]
)
def test_bad_coordinates_are_named(active: tuple[int, ...], named: str) -> None:
    with pytest.raises(InputError, match="active") as caught:
        active_set(active, 4)
    assert repr(caught.value.value) == named
    with pytest.raises(InputError, match="active"):
        finite_star(np.ones((3, 4)), active)


def test_bad_input_is_refused() -> None:
    for call in (
        lambda: disjoint_sets([(0, 1), (1, 2)], 4),
        lambda: disjoint_sets([(0, 1), (2,)], 4),
        lambda: disjoint_sets([], 4),
        lambda: column_types([]),
        lambda: column_types([0.5, math.nan]),
        lambda: column_types([1.5]),
        lambda: finite_star([[0.5, 2.0]], (0,)),
        lambda: edge_floor_bound(1.5, 0.5, 1),
        lambda: edge_floor_bound(0.5, 0.5, 0),
        lambda: few_joined_bound(-1.0),
        lambda: few_joined_bound(math.inf),
    ):
        with pytest.raises(InputError):
            call()
    assert disjoint_sets([(0, 1), (3, 2)], 4) == ((0, 1), (3, 2))
