"""Figures of the spectra: each number against sparsity, SVG with reproducible bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

from verification.ntk.masked import WEIGHTS
from verification.report.style import BLUE, GREEN, GREY, ORANGE, STYLE, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from benchmarks.spectra import Row

FOLDER = Path("runs/benchmarks")
_COLOURS = {"kept": BLUE, "redrawn": ORANGE}
_LINES = {"step": "--", "model": ":"}
_CRITERIA = (GREY, "#000000", BLUE, ORANGE, "#E69F00", GREEN, "#CC79A7")
_MARKERS = "osD^v<>"


def write_figures(rows: Sequence[Row]) -> list[Path]:
    """Write ``spectra.svg`` (by criterion, network beside limits) and ``spectra_criteria.svg`` (criteria together)."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = {"spectra.svg": limits_figure(rows), "spectra_criteria.svg": criteria_figure(rows)}
    for name, text in found.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return [FOLDER / name for name in found]


def limits_figure(rows: Sequence[Row]) -> str:
    """Draw numbers down, criteria across: network with its interval, and both limits, for each variant of weights."""
    numbers, criteria = _named(rows)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.9 * len(criteria) + 1.0, 1.5 * len(numbers) + 0.9), layout="constrained")
        axes = figure.subplots(len(numbers), len(criteria), squeeze=False, sharex=True, sharey="row")
        for i, number in enumerate(numbers):
            for j, criterion in enumerate(criteria):
                axis = axes[i][j]
                for weights in WEIGHTS:
                    _draw(axis, _chosen(rows, number, criterion, weights), _COLOURS[weights])
                if i == 0:
                    axis.set_title(criterion)
                if j == 0:
                    axis.set_ylabel(number)
                if i + 1 == len(numbers):
                    axis.set_xlabel("sparsity")
        empty = axes[0][0]
        handles = [
            empty.plot([], [], color=_COLOURS[weights], marker="o", markersize=3, label=f"network, {weights} weights")[
                0
            ]
            for weights in WEIGHTS
        ]
        handles += [
            empty.plot([], [], color=GREY, linestyle=line, label=f"limit: {told}")[0]
            for line, told in (("--", "step graphon of the mask"), (":", "saliency model"))
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
        return svg(figure)


def criteria_figure(rows: Sequence[Row]) -> str:
    """Draw one panel a number, all criteria together: the exact kernels of networks with kept weights."""
    numbers, criteria = _named(rows)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.2, 2.5 * ((len(numbers) + 2) // 3) + 0.7), layout="constrained")
        axes = figure.subplots((len(numbers) + 2) // 3, 3, squeeze=False, sharex=True)
        handles: list[Any] = []
        for k, number in enumerate(numbers):
            axis = axes[k // 3][k % 3]
            handles = []
            for c, criterion in enumerate(criteria):
                found = _chosen(rows, number, criterion, "kept")
                x = [row.sparsity for row in found]
                means = [row.network[0] for row in found]
                colour = _CRITERIA[c % len(_CRITERIA)]
                axis.fill_between(
                    x,
                    [r.network[1] for r in found],
                    [r.network[2] for r in found],
                    color=colour,
                    alpha=0.15,
                    linewidth=0,
                )
                handles += axis.plot(
                    x, means, color=colour, marker=_MARKERS[c % 7], markersize=3.5, linewidth=1.2, label=criterion
                )
            axis.set_title(number)
        for axis in axes[-1]:
            axis.set_xlabel("sparsity")
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
        return svg(figure)


def _named(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """Numbers (the trace has a scale of its own and stays in the table) and criteria, in order."""
    return [n for n in dict.fromkeys(row.number for row in rows) if n != "trace"], list(
        dict.fromkeys(row.criterion for row in rows)
    )


def _chosen(rows: Sequence[Row], number: str, criterion: str, weights: str) -> list[Row]:
    found = [r for r in rows if (r.number, r.criterion, r.weights) == (number, criterion, weights)]
    return sorted(found, key=lambda row: row.sparsity)


def _draw(axis: Axes, found: Sequence[Row], colour: str) -> None:
    x = [row.sparsity for row in found]
    axis.fill_between(
        x, [r.network[1] for r in found], [r.network[2] for r in found], color=colour, alpha=0.25, linewidth=0
    )
    axis.plot(x, [row.network[0] for row in found], color=colour, marker="o", markersize=3, linewidth=1.2)
    for limit, line in _LINES.items():
        shown = [row for row in found if limit in row.limits]
        if shown:
            axis.plot(
                [row.sparsity for row in shown], [row.limits[limit][0] for row in shown], color=colour,
                linestyle=line, linewidth=1.2,
            )  # fmt: skip
