"""Masks of a suite's first saliency model at growing widths beside its graphon, as small PNGs.

They are drawn when the report is made, from the suite's master seed: an illustration, and no evidence.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Final

import matplotlib.image
import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.errors import InputError
from graphon_theory.graphon import Graphon
from graphon_theory.saliency import SaliencyModel
from verification.sampling import sample_mask
from verification.suite import Suite

Array = npt.NDArray[np.float64]

WIDTHS: Final = (16, 32, 64, 128, 256, 512)
CELLS: Final = 16
"""Cells a side over which a mask is averaged; every width is a multiple."""

_FINE: Final = 4  # points a cell and axis at which the graphon is averaged


@dataclass(frozen=True)
class Frame:
    """One width.

    Parameters
    ----------
    width
        ``n``; ``d`` is the same.
    mask, averaged
        PNGs: n x n entries, kept ones bright; kept fraction in each of 16 x 16 cells.
    difference
        Root mean square, over the cells, of kept fraction less the graphon's mean there; in [0, 1].
    """

    width: int
    mask: bytes
    averaged: bytes
    difference: float


@dataclass(frozen=True)
class Frames:
    """All widths of one model.

    Parameters
    ----------
    model
        Name of the model in the suite.
    formula, noise
        Its profile ``g f``, as the suite writes it, and its noise law.
    density
        Kept fraction.
    frames
        One a width, growing.
    graphon
        PNG of the graphon's means over the same cells.
    top
        Kept fraction of the brightest colour, in (0, 1].
    """

    model: str
    formula: str
    noise: str
    density: float
    frames: tuple[Frame, ...]
    graphon: bytes
    top: float


def draw_frames(suite: Suite) -> Frames | None:
    """Draw masks of the suite's first model that a check uses; None where the suite checks no model.

    Rows have independent uniform types, sorted; columns lie on the midpoint grid.
    """
    for check in suite.checks:
        for name in check.models:
            spec, density = suite.models[name], check.densities[0]
            try:
                return _draw(spec.build(), f"({spec.g}) ({spec.f})", spec.noise, name, density, suite.seed)
            except InputError:
                continue  # a density that this model does not reach
    return None


def _draw(model: SaliencyModel, formula: str, noise: str, name: str, density: float, seed: int) -> Frames:
    limit = _cell_means(model.graphon(density))
    drawn = {width: _mask(model, density, width, seed) for width in WIDTHS}
    means = {
        width: mask.reshape(CELLS, width // CELLS, CELLS, width // CELLS).mean((1, 3)) for width, mask in drawn.items()
    }
    top = float(min(1.0, 1.25 * limit.max()))
    return Frames(
        model=name,
        formula=formula,
        noise=noise,
        density=density,
        frames=tuple(
            Frame(
                width=width,
                mask=_png(drawn[width], 1.0),
                averaged=_png(means[width], top),
                difference=float(np.sqrt(np.mean((means[width] - limit) ** 2))),
            )
            for width in WIDTHS
        ),
        graphon=_png(limit, top),
        top=top,
    )


def _mask(model: SaliencyModel, density: float, width: int, seed: int) -> Array:
    digest = hashlib.sha256(f"frame/{seed}/{width}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
    rows = torch.rand(width, generator=generator, dtype=torch.float64).sort().values.numpy()
    columns = (np.arange(width) + 0.5) / width
    kept: Array = sample_mask(model.at(rows, columns), density, generator).numpy().astype(np.float64)
    return kept


def _cell_means(graphon: Graphon) -> Array:
    fine = CELLS * _FINE
    points = (np.arange(fine) + 0.5) / fine
    values = np.asarray(graphon(points[:, None], points[None, :]), dtype=np.float64) + np.zeros((fine, fine))
    means: Array = values.reshape(CELLS, _FINE, CELLS, _FINE).mean((1, 3))
    return means


def _png(values: Array, top: float) -> bytes:
    """Encode with the perceptually even, colour-blind safe map cividis, without date or version."""
    buffer = io.BytesIO()
    program = {"Software": "graphon-theory"}
    matplotlib.image.imsave(buffer, values, cmap="cividis", vmin=0.0, vmax=top, format="png", metadata=program)
    return buffer.getvalue()
