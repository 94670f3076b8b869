"""Mask files of odd kinds: read for what they hold, or refused with the file, the fault and the remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from graphon_theory.errors import InputError
from verification.analysis.mask_file import read_masks, read_tensors, read_weights

KEPT = np.array([[1, 0, 1], [0, 1, 1]])


@pytest.mark.parametrize("kind", ["?", "u1", ">u2", "<u4", ">i8", "<f2", ">f4", "longdouble"])
def test_masks_of_every_number_type_and_byte_order(tmp_path: Path, kind: str) -> None:
    np.save(tmp_path / "mask.npy", KEPT.astype(kind))
    np.savez(tmp_path / "mask.npz", fc=KEPT.astype(kind))
    (alone, _), (packed, _) = read_masks(tmp_path / "mask.npy"), read_masks(tmp_path / "mask.npz")
    assert alone["mask"].tolist() == packed["fc"].tolist() == KEPT.astype(bool).tolist()


def test_tensors_and_state_dicts_of_torch(tmp_path: Path) -> None:
    file = tmp_path / "mask.pt"
    torch.save(torch.tensor(KEPT), file)
    assert read_masks(file)[0]["mask"].tolist() == KEPT.astype(bool).tolist()
    weights = {"fc.weight": torch.tensor(KEPT * 0.5), "fc.bias": torch.ones(2), "epoch": 3}
    for key in ("state_dict", "model"):
        torch.save({key: weights, "epoch": 3}, file)
        masks, notes = read_masks(file)
        assert {name: kept.tolist() for name, kept in masks.items()} == {"fc": KEPT.astype(bool).tolist()}
        assert notes == ("no masks in the file: the zeros of the weights are taken for the removed ones",)
    torch.save([1, 2], file)
    with pytest.raises(InputError, match=r"holds a list; give a tensor or a state dict"):
        read_tensors(file)


@pytest.mark.parametrize("values", [np.array([["a", "b"]]), np.array([[1j, 0]]), np.array([["2020"]], dtype="M8[Y]")])
def test_what_is_no_number_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "mask.npy", values)
    with pytest.raises(InputError, match=r"mask has dtype .*; give numbers or booleans"):
        read_masks(tmp_path / "mask.npy")


def test_broken_files_are_refused_by_what_they_are(tmp_path: Path) -> None:
    np.save(tmp_path / "short.npy", np.ones((100, 100)))
    whole = (tmp_path / "short.npy").read_bytes()
    (tmp_path / "short.npy").write_bytes(whole[:200])
    with pytest.raises(InputError, match=r"is no readable \.npy .*; save it by numpy\.save"):
        read_masks(tmp_path / "short.npy")
    np.savez(tmp_path / "broken.npz", fc=KEPT)
    archive = bytearray((tmp_path / "broken.npz").read_bytes())
    archive[60:90] = bytes(30)  # the entry, not the table of contents
    (tmp_path / "broken.npz").write_bytes(archive)
    with pytest.raises(InputError, match=r"is no readable \.npz"):
        read_masks(tmp_path / "broken.npz")
    (tmp_path / "cut.npz").write_bytes(bytes(archive[:80]))
    with pytest.raises(InputError, match=r"is a broken archive .*; give a complete file"):
        read_masks(tmp_path / "cut.npz")
    np.savez(tmp_path / "empty.npz", bias=np.ones(3))
    with pytest.raises(InputError, match=r"holds no mask of a layer \(bias \(3,\)\); give"):
        read_masks(tmp_path / "empty.npz")


def test_weights_have_to_fit_their_masks(tmp_path: Path) -> None:
    masks = {"fc": torch.tensor(KEPT.astype(bool))}
    file = tmp_path / "weights.pt"
    torch.save({"fc.weight": torch.full((2, 3), 0.5, dtype=torch.float64)}, file)
    assert read_weights(file, masks)["fc"].dtype == torch.float32
    for weights, said in (
        ({"other.weight": torch.ones(2, 3)}, "weights = 'fc': not in the file; it has other"),
        ({"fc.bias": torch.ones(3)}, "weights = 'fc': not in the file; it has no weights"),
        ({"fc.weight": torch.ones(3, 2)}, r"weights = 'fc': of shape \(3, 2\), its mask \(2, 3\)"),
        ({"fc.weight": torch.full((2, 3), torch.nan)}, "weights = 'fc': NaN or infinite: give finite weights"),
    ):
        torch.save(weights, file)
        with pytest.raises(InputError, match=said):
            read_weights(file, masks)
