"""Readers: what an independent writer wrote comes back, and nothing that is broken comes back at all."""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphon_theory.errors import InputError
from verification.data import cifar10_folder, files, mnist_folder, read_idx, read_npz

# code, struct format, NumPy name, least and largest value
IDX_TYPES = [
    (0x08, "B", "uint8", 0, 255),
    (0x09, "b", "int8", -128, 127),
    (0x0B, "h", "int16", -(2**15), 2**15 - 1),
    (0x0C, "i", "int32", -(2**31), 2**31 - 1),
    (0x0D, "f", "float32", -8, 8),
    (0x0E, "d", "float64", -8, 8),
]
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def idx_bytes(shape: tuple[int, ...], values: list[int], code: int = 0x08, kind: str = "B") -> bytes:
    head = struct.pack(">HBB", 0, code, len(shape)) + b"".join(struct.pack(">I", size) for size in shape)
    return head + b"".join(struct.pack(">" + kind, value) for value in values)


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def mnist(folder: Path, count: int = 4, *, stem: str = "train", mark: str = "-", zipped: bool = False) -> Path:
    pixels = [(7 * k) % 256 for k in range(count * 3 * 5)]
    parts = {f"images{mark}idx3": idx_bytes((count, 3, 5), pixels)}
    parts[f"labels{mark}idx1"] = idx_bytes((count,), [k % 10 for k in range(count)])
    for name, data in parts.items():
        ending = ".gz" if zipped else ""
        put(folder / f"{stem}-{name}-ubyte{ending}", gzip.compress(data) if zipped else data)
    return folder


def refused(path: Path, found: str, read: Callable[[Path], object] = read_idx) -> None:
    """Refused with an error that names the file and what was found."""
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(path) in str(caught.value.value)
    assert found in str(caught.value)


@pytest.mark.parametrize(("code", "kind", "name", "least", "most"), IDX_TYPES)
@given(data=st.data(), shape=st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple))
@FEW
def test_idx_comes_back_plain_and_zipped(
    tmp_path: Path, code: int, kind: str, name: str, least: int, most: int, data: st.DataObject, shape: tuple[int, ...]
) -> None:
    length = math.prod(shape)
    values = data.draw(st.lists(st.integers(least, most), min_size=length, max_size=length))
    written = idx_bytes(shape, values, code, kind)
    plain = read_idx(put(tmp_path / "a", written))
    zipped = read_idx(str(put(tmp_path / "b.gz", gzip.compress(written))))
    assert plain.dtype == zipped.dtype == np.dtype(name)
    assert plain.dtype.isnative
    assert plain.shape == shape
    assert plain.ravel().tolist() == values
    assert np.array_equal(plain, zipped)


@given(data=st.data(), shape=st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple), zipped=st.booleans())
@FEW
def test_truncated_idx_is_refused(tmp_path: Path, data: st.DataObject, shape: tuple[int, ...], zipped: bool) -> None:
    written = idx_bytes(shape, [k % 256 for k in range(math.prod(shape))])
    whole = gzip.compress(written) if zipped else written
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(InputError):
        read_idx(put(tmp_path / "cut", whole[:cut]))


@given(data=st.data())
@FEW
def test_an_altered_byte_of_a_zipped_idx_never_gives_another_array(tmp_path: Path, data: st.DataObject) -> None:
    written = idx_bytes((3, 4), list(range(12)))
    whole = bytearray(gzip.compress(written))
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] ^= data.draw(st.integers(1, 255))
    try:
        found = read_idx(put(tmp_path / "altered", bytes(whole)))
    except InputError:
        return
    # Some bytes of a gzip header (time, system) mean nothing to the values.
    assert found.ravel().tolist() == list(range(12))


def test_headers_of_idx_are_checked(tmp_path: Path) -> None:
    good = idx_bytes((2, 2), [1, 2, 3, 4])
    path = tmp_path / "a"
    refused(put(path, b"\1" + good[1:]), "magic number 01000802")
    refused(put(path, b"\0\0\x0a" + good[3:]), "magic number 00000a02")
    refused(put(path, b"\0\0\x08\0"), "0 dimensions")
    refused(put(path, b"\0\0\x08\xff" + good[4:]), "255 dimensions")
    refused(put(path, idx_bytes((0, 3), [])), "declared shape (0, 3)")
    refused(put(path, idx_bytes((2**32 - 1,) * 3, [1])), "declared shape (4294967295")
    refused(put(path, good + b"\0"), "beyond the 16 bytes")
    refused(put(path, gzip.compress(good + b"\0")), "beyond the 16 bytes")
    refused(put(path, gzip.compress(good) + b"rubbish"), "cannot be read")
    refused(put(path, b"\0\0\x08"), "ends after 3 of 4 bytes")


def test_what_is_no_readable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for read in (read_idx, read_npz):
        refused(tmp_path / "none", "cannot be read", read)
        refused(tmp_path, "is a directory", read)
        refused(put(tmp_path / "empty", b""), "is empty", read)
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "not a regular file")
    with pytest.raises(InputError, match="path = 3"):
        read_idx(3)  # type: ignore[arg-type]
    for path in ("", "a\0b"):
        with pytest.raises(InputError, match="path = "):
            read_idx(path)

    def denied(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    locked = put(tmp_path / "locked", idx_bytes((1,), [1]))
    monkeypatch.setattr(Path, "open", denied)
    refused(locked, "PermissionError")


def test_large_files_are_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(files.MOST_FILE_BYTES + 1)  # sparse: takes no room on disk
    monkeypatch.setattr(Path, "open", None)
    for read in (read_idx, read_npz):
        refused(tmp_path / "large", f"has {files.MOST_FILE_BYTES + 1} bytes", read)


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen megabytes of zeros behind a header that declares four bytes: five bytes are asked for."""
    asked: list[int] = []
    plain = gzip.GzipFile.read

    def counted(self: gzip.GzipFile, size: int | None = -1) -> bytes:
        asked.append(-1 if size is None else size)
        return plain(self, size)

    bomb = put(tmp_path / "bomb.gz", gzip.compress(idx_bytes((4,), [1, 2, 3, 4]) + bytes(1 << 24)))
    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    refused(bomb, "beyond the 12 bytes")
    assert min(asked) >= 0
    assert sum(asked) == 13


def test_a_lying_header_takes_no_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = put(tmp_path / "lies", idx_bytes((files.MOST_VALUES,), [1, 2, 3]))
    tracemalloc.start()
    refused(path, "ends after 3 of 268435456 bytes")
    assert tracemalloc.get_traced_memory()[1] < 1 << 23
    tracemalloc.stop()


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("split", "stem"), [("train", "train"), ("test", "t10k")])
def test_mnist_comes_back(tmp_path: Path, mark: str, zipped: bool, split: str, stem: str) -> None:
    samples = mnist_folder(mnist(tmp_path, 12, stem=stem, mark=mark, zipped=zipped), split)
    assert (samples.inputs.shape, samples.classes) == ((12, 1, 3, 5), 10)
    assert samples.targets.tolist() == [k % 10 for k in range(12)]
    pixels = torch.tensor([(7 * k) % 256 for k in range(180)], dtype=torch.float32) / 255
    assert torch.equal(samples.inputs.ravel(), pixels)
    with pytest.raises(InputError, match=r"no (t10k|train)-images"):
        mnist_folder(tmp_path, "test" if split == "train" else "train")


def test_wrong_pairs_of_mnist_are_refused(tmp_path: Path) -> None:
    images, labels = (mnist(tmp_path) / f"train-{name}-ubyte" for name in ("images-idx3", "labels-idx1"))
    good_images, good_labels = images.read_bytes(), labels.read_bytes()

    def wrong(path: Path, data: bytes, found: str) -> None:
        kept = path.read_bytes()
        put(path, data)
        with pytest.raises(InputError) as caught:
            mnist_folder(tmp_path)
        assert caught.value.value == str(path)
        assert found in str(caught.value)
        put(path, kept)

    wrong(labels, good_images, "3 dimensions of uint8")
    wrong(images, good_labels, "1 dimensions of uint8")
    wrong(labels, idx_bytes((5,), [1] * 5), "5 labels for the 4 images")
    wrong(labels, idx_bytes((4,), [0, 1, 2, 10]), "label 10")
    wrong(labels, idx_bytes((4,), [0, 1, 2, 3], 0x0C, "i"), "1 dimensions of int32")
    wrong(images, idx_bytes((4, 1, 1), [1] * 4, 0x0D, "f"), "3 dimensions of float32")
    wrong(images, good_images[:-1], "ends after 59 of 60 bytes")
    wrong(images, b"", "is empty")
    assert len(mnist_folder(tmp_path)) == 4
    labels.unlink()
    refused(tmp_path, "no train-labels-idx1-ubyte", mnist_folder)
    refused(images, "cannot be listed", mnist_folder)
    with pytest.raises(InputError, match="split = 'val'"):
        mnist_folder(tmp_path, "val")


def cifar(folder: Path, records: int) -> list[bytes]:
    """Five training files and a test file; record k of file f has label (f + k) mod 10."""
    names = [f"data_batch_{f}.bin" for f in range(1, 6)] + ["test_batch.bin"]
    written = []
    for f, name in enumerate(names):
        rows = [struct.pack("B", (f + k) % 10) + bytes((f + k + p) % 256 for p in range(3072)) for k in range(records)]
        written.append(b"".join(rows))
        put(folder / name, written[-1])
    return written


def test_cifar_comes_back(tmp_path: Path) -> None:
    written = cifar(tmp_path, 3)
    samples = cifar10_folder(tmp_path, "train", records=3)
    assert (samples.inputs.shape, samples.classes) == ((15, 3, 32, 32), 10)
    assert samples.targets.tolist() == [(f + k) % 10 for f in range(5) for k in range(3)]
    # Channel c, row i, column j of a record lies at 1 + 1024 c + 32 i + j.
    for f, k, c, i, j in [(0, 0, 0, 0, 0), (1, 2, 0, 0, 31), (3, 1, 1, 5, 7), (4, 2, 2, 31, 31)]:
        byte = written[f][3073 * k + 1 + 1024 * c + 32 * i + j]
        assert float(samples.inputs[3 * f + k, c, i, j]) == pytest.approx(byte / 255)
    assert cifar10_folder(tmp_path, "test", records=3).targets.tolist() == [5, 6, 7]


def test_broken_cifar_is_refused(tmp_path: Path) -> None:
    written = cifar(tmp_path, 2)[1]
    path = tmp_path / "data_batch_2.bin"

    def wrong(data: bytes, found: str) -> None:
        put(path, data)
        with pytest.raises(InputError) as caught:
            cifar10_folder(tmp_path, records=2)
        assert caught.value.value == str(path)
        assert found in str(caught.value)

    for cut in (1, 3072, 3073, 3074, 6145):  # 3073 is a file cut off between two records
        wrong(written[:cut], f"ends after {cut} of 6146 bytes")
    wrong(b"", "is empty")
    wrong(written + written[:3073], "beyond the 6146 bytes")
    wrong(written[:3073] + b"\x0a" + written[3074:], "label 10 in record 1")
    path.unlink()
    path.mkdir()
    refused(tmp_path, "no data_batch_2.bin", cifar10_folder)
    with pytest.raises(InputError, match="records = 0"):
        cifar10_folder(tmp_path, records=0)
    with pytest.raises(InputError, match="ends after 6146 of 30730000"):
        cifar10_folder(tmp_path, "test")


def npz(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def test_npz_comes_back(tmp_path: Path) -> None:
    x = np.arange(24.0).reshape(6, 4)
    y = np.array([0, 1, 2, 0, 1, 2])
    samples = read_npz(npz(tmp_path / "a.npz", x=x, y=y))
    assert samples.inputs.tolist() == x.tolist()
    assert (samples.targets.tolist(), samples.classes, samples.shape) == (y.tolist(), 3, (4,))
    other = read_npz(npz(tmp_path / "b.npz", inputs=np.asfortranarray(x.astype(">f4")), targets=y / 2, more=y))
    assert torch.equal(other.inputs, samples.inputs)
    assert (other.targets.tolist(), other.classes) == ((y / 2).tolist(), None)
    np.savez_compressed(tmp_path / "c.npz", x=x, y=y > 0)
    assert read_npz(tmp_path / "c.npz").targets.tolist() == [0, 1, 1, 0, 1, 1]


def test_images_in_npz_are_scaled(tmp_path: Path) -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4) * 10
    grey = read_npz(npz(tmp_path / "a.npz", x=pixels, y=np.array([0.5, -1.0])))
    assert grey.shape == (1, 3, 4)
    assert np.array_equal(grey.inputs[:, 0].numpy(), pixels.astype(np.float32) / np.float32(255))
    colour = read_npz(npz(tmp_path / "b.npz", x=np.ones((2, 3, 4, 4)), y=np.array([0, 1])))
    assert colour.shape == (3, 4, 4)


X, Y = np.ones((4, 2)), np.array([0, 1, 0, 1])
BAD_ARRAYS: list[tuple[str, dict[str, object]]] = [
    ("NaN or infinite", {"x": np.where(X > 0, np.nan, X), "y": Y}),
    ("NaN or infinite", {"x": X, "y": np.array([0.0, np.inf, 1.0, 2.0])}),
    ("NaN or infinite", {"x": X * 1e300, "y": Y}),
    ("NaN or infinite", {"x": X, "y": np.full(4, 1e300)}),
    ("never objects", {"x": X.astype(object), "y": Y}),
    ("never objects", {"x": X, "y": np.array([{}, [], None, 1], dtype=object)}),
    ("dtype complex128", {"x": X.astype(complex), "y": Y}),
    ("dtype <U1", {"x": X, "y": np.array(list("abcd"))}),
    ("dtype [('a', '<f8')]", {"x": np.ones(4, dtype=[("a", "f8")]), "y": Y}),
    ("0 arrays named y or targets (it holds x)", {"x": X}),
    ("0 arrays named x or inputs (it holds x_train, y)", {"x_train": X, "y": Y}),
    ("0 arrays named x or inputs (it holds nothing)", {}),
    ("2 arrays named x or inputs", {"x": X, "inputs": X, "y": Y}),
    ("inputs of shape (4,)", {"x": np.ones(4), "y": Y}),
    ("inputs of shape (4, 1, 1, 1, 1)", {"x": np.ones((4, 1, 1, 1, 1)), "y": Y}),
    ("inputs of shape ()", {"x": np.float64(1.0), "y": Y}),
    ("x.npy of shape (0, 2)", {"x": np.ones((0, 2)), "y": Y}),
    ("one number a sample: 4", {"x": X, "y": Y[:3]}),
    ("one number a sample: 4", {"x": X, "y": X}),
    ("whole targets from -1 to 1", {"x": X, "y": Y * 2 - 1}),
    ("whole targets from 0 to 0", {"x": X, "y": Y * 0}),
    ("whole targets from 0 to 1099511627776", {"x": X, "y": Y * 2**40}),
    ("whole targets from 0 to 18446744073709551615", {"x": X, "y": np.array([0, 1, 2, 2**64 - 1], dtype=np.uint64)}),
]


@pytest.mark.parametrize(("found", "arrays"), BAD_ARRAYS)
def test_bad_arrays_in_npz_are_refused(tmp_path: Path, found: str, arrays: dict[str, object]) -> None:
    refused(npz(tmp_path / "a.npz", **arrays), found, read_npz)


def test_objects_in_npz_are_never_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    trap = np.array([[Trap()], [Trap()]], dtype=object)
    refused(npz(tmp_path / "a.npz", x=trap, y=np.array([0, 1])), "never objects", read_npz)
    assert not (tmp_path / "sprung").exists()


def archive(path: Path, method: int = zipfile.ZIP_STORED, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        for name, data in members.items():
            made.writestr(f"{name}.npy", data)
    return path


def npy(array: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def test_members_of_npz_are_checked(tmp_path: Path) -> None:
    x, y, path = npy(X), npy(Y), tmp_path / "a.npz"
    assert len(read_npz(archive(path, x=x, y=y))) == 4
    lying = x.replace(b"(4, 2), ", b"(4, 2000000)", 1)
    lying = lying if len(lying) == len(x) else lying.replace(b" " * 4, b"", 1)
    assert len(lying) == len(x)
    for member, found in [
        (x[:-1], "191 bytes, 192 by its shape"),
        (x + b"\0", "193 bytes, 192 by its shape"),
        (x[:40], "no readable .npz"),
        (b"", "no readable .npz"),
        (b"\x80\x04K\x01.", "no readable .npz"),
        (npy(X, (2, 0)), "version (2, 0)"),
        (lying, "by its shape (4, 2000000)"),
    ]:
        refused(archive(path, x=member, y=y), found, read_npz)
    refused(archive(path, zipfile.ZIP_LZMA, x=x, y=y), "compression 14", read_npz)
    refused(put(path, x), "no readable .npz", read_npz)
    refused(put(path, b"\x80\x04K\x01."), "no readable .npz", read_npz)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member of sixteen megabytes, a megabyte allowed: refused by its declared length."""
    bomb = archive(tmp_path / "a.npz", zipfile.ZIP_DEFLATED, x=npy(np.zeros((2, 1 << 20))), y=npy(Y[:2]))
    monkeypatch.setattr("verification.data.npz.MOST_VALUES", 1 << 17)
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    refused(bomb, "x.npy of 16777344 bytes", read_npz)


@given(data=st.data(), rows=st.integers(2, 5), columns=st.integers(1, 4), packed=st.booleans())
@FEW
def test_broken_npz_never_gives_another_array(
    tmp_path: Path, data: st.DataObject, rows: int, columns: int, packed: bool
) -> None:
    x, y = np.arange(float(rows * columns)).reshape(rows, columns), np.arange(rows)
    path = tmp_path / "a.npz"
    (np.savez_compressed if packed else np.savez)(path, x=x, y=y)
    whole = bytearray(path.read_bytes())
    with pytest.raises(InputError):
        read_npz(put(path, whole[: data.draw(st.integers(0, len(whole) - 1))]))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = read_npz(put(path, whole))
    except InputError:
        return
    assert found.inputs.tolist() == x.tolist()
    assert found.targets.tolist() == y.tolist()
