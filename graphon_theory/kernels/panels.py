"""Dual activations by quadrature in two dimensions: slow, and good where Hermite series are not.

``k1 = E[sigma(p x) sigma(q (c x + sqrt(1 - c^2) y))]`` with independent standard normal x, y, ``p = sqrt(s11)``,
``q = sqrt(s22)``. Both integrals run over Gauss-Legendre panels that end at the activation's kinks and shrink towards
them, for y at the places that depend on x. So neither a kink nor a correlation near 1 costs digits.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from graphon_theory.kernels.activation import Activation, Duals
from graphon_theory.kernels.hermite import panel_rule
from graphon_theory.kernels.intake import covariances

Array = npt.NDArray[np.float64]

_EPS = float(np.finfo(np.float64).eps)
_ORDERS = (7, 10)
_INNER_REACH = 10.0  # the normal density is below 1e-22 there
_STEPS = np.concatenate([-(0.5 ** np.arange(12)), [0.0], 0.5 ** np.arange(12)])


def dual_panels(activation: Activation, s11: npt.ArrayLike, s22: npt.ArrayLike, s12: npt.ArrayLike) -> Duals:
    """Dual activations by panels, for a few covariances: some hundredths of a second each.

    Parameters
    ----------
    activation
        The activation; its kinks must be declared.
    s11, s22, s12
        Variances and covariances, broadcastable.

    Returns
    -------
    Duals
        The error estimate is the difference of two orders: it covers the lower order's error and is generous for the
        higher one's, whose value is given.
    """
    first, second, cross = covariances(s11, s22, s12)
    shape = first.shape
    triples = zip(first.ravel(), second.ravel(), cross.ravel(), strict=True)
    rows = np.array([_pair(activation, *map(float, triple)) for triple in triples]).reshape(*shape, 4)
    return Duals(rows[..., 0], rows[..., 1], rows[..., 2], rows[..., 3])


def _pair(activation: Activation, s11: float, s22: float, s12: float) -> tuple[float, float, float, float]:
    p, q = math.sqrt(s11), math.sqrt(s22)
    c = s12 / (p * q) if p * q > 0 else 0.0
    c = min(max(c, -1.0), 1.0)
    (low1, low0, _, _), (k1, k0, size1, size0) = (_rule(activation, p, q, c, order) for order in _ORDERS)
    rounding = 64.0 * _EPS
    return k1, k0, abs(k1 - low1) + rounding * size1, abs(k0 - low0) + rounding * size0


def _rule(activation: Activation, p: float, q: float, c: float, order: int) -> tuple[float, float, float, float]:
    """Both expectations, and those of the moduli."""
    kinks = activation.kinks
    outer = {kink / p for kink in kinks if p > 0} | {kink / (q * c) for kink in kinks if q * abs(c) > 0}
    x, w = panel_rule(tuple(sorted(point for point in outer if abs(point) < 14.0)), order)
    w = w * np.exp(-0.5 * np.square(x)) / math.sqrt(2.0 * math.pi)
    spread = math.sqrt((1.0 - c) * (1.0 + c))
    if q == 0 or spread == 0:
        inner = q * c * x if q > 0 else np.zeros_like(x)
        y, v = inner[:, None], np.ones((1, 1))
    else:
        centres = [(point / q - c * x) / spread for point in {0.0, *kinks}]
        place, weight = _inner_rule(centres, x.size, order)
        y = q * (c * x[:, None] + spread * place)
        v = weight * np.exp(-0.5 * np.square(place)) / math.sqrt(2.0 * math.pi)
    results = []
    for function in (activation.value, activation.slope):
        left, right = function(p * x), function(y)
        results.append((float(w @ (left * (right * v).sum(axis=1))),
                        float(w @ (np.abs(left) * (np.abs(right) * v).sum(axis=1)))))  # fmt: skip
    return results[0][0], results[1][0], results[0][1], results[1][1]


def _inner_rule(centres: list[Array], rows: int, order: int) -> tuple[Array, Array]:
    """Nodes and weights on [-10, 10] for each row, shape (rows, m), refined about that row's centres."""
    plain = np.broadcast_to(np.arange(-_INNER_REACH, _INNER_REACH + 0.5), (rows, int(2 * _INNER_REACH) + 1))
    ends = [plain, *(centre[:, None] + _STEPS[None, :] for centre in centres)]
    points = np.sort(np.clip(np.concatenate(ends, axis=1), -_INNER_REACH, _INNER_REACH), axis=1)
    x, w = np.polynomial.legendre.leggauss(order)
    half = 0.5 * np.diff(points, axis=1)
    nodes = (points[:, :-1] + half)[..., None] + half[..., None] * x
    return nodes.reshape(rows, -1), (half[..., None] * w).reshape(rows, -1)
