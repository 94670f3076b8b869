"""ReLU of Gaussians with means: against integrals in higher precision that know nothing of the formulas."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory.errors import InputError
from graphon_theory.kernels import RELU, dual_activations
from graphon_theory.kernels.shifted import shifted_moments, shifted_products

PAIRS = [
    (-0.5, 0.4, 1.0, 1.0, -0.7),
    (1.2, 0.7, 0.3, 2.0, 0.74),
    (-1.5, -2.0, 1.0, 1.0, 0.95),
]


@pytest.mark.parametrize(("m1", "m2", "s11", "s22", "s12"), PAIRS)
def test_products_are_the_integrals_they_claim_to_be(m1: float, m2: float, s11: float, s22: float, s12: float) -> None:
    def given_first(power: int) -> mpmath.mpf:
        # Given z the other is normal: its share and mean above 0 have closed forms.
        spread = mpmath.sqrt(s22 - s12**2 / mpmath.mpf(s11))

        def inner(z: mpmath.mpf) -> mpmath.mpf:
            mean = m2 + s12 / mpmath.mpf(s11) * (z - m1)
            share = mpmath.ncdf(mean / spread)
            other = mean * share + spread * mpmath.npdf(mean / spread) if power else share
            return z**power * other * mpmath.npdf(z, m1, mpmath.sqrt(s11))

        far = abs(m1) + 12 * math.sqrt(s11)
        return mpmath.quad(inner, [0, 0.25, 1, 3, far])

    with mpmath.workdps(18):
        expected = [float(given_first(power)) for power in (1, 0)]
    found = shifted_products(m1, m2, s11, s22, s12)
    assert float(found.k1) == pytest.approx(expected[0], rel=1e-10)
    assert float(found.k0) == pytest.approx(expected[1], rel=1e-10)


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 2.0), (1.3, 0.4), (-2.0, 1.0), (-9.0, 1.0)])
def test_moments_are_the_integrals_they_claim_to_be(mean: float, variance: float) -> None:
    with mpmath.workdps(25):
        spread = mpmath.sqrt(variance)
        expected = [
            float(mpmath.quad(lambda z, k=k: z**k * mpmath.npdf(z, mean, spread), [0, 1, 4, 20])) for k in (1, 2, 0)
        ]
    for found, value in zip(shifted_moments(mean, variance), expected, strict=True):
        assert float(found) == pytest.approx(value, rel=1e-9, abs=1e-20)


@settings(deadline=None, max_examples=60)
@given(s11=st.floats(0.01, 9.0), s22=st.floats(0.01, 9.0), c=st.floats(-0.999, 0.999))
def test_without_means_they_are_the_arc_cosine_kernels(s11: float, s22: float, c: float) -> None:
    s12 = c * math.sqrt(s11 * s22)
    centred, found = dual_activations(RELU, s11, s22, s12), shifted_products(0.0, 0.0, s11, s22, s12)
    assert float(found.k0) == pytest.approx(float(centred.k0), abs=1e-9)
    assert float(found.k1) == pytest.approx(float(centred.k1), abs=1e-9 * math.sqrt(s11 * s22))


@settings(deadline=None, max_examples=60)
@given(mean=st.floats(-3.0, 3.0), variance=st.floats(0.01, 9.0))
def test_equal_pairs_have_the_moments_of_one(mean: float, variance: float) -> None:
    one, pair = shifted_moments(mean, variance), shifted_products(mean, mean, variance, variance, variance)
    scale = mean**2 + variance
    assert float(pair.k0) == pytest.approx(float(one.share), abs=1e-6)
    assert float(pair.k1) == pytest.approx(float(one.square), abs=1e-6 * scale)


def test_a_neuron_without_variance_is_its_mean() -> None:
    one = shifted_moments([-2.0, 0.0, 2.0], 0.0)
    assert one.mean.tolist() == [0.0, 0.0, 2.0]
    assert one.share.tolist() == [0.0, 0.5, 1.0]
    pair = shifted_products(2.0, [-1.0, 3.0], 0.0, 0.0, 0.0)
    assert pair.k1.tolist() == pytest.approx([0.0, 6.0])
    assert np.allclose(pair.k0, [0.0, 1.0])


def test_bad_covariances_are_refused() -> None:
    with pytest.raises(InputError, match="variance"):
        shifted_moments(0.0, -1.0)
    with pytest.raises(InputError, match="m2"):
        shifted_products(0.0, math.nan, 1.0, 1.0, 0.0)


def test_moments_that_would_overflow_are_refused_and_those_below_are_finite() -> None:
    for mean in (-1e200, 1e200):
        with pytest.raises(InputError, match="mean"):
            shifted_moments(mean, 1.0)
        with pytest.raises(InputError, match="m1"):
            shifted_products(mean, 0.0, 1.0, 1.0, 0.0)
        with pytest.raises(InputError, match="m2"):
            shifted_products(0.0, mean, 1.0, 1.0, 0.0)
    with pytest.raises(InputError, match="variance"):
        shifted_moments(0.0, 1e301)
    with pytest.raises(InputError, match="variance"):
        shifted_products(0.0, 0.0, 1.0, 1e301, 0.0)
    for mean in (-1e150, 1e150):
        assert all(np.isfinite(part) for part in shifted_moments(mean, 1e300))
        assert all(np.isfinite(part) for part in shifted_products(mean, 1e150, 1e300, 1e300, 5e299))
    # A neuron far above its kink is linear there.
    assert float(shifted_moments(1e150, 1.0).square) == pytest.approx(1e300)
