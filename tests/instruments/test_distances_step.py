"""Labelled cut distance of step graphons of any sizes: against exact enumeration, and as a metric."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphon_theory.errors import InputError
from verification.cutnorm import cut_norm
from verification.distances import common_refinement, step_distance

ROUNDING = 1e-13
"""Enumeration and forming the matrix: some hundred operations of unit roundoff."""

VALUES = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1), st.floats(-1e3, 1e3, allow_subnormal=False))
SMALL = st.tuples(st.integers(1, 3), st.integers(1, 3))
MATRICES = SMALL.flatmap(lambda shape: hnp.arrays(np.float64, shape, elements=VALUES))


def integral(
    A: np.ndarray, rows: list[tuple[Fraction, Fraction]], columns: list[tuple[Fraction, Fraction]]
) -> Fraction:
    """Integral of the step graphon of A over a union of rectangles, by overlaps of intervals."""
    n, d = A.shape

    def shares(parts: list[tuple[Fraction, Fraction]], steps: int) -> list[Fraction]:
        ends = [Fraction(k, steps) for k in range(steps + 1)]
        return [
            sum((max(Fraction(0), min(b, ends[k + 1]) - max(a, ends[k])) for a, b in parts), Fraction(0))
            for k in range(steps)
        ]

    row, column = shares(rows, n), shares(columns, d)
    return sum((row[i] * column[j] * Fraction(float(A[i, j])) for i in range(n) for j in range(d)), Fraction(0))


def unions(m: int, n: int) -> list[list[tuple[Fraction, Fraction]]]:
    """All unions of intervals between neighbouring ends of both divisions."""
    ends = sorted({Fraction(k, steps) for steps in (m, n) for k in range(steps + 1)})
    cells = list(itertools.pairwise(ends))
    return [
        [c for c, chosen in zip(cells, pick, strict=True) if chosen]
        for pick in itertools.product((0, 1), repeat=len(cells))
    ]


def oracle(A: np.ndarray, B: np.ndarray) -> Fraction:
    """Cut distance in rational arithmetic, over all pairs of unions of cells."""
    rows, columns = unions(A.shape[0], B.shape[0]), unions(A.shape[1], B.shape[1])
    return max(abs(integral(A, S, T) - integral(B, S, T)) for S in rows for T in columns)


@given(MATRICES, MATRICES)
@settings(max_examples=25, deadline=None)
def test_bounds_enclose_the_rational_oracle(A: np.ndarray, B: np.ndarray) -> None:
    truth, found = oracle(A, B), step_distance(A, B)
    assert found.upper is not None
    assert Fraction(found.lower) <= truth <= Fraction(found.upper)
    scale = float(np.abs(A).max() + np.abs(B).max())
    assert found.upper - found.lower <= ROUNDING * scale + 1e-200
    witness = [list(found.row_intervals()), list(found.column_intervals())]
    assert abs(integral(A, *witness) - integral(B, *witness)) >= Fraction(found.lower)


def test_partial_cells_do_not_beat_unions_of_cells() -> None:
    """The form is bilinear in the shares of cells: 2,000 random shares stay below the bound."""
    rng = np.random.default_rng(1)
    A, B = rng.random((3, 4)), rng.random((5, 3))
    rows, columns = common_refinement(3, 5), common_refinement(4, 3)
    difference = A[np.ix_(rows.steps[0], columns.steps[0])] - B[np.ix_(rows.steps[1], columns.steps[1])]
    weighted = difference * np.outer(rows.widths() / 15, columns.widths() / 12)
    s, t = rng.random((2000, rows.cells)), rng.random((2000, columns.cells))
    upper = step_distance(A, B).upper
    assert upper is not None
    assert np.abs(np.einsum("ka,ab,kb->k", s, weighted, t)).max() <= upper


def test_the_allowance_covers_the_error_of_forming_the_matrix() -> None:
    """Mean modulus of that error, in rational arithmetic, for 7 x 5 against 4 x 3 entries."""
    rng = np.random.default_rng(9)
    A, B = rng.random((7, 5)), rng.random((4, 3))
    rows, columns = common_refinement(7, 4), common_refinement(5, 3)
    one, other = (M[np.ix_(rows.steps[k], columns.steps[k])] for k, M in enumerate((A, B)))
    formed = (one - other) * np.multiply.outer(rows.relative_widths(), columns.relative_widths())
    error = Fraction(0)
    for a, b in np.ndindex(formed.shape):
        width = Fraction(int(rows.widths()[a]) * rows.cells, 28) * Fraction(
            int(columns.widths()[b]) * columns.cells, 15
        )
        error += abs(Fraction(formed[a, b]) - width * (Fraction(one[a, b]) - Fraction(other[a, b])))
    assert 0 < error / formed.size <= Fraction(step_distance(A, B).rounding) <= 1e-14


@given(st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_refinement_by_fractions(m: int, n: int) -> None:
    grid = common_refinement(m, n)
    assert grid.cells == m + n - math.gcd(m, n)
    ends = sorted({Fraction(k, steps) for steps in (m, n) for k in range(1, steps + 1)})
    assert [Fraction(int(e), grid.denominator) for e in grid.ends] == ends
    for k, (left, right) in enumerate(itertools.pairwise([Fraction(0), *ends])):
        middle = (left + right) / 2
        assert grid.steps[0][k] == math.floor(m * middle)
        assert grid.steps[1][k] == math.floor(n * middle)
        assert grid.relative_widths()[k] == float((right - left) * grid.cells)
    assert grid.uniform == (max(m, n) % min(m, n) == 0)
    assert grid.intervals(np.ones(grid.cells, dtype=bool)) == ((Fraction(0), Fraction(1)),)
    assert grid.intervals(np.zeros(grid.cells, dtype=bool)) == ()


@given(MATRICES, st.tuples(*[st.integers(1, 4)] * 4))
@settings(max_examples=40, deadline=None)
def test_a_blow_up_is_the_same_graphon(A: np.ndarray, times: tuple[int, int, int, int]) -> None:
    one, other = np.kron(A, np.ones(times[:2])), np.kron(A, np.ones(times[2:]))
    found = step_distance(one, other)
    assert (found.lower, found.upper, found.rounding) == (0.0, 0.0, 0.0)


@given(MATRICES, MATRICES, MATRICES)
@settings(max_examples=30, deadline=None)
def test_it_is_a_metric(A: np.ndarray, B: np.ndarray, C: np.ndarray) -> None:
    ab, ba, bc, ac = step_distance(A, B), step_distance(B, A), step_distance(B, C), step_distance(A, C)
    assert None not in (ab.upper, ba.upper, bc.upper, ac.upper)
    assert ab.lower <= ba.upper
    assert ba.lower <= ab.upper
    assert ac.lower <= ab.upper + bc.upper
    assert max(abs(A.mean() - B.mean()), 0) <= ab.upper + ROUNDING * (np.abs(A).max() + np.abs(B).max())


def test_equal_sizes_are_the_plain_cut_norm() -> None:
    rng = np.random.default_rng(2)
    kept, rates = rng.random((20, 9)) < 0.3, rng.random((20, 9))
    plain, found = cut_norm(kept - rates), step_distance(kept, rates)
    assert found.shape == (20, 9)
    assert 0 < found.rounding < 1e-14
    assert plain.upper is not None
    assert found.upper is not None
    assert found.upper - plain.upper <= 2e-14
    assert found.lower <= plain.lower
    masks = step_distance(kept, rng.random((20, 9)) < 0.3)
    assert masks.rounding == 0.0


def test_a_dividing_size_refines_to_the_larger() -> None:
    rng = np.random.default_rng(3)
    A, B = rng.random((4, 12)) < 0.5, rng.random((8, 6)) < 0.5
    found = step_distance(A, B)
    assert found.shape == (8, 12)
    assert found.rounding == 0.0
    truth = cut_norm(np.kron(A, np.ones((2, 1))) - np.kron(B, np.ones((1, 2))))
    assert (found.lower, found.upper) == (truth.lower, truth.upper)


def test_sizes_beyond_enumeration_and_without_certificate() -> None:
    rng = np.random.default_rng(4)
    A, B = rng.random((40, 50)) < 0.2, rng.random((30, 35)) < 0.2
    found = step_distance(A, B)
    assert found.shape == (40 + 30 - 10, 50 + 35 - 5)
    assert found.upper is not None
    assert 0 < found.lower <= found.upper <= 1.4 * found.lower
    value = integral(A.astype(float), list(found.row_intervals()), list(found.column_intervals())) - integral(
        B.astype(float), list(found.row_intervals()), list(found.column_intervals())
    )
    assert Fraction(found.lower) <= abs(value) <= Fraction(found.upper)
    bare = step_distance(A, B, certify=False)
    assert bare.upper is None
    assert bare.lower <= found.upper


@pytest.mark.parametrize(
    "bad",
    [
        np.ones(3),
        np.ones((0, 2)),
        np.array([[math.nan]]),
        np.array([[math.inf]]),
        np.array([[1e300]]),
        np.array([[1j]]),
        np.array([[2**53 + 1]]),
        np.array([["a"]]),
    ],
)
def test_bad_matrices_are_named(bad: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"^A = "):
        step_distance(bad, np.ones((2, 2)))
    with pytest.raises(InputError, match=r"^B = "):
        step_distance(np.ones((2, 2)), bad)


def test_a_refinement_too_large_for_memory_is_refused() -> None:
    with pytest.raises(InputError, match="refinement of 20000 x 20000 cells"):
        step_distance(np.ones((20_000, 1)), np.ones((1, 20_000)))
    with pytest.raises(InputError, match=r"^m = 0: give a number of steps"):
        common_refinement(0, 3)
    with pytest.raises(InputError, match=r"^cells = .*: give "):
        common_refinement(2, 3).intervals(np.ones(3, dtype=bool))
