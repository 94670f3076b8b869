"""Write the results of a run into its folder; each file appears whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

from verification.files import write_whole
from verification.library_defaults import library_defaults
from verification.report.approximation_figures import empty_figure, error_figure, network_figure
from verification.report.document import document
from verification.report.figures import distance_figure, mask_figure
from verification.report.kernel_figures import kernel_figures
from verification.report.page import render_page
from verification.run import Run
from verification.suite_file import suite_file

_MASKS = (
    "Masks beside their graphons",
    "Both axes sorted by profile, averaged over cells. Top: the mask of a real network. Middle: the rank-S "
    "prediction of its batch (SNIP-S). Bottom: the rank-one prediction (SNIP-1).",
)
_DISTANCES = (
    "Cut distance against width",
    "Left: certified lower and upper bounds of the cut distance of masks to their predictions, with the bounds of "
    "LIM-a. Right: the distance of SNIP's mask to its rank-S prediction, the band of masks sampled from that "
    "prediction, and the distance to the rank-one prediction.",
)

_ERRORS = (
    "Certified error against effective width",
    "Networks built on real masks. Bars run from the certified lower to the certified upper bound of the sup error, "
    "over half the oscillation of the target. Colour: the ambient number of inputs d, which does not move the curve.",
)
_NETWORKS = (
    "Networks on masks and their targets",
    "Top: a network of one active coordinate with its certified band, in which the target lies. Bottom: target, "
    "network and error for two active coordinates; the colour scale of the error ends at its certified bound.",
)
_EMPTY = (
    "Empty columns against width",
    "Mean number of empty columns of a mask of a saliency model. Points: observed. Dashed: the exact law, given all "
    "types. Dotted: n at which n deg passes log d.",
)
_KERNELS = (
    "{}: deviation against width",
    "Points: mean over trials, with the interval by which the rule decides; colour: part of the kernel. Band: the "
    "declared margin at that width. Grey lines: each false variant, at the measure farthest from 0. The axis is linear "
    "within the smallest margin of a panel and logarithmic beyond. Where the statement bounds an order alone: "
    "geometric means, and dashed the slowest fall that is allowed.",
)


@library_defaults()
def write_folder(run: Run) -> dict[str, Path]:
    """Write ``run.json``, ``suite.toml``, ``observations.jsonl``, ``report.html`` and the figures; return name -> path.

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    figures = []
    listed = []
    files = {"suite.toml": suite_file(run.suite)}
    for name, (title, caption), svg in (
        ("masks.svg", _MASKS, mask_figure(run)),
        ("distances.svg", _DISTANCES, distance_figure(run)),
        ("approximation.svg", _ERRORS, error_figure(run)),
        ("networks.svg", _NETWORKS, network_figure(run)),
        ("empty.svg", _EMPTY, empty_figure(run)),
        *(
            (f"kernel-{name}.svg", (_KERNELS[0].format(name), _KERNELS[1]), svg)
            for name, svg in kernel_figures(run).items()
        ),
    ):
        if svg is not None:
            files[name] = svg
            figures.append((title, caption, svg))
            listed.append((name, title, caption))
    files["run.json"] = json.dumps(document(run, listed), indent=2, allow_nan=False) + "\n"
    files["observations.jsonl"] = "".join(
        json.dumps(
            {"case": json.loads(o.case.key()), "repeat": o.repeat, "seed": o.seed, "values": o.values},
            sort_keys=True,
        )
        + "\n"
        for o in run.observations
    )
    files["report.html"] = render_page(run, figures)
    return {name: write_whole(run.folder / name, text.encode()) for name, text in files.items()}
