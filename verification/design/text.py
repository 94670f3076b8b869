"""A design as text: the bounds side by side, where the gain comes from, and what the profile looks like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from verification.design.compare import Judged
from verification.design.result import DesignRun

_MOST: Final = 8
_ABOUT: Final = {
    "design": "the mask that is written",
    "limit": "optimum of the limit, not tempered",
    "relaxed": "optimum for the linear part",
}


def render_text(run: DesignRun) -> str:
    """Whole report."""
    what = "share of wrong signs" if run.signs else "mean of min(|f - y|, 1)"
    tested = f"{run.tested} test samples ({what})" if run.tested else "no sample left to test on"
    ridge = f", ridge {run.ridge:g} tr K/N" if run.ridge else ""
    lines = [
        f"{run.source}: density {run.density:g}, n = {run.width}, d = {run.inputs}, {run.initialisation} weights, "
        f"{run.weights}{ridge}, seed {run.seed}",
        f"designed on {run.samples} samples, bounds on {run.samples} others, {tested}",
        f"{int(run.mask.sum())} of {run.mask.numel()} edges kept",
        "",
        f"hidden layer in the kernel regime; bound (GEN) with probability {1 - run.delta:g}, above 1 it says nothing",
        _table(run.judged),
        "",
        "relaxed problem: linear part of the labels, bound of PATH and SCALE, on the design's half",
        *_relaxed(run),
        "",
        "exact problem in the limit of width, 2 sqrt(y^T K^-1 y tr K)/N, on the design's half",
        *_exact(run),
        "",
        "profile",
        *_profile(run),
    ]
    return "\n".join(lines) + "\n"


def _table(judged: Sequence[Judged]) -> str:
    lines = [f"  {'method':16}{'complexity':>11}{'bound':>9}{'risk':>8}{'error':>8}"]
    for one in judged:
        numbers = f"{_number(one.complexity):>11}{_number(one.bound):>9}"
        numbers += f"{_number(one.risk):>8}{_number(one.error):>8}"
        about = f"  singular kernel: {one.singular}" if one.singular else ""
        if one.method in _ABOUT:
            about = f"  {_ABOUT[one.method]}{';' + about if about else ''}"
        lines.append(f"  {one.method:16}{numbers}{about}")
    return "\n".join(lines)


def _relaxed(run: DesignRun) -> list[str]:
    relaxed = run.found.relaxed
    return [
        f"  optimum {relaxed.value:.4f}, constant graphon {relaxed.constant:.4f}, without cap {relaxed.floor:.4f}; the "
        f"fit explains {100 * relaxed.explained:.0f} % of the labels there",
    ]


def _exact(run: DesignRun) -> list[str]:
    found = run.found
    lines = [f"  optimum {found.value:.4f}, constant graphon {found.constant:.4f}"]
    lines += [
        f"  from {start.name}: {start.before:.4f} to {start.after:.4f} in {start.evaluations} evaluations, "
        f"gradient {start.steepest:.1e}"
        for start in found.starts
    ]
    return lines


def _profile(run: DesignRun) -> list[str]:
    chosen = run.tailored.chosen
    how = "on samples not seen" if run.tailored.crossed else "on the design's own samples, too few to hold out any"
    degrees = run.profile.degrees
    order = np.argsort(-degrees, kind="stable")
    most = ", ".join(f"{_place(int(j), run)} {degrees[j]:.2f}" for j in order[:_MOST])
    return [
        f"  h = |a|^{chosen.row_power:g} f^{chosen.column_power:g}, f of the {chosen.base} profile; complexity "
        f"{chosen.value:.4f} on the network, {how}",
        f"  effective number of inputs {run.profile.effective_inputs:.1f} of {run.inputs}; "
        f"{int((degrees < 0.5 / run.width).sum())} with no edge to speak of",
        f"  largest degrees: {most}",
    ]


def _place(index: int, run: DesignRun) -> str:
    if run.image is None:
        return f"input {index}"
    channel, rest = divmod(index, run.image[1] * run.image[2])
    row, column = divmod(rest, run.image[2])
    return f"({row}, {column})" if run.image[0] == 1 else f"({channel}: {row}, {column})"


def _number(value: float) -> str:
    return "-" if not math.isfinite(value) else f"{value:.3f}" if value < 1000.0 else f"{value:.2e}"
