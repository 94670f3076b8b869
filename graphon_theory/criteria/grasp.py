"""GraSP on one hidden layer and squared loss, by formulas (THEORY, GRASP).

With ``W`` alone in gradient and Hessian, outputs ``f_s``, residuals ``r_s`` and Jacobian ``J`` of the outputs in W,
``g = J^T r/S`` and ``H = J^T J/S + S^-1 sum_s r_s D^2 f_s``. Where sigma is piecewise linear ``D^2 f_s`` vanishes, so
``H g = J^T (K r)/S`` with ``K = J J^T/S``: SNIP's formula with ``K r`` in the place of ``r``. For another sigma
``D^2 f_s`` is block diagonal, ``a_i sigma''(z_is) x_s x_s^T`` in row i: the term of ``curvature_term``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]


def output_kernel(readout: Array, slopes: Array, inputs: Array) -> Array:
    """Kernel of the hidden weights, ``K_st = S^-1 sum_i a_i^2 sigma'(z_is) sigma'(z_it) <x_s, x_t>``, shape (S, S).

    Parameters
    ----------
    readout
        Output weights ``a_i`` in the scale of ``f = sum_i a_i sigma(z_i)``, shape (n,).
    slopes
        ``sigma'(z_is)``, shape (S, n).
    inputs
        ``x_sj`` in the scale of ``z = W x``, shape (S, d).

    Raises
    ------
    InputError
        If the shapes do not fit.
    """
    _require_shapes(readout, slopes, inputs)
    weighted = slopes * readout
    kernel: Array = (weighted @ weighted.T) * (inputs @ inputs.T) / len(inputs)
    return kernel


def linear_kernel(inputs: Array) -> Array:
    """Kernel without activations, ``<x_s, x_t>/S``, shape (S, S): a false variant."""
    kernel: Array = inputs @ inputs.T / len(inputs)
    return kernel


def weight_gradient(readout: Array, slopes: Array, residuals: Array, inputs: Array) -> Array:
    """``a_i S^-1 sum_s r_s sigma'(z_is) x_sj``, shape (n, d): the loss's gradient, or ``H g`` from ``K r``.

    Parameters
    ----------
    readout, slopes, inputs
        As ``output_kernel``.
    residuals
        ``r_s`` (gradient) or ``(K r)_s`` (Hessian times gradient), shape (S,).

    Raises
    ------
    InputError
        If the shapes do not fit.
    """
    _require_shapes(readout, slopes, inputs)
    if residuals.shape != inputs.shape[:1]:
        raise InputError("residuals", f"array of shape {residuals.shape}", f"give shape ({len(inputs)},)")
    field: Array = readout[:, None] * ((slopes * residuals[:, None]).T @ inputs) / len(inputs)
    return field


def curvature_term(readout: Array, bends: Array, residuals: Array, inputs: Array, gradient: Array) -> Array:
    """``a_i S^-1 sum_s r_s sigma''(z_is) <x_s, g_i> x_sj``, shape (n, d): what a smooth sigma adds to ``H g``.

    Parameters
    ----------
    readout, inputs
        As ``output_kernel``.
    bends
        ``sigma''(z_is)``, shape (S, n).
    residuals
        ``r_s``, shape (S,).
    gradient
        ``g``, shape (n, d).
    """
    return weight_gradient(readout, bends * (inputs @ gradient.T), residuals, inputs)


def rounding_bound(readout: Array, slopes: Array, residuals: Array, inputs: Array) -> Array:
    """Bound of the rounding error of ``H g`` computed in double precision, in any order, shape (n, d).

    ``H g`` is a sum of products of entries. However it is bracketed, a term passes at most ``N = 2 S + n + d + 16``
    roundings, so that the error is at most ``N u/(1 - N u)`` times the sum of the terms' moduli, ``u = 2^-53``
    (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1).

    Parameters
    ----------
    readout, slopes, residuals, inputs
        As ``weight_gradient``, with the residuals r themselves.
    """
    batch, width = slopes.shape
    steps = (2 * batch + width + inputs.shape[1] + 16) * 2.0**-53
    a, s, x = np.abs(readout), np.abs(slopes), np.abs(inputs)
    field = weight_gradient(a, s, output_kernel(a, s, x) @ np.abs(residuals), x)
    bound: Array = steps / (1.0 - steps) * field
    return bound


def _require_shapes(readout: Array, slopes: Array, inputs: Array) -> None:
    wanted = (inputs.shape[0], readout.shape[0])
    if slopes.shape != wanted:
        raise InputError("slopes", f"array of shape {slopes.shape}", f"give shape {wanted}")
