"""The outcome of a cut-norm computation: two bounds, a witness and the rounding allowance."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class CutNorm:
    """Bounds on the cut norm of the step graphon of an ``(n, d)`` matrix.

    The cut norm is ``max over S, T of |sum of A over S x T| / (n d)``, a number between 0 and the largest
    modulus of an entry. Both bounds hold for the matrix exactly as stored: rounding is already accounted for.

    Parameters
    ----------
    lower : float
        True lower bound, attained (up to rounding) by the witness.
    upper : float or None
        Certified upper bound; ``None`` when no certificate was asked for. It is never an estimate.
    rows, columns : numpy.ndarray
        Witness: boolean, shapes ``(n,)`` and ``(d,)``, read-only. The two sets ``S`` and ``T``.
    margin : float
        Part of ``upper`` that covers floating-point error, in the same unit; 0 when ``upper`` is ``None``.

    Notes
    -----
    How far to trust it: the bounds rest on IEEE arithmetic and on products of matrices summed term by term in
    any order. They do not cover a library that multiplies float64 matrices by Strassen's scheme or emulates
    float64 in a narrower format.
    """

    lower: float
    upper: float | None
    rows: npt.NDArray[np.bool_]
    columns: npt.NDArray[np.bool_]
    margin: float = 0.0

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            sealed = np.array(getattr(self, name), dtype=np.bool_)
            sealed.setflags(write=False)
            object.__setattr__(self, name, sealed)

    @property
    def ratio(self) -> float | None:
        """Upper over lower bound, at least 1: how tight the enclosure is.

        Returns
        -------
        float or None
            ``None`` without an upper bound, 1 for the zero matrix, infinity where only the lower bound is 0.
        """
        if self.upper is None:
            return None
        if self.lower > 0.0:
            return self.upper / self.lower
        return 1.0 if self.upper == 0.0 else math.inf

    def times_power_of_two(self, exponent: int) -> CutNorm:
        """Give the same result for the matrix multiplied by ``2**exponent``.

        Parameters
        ----------
        exponent : int
            Any sign. Bounds that leave the range of normal numbers are still rounded outwards.

        Returns
        -------
        CutNorm
        """
        if exponent == 0:
            return self
        lower = math.ldexp(self.lower, exponent)
        if lower > 0.0:
            lower = math.nextafter(lower, 0.0)
        upper = self.upper
        if upper is not None and upper > 0.0:
            # No cut norm exceeds the largest modulus, hence the largest float.
            upper = min(math.nextafter(_scaled(upper, exponent), math.inf), sys.float_info.max)
        return CutNorm(lower, upper, self.rows, self.columns, _scaled(self.margin, exponent))


def _scaled(value: float, exponent: int) -> float:
    """Multiply by a power of two; the largest float where that overflows."""
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return sys.float_info.max
