"""The profile of least complexity at a density, by L-BFGS from several starts.

For the linear part of the labels the optimum over all graphons is known (``linear``), and a graphon that depends on v
alone attains it: D takes every value in [0, 1] there. The exact complexity is not convex in the profile; what each
start came to is reported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize

from graphon_theory.errors import InputError
from graphon_theory.noise import NoiseLaw
from verification.design.linear import Relaxed, relaxed
from verification.design.objective import Objective, require_data
from verification.design.profile import Profile, columns_of
from verification.generalisation.complexity import complexity

Array = npt.NDArray[np.float64]

LEAST_SAMPLES: Final = 4
"""Smallest sample of a design: two a half."""

STARTS: Final = ("constant", "relaxed", "correlation")
STEPS: Final = 60
_RANGE: Final = 12.0  # of log f: beyond it W is 0 or 1 to rounding
_EDGE: Final = 0.01  # starts keep their probabilities off 0 and 1, where the slope vanishes


@dataclass(frozen=True)
class Start:
    """One start of the optimiser.

    Parameters
    ----------
    name
        One of ``STARTS``.
    before, after
        ``2 sqrt(y^T K^-1 y tr K)/N`` there, and at the end.
    steepest
        Largest component of the gradient of its logarithm at the end, off the bounds.
    evaluations
        How often the kernel was computed.
    """

    name: str
    before: float
    after: float
    steepest: float
    evaluations: int


@dataclass(frozen=True, eq=False)
class Design:
    """The best profile found.

    Parameters
    ----------
    profile
        The profile.
    value
        Its complexity ``2 sqrt(y^T K^-1 y tr K)/N`` on the sample of the design: optimistic, as it was fitted there.
    constant
        That of the constant graphon, on the same sample.
    starts
        What each start came to.
    relaxed
        The relaxed problem, solved.
    """

    profile: Profile
    value: float
    constant: float
    starts: tuple[Start, ...]
    relaxed: Relaxed


def design(
    inputs: npt.ArrayLike,
    labels: npt.ArrayLike,
    density: float,
    *,
    noise: NoiseLaw | None = None,
    weights: str = "kept",
    ridge: float = 0.0,
    steps: int = STEPS,
    starts: Sequence[str] = STARTS,
) -> Design:
    """Find the rank-one graphon of a density with the least scale-free complexity.

    Parameters
    ----------
    inputs, labels
        Shapes (N, d) and (N,), N at least 4, d at least 2. Not the sample on which a bound is stated afterwards: the
        mask must be independent of that.
    density
        rho, in (0, 1).
    noise, weights, ridge
        As ``Objective``.
    steps
        Steps of L-BFGS a start, positive.
    starts
        Some of ``STARTS``, at least one.

    Returns
    -------
    Design
        The best over the starts.

    Raises
    ------
    InputError
        If an argument is not as above; or if the kernel of the constant graphon is singular to rounding and there is
        no ridge: the message names its smallest eigenvalues.
    """
    X, y = require_data(inputs, labels, LEAST_SAMPLES)
    objective = Objective(X, y, density, noise=noise, weights=weights, ridge=ridge)
    if ridge == 0.0:
        _require_regular(objective)
    solved = relaxed(X, y, density)
    points = _starts(objective, solved)
    unknown = [name for name in starts if name not in points]
    if unknown or not starts:
        raise InputError("starts", tuple(starts), f"choose from {', '.join(STARTS)}")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise InputError("steps", steps, "give a whole number, at least 1")
    found: list[tuple[float, Array]] = []
    told = []
    for name in starts:
        point = points[name]
        end, evaluations = _descend(objective, point, steps)
        after = objective.value(end)
        told.append(Start(name, objective.value(point), after, _steepest(objective, end), evaluations))
        found.append((after, end))
    value, best = min(found, key=lambda pair: pair[0])
    return Design(objective.profile(best), value, objective.value(points["constant"]), tuple(told), solved)


def _require_regular(objective: Objective) -> None:
    """Refuse a singular kernel in words: the optimiser would only see infinity."""
    import torch

    from verification.design.kernel import profile_kernel

    flat = objective.profile(np.zeros(objective.size))
    W, V = (torch.from_numpy(part) for part in (flat.W, flat.V))
    complexity(profile_kernel(torch.from_numpy(objective.inputs), W, V).numpy(), objective.labels)


def _starts(objective: Objective, solved: Relaxed) -> dict[str, Array]:
    """Parameters of the constant graphon, of the relaxed optimum, and of SNIP-1's ``|E[y x_j]|``."""
    live = objective.live
    kept = np.clip(solved.density[live], _EDGE, 1.0 - _EDGE)
    moment = np.abs(objective.labels @ objective.inputs[:, live])
    profiles = {
        "constant": np.ones(live.size),
        "relaxed": columns_of(kept, objective.noise),
        "correlation": np.maximum(moment, 1e-3 * float(moment.max()) or 1.0),
    }
    # Centred: f and cf are the same graphon, and the bounds are about 0.
    return {name: (np.log(part) - float(np.log(part).mean())).clip(-_RANGE, _RANGE) for name, part in profiles.items()}


def _descend(objective: Objective, point: Array, steps: int) -> tuple[Array, int]:
    best, best_point = objective.value(point), point

    def slope(parameters: Array) -> tuple[float, Array]:
        nonlocal best, best_point
        value, gradient = objective.slope(parameters)
        if not math.isfinite(value):
            # A large number in the place of infinity: the line search then takes a shorter step.
            return 1e3, gradient
        if math.exp(value) < best:
            best, best_point = math.exp(value), parameters.copy()
        return value, gradient

    done = optimize.minimize(
        slope,
        point,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_RANGE, _RANGE)] * objective.size,
        options={"maxiter": steps, "ftol": 1e-7, "gtol": 1e-6},
    )
    return best_point, int(done.nfev)


def _steepest(objective: Objective, point: Array) -> float:
    value, gradient = objective.slope(point)
    inside = np.abs(point) < _RANGE
    return float(np.abs(gradient[inside]).max(initial=0.0)) if math.isfinite(value) else math.inf
