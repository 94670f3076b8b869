"""Masks beyond memory: how fast a pass over their entries is, and LIM and COUNT at growing size.

Profile ``(1/2 + u) exp(-v)`` with sorted iid rows and grid columns, Gaussian noise, rho = 0.1, n = d.

- pass: nanoseconds an entry of one pass that makes the final mask, and its ratio to the floor. The floor is drawing
  the high bits by NumPy's Philox and comparing them with one number, measured in the same run: any mask whose entries
  come from that generator costs as much. Seconds are of the processor.
- LIM: cut distance of the mask to its prediction, from both sides, times sqrt n; LIM-a's bound over the lower one; for
  the constant profile, the lower bound over the constant of NULL.
- COUNT: homomorphism densities of mask and graphon, and their difference over ``e(F)`` times an upper bound of the cut
  distance to the population graphon: that to the prediction, and LIM-b's term for the types (failure 0.01 each).
  Without a cut distance LIM-a's bound stands for the former.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date

import numpy as np
from sympy import Integer, Rational, exp

from graphon_theory.bounds import counting_bound, null_distance, type_discrepancy
from graphon_theory.notation import u, v
from graphon_theory.saliency import SaliencyModel
from verification.streaming import FactorModel, StreamedMask, count_moments, cut_norm_bounds, homomorphism_density
from verification.streaming.bound import lim_a_bound
from verification.streaming.mask import MaskSource
from verification.streaming.tiles import PANEL, EntryNoise
from verification.threads import one_thread

SIZES = (1024, 2048, 4096, 8192, 16384, 32768, 65536)
CUT_LARGEST = 16384
"""Beyond, the cut distance (some thirty passes) is left out; the column of LIM-a then has the bound itself."""
DENSITY, DELTA = 0.1, 0.01
GRAPHS = ("edge", "star_neuron(2)", "star_input(2)", "path(3)", "C_4")
MODELS = {
    "constant": SaliencyModel(g=Integer(1), f=Integer(1)),
    "(1/2 + u) exp(-v)": SaliencyModel(g=Rational(1, 2) + u, f=exp(-v)),
}
COUNTED = "(1/2 + u) exp(-v)"
_FLOOR_ROWS, _FLOOR_PANELS = 1024, 16


@dataclass
class Row:
    """What was measured of one profile at one size; seconds are of the processor."""

    profile: str
    n: int
    floor: float
    one_pass: float
    threshold_passes: int
    lim_a: float
    seconds: float
    counts: dict[str, list[float]]
    lower: float | None = None
    upper: float | None = None
    null: float | None = None
    short_form_error: float | None = None
    passes: int | None = None


def timed(task: Callable[[], object]) -> float:
    """Processor seconds of a task."""
    start = time.process_time()
    task()
    return time.process_time() - start


def floor() -> float:
    """Nanoseconds an entry of drawing high bits and comparing them; the least of three."""
    noise = EntryNoise(0)

    def draw() -> None:
        for panel in range(_FLOOR_PANELS):
            np.count_nonzero(noise.high(0, _FLOOR_ROWS, panel) < 6554)

    return min(timed(draw) for _ in range(3)) / (_FLOOR_ROWS * _FLOOR_PANELS * PANEL) * 1e9


def measure(profile: str, n: int) -> Row:
    """Measure one profile at one size."""
    mask = StreamedMask(FactorModel.draw(MODELS[profile], n, n, seed=n), DENSITY, seed=n)
    begun = time.process_time()
    passes = mask.found.passes
    bare = floor()
    source = mask.source
    one = timed(lambda: walk(source)) / n / n * 1e9
    moments = count_moments(source, min(64, n))
    bound = lim_a_bound(mask.model, mask.level, DELTA)
    cut = cut_norm_bounds(mask, moments=moments) if n <= CUT_LARGEST else None
    counts = {}
    if profile == COUNTED:
        graphon = MODELS[profile].graphon(DENSITY)
        # LIM-b: the population graphon lies within this of the prediction.
        distance = (bound if cut is None else cut.upper) + 2.0 * (type_discrepancy(n, DELTA) + 0.5 / n)
        for name in GRAPHS:
            found = homomorphism_density(name, source, moments)
            limit = graphon.homomorphism_density(name)
            gap = max(abs(found.upper - limit), abs(found.lower - limit))
            counts[name] = [found.value, limit, gap / counting_bound(name, distance)]
    seconds = time.process_time() - begun
    row = Row(profile, n, bare, one, passes, bound, seconds, counts)
    if cut is not None:
        row.lower, row.upper, row.passes = cut.lower, cut.upper, cut.passes
        row.short_form_error = cut.sums.error / n / n
        row.null = cut.lower / null_distance(n, n, DENSITY) if profile == "constant" else None
    return row


def walk(source: MaskSource) -> None:
    """Make a mask once, and drop it."""
    for strip in source.strips():
        source.strip(strip)


def main(largest: int, *, smallest: int = 1, as_json: bool = False) -> None:
    """Print the tables for sizes from ``smallest`` to ``largest``, or one JSON document."""
    rows: list[Row] = []
    if not as_json:
        print(f"{date.today()}, load {os.getloadavg()[0]:.1f}, one thread, rho = {DENSITY}")
        print(
            f"{'profile':20}{'n = d':>7}{'floor ns':>10}{'pass ns':>9}{'ratio':>7}{'lower':>11}{'upper':>11}{'u/l':>7}"
            f"{'x sqrt n':>10}{'LIM-a/l':>9}{'NULL':>7}{'P~ - P':>9}{'s':>8}"
        )
    with one_thread():
        for n in (size for size in SIZES if smallest <= size <= largest):
            for profile in MODELS:
                row = measure(profile, n)
                rows.append(row)
                if not as_json:
                    _print(row)
    if as_json:
        print(json.dumps({"date": str(date.today()), "density": DENSITY, "rows": [asdict(row) for row in rows]}))
        return
    print(f"\nCOUNT, {COUNTED}: density of the mask, of the graphon, difference over its bound")
    print(f"{'n = d':>7}" + "".join(f"{name:>35}" for name in GRAPHS))
    for row in rows:
        if row.counts:
            told = (f"{found:13.9f}{limit:13.9f}{share:9.1e}" for found, limit, share in row.counts.values())
            print(f"{row.n:7d}" + "".join(told))


def _print(row: Row) -> None:
    told = f"{row.profile:20}{row.n:7d}{row.floor:10.2f}{row.one_pass:9.2f}{row.one_pass / row.floor:7.2f}"
    if row.lower is None or row.upper is None:
        told += f"{'':39}{row.lim_a:9.6f}{'':16}"
    else:
        null = "" if row.null is None else f"{row.null:.3f}"
        told += f"{row.lower:11.7f}{row.upper:11.7f}{row.upper / row.lower:7.3f}{row.lower * row.n**0.5:10.4f}"
        told += f"{row.lim_a / row.lower:9.2f}{null:>7}{row.short_form_error:9.1e}"
    print(f"{told}{row.seconds:8.1f}", flush=True)
