"""Figure of a size that shrinks with the width at a stated order at least, as SVG with reproducible bytes.

Any claim will do whose decision gives rows with a group, a measure, a geometric mean and the exponent allowed, as those
of ``verification.claims.bounded_order`` have: the rule is asked again at each width alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from graphon_theory.errors import InputError
from verification.cases import Observation
from verification.claims import Claim
from verification.claims.claim import STATEMENT, carrying
from verification.report.panels import legend_columns, places, wrapped
from verification.report.style import BLUE, GREEN, GREY, ORANGE, STYLE, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7")
_MARKERS = "osD^"
_FAINT = ("-", "--", ":", "-.")
Sizes = dict[str, dict[str, list[tuple[int, float, float]]]]
"""Group, measure: width, geometric mean and exponent allowed."""


def order_figure(claim: Claim, observations: Sequence[Observation], level: float) -> str | None:
    """Draw geometric means against width beside the slowest fall allowed; None where the claim's rows have none.

    Parameters
    ----------
    claim
        Its decision rule and its false variants.
    observations
        Observations of its statement.
    level
        Level of the rule.
    """
    truth = sizes_of(claim, observations, STATEMENT, level)
    if not truth:
        return None
    false = {mutant.id: sizes_of(claim, observations, mutant.id, level) for mutant in claim.mutants}
    where = places(list(truth))
    measures = list(dict.fromkeys(name for group in truth.values() for name in group))
    rows, columns = (1 + max(place[axis] for place in where.values()) for axis in (0, 1))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2 * columns + 0.6, 2.7 * rows + 0.7), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        for line in axes:
            for axis in line:
                axis.set_axis_off()
        for group, place in where.items():
            axis = axes[place]
            axis.set_axis_on()
            for k, found in enumerate(false.values()):
                _draw_false(axis, found.get(group, {}), _FAINT[k % len(_FAINT)])
            for name, points in truth[group].items():
                k = measures.index(name)
                _draw(axis, points, _COLOURS[k % len(_COLOURS)], _MARKERS[k % len(_MARKERS)])
            widths = [point[0] for point in next(iter(truth[group].values()))]
            axis.set_xscale("log", base=2)
            axis.set_yscale("log")
            axis.set_xticks(widths, [str(width) for width in widths])
            axis.set_title(wrapped(group), fontsize=8)
            axis.set_xlabel("width n")
            axis.set_ylabel("geometric mean")
        first = axes[next(iter(where.values()))]
        handles = [
            first.plot([], [], color=_COLOURS[k % 4], marker=_MARKERS[k % 4], linestyle="", label=name)[0]
            for k, name in enumerate(measures)
        ]
        handles.append(first.plot([], [], color=BLUE, linestyle="--", linewidth=1.0, label="slowest fall allowed")[0])
        handles += [
            first.plot([], [], color=GREY, linestyle=_FAINT[k % 4], linewidth=1.0, alpha=0.5, label=f"false: {name}")[0]
            for k, name in enumerate(false)
            if any(found for found in false[name].values())
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=legend_columns(columns), fontsize=7)
        return svg(figure)


def sizes_of(claim: Claim, observations: Sequence[Observation], variant: str, level: float) -> Sizes:
    """Geometric means of a variant by group, measure and width; parameters as ``order_figure``."""
    found: Sizes = {}
    for width in sorted({o.case.width for o in carrying(observations, variant)}):
        alone = [o for o in observations if o.case.width == width]
        try:
            rows = claim.decide(alone, variant, level).rows
        except InputError:
            continue  # a single trial of this width
        for row in rows:
            if "geometric mean" in row and "exponent allowed" in row:
                point = (width, float(row["geometric mean"]), float(row["exponent allowed"]))
                found.setdefault(str(row["group"]), {}).setdefault(str(row["measure"]), []).append(point)
    return found


def _draw(axis: Axes, points: Sequence[tuple[int, float, float]], colour: str, marker: str) -> None:
    x, y = [point[0] for point in points], [point[1] for point in points]
    axis.plot(x, y, color=colour, marker=marker, markersize=4, linestyle="")
    exponent = points[0][2]
    axis.plot(x, [y[0] * (n / x[0]) ** exponent for n in x], color=colour, linestyle="--", linewidth=1.0)


def _draw_false(axis: Axes, measures: dict[str, list[tuple[int, float, float]]], line: object) -> None:
    for points in measures.values():
        x, y = [point[0] for point in points], [point[1] for point in points]
        axis.plot(x, y, color=GREY, linestyle=str(line), linewidth=1.0, alpha=0.5, zorder=1.5)
