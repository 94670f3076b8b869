"""How far a kernel lies above another one in Loewner order, as one number: the pencil's largest eigenvalue."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import linalg

from graphon_theory.errors import InputError
from graphon_theory.generalisation.intake import matrix, vector

Array = npt.NDArray[np.float64]

_ASYMMETRY: Final = 1e-6


def path_kernel(inputs: Array, density: Array) -> Array:
    """``(1/4d) X diag(D) X^T``, what PATH puts below ``K_1``, shape (N, N).

    Parameters
    ----------
    inputs
        X, shape (N, d).
    density
        Path density D, shape (d,), at least 0.

    Raises
    ------
    InputError
        If the shapes do not fit, a number is not finite, or a density is negative.
    """
    inputs = matrix("inputs", inputs, signed=True)
    density = vector("density", density, inputs.shape[1])
    low: Array = (inputs * density) @ inputs.T / (4.0 * inputs.shape[1])
    return low


def largest_ratio(low: Array, kernel: Array) -> float:
    """Largest ``v^T L v / v^T K v`` over v: at most 1 if and only if ``K >= L``, for positive definite K.

    Parameters
    ----------
    low
        L, shape (N, N), symmetric up to 1e-6 of its largest entry; its symmetric part counts.
    kernel
        K, shape (N, N), likewise, positive definite.

    Raises
    ------
    InputError
        If a matrix is not square, not finite or not symmetric, the shapes differ, or K is not positive definite.
    """
    low, kernel = _symmetric("low", low), _symmetric("kernel", kernel)
    if low.shape != kernel.shape:
        raise InputError("low", f"shape {low.shape}", f"give the shape of the kernel: {kernel.shape}")
    try:
        values = linalg.eigh(low, kernel, eigvals_only=True)
    except linalg.LinAlgError as error:
        raise InputError(
            "kernel", "not positive definite", "give fewer samples, or a network with more edges"
        ) from error
    return float(values[-1])


def _symmetric(name: str, value: Array) -> Array:
    found = matrix(name, value, signed=True)
    if found.shape[0] != found.shape[1]:
        raise InputError(name, f"shape {found.shape}", "give a square matrix")
    skew = float(np.abs(found - found.T).max())
    if skew > _ASYMMETRY * float(np.abs(found).max()):
        raise InputError(name, f"asymmetric by {skew:.3g}", "give a symmetric matrix")
    half: Array = 0.5 * found + 0.5 * found.T
    return half
