"""``graphon design``: what it prints and writes, and how it fails."""

from __future__ import annotations

import contextlib
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import torch

from verification.analysis.mask_file import read_masks, read_weights
from verification.cli import main
from verification.criteria import CRITERIA
from verification.design.text import render_text

SMALL = ["design", "--data", "teacher:60x8", "--density", "0.3", "--hidden", "48", "--seed", "3"]
FILES = {"design.json", "profile.npz", "mask.npz", "weights.npz", "profile.svg", "bounds.svg"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Folder of a run, and what it prints as text and as JSON."""
    folder = tmp_path_factory.mktemp("runs")
    printed = []
    for arguments in (["--out", str(folder / "a")], ["--format", "json"]):
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            assert main([*SMALL, *arguments]) == 0
        printed.append(stream.getvalue())
    return folder, printed[0], printed[1]


def test_text_json_and_files_agree(runs: tuple[Path, str, str]) -> None:
    tmp_path, text, printed = runs
    told = json.loads(printed)
    assert {path.name for path in (tmp_path / "a").iterdir()} == FILES
    assert json.loads((tmp_path / "a" / "design.json").read_text()) == told
    assert told["schema"] == "graphon.design/1"
    methods = [one["method"] for one in told["methods"]]
    assert methods == ["design", "limit", "relaxed", *CRITERIA, "dense"]
    for one in told["methods"]:
        assert one["method"] in text
        if one["complexity"] is not None:
            assert f"{one['complexity']:.3f}" in text or one["complexity"] >= 1000.0
    masks, _ = read_masks(tmp_path / "a" / "mask.npz")
    weights = read_weights(tmp_path / "a" / "weights.npz", masks)
    kept = masks["hidden"]
    assert kept.shape == weights["hidden"].shape == (48, 8)
    assert int(kept.sum()) == told["kept"] == round(0.3 * 48 * 8)
    profile = np.load(tmp_path / "a" / "profile.npz")
    scores = np.outer(profile["rows"], profile["columns"]) * np.load(tmp_path / "a" / "weights.npz")["hidden"]
    best = np.sort(np.abs(scores).ravel())[-int(kept.sum()) :]
    np.testing.assert_allclose(np.sort(np.abs(scores)[kept.numpy()]), best)
    np.testing.assert_allclose(profile["degrees"], told["degrees"])
    assert np.mean(told["degrees"]) == pytest.approx(0.3)
    for name in ("profile.svg", "bounds.svg"):
        assert ET.parse(tmp_path / "a" / name).getroot().tag.endswith("svg")  # noqa: S314  # our own file


def test_analyse_reads_the_mask(runs: tuple[Path, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs[0] / "a"
    arguments = ["--mask", str(folder / "mask.npz"), "--weights", str(folder / "weights.npz"), "--draws", "0"]
    assert main(["analyse", *arguments]) == 0
    assert "hidden" in capsys.readouterr().out


def test_own_data_images_and_independent_edges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3, 3))
    np.savez(tmp_path / "mine.npz", x=x, y=(x[:, 0, 1] > 0).astype(np.int64))
    arguments = ["--data", str(tmp_path / "mine.npz"), "--density", "0.4", "--hidden", "40"]
    options = ["--weights", "redrawn", "--kind", "bernoulli", "--init", "uniform", "--ridge", "0.05", "--samples", "24"]
    assert main(["design", *arguments, *options, "--out", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "32 test samples (share of wrong signs)" in text
    assert "largest degrees: (0, 1)" in text
    assert (tmp_path / "out" / "profile.svg").exists()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (["--density", "1.5"], "density"),
        (["--density", "0"], "density"),
        (["--data", "teacher:3x4"], "give 4 or more"),
        (["--data", "teacher:60x1"], "2 inputs or more"),
        (["--data", "nowhere.npz"], "no such file"),
        (["--hidden", "0"], "hidden"),
        (["--hidden", "2"], "singular"),
        (["--seed", "-1"], "seed"),
        (["--ridge", "-1"], "ridge"),
        (["--samples", "31"], "give 2 to 30"),
        (["--kind", "bernoulli"], "redrawn"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    change: list[str], match: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SMALL, *change, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert match in told.err
    assert told.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_constant_labels_equal_inputs_and_nan_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 4)), rng.normal(size=40)
    broken = {
        "labels": (x, np.ones(40)),
        "inputs": (np.where(np.arange(40)[:, None] == 3, np.nan, x), y),
        "kernel": (np.repeat(x[:5], 8, axis=0), y),
    }
    for name, (inputs, labels) in broken.items():
        np.savez(tmp_path / "data.npz", x=inputs, y=labels)
        assert main(["design", "--data", str(tmp_path / "data.npz"), "--density", "0.4", "--hidden", "30"]) == 2
        assert name in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_computed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import verification.design.result

    def never(*_: object, **__: object) -> None:
        raise AssertionError("computed")

    monkeypatch.setattr(verification.design.result, "run_design", never)
    (tmp_path / "file").write_text("")
    assert main([*SMALL, "--out", str(tmp_path / "file" / "out")]) == 2
    assert "out" in capsys.readouterr().err


def test_help_has_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["design", "--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert "examples:" in told
    assert "exit codes: 0 done" in told
    with pytest.raises(SystemExit) as left:
        main(["design"])
    assert left.value.code == 2


def test_too_few_samples_to_hold_out_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    from verification.data import load_data
    from verification.design.result import run_design

    text = render_text(run_design(load_data("teacher:20x6"), 0.4, width=40, seed=1))
    assert "too few to hold out any" in text
    assert "no sample left to test on" in text
    assert torch.get_default_dtype() == torch.float32
