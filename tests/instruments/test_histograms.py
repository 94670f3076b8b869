"""Block histograms: against plain loops, at uneven sizes, in any memory layout; distances against plain integrals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory.errors import InputError
from verification.cutnorm import cut_norm_exact
from verification.histograms import (
    BlockHistogram,
    block_histogram,
    cross_fitted_histogram,
    degree_sorted_histogram,
    histogram_distance,
)
from verification.histograms.degrees import column_degrees, row_degrees


def _by_loops(mask: np.ndarray, rows: list[int], columns: list[int], blocks: int) -> tuple[np.ndarray, np.ndarray]:
    counts, sizes = np.zeros((2, blocks, blocks), dtype=np.int64)
    for a in range(blocks):
        for b in range(blocks):
            for p in range(a * len(rows) // blocks, (a + 1) * len(rows) // blocks):
                for q in range(b * len(columns) // blocks, (b + 1) * len(columns) // blocks):
                    counts[a, b] += int(mask[rows[p], columns[q]])
                    sizes[a, b] += 1
    return counts, sizes


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1), st.data())
@settings(max_examples=60, deadline=None)
def test_counts_by_plain_loops(n: int, d: int, seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((n, d)) < 0.4
    rows, columns = rng.permutation(n)[: rng.integers(1, n + 1)], rng.permutation(d)[: rng.integers(1, d + 1)]
    blocks = data.draw(st.integers(1, min(len(rows), len(columns))))
    counts, sizes = _by_loops(mask, rows.tolist(), columns.tolist(), blocks)
    for given_mask in (mask, np.asfortranarray(mask), mask.astype(float), torch.from_numpy(mask), mask.tolist()):
        found = block_histogram(given_mask, rows, columns, blocks)
        np.testing.assert_array_equal(found.counts, counts)
        np.testing.assert_array_equal(found.sizes, sizes)
    np.testing.assert_array_equal(found.densities, counts / sizes)
    assert found.density == counts.sum() / sizes.sum()


@pytest.mark.parametrize("shape", [(1000, 37), (300, 2100), (37, 1000)])
def test_cells_of_more_than_255_rows_and_wide_rows(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    mask = rng.random(shape) < 0.9
    rows, columns = rng.permutation(shape[0]), rng.permutation(shape[1])
    ordered = mask[rows][:, columns].astype(np.int64)
    for blocks in (1, 2, 7):
        starts = [np.arange(blocks) * size // blocks for size in shape]
        expected = np.add.reduceat(np.add.reduceat(ordered, starts[0], axis=0), starts[1], axis=1)
        for layout in (mask, np.asfortranarray(mask), np.repeat(mask, 2, axis=1)[:, ::2]):
            np.testing.assert_array_equal(block_histogram(layout, rows, columns, blocks).counts, expected)
        stored = block_histogram(mask, blocks=blocks).counts
        np.testing.assert_array_equal(stored, block_histogram(mask, np.arange(shape[0]), blocks=blocks).counts)


def test_all_ones_do_not_overflow_a_byte() -> None:
    found = block_histogram(np.ones((4 * 256 + 3, 5), dtype=np.bool_), blocks=2)
    np.testing.assert_array_equal(found.counts, found.sizes)
    assert found.sizes.tolist() == [[513 * 2, 513 * 3], [514 * 2, 514 * 3]]


def test_degrees_by_numpy() -> None:
    rng = np.random.default_rng(2)
    mask = rng.random((300, 41)) < 0.3
    rows, columns = rng.permutation(300)[:123], rng.permutation(41)[:17]
    for order in (mask, np.asfortranarray(mask)):
        np.testing.assert_array_equal(row_degrees(order), mask.sum(axis=1))
        np.testing.assert_array_equal(column_degrees(order), mask.sum(axis=0))
        np.testing.assert_array_equal(row_degrees(order, columns), mask[:, columns].sum(axis=1))
        np.testing.assert_array_equal(column_degrees(order, rows), mask[rows].sum(axis=0))


def test_degree_sorted_is_the_histogram_of_the_sorted_mask() -> None:
    mask = np.random.default_rng(3).random((50, 34)) < 0.3
    ordered = mask[np.argsort(-mask.sum(axis=1), kind="stable")][:, np.argsort(-mask.sum(axis=0), kind="stable")]
    np.testing.assert_array_equal(degree_sorted_histogram(mask, 8).counts, block_histogram(ordered, blocks=8).counts)


@pytest.mark.parametrize(
    ("mask", "blocks", "rows", "message"),
    [
        (np.zeros((0, 4), dtype=np.bool_), 1, None, "mask"),
        (np.zeros(4, dtype=np.bool_), 1, None, "mask"),
        (np.full((4, 4), 0.5), 1, None, "give booleans, or the numbers 0 and 1"),
        (np.full((4, 4), np.nan), 1, None, "give booleans, or the numbers 0 and 1"),
        (torch.full((4, 4), 2), 1, None, "give booleans, or the numbers 0 and 1"),
        ([[1, 0], [1]], 1, None, "rectangular"),
        (np.ones((8, 4)), 5, None, "blocks = 5: give a whole number from 1 to 4"),
        (np.ones((4, 8)), 5, None, "one of the 4 rows"),
        (np.ones((4, 4)), 0, None, "blocks = 0"),
        (np.ones((4, 4)), True, None, "blocks = True"),
        (np.ones((4, 4)), 2.0, None, "blocks = 2.0"),
        (np.ones((4, 4)), 2, [0, 1, 2, 2], "rows = 'an index twice'"),
        (np.ones((4, 4)), 2, [0, 4], "indices from 0 to 4"),
        (np.ones((4, 4)), 2, [-1, 0], "indices from -1 to 0"),
        (np.ones((4, 4)), 2, [0.0, 1.0], "float64"),
        (np.ones((4, 4)), 2, [1], "one of the 1 rows"),
    ],
)
def test_bad_input_names_argument_value_and_remedy(mask: object, blocks: int, rows: object, message: str) -> None:
    with pytest.raises(InputError) as error:
        block_histogram(mask, rows, blocks=blocks)
    assert message in str(error.value)


def test_bfloat16_masks_are_read() -> None:
    kept = torch.tensor([[1, 0], [0, 1]], dtype=torch.bfloat16)
    assert block_histogram(kept, blocks=2).counts.tolist() == [[1, 0], [0, 1]]


def test_a_histogram_refuses_counts_above_sizes() -> None:
    with pytest.raises(InputError, match="counts"):
        BlockHistogram(np.array([[3]]), np.array([[2]]))
    for counts, sizes in (([[0, 1]], [[0, 2]]), ([[-1, 1]], [[2, 2]])):
        with pytest.raises(InputError, match=r"counts.*cells that are not empty"):
            BlockHistogram(np.array(counts), np.array(sizes))
    with pytest.raises(InputError, match="sizes"):
        BlockHistogram(np.array([[3]]), np.array([[4, 4]]))


def _on_a_grid(densities: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return np.kron(densities, np.ones((rows // densities.shape[0], columns // densities.shape[1])))


def test_distances_by_a_fine_grid() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.random((2, 3)), rng.random((3, 2))
    difference = _on_a_grid(a, 6, 6) - _on_a_grid(b, 6, 6)
    found = histogram_distance(a, b)
    assert found.l1 == pytest.approx(np.abs(difference).mean(), rel=1e-12)
    assert found.l2 == pytest.approx(np.sqrt((difference**2).mean()), rel=1e-12)
    exact = cut_norm_exact(difference).lower
    assert found.cut.lower <= exact * (1 + 1e-12)
    assert found.cut.upper is not None
    assert exact * (1 - 1e-12) <= found.cut.upper <= exact * (1 + 1e-9)
    assert found.cut.upper <= found.l1 * (1 + 1e-9) <= found.l2 * (1 + 2e-9)
    assert histogram_distance(a, b, certify=False).cut.upper is None


def test_distance_of_histograms_of_different_blocks() -> None:
    mask = np.kron(np.eye(2, dtype=np.bool_), np.ones((6, 6), dtype=np.bool_))
    coarse, fine = block_histogram(mask, blocks=2), block_histogram(mask, blocks=4)
    assert histogram_distance(coarse, fine).l2 == 0.0
    assert histogram_distance(coarse, fine).cut.upper == 0.0
    honest = cross_fitted_histogram(mask, 3, generator=torch.Generator().manual_seed(0))
    found = histogram_distance(honest, coarse)
    assert found.l1 == histogram_distance(honest.densities, coarse.densities).l1
    with pytest.raises(InputError, match="b = "):
        histogram_distance(coarse, np.full((2, 2), np.nan))
