"""Certificates of spectral norms against Arb, and Gram matrices in float32 against float64."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from fractions import Fraction

import flint
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verification.cutnorm import norm_upper_bound
from verification.cutnorm.centred import centre
from verification.cutnorm.gram import double_gram, single_gram, single_is_single, single_width
from verification.cutnorm.krylov import largest_singular_values
from verification.cutnorm.pair import Pair
from verification.cutnorm.relaxation import relax
from verification.cutnorm.rounding import gamma_single
from verification.cutnorm.spectral import safe_norm
from verification.cutnorm.upper import plain_norm, scaling, spectral_bound

PRECISION = 400


@contextlib.contextmanager
def precision() -> Iterator[None]:
    before = flint.ctx.prec
    flint.ctx.prec = PRECISION
    try:
        yield
    finally:
        flint.ctx.prec = before


def exceeds_norm(B: np.ndarray, bound: float, *, by: float = 0.0) -> bool:
    """Prove in Arb that ``bound (1 + by)`` is above the norm: all pivots of ``bound^2 I - B B^T`` are positive."""
    with precision():
        exact = flint.arb_mat([[flint.arb(float(b)) for b in row] for row in B])
        m = B.shape[0]
        shifted = -(exact * exact.transpose())
        square = (flint.arb(bound) * (1 + flint.arb(by))) ** 2
        H = [[shifted[i, j] + (square if i == j else 0) for j in range(m)] for i in range(m)]
        for k in range(m):
            if not H[k][k] > 0:
                return False
            for i in range(k + 1, m):
                factor = H[i][k] / H[k][k]
                for j in range(k + 1, i + 1):
                    H[i][j] -= factor * H[j][k]
            # Only the lower triangle is kept up to date.
        return True


def draw(m: int, k: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((m, k))


def adversarial(kind: str) -> np.ndarray:
    m, k = 40, 48
    B, source = draw(m, k, 1), np.random.default_rng(2)
    left, right = np.linalg.qr(draw(m, m, 3))[0], np.linalg.qr(draw(k, k, 4))[0][:, :m].T
    return {
        "gauss": B,
        "scaled rows": B * 10.0 ** source.uniform(-8, 8, (m, 1)),
        "scaled": B * 10.0 ** source.uniform(-8, 8, (m, 1)) * 10.0 ** source.uniform(-8, 8, (1, k)),
        "ill-conditioned": left @ np.diag(10.0 ** -np.linspace(0, 16, m)) @ right,
        "rank one": np.outer(B[:, 0], B[0]),
        "near degenerate": left @ np.diag(1.0 - 1e-14 * np.arange(m)) @ right,
        "orthogonal": left @ right,
        "ones": np.ones((m, k)),
        "tiny": B * 1e-40,
    }[kind]


KINDS = [
    "gauss",
    "scaled rows",
    "scaled",
    "ill-conditioned",
    "rank one",
    "near degenerate",
    "orthogonal",
    "ones",
    "tiny",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("guess", [1.0, 0.9999, 0.999, 0.9])
def test_certified_norm_is_proved_by_arb(kind: str, guess: float) -> None:
    B = adversarial(kind)
    truth = float(np.linalg.svd(B, compute_uv=False)[0])
    bound = norm_upper_bound(torch.from_numpy(B), guess * truth)
    assert exceeds_norm(B, bound.value, by=1e-90)
    # And Arb does refute what is false.
    assert not exceeds_norm(B, truth * (1.0 - 1e-9))


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_certificate_is_proved_by_arb(kind: str) -> None:
    B = adversarial(kind) / np.abs(adversarial(kind)).max()
    narrow = torch.from_numpy(B).to(torch.float32)
    exact = narrow.double().numpy()
    truth = float(np.linalg.svd(exact, compute_uv=False)[0])
    modulus = float(np.linalg.svd(np.abs(exact), compute_uv=False)[0]) * (1.0 + 1e-12)
    bound = safe_norm(lambda: single_gram(narrow.split(16, dim=1), 40, 48, 16, modulus), truth)
    assert exceeds_norm(exact, bound.value, by=1e-90)
    assert bound.value <= truth * 1.01
    if kind not in {"rank one", "ones"}:
        # Elsewhere the Frobenius norm is as good.
        assert bound.factorised


@given(st.integers(0, 2**16), st.sampled_from([1, 7, 32, 128]))
@settings(max_examples=20, deadline=None)
def test_gram_errors_are_covered(seed: int, width: int) -> None:
    source = np.random.default_rng(seed)
    B = (source.uniform(0.0, 1.0, (12, 90)) * 10.0 ** source.uniform(-3, 1, (12, 1))).astype(np.float32)
    rows = [[Fraction(float(b)) for b in row] for row in B]
    narrow = torch.from_numpy(B)
    modulus = float(np.linalg.norm(B.astype(float), 2)) * (1.0 + 1e-12)
    for gram in (
        single_gram(narrow.split(width, dim=1), 12, 90, width, modulus),
        double_gram(narrow.double().split(width, dim=1), 12, 90),
    ):
        off = np.zeros((12, 12))
        for i in range(12):
            for j in range(i + 1):
                exact = sum((a * b for a, b in zip(rows[i], rows[j], strict=True)), Fraction(0))
                off[i, j] = off[j, i] = float(Fraction(float(gram.lower[i, j])) - exact)
        assert np.linalg.norm(off, 2) <= gram.error
        assert Fraction(gram.squared) >= sum((b * b for row in rows for b in row), Fraction(0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("n", "d"), [(300, 520), (700, 300)])
def test_float32_and_float64_certificates_agree(n: int, d: int, dtype: torch.dtype) -> None:
    source = torch.Generator().manual_seed(5)
    A = (torch.rand(n, d, generator=source) < 0.1).to(dtype) - 0.1
    centred = centre(A)
    pair = Pair.of(centred.augmented())
    relaxed = relax(pair, source)
    scales = scaling(centred, relaxed)
    estimate = float(largest_singular_values(pair, scales.left, scales.right, relaxed.x))
    wide = spectral_bound(centred, scales, estimate, single=False)
    narrow = spectral_bound(centred, scales, estimate, single=True)
    assert narrow.margin > wide.margin
    assert wide.value <= narrow.value <= 1.005 * wide.value


def test_empty_rows_and_tiny_entries_stay_in_float32() -> None:
    # Profiles that vanish at an end leave rows without an entry, and means far below float32's normal range.
    n, d = 320, 400
    source = torch.Generator().manual_seed(6)
    mean = torch.outer(torch.linspace(0.0, 1.0, n) ** 24, torch.linspace(0.0, 1.0, d) ** 12)
    A = (torch.rand(n, d, generator=source) < mean).to(torch.float32) - mean
    A[5], A[:, 7] = 0.0, 0.0
    assert 0.0 < float(A[A != 0.0].abs().min()) < 2.0**-120
    centred = centre(A)
    pair = Pair.of(centred.augmented())
    relaxed = relax(pair, source)
    scales = scaling(centred, relaxed)
    assert max(float(scales.left.max()), float(scales.right.max())) <= 2.0**20
    estimate = float(largest_singular_values(pair, scales.left, scales.right, relaxed.x))
    wide = spectral_bound(centred, scales, estimate, single=False)
    narrow = spectral_bound(centred, scales, estimate, single=True)
    assert narrow.margin > wide.margin
    assert wide.value <= narrow.value <= 1.005 * wide.value
    exact = A.double().numpy()
    bordered = np.block([[exact, -exact.sum(1, keepdims=True)], [-exact.sum(0), exact.sum()]])
    norm = np.linalg.norm(scales.left.numpy()[:, None] * bordered * scales.right.numpy(), 2)
    assert narrow.value >= 0.25 * norm * scales.weight() * (1.0 - 1e-12)


@pytest.mark.parametrize("exponent", [-60, 60])
def test_uncomfortable_scales_take_float64(exponent: int) -> None:
    A = torch.from_numpy(draw(60, 70, 6)) * 2.0**exponent
    centred = centre(A)
    pair = Pair.of(centred.augmented())
    relaxed = relax(pair, torch.Generator().manual_seed(0))
    scales = scaling(centred, relaxed)
    wide, narrow = (spectral_bound(centred, scales, 1.0, single=choice) for choice in (False, True))
    assert narrow == wide


def test_float32_is_refused_where_products_are_not() -> None:
    assert single_is_single()
    before = torch.get_float32_matmul_precision()
    try:
        for setting in ("high", "medium"):
            torch.set_float32_matmul_precision(setting)
            assert not single_is_single()
    finally:
        torch.set_float32_matmul_precision(before)
    assert single_is_single()


def test_width_follows_the_error() -> None:
    assert single_width(4096, 10.0, 100.0, 0.02) == 256
    assert single_width(4096, 1e3, 100.0, 0.02) is None
    assert gamma_single(256) >= 256 * 2.0**-24
    with pytest.raises(ValueError, match="split the sum"):
        gamma_single(2**21)


def test_plain_norm_on_both_paths() -> None:
    A = torch.from_numpy(draw(1030, 1024, 7)).to(torch.float32)
    truth = float(torch.linalg.matrix_norm(A.double(), 2))
    for matrix in (A, A.double()):
        centred = centre(matrix)
        bound = plain_norm(centred, truth / centred.unit)
        assert truth * (1.0 - 1e-12) <= bound <= truth * 1.02
    assert math.isclose(plain_norm(centre(A[:30]), math.nan), float(A[:30].double().norm()), rel_tol=1e-9)
