"""Covariances of pairs, checked once at the boundary."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-6
"""How far a correlation may exceed 1 in modulus and count as rounding: that of sums of a million float32 squares."""


def covariances(
    s11: npt.ArrayLike, s22: npt.ArrayLike, s12: npt.ArrayLike, *, tolerance: float = TOLERANCE
) -> tuple[Array, Array, Array]:
    """Check and broadcast variances and covariances of pairs.

    Parameters
    ----------
    s11, s22
        Variances, at least 0, any broadcastable shapes.
    s12
        Covariances, ``|s12| <= sqrt(s11 s22)`` up to ``tolerance``.
    tolerance
        Excess of the correlation over 1 that is taken for rounding and clamped.

    Returns
    -------
    tuple
        Three float64 arrays of one shape, with ``|s12| <= sqrt(s11 s22)``; ``s12`` is 0 where a variance is.

    Raises
    ------
    InputError
        If something is not finite, a variance is negative, shapes do not fit, or a correlation exceeds 1 by more.
    """
    parts = []
    for name, value in (("s11", s11), ("s22", s22), ("s12", s12)):
        part = np.asarray(value, dtype=np.float64)
        if not bool(np.all(np.isfinite(part))):
            raise InputError(name, "NaN or infinity", "give finite numbers")
        if name != "s12" and bool(np.any(part < 0)):
            raise InputError(name, float(part.min()), "give variances, at least 0")
        parts.append(part)
    try:
        first, second, cross = np.broadcast_arrays(*parts)
    except ValueError:
        shapes = [part.shape for part in parts]
        raise InputError("s11, s22, s12", shapes, "give shapes that broadcast") from None
    bound = scale_of(first, second)
    excess = np.abs(cross) - bound
    if bool(np.any(excess > tolerance * bound)):
        worst = int(np.argmax(excess - tolerance * bound))
        told = tuple(float(part.ravel()[worst]) for part in (first, second, cross))
        raise InputError("s12", told[2], f"with variances {told[:2]} the correlation exceeds 1: give a covariance")
    return first.copy(), second.copy(), np.clip(cross, -bound, bound)


def scale_of(s11: Array, s22: Array) -> Array:
    """``sqrt(s11 s22)``, exact where both are equal: there a correlation of 1 must come out as 1."""
    return np.where(s11 == s22, s11, np.sqrt(s11) * np.sqrt(s22))
