"""UAT and UAT-n by other ways than their derivations: brute force, quadrature, enumeration, exact fractions."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from graphon_theory import InputError, SaliencyModel
from graphon_theory.approximation.empty import empty_given_degree, empty_given_rows, empty_under_top_k
from graphon_theory.derivation import Evidence
from graphon_theory.derivation.evaluation import evaluate
from graphon_theory.notation import u, v
from graphon_theory.saliency import kept_probability
from graphon_theory.statements import STATEMENTS


@pytest.mark.parametrize(
    ("name", "proved"),
    [
        ("UAT", ("reduction", "homogeneous", "peano", "cell", "units")),
        ("UAT-n", ("ignores", "floor", "attained", "all-rows", "top-k")),
    ],
)
def test_the_steps_that_carry_the_statement_are_proved(name: str, proved: tuple[str, ...]) -> None:
    steps = {step.id: step for step in STATEMENTS[name].derive().steps}
    assert {step: evaluate(steps[step]).evidence for step in proved} == dict.fromkeys(proved, Evidence.PROVED)


@given(
    n=st.integers(1, 12), d=st.integers(2, 8), k=st.integers(1, 2), seed=st.integers(0, 2**32 - 1), tanh=st.booleans()
)
@settings(max_examples=60, deadline=None)
def test_the_masked_network_is_the_small_one(n: int, d: int, k: int, seed: int, tanh: bool) -> None:
    rng = np.random.default_rng(seed)
    kept = rng.random((n, d)) < 0.6
    active = rng.permutation(d)[:k]
    joined = np.flatnonzero(kept[:, active].all(axis=1))
    weight, readout = np.zeros((n, d)), np.zeros(n)
    small, bias, x = rng.standard_normal((joined.size, k)), rng.standard_normal(n), rng.standard_normal((20, d))
    weight[np.ix_(joined, active)] = small
    readout[joined] = rng.standard_normal(joined.size)
    assert not weight[~kept].any()

    def sigma(z: np.ndarray) -> np.ndarray:
        return np.tanh(z) if tanh else np.maximum(z, 0.0)

    masked = sigma(x @ (weight * kept).T + bias) @ readout
    dense = sigma(x[:, active] @ small.T + bias[joined]) @ readout[joined]
    np.testing.assert_allclose(masked, dense, rtol=1e-12, atol=1e-12)


def test_interpolation_errs_as_the_kernel_says() -> None:
    h = 0.7
    for x in (0.1, 0.35, 0.6):
        left, _ = integrate.quad(lambda t: t * math.exp(t), 0, x)
        right, _ = integrate.quad(lambda t: (h - t) * math.exp(t), x, h)
        chord = (h - x) / h + x / h * math.exp(h)
        assert chord - math.exp(x) == pytest.approx((h - x) / h * left + x / h * right, rel=1e-10)
        assert chord - math.exp(x) <= h**2 / 8 * math.exp(h)


def test_equidistributed_knots_reach_the_limit_rate() -> None:
    # g = exp on [-1, 1]: knots at quantiles of exp(x/2).
    limit = (2 * (math.exp(0.5) - math.exp(-0.5))) ** 2 / 8
    for pieces in (50, 400):
        marks = np.linspace(math.exp(-0.5), math.exp(0.5), pieces + 1)
        knots = 2 * np.log(marks)
        x = np.linspace(-1, 1, 200_001)
        error = np.abs(np.interp(x, knots, np.exp(knots)) - np.exp(x)).max()
        assert error * pieces**2 == pytest.approx(limit, rel=3 / pieces)


@given(c=st.floats(-5, 5), g1=st.floats(-5, 5), g2=st.floats(-5, 5))
def test_no_constant_is_nearer_than_half_the_oscillation(c: float, g1: float, g2: float) -> None:
    assert max(abs(c - g1), abs(c - g2)) >= abs(g1 - g2) / 2 * (1 - 1e-12)


@given(n=st.integers(1, 4), d=st.integers(1, 4), data=st.data())
@settings(max_examples=40, deadline=None)
def test_top_k_is_a_count_of_sets(n: int, d: int, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, n * d))
    exact = Fraction(math.comb(n * d - n, kept), math.comb(n * d, kept))
    assert empty_under_top_k(n, d, kept) == pytest.approx(float(exact), rel=1e-12)
    assert empty_under_top_k(n, d, kept) <= float(empty_given_degree(kept / (n * d), n)) * (1 + 1e-12)
    assert empty_under_top_k(n, d, kept) == pytest.approx(stats.hypergeom.pmf(0, n * d, n, kept), rel=1e-9)


def test_top_k_by_enumeration() -> None:
    masks = list(itertools.combinations(range(12), 4))  # 4 x 3, column 0 at places 0, 3, 6, 9
    empty = sum(all(place % 3 for place in mask) for mask in masks)
    assert empty_under_top_k(4, 3, 4) == pytest.approx(empty / len(masks), rel=1e-12)


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_given_rows_is_a_sum_over_masks(rates: list[list[float]]) -> None:
    P = np.array(rates)
    found = empty_given_rows(P)
    for j in range(3):
        missed = Fraction(1)
        for p in P[:, j]:
            missed *= 1 - Fraction(float(p))
        assert found[j] == pytest.approx(float(missed), rel=1e-9, abs=1e-300)


def test_the_mean_over_row_types_is_the_power_of_the_degree() -> None:
    model = SaliencyModel(g=1 + u, f=1 + v)
    tau = model.threshold(0.3).value
    columns = np.array([0.1, 0.9])
    degree = model.graphon(0.3).degree_input(columns)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    rows = (nodes + 1) / 2
    W = kept_probability((1 + rows)[:, None] * (1 + columns)[None, :], model.noise, tau)
    pairs = np.einsum("i,k,ij,kj->j", weights / 2, weights / 2, 1 - W, 1 - W)
    np.testing.assert_allclose(empty_given_degree(degree, 2), pairs, rtol=1e-6)


@pytest.mark.parametrize("shift", [-1.0, 0.0, 2.0])
def test_the_phase_change_is_at_log_d(shift: float) -> None:
    d, n = 50, 200_000
    assert d * float(empty_given_degree((math.log(d) + shift) / n, n)) == pytest.approx(math.exp(-shift), rel=1e-3)


def test_bad_input_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="kept"):
        empty_given_rows([0.5])
    with pytest.raises(InputError, match=r"kept = 1\.5"):
        empty_given_rows([[1.5]])
    with pytest.raises(InputError, match="degree"):
        empty_given_degree(-0.1, 3)
    with pytest.raises(InputError, match="neurons"):
        empty_given_degree(0.1, 0)
    with pytest.raises(InputError, match="kept = 13"):
        empty_under_top_k(3, 4, 13)
