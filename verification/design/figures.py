"""Figures of a design, SVG with reproducible bytes: degrees of the inputs, and the bounds side by side."""

from __future__ import annotations

import math
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from verification.design.result import DesignRun
from verification.report.style import BLUE, ORANGE, STYLE, svg

_STYLE: Final = {key: value for key, value in STYLE.items() if "grid" not in key}  # bars and images have none
_CUT: Final = 4.0  # of the bars' axis, over the designed network: a kernel near singular would flatten the rest


def profile_figure(run: DesignRun) -> str:
    """Degree of each input: an image where inputs are pixels (up to three channels), else bars."""
    degrees = run.profile.degrees
    with mpl.rc_context(_STYLE):
        if run.image is None:
            figure = Figure(figsize=(6.4, 2.8), layout="constrained")
            axis = figure.subplots()
            axis.bar(np.arange(degrees.size), degrees, width=1.0, color=BLUE)
            axis.axhline(run.density, color=ORANGE, linewidth=1.0)
            axis.set_xlabel("input")
            axis.set_ylabel("kept share of its edges (line: density)")
            return svg(figure)
        maps = degrees.reshape(run.image)[:3]
        figure = Figure(figsize=(3.4 * len(maps) + 1.0, 3.2), layout="constrained")
        axes = figure.subplots(1, len(maps), squeeze=False)[0]
        for channel, (axis, values) in enumerate(zip(axes, maps, strict=True)):
            image = axis.imshow(values, cmap="cividis", vmin=0.0, vmax=max(float(maps.max()), 1e-9))
            axis.set_xlabel("column")
            axis.set_ylabel("row")
            title = "degree of each input pixel"
            axis.set_title(title + (f", channel {channel}" if len(maps) > 1 else f", density {run.density:g}"))
        figure.colorbar(image, ax=axes, label="kept share of its edges")
        return svg(figure)


def bounds_figure(run: DesignRun) -> str:
    """Bound and complexity of every method, one bar each; a dash where the kernel is singular."""
    names = [one.method for one in run.judged]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.2, 0.26 * len(names) + 1.0), layout="constrained")
        for axis, number in zip(figure.subplots(1, 2, sharey=True), ("complexity", "bound"), strict=True):
            values = [float(getattr(one, number)) for one in run.judged]
            end = _CUT * float(getattr(run.own, number))
            places = range(len(names))
            colours = [ORANGE if name == "design" else BLUE for name in names]
            axis.barh(places, [0.0 if math.isnan(v) else min(v, end) for v in values], color=colours)
            for place, value in enumerate(values):
                told = "-" if math.isnan(value) else f"{value:.3g}"
                reached = 0.0 if math.isnan(value) else min(value, end)
                axis.text(reached, place, f" {told}", va="center", fontsize=7)
            axis.margins(x=0.15)
            axis.set_title(f"{number} on the other half")
            axis.set_yticks(places, names)
        axis.invert_yaxis()
        return svg(figure)
