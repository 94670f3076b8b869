"""SCALE: the bound without density and scale, and the path density that makes it least.

With PATH, and ``tr K = (1/2d) sum_j D_j ||X_j||^2`` exactly, the complexity ``2 B sqrt(tr K)/N`` of GEN is at most
``2 sqrt 2 sqrt(sum beta^2/D * sum D ||X_j||^2)/N``: D and cD give the same.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.generalisation.filling import LeastProduct, products
from graphon_theory.generalisation.intake import count, number, vector

Array = npt.NDArray[np.float64]

_FACTOR: Final = 2.0 * math.sqrt(2.0)


def scale_free(beta: npt.ArrayLike, D: npt.ArrayLike, norms: npt.ArrayLike, samples: int) -> float:
    """Return ``2 sqrt 2 sqrt(sum_j beta_j^2/D_j * sum_j D_j ||X_j||^2)/N`` (statement SCALE).

    Parameters
    ----------
    beta
        The teacher, shape (d,).
    D
        Path density, shape (d,), at least 0.
    norms
        ``||X_j||``, norm of each input over the N samples, shape (d,), at least 0.
    samples
        N, positive.

    Returns
    -------
    float
        Infinite where a coordinate with ``beta_j != 0`` and ``||X_j|| > 0`` has ``D_j = 0``.

    Raises
    ------
    InputError
        If a shape does not fit, or a number is out of its range.
    """
    teacher, lengths = _teacher(beta, norms)
    density = vector("D", D, teacher.size)
    inverse, linear = products(teacher, lengths, density)
    if math.isinf(inverse):
        return math.inf
    return _FACTOR * math.sqrt(inverse) * math.sqrt(linear) / count("samples", samples)


def scale_floor(beta: npt.ArrayLike, norms: npt.ArrayLike, samples: int) -> float:
    """Return ``2 sqrt 2 sum_j |beta_j| ||X_j||/N``, the least value of ``scale_free`` over all path densities.

    By Cauchy and Schwarz; attained exactly by ``D_j`` proportional to ``|beta_j|/||X_j||`` where both are not 0.

    Parameters
    ----------
    beta, norms, samples
        As in ``scale_free``.

    Raises
    ------
    InputError
        If a shape does not fit, or a number is out of its range.
    """
    teacher, lengths = _teacher(beta, norms)
    return _FACTOR * float(np.abs(teacher) @ lengths) / count("samples", samples)


def best_density(beta: npt.ArrayLike, norms: npt.ArrayLike, total: float, cap: npt.ArrayLike) -> Array:
    """Path density of a given total that makes ``scale_free`` least: over all D with ``0 <= D_j <= cap_j``.

    Up to the total at which ``|beta_j|/||X_j||`` meets a cap the answer is that shape, and its value ``scale_floor``.
    Above it the optimum costs more than the floor: ``D_j = min(cap_j, t |beta_j|/sqrt(||X_j||^2 + lambda))`` with
    ``t^2 = Q/P`` and lambda such that the total is met; inputs that the teacher does not need take up mass where lambda
    is ``-||X_j||^2``, those of least norm first.

    Parameters
    ----------
    beta, norms
        As in ``scale_free``; at least one input with both not 0.
    total
        ``sum_j D_j``, above 0 and at most the sum of the caps. A graphon of density rho that depends on v alone has
        ``rho d E[a^2]``.
    cap
        Largest path density of each input, ``E[a^2]``: a number or shape (d,), above 0 where the teacher needs one.

    Returns
    -------
    Array
        D, shape (d,). Its value is within about 1e-12, relative, of the least there is; where several D attain that,
        one of them.

    Raises
    ------
    InputError
        If a shape does not fit, a number is out of its range, or the teacher needs no input.
    """
    teacher, lengths = _teacher(beta, norms)
    given = np.asarray(cap, dtype=np.float64)
    caps = vector("cap", np.full(teacher.size, given) if given.ndim == 0 else given, teacher.size)
    total = number("total", total, 0.0, math.inf, open_low=True)
    most = float(caps.sum())
    if total > most * (1.0 + 1e-12):
        raise InputError("total", total, f"give at most the sum of the caps, {most:g}")
    needed = teacher != 0.0
    if not bool(needed.any()):
        raise InputError("beta", "0 wherever norms are not", "give a teacher that needs an input")
    if bool((caps[needed] == 0.0).any()):
        raise InputError("cap", 0.0, "give a cap above 0 wherever the teacher needs an input")
    shape = np.divide(np.abs(teacher), lengths, out=np.zeros_like(teacher), where=needed)
    shape /= shape.sum()
    room = float((caps[needed] / shape[needed]).min())
    idle = np.where(lengths == 0.0, caps, 0.0)
    if total <= room + idle.sum():
        density = shape * min(room, total)
        return density + idle * (max(0.0, total - room) / idle.sum()) if total > room else density
    if total >= most:
        return caps
    # Units in which everything is of order one.
    high = float(caps.max())
    problem = LeastProduct(np.abs(teacher) / np.abs(teacher).max(), lengths / lengths.max(), caps / high, total / high)
    return np.asarray(problem.solve() * high)


def _teacher(beta: npt.ArrayLike, norms: npt.ArrayLike) -> tuple[Array, Array]:
    teacher = vector("beta", beta, signed=True)
    lengths = vector("norms", norms, teacher.size)
    # An input that is 0 on the whole sample has no part in X beta.
    return np.where(lengths > 0.0, teacher, 0.0), lengths
