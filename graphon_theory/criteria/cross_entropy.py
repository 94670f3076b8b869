"""SNIP under cross-entropy with C classes on one hidden layer (THEORY, CE): residuals that differ from unit to unit.

The derivative of the loss in the logit ``f_c(x_s)`` is ``delta_cs = softmax_c(f_s) - y_sc``. A unit sees the classes
through its output weights: ``h_ij = S^-1 sum_s (sum_c a_ci delta_cs) sigma'(z_is) x_sj``, a model of rank S with
``q_i = (sum_c a_ci delta_cs sigma'(z_is))_s/S``. With small logits softmax is ``1/C`` plus ``(f_c - mean f)/C``, to
first order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]


def class_residuals(logits: Array, labels: npt.NDArray[np.int64]) -> Array:
    """``softmax_c(f_s) - y_sc``, shape (S, C); each row sums to 0.

    Parameters
    ----------
    logits
        ``f_c(x_s)``, shape (S, C); zeros for the uniform softmax ``1/C``.
    labels
        Class of each sample, shape (S,), from 0 to C - 1.

    Raises
    ------
    InputError
        If the shapes do not fit or a label is no class.
    """
    batch, classes = logits.shape
    if labels.shape != (batch,):
        raise InputError("labels", f"array of shape {labels.shape}", f"give shape ({batch},)")
    if labels.size and not (int(labels.min()) >= 0 and int(labels.max()) < classes):
        raise InputError("labels", f"{labels.min()} to {labels.max()}", f"give classes from 0 to {classes - 1}")
    residuals: Array = special.softmax(logits, axis=1)
    residuals[np.arange(batch), labels] -= 1.0
    return residuals


def class_field(readout: Array, slopes: Array, residuals: Array, inputs: Array) -> Array:
    """``h_ij = S^-1 sum_s (sum_c a_ci r_sc) sigma'(z_is) x_sj``, shape (n, d).

    Parameters
    ----------
    readout
        ``a_ci``, shape (C, n).
    slopes
        ``sigma'(z_is)``, shape (S, n).
    residuals
        ``r_sc``, shape (S, C).
    inputs
        ``x_sj``, shape (S, d).

    Raises
    ------
    InputError
        If the shapes do not fit.
    """
    batch, (classes, width) = len(inputs), readout.shape
    wanted = {"slopes": (slopes, (batch, width)), "residuals": (residuals, (batch, classes))}
    for name, (value, shape) in wanted.items():
        if value.shape != shape:
            raise InputError(name, f"array of shape {value.shape}", f"give shape {shape}")
    field: Array = (slopes * (residuals @ readout)).T @ inputs / batch
    return field


def unmixed_field(readout: Array, residuals: Array, inputs: Array) -> Array:
    """``|a_i| |E[r x_j]|`` with norms over the classes, shape (n, d): a rank-one false variant without mixing."""
    correlations = residuals.T @ inputs / len(inputs)
    field: Array = np.outer(np.linalg.norm(readout, axis=0), np.linalg.norm(correlations, axis=0))
    return field


def mean_residual_share(readout: Array, residuals: Array) -> float:
    """Size of the batch-mean residual of a unit over that of its residuals, in [0, 1], by root mean squares.

    A weight moves its own ``h_ij`` by the unit's batch-mean residual (as in SNIP-S), so that this is to be small.

    Parameters
    ----------
    readout, residuals
        As ``class_field``.
    """
    seen = residuals @ readout
    return float(np.sqrt(np.mean(seen.mean(axis=0) ** 2) / np.mean(seen**2)))


def field_rounding_bound(readout: Array, weights: Array, slopes: Array, residuals: Array, inputs: Array) -> Array:
    """Bound of the rounding error of ``class_field`` from weights in double precision, in any order, shape (n, d).

    A logit is a sum of products that passes ``n + d + 8`` roundings; an error ``e`` of all logits moves a softmax by at
    most ``2 e``, to first order (4 e is allowed, and 16 roundings of its own). The outer sum passes
    ``S + C + 16`` (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1).

    Parameters
    ----------
    readout, slopes, residuals, inputs
        As ``class_field``.
    weights
        ``w_ij``, shape (n, d).
    """
    unit = 2.0**-53
    batch, d = inputs.shape
    classes, width = readout.shape
    a, x = np.abs(readout), np.abs(inputs)
    logits = (x @ np.abs(weights).T) @ a.T
    moved = 4.0 * (width + d + 8) * unit * logits.max(axis=1, keepdims=True) + 16.0 * unit
    steps = 1.01 * (batch + classes + 16) * unit
    bound: Array = class_field(a, np.abs(slopes), steps * np.abs(residuals) + moved, x)
    return bound
