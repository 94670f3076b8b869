"""``graphon analyse`` where there is little to show or to test, and what it refuses then."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import torch

import verification.analysis as facade
from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian
from graphon_theory.saliency import FiniteModel
from verification.analysis import Analysis, analyse_mask, analyse_masks
from verification.analysis.document import document
from verification.analysis.figures import feature_figure, mask_figure
from verification.analysis.folder import write_folder
from verification.analysis.matrices import layer_matrix
from verification.analysis.page import render_page
from verification.analysis.result import Comparison
from verification.analysis.text import compared, render_text, verdict

CHECKERED = np.indices((8, 6)).sum(axis=0) % 2 == 0


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """A mask of one small layer: no criterion, no notes, too small for a histogram."""
    found = analyse_masks({"one": torch.from_numpy(CHECKERED)}, source="mask.npz", draws=0)
    return replace(found, notes=())


def drawn(monkeypatch: pytest.MonkeyPatch, layers: Any) -> list[str]:
    """Return the titles and texts that a figure of masks has."""
    seen: list[str] = []
    keep = mpl.figure.Figure.savefig

    def note(self: Any, *given: Any, **named: Any) -> Any:
        for axis in self.axes:
            seen.extend([axis.get_title(), *(text.get_text() for text in axis.texts)])
        return keep(self, *given, **named)

    monkeypatch.setattr(mpl.figure.Figure, "savefig", note)
    figure = mask_figure(layers)
    assert figure is not None
    assert figure.startswith(b"\x89PNG")
    return seen


def test_a_layer_without_prediction_and_histogram_says_so(analysis: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    (layer,) = analysis.layers
    bare = replace(layer, prediction=None, histogram=None)
    seen = drawn(monkeypatch, [bare])
    assert any(text.startswith("one: mask, density 0.500") for text in seen)
    assert any("too\nsmall for a histogram" in text for text in seen)


def test_a_layer_with_a_histogram_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    layer = analyse_mask(rng.random((64, 64)) < 0.3, draws=19)
    assert layer.histogram is not None
    assert layer.prediction is None
    assert any("cross-fitted histogram" in text for text in drawn(monkeypatch, [layer]))


def test_full_and_empty_layers_and_inputs_that_are_no_pixels_have_no_figure(analysis: Analysis) -> None:
    (layer,) = analysis.layers
    assert mask_figure([replace(layer, kept=0), replace(layer, kept=layer.size)]) is None
    assert analysis.features is not None
    assert feature_figure(replace(analysis.features, image=None)) is None
    whole = replace(analysis.features, image=(1, 2, 3))
    found = feature_figure(whole)
    assert found is not None
    assert found.startswith(b"\x89PNG")


def _bare(analysis: Analysis) -> Analysis:
    return replace(analysis, features=None, intrinsic=None, effective=None, notes=())


def test_text_and_page_leave_out_what_there_is_not(analysis: Analysis) -> None:
    noted = replace(analysis, effective=7, notes=("Look at <this>.",))
    for shown in (render_text(noted), render_page(noted, [])):
        assert "inputs of the network" in shown.lower()
        assert re.search("intrinsic dimension", shown, re.IGNORECASE)
        assert "7 of them on a path" in shown
    assert "  - Look at <this>." in render_text(noted)
    assert "Look at &lt;this&gt;." in render_page(noted, [])
    for shown in (render_text(_bare(analysis)), render_page(_bare(analysis), [])):
        assert "inputs of the network" not in shown.lower()
        assert not re.search("intrinsic dimension", shown, re.IGNORECASE)
        assert "on a path" not in shown
        assert "notes" not in shown.lower()


def test_a_folder_without_figures_is_complete(analysis: Analysis, tmp_path: Path) -> None:
    (layer,) = analysis.layers
    full = replace(layer, kept=layer.size)
    bare = write_folder(replace(_bare(analysis), layers=(full,)), tmp_path / "bare")
    assert set(bare) == {"analyse.json", "report.html", "mask.npz"}
    assert "<img" not in bare["report.html"].read_text(encoding="utf-8")
    # Inputs that are no pixels are said in words alone.
    flat = write_folder(analysis, tmp_path / "flat")
    assert set(flat) == set(bare) | {"masks.png"}


def test_a_folder_without_permission_is_refused(
    analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *given: False)  # chmod does not stop a superuser
    with pytest.raises(InputError, match="no permission"):
        write_folder(analysis, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("kept", "prediction", "p", "draws", "said"),
    [
        (0, None, None, 0, "collapsed"),
        (48, None, None, 0, "kept whole"),
        (24, None, None, 0, "not tested"),
        (24, None, 0.5, 9, "not tested"),
        (24, None, 0.001, 999, "not constant"),
        (24, None, 0.5, 999, "may be constant"),
        (24, CHECKERED * 0.5, 0.001, 999, "rejected"),
        (24, CHECKERED * 0.5, 0.5, 999, "as predicted"),
    ],
)
def test_the_verdict_on_a_layer(
    kept: int, prediction: Any, p: float | None, draws: int, said: str, analysis: Analysis
) -> None:
    (layer,) = analysis.layers
    made = () if p is None else (Comparison("any", "-", 1, 0.0, 0.1, adjusted={"cut": p}, draws=draws),)
    assert verdict(replace(layer, kept=kept, comparisons=made, prediction=prediction)) == said


def test_dependent_edges_have_a_ratio_only_where_masks_were_sampled() -> None:
    bare = Comparison("proportional", "SNIP-P", None, 0.01, None, independent=False)
    for comparison, said in ((bare, False), (replace(bare, ratio=1.25), True)):
        assert ("1.25 times the mean of masks" in compared(comparison)) is said
        assert "no p-value: SNIP-P bounds the distance" in compared(comparison)


def test_what_json_lacks_is_null_and_what_it_cannot_hold_is_refused(analysis: Analysis) -> None:
    written: Any = document(replace(analysis, density=float("nan")))
    assert written["density"] is None
    with pytest.raises(TypeError, match="no JSON form for complex"):
        document(replace(analysis, density=1j))  # type: ignore[arg-type]


@pytest.mark.parametrize("mask", [torch.ones(4), torch.ones(2, 2, 2), torch.ones(0, 3)])
def test_what_is_no_mask_of_a_layer_is_refused(mask: torch.Tensor) -> None:
    with pytest.raises(InputError, match="mask"):
        layer_matrix(mask, "tap")
    with pytest.raises(InputError, match="mask"):
        analyse_masks({"one": mask.bool()}, source="made")


def test_masks_and_their_predictions_must_fit() -> None:
    with pytest.raises(InputError, match="masks"):
        analyse_masks({}, source="made")
    with pytest.raises(InputError, match="prediction"):
        analyse_mask(CHECKERED, FiniteModel(np.ones((6, 8)), Gaussian()))
    with pytest.raises(InputError, match="mask"):
        analyse_mask(np.full((2, 3, 1, 1), 0.5))
    four = analyse_mask(torch.from_numpy(CHECKERED).reshape(8, 6, 1, 1), draws=0)
    assert (four.kept, four.size) == (24, 48)


@pytest.mark.parametrize("seed", [-1, True, 0.5])
def test_a_seed_that_is_none_is_refused(seed: Any) -> None:
    with pytest.raises(InputError, match="seed"):
        analyse_mask(CHECKERED, seed=seed)


def test_the_facade_offers_what_it_lists_and_nothing_else() -> None:
    assert set(facade.__all__) <= set(dir(facade))
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        facade.nothing_of_this_name  # noqa: B018
