"""Thresholds in closed form: power profiles and step profiles under uniform and Laplace noise (statement THR)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Final

import sympy
from sympy import Expr, Piecewise, Symbol

from graphon_theory.noise import Laplace, NoiseLaw, Uniform
from graphon_theory.noise.law import exact_value

_LARGEST_DEGREE: Final = 12  # of an algebraic equation whose root is named


def power_threshold(noise: NoiseLaw, factor: Expr, exponent: Expr, density: Expr) -> Expr | None:
    """Solve for ``tau`` in closed form with the profile ``c x^a``, x uniform, where that is known how.

    With ``s = tau/(b c)``, b the bound or scale of the law:

    * uniform noise, ``a > 0``, not 1: ``N = 1 - s/(1 - a) + a/(1 - a) s^(1/a)``, an algebraic equation;
    * uniform noise, ``a = 1``: ``N = 1 - s + s log(s)``, solved by the lower branch of Lambert's W;
    * uniform noise, ``a = -m < 0``: ``N = 1 - s/(1 + m)`` up to ``s = 1``, then ``m/(1 + m) s^(-1/m)``;
    * Laplace noise, ``a = -1``: ``N = (1 - exp(-s))/s``, solved by the principal branch of Lambert's W.

    Parameters
    ----------
    noise
        Law of the edge noise.
    factor
        ``c``, positive, exact.
    exponent
        ``a``, rational, not 0.
    density
        ``rho`` in (0, 1), rational.

    Returns
    -------
    Expr or None
        None for every other law or exponent, and where the equation's degree exceeds 12.
    """
    if isinstance(noise, Laplace) and exponent == -1:
        return exact_value(noise.scale) * factor * (1 / density + sympy.LambertW(-sympy.exp(-1 / density) / density))
    if not isinstance(noise, Uniform):
        return None
    unit = exact_value(noise.bound) * factor
    if exponent < 0:
        m = -exponent
        share = density * (1 + m) / m
        return unit * ((1 - density) * (1 + m) if share >= 1 else share ** (-m))
    if exponent == 1:
        return unit * sympy.exp(1 + sympy.LambertW((density - 1) / sympy.E, -1))
    p, q = exponent.p, exponent.q
    if max(p, q) > _LARGEST_DEGREE:
        return None
    # With s = x^p the equation is a polynomial in x, falling from 1 - rho to -rho on [0, 1].
    x = sympy.Dummy("x")
    kept = 1 - x**p / (1 - exponent) + exponent / (1 - exponent) * x**q - density
    roots = [root for root in sympy.Poly(kept, x).real_roots() if 0 < float(root.evalf(20)) < 1]
    return unit * roots[0] ** p if len(roots) == 1 else None


def step_law(profile: Expr, symbol: Symbol) -> tuple[tuple[Expr, Expr], ...] | None:
    """Read a profile that is piecewise constant in one position.

    Parameters
    ----------
    profile
        A ``Piecewise`` of numbers with conditions on ``symbol``, times a number.
    symbol
        ``notation.u`` or ``notation.v``.

    Returns
    -------
    tuple or None
        (value, length) of each piece of [0, 1]; None if the profile is no such step function.
    """
    factor, rest = profile.as_independent(symbol)
    if not isinstance(rest, Piecewise) or not factor.is_number:
        return None
    if rest.free_symbols != {symbol} or not all(value.is_number for value, _ in rest.args):
        return None
    cuts = {number for _, condition in rest.args for number in condition.atoms(sympy.Rational) if 0 < number < 1}
    ends = [sympy.Integer(0), *sorted(cuts), sympy.Integer(1)]
    pieces = [(factor * rest.subs(symbol, (low + high) / 2), high - low) for low, high in itertools.pairwise(ends)]
    return tuple(pieces) if all(value.is_Rational for value, _ in pieces) else None


def step_threshold(noise: NoiseLaw, pieces: Sequence[tuple[Expr, Expr]], density: Expr) -> Expr | None:
    """Solve for ``tau`` in closed form with a step profile: ``sum_k p_k Q(tau/h_k) = rho``.

    * Laplace noise: with ``x = exp(-tau/(b D))``, D the common denominator of the ``1/h_k``, a polynomial in x.
    * Uniform noise: linear between the values ``b h_k``.

    Parameters
    ----------
    noise
        Law of the edge noise.
    pieces
        (value ``h_k``, length ``p_k``), rational; zero values are never kept.
    density
        ``rho``, rational, below the length of the non-zero pieces.

    Returns
    -------
    Expr or None
        None for every other law, and where the polynomial's degree exceeds 12.
    """
    alive = [(value, length) for value, length in pieces if value > 0]
    if isinstance(noise, Uniform):
        bound = exact_value(noise.bound)
        for lowest in sorted({value for value, _ in alive}):
            above = [(value, length) for value, length in alive if value >= lowest]
            level = (sum(p for _, p in above) - density) / sum(p / h for h, p in above)
            below = [value for value, _ in alive if value < lowest]
            if level <= lowest and (not below or level >= max(below)):
                return bound * level
        return None
    if not isinstance(noise, Laplace):
        return None
    unit = math.lcm(*(int(value.p) for value, _ in alive))
    powers = [int(unit / value) for value, _ in alive]
    common = math.gcd(*powers)
    if max(powers) // common > _LARGEST_DEGREE:
        return None
    x = sympy.Dummy("x")
    kept = sum(length * x ** (power // common) for power, (_, length) in zip(powers, alive, strict=True)) - density
    roots = [root for root in sympy.Poly(kept, x).real_roots() if 0 < float(root.evalf(20)) < 1]
    return -exact_value(noise.scale) * unit / common * sympy.log(roots[0]) if len(roots) == 1 else None
