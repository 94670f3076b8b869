"""Figures of the statements on approximation, as SVG with reproducible bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from verification.cases import Observation
from verification.claims.claim import STATEMENT, grouped
from verification.claims.realised import Realised, half_oscillation, realise
from verification.claims.uat_n import lost_columns
from verification.names import TARGETS
from verification.report.style import BLUE, GREEN, GREY, ORANGE, STYLE, svg
from verification.run import Run
from verification.threads import one_thread

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

Array = npt.NDArray[np.float64]

_COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", GREY)
_MARKERS = "os^vD"
_LINE, _SIDE = 2001, 121
_SHOWN = 18.0
"""Effective width near which the network of the line figure is chosen: small enough to tell it from its target."""


def error_figure(run: Run) -> str | None:
    """Draw certified errors against the effective width, coloured by the ambient d; None without a UAT trial."""
    found = _certified(run)
    if not found:
        return None
    kinds = sorted({(o.case.active, o.case.activation) for o in found})
    names = [name for name in TARGETS if any(o.case.target == name for o in found)]
    ambient = sorted({o.case.inputs for o in found})
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2.6 * len(names) + 0.9, 2.5 * len(kinds) + 0.6), layout="constrained")
        axes = figure.subplots(len(kinds), len(names), squeeze=False, sharex="row")
        for row, (active, activation) in enumerate(kinds):
            for column, name in enumerate(names):
                axis = axes[row][column]
                shown = [
                    o for o in found if (o.case.active, o.case.activation, o.case.target) == (active, activation, name)
                ]
                _draw_errors(axis, shown, ambient, guide=(active, activation) == (1, "relu"))
                axis.set_title(f"{name}, k = {active}, {activation}")
                if row == len(kinds) - 1:
                    axis.set_xlabel("effective width $N_J$")
                if column == 0:
                    axis.set_ylabel("error / half oscillation")
        handles = [
            axes[0][0].plot([], [], color=_COLOURS[k % 5], marker=_MARKERS[k % 5], linestyle="", label=f"d = {d:,}")[0]
            for k, d in enumerate(ambient)
        ]
        if any(kind == (1, "relu") for kind in kinds):
            handles.append(axes[0][0].plot([], [], color=GREY, linestyle="--", label="slope -2")[0])
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
        return svg(figure)


def network_figure(run: Run) -> str | None:
    """Draw a network of one coordinate and one of two beside their targets; None without a UAT trial.

    Trials are made again from their seeds: nothing but the figures of the run is needed.
    """
    found = _certified(run)
    line, plane = (_chosen(found, active) for active in (1, 2))
    if line is None and plane is None:
        return None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 6.8 if line and plane else 3.6), layout="constrained")
        parts: list[SubFigure] = list(figure.subfigures(1 + bool(line and plane), 1, squeeze=False)[:, 0])
        with one_thread():
            if line is not None:
                _draw_line(parts.pop(0), line, realise(line.case, line.seed))
            if plane is not None:
                _draw_plane(parts.pop(0), plane, realise(plane.case, plane.seed))
        return svg(figure)


def empty_figure(run: Run) -> str | None:
    """Draw the mean number of empty columns against n, observed and predicted; None without a ladder of widths.

    A ladder: trials of UAT-n on masks of one model, of one d and density, at two widths or more.
    """
    found = [o for o in run.observations if o.case.statement == "UAT-n" and "whole" in o.values.get(STATEMENT, {})]
    ladders = {
        alike: widths
        for alike, group in grouped(found, lambda c: (c.source, c.inputs, c.density)).items()
        if len(widths := grouped(sorted(group, key=lambda o: o.case.width), lambda c: c.width)) > 1
    }
    if not ladders:
        return None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 3.4), layout="constrained")
        axis = figure.subplots(1, 1)
        for k, ((source, inputs, density), widths) in enumerate(ladders.items()):
            colour = _COLOURS[k % 5]
            rows = [lost_columns(group) for group in widths.values()]
            label = f"{source}, d = {inputs:,}, density {density:g}"
            axis.plot(
                list(widths), [row["predicted a mask"] for row in rows], color=colour, linestyle="--", linewidth=1
            )
            means = [row["empty columns a mask"] for row in rows]
            axis.plot(list(widths), means, color=colour, marker=_MARKERS[k % 5], linestyle="", label=label)
            axis.axvline(np.log(inputs) / density, color=colour, linestyle=":", linewidth=1)
        axis.set_yscale("log")
        axis.set_xlabel("n")
        axis.set_ylabel("empty columns a mask")
        axis.legend(fontsize=7)
        return svg(figure)


def _certified(run: Run) -> list[Observation]:
    return [o for o in run.observations if o.case.statement == "UAT" and "upper" in o.values.get(STATEMENT, {})]


def _draw_errors(axis: Axes, shown: Sequence[Observation], ambient: Sequence[int], *, guide: bool) -> None:
    for k, inputs in enumerate(ambient):
        values = [o.values[STATEMENT] for o in shown if o.case.inputs == inputs]
        if not values:
            continue
        # A bar from the certified lower to the certified upper bound, moved apart a little where the widths agree.
        x = np.array([v["effective"] for v in values]) * 1.03 ** (k - (len(ambient) - 1) / 2)
        low, high = (np.array([v[side] for v in values]) for side in ("lower", "upper"))
        axis.vlines(x, low, high, color=_COLOURS[k % 5], linewidth=2.0)
        axis.plot(x, high, color=_COLOURS[k % 5], marker=_MARKERS[k % 5], markersize=3, linestyle="", alpha=0.8)
    if shown and guide:
        first = min(shown, key=lambda o: o.values[STATEMENT]["effective"]).values[STATEMENT]
        ends = np.array([first["effective"], max(o.values[STATEMENT]["effective"] for o in shown)])
        axis.plot(ends, first["upper"] * (ends / ends[0]) ** -2.0, color=GREY, linestyle="--", linewidth=1)
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.xaxis.set_major_formatter(mpl.ticker.ScalarFormatter())


def _chosen(found: Sequence[Observation], active: int) -> Observation | None:
    """Pick one trial: ReLU and the largest d first; for a line a small effective width, for a plane a large one."""
    alike = [o for o in found if o.case.active == active]
    if not alike:
        return None

    def preference(o: Observation) -> tuple[bool, bool, float, int, int]:
        effective = o.values[STATEMENT]["effective"]
        far = abs(np.log(effective / _SHOWN)) if active == 1 else -effective
        return o.case.activation != "relu", o.case.target != "oscillating", float(far), -o.case.inputs, o.repeat

    return min(alike, key=preference)


def _draw_line(part: SubFigure, observation: Observation, found: Realised) -> None:
    if found.reduced is None or found.error is None:
        return
    axis = part.subplots(1, 1)
    x = np.linspace(-1.0, 1.0, _LINE)
    network, error = found.reduced(x[:, None]), found.error.upper
    axis.fill_between(x, network - error, network + error, color=GREEN, alpha=0.25, label="network, certified band")
    axis.plot(x, network, color=GREEN, linewidth=1.2, label=f"network on the mask, $N_J$ = {found.joined}")
    axis.plot(x, found.target(x[:, None]), color=BLUE, linewidth=1.2, linestyle="--", label="target")
    axis.set_xlabel("active coordinate")
    axis.legend(fontsize=7, loc="upper center", ncols=3)
    low, high = axis.get_ylim()
    axis.set_ylim(low, high + 0.15 * (high - low))  # room for the legend
    part.suptitle(_caption(observation, found))


def _draw_plane(part: SubFigure, observation: Observation, found: Realised) -> None:
    if found.reduced is None or found.error is None:
        return
    side = np.linspace(-1.0, 1.0, _SIDE)
    points = np.stack([axis.ravel() for axis in np.meshgrid(side, side, indexing="xy")], axis=1)
    target, network = found.target(points).reshape(_SIDE, _SIDE), found.reduced(points).reshape(_SIDE, _SIDE)
    ends = {"vmin": float(target.min()), "vmax": float(target.max())}
    axes = part.subplots(1, 3)
    for axis, title, values, colours, scale in (
        (axes[0], "target", target, "cividis", ends),
        (axes[1], f"network, $N_J$ = {found.joined}", network, "cividis", ends),
        (axes[2], "error", np.abs(network - target), "magma", {"vmin": 0.0, "vmax": found.error.upper}),
    ):
        image = axis.imshow(values, origin="lower", extent=(-1, 1, -1, 1), cmap=colours, rasterized=True, **scale)
        axis.grid(visible=False)
        axis.set_title(title)
        axis.set_xlabel("$x_1$")
        part.colorbar(image, ax=axis, fraction=0.046, pad=0.04)
    axes[0].set_ylabel("$x_2$")
    part.suptitle(_caption(observation, found))


def _caption(observation: Observation, found: Realised) -> str:
    case = observation.case
    error = found.error
    if error is None:
        return ""
    unit = half_oscillation(case.target, case.active)
    return (
        f"{case.target}, k = {case.active}, {case.activation}: {case.criterion} mask, n = {case.width:,}, "
        f"d = {case.inputs:,}, density {case.density:g}; sup error in [{error.lower:.4g}, {error.upper:.4g}], "
        f"half oscillation {unit:.3g}"
    )
