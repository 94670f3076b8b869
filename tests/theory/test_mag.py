"""Shares of layers under one threshold: closed forms, mpmath, and the spread of top-k counts by simulation."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from graphon_theory import Gaussian, InputError, Laplace, Uniform
from graphon_theory.criteria import magnitude_shares
from graphon_theory.noise import Rademacher

SIZES, SCALES = (3000, 1000, 100), (0.5, 1.0, 2.0)


@pytest.mark.parametrize("density", [1e-4, 0.05, 0.3, 0.9])
def test_threshold_solves_the_equation_to_many_digits(density: float) -> None:
    found = magnitude_shares(SIZES, SCALES, Gaussian(), density)
    with mpmath.workdps(40):
        total = sum(n * mpmath.erfc(mpmath.mpf(found.threshold) / (s * mpmath.sqrt(2)))
                    for n, s in zip(SIZES, SCALES, strict=True))  # fmt: skip
        assert float(total / sum(SIZES)) == pytest.approx(density, rel=1e-12)


def test_uniform_weights_have_a_closed_form_and_empty_a_layer_of_many_inputs() -> None:
    weight = np.array(SIZES) / sum(SIZES)
    found = magnitude_shares(SIZES, SCALES, Uniform(), 0.8)
    assert found.threshold == pytest.approx(0.2 / float(weight @ (1 / np.array(SCALES))), rel=1e-13)
    # LeNet-300-100: below this density PyTorch's own initialisation leaves nothing of the first layer.
    sizes, scales = (784 * 300, 300 * 100, 1000), (784**-0.5, 300**-0.5, 100**-0.5)
    level = scales[0]
    critical = sum(n * (1 - level / s) for n, s in zip(sizes, scales, strict=True)) / sum(sizes)
    assert critical == pytest.approx(0.0454, abs=5e-5)
    assert magnitude_shares(sizes, scales, Uniform(), 0.99 * critical).shares[0] == 0.0
    assert magnitude_shares(sizes, scales, Uniform(), 1.01 * critical).shares[0] > 0.0


def test_equal_scales_keep_equal_shares() -> None:
    np.testing.assert_allclose(magnitude_shares((7, 11), (0.3, 0.3), Laplace(), 0.37).shares, 0.37, rtol=1e-12)


def test_spreads_are_those_of_simulated_top_k_counts() -> None:
    rng = np.random.default_rng(5)
    found = magnitude_shares(SIZES, SCALES, Gaussian(), 0.1)
    owner = np.repeat(np.arange(3), SIZES)
    scale = np.repeat(SCALES, SIZES)
    count = round(0.1 * owner.size)
    kept = []
    for _ in range(600):
        score = scale * np.abs(rng.standard_normal(owner.size))
        top = np.argpartition(score, owner.size - count)[owner.size - count :]
        kept.append(np.bincount(owner[top], minlength=3) / np.array(SIZES))
    # The standard error of a standard deviation of 600 values is 2.9 %.
    np.testing.assert_allclose(np.std(kept, axis=0), found.spreads, rtol=0.12)
    np.testing.assert_allclose(np.mean(kept, axis=0), found.shares, atol=5 * found.spreads.max() / 600**0.5)


def test_bad_input_is_refused() -> None:
    for sizes, scales in (((), ()), ((3,), (1.0, 2.0)), ((3, 4), (1.0, 0.0))):
        with pytest.raises(InputError):
            magnitude_shares(sizes, scales, Gaussian(), 0.1)
    with pytest.raises(InputError, match="atoms"):
        magnitude_shares((3,), (1.0,), Rademacher(), 0.1)


def test_only_the_ratios_of_sizes_and_of_scales_matter() -> None:
    """Sizes beyond every machine integer, too: a whole number in Python has no end."""
    small = magnitude_shares((3, 1), (0.5, 1.0), Gaussian(), 0.2)
    for unit, scale in ((10**6, 1.0), (2**70, 4.0)):
        large = magnitude_shares((3 * unit, unit), (0.5 * scale, scale), Gaussian(), 0.2)
        assert large.threshold == pytest.approx(scale * small.threshold, rel=1e-12)
        np.testing.assert_allclose(large.shares, small.shares, rtol=1e-12)
        np.testing.assert_allclose(large.spreads * unit**0.5, small.spreads, rtol=1e-12)


def test_what_is_wrong_with_a_layer_is_named() -> None:
    with pytest.raises(InputError, match=r"^sizes = \[3\.0, -4\.0\]: give finite numbers above 0$"):
        magnitude_shares((3, -4), (1.0, 1.0), Gaussian(), 0.1)
    with pytest.raises(InputError, match=r"^scales = \[1\.0, inf\]: give finite numbers above 0$"):
        magnitude_shares((3, 4), (1.0, float("inf")), Gaussian(), 0.1)
    with pytest.raises(InputError, match=r"^scales = \[1\.0, 2\.0\]: give one a layer, 1, and at least one$"):
        magnitude_shares((3,), (1.0, 2.0), Gaussian(), 0.1)
