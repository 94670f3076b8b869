"""Path densities that compete with a stated optimum of the scale-free bound, and a search that knows no optimum.

With ``P = sum beta^2/D`` and ``Q = sum D ||X_j||^2`` the bound is ``2 (2 P Q)^(1/2)/N``. Without caps ``ln P + ln Q``
is convex in ``ln D`` (sums of exponentials), so that a descent from any start ends at the least value. With caps and a
total the problem is not convex: there the competitors are made from the stated optimum itself, by moving mass between
two inputs.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize

from verification.claims.pruned_samples import Array
from verification.generalisation.pruned import PrunedHidden

SHAPES = 48
"""Path densities drawn at random in each trial."""

MOVED = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Shares of the total that are moved from one input to another."""

_KEPT = 1e-3
"""Share of an input's density that a move leaves at least, if the teacher needs the input."""


def drawn_shapes(pruned: PrunedHidden, beta: Array, norms: Array, rng: np.random.Generator) -> list[Array]:
    """Path densities of any total: near ``|beta|/||X||``, of the criterion, powers, and at random.

    Parameters
    ----------
    pruned
        The network; its predicted density and that of its mask are among the shapes.
    beta, norms
        Teacher and ``||X_j||``, shapes (d,).
    rng
        Draws the others.

    Returns
    -------
    list
        Arrays of shape (d,), at least 0; the first is ``|beta|/||X||``.
    """
    best, size = np.abs(beta) / norms, beta.size
    shapes = [best, pruned.predicted, pruned.measured, np.ones(size), np.abs(beta), norms]
    shapes += [np.abs(beta) / norms**power for power in (0.5, 1.5, 2.0)]
    shapes += [rng.gamma(0.5, size=size) + 1e-9 for _ in range(SHAPES // 2)]
    shapes += [best * np.exp(10.0 ** rng.uniform(-3, 0) * rng.standard_normal(size)) for _ in range(SHAPES // 2)]
    return shapes


def descended(beta: Array, norms: Array, rng: np.random.Generator) -> Array:
    """Descend on ``ln P + ln Q`` over ``ln D`` from a random start: a path density of least bound, shape (d,).

    Parameters
    ----------
    beta, norms
        Teacher, no entry 0, and ``||X_j||``, positive; shapes (d,).
    rng
        Draws the start.
    """
    squares, lengths = np.square(beta), np.square(norms)

    def value(logs: Array) -> tuple[float, Array]:
        costs, uses = squares * np.exp(-logs), lengths * np.exp(logs)
        gradient: Array = uses / uses.sum() - costs / costs.sum()
        return float(np.log(costs.sum()) + np.log(uses.sum())), gradient

    start = rng.standard_normal(beta.size)
    found = optimize.minimize(
        value, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 2000}
    )
    least: Array = np.exp(found.x)
    return least


def cut_off(shape: Array, total: float, cap: float) -> Array:
    """``min(cap, c shape)`` with c such that the entries sum to the total.

    Parameters
    ----------
    shape
        Positive, shape (d,).
    total
        Above 0, at most d times the cap.
    cap
        Positive.
    """
    falling = np.sort(shape)[::-1]
    # With the k largest at the cap, c shares out what is left; the first k that leaves the next one below the cap.
    rest = np.cumsum(falling[::-1])[::-1]
    factors = (total - cap * np.arange(shape.size)) / rest
    fits = np.flatnonzero(factors * falling <= cap * (1.0 + 1e-14))
    found: Array = np.minimum(cap, factors[fits[0]] * shape) if fits.size else np.full_like(shape, cap)
    return found


def moved(density: Array, beta: Array, norms: Array, cap: float) -> list[Array]:
    """Move mass between two inputs: for each of ``MOVED`` the pair that lowers PQ most.

    Parameters
    ----------
    density
        D, shape (d,), at least 0, at most the cap, above 0 where the teacher is.
    beta, norms
        Teacher and ``||X_j||``, shapes (d,).
    cap
        Largest density of an input.

    Returns
    -------
    list
        Arrays of shape (d,), of the same total, at most the cap. A move is as large as cap and density let it be.
    """
    squares, lengths = np.square(beta), np.square(norms)
    needed = beta != 0.0
    costs = np.divide(squares, density, out=np.zeros_like(density), where=needed)
    inverse, linear, total = float(costs.sum()), float(density @ lengths), float(density.sum())
    found = []
    for share in MOVED:
        # What leaves i (rows) and arrives at j (columns).
        leaving = np.minimum(share * total, np.where(needed, 1.0 - _KEPT, 1.0) * density)
        mass = np.minimum(leaving[:, None], np.maximum(cap - density, 0.0)[None, :])
        np.fill_diagonal(mass, 0.0)
        less, more = density[:, None] - mass, density[None, :] + mass
        lost = np.divide(squares[:, None], less, out=np.zeros_like(mass), where=needed[:, None]) - costs[:, None]
        gained = costs[None, :] - np.divide(squares[None, :], more, out=np.zeros_like(mass), where=needed[None, :])
        value = (inverse + lost - gained) * (linear + mass * (lengths[None, :] - lengths[:, None]))
        # Pairs that can move nothing would win wherever every move is for the worse.
        value[mass == 0.0] = np.inf
        i, j = np.unravel_index(int(np.argmin(value)), value.shape)
        if np.isfinite(value[i, j]):
            other = density.copy()
            other[i] -= mass[i, j]
            other[j] += mass[i, j]
            found.append(other)
    return found
