"""The pruning threshold: the level ``tau`` at which the graphon's density is ``rho`` (statement THR).

Two problems, one idea. ``N(tau) = mean of Q(tau / |h|)`` is continuous and non-increasing, so a bracket
with ``N(low) > rho > N(high)`` holds the root.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import optimize

from graphon_theory.errors import InputError, require_density

if TYPE_CHECKING:
    from collections.abc import Callable

    from sympy import Expr

    from graphon_theory.enclosures import Interval
    from graphon_theory.noise import NoiseLaw

Array = npt.NDArray[np.float64]

_PILOT = 1 << 16  # entries of the pilot sample that gives a large profile its start
_NEWTON_STEPS = 8
_NEWTON_TOLERANCE = 1e-7
_RELATIVE_TOLERANCE = 4e-15  # root finding stops here: a few units of double precision


@dataclass(frozen=True)
class Threshold:
    """A pruning threshold.

    Parameters
    ----------
    value
        The level ``tau``, positive, in the units of the score.
    exact
        The closed form, where there is one.
    enclosure
        A rigorous interval that contains ``tau``, where one was asked for.
    """

    value: float
    exact: Expr | None = None
    enclosure: Interval | None = None


def finite_threshold(profile: Array, noise: NoiseLaw, density: float) -> float:
    """Solve ``mean_ij Q(tau / |h_ij|) = rho`` for a finite profile (statement LIM-a).

    Parameters
    ----------
    profile
        Non-negative profile ``|h_ij|``, any shape; zeros count as never kept.
    noise
        Law of the edge noise.
    density
        Kept fraction ``rho``, strictly between 0 and the share of non-zero entries.

    Returns
    -------
    float
        ``tau``, to about 15 digits.

    Raises
    ------
    InputError
        If the profile has negative, NaN or infinite entries, or too few non-zero ones.
    """
    rho = require_density(density)
    flat = np.asarray(profile, dtype=np.float64).ravel()
    if flat.size == 0 or not bool(np.all(np.isfinite(flat))) or bool(np.any(flat < 0)):
        raise InputError("profile", f"array of {flat.size}", "give finite, non-negative values, at least one")
    support = flat[flat > 0]
    alive = support.size / flat.size
    if rho >= alive:
        raise InputError(
            "density",
            density,
            f"the profile is non-zero on a share {alive:.6g} of the entries only, and no threshold keeps "
            "that many: choose a smaller density",
        )
    inverse_profile = 1.0 / support
    target = rho / alive
    pilot = inverse_profile[:: max(1, support.size // _PILOT)]
    start = _root(
        lambda log_tau: float(noise.survival(math.exp(log_tau) * pilot).mean()) - target,
        math.log(noise.inverse(target) / float(np.median(pilot))),
        step=1.0,
    )
    return math.exp(_polish(inverse_profile, noise, target, start))


def continuous_threshold(mean_kept: Callable[[float], float], density: float, start: float) -> float:
    """Solve ``N(tau) = rho`` for a population model.

    Parameters
    ----------
    mean_kept
        ``N``: kept fraction as a function of ``tau``; continuous, non-increasing.
    density
        Kept fraction ``rho`` in (0, 1).
    start
        A positive first guess.

    Returns
    -------
    float
        ``tau``.

    Raises
    ------
    InputError
        If no level keeps a fraction ``rho``.
    """
    rho = require_density(density)
    return math.exp(_root(lambda log_tau: mean_kept(math.exp(log_tau)) - rho, math.log(start), step=1.0))


def _polish(inverse_profile: Array, noise: NoiseLaw, target: float, start: float) -> float:
    """Newton's method in ``log tau`` from a good start; Brent's where it does not settle."""
    log_tau = start
    for _ in range(_NEWTON_STEPS):
        levels = math.exp(log_tau) * inverse_profile
        slope = float((noise.density(levels) * levels).mean())
        if slope <= 0:
            break
        step = (float(noise.survival(levels).mean()) - target) / slope
        log_tau += step
        # Convergence is quadratic: after a step this small the error is its square.
        if abs(step) < _NEWTON_TOLERANCE:
            return log_tau
    return _root(
        lambda value: float(noise.survival(math.exp(value) * inverse_profile).mean()) - target,
        start,
        step=1e-2,
    )


def _root(excess: Callable[[float], float], centre: float, *, step: float) -> float:
    """Root of a non-increasing function of ``log tau``: widen a bracket about ``centre``, then Brent."""
    low = high = centre
    value = excess(centre)
    while value <= 0:
        high, low = low, low - step
        step *= 2
        value = excess(low)
        if low < -700:
            raise InputError("density", "this density", "no positive threshold keeps so many entries: lower it")
    value = excess(high)
    while value > 0:
        low, high = high, high + step
        step *= 2
        value = excess(high)
        if high > 700:
            raise InputError("density", "this density", "no finite threshold keeps so few entries: raise it")
    if value == 0.0:
        return high
    return float(optimize.brentq(excess, low, high, xtol=_RELATIVE_TOLERANCE, rtol=_RELATIVE_TOLERANCE))
