"""Factors, bounds over bands, laws on arrays, and the level of the prediction, each by a second way."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy

from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian, Laplace, NoiseLaw, Rademacher, StudentT, TruncatedNormal, Uniform
from graphon_theory.notation import u, v
from graphon_theory.profiles import half_normal
from graphon_theory.saliency import SaliencyModel, kept_probability
from graphon_theory.threshold import finite_threshold
from verification.streaming.levels import kept, moduli, survival
from verification.streaming.model import FactorModel
from verification.streaming.prediction import Prediction

LAWS: tuple[NoiseLaw, ...] = (Gaussian(0.7), Uniform(2.0), Laplace(1.5))
SMOOTH = SaliencyModel(g=sympy.Rational(1, 2) + u, f=sympy.exp(-v))
RANK_TWO = SaliencyModel.from_profiles([1 + u, u - sympy.Rational(1, 2)], [1, v])


@pytest.mark.parametrize("law", [*LAWS, StudentT(5.0), TruncatedNormal(2.0)], ids=lambda law: law.name)
def test_moduli_invert_the_survival_function(law: NoiseLaw) -> None:
    # Student's survival function has the digits of 1 - t^2/nu, so that next to 0 it has none of t.
    probabilities = np.array([2.0**-64, 1e-12, 1e-5, 0.01, 0.3, 0.5, 0.9, 1.0 - 2.0**-16])
    found = moduli(law, probabilities)
    assert np.allclose(law.survival(found), probabilities, rtol=1e-10, atol=1e-14)
    assert [law.inverse(float(p)) for p in probabilities] == pytest.approx(found.tolist(), rel=1e-14)
    assert float(moduli(law, np.array([1.0]))[0]) == 0.0


def test_gaussian_levels_agree_with_mpmath() -> None:
    levels = np.array([0.0, 1e-9, 0.1, 1.0, 3.0, 6.0, 9.0, np.inf])
    exact = [float(mpmath.erfc(mpmath.mpf(float(t)) / (mpmath.mpf(0.7) * mpmath.sqrt(2)))) for t in levels]
    assert survival(Gaussian(0.7), levels) == pytest.approx(exact, rel=1e-13, abs=1e-300)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_kept_is_the_kept_probability_and_0_where_the_profile_vanishes(law: NoiseLaw) -> None:
    profile = np.array([[0.0, 1e-300, 0.3], [1.0, 2.0, 50.0]])
    assert kept(law, profile, 0.8) == pytest.approx(kept_probability(profile, law, 0.8), rel=1e-12, abs=1e-14)
    assert kept(law, profile, 0.8)[0, 0] == 0.0


@pytest.mark.parametrize("rank", [1, 2, 5])
def test_bounds_hold_in_every_band(rank: int) -> None:
    random = np.random.default_rng(rank)
    model = FactorModel(random.standard_normal((50, rank)), random.standard_normal((31, rank)))
    edges = np.array([3, 4, 11, 30, 50])
    low, high = model.bounds(edges, slice(2, 29))
    whole = np.abs(model.rows @ model.columns.T)[:, 2:29]
    for k in range(4):
        band = whole[edges[k] : edges[k + 1]]
        assert (low[k] <= band.min(axis=0)).all()
        assert (band.max(axis=0) <= high[k]).all()
    assert (low >= 0).all()


def test_block_and_entries_agree_to_the_bit() -> None:
    random = np.random.default_rng(0)
    model = FactorModel(random.standard_normal((40, 3)), random.standard_normal((30, 3)))
    i, j = (part.ravel() for part in np.indices((40, 30)))
    assert np.array_equal(model.block(slice(0, 40), slice(0, 30)).ravel(), model.entries(i, j))


def test_types_are_put_in_as_by_the_finite_model() -> None:
    rows, columns = np.linspace(0.1, 0.9, 7), np.linspace(0.0, 1.0, 5)
    for model in (SMOOTH, RANK_TWO):
        ours = FactorModel.from_types(model, rows, columns).dense().profile
        assert np.allclose(ours, model.at(rows, columns).profile, rtol=1e-14)


CASES = [
    (SMOOTH, 1e-9),
    (SaliencyModel(g=half_normal(u), f=half_normal(v)), 1e-8),
    (SaliencyModel(g=half_normal(u), f=half_normal(v), noise=Laplace()), 1e-8),
    # A kink of the law costs the interpolation digits; what it costs is measured where a bound needs it.
    (SaliencyModel(g=half_normal(u), f=half_normal(v), noise=Uniform()), 2e-5),
    (RANK_TWO, 1e-11),
    (SaliencyModel(), 1e-11),
]


@pytest.mark.parametrize(("model", "tolerance"), CASES)
@pytest.mark.parametrize("density", [0.05, 0.6])
def test_level_is_that_of_the_whole_profile(model: SaliencyModel, tolerance: float, density: float) -> None:
    factors = FactorModel.draw(model, 700, 400, seed=3, columns="iid")
    prediction = Prediction(factors)
    level, whole = prediction.level(density), factors.dense()
    assert level == pytest.approx(finite_threshold(whole.profile, whole.noise, density), rel=tolerance)
    P = kept_probability(whole.profile, whole.noise, level)
    mean, variance = prediction.moments(level)
    assert mean == pytest.approx(P.mean(), rel=tolerance)
    assert variance == pytest.approx((P * (1 - P)).mean(), rel=10 * tolerance)
    short = prediction.compressed(level)
    if short is None:
        assert model is RANK_TWO
        return
    assert float(np.abs(short.block(slice(5, 600), slice(0, 400)) - P[5:600]).mean()) < 10 * tolerance
    X = np.random.default_rng(0).standard_normal((400, 3))
    Y = np.random.default_rng(1).standard_normal((700, 3))
    assert np.allclose(short.times(X), P @ X, atol=1e3 * tolerance)
    assert np.allclose(short.transpose_times(Y), P.T @ Y, atol=1e3 * tolerance)


def test_few_types_are_exact_at_any_rank() -> None:
    random = np.random.default_rng(5)
    rows, columns = (
        random.standard_normal((4, 3))[np.arange(90) // 25],
        random.standard_normal((3, 3))[np.arange(60) // 20],
    )
    factors = FactorModel(rows, columns, Uniform())
    prediction = Prediction(factors)
    level = prediction.level(0.3)
    assert level == pytest.approx(finite_threshold(factors.dense().profile, Uniform(), 0.3), rel=1e-12)
    short = prediction.compressed(level)
    assert short is not None
    exact = kept(Uniform(), factors.dense().profile, level)
    assert np.allclose(short.block(slice(0, 90), slice(0, 60)), exact, rtol=1e-13)


def test_zero_rows_have_no_part_in_the_prediction() -> None:
    g = np.concatenate([np.zeros(300), np.linspace(0.1, 2.0, 400)])
    factors = FactorModel(g, np.linspace(1.0, 2.0, 300))
    prediction = Prediction(factors)
    level = prediction.level(0.2)
    assert level == pytest.approx(finite_threshold(factors.dense().profile, Gaussian(), 0.2), rel=1e-9)
    short = prediction.compressed(level)
    assert short is not None
    assert not short.block(slice(0, 300), slice(0, 300)).any()
    with pytest.raises(InputError, match="vanish"):
        prediction.level(0.6)


@pytest.mark.parametrize(
    ("rows", "columns", "argument"),
    [
        (np.ones((3, 2)), np.ones(4), "columns"),
        (np.empty(0), np.ones(4), "rows"),
        (np.ones((2, 2, 2)), np.ones(4), "rows"),
        (np.array([1.0, math.nan]), np.ones(4), "rows"),
        (np.ones(4), np.array(["a"]), "columns"),
    ],
    ids=["ranks", "empty", "axes", "nan", "text"],
)
def test_bad_factors_are_refused(rows: np.ndarray, columns: np.ndarray, argument: str) -> None:
    with pytest.raises(InputError, match=argument):
        FactorModel(rows, columns)


def test_too_many_entries_are_refused() -> None:
    FactorModel.check_size(2**27, 2**26)
    with pytest.raises(InputError, match="2\\^53"):
        FactorModel.check_size(2**27 + 1, 2**26)


def test_bad_models_are_refused() -> None:
    with pytest.raises(InputError, match="noise"):
        FactorModel(np.ones(3), np.ones(3), Rademacher())
    with pytest.raises(InputError, match="signed"):
        FactorModel.from_types(SaliencyModel(signed=True), np.ones(3), np.ones(3))
    for arguments, said in (
        ((0, 3, 1), "n = 0: give a positive"),
        ((True, 3, 1), "n = True: give a positive"),
        ((3, 2.0, 1), r"d = 2\.0: give a positive"),
        ((3, 3, -1), "seed = -1: give a whole number"),
        ((3, 3, False), "seed = False: give a whole number"),
    ):
        with pytest.raises(InputError, match=f"^{said}"):
            FactorModel.draw(SMOOTH, *arguments)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^columns = 'sobol': give 'iid' or 'grid'$"):
        FactorModel.draw(SMOOTH, 3, 3, 1, columns="sobol")  # type: ignore[arg-type]
