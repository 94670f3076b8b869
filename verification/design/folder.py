"""Write a design into a folder; each file appears whole or not at all."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from verification.analysis.folder import require_writable
from verification.design.document import document
from verification.design.figures import bounds_figure, profile_figure
from verification.design.result import DesignRun
from verification.files import write_whole


def write_folder(run: DesignRun, folder: Path) -> dict[str, Path]:
    """Write ``design.json``, ``profile.npz``, ``mask.npz``, ``weights.npz`` and the figures; return name -> path.

    ``mask.npz`` and ``weights.npz`` have the names of the layers, as ``graphon analyse --mask --weights`` reads them.

    Raises
    ------
    InputError
        If the folder or a file cannot be written.
    """
    require_writable(folder)
    files = {
        "design.json": (json.dumps(document(run), indent=2, allow_nan=False) + "\n").encode(),
        "profile.npz": _npz(
            columns=run.profile.columns,
            rows=run.profile.rows,
            threshold=np.array(run.profile.threshold),
            density=np.array(run.density),
            degrees=run.profile.degrees,
            mean=run.mean.numpy(),
            scale=np.array(run.scale),
        ),
        "mask.npz": _npz(hidden=run.mask.numpy()),
        "weights.npz": _npz(hidden=run.initial.numpy(), readout=run.readout.numpy()[None, :]),
        "profile.svg": profile_figure(run).encode(),
        "bounds.svg": bounds_figure(run).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("out", str(folder), f"{error.strerror}: name a folder that can be written") from error
    return {name: write_whole(folder / name, data) for name, data in files.items()}


def _npz(**arrays: npt.NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
