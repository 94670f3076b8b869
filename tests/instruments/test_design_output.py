"""What a design says of itself: the command's options, the run, its text, its document, and methods side by side."""

from __future__ import annotations

import argparse
import inspect
import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import astuple, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from verification.data import load_data
from verification.data.linear_task import linear_task
from verification.design import Profile, design, result
from verification.design.command import add_design
from verification.design.compare import Judged, judge, judge_all, pruned
from verification.design.document import document
from verification.design.figures import profile_figure
from verification.design.folder import write_folder
from verification.design.result import DesignRun, run_design
from verification.design.text import render_text


def _parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_design(parser.add_subparsers())
    return parser.parse_args(["design", "--density", "0.25", *arguments])


def test_options_default_to_those_of_a_run() -> None:
    told, run = vars(_parsed()), inspect.signature(run_design).parameters
    names = {"hidden": "width", "samples": "size", "init": "initialisation"}
    for name in ("hidden", "samples", "weights", "kind", "init", "ridge", "seed"):
        assert told[name] == run[names.get(name, name)].default, name
    assert (told["data"], told["density"], told["out"], told["format"]) == ("digits", 0.25, None, "text")


@pytest.mark.parametrize(
    ("option", "choices"),
    [
        ("weights", ["kept", "redrawn"]),
        ("kind", ["top", "bernoulli"]),
        ("init", ["gaussian", "uniform"]),
        ("format", ["text", "json"]),
    ],
)
def test_every_choice_can_be_made_by_name(option: str, choices: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for choice in choices:
        assert vars(_parsed(f"--{option}", choice))[option] == choice
    with pytest.raises(SystemExit) as left:
        _parsed(f"--{option}", choices[0].upper())
    assert left.value.code == 2
    assert f"argument --{option}: invalid choice" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "told"), [("hidden", 7), ("samples", 9), ("seed", 3), ("ridge", 0.5)])
def test_numbers_are_read_as_numbers(option: str, told: float) -> None:
    found = vars(_parsed(f"--{option}", str(told)))[option]
    assert found == told
    assert type(found) is type(told)


@pytest.fixture(scope="module")
def run() -> Iterator[DesignRun]:
    """A small run at another failure probability than that of ``judge``, with a criterion that costs nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(result, "design", partial(design, starts=("relaxed",), steps=3))
        patch.setattr(result, "CRITERIA", ("random",))
        patch.setattr(result, "DELTA", 0.02)
        yield run_design(load_data("teacher:44x6"), 0.4, source="mine", width=32, size=14, seed=3, ridge=0.01)


def test_bounds_of_a_run_are_those_of_its_failure_probability(run: DesignRun) -> None:
    from verification.design.halves import halves

    data = halves(load_data("teacher:44x6"), size=14, seed=3)
    network = pruned(("design", run.profile), 32, batch=data.design, density=0.4, seed=3)
    assert torch.equal(network.masks["hidden"], run.mask)
    own = judge("design", network, data.sample, data.rest, delta=run.delta, ridge=0.01)
    np.testing.assert_equal(astuple(run.own), astuple(own))
    assert judge("design", network, data.sample, data.rest, ridge=0.01).bound < own.bound
    assert (run.delta, run.tested, run.samples, run.inputs) == (0.02, 16, 14, 6)
    assert [one.method for one in run.judged] == ["design", "limit", "relaxed", "random", "dense"]


def test_text_and_document_say_what_was_found(run: DesignRun) -> None:
    strange = Judged("relaxed", 4321.0, math.inf, math.nan, math.nan, 0.25, "eigenvalue 3")
    odd = replace(run, judged=(run.own, strange, replace(strange, method="other"), replace(strange, singular="")))
    lines = {line.split()[0]: line for line in render_text(odd).splitlines() if line.startswith("  ")}
    assert "the mask that is written" in lines["design"]
    assert f"{run.own.complexity:.3f}" in lines["design"]
    assert lines["other"].split() == ["other", "4.32e+03", "-", "-", "0.250", "singular", "kernel:", "eigenvalue", "3"]
    shown = [line for line in render_text(odd).splitlines() if line.startswith("  relaxed")]
    assert shown[0].endswith("optimum for the linear part;  singular kernel: eigenvalue 3")
    assert shown[1].endswith("optimum for the linear part")
    told = json.loads(json.dumps(document(odd), allow_nan=False))
    assert told["methods"][1] == {
        "method": "relaxed", "complexity": 4321.0, "bound": None, "risk": None, "error": 0.25,
        "singular": "eigenvalue 3",
    }  # fmt: skip
    assert told["kept"] == int(run.mask.sum()) == round(0.4 * told["size"])
    assert (told["source"], told["width"], told["delta"], told["image"]) == ("mine", 32, 0.02, None)


@pytest.mark.parametrize(
    ("image", "place"), [(None, "input 5"), ((1, 2, 3), "(1, 2)"), ((3, 1, 2), "(2: 0, 1)"), ((2, 3, 1), "(1: 2, 0)")]
)
def test_the_largest_degree_is_told_by_its_place(
    run: DesignRun, image: tuple[int, int, int] | None, place: str
) -> None:
    profile = Profile(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 2.0]), 0.4, run.profile.rows)
    placed = replace(run, image=image, tailored=replace(run.tailored, profile=profile))
    assert f"largest degrees: {place} {profile.degrees[5]:.2f}, " in render_text(placed)


def test_a_figure_has_an_image_a_channel(run: DesignRun) -> None:
    drawn = ET.fromstring(profile_figure(replace(run, image=(3, 1, 2))))  # noqa: S314  # our own text
    assert drawn.tag.endswith("svg")
    # One more is the scale of colours.
    assert sum(part.tag.endswith("}image") for part in drawn.iter()) == 3 + 1


def test_files_are_those_of_the_run(run: DesignRun, tmp_path: Path) -> None:
    files = write_folder(run, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(files)
    assert json.loads(files["design.json"].read_text()) == json.loads(json.dumps(document(run)))
    with np.load(files["mask.npz"]) as mask, np.load(files["weights.npz"]) as weights:
        np.testing.assert_array_equal(mask["hidden"], run.mask.numpy())
        np.testing.assert_array_equal(weights["hidden"], run.initial.numpy())
        np.testing.assert_array_equal(weights["readout"], run.readout.numpy()[None, :])
    with np.load(files["profile.npz"]) as told:
        # The mask can be made again from the profile and the weights.
        scores = np.outer(told["rows"], told["columns"]) * np.abs(run.initial.numpy())
        kept = scores >= np.sort(scores.ravel())[-int(run.mask.sum())]
        np.testing.assert_array_equal(kept, run.mask.numpy())
        np.testing.assert_array_equal(told["mean"], run.mean.numpy())
        assert (float(told["scale"]), float(told["density"])) == (run.scale, 0.4)


def test_methods_side_by_side_are_each_pruned_and_judged() -> None:
    """With no option at its default, so that each has to arrive."""
    source = torch.Generator().manual_seed(4)
    teacher = linear_task(6, generator=source, active=2)
    batch, sample, test = (teacher.draw(count, source) for count in (12, 12, 20))
    methods: list[str | tuple[str, Profile]] = [("mine", Profile(np.arange(1.0, 7.0), 0.5, weights="redrawn")), "dense"]
    making = {"density": 0.5, "seed": 7, "weights": "redrawn", "kind": "bernoulli", "initialisation": "uniform"}
    found = judge_all(methods, 24, batch, sample, test, delta=0.3, ridge=0.2, **making)  # type: ignore[arg-type]
    for method, one in zip(methods, found, strict=True):
        network = pruned(method, 24, batch=batch, **making)  # type: ignore[arg-type]
        name = method if isinstance(method, str) else method[0]
        np.testing.assert_equal(astuple(one), astuple(judge(name, network, sample, test, delta=0.3, ridge=0.2)))
        assert math.isfinite(one.risk)
    (alone,) = judge_all(["random"], 24, batch, sample, None, density=0.5, seed=7, ridge=0.2)
    assert math.isnan(alone.risk)
