"""Rigorous enclosure of the threshold of a population model (statement THR)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import sympy

from graphon_theory import notation
from graphon_theory.enclosures import EnclosureError, Interval, enclose_root, integrate

if TYPE_CHECKING:
    from graphon_theory.saliency import SaliencyModel

_BRACKET = Fraction(1, 10)  # relative half-width about the float value in which the root is looked for
_GUARD = 1  # digits of the integral beyond those of the threshold


def enclose_threshold(model: SaliencyModel, density: float, value: float, *, digits: int) -> Interval | None:
    """Enclose ``tau`` between levels where the kept fraction is proved to be above and below ``rho``.

    Parameters
    ----------
    model
        Population model; its profiles must be such that the enclosures know their functions.
    density
        ``rho`` in (0, 1), read as the decimal that was written.
    value
        A float estimate of ``tau``, positive.
    digits
        Wanted digits; where the integrand has a kink the result is wider, and still rigorous.

    Returns
    -------
    Interval or None
        None where no bracket of verified signs was found: undecided, not false.
    """
    level = sympy.Symbol("level", positive=True)
    kept = model.kept_expr(level)
    rho = Fraction(repr(density))

    def excess(point: Fraction) -> Interval:
        mean = integrate(
            kept,
            (notation.u, 0, 1),
            (notation.v, 0, 1),
            substitutions={level: point},
            digits=digits + _GUARD,
            bounds=(0, 1),
        )
        return mean - rho

    centre = Fraction(value)
    try:
        found = enclose_root(excess, (centre * (1 - _BRACKET), centre * (1 + _BRACKET)), digits=digits)
    except EnclosureError:
        return None
    return found.interval
