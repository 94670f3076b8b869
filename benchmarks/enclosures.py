"""Cost of rigour: enclosed double integrals and thresholds, in time and in digits reached."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

import sympy

from graphon_theory.enclosures import Interval, integrate
from graphon_theory.noise import Gaussian, NoiseLaw, Uniform
from graphon_theory.notation import u, v
from graphon_theory.saliency import SaliencyModel

RUNS = 3


def _best(task: Callable[[], Interval | None]) -> tuple[float, Interval | None]:
    seconds, result = float("inf"), None
    for _ in range(RUNS):
        start = time.perf_counter()
        result = task()
        seconds = min(seconds, time.perf_counter() - start)
    return seconds, result


def main(_: int) -> None:
    """Print time and width, best of three runs, for the ramp profile (1/2 + u) exp(-v) at rho = 0.1."""
    print(f"{'task':44}{'digits asked':>13}{'seconds':>10}{'relative width':>16}")
    cases: tuple[tuple[NoiseLaw, tuple[int, ...]], ...] = ((Gaussian(), (15, 30, 50)), (Uniform(), (3, 4, 5)))
    for noise, digits in cases:
        model = SaliencyModel(g=sympy.Rational(1, 2) + u, f=sympy.exp(-v), noise=noise)
        level = Fraction(model.threshold(0.1).value)
        kept = model.kept_expr(sympy.Rational(level.numerator, level.denominator))
        for count in digits:
            seconds, interval = _best(
                lambda kept=kept, count=count: integrate(kept, (u, 0, 1), (v, 0, 1), digits=count)
            )
            _row(f"density of the graphon, {noise.name} noise", count, seconds, interval)
        for count in digits[:2]:
            seconds, interval = _best(lambda model=model, count=count: model.threshold(0.1, digits=count).enclosure)
            _row(f"threshold, {noise.name} noise", count, seconds, interval)


def _row(task: str, digits: int, seconds: float, interval: Interval | None) -> None:
    width = "none found" if interval is None else f"{interval.width / abs(float(interval.midpoint)):.1e}"
    print(f"{task:44}{digits:13d}{seconds:10.3f}{width:>16}", flush=True)
