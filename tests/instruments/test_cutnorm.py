"""Bounds on the cut norm against enumeration in rational arithmetic, closed forms and norm axioms."""

from __future__ import annotations

import dataclasses
import math
import sys
from fractions import Fraction
from itertools import chain, combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from verification.cutnorm import CutNorm, cut_norm, cut_norm_exact, cut_norm_lower
from verification.cutnorm.centred import centre
from verification.cutnorm.enclosure import enclose, witness_only
from verification.cutnorm.intake import matrix, rescaled


@dataclasses.dataclass(frozen=True)
class Tolerances:
    """How far two computed numbers may differ, and why."""

    # Enumeration: rounding only, some hundred operations of unit roundoff 1.1e-16.
    enumeration: float = 1e-13
    # Target for residuals of uniformly random masks; 1.11 to 1.17 is measured.
    mask_ratio: float = 1.2
    # Krivine's bound on Grothendieck's constant, and half a per cent for an unfinished relaxation.
    grothendieck: float = 1.7823 * 1.005
    # The witness of a float32 matrix found from its float32 and from its float64 copy.
    dtype: float = 5e-3


TOLERANCES = Tolerances()

ANY_FLOAT = st.floats(allow_nan=False, allow_infinity=False)
TAME_FLOAT = st.floats(-1e3, 1e3, allow_subnormal=False)
MIXED_SCALE = st.sampled_from([0.0, 1e-30, -1e-30, 1.0, -1.0, 1e30, -1e30, 1e30 + 1e14])
SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 4))
ENTRIES = st.one_of(ANY_FLOAT, TAME_FLOAT, MIXED_SCALE, st.integers(-3, 3).map(float))
MATRICES = hnp.arrays(np.float64, SHAPES, elements=ENTRIES)


def subsets(size: int) -> list[tuple[int, ...]]:
    return list(chain.from_iterable(combinations(range(size), k) for k in range(size + 1)))


def oracle(A: np.ndarray) -> Fraction:
    """Cut norm by plain loops over all pairs of subsets, in exact rational arithmetic."""
    exact = [[Fraction(float(a)) for a in row] for row in A]
    n, d = A.shape
    best = Fraction(0)
    for rows in subsets(n):
        for columns in subsets(d):
            best = max(best, abs(sum((exact[i][j] for i in rows for j in columns), Fraction(0))))
    return best / (n * d)


def rectangle_value(A: np.ndarray, found: CutNorm) -> Fraction:
    chosen = A[found.rows][:, found.columns].ravel()
    return abs(sum((Fraction(float(a)) for a in chosen), Fraction(0))) / A.size


def bounded(A: np.ndarray, *, restarts: int = 8) -> CutNorm:
    """Take the path for large matrices, whatever the size."""
    inner, exponent = rescaled(matrix(A))
    source = torch.Generator().manual_seed(3)
    return enclose([centre(inner)], source, restarts=restarts)[0].times_power_of_two(exponent)


def mask_residual(n: int, d: int, rho: float, seed: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    source = torch.Generator().manual_seed(seed)
    mask = torch.zeros(n * d, dtype=dtype)
    mask[torch.randperm(n * d, generator=source)[: round(rho * n * d)]] = 1.0
    return mask.view(n, d) - rho


def gaussian(n: int, d: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d))


@given(MATRICES)
@settings(max_examples=150, deadline=None)
def test_enumeration_encloses_the_rational_oracle(A: np.ndarray) -> None:
    truth = oracle(A)
    for found in (cut_norm(A), cut_norm_exact(A)):
        assert found.upper is not None
        assert Fraction(found.lower) <= truth <= Fraction(found.upper)
        assert Fraction(found.lower) <= rectangle_value(A, found)
        spread = Fraction(TOLERANCES.enumeration * float(np.abs(A / A.size).sum()))
        assert Fraction(found.upper) - Fraction(found.lower) <= spread + Fraction(1, 2**1070)


@given(MATRICES)
@settings(max_examples=120, deadline=None)
def test_relaxation_and_search_enclose_the_rational_oracle(A: np.ndarray) -> None:
    if not A.any():
        return
    truth, found = oracle(A), bounded(A)
    assert found.upper is not None
    assert Fraction(found.lower) <= truth <= Fraction(found.upper)
    assert Fraction(found.lower) <= rectangle_value(A, found)
    assert 0.0 <= found.margin <= found.upper


@given(hnp.arrays(np.int64, SHAPES, elements=st.integers(-50, 50)))
@settings(max_examples=60, deadline=None)
def test_whole_numbers_are_enumerated_to_the_last_digit(A: np.ndarray) -> None:
    truth, found = float(oracle(A)), cut_norm(A)
    assert found.upper is not None
    assert found.lower <= truth <= found.upper
    assert found.upper - found.lower <= 4.0 * math.ulp(truth)


@pytest.mark.parametrize("shape", [(20, 64), (64, 19), (22, 30)])
@pytest.mark.parametrize("kind", ["gauss", "mask", "cauchy", "sparse"])
def test_bounds_enclose_enumeration_at_moderate_size(shape: tuple[int, int], kind: str) -> None:
    n, d = shape
    source = np.random.default_rng(n + d)
    A = {
        "gauss": gaussian(n, d, 1),
        "mask": mask_residual(n, d, 0.1, 2).numpy(),
        "cauchy": source.standard_cauchy((n, d)),
        "sparse": (source.random((n, d)) < 0.05).astype(float) - 0.05,
    }[kind]
    truth, found = cut_norm_exact(A), bounded(A)
    assert truth.upper is not None
    assert found.upper is not None
    assert found.lower <= truth.upper
    assert truth.lower <= found.upper <= TOLERANCES.grothendieck * truth.upper
    assert found.lower >= 0.99 * truth.lower


@pytest.mark.parametrize(("n", "d"), [(256, 256), (512, 96), (96, 512)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_mask_residuals_are_enclosed_tightly(n: int, d: int, dtype: torch.dtype) -> None:
    found = cut_norm(mask_residual(n, d, 0.1, 5, dtype))
    assert found.ratio is not None
    assert 1.0 <= found.ratio <= TOLERANCES.mask_ratio


@pytest.mark.parametrize("c", [1.0, -0.3, 1e-30, 1e30, 5e-324, 1.7e308, sys.float_info.max])
@pytest.mark.parametrize("shape", [(3, 2), (40, 30)])
def test_constant_matrix(c: float, shape: tuple[int, int]) -> None:
    found = cut_norm(np.full(shape, c))
    assert found.upper is not None
    assert found.lower <= abs(c) <= found.upper < math.inf
    assert found.upper - found.lower <= 1e-12 * abs(c) + 2.0 * 5e-324


@pytest.mark.parametrize("c", [1e-45, 1e-39, 1e-32, 1e31, 3e38])
def test_float32_near_its_limits(c: float) -> None:
    A = torch.full((40, 30), c, dtype=torch.float32)
    A[3] *= -1.0
    truth = float(A[0, 0]) * 39.0 / 40.0
    found = cut_norm(A)
    assert found.upper is not None
    assert found.lower <= truth * (1.0 + 1e-14)
    assert truth <= found.upper <= truth * (1.0 + 1e-12)
    assert found.lower >= truth * (1.0 - 1e-12)


@pytest.mark.parametrize("path", [cut_norm, bounded])
def test_rank_one_matrix(path: object) -> None:
    a, b = gaussian(40, 1, 1)[:, 0], gaussian(60, 1, 2)[:, 0]
    parts = [max(x[x > 0].sum(), -x[x < 0].sum()) for x in (a, b)]
    truth = parts[0] * parts[1] / (40 * 60)
    found = cut_norm(np.outer(a, b))
    assert found.upper is not None
    assert found.lower * (1.0 - 1e-12) <= truth <= found.upper * (1.0 + 1e-12)
    assert found.upper <= 1.01 * truth


def test_checkerboard_and_identity() -> None:
    signs = np.kron([[1.0, -1.0], [-1.0, 1.0]], np.ones((20, 15)))
    found = cut_norm(signs)
    assert found.upper is not None
    assert found.lower <= 0.25 <= found.upper <= 0.26
    found = cut_norm(np.eye(50))
    assert found.upper is not None
    assert found.lower <= 1.0 / 50.0 <= found.upper <= 1.0001 / 50.0


def test_hadamard_matrix_meets_lindseys_lemma() -> None:
    H = np.ones((1, 1))
    for _ in range(6):
        H = np.block([[H, H], [H, -H]])
    found = cut_norm(H)
    assert found.upper is not None
    # Lindsey: a rectangle of a x b cells sums to at most sqrt(64 a b), so the norm is at most 64**-0.5.
    assert found.lower <= 64**-0.5
    assert found.upper <= TOLERANCES.grothendieck * 64**-0.5


@given(st.integers(0, 2**20), st.integers(-40, 40))
@settings(max_examples=25, deadline=None)
def test_exact_norm_is_invariant_and_homogeneous(seed: int, exponent: int) -> None:
    source = np.random.default_rng(seed)
    A = source.integers(-9, 10, (5, 7))
    base = cut_norm_exact(A)
    shuffled = A[source.permutation(5)][:, source.permutation(7)]
    for same in (shuffled, -A, A.T, A[::-1, ::-1]):
        other = cut_norm_exact(same)
        assert (other.lower, other.upper) == (base.lower, base.upper)
    scaled = cut_norm_exact(np.ldexp(A.astype(float), exponent))
    assert scaled.upper is not None
    assert base.upper is not None
    assert math.isclose(math.ldexp(scaled.upper, -exponent), base.upper, rel_tol=TOLERANCES.enumeration)


@given(st.integers(0, 2**20))
@settings(max_examples=15, deadline=None)
def test_triangle_inequality_and_comparison_with_l1(seed: int) -> None:
    A, B = gaussian(30, 25, seed), gaussian(30, 25, seed + 1) ** 3
    parts = bounded(A), bounded(B), bounded(A + B)
    uppers = [part.upper for part in parts if part.upper is not None]
    assert parts[2].lower <= uppers[0] + uppers[1]
    for M, part, upper in zip((A, B, A + B), parts, uppers, strict=True):
        mean = np.abs(M).mean()
        assert part.lower <= upper <= mean * (1.0 + 1e-12)
        assert abs(M.mean()) <= upper


def test_zero_matrix_is_exactly_zero() -> None:
    for certify in (True, False):
        found = cut_norm(torch.zeros(30, 40), certify=certify)
        assert (found.lower, found.margin, found.rows.any(), found.columns.any()) == (0.0, 0.0, False, False)
        assert found.upper == (0.0 if certify else None)
    assert cut_norm_lower(torch.zeros(30, 40)) == 0.0
    assert cut_norm(np.zeros((30, 40))).ratio == 1.0


@pytest.mark.parametrize("shape", [(60, 50), (8, 50)])
def test_without_certificate_upper_is_none(shape: tuple[int, int]) -> None:
    found = cut_norm(gaussian(*shape, 3), certify=False)
    assert found.upper is None
    assert found.ratio is None
    assert found.margin == 0.0
    assert found.lower > 0.0


def test_witness_reproduces_the_lower_bound() -> None:
    A = gaussian(70, 90, 4)
    found = cut_norm(A)
    value = rectangle_value(A, found)
    assert Fraction(found.lower) <= value
    assert math.isclose(found.lower, float(value), rel_tol=1e-11)
    assert found.rows.shape == (70,)
    assert found.columns.shape == (90,)


def test_lower_bound_finds_a_planted_rectangle() -> None:
    source = np.random.default_rng(7)
    rows, columns = source.random(120) < 0.3, source.random(150) < 0.4
    A = source.standard_normal((120, 150)) + 1.5 * np.outer(rows, columns)
    planted = abs(A[rows][:, columns].sum()) / A.size
    assert cut_norm_lower(A) >= planted * (1.0 - 1e-9)
    assert cut_norm_lower(A, restarts=1, starts=columns[None]) >= planted * (1.0 - 1e-9)


def test_starts_are_used() -> None:
    A = gaussian(200, 200, 8)
    good = cut_norm(A, restarts=64, certify=False)
    again = cut_norm_lower(A, restarts=1, seed=9, starts=torch.from_numpy(good.columns.copy())[None])
    assert again >= good.lower * (1.0 - 1e-6)


def test_search_is_near_the_best_of_many_runs() -> None:
    A = mask_residual(200, 200, 0.1, 9)
    best = max(cut_norm_lower(A, restarts=128, seed=seed) for seed in range(3))
    assert cut_norm_lower(A, seed=11) >= 0.98 * best


def test_ill_scaled_entries() -> None:
    source = np.random.default_rng(10)
    A = 10.0 ** source.uniform(-30, 30, (40, 60)) * source.choice([-1.0, 1.0], (40, 60))
    found = cut_norm(A)
    assert found.upper is not None
    value = rectangle_value(A, found)
    assert Fraction(found.lower) <= value <= Fraction(found.upper)
    # A single cell and the whole matrix are rectangles, too.
    assert found.upper >= max(np.abs(A).max(), abs(A.sum())) / A.size
    assert found.ratio is not None
    assert found.ratio <= TOLERANCES.grothendieck


def test_float32_and_float64_agree() -> None:
    A = torch.from_numpy(gaussian(150, 130, 11)).to(torch.float32)
    narrow, wide = cut_norm(A), cut_norm(A.double())
    assert narrow.upper is not None
    assert wide.upper is not None
    assert narrow.lower <= wide.upper
    assert wide.lower <= narrow.upper
    assert math.isclose(narrow.upper, wide.upper, rel_tol=TOLERANCES.dtype)
    assert math.isclose(narrow.lower, wide.lower, rel_tol=TOLERANCES.dtype)


def test_seed_decides_and_global_randomness_is_untouched() -> None:
    A = gaussian(80, 90, 12)
    state = torch.get_rng_state()
    first, second = cut_norm(A, seed=5), cut_norm(A, generator=torch.Generator().manual_seed(5))
    assert (first.lower, first.upper, first.margin) == (second.lower, second.upper, second.margin)
    assert np.array_equal(first.rows, second.rows)
    assert np.array_equal(first.columns, second.columns)
    assert cut_norm_lower(A, seed=5) == cut_norm_lower(A, seed=5)
    assert torch.equal(state, torch.get_rng_state())


def test_result_is_sealed() -> None:
    found = cut_norm(gaussian(20, 5, 1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.lower = 1.0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        found.rows[0] = True


def test_witness_only_agrees_with_its_facade() -> None:
    A = matrix(gaussian(60, 50, 13))
    (found,) = witness_only([centre(A)], torch.Generator().manual_seed(0), restarts=32)
    assert found.lower == cut_norm_lower(A)
