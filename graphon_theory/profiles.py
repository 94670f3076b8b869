"""Saliency profiles: reading and checking them, and quantile functions of named laws.

A profile is a formula in one position, ``u`` or ``v``. The quantile functions give the profile of a factor
with a known law, sorted: position ``u`` holds the u-quantile, so that a uniform position draws from the law.
They are unbounded at 1, towards which the model draws its quadrature nodes (some 8 digits of the threshold remain).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import sympy
from sympy import Expr

from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

Array = npt.NDArray[np.float64]


def half_normal(symbol: Expr) -> Expr:
    """Quantile function of ``|Z|``, Z standard normal: ``sqrt(2) erfinv(symbol)``, from 0 upwards."""
    return sympy.sqrt(2) * sympy.erfinv(symbol)


def exponential(symbol: Expr) -> Expr:
    """Quantile function of the exponential law of mean 1: ``-log(1 - symbol)``, from 0 upwards."""
    return -sympy.log(1 - symbol)


def pareto(symbol: Expr, alpha: Expr | float) -> Expr:
    """Quantile function of the Pareto law ``P(X >= x) = x^-alpha``: ``(1 - symbol)^(-1/alpha)``, from 1 upwards.

    Parameters
    ----------
    symbol
        ``notation.u`` or ``notation.v``.
    alpha
        Tail exponent, positive; a float is read as the decimal that was written.

    Raises
    ------
    InputError
        If ``alpha`` is not positive and finite.
    """
    exponent = sympy.Rational(repr(alpha)) if isinstance(alpha, float) and np.isfinite(alpha) else sympy.sympify(alpha)
    if not (exponent.is_positive and exponent.is_finite):
        raise InputError("alpha", alpha, "give a finite tail exponent above 0, such as 3")
    return (1 - symbol) ** (-1 / exponent)


def profile_function(expr: Expr, symbol: Expr) -> Callable[[Array], Array]:
    """Compile a profile to a function of an array of positions that keeps its shape."""
    function = sympy.lambdify(symbol, expr, modules=["scipy", "numpy"])

    def evaluate(points: Array) -> Array:
        with np.errstate(all="ignore"):
            values = np.asarray(function(np.asarray(points, dtype=np.float64)), dtype=np.float64)
        return np.broadcast_to(values, np.shape(points)).copy()

    return evaluate


def check_profile(name: str, expr: Expr, symbol: Expr, *, any_sign: bool = False) -> None:
    """Refuse a profile that no model can have.

    Parameters
    ----------
    name
        Argument to name in the error.
    expr
        The profile.
    symbol
        The one symbol it may have.
    any_sign
        Whether negative values are allowed.

    Raises
    ------
    InputError
        If the profile has other symbols, or is, on a grid of (0, 1), infinite, NaN, zero throughout or
        (unless allowed) negative somewhere.
    """
    foreign = sorted(str(s) for s in expr.free_symbols - {symbol})
    if foreign:
        raise InputError(name, str(expr), f"use the symbol {symbol} alone, not {', '.join(foreign)}")
    interior = profile_function(expr, symbol)(np.linspace(0.0, 1.0, 1001))[1:-1]
    if not bool(np.all(np.isfinite(interior))):
        raise InputError(name, str(expr), "give a profile that is finite on (0, 1)")
    if not any_sign and bool(np.any(interior < 0)):
        raise InputError(name, str(expr), "give a non-negative profile, such as its absolute value")
    if not bool(np.any(interior != 0)):
        raise InputError(name, str(expr), "give a profile that does not vanish throughout [0, 1]")


def power_law(profile: Expr, symbol: Expr) -> tuple[Expr, Expr] | None:
    """Read ``c x^a`` with ``x = symbol`` or, mirrored, ``x = 1 - symbol``.

    Returns
    -------
    tuple or None
        ``c`` (positive, exact) and ``a`` (rational, not 0); None where the profile is not of this form.
    """
    if profile.free_symbols != {symbol} or profile.has(sympy.Float):
        return None
    factor, rest = profile.as_independent(symbol, as_Add=False)
    base, exponent = rest.as_base_exp()
    if base != symbol:
        # SymPy multiplies 3 (1 - v) out: read the factor back.
        end = base.subs(symbol, 0)
        if not end.is_positive or sympy.expand(base - end * (1 - symbol)) != 0:
            return None
        factor *= end**exponent
    if not exponent.is_Rational or not factor.is_positive:
        return None
    return factor, exponent
