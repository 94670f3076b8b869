"""What a network is on a box: an affine function or a polynomial, up to a bound; and what rounding may do to it.

On a box with centre ``c`` and half-sides ``r``, ``d = x - c``:

**ReLU.** With ``z_i = w_i . c + b_i`` and ``rho_i = sum_j |w_ij| r_j`` the unit's argument ranges over
``z_i +- rho_i``. For ``lambda = clip((z + rho) / (2 rho), 0, 1)`` and ``h = lambda max(rho - z, 0) / 2``,

    |relu(z + s) - lambda (z + s) - h| <= h    for all |s| <= rho:

a fixed unit has lambda in {0, 1} and h = 0; for a mixed one relu(t) - lambda t is convex, 0 at t = 0 and
``-lambda (z - rho) = 2h`` at both ends. So f is ``F + p . d`` up to ``+- H`` with
``F = constant + sum a_i (lambda_i z_i + h_i)``, ``p = sum a_i lambda_i w_i`` and ``H = sum |a_i| h_i``, which falls
like ``|r|^2`` for units in general position.

**tanh.** Taylor's formula of order 3 at ``c`` with the remainder of order 4: f is
``F + p . d + d.Q.d / 2 + C(d, d, d) / 6`` up to ``H = sum |a_i| m_i rho_i^4 / 24``. ``F, p, Q, C`` are the derivatives
at ``c``, so that large weights may cancel in them. With ``s = 1 - tanh^2``: ``tanh'' = -2 t s``,
``tanh''' = 2 s (3 t^2 - 1)`` and ``tanh'''' = 8 t s (2 - 3 t^2)``, of modulus at most ``m = min(4.09, 8 s)``, where s
is taken at the argument nearest to 0.

**Rounding.** Everything about f is a sum over units of products of few factors, and every coordinate is at most 1 in
modulus; the classical bound (``verification.cutnorm.rounding``) is gamma(operations) times the sum of the moduli. With
``L_i = |b_i| + sum_j |w_ij|``:

* ReLU: value, slope times r, and half-width have moduli of at most ``2 |a_i| L_i`` together. The argument is off by
  ``gamma(k + 1) L_i`` and relu is 1-Lipschitz in it; a lambda wrong by some units in the last place changes the affine
  piece by as many units of L_i; a unit declared fixed by a rounded argument is wrong by the argument's error.
* tanh: the value is off by ``(4 ulp + gamma(k + 1) L_i) |a_i|`` and its sum; a derivative of order m, times its
  monomial in r, by as much times ``16 rho_i^m / m!``, since derivatives of tanh up to the fifth are at most 16.

``margin`` is ``gamma(2 N + 20 k + 200) (|constant| + sum |a_i| (1 + L_i))``, twice the sum of these for the value (and
for all of it with ReLU); the derivatives' part for tanh, small with the box, is added to H. The target's enclosures
carry their own rounding, and the few sums of non-negative terms at the end are enlarged by a factor ``1 + 2**-40``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verification.approximation.network import RidgeSum
from verification.cutnorm.rounding import gamma

Array = npt.NDArray[np.float64]

_TINY = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """``F + p . d + d.Q.d / 2 + C(d, d, d) / 6`` up to ``+- H``, on B boxes.

    Parameters
    ----------
    F
        Shape (B,).
    p
        Shape (B, k).
    Q
        Entries ``j <= m`` in the order of ``pairs``, shape (B, k (k + 1) / 2); None for 0.
    C
        Entries in the order of ``triples``; None for 0.
    H
        Shape (B,), at least 0, the rounding of the other parts included but for ``rounding_margin``.
    """

    F: Array
    p: Array
    Q: Array | None
    C: Array | None
    H: Array


def joined_models(parts: list[Model]) -> Model:
    """Return models of the same network, on several sets of boxes, as one."""

    def together(columns: list[Array | None]) -> Array | None:
        present = [column for column in columns if column is not None]
        return np.concatenate(present) if present else None

    return Model(
        np.concatenate([part.F for part in parts]),
        np.concatenate([part.p for part in parts]),
        together([part.Q for part in parts]),
        together([part.C for part in parts]),
        np.concatenate([part.H for part in parts]),
    )


def added_models(parts: list[Model]) -> Model:
    """Return the model of a sum of networks from their models on the same boxes."""
    total = parts[0]
    for part in parts[1:]:
        Q = part.Q if total.Q is None else total.Q if part.Q is None else total.Q + part.Q
        C = part.C if total.C is None else total.C if part.C is None else total.C + part.C
        total = Model(total.F + part.F, total.p + part.p, Q, C, total.H + part.H)
    return total


def pairs(k: int) -> list[tuple[int, ...]]:
    """Return the pairs of coordinates ``j <= m``."""
    return list(itertools.combinations_with_replacement(range(k), 2))


def triples(k: int) -> list[tuple[int, ...]]:
    """Return the triples of coordinates in increasing order."""
    return list(itertools.combinations_with_replacement(range(k), 3))


def monomials(r: Array, indices: list[tuple[int, ...]]) -> Array:
    """Return ``r_j r_m ...`` for each index, times its number of orderings over the factorial of its length.

    With them a form with symmetric coefficients is ``|C(d, ...)| / m! <= sum |C_index| monomial`` for ``|d| <= r``.
    """
    columns = []
    for index in indices:
        orderings = set(itertools.permutations(index))
        factor = len(orderings) / math.factorial(len(index))
        columns.append(factor * np.prod(r[:, index], axis=1))
    return np.stack(columns, 1)


def rounding_margin(units: RidgeSum) -> float:
    """Return the margin of the module's text: a bound on all rounding in f on K."""
    return _allowance(units) * (abs(units.constant) + float(np.abs(units.outer) @ (1.0 + _reach(units)))) + _TINY


def _allowance(units: RidgeSum) -> float:
    return gamma(2 * len(units.outer) + 20 * units.coordinates + 200)


def _reach(units: RidgeSum) -> Array:
    return np.asarray(np.abs(units.offsets) + np.abs(units.slopes).sum(axis=1))


def model_of(units: RidgeSum) -> Callable[[Array, Array], Model]:
    """Return the function that models a network on boxes with centres and half-sides of shape (B, k)."""
    return _relu_model(units) if units.activation == "relu" else _tanh_model(units)


def _relu_model(units: RidgeSum) -> Callable[[Array, Array], Model]:
    slopes, moduli = units.slopes.T.copy(), np.abs(units.slopes).T.copy()
    directions, sizes = units.outer[:, None] * units.slopes, np.abs(units.outer)

    def model(c: Array, r: Array) -> Model:
        z = c @ slopes
        z += units.offsets
        rho = r @ moduli
        rho += _TINY
        share = z / rho
        share += 1.0
        share *= 0.5
        np.clip(share, 0.0, 1.0, out=share)
        p = share @ directions
        rho -= z
        np.maximum(rho, 0.0, out=rho)
        rho *= share
        rho *= 0.5  # now h
        z *= share
        z += rho
        return Model(z @ units.outer + units.constant, p, None, None, rho @ sizes)

    return model


def _tanh_model(units: RidgeSum) -> Callable[[Array, Array], Model]:
    a, w, k = units.outer, units.slopes, units.coordinates
    once = a[:, None] * w
    twice = np.stack([a * np.prod(w[:, index], axis=1) for index in pairs(k)], 1)
    thrice = np.stack([a * np.prod(w[:, index], axis=1) for index in triples(k)], 1)
    sizes = np.abs(a)
    rounding = 16.0 * _allowance(units) * sizes * (1.0 + _reach(units))
    slopes, moduli = w.T.copy(), np.abs(w).T.copy()

    def model(c: Array, r: Array) -> Model:
        z = c @ slopes
        z += units.offsets
        rho = r @ moduli
        t = np.tanh(z)
        F = t @ a + units.constant
        square = t * t
        s = 1.0 - square
        p = s @ once
        t *= s
        Q = -2.0 * (t @ twice)
        square *= 3.0
        square -= 1.0
        square *= s
        C = 2.0 * (square @ thrice)
        nearest = np.abs(z, out=z)
        nearest -= rho
        np.maximum(nearest, 0.0, out=nearest)
        np.tanh(nearest, out=nearest)
        fourth = 8.0 + 2.0**-46 - 8.0 * np.square(nearest, out=nearest)
        np.minimum(fourth, 4.09, out=fourth)
        np.square(rho, out=rho)
        np.square(rho, out=rho)
        fourth *= rho
        H = fourth @ sizes / 24.0
        # exp(x) - 1 sums rho^m / m! over m >= 1; the largest box of the chunk serves for all.
        H += float(rounding @ np.expm1(r.max(axis=0) @ moduli))
        return Model(F, p, Q, C, H)

    return model
