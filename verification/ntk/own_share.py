"""What a weight has to do with its own saliency: the mean of a kept weight that comes from that alone.

A weight ``w`` of a hidden layer moves its neuron's preactivations by ``d^(-1/2) w x_s``; samples cross the kink, and
its saliency ``h = S^-1 sum_s g_s 1{z_s > 0}``, ``g_s = r_s b_s x_s``, moves with it. Where activations are not centred
that shifts the mean of what is kept by a term of order ``d^(-1/2)``, of one sign for all weights of a neuron, which
their sum turns into a term of order 1.

Given the batch mean ``z`` of its preactivations a neuron fires with probability ``p = Phi(z/s_e)``, ``s_e^2`` the
variance about that mean, and ``psi = phi(z/s_e)/s_e`` is the density at the kink. So h is Gaussian with

    mean      m = p S^-1 sum g_s,
    variance  s^2 = p (1 - p) S^-2 sum g_s^2 + psi^2 s_e^2 b^2 S^-2 sum_(s != s') r_s x_s r_s' x_s' c_ss',

c the correlation of preactivations about their mean, and the mean of the kept weight is ``d^(-1/2)`` times

    S^-1 sum g_s x_s psi * dF/dm
    + [(1/2 - p) psi S^-2 sum g_s^2 x_s - psi^2 z b^2 S^-2 sum_(s != s') r_s x_s^2 r_s' x_s' c_ss'] * d^2F/dm^2,

``F(m, s) = E[V(h)]`` and ``x_s`` about its batch mean where it stands for the shift.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from graphon_theory.errors import InputError
from graphon_theory.generalisation.intake import number

Array = npt.NDArray[np.float64]

_NODES = 48
_FARTHEST = 8.0  # Gaussian weights, and saliencies, beyond carry 1e-13 of the variance
_NARROWEST = 1e-3  # least spread over mean: smaller ones move the slopes by its square, and cost digits


def own_share(x: Array, z: Array, b: Array, residuals: Array, level: float) -> Array:
    """Mean of ``xi 1{kept}`` that a weight's own share of its saliency makes, for ReLU and Gaussian weights.

    Parameters
    ----------
    x
        What enters the layer on the batch that pruned, shape (S, d).
    z
        Its preactivations, shape (S, n); they enter by their batch means and one variance.
    b
        Backward field of its neurons (derivative of the output in ``sigma(z)``), shape (S, n).
    residuals
        ``r_s``, shape (S,).
    level
        Threshold ``tau`` of ``|xi| |h|``, with ``h = S^-1 sum_s r_s b_s 1{z_s > 0} x_s`` in these units, positive.

    Returns
    -------
    array
        Shape (n, d), for weights ``xi`` of variance 1. Cost: S n d, and some exponentials for each weight.

    Raises
    ------
    InputError
        If shapes do not fit, a number is not finite, the level is not positive, or the preactivations do not vary over
        the batch.
    """
    samples, inputs = x.shape if x.ndim == 2 else (0, 0)
    if samples < 2 or z.shape != b.shape or z.ndim != 2 or len(z) != samples or residuals.shape != (samples,):
        shapes = [part.shape for part in (x, z, b, residuals)]
        raise InputError("x, z, b, residuals", shapes, "give shapes (S, d), (S, n), (S, n) and (S,), S at least 2")
    for name, part in (("x", x), ("z", z), ("b", b), ("residuals", residuals)):
        if not np.isfinite(part).all():
            raise InputError(name, "NaN or infinite", "give finite numbers")
    level = number("level", level, 0.0, math.inf, open_low=True)
    centred, mean = x - x.mean(axis=0), z.mean(axis=0)
    spread = math.sqrt(float(np.square(z - mean).mean()))
    if not spread > 0.0:
        raise InputError("z", "constant over the batch", "give samples that differ")
    fires = ndtr(mean / spread)
    kink = np.exp(-0.5 * np.square(mean / spread)) / (math.sqrt(2.0 * math.pi) * spread)
    g, moved = residuals[:, None] * b, x * centred
    alone = np.square(g).T @ np.square(x) / samples**2
    pairs, moved_pairs = _pairs(x, centred, residuals, spread)
    shared = np.square(kink * b.mean(axis=0))[:, None]
    variance = (fires * (1.0 - fires))[:, None] * alone + spread**2 * shared * pairs
    m = fires[:, None] * (g.T @ x) / samples
    least = np.maximum(1e-3 * alone, np.square(_NARROWEST * m))
    variance = np.maximum(variance, least)
    # A dead input or field moves no saliency: any spread will do.
    first, second = smoothed_slopes(m, np.sqrt(np.where(variance > 0, variance, 1.0)), level)
    shift = kink[:, None] * (g.T @ moved) / samples
    widening = ((0.5 - fires) * kink)[:, None] * (np.square(g).T @ (x * moved)) / samples**2
    widening -= mean[:, None] * shared * moved_pairs
    found: Array = (shift * first + widening * second) / math.sqrt(inputs)
    return found


def smoothed_slopes(mean: Array, spread: Array, level: float) -> tuple[Array, Array]:
    """First and second derivative in m of ``E[V(h)]``, ``h = m + s eps``, for Gaussian weights.

    By quadrature over the weight w: it is kept with probability ``P(|h| >= u)``, ``u = level/|w|``, whose derivatives
    are ``[phi(A) - phi(B)]/s`` and ``[A phi(A) + B phi(B)]/s^2`` with ``A = (u - m)/s`` and ``B = (u + m)/s``. Nodes
    lie where u is within 8 s of m, for each pair of m and s, by Gauss and Legendre in ``ln w``.

    Parameters
    ----------
    mean, spread
        m and s, arrays of one shape, s at least ``|m|/1000``.
    level
        Threshold ``tau``, positive.

    Returns
    -------
    tuple
        Two arrays of that shape: to 1e-9 of ``1/tau`` and of ``1/tau^2``, which is the order of their largest values.

    Raises
    ------
    InputError
        If a number is not finite, a spread is smaller or 0, or the level is not positive.
    """
    level = number("level", level, 0.0, math.inf, open_low=True)
    size = np.abs(mean)
    if not bool(np.all(np.isfinite(size) & np.isfinite(spread) & (spread > 0.0))):
        raise InputError("mean, spread", "NaN, infinite or a spread of 0", "give finite means and positive spreads")
    if bool(np.any(spread < 0.999 * _NARROWEST * size)):
        raise InputError("spread", float((spread / size).min()), f"give at least {_NARROWEST:g} of the mean")
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    # A weight w meets its threshold at |h| = level/w; of the Gaussian h nothing counts beyond these ends.
    low = level / (size + _FARTHEST * spread)
    high = level / np.maximum(size - _FARTHEST * spread, level / _FARTHEST)
    start, half = np.log(low), 0.5 * np.log(np.maximum(high / low, 1.0))
    first, second = np.zeros_like(size), np.zeros_like(size)
    for node, weight in zip(nodes, weights, strict=True):
        w = np.exp(start + (node + 1.0) * half)
        # Both signs of w; w^2 is what a kept weight transmits, and one more w comes from d ln w.
        mass = weight * w**3 * np.exp(-0.5 * np.square(w)) / math.pi
        inner, outer = (level / w - size) / spread, (level / w + size) / spread
        near, far = mass * np.exp(-0.5 * np.square(inner)), mass * np.exp(-0.5 * np.square(outer))
        first += near - far
        second += inner * near + outer * far
    return np.sign(mean) * half * first / spread, half * second / np.square(spread)


def _pairs(x: Array, centred: Array, residuals: Array, spread: float) -> tuple[Array, Array]:
    """``S^-2 sum_(s != s') r_s x_s r_s' x_s' c_ss'`` for each column, and with ``x_s^2`` for the first ``x_s``."""
    samples, inputs = x.shape
    modes = centred / (math.sqrt(inputs) * spread)
    seen, own = residuals[:, None] * x, np.square(modes).sum(axis=1)[:, None]
    along = seen.T @ modes
    moved = (seen * centred).T @ modes
    plain = np.square(along).sum(axis=1) - (np.square(seen) * own).sum(axis=0)
    crossed = (along * moved).sum(axis=1) - (np.square(seen) * centred * own).sum(axis=0)
    return plain / samples**2, crossed / samples**2
