"""SNIP as a saliency model, against plain loops over neurons, inputs and samples."""

from __future__ import annotations

import numpy as np
import pytest

from graphon_theory import Gaussian, InputError
from graphon_theory.criteria import homogeneous_model, snip_rank_one, snip_rank_s


def test_rank_s_profile_is_the_sum_over_the_batch() -> None:
    rng = np.random.default_rng(3)
    n, d, batch = 4, 3, 6
    a, r = rng.standard_normal(n), rng.standard_normal(batch)
    slopes, x = rng.random((batch, n)) > 0.5, rng.standard_normal((batch, d))
    profile = snip_rank_s(a, slopes, r, x, Gaussian()).profile
    for i in range(n):
        for j in range(d):
            total = sum(r[s] * float(slopes[s, i]) * x[s, j] for s in range(batch))
            assert profile[i, j] == pytest.approx(abs(a[i] * total / batch), rel=1e-12)


def test_a_large_batch_is_summed_in_parts_without_loss() -> None:
    rng = np.random.default_rng(4)
    a, r = rng.standard_normal(2), rng.standard_normal(10_000)
    slopes, x = rng.random((10_000, 2)) > 0.5, rng.standard_normal((10_000, 3))
    whole = np.abs(a[:, None] * ((slopes * r[:, None]).T @ x)) / 10_000
    np.testing.assert_allclose(snip_rank_s(a, slopes, r, x, Gaussian()).profile, whole, rtol=1e-11)
    single = snip_rank_s(a, slopes, r.astype(np.float32), x.astype(np.float32), Gaussian()).profile
    np.testing.assert_allclose(single, whole, rtol=1e-3, atol=1e-5)


def test_rank_one_profile_is_a_product() -> None:
    a, m = np.array([1.0, -2.0]), np.array([-3.0, 0.5, 0.0])
    np.testing.assert_array_equal(snip_rank_one(a, m, Gaussian()).profile, [[3, 0.5, 0], [6, 1, 0]])


def test_homogeneous_model_predicts_the_density() -> None:
    np.testing.assert_allclose(homogeneous_model(3, 4, Gaussian()).probabilities(0.3), 0.3, rtol=1e-12)


def test_wrong_shapes_are_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"slopes.*give shape \(6, 4\)"):
        snip_rank_s(np.ones(4), np.ones((5, 4)), np.ones(6), np.ones((6, 3)), Gaussian())
