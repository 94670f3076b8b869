"""Figures of the benchmark on designed masks, SVG with reproducible bytes: against density, and against the sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from verification.report.style import BLUE, GREEN, GREY, ORANGE, STYLE, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from benchmarks.design import Row

FOLDER = Path("runs/benchmarks")
_LOOKS = {
    "design": (ORANGE, "o", "-"),
    "relaxed": (ORANGE, "s", ":"),
    "snip": (BLUE, "D", "-"),
    "grasp": ("#E69F00", "v", "-"),
    "synflow": (GREEN, "<", "-"),
    "magnitude": ("#000000", "^", "-"),
    "random": (GREY, "x", "-"),
    "dense": (GREY, "", "--"),
}
_LABELS = {"kernel": "test error, kernel regime", "adam": "test error, Adam", "bound": "bound (GEN)"}
_CUT = 6.0  # of a panel's axis, over its dense network: kernels near singular would flatten the rest


def write_figures(rows: Sequence[Row], samples: int, density: float) -> list[Path]:
    """Write ``design.svg`` (by density) and ``design_curves.svg`` (by sample)."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    by_density = [row for row in rows if row.samples == samples]
    several = {row.data for row in rows if row.samples != samples}
    by_sample = [row for row in rows if row.density == density and row.data in several]
    found = {FOLDER / "design.svg": _figure(by_density, "density", tuple(_LABELS))}
    if by_sample:
        found[FOLDER / "design_curves.svg"] = _figure(by_sample, "samples", ("kernel", "adam"))
    for path, text in found.items():
        path.write_text(text, encoding="utf-8")
    return list(found)


def _figure(rows: Sequence[Row], across: str, numbers: Sequence[str]) -> str:
    data = list(dict.fromkeys(row.data for row in rows))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.5 * len(numbers) + 0.4, 2.6 * len(data) + 0.7), layout="constrained")
        axes = figure.subplots(len(data), len(numbers), squeeze=False)
        for i, name in enumerate(data):
            for j, number in enumerate(numbers):
                chosen = [row for row in rows if (row.data, row.number) == (name, number)]
                _draw(axes[i][j], chosen, across)
                axes[i][j].set_title(f"{name}: {_LABELS[number]}")
        for axis in axes[-1]:
            axis.set_xlabel("density" if across == "density" else "samples of a half, N")
        handles = [
            axes[0][0].plot([], [], color=colour, marker=marker, linestyle=line, markersize=3, label=name)[0]
            for name, (colour, marker, line) in _LOOKS.items()
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=7)
        return svg(figure)


def _draw(axis: Axes, rows: Sequence[Row], across: str) -> None:
    """One line a method with its interval; a setting with singular kernels has no point."""
    for name, (colour, marker, line) in _LOOKS.items():
        found = sorted((row for row in rows if row.method == name), key=lambda row: getattr(row, across))
        found = [row for row in found if len(row.found) == len(row.values) > 1]
        x = [getattr(row, across) for row in found]
        ends = [row.interval for row in found]
        axis.plot(x, [e[0] for e in ends], color=colour, marker=marker, linestyle=line, markersize=3, linewidth=1.1)
        axis.fill_between(x, [e[1] for e in ends], [e[2] for e in ends], color=colour, alpha=0.12)
    dense = [row.interval[0] for row in rows if row.method == "dense"]
    top = axis.get_ylim()[1]
    axis.set_ylim(bottom=0.0, top=min(top, _CUT * max(dense)) if dense else top)
    axis.set_xscale("log")
    ticks = sorted({getattr(row, across) for row in rows})
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
