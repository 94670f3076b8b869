"""Figures of a run, as SVG with reproducible bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure

from verification.cases import Observation
from verification.claims.claim import STATEMENT
from verification.experiment import prune
from verification.report.style import BLUE, GREEN, GREY, ORANGE, STYLE, svg
from verification.run import Run
from verification.threads import one_thread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

_PANELS = 3


def mask_figure(run: Run) -> str | None:
    """Draw masks beside their predicted graphons at up to three widths; None without a SNIP case.

    Both axes are sorted by profile: rows by ``|a|``, columns by ``|E[r x]|``. Top, the mask; middle, the
    rank-S prediction; bottom, the rank-one prediction of [P26].
    """
    chosen = _growing_cases(run.observations)
    if not chosen:
        return None
    with mpl.rc_context(STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(3.0 * len(chosen) + 0.6, 8.4), layout="constrained")
        axes = figure.subplots(3, len(chosen), squeeze=False)
        for column, observation in enumerate(chosen):
            panels = _sorted_panels(observation)
            for row, (label, values) in enumerate(panels):
                axis = axes[row][column]
                image = axis.imshow(
                    values, cmap="cividis", vmin=0.0, vmax=0.6, aspect="auto", interpolation="antialiased"
                )
                axis.set_xticks([])
                axis.set_yticks([])
                if column == 0:
                    axis.set_ylabel(f"{label}\nneurons by |a|")
            case = observation.case
            axes[0][column].set_title(f"n = {case.width}, d = {case.inputs}")
            axes[2][column].set_xlabel("inputs by |E[r x]|")
        case = chosen[0].case
        figure.suptitle(f"SNIP on {case.data}, density {case.density:g}, S = {case.batch}")
        figure.colorbar(image, ax=axes, shrink=0.5, label="kept fraction in a cell")
        return svg(figure)


def distance_figure(run: Run) -> str | None:
    """Draw cut distances against width: LIM-a with its bounds, SNIP with its null band; None without either."""
    bounded = [o for o in run.observations if o.case.statement == "LIM-a" and STATEMENT in o.values]
    compared = [o for o in run.observations if o.case.statement == "SNIP-S" and STATEMENT in o.values]
    if not bounded and not compared:
        return None
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_bounded(left, bounded)
        _draw_compared(right, compared)
        return svg(figure)


def _growing_cases(observations: Sequence[Observation]) -> list[Observation]:
    """Pick an observation at each of up to three widths of one setting, digits and the smallest density first."""
    found = [
        o
        for o in observations
        if o.case.criterion == "snip" and o.case.variant == STATEMENT and o.case.ladder != "batch"
    ]
    if not found:
        return []
    first = min(found, key=lambda o: (o.case.data != "digits", o.case.density, o.case.batch))
    alike = [
        o
        for o in found
        if (o.case.data, o.case.density, o.case.initialisation, o.case.labels, o.case.batch)
        == (
            first.case.data,
            first.case.density,
            first.case.initialisation,
            first.case.labels,
            first.case.batch,
        )
    ]
    widths: dict[int, Observation] = {}
    for o in sorted(alike, key=lambda o: (o.case.width, o.case.inputs, -o.repeat)):
        widths[o.case.width] = o  # the last one stays: the largest d, the first repeat
    ordered = list(widths.values())
    if len(ordered) <= _PANELS:
        return ordered
    return [ordered[0], ordered[len(ordered) // 2], ordered[-1]]


def _sorted_panels(observation: Observation) -> list[tuple[str, Array]]:
    """Redraw the trial and sort mask and predictions by the rank-one profile."""
    case = observation.case
    with one_thread():
        pruned = prune(case, torch.Generator().manual_seed(observation.seed))
    rank_one = pruned.rank_one()
    rows = np.argsort(-rank_one.profile.sum(axis=1))
    columns = np.argsort(-rank_one.profile.sum(axis=0))
    kept: Array = pruned.kept.numpy().astype(np.float64)
    panels = (
        ("mask", kept),
        ("rank-S prediction", pruned.rank_s().probabilities(case.density)),
        ("rank-one prediction", rank_one.probabilities(case.density)),
    )
    return [(label, _cells(values[rows][:, columns])) for label, values in panels]


def _cells(values: Array, most: int = 64) -> Array:
    """Average over cells, so that a mask can be read as a density; at least 4 x 4 entries a cell."""
    blocks = [min(most, max(1, size // 4)) for size in values.shape]
    row_parts = np.array_split(values, blocks[0], axis=0)
    narrowed = np.stack([part.mean(axis=0) for part in row_parts])
    return np.stack([part.mean(axis=1) for part in np.array_split(narrowed, blocks[1], axis=1)], axis=1)


def _draw_bounded(axis: Axes, observations: Sequence[Observation]) -> None:
    if not observations:
        axis.set_axis_off()
        return
    density = min(o.case.density for o in observations)
    for offset, (label, colour, wanted) in enumerate(
        (("Magnitude network", BLUE, True), ("saliency model", ORANGE, False))
    ):
        chosen = [o for o in observations if o.case.density == density and (o.case.model is None) is wanted]
        by_width = _by_width(chosen)
        for width, group in by_width.items():
            for o in group:
                values = o.values[STATEMENT]
                x = width * (0.97 + 0.06 * offset)
                axis.plot([x, x], [values["lower"], values["upper"]], color=colour, linewidth=2.5, alpha=0.6)
        if by_width:
            axis.plot([], [], color=colour, linewidth=2.5, label=f"{label}: [lower, upper]")
            widths = list(by_width)
            axis.plot(
                widths,
                [max(o.values[STATEMENT]["bound"] for o in by_width[w]) for w in widths],
                color=colour,
                linestyle="--",
                marker="o",
                markersize=3,
                label=f"{label}: Bernstein bound",
            )
    by_width = _by_width([o for o in observations if o.case.density == density])
    axis.plot(
        list(by_width),
        [max(o.values[STATEMENT]["plain bound"] for o in group) for group in by_width.values()],
        color=GREY,
        linestyle=":",
        label="Hoeffding bound",
    )
    axis.set_title(f"LIM-a: mask to prediction, certified, density {density:g}")
    _width_axis(axis)


def _draw_compared(axis: Axes, observations: Sequence[Observation]) -> None:
    chosen = [o for o in observations if o.case.data == "digits"] or list(observations)
    if not chosen:
        axis.set_axis_off()
        return
    density = min(o.case.density for o in chosen)
    inputs = max(o.case.inputs for o in chosen)
    square = all(o.case.square for o in chosen)
    chosen = [o for o in chosen if o.case.density == density and (square or o.case.inputs == inputs)]
    setting = (chosen[0].case.initialisation, chosen[0].case.batch_per_input or chosen[0].case.batch)
    chosen = [o for o in chosen if (o.case.initialisation, o.case.batch_per_input or o.case.batch) == setting]
    by_width = _by_width(chosen)
    widths = list(by_width)

    def column(variant: str, name: str) -> list[list[float]]:
        return [[o.values[variant][name] for o in by_width[w] if variant in o.values] for w in widths]

    null = column(STATEMENT, "null")
    axis.fill_between(
        widths,
        [min(x) for x in null],
        [max(x) for x in null],
        color=GREEN,
        alpha=0.3,
        label="masks sampled from the rank-S prediction",
    )
    axis.plot(
        widths,
        [float(np.mean(x)) for x in column(STATEMENT, "observed")],
        color=BLUE,
        marker="o",
        markersize=4,
        label="SNIP mask to rank-S prediction",
    )
    if "rank-one" in chosen[0].values:
        axis.plot(
            widths,
            [float(np.mean(x)) for x in column("rank-one", "observed")],
            color=ORANGE,
            marker="s",
            markersize=4,
            linestyle="--",
            label="SNIP mask to rank-one prediction",
        )
    where = "d = n" if square else f"d = {inputs}"
    axis.set_title(f"SNIP on {chosen[0].case.data}, {where}, density {density:g}")
    _width_axis(axis)


def _by_width(observations: Sequence[Observation]) -> dict[int, list[Observation]]:
    groups: dict[int, list[Observation]] = defaultdict(list)
    for o in sorted(observations, key=lambda o: o.case.width):
        groups[o.case.width].append(o)
    return dict(groups)


def _width_axis(axis: Axes) -> None:
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.set_xlabel("width n")
    axis.set_ylabel("cut distance (share of nd)")
    axis.legend(fontsize=7)
    axis.xaxis.set_major_formatter(mpl.ticker.ScalarFormatter())
