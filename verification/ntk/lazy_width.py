"""From which width on a masked network trains as its linearisation: the gap, measured at a few widths, to a tolerance.

``relative_gaps`` trains networks of growing width beside their linearisation; ``lazy_width`` reads off the least width
from which the geometric mean of the gap stays within a tolerance, with limits. Between two measured widths the
logarithm of the gap is taken as linear in that of the width; nothing is extrapolated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from graphon_theory.errors import InputError
from verification.ntk.masked import MaskedNetwork
from verification.ntk.training import lazy_training
from verification.statistics import mean_interval

Draw = Callable[[int, int], tuple[MaskedNetwork, Tensor, Tensor, Tensor]]
"""Width and number of the repeat to: masked network, inputs (N, d), targets (N,), test inputs (T, d)."""


@dataclass(frozen=True)
class LazyWidth:
    """The width from which the lazy regime holds to a tolerance.

    Parameters
    ----------
    value
        Least width from which the geometric mean of the gap is within the tolerance, interpolated.
    low, high
        The same for the limits of the mean, each of which misses at a width with probability ``level``: 0 and infinity
        where no measured width decides.
    tolerance
        Gap over the targets' root mean square that counts as none.
    level
        Level of each limit, at each width.
    """

    value: float
    low: float
    high: float
    tolerance: float
    level: float


def relative_gaps(
    draw: Draw, widths: Sequence[int], repeats: int, *, steps: int = 100, step_size: float = 1.0
) -> dict[int, list[float]]:
    """Train masked networks beside their linearisation and measure how far apart they end.

    Parameters
    ----------
    draw
        Gives the network and data of a width and a repeat, pruned by any criterion or masked by any graphon.
    widths
        Widths, at least one.
    repeats
        Networks a width, at least 2.
    steps, step_size
        As ``lazy_training``: their product is the time, in units of N over the kernel's largest eigenvalue.

    Returns
    -------
    dict
        Width to the gaps after the last step: root mean square over test inputs of network less linearisation, over
        that of the targets.

    Raises
    ------
    InputError
        As ``lazy_training``; if ``widths`` is empty, ``repeats`` is below 2, or all targets of a draw are 0.
    """
    if not widths:
        raise InputError("widths", list(widths), "give at least one")
    if repeats < 2:
        raise InputError("repeats", repeats, "give at least 2: one gap has no interval")
    found: dict[int, list[float]] = {}
    for width in widths:
        gaps = []
        for repeat in range(repeats):
            network, inputs, targets, tests = draw(width, repeat)
            unit = float(targets.double().square().mean().sqrt())
            if not unit > 0.0:
                raise InputError("targets", unit, "give targets that are not all 0")
            run = lazy_training(
                network, inputs, targets, tests, steps=steps, step_size=step_size, records=1, drift=False
            )
            gaps.append(float(run.gap_test[-1]) / unit)
        found[width] = gaps
    return found


def lazy_width(gaps: Mapping[int, Sequence[float]], tolerance: float, *, level: float = 0.05) -> LazyWidth:
    """Least width from which the gap to the linearisation stays within a tolerance.

    Parameters
    ----------
    gaps
        Width to relative gaps of independent networks, as ``relative_gaps`` returns them: at least two widths, at
        each at least two gaps, above 0.
    tolerance
        Relative gap that counts as none, above 0.
    level
        Level of each limit, in (0, 1).

    Raises
    ------
    InputError
        If the gaps are not as above; if the mean gap is not within the tolerance at the largest width (measure wider
        networks), or is so at every width (measure narrower ones).

    Notes
    -----
    Student intervals of the mean logarithm at each width; a limit's width is where the interpolated limits cross the
    tolerance, so that its level holds at each width and not for all at once.
    """
    if not (math.isfinite(tolerance) and tolerance > 0.0):
        raise InputError("tolerance", tolerance, "give a finite number above 0")
    if len(gaps) < 2:
        raise InputError("gaps", f"{len(gaps)} widths", "measure at least two")
    widths = sorted(gaps)
    if widths[0] < 1:
        raise InputError("gaps", widths[0], "give widths of at least 1")
    curves = [_interval(width, gaps[width], level) for width in widths]
    mean, low, high = (_least(widths, [curve[k] for curve in curves], math.log(tolerance)) for k in range(3))
    if mean == math.inf:
        last = math.exp(curves[-1][0])
        raise InputError(
            "tolerance", tolerance, f"not reached: the gap is {last:.3g} at n = {widths[-1]}; measure wider networks"
        )
    if mean == 0.0:
        first = math.exp(curves[0][0])
        raise InputError(
            "tolerance", tolerance, f"the gap is within it, {first:.3g}, at n = {widths[0]}; measure narrower networks"
        )
    return LazyWidth(mean, low, high, tolerance, level)


def _interval(width: int, gaps: Sequence[float], level: float) -> tuple[float, float, float]:
    if len(gaps) < 2 or not all(math.isfinite(gap) and gap > 0.0 for gap in gaps):
        raise InputError(f"gaps[{width}]", list(gaps)[:3], "give two or more finite gaps above 0")
    return mean_interval([math.log(gap) for gap in gaps], level)


def _least(widths: Sequence[int], curve: Sequence[float], bound: float) -> float:
    """Width from which a curve stays at or below a bound: 0 if it always does, infinite if not at the end."""
    outside = [k for k, value in enumerate(curve) if value > bound]
    if not outside:
        return 0.0
    last = outside[-1]
    if last == len(widths) - 1:
        return math.inf
    part = (curve[last] - bound) / (curve[last] - curve[last + 1])
    return math.exp(math.log(widths[last]) + part * math.log(widths[last + 1] / widths[last]))
