"""The linear part of the kernel for any activation: what PATH becomes where k0 is not a ReLU's.

By Mehler's formula ``k0(x, x') = sum_k b_k(s) b_k(s') c^k`` with the Hermite coefficients b_k of the slope at the two
variances (Daniely et al. 2016, section 4). Each term is the Schur product of a power of a correlation matrix with a
matrix of rank one, so that ``k0 >= b_0 b_0^T``, ``b_0(s) = E[sigma'(sqrt(s) z)]`` the mean slope.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.generalisation.intake import matrix, number, vector
from graphon_theory.kernels import Activation, hermite_series

Array = npt.NDArray[np.float64]


def mean_slope(activation: Activation, variances: npt.ArrayLike) -> Array:
    """Mean slope ``E[sigma'(z)]``, z centred Gaussian.

    Parameters
    ----------
    activation
        The activation, such as ``kernels.ERF``.
    variances
        Variances of z, at least 0, any shape. A ReLU has 1/2 at all of them.

    Returns
    -------
    Array
        Of the shape of ``variances``, by quadrature, to some 14 digits.

    Raises
    ------
    InputError
        If a variance is negative or not finite.
    """
    s = np.asarray(variances, dtype=np.float64)
    found: Array = hermite_series(activation, s.ravel(), 0, slope=True).coefficients[0].reshape(s.shape)
    return found


def linear_coefficient(activation: Activation, variance: float = 1.0) -> float:
    """Coefficient c of ``K >= (c/d) X diag(D) X^T``: the square of the mean slope at a variance.

    Parameters
    ----------
    activation
        The activation.
    variance
        The variance of every preactivation, at every input, at least 0. Piecewise linear activations with one kink, at
        0, have one coefficient at all variances: 1/4 for ReLU, ``(1 + s)^2/4`` with the slope s on the left. For others
        the inequality holds where all preactivations have this variance; ``linear_part`` does without that.

    Raises
    ------
    InputError
        If the variance is negative or not finite.
    """
    at = number("variance", variance, 0.0, np.inf)
    return float(mean_slope(activation, np.array([at]))[0]) ** 2


def linear_part(X: npt.ArrayLike, W: npt.ArrayLike, output_squares: npt.ArrayLike, slopes: npt.ArrayLike) -> Array:
    """Lower bound of the kernel of the hidden weights for any activation, in Loewner order.

    Mean over rows i of ``E[a_i^2] m_i(x) m_i(x') (1/d) sum_j W_ij x_j x_j'``. Where m_i is the same at all inputs this
    is ``(1/d) X diag(D) X^T`` with ``D = input_path_density(W, output_squares * m^2)``. Where it is not, the features
    are ``m_i(x) x_j``, and ``y = X beta`` is in general no combination of them.

    Parameters
    ----------
    X
        Inputs, shape (N, d).
    W
        Kept probabilities, shape (n, d), in [0, 1].
    output_squares
        ``E[a_i^2]``, shape (n,).
    slopes
        ``m_i(x)``, the mean slope at the variance of row i at input x, shape (n, N); or (n,) if the same at all inputs.

    Returns
    -------
    Array
        Shape (N, N), symmetric, positive semidefinite.

    Raises
    ------
    InputError
        If a shape does not fit, or a number is out of its range.
    """
    inputs, kept = matrix("X", X, signed=True), matrix("W", W)
    squares = vector("output_squares", output_squares, kept.shape[0])
    given = np.asarray(slopes, dtype=np.float64)
    wide = matrix("slopes", given[:, None] if given.ndim == 1 else given, signed=True)
    if kept.shape[1] != inputs.shape[1]:
        raise InputError("W", f"array of shape {kept.shape}", f"give a column for each input: {inputs.shape[1]}")
    if wide.shape[0] != kept.shape[0] or wide.shape[1] not in (1, len(inputs)):
        wanted = f"({kept.shape[0]}, {len(inputs)})"
        raise InputError("slopes", f"array of shape {given.shape}", f"give shape {wanted}, or one number a row of W")
    total = np.zeros((len(inputs), len(inputs)))
    for row, square, slope in zip(kept, squares, wide, strict=True):
        features = slope[:, None] * inputs * np.sqrt(square * row)
        total += features @ features.T
    return 0.5 * (total + total.T) / kept.size
