"""Cut distance up to relabelling: bounds against all permutations of tiny matrices, and invariance."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphon_theory.errors import InputError
from verification.cutnorm import cut_norm_exact
from verification.distances import step_distance, unlabelled_distance
from verification.distances.invariants import sorted_degree_distance

SEEDS = st.integers(0, 2**20)
ENTRIES = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))


def cut(U: np.ndarray) -> float:
    """Cut norm by all subsets of rows, the best columns for each; to rounding."""
    picks = np.array(list(itertools.product((0.0, 1.0), repeat=U.shape[0]))) @ U
    return float(max(np.maximum(picks, 0).sum(axis=1).max(), np.maximum(-picks, 0).sum(axis=1).max())) / U.size


def best_permutation(A: np.ndarray, B: np.ndarray) -> float:
    """Least cut distance over all permutations of rows and of columns of A."""
    return min(
        cut(A[np.ix_(p, q)] - B)
        for p in itertools.permutations(range(A.shape[0]))
        for q in itertools.permutations(range(A.shape[1]))
    )


@given(hnp.arrays(np.float64, (3, 3), elements=ENTRIES), hnp.arrays(np.float64, (3, 3), elements=ENTRIES))
@settings(max_examples=60, deadline=None)
def test_bounds_enclose_all_permutations(A: np.ndarray, B: np.ndarray) -> None:
    """The true distance is at most the best permutation's, and that is at most any alignment's."""
    best, found = best_permutation(A, B), unlabelled_distance(A, B)
    assert found.upper is not None
    assert found.lower <= best + 1e-15
    assert best <= found.upper + 1e-15
    assert found.lower == max(found.lower_bounds.values())


@pytest.mark.parametrize("seed", range(4))
def test_bounds_enclose_all_permutations_of_masks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, B = (rng.random((4, 4)) < 0.4 for _ in range(2))
    best, found = best_permutation(A.astype(float), B.astype(float)), unlabelled_distance(A, B)
    assert found.upper is not None
    assert found.lower <= best <= found.upper
    shuffled = unlabelled_distance(A, A[rng.permutation(4)][:, rng.permutation(4)])
    assert shuffled.lower == 0.0


@given(SEEDS, SEEDS)
@settings(max_examples=40, deadline=None)
def test_bounds_hold_under_fractional_relabellings(seed: int, other: int) -> None:
    """Relabellings may split steps: blow both up and permute; the lower bound stays below each distance."""
    rng = np.random.default_rng([seed, other])
    A, B = rng.random((3, 2)), rng.random((2, 4)) ** 2
    found = unlabelled_distance(A, B)
    one, two = np.kron(A, np.ones((2, 2))), np.kron(B, np.ones((3, 1)))
    for _ in range(10):
        moved = one[rng.permutation(6)][:, rng.permutation(4)]
        assert found.lower <= cut(moved - two) + 1e-15


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_bounds_do_not_depend_on_the_order_given(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, B = rng.random((6, 5)), rng.random((4, 7))
    moved = A[rng.permutation(6)][:, rng.permutation(5)]
    one, other = unlabelled_distance(A, B), unlabelled_distance(moved, B[rng.permutation(4)])
    assert one.lower == pytest.approx(other.lower, abs=1e-14)
    assert one.upper == pytest.approx(other.upper, abs=1e-14)
    same = unlabelled_distance(A, moved)
    assert (same.lower, same.upper) == (0.0, 0.0)


def test_a_shuffled_random_mask_is_recognised_in_spite_of_tied_degrees() -> None:
    rng = np.random.default_rng(5)
    mask = rng.random((64, 48)) < 0.2
    moved = mask[rng.permutation(64)][:, rng.permutation(48)]
    assert len(set(mask.sum(axis=1).tolist())) < 64
    assert unlabelled_distance(mask, moved).upper == 0.0
    # Another size: every row twice.
    assert unlabelled_distance(mask, np.repeat(moved, 2, axis=0)).upper == 0.0


@given(SEEDS, st.sampled_from([(0, 1), (1, 0)]))
@settings(max_examples=40, deadline=None)
def test_symmetry_and_zero(seed: int, axes: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    A, B = rng.random((5, 4)), rng.random((3, 6)) < 0.5
    one, other = unlabelled_distance(A, B), unlabelled_distance(B, A)
    assert one.lower == pytest.approx(other.lower, abs=1e-14)
    assert one.upper == pytest.approx(other.upper, abs=1e-14)
    turned = unlabelled_distance(A.T, B.T, graphs=())
    assert turned.lower_bounds["row degrees"] == pytest.approx(one.lower_bounds["column degrees"], abs=1e-14)
    blown = unlabelled_distance(A, np.kron(A, np.ones((3, 2))))
    assert (blown.lower, blown.upper) == (0.0, 0.0)


def test_wasserstein_distance_by_fine_sampling_and_by_scipy() -> None:
    from scipy.stats import wasserstein_distance

    rng = np.random.default_rng(6)
    for m, n in ((3, 5), (4, 4), (6, 2), (7, 11)):
        one, other = rng.random(m), rng.random(n)
        found = sorted_degree_distance(one, other)
        assert found == pytest.approx(wasserstein_distance(one, other), abs=1e-14)
        fine = np.abs(np.repeat(np.sort(one), n) - np.repeat(np.sort(other), m)).mean()
        assert found == pytest.approx(fine, abs=1e-14)


@given(hnp.arrays(np.float64, (4, 5), elements=st.floats(-3, 3)))
@settings(max_examples=60, deadline=None)
def test_degree_inequality(U: np.ndarray) -> None:
    """``(integral |D| + |integral D|) / 2 <= cut norm`` for the degrees D of any kernel, on both axes."""
    norm = cut_norm_exact(U)
    assert norm.upper is not None
    for axis in (0, 1):
        D = U.mean(axis=axis)
        assert 0.5 * (np.abs(D).mean() + abs(D.mean())) <= norm.upper + 1e-14


def test_degree_bounds_are_attained_where_sorting_is_optimal() -> None:
    """Columns all alike: the matrix is its row degrees, and the bound is the distance itself."""
    rows, others = np.array([0.1, 0.9, 0.4]), np.array([0.3, 0.2, 0.8])
    A, B = (np.repeat(r[:, None], 4, axis=1) for r in (rows, others))
    found = unlabelled_distance(A, B)
    gaps = np.sort(rows) - np.sort(others)
    exact = max(gaps[gaps > 0].sum(), -gaps[gaps < 0].sum()) / 3
    assert found.lower == pytest.approx(exact, abs=1e-13)
    assert found.upper == pytest.approx(exact, abs=1e-13)


def test_counting_separates_equal_degrees() -> None:
    """Two blocks against a constant 1/2: all degrees agree; C_4 has density 1/8 against 1/16, over 4 edges."""
    blocks = np.kron(np.eye(2), np.ones((3, 3)))
    found = unlabelled_distance(blocks, np.full((2, 2), 0.5))
    assert found.lower_bounds["row degrees"] == pytest.approx(0, abs=1e-12)
    assert found.lower_bounds["C_4"] == pytest.approx(1 / 64, abs=1e-12)
    assert found.lower == pytest.approx(1 / 64, abs=1e-12)
    assert found.upper == pytest.approx(1 / 8, abs=1e-12)


def test_profiles_align_what_degrees_do_not() -> None:
    rng = np.random.default_rng(7)
    checker = (-1.0) ** np.add.outer(np.arange(6), np.arange(6)) * 0.4 + 0.5
    p, q = rng.permutation(6), rng.permutation(6)
    moved = checker[p][:, q]
    places = (np.arange(6.0), np.arange(6.0)), (p.astype(float), q.astype(float))
    found = unlabelled_distance(checker, moved, align="profile", profiles=places)
    assert found.upper == 0.0
    (rows, columns), (others, more) = found.orders
    assert np.array_equal(checker[np.ix_(rows, columns)], moved[np.ix_(others, more)])
    tied = unlabelled_distance(checker, moved, align="profile", profiles=((np.ones(6),) * 2, (np.ones(6),) * 2))
    assert tied.upper is not None
    assert tied.lower <= tied.upper


def test_upper_bound_is_that_of_the_orders_reported() -> None:
    rng = np.random.default_rng(8)
    A, B = rng.random((5, 4)), rng.random((3, 6))
    found = unlabelled_distance(A, B)
    (p, q), (r, s) = found.orders
    assert found.upper == step_distance(A[np.ix_(p, q)], B[np.ix_(r, s)]).upper
    assert unlabelled_distance(A, B, certify=False).upper is None
    signed = unlabelled_distance(A - 0.5, B, graphs=())
    assert set(signed.lower_bounds) == {"density", "row degrees", "column degrees"}
    assert signed.upper is not None
    assert signed.lower <= signed.upper


GOOD = np.full((2, 3), 0.5)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: unlabelled_distance(np.ones(3), GOOD), "A"),
        (lambda: unlabelled_distance(np.ones((0, 3)), GOOD), "A"),
        (lambda: unlabelled_distance(GOOD, np.array([[math.nan]])), "B"),
        (lambda: unlabelled_distance(GOOD, np.array([[1.5]])), "B"),
        (lambda: unlabelled_distance(GOOD - 1, GOOD), "A"),
        (lambda: unlabelled_distance(GOOD, GOOD, align="magic"), "align"),
        (lambda: unlabelled_distance(GOOD, GOOD, align="profile"), "profiles"),
        (lambda: unlabelled_distance(GOOD, GOOD, profiles=(([1, 2], [1, 2, 3]), ([1, 2], [1, 2, 3]))), "profiles"),
        (
            lambda: unlabelled_distance(GOOD, GOOD, align="profile", profiles=(([1, 2], [1, 2]), ([1, 2], [1, 2, 3]))),
            "profiles",
        ),
        (
            lambda: unlabelled_distance(GOOD, GOOD, align="profile", profiles=(([1, math.nan], [1, 2, 3]),) * 2),
            "profiles",
        ),
        (lambda: unlabelled_distance(GOOD, GOOD, align="profile", profiles=(([1, 2], [1, 2, 3]),)), "profiles"),
        (lambda: unlabelled_distance(GOOD, GOOD, align="profile", profiles=3), "profiles"),
        (lambda: unlabelled_distance(GOOD, GOOD, graphs=["edge", "K_{3,3}"]), "graphs[1]"),
        (lambda: unlabelled_distance(GOOD, GOOD, graphs=["triangle"]), "graphs[0]"),
    ],
)
def test_bad_input_is_named(call: object, argument: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument
    assert caught.value.value is not None
