"""Degrees, cells and homomorphism densities of streamed masks against the mask in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from graphon_theory.errors import InputError
from graphon_theory.notation import u, v
from graphon_theory.profiles import half_normal
from graphon_theory.saliency import SaliencyModel
from graphon_theory.step import step_graphon
from verification.histograms import block_histogram
from verification.streaming import moments as module
from verification.streaming import passes
from verification.streaming.mask import StreamedMask
from verification.streaming.model import FactorModel
from verification.streaming.moments import count_moments, homomorphism_density
from verification.streaming.products import Signs, both_ways, gram_times

GRAPHS = ("edge", "star_neuron(2)", "star_neuron(5)", "star_input(3)", "path(3)", "C_4")


def _mask(n: int, d: int, seed: int = 1, density: float = 0.2) -> StreamedMask:
    model = SaliencyModel(g=half_normal(u), f=1 + v)
    return StreamedMask(FactorModel.draw(model, n, d, seed), density, seed)


def _whole(mask: StreamedMask) -> np.ndarray:
    n, d = mask.shape
    return mask.tile(slice(0, n), slice(0, d))


@pytest.mark.parametrize(("n", "d", "blocks"), [(300, 290, 7), (70, 600, 64), (411, 13, 1)])
def test_counts_are_those_of_the_mask(n: int, d: int, blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "STRIP_ENTRIES", 2**14)
    mask = _mask(n, d)
    whole, found = _whole(mask), count_moments(mask.source, blocks)
    assert np.array_equal(found.rows, whole.sum(axis=1))
    assert np.array_equal(found.columns, whole.sum(axis=0))
    expected = block_histogram(whole, blocks=blocks)
    assert np.array_equal(found.histogram.counts, expected.counts)
    assert np.array_equal(found.histogram.sizes, expected.sizes)
    graphon = step_graphon(whole)
    for name in GRAPHS:
        density = homomorphism_density(name, mask.source, found)
        assert density.lower == density.value == density.upper
        assert density.value == pytest.approx(graphon.homomorphism_density(name), rel=1e-12)


def test_sketch_of_the_four_cycle_covers_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = _mask(150, 160)
    found = count_moments(mask.source, 1)
    exact = homomorphism_density("C_4", mask.source, found).value
    monkeypatch.setattr(module, "NARROW", 0)
    sketches = [homomorphism_density("C_4", mask.source, found, seed=seed) for seed in range(15)]
    # Level 0.01: of 15 intervals 3 or more miss with probability 4e-4.
    assert sum(not sketch.lower <= exact <= sketch.upper for sketch in sketches) <= 2
    assert all(sketch.lower < sketch.value < sketch.upper for sketch in sketches)
    assert max(sketch.upper - sketch.lower for sketch in sketches) < 0.05 * exact
    # Not so wide as to cover anything: a count 2 % off is missed by most.
    assert sum(sketch.lower <= 1.02 * exact <= sketch.upper for sketch in sketches) <= 7


def test_products_are_those_of_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "STRIP_ENTRIES", 2**13)
    mask = _mask(150, 310)
    whole = _whole(mask).astype(np.float64)
    X = np.random.default_rng(0).standard_normal((310, 3))
    assert np.allclose(gram_times(mask.source, X), whole.T @ (whole @ X), rtol=1e-12)
    signs = np.sign(X)
    offset = np.random.default_rng(1).standard_normal((150, 3))
    Y, Z = both_ways(mask.source, signs, Signs(), offset=offset, single=True)
    assert np.array_equal(Y, whole @ signs - offset)
    assert np.array_equal(Z, whole.T @ np.where(Y >= 0, 1.0, -1.0))
    P = mask.model.dense().probabilities(0.2)
    Y, Z = both_ways(mask.source, X, Signs(), level=mask.level)
    assert np.allclose(Y, (whole - P) @ X, atol=1e-5)
    assert np.allclose(Z, (whole - P).T @ np.where(Y >= 0, 1.0, -1.0), atol=1e-5)


def test_workers_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "STRIP_ENTRIES", 2**12)
    mask = _mask(260, 130)
    X = np.random.default_rng(0).standard_normal((130, 2))
    alone = count_moments(mask.source, 5)
    with ThreadPoolExecutor(3) as executor:
        together = count_moments(mask.source, 5, executor)
        product = gram_times(mask.source, X, executor)
    assert np.array_equal(alone.rows, together.rows)
    assert np.array_equal(alone.columns, together.columns)
    assert np.array_equal(alone.histogram.counts, together.histogram.counts)
    assert np.array_equal(gram_times(mask.source, X), product)


def test_bad_input_is_refused() -> None:
    mask = _mask(30, 20)
    found = count_moments(mask.source, 2)
    for name in ("K_{3,3}", "path(4)", "star(2)"):
        with pytest.raises(InputError, match="F = "):
            homomorphism_density(name, mask.source, found)
    with pytest.raises(InputError, match="blocks"):
        count_moments(mask.source, 21)
