"""THR and NEST, and the bounds of LIM-a, LIM-b and NULL, for any model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphon_theory import notation
from graphon_theory.bounds import bernstein_bound, hoeffding_bound, null_distance, population_bound
from graphon_theory.saliency import FiniteModel, SaliencyModel
from tests.properties.laws import LAWS
from tests.properties.within import within
from verification.strategies import densities, graphons, kernels, noise_laws, profiles, saliency_models
from verification.strategies.profile import KINDS

PAIRS = st.tuples(densities(), densities()).map(sorted)
POINTS = np.linspace(0.05, 0.95, 5)
# Every kind of profile and every law in some test; Student's, seconds an example, beside the constant and once.
_PAIRED = zip(KINDS, ("student", "uniform", "laplace", "gaussian", "truncated", "gaussian"), strict=True)
every_kind = pytest.mark.parametrize(("kind", "law"), list(_PAIRED))
DELTAS = st.sampled_from([0.5, 0.1, 0.01, 1e-6])


@within(15)
@given(saliency_models(rank=st.integers(1, 2)), PAIRS)
def test_a_denser_mask_has_a_lower_threshold_and_holds_the_sparser(model: SaliencyModel, pair: list[float]) -> None:
    """THR and NEST given the types: thresholds fall with the density, and no entry is kept less often."""
    sparse, dense = pair
    known = model.at(POINTS, POINTS[1:])
    assert known.threshold(sparse) >= known.threshold(dense)
    assert bool(np.all(known.probabilities(sparse) <= known.probabilities(dense) + 1e-12))


@every_kind
def test_a_denser_graphon_has_a_lower_threshold_and_holds_the_sparser(kind: str, law: str) -> None:
    """THR and NEST for the population: half a second an example, so few."""

    @within(1 if law == "student" else 2)
    @given(saliency_models(profiles(notation.u, kinds=[kind]), noise=LAWS[law]), PAIRS)
    def check(model: SaliencyModel, pair: list[float]) -> None:
        sparse, dense = pair
        assert model.threshold(sparse).value >= model.threshold(dense).value
        W = [model.graphon(rho)(POINTS[:, None], POINTS[None, :]) for rho in (sparse, dense)]
        # Equal densities give equal graphons; others may differ by less than rounding.
        assert bool(np.all(W[0] <= W[1] + 1e-12))

    check()


@every_kind
def test_the_threshold_scales_with_the_profile_and_the_graphon_does_not(kind: str, law: str) -> None:
    """THR: ``tau(c h) = c tau(h)``, and ``W`` is the same function."""

    @within(1 if law == "student" else 2)
    @given(profiles(notation.u, kinds=[kind]), profiles(notation.v), LAWS[law], densities(), st.sampled_from([3, 8]))
    def check(g, f, noise, rho: float, factor: int) -> None:
        one, other = SaliencyModel(g, f, noise), SaliencyModel(factor * g, f, noise)
        assert other.threshold(rho).value == pytest.approx(factor * one.threshold(rho).value, rel=1e-9)
        at = (POINTS[:, None], POINTS[None, :])
        np.testing.assert_allclose(other.graphon(rho)(*at), one.graphon(rho)(*at), rtol=0, atol=1e-8)

    check()


@within(40)
@given(noise_laws(), densities(), st.sampled_from([2.0, 0.5, 16.0]))
def test_the_finite_threshold_scales_and_keeps_the_density(noise, rho: float, factor: float) -> None:
    """THR at finite width, on a profile with vanishing and equal entries; the density by plain summation."""
    profile = np.array([[1.0, 2.0, 3.0], [0.5, 0.5, 4.0]])
    model = FiniteModel(profile, noise)
    tau = model.threshold(rho)
    assert FiniteModel(factor * profile, noise).threshold(rho) == pytest.approx(factor * tau, rel=1e-9)
    kept = [float(noise.survival(np.array(tau / h))) for h in profile.ravel()]
    assert sum(kept) / len(kept) == pytest.approx(rho, abs=1e-9)


@within(60)
@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**6), DELTAS, DELTAS)
def test_hoeffdings_bound_falls_with_both_sizes_and_with_delta(
    n: int, d: int, more: int, delta: float, other: float
) -> None:
    """LIM-a: wider is closer on either side, surer is wider, and the sides may be exchanged."""
    bound = hoeffding_bound(n, d, delta)
    assert hoeffding_bound(n + more, d, delta) < bound
    assert hoeffding_bound(d, n, delta) == pytest.approx(bound, rel=1e-14)
    assert (hoeffding_bound(n, d, other) <= bound) == (other >= delta)


@within(40)
@given(graphons(), DELTAS, DELTAS)
def test_bernsteins_bound_falls_with_delta_and_does_not_see_the_labels(W, delta: float, other: float) -> None:
    """LIM-a: surer is wider, and the order of rows and columns does not matter."""
    P = W.matrix
    bound = bernstein_bound(P, delta)
    assert (bernstein_bound(P, other) <= bound) == (other >= delta)
    assert bernstein_bound(P[::-1, ::-1], delta) == pytest.approx(bound, rel=1e-12)


@within(40)
@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**6), DELTAS)
def test_the_populations_bound_is_above_that_of_known_types_and_falls_with_the_sizes(
    n: int, d: int, more: int, delta: float
) -> None:
    """LIM-b: unknown types cost something on top of LIM-a's distance, and less of it the more rows there are."""
    bound = population_bound(n, d, delta)
    assert bound > hoeffding_bound(n, d, delta)
    assert population_bound(n + more, d, delta) < bound
    assert population_bound(n, d, delta, columns="grid") < bound + 1.0 / d


@within(40)
@given(st.integers(2, 10**5), st.integers(2, 10**5), densities())
def test_the_null_distance_scales_and_does_not_see_sides_or_complements(n: int, d: int, rho: float) -> None:
    """NULL: half as large at four times the sizes; rows and columns, kept and dropped may be exchanged."""
    distance = null_distance(n, d, rho)
    assert null_distance(4 * n, 4 * d, rho) == pytest.approx(distance / 2.0, rel=1e-8)
    assert null_distance(d, n, rho) == pytest.approx(distance, rel=1e-8)
    assert null_distance(n, d, 1.0 - rho) == pytest.approx(distance, rel=1e-8)
    assert null_distance(n, d, 0.5) >= distance * (1.0 - 1e-12)


@within(60)
@given(kernels(), kernels(correlation=True))
def test_kernels_are_positive_semidefinite(K: np.ndarray, R: np.ndarray) -> None:
    """What the strategy promises, by the eigenvalues; rounding is relative to the largest."""
    for matrix in (K, R):
        values = np.linalg.eigvalsh(matrix)
        assert values[0] >= -1e-13 * len(matrix) * max(values[-1], 1.0)
    assert bool(np.all(np.diag(R) == 1.0))
    assert bool(np.all(np.abs(R) <= 1.0))
