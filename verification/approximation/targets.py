"""Functions on the cube ``K = [-1, 1]^k`` to be approximated, with rigorous values, gradients and Hessians.

Four kinds for each of k = 1, 2, 3, every one depending on every coordinate: ``smooth`` (analytic, slow), ``piecewise``
(continuous, with kinks that meet the cube in general position), ``oscillating`` (several periods) and ``barron``
(a finite sum of cosines).

**Barron norm.** For ``g(x) = sum_m c_m cos(w_m . x + phi_m)`` the Fourier transform of ``g`` is a measure with mass
``|c_m|/2`` at ``w_m`` and at ``-w_m`` (if no two of them are equal), so that
``C_g = integral of |w| |ghat|(dw) = sum_m |c_m| |w_m|_2`` (Barron 1993, equation 2, for measures). The value given is
rounded up.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import sympy
from sympy import Expr

from graphon_theory import notation
from graphon_theory.enclosures import enclose
from graphon_theory.errors import InputError
from graphon_theory.formula import FormulaError, parse_formula
from verification.approximation.intervals import Array, Intervals
from verification.approximation.jets import Jet, UnknownFunctionError, evaluate, evaluate_all
from verification.names import TARGETS

SYMBOLS: Final = (notation.x_1, notation.x_2, notation.x_3)
"""The coordinates, in order."""

MOST_COORDINATES: Final = len(SYMBOLS)

_FINITE_LEVELS = 12  # bisections of K before a formula counts as not shown to be finite
_FINITE_BOXES = 20_000


@dataclass(frozen=True, slots=True)
class Target:
    """A function on ``K = [-1, 1]^k``.

    Parameters
    ----------
    name
        What reports call it.
    coordinates
        k, from 1 to 3.
    expression
        In ``notation.x_1`` to ``notation.x_k``.
    barron_norm
        Upper bound of the Barron norm ``C_g``, where it is known.
    """

    name: str
    coordinates: int
    expression: Expr
    barron_norm: float | None = None

    @classmethod
    def of(cls, formula: str | Expr, coordinates: int, *, name: str = "custom") -> Target:
        """Take a function of the user's own.

        Parameters
        ----------
        formula
            Text for ``graphon_theory.formula.parse_formula``, or a SymPy expression in the symbols of ``notation``.
        coordinates
            k, from 1 to 3.
        name
            What to call it.

        Raises
        ------
        InputError
            If the formula is not understood, has another symbol, or could not be shown to be finite, with finite
            slopes, on all of K.
        """
        symbols = _symbols(coordinates)
        if isinstance(formula, str):
            try:
                expression = parse_formula(formula, tuple(symbol.name for symbol in symbols))
            except FormulaError as error:
                raise InputError("formula", formula, str(error)) from error
        else:
            expression = sympy.sympify(formula)
        if not isinstance(expression, Expr) or not expression.free_symbols <= set(symbols):
            names = ", ".join(symbol.name for symbol in symbols)
            raise InputError("formula", str(formula), f"give a function of {names} alone")
        target = cls(name, coordinates, expression)
        target._require_finite(str(formula))
        return target

    def jet(self, low: Array, high: Array, order: int) -> Jet:
        """Enclose value, gradient and Hessian on boxes; see ``jets``.

        Parameters
        ----------
        low, high
            Corners, shape (B, k), within K.
        order
            0, 1 or 2: the highest derivatives wanted.
        """
        return evaluate(self.expression, SYMBOLS[: self.coordinates], low, high, order)

    def values(self, points: Array) -> Intervals:
        """Enclose values at points of shape (S, k); the ends have shape (S,)."""
        return spread(self.jet(points, points, 0).value, len(points))

    def range(self, low: Array, high: Array) -> Intervals:
        """Enclose the image of boxes with corners of shape (B, k); the ends have shape (B,)."""
        return spread(self.jet(low, high, 0).value, len(low))

    def gradient(self, low: Array, high: Array) -> Intervals:
        """Enclose the gradient on boxes; the ends have shape (B, k). Kinks: the hull of the slopes."""
        return self.gradient_of(self.jet(low, high, 1), len(low))

    def hessian(self, low: Array, high: Array) -> Intervals:
        """Enclose second derivatives on boxes, as ``hessian_of`` orders them. Kinks: the whole line."""
        return self.hessian_of(self.jet(low, high, 2), len(low))

    def gradient_of(self, jet: Jet, count: int) -> Intervals:
        """Return the gradient of a jet over ``count`` boxes as arrays of shape (count, k)."""
        return _stacked([spread(jet.gradient.get(j), count) for j in range(self.coordinates)])

    def hessian_of(self, jet: Jet, count: int) -> Intervals:
        """Return the Hessian of a jet as arrays of shape (count, k (k + 1) / 2), pairs ``j <= m`` in order."""
        index = itertools.combinations_with_replacement(range(self.coordinates), 2)
        return _stacked([spread(jet.hessian.get((j, m)), count) for j, m in index])

    def third(self, low: Array, high: Array) -> Intervals | None:
        """Enclose third derivatives on boxes, triples in increasing order along the second axis; None with kinks."""
        found = _third_derivatives(self.expression, self.coordinates)
        if found is None:
            return None
        jets = evaluate_all(found, SYMBOLS[: self.coordinates], low, high)
        return _stacked([spread(value, len(low)) for value in jets])

    def creases(self) -> list[tuple[Array, float]]:
        """Return the hyperplanes ``w . x + b = 0`` along which the formula may have a kink, ``|w| = 1``.

        Branches of ``|.|``, ``max`` and ``min`` that differ by an affine function; others are left out.
        """
        symbols = SYMBOLS[: self.coordinates]
        differences: list[Expr] = []
        for piece in sorted(self.expression.atoms(sympy.Abs, sympy.Max, sympy.Min), key=sympy.default_sort_key):
            branches = sorted(piece.args, key=sympy.default_sort_key)
            if isinstance(piece, sympy.Abs):
                differences.append(branches[0])
            else:
                differences += [a - b for a, b in itertools.combinations(branches, 2)]
        found: list[tuple[Array, float]] = []
        for difference in differences:
            slopes = [sympy.diff(difference, symbol) for symbol in symbols]
            if any(slope.free_symbols for slope in slopes) or not any(slopes):
                continue
            w = np.array([float(slope) for slope in slopes])
            b = float(difference.subs(dict.fromkeys(symbols, 0)))
            # The first slope that is not 0 is positive, as in ``creases``.
            length = float(np.linalg.norm(w) * np.sign(w[np.flatnonzero(w)[0]]))
            if abs(b) < np.abs(w).sum():
                found.append((w / length, b / length))
        return found

    def __call__(self, points: npt.ArrayLike) -> Array:
        """Return float64 values, shape (S,), at points of shape (S, k); without an error bound."""
        return self.values(np.asarray(points, dtype=np.float64)).middle

    def _require_finite(self, written: str) -> None:
        k = self.coordinates
        low, high = -np.ones((1, k)), np.ones((1, k))
        for level in range(_FINITE_LEVELS * k):
            try:
                jet = self.jet(low, high, 1)
            except UnknownFunctionError as error:
                remedy = f"no rule for {error}; use + - * / **, exp, log, sqrt, sin, cos, tanh, abs, min, max"
                raise InputError("formula", written, remedy) from error
            bad = ~np.isfinite(spread(jet.value, len(low)).magnitude)
            bad |= ~np.isfinite(self.gradient_of(jet, len(low)).magnitude).all(axis=1)
            low, high = low[bad], high[bad]
            if not len(low):
                return
            if len(low) > _FINITE_BOXES:
                break
            axis = level % k
            middle = 0.5 * (low[:, axis] + high[:, axis])
            left, right = high.copy(), low.copy()
            left[:, axis], right[:, axis] = middle, middle
            low, high = np.concatenate([low, right]), np.concatenate([left, high])
        where = tuple(float(x) for x in 0.5 * (low[0] + high[0]))
        remedy = f"not shown to be finite with finite slopes on all of [-1, 1]^{k} (near {where}); change it there"
        raise InputError("formula", written, remedy)


def target(name: str, coordinates: int) -> Target:
    """Return a built-in target.

    Parameters
    ----------
    name
        One of ``verification.names.TARGETS``.
    coordinates
        k, from 1 to 3.

    Raises
    ------
    InputError
        If there is no such target.
    """
    _symbols(coordinates)
    if name not in TARGETS:
        raise InputError("target", name, f"choose one of {', '.join(TARGETS)}")
    if name == "barron":
        return _barron(coordinates)
    return Target(name, coordinates, _EXPRESSIONS[name, coordinates])


def spread(entry: Intervals | None, count: int) -> Intervals:
    """Return an enclosure as arrays of length ``count``; a missing one is 0."""
    if entry is None:
        return Intervals(np.zeros(count), np.zeros(count))
    return Intervals(np.broadcast_to(entry.low, (count,)), np.broadcast_to(entry.high, (count,)))


def _stacked(columns: list[Intervals]) -> Intervals:
    return Intervals(np.stack([c.low for c in columns], 1), np.stack([c.high for c in columns], 1))


@functools.lru_cache(maxsize=64)
def _third_derivatives(expression: Expr, coordinates: int) -> tuple[Expr, ...] | None:
    if expression.has(sympy.Abs, sympy.Max, sympy.Min):
        return None
    index = itertools.combinations_with_replacement(SYMBOLS[:coordinates], 3)
    return tuple(sympy.diff(expression, *symbols) for symbols in index)


def _symbols(coordinates: int) -> tuple[sympy.Symbol, ...]:
    if isinstance(coordinates, bool) or not isinstance(coordinates, int) or not 1 <= coordinates <= MOST_COORDINATES:
        raise InputError("coordinates", coordinates, f"give a number of coordinates from 1 to {MOST_COORDINATES}")
    return SYMBOLS[:coordinates]


_X, _Y, _Z = SYMBOLS
_THIRD = sympy.Rational(1, 3)
_EXPRESSIONS: Final = {
    ("smooth", 1): sympy.exp(_X) * sympy.cos(_X) / 2,
    ("smooth", 2): sympy.exp(-(_X**2) - _Y**2 / 2 + _X * _Y / 2),
    ("smooth", 3): sympy.exp(-(_X**2 + _Y**2 + _Z**2) / 2 + _X * _Y / 2) + _Z / 4,
    ("piecewise", 1): sympy.Abs(_X - _THIRD) + _X**2 / 2,
    ("piecewise", 2): sympy.Abs(_X - _Y / 2 - _THIRD / 4) + _X * _Y / 2,
    ("piecewise", 3): sympy.Max(_X, _Y / 2 - _THIRD / 4) + _X * _Y / 4 + _Z**2 / 4,
    ("oscillating", 1): sympy.sin(4 * sympy.pi * _X),
    ("oscillating", 2): sympy.sin(2 * sympy.pi * _X) * sympy.cos(sympy.pi * _Y),
    ("oscillating", 3): sympy.sin(sympy.pi * (_X + _Y / 2)) * sympy.cos(sympy.pi * _Z),
}

# (amplitude, frequency, phase): the first k entries of a frequency are used.
_WAVES: Final = (
    (sympy.Rational(1, 2), (2, 1, 1), sympy.Integer(0)),
    (sympy.Rational(1, 4), (-1, 3, 1), sympy.Integer(1)),
    (sympy.Rational(1, 4), (4, -1, 2), sympy.Rational(1, 2)),
)


def _barron(coordinates: int) -> Target:
    expression, norm = sympy.Integer(0), sympy.Integer(0)
    for amplitude, frequency, phase in _WAVES:
        used = frequency[:coordinates]
        expression += amplitude * sympy.cos(sum((w * x for w, x in zip(used, SYMBOLS, strict=False)), phase))
        norm += amplitude * sympy.sqrt(sum(w**2 for w in used))
    upper = enclose(norm).upper
    return Target("barron", coordinates, expression, barron_norm=math.nextafter(upper, math.inf))
