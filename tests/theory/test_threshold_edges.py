"""Thresholds where the quick way fails: big matrices, jumps, hopeless densities, equations of a high degree."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from sympy import Piecewise, Rational

from graphon_theory import Gaussian, InputError, Laplace, SaliencyModel, Uniform
from graphon_theory.closed_threshold import power_threshold, step_threshold
from graphon_theory.counts import poisson_binomial
from graphon_theory.criteria import OwnShareModel, kept_beside_own_share
from graphon_theory.criteria.synflow import critical_density
from graphon_theory.enclosed_density import enclose_homomorphism_density
from graphon_theory.enclosed_threshold import enclose_threshold
from graphon_theory.homomorphism import BipartiteGraph, star_neuron
from graphon_theory.noise import Rademacher, StudentT, TruncatedNormal, noise_law
from graphon_theory.notation import u
from graphon_theory.saliency import FiniteModel
from graphon_theory.threshold import continuous_threshold, finite_threshold, precise_threshold


@pytest.mark.parametrize("rho", [0.02, 0.4, 0.9])
def test_thresholds_of_a_big_matrix_keep_the_density(rho: float) -> None:
    """Entries beyond the pilot's take the pilot and the secants; kept and expected share agree to 1e-9."""
    rng = np.random.default_rng(11)
    h, kappa = rng.lognormal(0.0, 1.5, (96, 128)), rng.normal(0.0, 0.2, (96, 128))
    model = OwnShareModel(h, kappa, Gaussian())
    tau = model.threshold(rho)
    assert float(kept_beside_own_share(h, kappa, Gaussian(), tau).mean()) == pytest.approx(rho, rel=1e-9)
    assert float(model.probabilities(rho).mean()) == pytest.approx(rho, rel=1e-9)


def test_a_big_matrix_whose_pilot_misleads_still_keeps_the_density() -> None:
    """Every entry that the pilot sees is zero, or is far larger than all others."""
    for seen in (0.0, 1e6):
        h = np.full((64, 64), 0.7)
        h.ravel()[::4] = seen
        tau = OwnShareModel(h, 0 * h, Gaussian()).threshold(0.3)
        assert float(Gaussian().survival(tau / h[0]).mean() if seen else 0.75 * Gaussian().survival(tau / 0.7)) == (
            pytest.approx(0.3, rel=1e-9)
        )


def test_own_shares_that_cannot_be_kept_are_refused_with_their_share() -> None:
    h = np.array([[1.0, 0.0], [0.0, 0.0]])
    with pytest.raises(InputError, match=r"density = 0.5: only a share 0.25 of the entries can be kept: lower it"):
        OwnShareModel(h, 0 * h, Gaussian()).threshold(0.5)
    with pytest.raises(InputError, match=r"saliency = .*: give finite numbers"):
        OwnShareModel(h * math.nan, 0 * h, Gaussian())
    with pytest.raises(InputError, match=r"own = .*: give finite numbers"):
        OwnShareModel(h, h + math.inf, Gaussian())
    with pytest.raises(InputError, match=r"saliency and own = .*: give two non-empty matrices"):
        OwnShareModel(h, h[:1], Gaussian())


def test_densities_that_no_level_keeps_are_refused() -> None:
    with pytest.raises(InputError, match=r"density = 0.5: the profile vanishes too often.*lower it"):
        continuous_threshold(lambda level: 0.25 if level < 1 else 0.0, 0.5, 1.0)
    with pytest.raises(InputError, match=r"density = 0.5: no finite threshold keeps so few entries: raise it"):
        continuous_threshold(lambda level: 0.75, 0.5, 1.0)


def test_a_level_that_keeps_the_density_exactly_is_the_threshold() -> None:
    tau = continuous_threshold(lambda level: min(1.0, 1.0 / level), 0.25, 1.0)
    assert tau == pytest.approx(4.0, rel=1e-12)
    assert continuous_threshold(lambda level: 0.5 if level <= 8 else 0.25, 0.25, 1.0) >= 8.0


def test_bounded_noise_beyond_its_reach_leaves_newton_without_a_slope() -> None:
    """Two entries far apart: between their reaches the density does not change, and its slope is zero."""
    profile = np.array([1e-6] * 9 + [1.0])
    tau = finite_threshold(profile, Uniform(), 0.05)
    kept = float(Uniform().survival(tau / profile).mean())
    assert kept == pytest.approx(0.05, rel=1e-12)
    assert tau == pytest.approx(0.5 * Uniform().bound, rel=1e-12)  # 0.05 = Q(tau)/10 with Q = 1 - tau/bound


def test_equations_of_a_high_degree_and_other_laws_have_no_closed_form() -> None:
    rho = Rational(1, 3)
    assert power_threshold(Uniform(), sympy.Integer(1), Rational(13, 17), rho) is None
    assert power_threshold(Gaussian(), sympy.Integer(1), Rational(1, 2), rho) is None
    pieces = ((Rational(1, 13), Rational(1, 2)), (Rational(1), Rational(1, 2)))
    assert step_threshold(Laplace(), pieces, rho) is None
    assert step_threshold(Gaussian(), pieces, rho) is None
    # No form, and still a threshold.
    model = SaliencyModel(g=Piecewise((Rational(1, 13), u < Rational(1, 2)), (1, True)), noise=Laplace())
    threshold = model.threshold(float(rho))
    assert threshold.exact is None
    levels = threshold.value / np.array([1 / 13, 1.0])
    assert float(Laplace().survival(levels).mean()) == pytest.approx(float(rho), rel=1e-9)


def test_many_digits_are_refused_where_they_would_not_be_true() -> None:
    # A kink of the law, then one of the profile, which quadrature cannot vouch for.
    assert precise_threshold(1 + u, Uniform(), Rational(1, 3), 1.0, 8) is None
    assert precise_threshold(1 + sympy.Abs(u - Rational(1, 3)), Gaussian(), Rational(1, 3), 1.1, 8) is None


def test_many_digits_across_a_pole_solve_the_integrated_equation() -> None:
    """The mean of ``exp(-x sqrt(u))`` over [0, 1] is ``2 (1 - (1 + x) exp(-x))/x^2``."""
    found = precise_threshold(1 / sympy.sqrt(u), Laplace(), Rational(1, 3), 2.0, 12)
    assert found is not None
    x = float(found) / Laplace().scale
    assert 2 * (1 - (1 + x) * math.exp(-x)) / x**2 == pytest.approx(1 / 3, rel=1e-11)


def test_an_enclosure_around_a_wrong_value_is_undecided_and_not_false() -> None:
    model = SaliencyModel(g=1 + u, noise=Gaussian())
    right = model.threshold(0.3).value
    assert enclose_threshold(model, 0.3, right * 1.5, digits=6) is None
    found = enclose_threshold(model, 0.3, right, digits=6)
    assert found is not None
    assert float(found.low) <= right <= float(found.high)


def test_densities_of_graphons_without_a_direction_are_refused() -> None:
    hill = SaliencyModel(g=1 + u * (1 - u), noise=Gaussian()).graphon(0.3)
    with pytest.raises(InputError, match=r"graphon = .*: not proved monotone in u: use the quadrature value"):
        enclose_homomorphism_density(star_neuron(2), hill, cells=4)


def test_laws_name_themselves_and_refuse_what_they_have_not() -> None:
    assert (Rademacher(2.0).variance, Rademacher(2.0).atoms, Rademacher().analytic) == (4.0, (2.0,), False)
    np.testing.assert_array_equal(Rademacher(2.0).truncated_moment(np.array([1.0, 2.0, 2.5])), [4.0, 4.0, 0.0])
    assert Rademacher(2.0).inverse_expr(Rational(1, 2)) is None
    assert [float(Rademacher(2.0).truncated_moment_expr(sympy.Integer(k))) for k in (1, 2, 3)] == [4.0, 4.0, 0.0]
    refusals = (
        lambda: Rademacher().density(np.ones(1)),
        lambda: Rademacher().density_expr(u),
        lambda: Rademacher().inverse(0.5),
    )
    for refused in refusals:
        with pytest.raises(InputError, match=r"noise = Rademacher.*choose a law without atoms"):
            refused()
    with pytest.raises(InputError, match=r"noise = Rademacher.*needs an atomless law"):
        critical_density(Rademacher())
    # E xi^2 by the definition, from the density.
    grid = np.linspace(0.0, 400.0, 4_000_001)
    law = StudentT(9.0, scale=0.7)
    assert law.variance == pytest.approx(np.trapezoid(grid**2 * law.density(grid), grid), rel=1e-6)
    assert (law.name, TruncatedNormal().name) == ("student-t", "truncated-normal")
    with pytest.raises(InputError, match="noise = 'cauchy': choose one of gaussian, uniform, laplace"):
        noise_law("cauchy")


def test_counts_of_single_rates() -> None:
    law = poisson_binomial([0.5, 0.25, 1.0])
    assert [law.at_most(k) for k in range(4)] == pytest.approx([0.0, 0.375, 0.875, 1.0])
    for bad in ([], [0.5, 1.5], [math.nan]):
        with pytest.raises(InputError, match=r"probabilities = .*: give rates in \[0, 1\]"):
            poisson_binomial(bad)


def test_graphs_and_finite_models_refuse_what_they_are_not() -> None:
    for bad in ((), ((),), ((True,), (True, False)), ((2,),)):
        with pytest.raises(InputError, match=r"biadjacency = .*: give"):
            BipartiteGraph(bad)  # type: ignore[arg-type]
    for shape in ((0, 3), (3,)):
        with pytest.raises(InputError, match=r"profile = .*: give a non-empty \(n, d\) matrix"):
            FiniteModel(np.ones(shape), Gaussian())
