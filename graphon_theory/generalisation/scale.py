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
from graphon_theory.generalisation.filling import LeastProduct
from graphon_theory.generalisation.intake import count, number, vector

Array = npt.NDArray[np.float64]

_FACTOR: Final = 2.0 * math.sqrt(2.0)
_SPAN: Final = 1e60
"""Range of one argument of ``best_density`` in which squares and quotients of all stay floats."""
_SMALLEST: Final = float(np.finfo(np.float64).tiny)


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
        Infinite where a coordinate with ``beta_j != 0`` and ``||X_j|| > 0`` has ``D_j = 0``; 0 if the teacher needs
        no input.

    Raises
    ------
    InputError
        If a shape does not fit, a number is out of its range, or the value is not 0 and beyond the range of floats.
    """
    teacher, lengths = _teacher(beta, norms)
    density = vector("D", D, teacher.size)
    size = count("samples", samples)
    needed = teacher != 0.0
    if not bool(needed.any()):
        return 0.0
    if bool((density[needed] == 0.0).any()):
        return math.inf
    # Roots first, and powers of two apart from the start, so that neither a quotient, a product nor a square leaves the
    # range: one argument may be large exactly where another is small.
    (b, up), (r, part), (x, along) = (np.frexp(one) for one in (teacher, np.sqrt(density), lengths))
    inverse, more = _norm(b[needed] / r[needed], (up - part)[needed])
    linear, less = _norm(x * r, along + part)
    return _valued(_FACTOR * inverse * linear / size, more + less)


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
        As ``scale_free``.
    """
    teacher, lengths = _teacher(beta, norms)
    size = count("samples", samples)
    if not bool(teacher.any()):
        return 0.0
    (b, up), (x, along) = np.frexp(np.abs(teacher)), np.frexp(lengths)
    products, more = _scaled(b * x, up + along)
    return _valued(_FACTOR * float(products.sum()) / size, more)


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
        If a shape does not fit, a number is out of its range, the teacher needs no input, or the numbers above 0 of
        an argument lie more than 60 decades apart.
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
    for name, values in (("beta", np.abs(teacher)), ("norms", lengths), ("cap", np.append(caps, total))):
        _require_span(name, values)
    # Units in which everything is of order one.
    high = float(caps.max())
    teacher, lengths = np.abs(teacher) / np.abs(teacher).max(), lengths / lengths.max()
    caps, total = caps / high, total / high
    most = float(caps.sum())
    shape = np.divide(teacher, lengths, out=np.zeros_like(teacher), where=needed)
    shape /= shape.sum()
    room = float((caps[needed] / shape[needed]).min())
    idle = np.where(lengths == 0.0, caps, 0.0)
    if total <= room + idle.sum():
        density = shape * min(room, total)
        if total > room:
            density = density + idle * (max(0.0, total - room) / idle.sum())
        return np.asarray(density * high)
    if total >= most:
        return np.asarray(caps * high)
    return np.asarray(LeastProduct(teacher, lengths, caps, total).solve() * high)


def _teacher(beta: npt.ArrayLike, norms: npt.ArrayLike) -> tuple[Array, Array]:
    teacher = vector("beta", beta, signed=True)
    lengths = vector("norms", norms, teacher.size)
    # An input that is 0 on the whole sample has no part in X beta.
    return np.where(lengths > 0.0, teacher, 0.0), lengths


def _scaled(x: Array, exponents: npt.NDArray[np.int32]) -> tuple[Array, int]:
    """``x 2^(exponents - k)`` and k, the largest exponent where x is not 0, which it is somewhere."""
    top = int(exponents[x != 0.0].max())
    return np.ldexp(x, exponents - top), top


def _norm(x: Array, exponents: npt.NDArray[np.int32]) -> tuple[float, int]:
    scaled, top = _scaled(x, exponents)
    return float(np.linalg.norm(scaled)), top


def _valued(value: float, exponent: int) -> float:
    """``value 2^exponent`` if that is a normal float; the value is above 0."""
    try:
        found = math.ldexp(value, exponent)
    except OverflowError:
        found = math.inf
    if not _SMALLEST <= found < math.inf:
        raise InputError("beta, norms", f"a value of 2^{exponent}", "give them in units in which it is nearer to 1")
    return found


def _require_span(name: str, values: Array) -> None:
    positive = values[values > 0.0]
    least, most = float(positive.min()), float(positive.max())
    if least < most / _SPAN:
        raise InputError(name, f"{least:.3g} beside {most:.3g}", "give numbers, or 0, within 60 decades of the largest")
