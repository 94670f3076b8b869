"""Write an analysis into a folder; each file appears whole or not at all."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import numpy as np

from graphon_theory.errors import InputError
from verification.analysis.document import document
from verification.analysis.figures import feature_alt, feature_figure, mask_alt, mask_figure
from verification.analysis.page import render_page
from verification.analysis.result import Analysis
from verification.files import write_whole

_MASKS = (
    "Left: the mask, averaged over cells. Right: the predicted graphon, both axes sorted by its means where they "
    "differ; or, where no profile is known, the cross-fitted histogram."
)
_FEATURES = "Edges of each input pixel in the first layer; × marks pixels without one."


def write_folder(analysis: Analysis, folder: Path) -> dict[str, Path]:
    """Write ``analyse.json``, ``report.html``, ``mask.npz`` and the figures; return name -> path.

    Raises
    ------
    InputError
        If the folder or a file cannot be written.
    """
    require_writable(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("out", str(folder), f"{error.strerror}: name a folder that can be written") from error
    files: dict[str, bytes] = {}
    figures: list[tuple[str, str, bytes]] = []
    if analysis.features is not None:
        png = feature_figure(analysis.features)
        if png is not None:
            files["features.png"] = png
            figures.append((_FEATURES, feature_alt(analysis.features), png))
    png = mask_figure(analysis.layers)
    if png is not None:
        files["masks.png"] = png
        figures.append((_MASKS, mask_alt(analysis), png))
    files["analyse.json"] = (json.dumps(document(analysis), indent=2, allow_nan=False) + "\n").encode()
    files["mask.npz"] = _npz(analysis)
    files["report.html"] = render_page(analysis, figures).encode()
    return {name: write_whole(folder / name, data) for name, data in files.items()}


def require_writable(folder: Path) -> None:
    """Check that the folder is there or can be made, before anything long is computed; nothing is made.

    Raises
    ------
    InputError
        If it cannot be made or written to.
    """
    try:
        nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    except OSError as error:
        raise InputError("out", str(folder), f"{error.strerror}: name a folder that can be written") from error
    if not nearest.is_dir():
        raise InputError("out", str(folder), f"{nearest} is no folder: name a folder that can be written")
    if not os.access(nearest, os.W_OK):
        raise InputError("out", str(folder), "no permission: name a folder that can be written")


def _npz(analysis: Analysis) -> bytes:
    buffer = io.BytesIO()
    # The module itself has the empty name, which an archive cannot hold.
    arrays = {name or "mask": kept for name, kept in analysis.masks.items()}
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
