"""How far a kernel lies above another one in Loewner order, as one number: the pencil's largest eigenvalue."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import linalg

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]


def path_kernel(inputs: Array, density: Array) -> Array:
    """``(1/4d) X diag(D) X^T``, what PATH puts below ``K_1``, shape (N, N).

    Parameters
    ----------
    inputs
        X, shape (N, d).
    density
        Path density D, shape (d,).

    Raises
    ------
    InputError
        If the shapes do not fit.
    """
    if inputs.ndim != 2 or density.shape != inputs.shape[1:]:
        raise InputError("density", f"shape {density.shape}", f"give one number an input: {inputs.shape[1:]}")
    low: Array = (inputs * density) @ inputs.T / (4.0 * inputs.shape[1])
    return low


def largest_ratio(low: Array, kernel: Array) -> float:
    """Largest ``v^T L v / v^T K v`` over v: at most 1 if and only if ``K >= L``, for positive definite K.

    Parameters
    ----------
    low
        L, shape (N, N), symmetric.
    kernel
        K, shape (N, N), symmetric positive definite.

    Raises
    ------
    InputError
        If the shapes differ or K is not positive definite.
    """
    if low.shape != kernel.shape:
        raise InputError("low", f"shape {low.shape}", f"give the shape of the kernel: {kernel.shape}")
    try:
        values = linalg.eigh(low, kernel, eigvals_only=True)
    except linalg.LinAlgError as error:
        raise InputError(
            "kernel", "not positive definite", "give fewer samples, or a network with more edges"
        ) from error
    return float(values[-1])
