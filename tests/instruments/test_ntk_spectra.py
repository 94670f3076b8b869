"""Spectra of kernels: known matrices, invariances, and an error bound that holds."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory.errors import InputError
from verification.ntk.spectra import alignment, spectrum


def _kernel(eigenvalues: np.ndarray, seed: int = 0) -> np.ndarray:
    """Matrix of these eigenvalues in a random frame."""
    frame = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(eigenvalues),) * 2))[0]
    return frame * eigenvalues @ frame.T


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(st.floats(0.0, 1e3), min_size=2, max_size=12).filter(lambda v: max(v) > 1e-3),
    scale=st.sampled_from([1e-200, 1.0, 3e200]),
    seed=st.integers(0, 1000),
)
def test_numbers_are_functions_of_the_eigenvalues_alone(values, scale, seed) -> None:
    exact = np.sort(values)[::-1]
    found = spectrum(scale * _kernel(exact, seed))
    # Building the matrix rounds by a few units of its norm; the bound is of the rounding after that.
    np.testing.assert_allclose(found.eigenvalues / scale, exact, rtol=0, atol=1e-12 * exact[0] + found.error / scale)
    shares = exact / exact.sum()
    entropy = sum(-p * math.log(p) for p in shares if p > 0)
    assert found.entropy_rank == pytest.approx(math.exp(entropy), rel=1e-9)
    assert found.trace_rank == pytest.approx(exact.sum() ** 2 / (exact**2).sum(), rel=1e-9)
    assert 1 - 1e-9 <= found.trace_rank <= found.entropy_rank * (1 + 1e-9) <= len(values) * (1 + 2e-9)
    assert found.gap == pytest.approx(1 - exact[1] / exact[0], abs=1e-9)
    assert found.energy(2) == pytest.approx(shares[:2].sum(), abs=1e-9)
    assert found.energy(len(values)) == pytest.approx(1.0)


def test_identity_and_rank_one() -> None:
    flat = spectrum(np.eye(7))
    assert flat.entropy_rank == pytest.approx(7)
    assert flat.trace_rank == pytest.approx(7)
    assert (flat.gap, flat.condition) == pytest.approx((0, 1))
    assert flat.energy() == pytest.approx(5 / 7)
    vector = np.arange(1.0, 6.0)
    line = spectrum(np.outer(vector, vector))
    assert line.entropy_rank == pytest.approx(1)
    assert line.trace_rank == pytest.approx(1)
    assert line.gap == pytest.approx(1)
    assert line.condition == math.inf
    assert spectrum([[2.0]]).gap == 1


@pytest.mark.parametrize("kind", ["hilbert", "clustered", "random", "one"])
def test_error_bound_holds_against_many_digits_and_is_small(kind: str) -> None:
    size = 8
    rng = np.random.default_rng(1)
    matrix = {
        "hilbert": 1.0 / (np.arange(size)[:, None] + np.arange(size) + 1.0),
        "clustered": np.eye(size) + 1e-13 * np.ones((size, size)),
        "random": (lambda a: a @ a.T)(rng.standard_normal((size, 3))),
        "one": np.ones((size, size)),
    }[kind]
    found = spectrum(matrix)
    symmetric = 0.5 * matrix + 0.5 * matrix.T
    with mpmath.workdps(60):
        exact = sorted(mpmath.eigsy(mpmath.matrix(symmetric.tolist()), eigvals_only=True), reverse=True)
        away = max(float(abs(mpmath.mpf(float(v)) - e)) for v, e in zip(found.eigenvalues, exact, strict=True))
    assert away <= found.error < 1e-12 * found.eigenvalues[0]


def test_decay_recovers_a_power_law_and_its_error_that_of_least_squares() -> None:
    ranks = np.arange(1.0, 41.0)
    exact = spectrum(np.diag(5.0 * ranks**-1.7)).decay(3, 30)
    assert exact.exponent == pytest.approx(1.7, abs=1e-12)
    assert exact.standard_error < 1e-12
    assert (exact.first, exact.last) == (3, 30)
    values = np.sort(ranks**-1.2 * np.exp(0.1 * np.random.default_rng(2).standard_normal(40)))[::-1]
    fitted = spectrum(np.diag(values)).decay(1, 40)
    coefficients, covariance = np.polyfit(np.log(ranks), np.log(values), 1, cov="unscaled")
    rest = np.log(values) - np.polyval(coefficients, np.log(ranks))
    assert fitted.exponent == pytest.approx(-coefficients[0])
    assert fitted.standard_error == pytest.approx(math.sqrt(covariance[0, 0] * (rest @ rest) / 38))


def test_decay_does_not_fit_rounding() -> None:
    found = spectrum(_kernel(np.r_[np.arange(1.0, 6.0), np.zeros(10)]))
    assert found.decay(1, 5).exponent > 0
    with pytest.raises(InputError, match="above their error up to rank 5"):
        found.decay(1, 6)
    for first, last in ((0, 5), (3, 4), (5, 3), (1, 16)):
        with pytest.raises(InputError, match="range of ranks"):
            found.decay(first, last)
    for count in (0, 16, True):
        with pytest.raises(InputError, match="count"):
            found.energy(count)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.sampled_from([1e-170, 1.0, 1e170]))
def test_alignment_is_the_cosine_of_kernel_and_labels(seed, scale) -> None:
    rng = np.random.default_rng(seed)
    half = rng.standard_normal((9, 4))
    kernel, y = half @ half.T, rng.standard_normal(9)
    cosine = np.sum(kernel * np.outer(y, y)) / np.linalg.norm(kernel) / np.linalg.norm(np.outer(y, y))
    assert alignment(kernel * scale, y / scale) == pytest.approx(cosine, rel=1e-12)
    assert alignment(np.outer(y, y), y) == pytest.approx(1)
    assert 0 <= alignment(kernel, y) <= 1
    assert alignment(np.eye(9), y) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (np.ones((2, 3)), "square"),
        (np.ones(3), "square"),
        (np.empty((0, 0)), "square"),
        ([[1.0, math.nan], [math.nan, 1.0]], "NaN"),
        ([[math.inf]], "NaN or infinite"),
        (np.zeros((3, 3)), "dead layers"),
        ([[1.0, 0.5], [0.4, 1.0]], "asymmetric by 0.1"),
        ([[1.0 + 1.0j]], "real"),
        ([["a"]], "real"),
    ],
)
def test_bad_kernels_are_refused(kernel, message: str) -> None:
    with pytest.raises(InputError, match=message):
        spectrum(kernel)
    with pytest.raises(InputError, match=message):
        alignment(kernel, np.ones(len(kernel)))


def test_indefinite_kernels_and_bad_labels_are_refused() -> None:
    for size in (1, 8):
        with pytest.raises(InputError, match=f"^kernel = 'smallest eigenvalue -{size}': give a positive semidefinite"):
            spectrum([[0.0, size], [size, 0.0]])
    with pytest.raises(InputError, match=r"^tolerance = -1\.0: give a number from 0 to 1"):
        spectrum(np.eye(2), tolerance=-1.0)
    rounding = np.eye(3).astype(np.float32)
    rounding[0, 1] = 1e-7
    assert spectrum(rounding).eigenvalues[0] == pytest.approx(1.0)
    for labels in (np.ones(2), np.zeros(3), [1.0, math.nan, 1.0], np.ones((3, 1))):
        with pytest.raises(InputError, match="labels"):
            alignment(np.eye(3), labels)
