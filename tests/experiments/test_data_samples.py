"""Data sets in memory: what is promised of them, how they are centred, cut into batches and named."""

from __future__ import annotations

import doctest
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import verification.data
from graphon_theory.errors import InputError
from verification.data import (
    ClassBatch,
    Samples,
    as_batch,
    as_class_batch,
    centred,
    digits,
    digits_classes,
    draw,
    load_data,
    standardised,
)


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _samples(count: int = 10, features: int = 3, classes: int | None = 4) -> Samples:
    inputs = torch.rand(count, features, generator=_generator(1))
    targets = torch.arange(count) % classes if classes else torch.rand(count, generator=_generator(2))
    return Samples(inputs=inputs, targets=targets, classes=classes)


@pytest.mark.parametrize(
    ("message", "inputs", "targets", "classes"),
    [
        ("shape of the inputs = (4,)", torch.ones(4), torch.ones(4), None),
        ("shape of the inputs = (4, 0)", torch.ones(4, 0), torch.ones(4), None),
        ("dtype of the inputs", torch.ones(4, 2).double(), torch.ones(4), None),
        ("shape of the targets", torch.ones(4, 2), torch.ones(3), None),
        ("inputs = 'NaN", torch.full((4, 2), torch.nan), torch.ones(4), None),
        ("targets = 'NaN", torch.ones(4, 2), torch.full((4,), torch.inf), None),
        ("dtype of the targets", torch.ones(4, 2), torch.ones(4).long(), None),
        ("dtype of the targets", torch.ones(4, 2), torch.ones(4), 2),
        ("number of classes = 1", torch.ones(4, 2), torch.zeros(4).long(), 1),
        ("labels = '1 to 2'", torch.ones(3, 2), torch.tensor([1, 1, 2]), 2),
        ("labels = '-1 to 1'", torch.ones(3, 2), torch.tensor([1, -1, 1]), 2),
    ],
)
def test_bad_samples_are_refused(message: str, inputs: torch.Tensor, targets: torch.Tensor, classes: int) -> None:
    with pytest.raises(InputError) as caught:
        Samples(inputs=inputs, targets=targets, classes=classes)
    assert str(caught.value).startswith(message)


def test_example_of_the_package_is_true() -> None:
    assert doctest.testmod(verification.data).failed == 0


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 30), size=st.integers(1, 30), seed=st.integers(0, 99))
def test_batches_are_disjoint_and_keep_their_targets(count: int, size: int, seed: int) -> None:
    inputs = torch.arange(count, dtype=torch.float32)[:, None]
    samples = Samples(inputs=inputs, targets=inputs[:, 0] * 2, classes=None)
    if size > count:
        with pytest.raises(InputError, match=f"batch = {size}"):
            draw(samples, size, _generator(seed))
        return
    batches = list(draw(samples, size, _generator(seed)))
    assert [len(batch) for batch in batches] == [size] * (count // size)
    seen = torch.cat([batch.inputs[:, 0] for batch in batches])
    assert len(set(seen.tolist())) == len(seen)
    assert torch.equal(torch.cat([batch.targets for batch in batches]), 2 * seen)
    again = draw(samples, size, _generator(seed))
    assert all(torch.equal(a.inputs, b.inputs) for a, b in zip(batches, again, strict=True))


def test_first_batches_are_uniform() -> None:
    """Each of 6 samples comes first equally often: chi-square on 3,000 draws, false alarm one in a million."""
    from scipy import stats

    samples, source = _samples(6), _generator(3)
    firsts = [next(draw(samples, 1, source)).inputs[0, 0].item() for _ in range(3000)]
    counts = np.unique(firsts, return_counts=True)[1]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-6


def test_standardised_features_have_moments_zero_and_one() -> None:
    """5,000 samples, so that the moments are summed over two pieces; reference by NumPy."""
    inputs = torch.rand(5000, 2, 3, 2, generator=_generator()) * 7 + 1000
    inputs[:, 1, 2, 0] = 0.1  # its mean in floating point is not 0.1
    inputs[:, 0, 0, 0] = 3.0
    inputs[7, 0, 0, 0] = 3.000001  # varies a hair
    samples = Samples(inputs=inputs, targets=torch.zeros(5000), classes=None)
    reference = inputs.double().numpy()
    for made, scale in ((centred(samples), np.ones((2, 3, 2))), (standardised(samples), reference.std(axis=0))):
        assert made.constant.nonzero().tolist() == [[1, 2, 0]]
        assert bool((made.samples.inputs[:, 1, 2, 0] == 0).all())
        varying = ~made.constant.numpy()
        expected = (reference - reference.mean(axis=0))[:, varying] / scale[varying]
        np.testing.assert_allclose(made.samples.inputs.numpy()[:, varying], expected, rtol=1e-5, atol=1e-6)
        assert made.samples.targets is samples.targets
        assert bool((made.scale > 0).all())
        assert torch.equal(made.apply(samples).inputs, made.samples.inputs)
    assert torch.equal(inputs[:, 1, 2, 0], torch.full((5000,), 0.1))


def test_another_set_is_moved_by_the_numbers_of_the_first() -> None:
    train = Samples(inputs=torch.tensor([[0.0, 5.0], [2.0, 5.0]]), targets=torch.zeros(2), classes=None)
    test = Samples(inputs=torch.tensor([[3.0, 6.0]]), targets=torch.zeros(1), classes=None)
    assert standardised(train).apply(test).inputs.tolist() == [[2.0, 0.0]]
    assert centred(test).constant.tolist() == [True, True]
    with pytest.raises(InputError, match="shape of the inputs"):
        standardised(train).apply(_samples())


def test_digit_classes_are_those_of_the_digits() -> None:
    classes = digits_classes(300, 256, generator=_generator(4))
    halves = digits(300, 256, labels="raw", generator=_generator(4))
    assert torch.equal(classes.inputs, halves.inputs)
    assert torch.equal(classes.labels >= 5, halves.labels > 0)
    assert classes.classes == 10
    assert classes.labels.dtype == torch.int64
    loss = torch.nn.functional.cross_entropy(torch.zeros(300, 10), classes.labels)
    assert float(loss) == pytest.approx(np.log(10), rel=1e-6)
    with pytest.raises(InputError, match="batch = 1"):
        digits_classes(1, 64, generator=_generator())


def test_batches_of_a_data_set_are_those_of_the_digits() -> None:
    """The digits by their own function and by the general way, from the same random order."""
    drawn = next(draw(load_data("digits"), 200, _generator(5)))
    halves = digits(200, 64, labels="centred", generator=_generator(5))
    made = as_batch(drawn, labels="centred", positive=range(5, 10))
    for name in ("inputs", "labels", "correlations"):
        torch.testing.assert_close(getattr(made, name), getattr(halves, name), rtol=1e-4, atol=1e-5)
    classes, general = digits_classes(200, 64, generator=_generator(5)), as_class_batch(drawn)
    assert isinstance(general, ClassBatch)
    assert torch.equal(general.labels, classes.labels)
    torch.testing.assert_close(general.inputs, classes.inputs, rtol=1e-4, atol=1e-5)


def test_real_targets_become_labels() -> None:
    samples = _samples(classes=None)
    batch = as_batch(samples, labels="centred")
    expected = samples.targets - samples.targets.mean()
    torch.testing.assert_close(batch.labels, expected / expected.square().mean().sqrt())
    assert float(as_batch(samples, labels="raw").labels.mean()) > 0.1


def test_constant_features_stay_zero_in_a_batch() -> None:
    inputs = torch.rand(7, 3, generator=_generator())
    inputs[:, 1] = 0.1
    batch = as_class_batch(Samples(inputs=inputs, targets=torch.arange(7), classes=7))
    assert batch.inputs[:, 1].tolist() == [0.0] * 7


def test_unsuitable_batches_are_refused() -> None:
    real, classes = _samples(classes=None), _samples()
    same = Samples(inputs=torch.full((7, 2), 0.1), targets=torch.full((7,), 0.1), classes=None)
    varied = Samples(inputs=torch.rand(7, 2), targets=same.targets, classes=None)
    with pytest.raises(InputError, match="use as_batch"):
        as_class_batch(real)
    with pytest.raises(InputError, match="real-valued: leave it out"):
        as_batch(real, labels="raw", positive=[1])
    for positive in (None, [], [4], range(4)):
        with pytest.raises(InputError, match="positive = "):
            as_batch(classes, labels="raw", positive=positive)
    with pytest.raises(InputError, match="inputs = 'constant'"):
        as_batch(same, labels="raw")
    with pytest.raises(InputError, match="all labels of the batch are equal"):
        as_batch(varied, labels="centred")


def _idx(shape: tuple[int, ...], values: bytes) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + values


def test_data_are_loaded_by_name(tmp_path: Path) -> None:
    assert (len(load_data("digits")), load_data("digits").shape) == (1797, (1, 8, 8))
    assert float(load_data("digits").inputs.max()) == 1.0
    assert load_data("teacher").inputs.shape == (4096, 64)
    assert load_data("teacher").classes is None
    small = load_data("teacher:20x3", generator=_generator(1))
    assert small.inputs.shape == (20, 3)
    assert not torch.equal(small.inputs, load_data("teacher:20x3").inputs)
    folder = tmp_path / "mnist:sorted"
    folder.mkdir()
    for stem in ("train", "t10k"):
        (folder / f"{stem}-images-idx3-ubyte").write_bytes(_idx((2, 1, 2), b"\0\xff\0\xff"))
        (folder / f"{stem}-labels-idx1-ubyte").write_bytes(_idx((2,), b"\1\2" if stem == "train" else b"\3\4"))
    for spec in (f"mnist:{folder}", str(folder)):
        assert load_data(spec).targets.tolist() == [1, 2]
        assert load_data(spec, split="test").targets.tolist() == [3, 4]
    archive = tmp_path / "numbers"
    with archive.open("wb") as stream:
        np.savez(stream, x=np.eye(3), y=np.arange(3))
    for spec in (f"npz:{archive}", str(archive)):
        assert load_data(spec).classes == 3
    batches = tmp_path / "cifar"
    batches.mkdir()
    (batches / "test_batch.bin").write_bytes(bytes(3073 * 10_000))
    for spec in (f"cifar10:{batches}", str(batches)):
        assert load_data(spec, split="test").inputs.shape == (10_000, 3, 32, 32)


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"rubbish")
    (tmp_path / "a.idx").write_bytes(_idx((2,), b"ab"))
    (tmp_path / "test_batch.bin").write_bytes(b"\1\2\3")
    both = tmp_path / "both"
    both.mkdir()
    for name in ("test_batch.bin", "t10k-images-idx3-ubyte"):
        (both / name).touch()
    (tmp_path / "none").mkdir()
    for spec, message in {
        "imagenet": "no such file or folder; give one of digits",
        "mnist": "no such file or folder",
        "mnist:": "give mnist:FOLDER",
        "npz:": "give npz:FILE",
        "digits:8": "teacher:SAMPLESxINPUTS",
        "teacher:8": "teacher:SAMPLESxINPUTS",
        "teacher:1x4": "at least 2 samples",
        "teacher:999999999x999999999": "at most",
        "": "path = ''",
        "a\0b": "no such file",
        "mnist:/no/such": "cannot be listed",
        f"{tmp_path}/a.bin": "begins with b'rubb'",
        f"{tmp_path}/a.idx": "is an IDX file",
        f"{tmp_path}/test_batch.bin": "is one file of CIFAR-10",
        f"{tmp_path}/none": "holds neither",
        str(both): "holds both",
    }.items():
        with pytest.raises(InputError) as caught:
            load_data(spec)
        assert message in str(caught.value)
    with pytest.raises(InputError, match="split = 'test'"):
        load_data("digits", split="test")
    with pytest.raises(InputError, match="split = 'valid'"):
        load_data("digits", split="valid")
    with pytest.raises(InputError, match="data = 3"):
        load_data(3)  # type: ignore[arg-type]
