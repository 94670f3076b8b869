"""Checks of matrices handed to the distances."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.errors import InputError
from verification.cutnorm.intake import matrix as checked

Array = npt.NDArray[np.float64]

LARGEST_ENTRY = 2.0**500
"""Largest modulus of an entry: differences and products with widths are then far from overflow."""


def finite_matrix(matrix: npt.ArrayLike, argument: str) -> Array:
    """Return a matrix as float64, shape (n, d).

    Raises
    ------
    InputError
        If it is not a non-empty real matrix of finite numbers of modulus at most ``LARGEST_ENTRY``, or holds
        whole numbers that float64 would round.
    """
    try:
        # The cut norm's own checks of what a matrix is: no sparse, masked, complex or ragged ones.
        tensor = checked(matrix if isinstance(matrix, (torch.Tensor, np.ndarray)) else np.asarray(matrix), argument)
    except (TypeError, ValueError) as error:
        raise InputError(argument, type(matrix).__name__, str(error)) from error
    values: Array = tensor.to("cpu", torch.float64).numpy()
    if not bool(np.all(np.abs(values) <= LARGEST_ENTRY)):
        raise InputError(argument, "NaN, infinite or beyond 2**500", "give finite numbers of moderate size")
    return values


def profile(values: npt.ArrayLike, size: int, argument: str) -> Array:
    """Return a profile, one finite number a row or column, float64, shape (size,).

    Raises
    ------
    InputError
        If the length is another or a value is not finite.
    """
    given = np.asarray(values, dtype=np.float64)
    if given.shape != (size,) or not bool(np.all(np.isfinite(given))):
        raise InputError(argument, f"array of shape {given.shape}", f"give {size} finite numbers, one a row or column")
    return given
