"""The energy graphon ``V = E[xi^2; kept]``, which weighs forward and backward pass (THEORY section 4).

Where the kept weights are those of the pruned initialisation, an edge carries the second moment of its noise
given that it was kept, times the probability of that. ``W`` counts edges, ``V`` counts what they transmit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import sympy

from graphon_theory.graphon import Graphon

if TYPE_CHECKING:
    from graphon_theory.noise import NoiseLaw
    from graphon_theory.saliency import SaliencyModel
    from graphon_theory.threshold import Threshold

Array = npt.NDArray[np.float64]


def kept_energy(profile: Array, noise: NoiseLaw, level: float) -> Array:
    """``E[xi^2; |xi| >= level/h]`` elementwise for a non-negative profile; 0 where it vanishes.

    Parameters
    ----------
    profile
        ``|h|``, any shape.
    noise
        Law of the edge noise.
    level
        Threshold ``tau``, at least 0.

    Returns
    -------
    array
        Of the profile's shape, in [0, variance]; never below ``(level/h)^2`` times the kept probability.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        levels = np.where(profile > 0, level / profile, np.inf)
    return noise.truncated_moment(levels)


def energy_graphon(model: SaliencyModel, threshold: Threshold) -> Graphon:
    """``V(u, v) = E[xi^2; |xi| >= tau/|h(u, v)|]`` at a threshold.

    Parameters
    ----------
    model
        Population model; if it is signed, the event is ``h xi >= tau``.
    threshold
        Its threshold.

    Returns
    -------
    Graphon
        Values in [0, variance of the noise], not in [0, 1]; its ``density()`` is the mean energy of an edge.
    """
    noise = model.noise
    below = threshold.value < 0
    level = abs(threshold.value)
    expr = noise.truncated_moment_expr((-threshold.expr if below else threshold.expr) / model.profile)

    def evaluate(u: Array, v: Array) -> Array:
        energy = kept_energy(model.evaluate_profile(u, v), noise, level)
        if not model.signed:
            return energy
        return noise.variance - 0.5 * energy if below else 0.5 * energy

    if model.signed:
        expr = noise.truncated_moment_expr(sympy.Integer(0)) - expr / 2 if below else expr / 2
    return Graphon(expr=expr, evaluate=evaluate)
