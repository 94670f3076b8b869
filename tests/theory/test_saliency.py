"""Population models: profiles by quantile functions, rank R, one-sided scores, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from scipy import integrate, stats

from graphon_theory import FiniteModel, Gaussian, InputError, Laplace, SaliencyModel, Uniform
from graphon_theory.noise import NoiseLaw, Rademacher, StudentT
from graphon_theory.notation import u, v
from graphon_theory.profiles import exponential, half_normal, pareto, power_law, profile_function

GRID = np.linspace(0.01, 0.99, 40)
RANK_TWO = (
    (sympy.Integer(1), sympy.cos(3 * u)),
    (sympy.Integer(1) + v, sympy.exp(-v)),
)


@pytest.mark.parametrize(
    ("profile", "law"),
    [(half_normal(u), stats.halfnorm()), (exponential(u), stats.expon()), (pareto(u, 3.0), stats.pareto(3.0))],
    ids=["half-normal", "exponential", "pareto"],
)
def test_quantile_functions_are_those_of_their_laws(profile: sympy.Expr, law: stats.rv_continuous) -> None:
    np.testing.assert_allclose(profile_function(profile, u)(GRID), law.ppf(GRID), rtol=1e-12)
    # N(tau) over the law's own density instead of over positions.
    tau = SaliencyModel(g=profile).threshold(0.1).value
    mean, _ = integrate.quad(
        lambda p: float(Gaussian().survival(np.array([tau / law.ppf(p)]))[0]), 0, 1, epsabs=1e-10, limit=200
    )
    assert mean == pytest.approx(0.1, abs=1e-5)


@pytest.mark.parametrize("alpha", [0, -1.0, float("nan"), sympy.oo])
def test_bad_tail_exponents_are_refused(alpha: float) -> None:
    with pytest.raises(InputError, match=r"alpha = .*above 0"):
        pareto(u, alpha)


@pytest.mark.parametrize(
    ("profile", "read"),
    [
        (3 * (1 - u), (3, 1)),
        (sympy.sqrt(2 * u), (sympy.sqrt(2), sympy.Rational(1, 2))),
        (pareto(u, 4), (1, -sympy.Rational(1, 4))),
        (2 - u, None),
        (u * (1 - u), None),
        (sympy.exp(u), None),
        (u**sympy.pi, None),
        (1.5 * u, None),
    ],
)
def test_power_laws_are_read(profile: sympy.Expr, read: tuple[sympy.Expr, sympy.Expr] | None) -> None:
    assert power_law(profile, u) == read


def test_rank_two_shares_threshold_graphon_and_types() -> None:
    model = SaliencyModel.from_profiles(*RANK_TWO, Laplace())
    h = np.abs(1 + GRID[None, :] + np.cos(3 * GRID[:, None]) * np.exp(-GRID[None, :]))
    np.testing.assert_allclose(model.evaluate_profile(GRID[:, None], GRID[None, :]), h, rtol=1e-13)
    np.testing.assert_allclose(model.at(GRID, GRID).profile, h, rtol=1e-13)
    graphon = model.graphon(0.2)
    assert graphon.density() == pytest.approx(0.2, abs=1e-10)
    by_formula = sympy.lambdify((u, v), graphon.expr)
    np.testing.assert_allclose(graphon(GRID[:, None], GRID), by_formula(GRID[:, None], GRID), atol=1e-13)


def test_rank_one_by_terms_is_rank_one_by_factors() -> None:
    terms = SaliencyModel.from_profiles([1 + u], [-sympy.exp(-v)])
    factors = SaliencyModel(1 + u, sympy.exp(-v))
    assert terms.threshold(0.1).value == pytest.approx(factors.threshold(0.1).value, rel=1e-12)
    split = SaliencyModel.from_profiles([1, u], [sympy.exp(-v), sympy.exp(-v)])
    assert split.threshold(0.1).value == pytest.approx(factors.threshold(0.1).value, rel=1e-12)


@pytest.mark.parametrize(("qs", "ps"), [([], []), ([u], [v, 1]), ([u, -u], [v, v]), ([v, u], [v, v])])
def test_bad_terms_are_refused(qs: list[sympy.Expr], ps: list[sympy.Expr]) -> None:
    with pytest.raises(InputError, match=r"^[qp]s = "):
        SaliencyModel.from_profiles(qs, ps)


@pytest.mark.parametrize("noise", [Gaussian(), Uniform(), StudentT(5.0)], ids=lambda law: law.name)
@pytest.mark.parametrize("rho", [0.1, 0.45, 0.5, 0.7])
def test_one_sided_graphon_is_the_probability_of_the_signed_score(noise: NoiseLaw, rho: float) -> None:
    model = SaliencyModel(g=u - sympy.Rational(1, 3), f=1 + v, noise=noise, signed=True)
    tau, graphon = model.threshold(rho).value, model.graphon(rho)
    assert graphon.density() == pytest.approx(rho, abs=1e-6)
    assert np.sign(tau) == np.sign(0.5 - round(rho, 6))
    for position in (0.1, 0.8):
        h = abs(position - 1 / 3) * 1.5
        # Half the density of the modulus on each side of 0, integrated from tau/h on.
        mass, _ = integrate.quad(
            lambda x: float(noise.density(np.array([abs(x)]))[0]) / 2, tau / h, 60.0, points=[0.0, 1.0], limit=400
        )
        assert float(graphon(position, 0.5)) == pytest.approx(mass, abs=1e-6)


def test_one_sided_scores_refuse_finite_types_and_ties_at_nothing() -> None:
    half_dead = SaliencyModel(g=sympy.Max(0, u - sympy.Rational(1, 2)), signed=True)
    with pytest.raises(InputError, match="tie at 0"):
        half_dead.threshold(0.5)
    with pytest.raises(InputError, match="signed at False"):
        half_dead.at(GRID, GRID)


def test_laws_with_atoms_are_refused_with_the_reason() -> None:
    model = SaliencyModel(g=1 + u, noise=Rademacher())
    for ask in (
        model.threshold,
        model.graphon,
        model.energy_graphon,
        FiniteModel(np.ones((2, 2)), Rademacher()).threshold,
    ):
        with pytest.raises(InputError, match=r"noise = .*atoms at 1.*atomless.*break ties at random"):
            ask(0.3)
