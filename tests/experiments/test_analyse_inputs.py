"""What ``graphon analyse`` refuses, and how: one line that names what is wrong, and exit code 2."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from graphon_theory.errors import InputError
from verification.analysis import analyse
from verification.analysis.mask_file import read_masks, read_weights
from verification.analysis.module_file import load_module
from verification.cli import main
from verification.data import Samples

NET = "from torch import nn\ndef build():\n    return nn.Sequential(nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 1))\n"


def _refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["analyse", *map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.strip().splitlines()
    assert line.startswith("graphon: error: ")
    return line


def _net(tmp_path: Path, source: str = NET, name: str = "net.py") -> str:
    path = tmp_path / name
    path.write_text(source, encoding="utf-8")
    return f"{path}:build"


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        ("def build():\n    raise ValueError('no\\nluck')\n", ("ValueError at net.py:2", "calling build()", "no luck")),
        ("1 / 0\n", ("ZeroDivisionError at net.py:1", "executing net.py")),
        ("def build(:\n", ("SyntaxError at net.py:1",)),
        ("import sys\nsys.exit(0)\n", ("SystemExit at net.py:2",)),
        ("import no_such_module\n", ("ModuleNotFoundError at net.py:1", "no_such_module")),
        ("def other(): ...\n", ("no build in it", "other")),
        ("build = 3\n", ("build is a int",)),
        ("def build():\n    return [1]\n", ("returned a list", "torch.nn.Module")),
        ("from torch import nn\ndef build():\n    return nn.ReLU()\n", ("at least one torch.nn.Linear",)),
        (NET.replace("64", "63"), ("does not take samples of shape (64,)", "takes 63 inputs")),
        (NET.replace("nn.Linear(64, 6)", "nn.Conv2d(3, 6, 3)"), ("takes 3 channels",)),
        (NET.replace("6, 1)", "6, 3)"), ("3 outputs", "10 classes")),
    ],
)
def test_bad_modules(source: str, pieces: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = _refused(capsys, _net(tmp_path, source), "--criterion", "snip", "--density", 0.2)
    for piece in pieces:
        assert piece in line


@pytest.mark.parametrize(
    ("change", "pieces"),
    [
        (("--density", "1.5"), ("density", "1.5")),
        (("--criterion", "snib"), ("snib", "did you mean 'snip'")),
        (("--batch", "1"), ("batch = 1", "at least 2")),
        (("--batch", "99999"), ("batch", "1797")),
        (("--loss", "hinge"), ("loss", "hinge")),
        (("--loss", "cross-entropy"), ("1 outputs", "10 classes")),
        (("--layers", "1"), ("layers", "choose among")),
        (("--data", "nowhere"), ("nowhere", "no such file")),
        (("--draws", "-1"), ("draws", "-1")),
        (("--seed", "-1"), ("seed", "-1")),
        (("--weights", "x.npz"), ("weights", "goes with --mask")),
        (("--mask", "x.npz"), ("either",)),
    ],
)
def test_bad_options(
    change: tuple[str, str], pieces: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = _refused(capsys, _net(tmp_path), "--criterion", "snip", "--density", "0.2", *change)
    for piece in pieces:
        assert piece in line


def test_missing_files_and_missing_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = ("--criterion", "snip", "--density", 0.2)
    assert "cannot be read" in _refused(capsys, f"{tmp_path}/none.py:build", *both)
    assert "FILE.py:FACTORY" in _refused(capsys, tmp_path / "none.py", *both)
    assert "no .py file" in _refused(capsys, _net(tmp_path, name="net.txt"), *both)
    assert "either" in _refused(capsys)
    assert "give --density" in _refused(capsys, _net(tmp_path), "--criterion", "snip")
    assert "give --criterion" in _refused(capsys, _net(tmp_path), "--density", 0.2)
    assert "--density needs" in _refused(capsys, "--mask", "x.npz", "--density", 0.2)
    blocked = tmp_path / "blocked"
    blocked.write_text("in the way", encoding="utf-8")
    assert "out" in _refused(capsys, _net(tmp_path), *both, "--out", blocked / "run")
    assert "out" in _refused(capsys, _net(tmp_path), *both, "--out", "x" * 300)
    assert "snib" in _refused(capsys, _net(tmp_path), *both, "--criterion", "snib", "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_the_user_s_file_prints_does_not_spoil_the_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _net(tmp_path, "print('hello')\n" + NET)
    options = ["--criterion", "random", "--density", "0.2", "--draws", "0", "--format", "json"]
    assert main(["analyse", path, *options]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["schema"] == "graphon.analyse/1"
    assert "hello" in printed.err


def test_the_factory_is_seeded_and_init_draws_anew(tmp_path: Path) -> None:
    path = _net(tmp_path, NET.replace("return ", "net = ") + "    nn.init.zeros_(net[0].weight)\n    return net\n")
    before = torch.random.get_rng_state()
    one, again = load_module(path, seed=3), load_module(path, seed=3)
    assert torch.equal(one.get_parameter("2.weight"), again.get_parameter("2.weight"))
    assert not torch.equal(one.get_parameter("2.weight"), load_module(path, seed=4).get_parameter("2.weight"))
    assert not one.get_parameter("0.weight").any()
    assert bool(load_module(path, seed=3, fresh=True).get_parameter("0.weight").all())
    assert torch.equal(torch.random.get_rng_state(), before)


def _module() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 1))


def _samples(inputs: torch.Tensor | None = None, targets: torch.Tensor | None = None) -> Samples:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(40, 6, generator=generator) if inputs is None else inputs
    y = torch.randn(40, generator=generator) if targets is None else targets
    return Samples(inputs=x, targets=y, classes=None)


def test_frozen_shared_and_unused_layers_nan_weights_and_constant_data() -> None:
    def run(module: nn.Module, samples: Samples | None = None) -> None:
        analyse(module, samples or _samples(), criterion="snip", density=0.3, draws=0)

    frozen = _module()
    frozen[0].requires_grad_(False)
    with pytest.raises(InputError, match="frozen"):
        run(frozen)
    shared = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6), nn.Linear(6, 1))
    shared[2].weight = shared[0].weight
    with pytest.raises(InputError, match="shared by"):
        run(shared)

    class Unused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.spare = nn.Linear(6, 1), nn.Linear(6, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x)

    with pytest.raises(InputError, match=r"layer spare.*no gradient"):
        run(Unused())
    broken = _module()
    with torch.no_grad():
        broken[0].weight[0, 0] = torch.nan
    with pytest.raises(InputError, match="NaN"):
        run(broken)
    huge = nn.Sequential(*_module(), nn.Linear(1, 1))
    with torch.no_grad():
        huge[0].weight.fill_(3e38)
    with pytest.raises(InputError, match="NaN or infinite"):
        run(huge)
    with pytest.raises(InputError, match="samples of the batch are equal"):
        run(_module(), _samples(inputs=torch.zeros(40, 6)))
    with pytest.raises(InputError, match="labels of the batch are equal"):
        run(_module(), _samples(targets=torch.zeros(40)))


def test_a_forward_that_fails_later_is_the_user_s_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = (
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a = nn.Linear(64, 1)\n    def forward(self, x):\n        if len(x) > 2: raise OSError('later')\n"
        "        return self.a(x)\nbuild = Net\n"
    )
    line = _refused(capsys, _net(tmp_path, source), "--criterion", "snip", "--density", 0.2)
    assert "OSError at net.py:7" in line


MASK = torch.tensor([[1, 0, 1], [0, 0, 1]], dtype=torch.bool)


def _safetensors(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    codes = {torch.bool: "BOOL", torch.float32: "F32", torch.uint8: "U8"}
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, value in tensors.items():
        data = value.contiguous().numpy().tobytes()
        header[name] = {
            "dtype": codes[value.dtype], "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(data)]
        }  # type: ignore[assignment]  # fmt: skip
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def test_masks_are_read_from_every_format(tmp_path: Path) -> None:
    weights = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    np.save(tmp_path / "a.npy", MASK.numpy())
    np.savez(tmp_path / "b.npz", fc=MASK.numpy().astype(np.float32))
    torch.save({"fc.weight_mask": MASK.float(), "fc.weight_orig": weights, "fc.bias": torch.ones(2)}, tmp_path / "c.pt")
    torch.save({"state_dict": {"fc.weight": weights * MASK, "fc.bias": torch.ones(2)}}, tmp_path / "d.pt")
    torch.save(MASK, tmp_path / "e.pt")
    _safetensors(tmp_path / "f.safetensors", {"fc.weight": weights * MASK, "fc.bias": torch.ones(2)})
    _safetensors(tmp_path / "g.safetensors", {"fc": MASK})
    names = {"a.npy": "mask", "e.pt": "mask"}
    for file in sorted(tmp_path.iterdir()):
        masks, notes = read_masks(file)
        assert list(masks) == [names.get(file.name, "fc")], file
        assert torch.equal(next(iter(masks.values())), MASK), file
        assert bool(notes) == (file.name in {"c.pt", "d.pt", "f.safetensors"}), file
    assert torch.equal(read_weights(tmp_path / "c.pt", {"fc": MASK})["fc"], weights)
    with pytest.raises(InputError, match="not in the file"):
        read_weights(tmp_path / "c.pt", {"other": MASK})
    with pytest.raises(InputError, match="its mask"):
        read_weights(tmp_path / "c.pt", {"fc": MASK.T})


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('executed')",)


def test_bad_mask_files_are_refused_and_nothing_is_executed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(name: str, data: bytes) -> str:
        (tmp_path / name).write_bytes(data)
        return _refused(capsys, "--mask", tmp_path / name)

    evil = refused("evil.pkl", pickle.dumps(_Evil()))
    assert "unpickled" in evil
    assert ".safetensors" in evil
    torch.save({"fc.weight": _Evil()}, tmp_path / "evil.pt")
    assert "unpickled" in _refused(capsys, "--mask", tmp_path / "evil.pt")
    np.save(tmp_path / "objects.npy", np.array([[_Evil()]], dtype=object), allow_pickle=True)
    assert "no readable .npy" in _refused(capsys, "--mask", tmp_path / "objects.npy")
    np.savez(tmp_path / "objects.npz", a=np.array([[_Evil()]], dtype=object))
    assert "no readable .npz" in _refused(capsys, "--mask", tmp_path / "objects.npz")

    np.save(tmp_path / "good.npy", np.eye(4))
    assert "no readable .npy" in refused("short.npy", (tmp_path / "good.npy").read_bytes()[:-9])
    np.savez(tmp_path / "good.npz", a=np.eye(4))
    assert "broken archive" in refused("short.npz", (tmp_path / "good.npz").read_bytes()[:-30])
    good = _safetensors(tmp_path / "good.safetensors", {"fc": MASK}).read_bytes()
    assert "bytes 0 to 6" in refused("short.safetensors", good[:-1])
    assert "no JSON" in refused("long.safetensors", struct.pack("<Q", len(good) + 9) + good[8:])
    assert "not read" in refused("odd.safetensors", good.replace(b'"BOOL"', b'"BOLL"'))
    assert "refused" in refused("noise.bin", b"\x01\x02 not a mask of any kind")
    assert "is empty" in refused("empty.npz", b"")
    assert "cannot be read" in _refused(capsys, "--mask", tmp_path / "none.npz")

    def of_array(**arrays: object) -> str:
        np.savez(tmp_path / "array.npz", **arrays)  # type: ignore[arg-type]
        return _refused(capsys, "--mask", tmp_path / "array.npz")

    assert "not 0/1 (it holds 0, 2" in of_array(mask=np.array([[0, 2]]))
    assert "fc_mask is not 0/1" in of_array(fc_mask=np.array([[0.0, 0.5]]))
    assert "NaN" in of_array(fc=np.array([[0.0, np.nan]]))
    assert "no mask of a layer" in of_array(fc=np.ones(3))
    assert "dtype" in of_array(fc=np.array([["a"]]))
