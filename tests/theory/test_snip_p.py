"""SNIP in the proportional regime: the graphon against SciPy, mpmath and drawn slopes; the law of SNIP-1."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import pytest
from scipy import integrate, optimize, special

from graphon_theory import Gaussian, InputError
from graphon_theory.criteria import ProportionalModel, snip_proportional
from graphon_theory.noise import Laplace, Uniform
from graphon_theory.saliency import FiniteModel

READOUT, MEANS, SPREADS = np.array([0.5, -1.0, 2.0]), np.array([0.1, -1.0, 0.0, 0.6]), np.array([1.0, 0.5, 0.7, 0.2])


@pytest.mark.parametrize("law", [Gaussian(), Laplace(0.7), Uniform(1.5)], ids=lambda law: law.name)
def test_probabilities_are_the_expectation_over_the_slopes(law: Gaussian | Laplace | Uniform) -> None:
    model = ProportionalModel(READOUT, MEANS, SPREADS, law)
    tau, kept = model.threshold(0.3), model.probabilities(0.3)
    assert float(kept.mean()) == pytest.approx(0.3, rel=1e-6)
    for i, a in enumerate(np.abs(READOUT)):
        for j, (m, s) in enumerate(zip(MEANS, SPREADS, strict=True)):

            def at(eps: float, a: float = a, m: float = m, s: float = s) -> float:
                size = a * abs(m + s * eps)
                tail = float(law.survival(np.array(2.0 * tau / size))) if size > 0 else 0.0
                return tail * math.exp(-eps * eps / 2) / math.sqrt(2 * math.pi)

            # Broken where the saliency vanishes, and where the uniform law ends.
            breaks = sorted({-m / s, *((sign * 2 * tau / (1.5 * a) - m) / s for sign in (1, -1))})
            ends = [-10.0, *(x for x in breaks if -10 < x < 10), 10.0]
            expected = sum(integrate.quad(at, low, high, limit=200)[0] for low, high in itertools.pairwise(ends))
            assert kept[i, j] == pytest.approx(expected, abs=max(1e-9, model.error(0.3)))


def test_probabilities_agree_with_mpmath() -> None:
    model = ProportionalModel(READOUT, MEANS, SPREADS, Gaussian())
    tau, kept = model.threshold(0.2), model.probabilities(0.2)
    with mpmath.workdps(18):
        for i, j in ((0, 0),):
            a, m, s = abs(READOUT[i]), MEANS[j], SPREADS[j]

            def folded(y: mpmath.mpf, a: float = a, m: float = m, s: float = s) -> mpmath.mpf:
                density = (mpmath.npdf((y - m) / s) + mpmath.npdf((y + m) / s)) / s
                return mpmath.erfc(2 * tau / (a * y) / mpmath.sqrt(2)) * density

            exact = mpmath.quad(
                folded, [mpmath.mpf(10) ** -12, abs(m) / 2, abs(m) + s, abs(m) + 4 * s, abs(m) + 12 * s]
            )
            assert kept[i, j] == pytest.approx(float(exact), abs=max(1e-12, 1e-3 * model.error(0.2)))


def test_slopes_drawn_from_the_formulas_own_premises_keep_so_many() -> None:
    # Independent fair signs of S samples: no normal law is put in. 4,000 neurons, 30 inputs: a standard error of
    # sqrt(p(1-p)/4000), below 0.008, so that 5 of them are exceeded anywhere with probability 2e-5.
    rng = np.random.default_rng(11)
    batch, d, neurons, level = 120, 30, 4000, 0.2
    r, x = rng.standard_normal(batch), rng.standard_normal((batch, d))
    r -= r.mean()
    model = snip_proportional(np.array([0.7]), r, x, Gaussian())
    slopes = rng.integers(0, 2, (neurons, batch))
    saliency = 0.7 * (slopes * r) @ x / batch
    kept = np.abs(saliency * rng.standard_normal(saliency.shape)) >= model.threshold(level)
    expected = model.probabilities(level)[0]
    assert np.abs(kept.mean(axis=0) - expected).max() < 5 * 0.008


def test_no_spread_is_rank_one_column_by_column() -> None:
    rng = np.random.default_rng(2)
    a, m = rng.standard_normal(8), rng.standard_normal(6)
    flat = ProportionalModel(a, m, np.zeros(6), Gaussian())
    expected = FiniteModel.from_factors(np.abs(a), np.abs(m), Gaussian()).probabilities(0.2)
    np.testing.assert_allclose(flat.probabilities(0.2), expected, rtol=1e-10)
    narrow = ProportionalModel(a, m, np.where(np.arange(6) < 3, 0.0, 0.03), Gaussian())
    np.testing.assert_allclose(narrow.probabilities(0.2), expected, atol=2e-2)


def test_units_do_not_matter() -> None:
    plain = ProportionalModel(READOUT, MEANS, SPREADS, Gaussian()).probabilities(0.1)
    scaled = ProportionalModel(-3.0 * READOUT, 0.2 * MEANS, 0.2 * SPREADS, Gaussian()).probabilities(0.1)
    np.testing.assert_allclose(scaled, plain, rtol=1e-9)


def test_moments_are_those_of_the_batch() -> None:
    r, x = np.array([1.0, -1.0, 2.0]), np.array([[1.0, 0.0], [2.0, 1.0], [0.5, -1.0]])
    model = snip_proportional(np.ones(1), r, x, Gaussian())
    np.testing.assert_allclose(model.means, [0.0, -1.0])
    np.testing.assert_allclose(model.spreads, np.sqrt([(1 + 4 + 1) / 9, (1 + 4) / 9]))


def rank_one_law(density: float) -> float:
    """``C`` of SNIP-1's law ``C lambda^(-1/2)``: half E|eta| times the mean of dW/d|m|, at normal ``a`` and ``m``."""
    nodes, weights = np.polynomial.legendre.leggauss(300)
    y, weight = 4.5 * (nodes + 1.0), 4.5 * weights
    normal = weight * math.sqrt(2 / math.pi) * np.exp(-0.5 * y**2)
    product = y[:, None] * y[None, :]

    def excess(tau: float) -> float:
        return float(normal @ special.erfc(tau / product / math.sqrt(2.0)) @ normal) - density

    level = optimize.brentq(excess, 1e-4, 30.0) / product
    slope = math.sqrt(2 / math.pi) * np.exp(-0.5 * level**2) * level / y[None, :]
    return 0.5 * math.sqrt(2 / math.pi) * float(normal @ slope @ normal)


def test_the_constant_of_snip_1_is_a_perturbation_of_this_graphon() -> None:
    assert rank_one_law(0.1) == pytest.approx(0.0573, abs=5e-5)
    # Against graphons on drawn types at lambda = 400: rank one at the population's E[r x], and W at the batch's.
    rng = np.random.default_rng(3)
    n, d, lam = 150, 2000, 400.0
    a, population = rng.standard_normal(n), rng.standard_normal(d)
    eta = rng.standard_normal(d) / math.sqrt(lam)
    drawn = ProportionalModel(a, population + eta, np.full(d, 1 / math.sqrt(lam)), Gaussian())
    rank_one = FiniteModel.from_factors(np.abs(a), np.abs(population), Gaussian()).probabilities(0.1)
    difference = drawn.probabilities(0.1) - rank_one
    # The first order has one sign in every column, so its cut norm is a sum over columns of that sign.
    columns = difference.sum(axis=0)
    distance = max(columns[columns > 0].sum(), -columns[columns < 0].sum()) / (n * d)
    # Sampling of n rows and d columns: a relative 4 %; the next order in lambda^(-1/2) = 0.05 as much again.
    assert distance * math.sqrt(lam) == pytest.approx(rank_one_law(0.1), rel=0.1)


def test_bad_input_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="spreads"):
        ProportionalModel(READOUT, MEANS, -SPREADS, Gaussian())
    with pytest.raises(InputError, match="finite"):
        ProportionalModel(READOUT, MEANS * np.nan, SPREADS, Gaussian())
    with pytest.raises(InputError, match="shapes"):
        ProportionalModel(READOUT, MEANS[:2], SPREADS, Gaussian())
    with pytest.raises(InputError, match=r"inputs.*give shape \(3, d\)"):
        snip_proportional(np.ones(2), np.ones(3), np.ones((4, 2)), Gaussian())
    with pytest.raises(InputError, match="density"):
        ProportionalModel(np.array([1.0, 0.0]), MEANS, SPREADS, Gaussian()).probabilities(0.6)
    with pytest.raises(InputError, match="did not settle"):
        ProportionalModel(READOUT, MEANS, np.array([1.0, 1.0, 1.0, 1e-6]), Gaussian()).probabilities(0.1)
