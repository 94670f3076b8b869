"""Figures of the benchmark on generalisation: each number against density, SVG with reproducible bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from verification.generalisation.pruned import CRITERIA
from verification.report.style import BLUE, GREEN, GREY, ORANGE, STYLE, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from benchmarks.generalisation import Row

FOLDER = Path("runs/benchmarks")
_COLOURS = dict(zip(CRITERIA, (GREY, "#000000", BLUE, ORANGE, "#E69F00", GREEN), strict=True))
_MARKERS = dict(zip(CRITERIA, "osD^v<", strict=True))
RISKS = (("error", "test error"), ("complexity", "complexity, 2 (energy x trace)$^{1/2}$/N"), ("bound", "bound (GEN)"))
SPECTRA = (("rank", "effective rank / N"), ("top", "five largest eigenvalues"), ("alignment", "alignment"))


def write_figures(rows: Sequence[Row]) -> list[Path]:
    """Write ``generalisation.svg`` (error, complexity, bound) and ``generalisation_spectra.svg``."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = {
        FOLDER / "generalisation.svg": density_figure(rows, RISKS),
        FOLDER / "generalisation_spectra.svg": density_figure(rows, SPECTRA),
    }
    for path, text in found.items():
        path.write_text(text, encoding="utf-8")
    return list(found)


def density_figure(rows: Sequence[Row], numbers: Sequence[tuple[str, str]]) -> str:
    """Draw numbers across and data sets down against density, one line a criterion, with 95 per cent intervals."""
    data = list(dict.fromkeys(row.data for row in rows))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.4 * len(numbers) + 0.4, 2.7 * len(data) + 0.7), layout="constrained")
        axes = figure.subplots(len(data), len(numbers), squeeze=False, sharex=True)
        for i, name in enumerate(data):
            for j, (number, label) in enumerate(numbers):
                _draw(axes[i][j], [r for r in rows if (r.data, r.number) == (name, number)])
                axes[i][j].set_title(f"{name}: {label}")
                if i + 1 == len(data):
                    axes[i][j].set_xlabel("density")
        handles = [
            axes[0][0].plot([], [], color=_COLOURS[name], marker=_MARKERS[name], markersize=3, label=name)[0]
            for name in CRITERIA
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
        return svg(figure)


def _draw(axis: Axes, rows: Sequence[Row]) -> None:
    """Draw one number of one data set; the dense network ends every line."""
    dense = [row for row in rows if row.criterion == "dense"]
    for name in CRITERIA:
        found = sorted([r for r in rows if r.criterion == name] + dense, key=lambda r: r.density)
        x, y = [r.density for r in found], [r.mean for r in found]
        axis.plot(x, y, color=_COLOURS[name], marker=_MARKERS[name], markersize=3, linewidth=1.1)
        axis.fill_between(x, [r.low for r in found], [r.high for r in found], color=_COLOURS[name], alpha=0.12)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(mpl.ticker.ScalarFormatter())
