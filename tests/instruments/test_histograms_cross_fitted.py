"""Cross-fitted histograms: exactly flat on average without structure, faithful with it; sorted ones are not.

Exact where it can be: by enumeration of all masks with k entries, and by turning single entries over. Elsewhere the
tests state the number of standard errors that they allow.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian
from graphon_theory.saliency import FiniteModel
from verification.histograms import (
    block_histogram,
    cross_fitted_histogram,
    degree_sorted_histogram,
    gradient,
    spread,
    uniform_mask,
)
from verification.sampling import sample_mask


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_exactly_flat_over_all_masks_where_the_sorted_one_is_not() -> None:
    n, d, k, blocks = 4, 4, 3, 2
    totals, sorted_total, number = np.zeros((4, blocks, blocks), dtype=np.int64), np.zeros((blocks, blocks)), 0
    for chosen in itertools.combinations(range(n * d), k):
        mask = np.zeros(n * d, dtype=np.bool_)
        mask[list(chosen)] = True
        found = cross_fitted_histogram(mask.reshape(n, d), blocks, generator=_generator(5))
        totals += np.stack([part.counts for part in found.combinations])
        sorted_total += degree_sorted_histogram(mask.reshape(n, d), blocks).counts
        number += 1
    sizes = np.stack([part.sizes for part in found.combinations])
    np.testing.assert_array_equal(totals * (n * d), sizes * k * number)
    sorted_density = sorted_total / block_histogram(np.zeros((n, d)), blocks=blocks).sizes / number
    assert sorted_density[0, 0] > 1.5 * k / (n * d)
    assert sorted_density[-1, -1] < 0.75 * k / (n * d)


@pytest.mark.parametrize("shape", [(12, 12), (11, 9)])
def test_no_entry_moves_a_cell_that_counts_it(shape: tuple[int, int]) -> None:
    mask = np.random.default_rng(6).random(shape) < 0.4
    before = cross_fitted_histogram(mask, 3, generator=_generator(7))
    covered = 0
    for i, j in np.ndindex(shape):
        turned = mask.copy()
        turned[i, j] ^= True
        after = cross_fitted_histogram(turned, 3, generator=_generator(7))
        sign = 1 if turned[i, j] else -1
        moved = [new.counts - old.counts for new, old in zip(after.combinations, before.combinations, strict=True)]
        # The combination that counts it changes in one cell, by one; the others keep their totals.
        own = [change for change in moved if change.sum() != 0]
        assert len(own) == 1
        assert sorted(np.abs(own[0]).ravel().tolist()) == [0] * 8 + [1]
        assert own[0].sum() == sign
        covered += 1
    assert covered == mask.size


@pytest.mark.parametrize(("n", "d", "blocks"), [(20, 20, 4), (21, 33, 7), (2, 2, 1), (101, 64, 32)])
def test_every_entry_is_counted_once(n: int, d: int, blocks: int) -> None:
    mask = np.random.default_rng(8).random((n, d)) < 0.3
    found = cross_fitted_histogram(mask, blocks, generator=_generator())
    assert int(found.counts.sum()) == int(mask.sum())
    assert int(found.sizes.sum()) == n * d
    assert found.histogram.density == mask.mean()
    assert found.standard_errors.shape == found.densities.shape == (blocks, blocks)
    assert bool((found.standard_errors > 0).all())
    again = cross_fitted_histogram(torch.from_numpy(mask), blocks, generator=_generator())
    np.testing.assert_array_equal(again.counts, found.counts)


def test_erdos_renyi_masks_are_flat_to_sampling_error_and_sorting_shows_a_gradient() -> None:
    # 200 masks: a mean is 5 standard errors off less than once in a million; 64 cells are tested.
    source, n, blocks, runs = _generator(9), 128, 8, 200
    honest, naive, errors = [], [], []
    for _ in range(runs):
        mask = torch.rand(n, n, generator=source) < 0.1
        found = cross_fitted_histogram(mask, blocks, generator=source)
        honest.append(found.densities)
        errors.append(found.standard_errors)
        naive.append(degree_sorted_histogram(mask, blocks))
    mean, deviation = np.mean(honest, axis=0), np.std(honest, axis=0, ddof=1)
    assert bool((np.abs(mean - 0.1) < 5.5 * deviation / np.sqrt(runs)).all())
    # Standard errors: with 200 runs a ratio of standard deviations is known to 5 %, their mean over cells better.
    assert np.sqrt(np.mean(deviation**2)) / np.sqrt(np.mean(np.square(errors))) == pytest.approx(1.0, abs=0.08)
    falls = [gradient(one) for one in naive]
    # Row degrees have the standard deviation sqrt(rho (1 - rho) / d) = 0.0265, which sorting spreads out: the fall of
    # a sorted normal sample along [0, 1] is 12 E[z (Phi(z) - 1/2)] = 6 / sqrt(pi) = 3.385 of it, on both axes.
    assert np.mean(falls) == pytest.approx(3.385 * np.sqrt(0.09 / n), rel=0.05)


def _rank_one(n: int) -> FiniteModel:
    u = (np.arange(n) + 0.5) / n
    return FiniteModel(np.outer(np.exp(-2 * u), 1.25 - u), Gaussian())


def test_a_rank_one_graphon_is_recovered_with_an_error_that_falls() -> None:
    blocks, found = 8, {}
    for n in (64, 256, 1024):
        model, squares = _rank_one(n), []
        truth = model.probabilities(0.2).reshape(blocks, n // blocks, blocks, n // blocks).mean(axis=(1, 3))
        for seed in range(2):
            mask = sample_mask(model, 0.2, _generator(seed))
            shuffled = mask[torch.randperm(n, generator=_generator(seed + 50))]
            honest = cross_fitted_histogram(shuffled, blocks, generator=_generator(seed + 100))
            squares.append(np.mean((honest.densities - truth) ** 2))
        found[n] = float(np.sqrt(np.mean(squares)))
    # Noise of a cell falls as 1/n, the blur of the positions at n^(-1/2) or better.
    assert found[256] < 0.6 * found[64]
    assert found[1024] < 0.6 * found[256]
    assert found[1024] < 0.02


def test_sorting_exaggerates_and_cross_fitting_blurs() -> None:
    model = _rank_one(256)
    truth = model.probabilities(0.2).reshape(16, 16, 16, 16).mean(axis=(1, 3))
    true_spread = float(np.sqrt(np.mean((truth - 0.2) ** 2)))
    mask = sample_mask(model, 0.2, _generator(3))
    naive = spread(degree_sorted_histogram(mask, 16))
    honest = cross_fitted_histogram(mask, 16, generator=_generator(1))
    # Of the honest spread, noise is taken off; what is left exceeds the truth by chance alone.
    left = spread(honest) ** 2 - float(np.mean(honest.standard_errors**2))
    assert naive > true_spread
    assert 0.8 * true_spread**2 < left < 1.02 * true_spread**2


def test_uneven_cells_of_a_mask_without_structure() -> None:
    mask = uniform_mask((103, 77), 2000, _generator(2))
    found = cross_fitted_histogram(mask, 13, generator=_generator(3))
    # Halves of 51 and 52 rows in 13 cells: 3 or 4 each; of 38 and 39 columns: 2 or 3, 3.
    assert found.sizes.min() >= 4 * 3 * 2
    assert found.sizes.max() <= 4 * 4 * 3


@pytest.mark.parametrize(
    ("mask", "blocks", "generator", "message"),
    [
        (np.ones((1, 8)), 1, _generator(), "two rows and two columns"),
        (np.ones((8, 8)), 5, _generator(), "blocks = 5: give a whole number from 1 to 4"),
        (np.ones((8, 6)), 4, _generator(), "one of the 3 columns of a half"),
        (np.full((8, 8), 0.3), 2, _generator(), "booleans"),
        (np.ones((8, 8)), 2, 7, "generator = 7"),
        (np.ones((8, 8)), 2, np.random.default_rng(), "torch.Generator"),
    ],
)
def test_bad_input(mask: np.ndarray, blocks: int, generator: torch.Generator, message: str) -> None:
    with pytest.raises(InputError) as error:
        cross_fitted_histogram(mask, blocks, generator=generator)
    assert message in str(error.value)
