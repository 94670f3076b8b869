"""Figures of the statements on tangent kernels, as SVG with reproducible bytes.

Any claim will do whose decision gives rows with a group, a measure, its mean, an interval and a margin, as those of
``verification.claims.asymptotic`` have: the rule is asked again at each width alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from graphon_theory.errors import InputError
from verification.cases import Observation
from verification.claims import Claim, claims
from verification.claims.claim import STATEMENT, carrying
from verification.report.order_figures import order_figure
from verification.report.panels import legend_columns, places, wrapped
from verification.report.style import BLUE, GREEN, GREY, ORANGE, STYLE, svg
from verification.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

KERNELS = ("NTK-c", "NTK-1", "NTK-L", "NTK-K", "LAZY")
"""Statements that have such a figure, where the run has trials of them."""

_NEEDED = ("mean", "low", "high", "margin")
_COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9")
_FAINT = ("-", "--", ":", "-.", (0, (1, 3)), (0, (6, 1, 1, 1, 1, 1)))


@dataclass(frozen=True)
class Point:
    """A mean at one width, with the interval of the rule and the declared margin there."""

    width: int
    mean: float
    low: float
    high: float
    margin: float


@dataclass
class Panel:
    """What one panel shows of the cases that differ in size alone.

    Parameters
    ----------
    measures
        Measure to its points by width, of the statement.
    mutants
        False variant to the points of its farthest measure: the one that is most margins from 0 at the largest width.
    """

    measures: dict[str, list[Point]] = field(default_factory=dict)
    mutants: dict[str, list[Point]] = field(default_factory=dict)


def kernel_figures(run: Run) -> dict[str, str]:
    """Draw one figure for each statement of ``KERNELS`` that the run has trials of, by statement."""
    found = {}
    registry = claims()
    for verdict in run.verdicts:
        if verdict.id in KERNELS:
            own = [o for o in run.observations if o.case.statement == verdict.id]
            claim, level = registry[verdict.id], verdict.measurement.level
            svg = margin_figure(claim, own, level) or order_figure(claim, own, level)
            if svg is not None:
                found[verdict.id] = svg
    return found


def margin_figure(claim: Claim, observations: Sequence[Observation], level: float) -> str | None:
    """Draw means with intervals against width, a panel a group of cases; None where the claim's rows have no margin.

    Parameters
    ----------
    claim
        Its decision rule and its false variants.
    observations
        Observations of its statement.
    level
        Level of the rule, which sets the intervals.
    """
    panels = panels_of(claim, observations, level)
    if not panels:
        return None
    where = places(list(panels))
    # "mean log-ratio at the largest width, over its margin ...": what stands before is the unit of the axis.
    unit = claim.decide(observations, STATEMENT, level).statistic.partition(" at the largest")[0] or "mean"
    rows, columns = (1 + max(place[axis] for place in where.values()) for axis in (0, 1))
    measures = list(dict.fromkeys(name for panel in panels.values() for name in panel.measures))
    mutants = list(dict.fromkeys(name for panel in panels.values() for name in panel.mutants))
    with mpl.rc_context(STYLE):
        figure = Figure(
            figsize=(
                4.2 * columns + 0.6,
                2.7 * rows + 0.2 * (2 + (len(measures) + len(mutants)) // legend_columns(columns)),
            ),
            layout="constrained",
        )
        axes = figure.subplots(rows, columns, squeeze=False)
        for line in axes:
            for axis in line:
                axis.set_axis_off()
        for name, place in where.items():
            axis = axes[place]
            axis.set_axis_on()
            _draw(axis, panels[name], measures, mutants)
            axis.set_title(wrapped(name), fontsize=8)
            axis.set_ylabel(unit)
            axis.set_xlabel("width n")
        handles = _handles(axes[0][0], measures, mutants)
        figure.legend(handles=handles, loc="outside lower center", ncols=legend_columns(columns), fontsize=7)
        return svg(figure)


def panels_of(claim: Claim, observations: Sequence[Observation], level: float) -> dict[str, Panel]:
    """Give what each panel shows, by group of cases; parameters as ``margin_figure``."""
    panels: dict[str, Panel] = {}
    for (group, measure), points in _points(claim, observations, STATEMENT, level).items():
        panels.setdefault(group, Panel()).measures[measure] = points
    for mutant in claim.mutants:
        by_group: dict[str, list[list[Point]]] = {}
        for (group, measure), points in _points(claim, observations, mutant.id, level).items():
            # What says the same of these cases as the statement is not false there.
            if group not in panels or panels[group].measures.get(measure) != points:
                by_group.setdefault(group, []).append(points)
        for group, listed in by_group.items():
            farthest = max(listed, key=lambda points: abs(points[-1].mean) / points[-1].margin)
            panels.setdefault(group, Panel()).mutants[mutant.id] = farthest
    return panels


def _points(
    claim: Claim, observations: Sequence[Observation], variant: str, level: float
) -> dict[tuple[str, str], list[Point]]:
    """Points of a variant by group and measure, in order of width."""
    found: dict[tuple[str, str], list[Point]] = {}
    for width in sorted({o.case.width for o in carrying(observations, variant)}):
        alone = [o for o in observations if o.case.width == width]
        try:
            rows = claim.decide(alone, variant, level).rows
        except InputError:
            continue  # a single trial of this width has no interval
        for row in rows:
            if all(key in row for key in ("group", "measure", *_NEEDED)):
                values = [float(row[key]) for key in _NEEDED]
                found.setdefault((str(row["group"]), str(row["measure"])), []).append(Point(width, *values))
    return found


def _draw(axis: Axes, panel: Panel, measures: Sequence[str], mutants: Sequence[str]) -> None:
    every = [point for listed in (*panel.measures.values(), *panel.mutants.values()) for point in listed]
    widths = sorted({point.width for point in every})
    margins = [max(point.margin for point in every if point.width == width) for width in widths]
    # Beyond both ends the band goes on as a power of the width, so that it has breadth at a single one too.
    x = np.geomspace(widths[0] / 1.25, widths[-1] * 1.25, 65)
    band = np.exp(_continued(np.log(x), np.log(widths), np.log(margins)))
    axis.fill_between(x, -band, band, color=GREEN, alpha=0.15, linewidth=0)
    for name, points in panel.mutants.items():
        where, line = [p.width for p in points], _FAINT[mutants.index(name) % len(_FAINT)]
        axis.plot(where, [p.mean for p in points], color=GREY, linestyle=line, linewidth=1.0, alpha=0.5, zorder=1.5)
    for name, points in panel.measures.items():
        k = measures.index(name)
        # Moved apart a little where the widths agree.
        where = [p.width * 1.03 ** (k - (len(measures) - 1) / 2.0) for p in points]
        ends = [[p.mean - p.low for p in points], [p.high - p.mean for p in points]]
        axis.errorbar(where, [p.mean for p in points], yerr=ends, **_style(measures, name), elinewidth=1.0)
    # Linear inside the margin, where the decision falls; logarithmic outside, where false variants lie.
    axis.set_yscale("symlog", linthresh=float(band.min()), linscale=1.5)
    axis.axhline(0.0, color=GREY, linewidth=0.6)
    axis.set_xscale("log", base=2)
    axis.set_xlim(x[0], x[-1])
    axis.set_xticks(widths, [str(width) for width in widths])
    axis.minorticks_off()


def _continued(x: Array, knots: Array, values: Array) -> Array:
    """Piecewise linear through the knots, continued with the slopes at both ends."""
    found: Array = np.interp(x, knots, values)
    if len(knots) > 1:
        slopes = np.diff(values) / np.diff(knots)
        found += slopes[0] * np.minimum(x - knots[0], 0.0) + slopes[-1] * np.maximum(x - knots[-1], 0.0)
    return found


def _style(measures: Sequence[str], name: str) -> Mapping[str, Any]:
    """Colour by part, marker by how it was read: "layer 1, diagonal" and "layer 1, pairs" share a colour."""
    parts = list(dict.fromkeys(measure.rpartition(", ")[0] or measure for measure in measures))
    colour = _COLOURS[parts.index(name.rpartition(", ")[0] or name) % len(_COLOURS)]
    hollow = name.endswith("pairs")
    return {
        "color": colour,
        "marker": "s" if hollow else "o",
        "markerfacecolor": "white" if hollow else colour,
        "markersize": 4,
        "linestyle": "",
    }


def _handles(axis: Axes, measures: Sequence[str], mutants: Sequence[str]) -> list[Any]:
    handles: list[Any] = [axis.plot([], [], label=name, **_style(measures, name))[0] for name in measures]
    handles.append(axis.fill_between([], [], [], color=GREEN, alpha=0.15, linewidth=0, label="margin"))
    handles += [
        axis.plot(
            [], [], color=GREY, linestyle=_FAINT[k % len(_FAINT)], linewidth=1.0, alpha=0.5, label=f"false: {name}"
        )[0]
        for k, name in enumerate(mutants)
    ]
    return handles
