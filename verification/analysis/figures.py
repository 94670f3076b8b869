"""Figures of an analysis, as PNG with reproducible bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from verification.analysis.result import Analysis, Array, Features, LayerAnalysis

_MOST_LAYERS = 8
_CELLS = 64
_TALL, _FLAT, _FEW = 2.7, 1.2, 4  # inches of a panel, and of one with few rows


def feature_figure(features: Features) -> bytes | None:
    """Degree of each input pixel, one panel a channel; None where inputs are no pixels."""
    if features.image is None:
        return None
    maps = features.degrees.reshape(features.image)
    shown = maps[:3]
    with mpl.rc_context({"font.size": 9.0}):
        figure = Figure(figsize=(3.6 * len(shown) + 1.0, 3.6), layout="constrained")
        axes = figure.subplots(1, len(shown), squeeze=False)[0]
        for channel, (axis, values) in enumerate(zip(axes, shown, strict=True)):
            image = axis.imshow(values, cmap="cividis", vmin=0, vmax=max(1, int(maps.max())))
            for ticks in (axis.xaxis, axis.yaxis):
                ticks.set_major_locator(mpl.ticker.MaxNLocator(8, integer=True))
            axis.set_xlabel("column")
            axis.set_ylabel("row")
            axis.set_title("edges of each input pixel" + (f", channel {channel}" if len(shown) > 1 else ""))
            for row, column in np.argwhere(values == 0):
                axis.text(column, row, "×", color="#ffffff", ha="center", va="center", fontsize=8)
        figure.colorbar(image, ax=axes, label="edges (×: none)")
        return _png(figure)


def mask_figure(layers: Sequence[LayerAnalysis]) -> bytes | None:
    """Masks, averaged over cells, beside predicted graphons or histograms; None without a layer that has both.

    Both axes are sorted by the prediction's means, never by the mask's own degrees, which would show a gradient
    even for a mask without structure; without a prediction the mask keeps its order.
    """
    shown = [layer for layer in layers if 0 < layer.kept < layer.size][:_MOST_LAYERS]
    if not shown:
        return None
    with mpl.rc_context({"font.size": 8.0}):
        heights = [_TALL if layer.rows.count > _FEW else _FLAT for layer in shown]
        figure = Figure(figsize=(6.4, sum(heights) + 0.3), layout="constrained")
        axes = figure.subplots(len(shown), 2, squeeze=False, height_ratios=heights)
        for (left, right), layer in zip(axes, shown, strict=True):
            mask, beside, title, order = _panels(layer)
            top = max(float(np.quantile(mask, 0.995)), 0.0 if beside is None else float(beside.max()), 1e-9)
            image = left.imshow(mask, cmap="cividis", vmin=0.0, vmax=top, aspect="auto", interpolation="nearest")
            left.set_title(f"{layer.name or 'module'}: mask, density {layer.density:.3f}")
            left.set_ylabel(f"outputs{order}" if layer.rows.count > _FEW else "outputs")
            left.set_xlabel(f"inputs{order}")
            if beside is None:
                right.text(0.5, 0.5, "no known profile, and too\nsmall for a histogram", ha="center", va="center")
                right.set_frame_on(False)
            else:
                right.imshow(beside, cmap="cividis", vmin=0.0, vmax=top, aspect="auto", interpolation="nearest")
                right.set_title(title)
            for axis in (left, right):
                axis.set_xticks([])
                axis.set_yticks([])
            figure.colorbar(image, ax=[left, right], label="kept fraction")
        return _png(figure)


def mask_alt(analysis: Analysis) -> str:
    """Alternative text of the masks' figure."""
    shown = [layer for layer in analysis.layers if 0 < layer.kept < layer.size][:_MOST_LAYERS]
    each = "; ".join(f"layer {layer.name or '(module)'}, density {layer.density:.3f}" for layer in shown)
    return f"Masks averaged over cells, beside what is predicted of them: {each}"


def feature_alt(features: Features) -> str:
    """Alternative text of the inputs' figure."""
    index, degree = features.most[0]
    return (
        f"Number of edges of each input pixel: from {int(features.degrees.min())} to {degree} (pixel {index}); "
        f"{len(features.empty)} pixels have none"
    )


def _panels(layer: LayerAnalysis) -> tuple[Array, Array | None, str, str]:
    mask = layer.mask.astype(np.float64)
    if layer.prediction is None:
        if layer.histogram is None:
            return _cells(mask), None, "", " in their order"
        h = layer.histogram
        return _cells(mask), np.array(h.densities), "cross-fitted histogram, by degree", " in their order"
    name = layer.comparisons[0].name
    if float(np.ptp(layer.prediction)) == 0.0:
        return _cells(mask), _cells(layer.prediction), f"predicted graphon: {name}", " in their order"
    rows = np.argsort(-layer.prediction.mean(axis=1), kind="stable")
    columns = np.argsort(-layer.prediction.mean(axis=0), kind="stable")
    both = (_cells(values[rows][:, columns]) for values in (mask, layer.prediction))
    return next(both), next(both), f"predicted graphon: {name}", " by prediction"


def _cells(values: Array) -> Array:
    """Average over at most 64 x 64 cells of at least 4 entries a side where there are as many."""
    blocks = [min(_CELLS, max(1, size // 4) if size > 16 else size) for size in values.shape]
    rows = np.stack([part.mean(axis=0) for part in np.array_split(values, blocks[0], axis=0)])
    return np.stack([part.mean(axis=1) for part in np.array_split(rows, blocks[1], axis=1)], axis=1)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=144, metadata={"Software": None}, facecolor="white")
    return buffer.getvalue()
