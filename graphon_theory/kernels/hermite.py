"""Dual activations of any activation by Hermite series, with an estimate of what the series leaves out.

With the orthonormal Hermite polynomials ``h_k`` and ``a_k(s) = E[sigma(sqrt(s) x) h_k(x)]``, Mehler's formula gives
``k1 = sum_k a_k(s11) a_k(s22) c^k`` (Daniely et al. 2016, section 4). What degrees above K add is at most
``|c|^(K+1) sqrt(R(s11) R(s22))`` by Cauchy and Schwarz, ``R(s) = E[sigma^2] - sum_(k<=K) a_k(s)^2`` the energy that is
left. So the cost is one-dimensional quadrature, and the error is known from the same integrals.

Differs from Gauss-Hermite quadrature in two dimensions, of which the k-th node needs the activation at new points for
each correlation and whose error has no such bound.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.kernels.activation import Activation, Duals
from graphon_theory.kernels.intake import covariances

Array = npt.NDArray[np.float64]

_EPS = float(np.finfo(np.float64).eps)
_REACH = 14.0  # exp(-14^2/4), the weight beside a normalised Hermite function, is below 1e-21
_ORDERS = (12, 16)
_LEVELS = 16  # panels halve so often towards 0, where an activation of a large variance changes fast
_CHUNK = 4096


@dataclass(frozen=True)
class HermiteSeries:
    """Hermite coefficients of ``x -> function(sqrt(s) x)`` at some variances.

    Parameters
    ----------
    coefficients
        ``a_k(s)``, shape (degree + 1, m).
    rest
        Root of the energy above the degree, ``sqrt(E[f^2] - sum a_k^2)``, raised by its own error; shape (m,).
    norm
        ``sqrt(E[f^2])``, shape (m,).
    error
        Estimated Euclidean error of the coefficients, from two quadrature rules; shape (m,).
    """

    coefficients: Array
    rest: Array
    norm: Array
    error: Array


def hermite_series(
    activation: Activation, variances: npt.ArrayLike, degree: int, *, slope: bool = False
) -> HermiteSeries:
    """Expand an activation, or its slope, in Hermite polynomials at some variances.

    Parameters
    ----------
    activation
        The activation.
    variances
        ``s``, at least 0, shape (m,).
    degree
        Highest degree K, from 0 to 400.
    slope
        Expand ``sigma'`` instead of ``sigma``.

    Raises
    ------
    InputError
        If the degree is out of range, a variance is negative or not finite, or the activation overflows.
    """
    if not 0 <= degree <= 400:
        raise InputError("degree", degree, "give a degree from 0 to 400")
    s = np.atleast_1d(np.asarray(variances, dtype=np.float64))
    if not bool(np.all(np.isfinite(s) & (s >= 0))):
        raise InputError("variances", "negative, NaN or infinite", "give finite variances, at least 0")
    function = activation.slope if slope else activation.value
    parts = [_expand(function, activation.kinks, np.sqrt(s[i : i + _CHUNK]), degree) for i in range(0, len(s), _CHUNK)]
    coefficients, moment, error = (np.concatenate([part[i] for part in parts], axis=-1) for i in range(3))
    if not bool(np.all(np.isfinite(moment))):
        raise InputError(
            "activation", activation.name, "not finite at these variances: give one that does not overflow"
        )
    norm = np.sqrt(moment)
    # The rest is a difference of nearly equal sums: count their rounding and the error of the coefficients in.
    left = moment - np.square(coefficients).sum(axis=0)
    floor = 64.0 * _EPS * moment + 2.0 * norm * error
    return HermiteSeries(coefficients, np.sqrt(np.maximum(left, 0.0) + floor), norm, error)


def dual_series(
    activation: Activation, s11: npt.ArrayLike, s22: npt.ArrayLike, s12: npt.ArrayLike, *, degree: int = 100
) -> Duals:
    """Dual activations by Hermite series.

    Parameters
    ----------
    activation
        The activation.
    s11, s22, s12
        Variances and covariances, broadcastable.
    degree
        Highest degree of the series.

    Returns
    -------
    Duals
        With the bound on the tail plus the estimated error of the coefficients. Where the correlation is near 1 in
        modulus and the activation has kinks or a large variance the tail is long and the estimate says so.
    """
    first, second, cross = covariances(s11, s22, s12)
    shape = first.shape
    flat = [part.ravel() for part in (first, second, cross)]
    scale = np.sqrt(flat[0]) * np.sqrt(flat[1])
    c = np.clip(np.divide(flat[2], scale, out=np.zeros_like(scale), where=scale > 0), -1.0, 1.0)
    values, places = np.unique(np.concatenate(flat[:2]), return_inverse=True)
    left, right = places[: c.size], places[c.size :]
    found = []
    for slope in (False, True):
        series = hermite_series(activation, values, degree, slope=slope)
        total = np.zeros_like(c)
        for a in series.coefficients[::-1]:
            total = total * c + a[left] * a[right]
        tail = np.abs(c) ** (degree + 1) * series.rest[left] * series.rest[right]
        inexact = series.error[left] * series.norm[right] + series.norm[left] * series.error[right]
        rounding = 64.0 * _EPS * series.norm[left] * series.norm[right]
        found.append((total.reshape(shape), (tail + inexact + rounding).reshape(shape)))
    (k1, error1), (k0, error0) = found
    return Duals(k1, k0, error1, error0)


def _expand(function: object, kinks: tuple[float, ...], roots: Array, degree: int) -> tuple[Array, Array, Array]:
    """Coefficients (K + 1, m), second moments (m,) and errors (m,) by two rules."""
    results = []
    for order in _ORDERS:
        if all(kink == 0 for kink in kinks):
            x, w = _panels(order)
            values = function(roots[:, None] * x[None, :])  # type: ignore[operator]
            basis = _weighted_hermite(x, degree)
            weighted = values * (w * np.exp(-0.25 * np.square(x)) / (2.0 * np.pi) ** 0.25)
            coefficients = basis @ weighted.T
            moment = np.square(values) @ (w * np.exp(-0.5 * np.square(x)) / np.sqrt(2.0 * np.pi))
        else:
            columns = [_one(function, kinks, float(root), degree, order) for root in roots]
            coefficients = np.stack([column[0] for column in columns], axis=1)
            moment = np.array([column[1] for column in columns])
        results.append((coefficients, moment))
    (coarse, rough), (fine, moment) = results
    difference = np.sqrt(np.square(fine - coarse).sum(axis=0))
    # The moment is a check of the same rule on a rougher integrand.
    spread = np.abs(moment - rough) / np.sqrt(np.maximum(moment, np.finfo(np.float64).tiny))
    return fine, moment, difference + spread + 8.0 * _EPS * np.sqrt(moment)


def _one(function: object, kinks: tuple[float, ...], root: float, degree: int, order: int) -> tuple[Array, float]:
    breaks = tuple(kink / root for kink in kinks if root > 0 and abs(kink) < _REACH * root)
    x, w = panel_rule(breaks, order)
    values = function(root * x)  # type: ignore[operator]
    weight = np.exp(-0.25 * np.square(x)) / (2.0 * np.pi) ** 0.25
    coefficients = _weighted_hermite(x, degree) @ (values * w * weight)
    return coefficients, float(np.square(values) @ (w * np.square(weight)))


@functools.lru_cache(maxsize=4)
def _panels(order: int) -> tuple[Array, Array]:
    return panel_rule((), order)


def panel_rule(breaks: tuple[float, ...], order: int) -> tuple[Array, Array]:
    """Gauss-Legendre panels on [-14, 14] that shrink towards 0 and towards each break.

    Parameters
    ----------
    breaks
        Points where the integrand is not smooth, inside the range.
    order
        Points a panel.

    Returns
    -------
    tuple
        Nodes and weights, shape (m,); the weights sum to 28.
    """
    steps = 0.5 ** np.arange(1, _LEVELS + 1)
    ends = [np.arange(-_REACH, _REACH + 0.5)]
    for centre in (0.0, *breaks):
        ends += [np.array([centre]), centre - steps, centre + steps]
    points = np.unique(np.clip(np.concatenate(ends), -_REACH, _REACH))
    x, w = np.polynomial.legendre.leggauss(order)
    half = 0.5 * np.diff(points)
    nodes = (points[:-1] + half)[:, None] + half[:, None] * x[None, :]
    return nodes.ravel(), (half[:, None] * w[None, :]).ravel()


def _weighted_hermite(x: Array, degree: int) -> Array:
    """Normalised Hermite polynomials times the root of the normal density, shape (degree + 1, m); bounded by 1."""
    basis = np.empty((degree + 1, x.size))
    basis[0] = np.exp(-0.25 * np.square(x)) / (2.0 * np.pi) ** 0.25
    if degree:
        basis[1] = x * basis[0]
    for k in range(1, degree):
        basis[k + 1] = (x * basis[k] - np.sqrt(k) * basis[k - 1]) / np.sqrt(k + 1)
    return basis
