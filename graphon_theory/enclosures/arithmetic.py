"""What an arithmetic offers to the machine that runs a tape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

# Values are arb balls, acb boxes or ranges, according to the arithmetic; flint ships no types.
Value = Any


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A way to compute with sets of numbers.

    Parameters
    ----------
    name
        Short name for messages.
    from_ends
        Set that holds every number between two exact ends, rounded outward at the current precision.
    constants
        Nullary primitives: ``pi``, ``e``, ``euler`` and ``undefined``.
    functions
        Primitives of one, two or three sets. The image of a set must contain the primitive's value at
        every point of it.
    parametrised
        ``power`` and ``root``, whose second argument is an integer.
    """

    name: str
    from_ends: Callable[[Fraction, Fraction], Value]
    constants: Mapping[str, Callable[[], Value]]
    functions: Mapping[str, Callable[..., Value]]
    parametrised: Mapping[str, Callable[[Value, int], Value]]
