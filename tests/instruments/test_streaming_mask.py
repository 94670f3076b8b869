"""The streamed mask is the mask of all scores in memory, to the bit, whatever the tiles, the window and the workers."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sympy
import torch

from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian, Laplace, NoiseLaw, StudentT, Uniform
from graphon_theory.notation import u, v
from graphon_theory.saliency import SaliencyModel
from verification.streaming import sieve as sieve_module
from verification.streaming import threshold as threshold_module
from verification.streaming.levels import moduli
from verification.streaming.mask import StreamedMask
from verification.streaming.model import FactorModel
from verification.streaming.sieve import Sieve
from verification.streaming.tiles import EntryNoise, uniforms

STEP = sympy.Piecewise((1, u < sympy.Rational(1, 3)), (3, True))
PROFILES = {
    "constant": lambda law: SaliencyModel(noise=law),
    "step": lambda law: SaliencyModel(g=STEP, f=1 + sympy.floor(2 * v), noise=law),
    "rank one": lambda law: SaliencyModel(g=sympy.Rational(1, 10) + u**2, f=sympy.exp(-v), noise=law),
    "rank two": lambda law: SaliencyModel.from_profiles([1 + u, u - sympy.Rational(1, 2)], [1, v], law),
}
SHAPES = [(64, 64), (131, 77), (40, 600), (203, 9)]


def _whole(mask: StreamedMask) -> np.ndarray:
    n, d = mask.shape
    return mask.tile(slice(0, n), slice(0, d))


@pytest.mark.parametrize("law", [Gaussian(0.5), Uniform(2.0), Laplace()], ids=lambda law: law.name)
@pytest.mark.parametrize("profile", PROFILES)
def test_streamed_mask_is_the_mask_in_memory(profile: str, law: NoiseLaw) -> None:
    for seed, (n, d) in enumerate(SHAPES):
        model = FactorModel.draw(PROFILES[profile](law), n, d, seed, columns="iid" if seed % 2 else "grid")
        mask = StreamedMask(model, (0.1, 0.5, 0.9, 0.02)[seed], seed + 10**12)
        found = _whole(mask)
        assert int(found.sum()) == mask.count
        assert np.array_equal(found, mask.dense()), (n, d)


def test_threshold_is_the_kth_score_of_another_computation() -> None:
    model = FactorModel(np.linspace(0.2, 2.0, 90), np.linspace(1.0, 3.0, 50), StudentT(5.0))
    mask = StreamedMask(model, 0.3, 4)
    noise = EntryNoise(4)
    i, j = (part.ravel() for part in np.indices((90, 50)))
    bits = noise.high(0, 90, 0)[:, :50].ravel()
    scores = np.outer(model.rows, model.columns).ravel() * moduli(model.noise, uniforms(bits, noise.low(i, j)))
    assert mask.threshold == np.sort(scores)[-mask.count]
    assert np.array_equal(_whole(mask).ravel(), scores >= mask.threshold)


def test_unsorted_types_and_any_band_give_the_same_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    model = FactorModel(np.abs(random.standard_normal(90)), random.random(260))
    masks = [StreamedMask(model, 0.2, 3).dense()]
    for band in (1, 7, 64, 200):
        monkeypatch.setattr(sieve_module, "_BANDS", (band,))
        mask = StreamedMask(model, 0.2, 3)
        assert mask.sieve.band == band
        masks.append(_whole(mask))
    assert all(np.array_equal(masks[0], other) for other in masks[1:])


def test_tiles_are_parts_of_the_mask() -> None:
    mask = StreamedMask(FactorModel.draw(PROFILES["rank one"](Gaussian()), 301, 700, 5), 0.15, 8)
    whole = _whole(mask)
    for rows, columns in (
        (slice(3, 4), slice(699, 700)),
        (slice(250, 301), slice(200, 590)),
        (slice(-9, None), slice(256, 512)),
    ):
        assert np.array_equal(mask.tile(rows, columns), whole[rows, columns])


def test_a_larger_mask_has_the_same_noise_in_its_corner() -> None:
    small = StreamedMask(FactorModel(np.ones(100), np.ones(80)), 0.25, 6)
    large = StreamedMask(FactorModel(np.ones(400), np.ones(320)), 0.25, 6)
    # One constant profile: the masks differ in the corner by their thresholds alone.
    a, b = _whole(small), large.tile(slice(0, 100), slice(0, 80))
    assert (a <= b).all() or (b <= a).all()
    assert not np.array_equal(_whole(StreamedMask(small.model, 0.25, 6, stream=1)), a)


@pytest.mark.parametrize("window", [(1e-8, 1e-7), (40.0, 41.0), (1.0, 1.0), (1e-300, 1e300), (1.3, 1.3 + 1e-12)])
def test_a_wrong_window_costs_passes_and_no_entry(window: tuple[float, float]) -> None:
    model = FactorModel.draw(PROFILES["rank one"](Gaussian()), 60, 150, 2)
    right = StreamedMask(model, 0.1, 1)
    wrong = StreamedMask(model, 0.1, 1, window=window)
    assert wrong.threshold == right.threshold
    assert np.array_equal(_whole(wrong), _whole(right))
    assert right.found.passes == 1
    assert wrong.found.passes > 1 or window[0] < right.threshold < window[1]


def test_too_many_scores_in_a_window_are_counted_and_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FactorModel.draw(PROFILES["rank two"](Laplace()), 120, 150, 2)
    right = StreamedMask(model, 0.4, 1)
    monkeypatch.setattr(threshold_module, "_MOST_INSIDE", 50)
    wrong = StreamedMask(model, 0.4, 1, window=(1e-3, 1e3))
    assert wrong.threshold == right.threshold
    assert wrong.found.passes > 1


def test_windows_hold_the_threshold_at_once() -> None:
    model = FactorModel.draw(PROFILES["rank one"](Gaussian()), 60, 70, 2)
    assert all(StreamedMask(model, 0.1, seed).found.passes == 1 for seed in range(6))


def test_workers_change_nothing() -> None:
    model = FactorModel.draw(PROFILES["rank one"](Gaussian()), 400, 300, 2)
    alone = StreamedMask(model, 0.1, 1)
    with ThreadPoolExecutor(3) as executor:
        together = StreamedMask(model, 0.1, 1, executor=executor)
        assert together.threshold == alone.threshold


def test_a_worse_margin_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FactorModel.draw(PROFILES["rank one"](Gaussian()), 200, 200, 2)
    right = _whole(StreamedMask(model, 0.3, 1))
    monkeypatch.setattr(sieve_module, "_MARGIN", -1e-3)  # the first stages then decide what they cannot know
    threshold = StreamedMask(model, 0.3, 1)
    assert not np.array_equal(_whole(threshold), right)


def test_vanishing_rows_keep_nothing() -> None:
    rows = np.concatenate([np.zeros(37), np.linspace(0.5, 1.0, 63)])
    columns = np.concatenate([np.linspace(1.0, 2.0, 50), np.zeros(30)])
    for density in (0.1, 0.39, 63 * 50 / 8000):
        mask = StreamedMask(FactorModel(rows, columns), density, 3)
        if density < 63 * 50 / 8000:
            found = _whole(mask)
            assert not found[:37].any()
            assert not found[:, 50:].any()
            assert np.array_equal(found, mask.dense())
    with pytest.raises(InputError, match="vanish"):
        StreamedMask(FactorModel(rows, columns), 0.4, 3)


def test_torch_sifts_as_numpy_does() -> None:
    model = FactorModel.draw(PROFILES["rank one"](Gaussian()), 64, 256, 2)
    sieve = Sieve(model, EntryNoise(5), 16, torch.device("cpu"))
    lower, upper = sieve._bounds(np.arange(0, 65, 16), range(1), 0.9, 1.0)
    one, other = (torch.empty((64, 256), dtype=torch.bool) for _ in range(2))
    first, second = sieve.by_numpy(0, 0, lower, upper, one), sieve.by_torch(0, 0, lower, upper, other)
    assert torch.equal(one, other)
    assert 0 < int(one.sum()) < one.numel()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_the_mask_of_the_torch_generator_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FactorModel.draw(PROFILES["rank two"](Gaussian()), 130, 300, 2)
    right = StreamedMask(model, 0.15, 21)
    whole = _whole(right)
    monkeypatch.setattr(Sieve, "by_numpy", Sieve.by_torch)
    other = StreamedMask(model, 0.15, 21)
    assert other.threshold == right.threshold
    assert np.array_equal(_whole(other), whole)


MEMORY = """
import resource, numpy
from verification.streaming import FactorModel, StreamedMask, count_moments
warm = StreamedMask(FactorModel(numpy.linspace(0.5, 1.5, 2048), numpy.ones(2048)), 0.1, 0)
count_moments(warm.source, 8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
mask = StreamedMask(FactorModel(numpy.linspace(0.5, 1.5, 8192), numpy.ones(8192)), 0.1, 0)
assert int(count_moments(mask.source, 8).rows.sum()) == mask.count
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="units of ru_maxrss")
def test_memory_stays_that_of_a_few_tiles() -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    # Beyond what 2,048 x 2,048 took, in MiB: the mask alone has 64, its scores 512.
    assert int(done.stdout) < 40


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"density": 0.0}, "density"),
        ({"density": 1e-9}, "keeps 0"),
        ({"seed": -1}, "seed"),
        ({"ties": "last"}, "ties"),
        ({"window": (2.0, 1.0)}, "window"),
        ({"window": (0.0, 1.0)}, "window"),
        ({"device": "tpu"}, "device"),
        ({"model": np.ones((3, 3))}, "model"),
    ],
)
def test_bad_input_is_refused(arguments: dict[str, object], match: str) -> None:
    given = {"model": FactorModel(np.ones(30), np.ones(20)), "density": 0.1, "seed": 0} | arguments
    with pytest.raises(InputError, match=match):
        StreamedMask(**given)  # type: ignore[arg-type]


def test_bad_tiles_are_refused() -> None:
    mask = StreamedMask(FactorModel(np.ones(30), np.ones(20)), 0.1, 0)
    for rows in (slice(3, 3), slice(0, 30, 2), slice(40, 50), 3):
        with pytest.raises(InputError, match="rows"):
            mask.tile(rows, slice(0, 20))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="not held"):
        StreamedMask(FactorModel(np.ones(2**14), np.ones(2**13)), 0.1, 0).dense()
