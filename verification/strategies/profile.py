"""Saliency profiles: non-negative formulas in one position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sympy
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from sympy import Expr, Rational, Symbol

from graphon_theory import notation
from verification.strategies.given import Given, chosen_kinds, plain, strategy

KINDS: Final = ("constant", "affine", "power", "step", "exponential", "wave")
"""Kinds of profile, the simplest first."""

_LEAST: Final = (Rational(1), Rational(1, 2), Rational(1, 8))
_RISES: Final = (Rational(1), Rational(2), Rational(7))


def profiles(
    symbol: Symbol = notation.u,
    *,
    kinds: Sequence[str] = KINDS,
    least: Given[Rational] = st.sampled_from(_LEAST),
    rise: Given[Rational] = st.sampled_from(_RISES),
    vanishing: bool = False,
) -> SearchStrategy[Expr]:
    """Profiles with exact coefficients, finite and non-negative on [0, 1].

    Parameters
    ----------
    symbol
        ``notation.u`` for rows, ``notation.v`` for columns.
    kinds
        Some of ``KINDS``. A power is ``c x^a`` and vanishes at 0; the others are at least ``least`` everywhere.
    least, rise
        Smallest value, and what it grows by over [0, 1]; positive rationals.
    vanishing
        Draw steps that vanish on a part of [0, 1] as well: thresholds then do not reach all densities.

    Returns
    -------
    SearchStrategy
        SymPy expressions; shrink to the constant 1.

    Raises
    ------
    InputError
        If a kind is unknown, or ``symbol``, ``kinds`` or ``vanishing`` is a strategy.
    """
    low, more = strategy(least), strategy(rise)
    plain("symbol", symbol)
    break_at = st.sampled_from([Rational(1, 2), Rational(1, 4), Rational(3, 4)])
    floor = st.one_of(low, st.just(Rational(0))) if plain("vanishing", vanishing) else low
    made: dict[str, SearchStrategy[Expr]] = {
        "constant": low,
        "affine": st.builds(lambda a, b, flip: a + b * (1 - symbol if flip else symbol), low, more, st.booleans()),
        "power": st.builds(
            lambda c, a: c * symbol**a, more, st.sampled_from([Rational(1), Rational(1, 2), Rational(2)])
        ),
        "step": st.builds(lambda a, b, x: sympy.Piecewise((a, symbol < x), (a + b, sympy.true)), floor, more, break_at),
        "exponential": st.builds(lambda a, b: a + b * sympy.exp(-symbol), low, more),
        "wave": st.builds(lambda a, b, k: a + b * sympy.cos(sympy.pi * k * symbol) ** 2, low, more, st.integers(1, 3)),
    }
    return st.one_of([made[kind] for kind in chosen_kinds(kinds, KINDS)])
