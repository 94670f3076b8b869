"""The certificate piece by piece: border, rounding, spectral norm, scalings, relaxation."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verification.cutnorm import cut_norm_exact, norm_upper_bound
from verification.cutnorm.centred import centre, sets_to_signs, signs_to_sets
from verification.cutnorm.gram import double_gram
from verification.cutnorm.krylov import largest_singular_values
from verification.cutnorm.lower import rectangle
from verification.cutnorm.pair import Pair
from verification.cutnorm.relaxation import hyperplane_signs, relax
from verification.cutnorm.rounding import divide_down, divide_up, gamma, row_blocks
from verification.cutnorm.spectral import safe_norm
from verification.cutnorm.upper import Scaling, entrywise_bound, scaling, spectral_bound


def gaussian(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((n, d)))


def bordered(A: np.ndarray) -> np.ndarray:
    """Write the augmented matrix out, independently of the package."""
    tall = np.vstack([A, -A.sum(axis=0)])
    return np.hstack([tall, -tall.sum(axis=1, keepdims=True)])


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_border_makes_all_sums_vanish() -> None:
    A = gaussian(7, 5, 1)
    centred = centre(A)
    work = centred.augmented().double() * centred.unit
    assert torch.allclose(work, torch.from_numpy(bordered(A.numpy())), atol=1e-5)
    assert work.sum(dim=0).abs().max() < 1e-5
    assert work.sum(dim=1).abs().max() < 1e-5


def test_quarter_of_the_sign_norm_is_the_cut_norm() -> None:
    A = np.random.default_rng(2).integers(-4, 5, (4, 3)).astype(float)
    big = bordered(A)
    signs = max(np.abs(np.array(x) @ big).sum() for x in product([-1.0, 1.0], repeat=5))  # the best y for each x
    found = cut_norm_exact(A)
    assert found.upper is not None
    assert found.lower <= signs / 4.0 / 12.0 <= found.upper


@given(st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_signs_map_to_a_rectangle_of_the_same_value(seed: int) -> None:
    draw = np.random.default_rng(seed)
    A = draw.integers(-9, 10, (5, 6)).astype(float)
    x, y = draw.choice([-1.0, 1.0], 6), draw.choice([-1.0, 1.0], 7)
    rows = signs_to_sets(torch.from_numpy(x)[:, None])[:, 0].numpy()
    columns = signs_to_sets(torch.from_numpy(y)[:, None])[:, 0].numpy()
    assert abs(x @ bordered(A) @ y) == 4.0 * abs(A[rows][:, columns].sum())
    back = sets_to_signs(torch.from_numpy(rows)[:, None])
    assert torch.equal(signs_to_sets(back)[:, 0], torch.from_numpy(rows))


def test_products_with_the_augmented_matrix() -> None:
    A = gaussian(600, 40, 3)
    centred, big = centre(A), bordered(A.numpy())
    y, x = gaussian(41, 3, 4), gaussian(601, 3, 5)
    assert np.allclose(centred.times(y).numpy(), big @ y.numpy(), atol=1e-10)
    assert np.allclose(centred.transpose_times(x).numpy(), big.T @ x.numpy(), atol=1e-10)
    assert sum(block.shape[0] for _, block in row_blocks(A)) == 600


def test_border_error_covers_the_computed_sums() -> None:
    A = torch.from_numpy(10.0 ** np.random.default_rng(6).uniform(-12, 12, (50, 70)))
    centred = centre(A)
    exact = [[Fraction(float(a)) for a in row] for row in A]
    rows = [sum(row) for row in exact]
    columns = [sum(column) for column in zip(*exact, strict=True)]
    error = sum(abs(Fraction(float(r)) - s) for r, s in zip(centred.row_sums, rows, strict=True))
    error += sum(abs(Fraction(float(c)) - s) for c, s in zip(centred.column_sums, columns, strict=True))
    error += abs(Fraction(centred.total) - sum(rows))
    assert 0 < error <= Fraction(centred.border_error())
    assert centre(torch.ones(3, 4)).border_error() == 0.0


def test_rectangle_is_rounded_below_its_exact_value() -> None:
    for seed in range(8):
        A = torch.from_numpy(np.random.default_rng(seed).uniform(0.0, 1.0, (40, 37)))
        everything = torch.ones(40, dtype=torch.bool), torch.ones(37, dtype=torch.bool)
        value = rectangle(centre(A), *everything).value
        exact = sum(Fraction(a) for a in A.ravel().tolist())
        assert Fraction(value) <= exact
        assert Fraction(value) >= exact * (1 - Fraction(1, 10**12))


@given(st.floats(0.0, 1e300), st.integers(1, 10**9))
def test_division_is_rounded_outwards(total: float, cells: int) -> None:
    truth = Fraction(total) / cells
    assert Fraction(divide_down(total, cells)) <= truth <= Fraction(divide_up(total, cells))


def test_gamma_refuses_meaningless_lengths() -> None:
    assert gamma(1) >= 2.0**-53 / (1.0 - 2.0**-53)
    for operations in (-1, 2**52):
        with pytest.raises(ValueError, match=f"operations={operations}"):
            gamma(operations)


SHAPES = [(1, 1), (3, 8), (40, 40), (90, 25)]
GUESSES = [None, 0.5, 0.9999, 1.0, 3.0, 0.0, math.nan, math.inf, -1.0]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("guess", GUESSES)
def test_spectral_bound_holds_for_every_estimate(shape: tuple[int, int], guess: float | None) -> None:
    B = gaussian(*shape, 7)
    truth = np.linalg.svd(B.numpy(), compute_uv=False)[0]
    bound = norm_upper_bound(B, None if guess is None else guess * truth)
    assert bound.value >= truth * (1.0 - 1e-14)
    assert bound.frobenius >= np.linalg.norm(B.numpy()) * (1.0 - 1e-14)
    assert bound.nominal <= bound.value <= bound.frobenius
    if guess in {None, 0.9999, 1.0} and min(shape) > 1:
        assert bound.factorised
        assert bound.value <= 1.001 * truth


def test_factorisation_refuses_what_is_false() -> None:
    # Twenty directions share the largest singular value: a guess 2 % short fails until the slack covers it.
    spectrum = torch.cat([torch.ones(20), torch.full((20,), 0.1)]).double()
    left, right = (torch.linalg.qr(gaussian(40, 40, seed))[0] for seed in (8, 9))
    B = left @ torch.diag(spectrum) @ right
    for guess in (0.98, 0.999, 0.9999999):
        bound = norm_upper_bound(B, guess)
        assert bound.factorised
        assert 1.0 <= bound.value <= guess * 1.05


@pytest.mark.parametrize("eps", [1e-3, 1e-6, 1e-9, 1e-12, 1e-15])
def test_allowance_covers_near_misses(eps: float) -> None:
    # The norm is 1 + eps, and the estimate makes the first claim "at most 1": false by a hair.
    B = torch.eye(31, dtype=torch.float64)
    B[-1, -1] += eps
    bound = norm_upper_bound(B, 1.0 / math.sqrt(1.001))
    assert bound.value >= float(B[-1, -1])


def test_slabs_in_any_division_give_the_same_bound() -> None:
    B = gaussian(30, 100, 10)
    whole = norm_upper_bound(B, 15.0)
    parts = safe_norm(lambda: double_gram(B.split(33, dim=1), 30, 100), 15.0)
    assert math.isclose(whole.value, parts.value, rel_tol=1e-12)


@given(st.integers(0, 2**16), st.floats(0.1, 4.0))
@settings(max_examples=30, deadline=None)
def test_certificate_is_valid_for_arbitrary_scalings(seed: int, spread: float) -> None:
    A = gaussian(6, 9, seed)
    centred = centre(A)
    left = torch.exp(spread * gaussian(7, 1, seed + 1)[:, 0])
    right = torch.exp(spread * gaussian(10, 1, seed + 2)[:, 0])
    scaled = left.numpy()[:, None] * bordered(A.numpy()) * right.numpy() / centred.unit
    s = float(np.linalg.svd(scaled, compute_uv=False)[0])
    plain = s * math.sqrt(float((left**-2).sum() * (right**-2).sum())) * centred.unit / 4.0
    truth = cut_norm_exact(A).lower * A.numel()
    for guess in (s, 0.7 * s, math.nan):
        bound = spectral_bound(centred, Scaling(left, right), guess)
        assert bound.value >= max(truth, plain * (1.0 - 1e-12))
        assert 0.0 <= bound.margin <= bound.value
    assert spectral_bound(centred, Scaling(left, right), s).value <= plain * 1.001


@pytest.mark.parametrize(("n", "d"), [(30, 50), (50, 30), (120, 130)])
def test_relaxation_closes_its_own_duality_gap(n: int, d: int) -> None:
    A = gaussian(n, d, 11)
    centred = centre(A)
    pair = Pair.of(centred.augmented())
    relaxed = relax(pair, source())
    scales = scaling(centred, relaxed)
    estimate = float(largest_singular_values(pair, scales.left, scales.right, relaxed.x))
    primal = float(relaxed.value) * centred.unit / 4.0
    dual = spectral_bound(centred, scales, estimate).value
    assert primal <= dual <= 1.01 * primal
    lengths = torch.linalg.vector_norm(relaxed.x, dim=1)
    assert torch.allclose(lengths, torch.ones_like(lengths), atol=1e-5)


@pytest.mark.parametrize(("n", "d"), [(40, 60), (300, 260)])
def test_krylov_estimate_is_close_and_from_below(n: int, d: int) -> None:
    A = gaussian(n, d, 12)
    centred = centre(A)
    work = centred.augmented()
    pair = Pair.of(work)
    relaxed = relax(pair, source())
    scales = scaling(centred, relaxed)
    scaled = scales.left.numpy()[:, None] * work.double().numpy() * scales.right.numpy()
    truth = np.linalg.svd(scaled, compute_uv=False)[0]
    estimate = float(largest_singular_values(pair, scales.left, scales.right, relaxed.x))
    assert truth * (1.0 - 5e-4) <= estimate <= truth * (1.0 + 1e-5)


def test_krylov_estimate_survives_an_exhausted_space() -> None:
    work = torch.outer(torch.ones(200), torch.arange(1.0, 151.0))
    ones = torch.ones(200).double(), torch.ones(150).double()
    start = torch.randn(200, 4, generator=source(1))
    estimate = float(largest_singular_values(Pair.of(work), *ones, start))
    assert math.isclose(estimate, float(torch.linalg.matrix_norm(work.double(), 2)), rel_tol=1e-4)


@given(st.integers(0, 2**16))
@settings(max_examples=30, deadline=None)
def test_entrywise_bounds_hold(seed: int) -> None:
    A = gaussian(5, 6, seed) ** 3
    bound = entrywise_bound(centre(A))
    assert cut_norm_exact(A).lower * 30 <= bound.value
    halves = max(float(A.clamp_min(0).sum()), float((-A).clamp_min(0).sum()))
    assert bound.value <= halves * (1.0 + 1e-12)


def test_hyperplanes_round_to_signs() -> None:
    vectors = torch.eye(5)
    signs = hyperplane_signs(vectors, 7, source(2))
    assert signs.shape == (5, 7)
    assert torch.equal(signs.abs(), torch.ones(5, 7))
