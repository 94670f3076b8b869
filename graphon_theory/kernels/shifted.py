"""ReLU of Gaussians that are not centred: means, second moments and products.

For a pair ``(z, z')`` with means ``m1``, ``m2``, variances ``s11``, ``s22`` and covariance ``s12``,
``k1 = E[sigma(z) sigma(z')]`` and ``k0 = P(z > 0, z' > 0)``. With ``h = m1/sqrt(s11)``, ``k = m2/sqrt(s22)`` and the
correlation c, ``k0`` is the bivariate normal distribution function at (h, k), by Owen's T; the other moments of the
pair cut to the quadrant follow from it by parts. Centred pairs give the arc-cosine kernels of ``relu``.

Source: Owen (1956) for the distribution function, Rosenbaum (1961) for the moments of the cut pair.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, owens_t

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]

_LARGEST = 1e150  # products of two, and sums of some of these, stay floats
_WIDEST = 1e300
_CLOSEST = 1.0 - 4e-16  # correlations beyond count as this one: what is lost is of order 1e-8 of the spread


class Moments(NamedTuple):
    """Moments of ``sigma(z)`` for one Gaussian.

    Parameters
    ----------
    mean
        ``E[sigma(z)]``.
    square
        ``E[sigma(z)^2]``.
    share
        ``P(z > 0)``, which is the mean slope as well.
    """

    mean: Array
    square: Array
    share: Array


class Products(NamedTuple):
    """Moments of two.

    Parameters
    ----------
    k1
        ``E[sigma(z) sigma(z')]``.
    k0
        ``E[sigma'(z) sigma'(z')]``, which is ``P(z > 0, z' > 0)``.
    """

    k1: Array
    k0: Array


def shifted_moments(mean: npt.ArrayLike, variance: npt.ArrayLike) -> Moments:
    """Moments of the ReLU of one Gaussian.

    Parameters
    ----------
    mean, variance
        Broadcastable arrays, means up to 1e150 in modulus, variances from 0 to 1e300. A neuron of variance 0 is its
        mean, with the slope 1/2 at 0.

    Raises
    ------
    InputError
        If a number is not finite or out of its range.
    """
    m, v = _checked(("mean", mean), ("variance", variance))
    _require_means(mean=m)
    _require_variances(v)
    spread = np.sqrt(v)
    level = _standard(m, spread)
    share = ndtr(level)
    local = spread * _density(level)
    return Moments(m * share + local, (m * m + v) * share + m * local, share)


def shifted_products(
    m1: npt.ArrayLike, m2: npt.ArrayLike, s11: npt.ArrayLike, s22: npt.ArrayLike, s12: npt.ArrayLike
) -> Products:
    """Products of the ReLU, and of its slopes, of two Gaussians.

    Parameters
    ----------
    m1, m2
        Means, broadcastable, up to 1e150 in modulus.
    s11, s22, s12
        Variances, from 0 to 1e300, and covariance. A correlation beyond 1 is taken as rounding and clamped; a neuron of
        variance 0 is taken as uncorrelated.

    Returns
    -------
    Products
        Arrays of the broadcast shape. For equal pairs ``shifted_moments`` is more accurate.

    Raises
    ------
    InputError
        If a number is not finite or out of its range.
    """
    a, b, v, w, cross = _checked(("m1", m1), ("m2", m2), ("s11", s11), ("s22", s22), ("s12", s12))
    _require_means(m1=a, m2=b)
    _require_variances(v)
    _require_variances(w)
    first, second = np.sqrt(v), np.sqrt(w)
    scale = first * second
    c = np.divide(cross, scale, out=np.zeros_like(scale), where=scale > 0)
    np.clip(c, -_CLOSEST, _CLOSEST, out=c)
    h, k = _standard(a, first), _standard(b, second)
    sine = np.sqrt((1.0 - c) * (1.0 + c))
    k0 = _quadrant(h, k, c, sine)
    # z = a + first X, z' = b + second Y: moments of (X, Y) over {X > -h, Y > -k}.
    along, other = _density(h) * ndtr((k - c * h) / sine), _density(k) * ndtr((h - c * k) / sine)
    mean_x, mean_y = along + c * other, other + c * along
    # sine^2 times the density of the pair at (-h, -k), written without cancellation.
    edge = sine / (2.0 * math.pi) * np.exp(-0.5 * (np.square((h - c * k) / sine) + k * k))
    mean_xy = c * (k0 - h * along - k * other) + edge
    k1 = a * b * k0 + a * second * mean_y + b * first * mean_x + scale * mean_xy
    return Products(k1, k0)


def _quadrant(h: Array, k: Array, c: Array, sine: Array) -> Array:
    """``P(X < h, Y < k)`` at correlation c, which is ``P(X > -h, Y > -k)`` (Owen 1956, eq. 2.1)."""
    # The formula divides by h and k; its value is continuous there.
    h, k = (np.where(np.abs(x) < 1e-150, 1e-150, x) for x in (h, k))
    apart = np.where(h * k > 0, 0.0, 0.5)
    tails = owens_t(h, (k - c * h) / (h * sine)) + owens_t(k, (h - c * k) / (k * sine))
    found: Array = np.clip(0.5 * (ndtr(h) + ndtr(k)) - tails - apart, 0.0, 1.0)
    return found


def _standard(mean: Array, spread: Array) -> Array:
    """Mean over spread, in [-40, 40]: beyond, both tails are 0 in float64."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        level = np.where(spread > 0, mean / spread, np.where(mean == 0, 0.0, np.copysign(np.inf, mean)))
    return np.clip(level, -40.0, 40.0)


def _density(x: Array) -> Array:
    found: Array = np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return found


def _checked(*named: tuple[str, npt.ArrayLike]) -> list[Array]:
    arrays = [np.asarray(value, dtype=np.float64) for _, value in named]
    for (name, _), value in zip(named, arrays, strict=True):
        if not bool(np.all(np.isfinite(value))):
            raise InputError(name, "NaN or infinite", "give finite numbers")
    return list(np.broadcast_arrays(*arrays))


def _require_variances(variance: Array) -> None:
    if bool(np.any(variance < 0)):
        raise InputError("variance", float(variance.min()), "give variances of at least 0")
    if bool(np.any(variance > _WIDEST)):
        raise InputError("variance", float(variance.max()), f"give variances up to {_WIDEST:g}")


def _require_means(**means: Array) -> None:
    for name, mean in means.items():
        if bool(np.any(np.abs(mean) > _LARGEST)):
            raise InputError(name, float(np.abs(mean).max()), f"give means up to {_LARGEST:g}: their squares overflow")
