"""Value, gradient and Hessian of a formula on many boxes at once, by forward differentiation of intervals.

A jet holds enclosures of ``g``, of its partial derivatives and of its second partial derivatives over a box. The rules
are those of calculus applied to intervals: ``(fg)' = f'g + fg'``, ``(phi(g))'' = phi''(g) g' g' + phi'(g) g''``; every
rule is an inclusion because interval operations are.

**Kinks.** ``|g|``, ``max`` and ``min`` are not differentiable where their branches meet. On a box that one branch owns
the jet is that of the branch. On any other, the gradient is the hull of the branches' gradients and the Hessian the
whole line. The hull bounds every difference quotient: along a segment inside the box the function is absolutely
continuous, its derivative is that of one of the branches almost everywhere, and the mean over the segment lies in the
hull (Lebourg's mean-value theorem). So ``g(y) - g(c) = sum_j G_j (y_j - c_j)`` with ``G_j`` in the gradient intervals
holds with kinks too, and only that is used of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import sympy
from sympy import Expr

from graphon_theory.enclosures import EnclosureError, enclose
from verification.approximation import intervals as iv
from verification.approximation.intervals import WHOLE, Array, Intervals

Bool = npt.NDArray[np.bool_]
_ONE = Intervals.point(1.0)
_LARGEST_POWER = 64
_Key = TypeVar("_Key")


class UnknownFunctionError(ValueError):
    """A formula holds a function without a rule here."""


@dataclass(frozen=True, slots=True, eq=False)
class Jet:
    """Enclosures over boxes; a missing derivative is exactly 0.

    Parameters
    ----------
    value
        Of the function, shape (B,) or ().
    gradient
        By coordinate.
    hessian
        By pairs of coordinates ``(j, l)``, ``j <= l``.
    """

    value: Intervals
    gradient: Mapping[int, Intervals] = field(default_factory=dict)
    hessian: Mapping[tuple[int, int], Intervals] = field(default_factory=dict)


def evaluate(expression: Expr, symbols: tuple[sympy.Symbol, ...], low: Array, high: Array, order: int) -> Jet:
    """Enclose an expression and its derivatives on boxes.

    Parameters
    ----------
    expression
        In ``symbols``: arithmetic, powers with constant rational exponents, exp, log, sin, cos, tanh, abs, max, min.
    symbols
        The k coordinates.
    low, high
        Opposite corners, shape (B, k).
    order
        0 (value), 1 (and gradient) or 2 (and Hessian).

    Raises
    ------
    UnknownFunctionError
        If the expression holds anything else.
    """
    return _Walk(symbols, low, high, order).jet(expression)


def evaluate_all(
    expressions: Sequence[Expr], symbols: tuple[sympy.Symbol, ...], low: Array, high: Array
) -> list[Intervals]:
    """Enclose the values of several expressions on boxes; pieces that they share are computed once."""
    walk = _Walk(symbols, low, high, 0)
    return [walk.jet(expression).value for expression in expressions]


class _Walk:
    """One pass over an expression; equal pieces are computed once."""

    def __init__(self, symbols: tuple[sympy.Symbol, ...], low: Array, high: Array, order: int) -> None:
        self._order = order
        self._done: dict[Expr, Jet] = {}
        for axis, symbol in enumerate(symbols):
            slope = {axis: _ONE} if order else {}
            self._done[symbol] = Jet(Intervals(low[:, axis], high[:, axis]), slope)

    def jet(self, expression: Expr) -> Jet:
        if expression not in self._done:
            self._done[expression] = self._computed(expression)
        return self._done[expression]

    def _computed(self, expression: Expr) -> Jet:
        if not expression.free_symbols:
            return Jet(constant(expression))
        arguments = expression.args
        if expression.is_Add or expression.is_Mul:
            combine = _added if expression.is_Add else self._multiplied
            result = self.jet(arguments[0])
            for argument in arguments[1:]:
                result = combine(result, self.jet(argument))
            return result
        if expression.is_Pow:
            return self._raised(self.jet(arguments[0]), *arguments)
        if isinstance(expression, (sympy.Max, sympy.Min)):
            choose = self._larger if isinstance(expression, sympy.Max) else self._smaller
            # SymPy keeps the arguments of max and min in a set; the order fixes the rounding.
            first, *others = sorted(arguments, key=sympy.default_sort_key)
            result = self.jet(first)
            for argument in others:
                result = choose(result, self.jet(argument))
            return result
        if isinstance(expression, sympy.Abs):
            inner = self.jet(arguments[0])
            return self._larger(inner, _negated(inner), value=iv.absolute(inner.value))
        rule = _RULES.get(type(expression))
        if rule is None:
            raise UnknownFunctionError(f"{type(expression).__name__} in {sympy.sstr(expression)[:80]}")
        inner = self.jet(arguments[0])
        if not self._order and rule in (_sin, _cos):
            return Jet(iv.sin(inner.value) if rule is _sin else iv.cos(inner.value))
        return self._composed(inner, *rule(inner.value))

    def _multiplied(self, a: Jet, b: Jet) -> Jet:
        gradient = _sums([*_times(a.gradient, b.value), *_times(b.gradient, a.value)])
        hessian: dict[tuple[int, int], Intervals] = {}
        if self._order == 2:
            terms = [*_times(a.hessian, b.value), *_times(b.hessian, a.value)]
            for j, m in itertools.product(a.gradient, b.gradient):
                product = a.gradient[j] * b.gradient[m]
                terms.append(((min(j, m), max(j, m)), product + product if j == m else product))
            hessian = _sums(terms)
        return Jet(a.value * b.value, gradient, hessian)

    def _composed(self, inner: Jet, value: Intervals, first: Intervals | None, second: Intervals | None) -> Jet:
        gradient: dict[int, Intervals] = {}
        hessian: dict[tuple[int, int], Intervals] = {}
        if first is not None:
            gradient = dict(_times(inner.gradient, first))
        if first is not None and second is not None and self._order == 2:
            terms = list(_times(inner.hessian, first))
            for j, m in itertools.combinations_with_replacement(sorted(inner.gradient), 2):
                square = iv.power(inner.gradient[j], 2) if j == m else inner.gradient[j] * inner.gradient[m]
                terms.append(((j, m), second * square))
            hessian = _sums(terms)
        return Jet(value, gradient, hessian)

    def _raised(self, base: Jet, of: Expr, exponent: Expr) -> Jet:
        if of == sympy.E:
            inner = self.jet(exponent)
            return self._composed(inner, *_exp(inner.value))
        if not exponent.is_Rational or abs(exponent) > _LARGEST_POWER:
            raise UnknownFunctionError(f"a power with exponent {sympy.sstr(exponent)[:40]}")
        p = Fraction(int(exponent.p), int(exponent.q))
        value = base.value
        first = _real_power(value, p - 1) * _fraction(p) if self._order >= 1 else None
        second = _real_power(value, p - 2) * _fraction(p * (p - 1)) if self._order == 2 else None
        return self._composed(base, _real_power(value, p), first, second)

    def _smaller(self, a: Jet, b: Jet) -> Jet:
        return _negated(self._larger(_negated(a), _negated(b)))

    def _larger(self, a: Jet, b: Jet, value: Intervals | None = None) -> Jet:
        """Jet of ``max(a, b)``."""
        value = iv.maximum(a.value, b.value) if value is None else value
        if not self._order:
            return Jet(value)
        difference = a.value - b.value
        apart = difference.low < difference.high
        # A single point may be the kink itself; anywhere else a touching end leaves the box to one branch.
        first = (difference.low > 0.0) | ((difference.low == 0.0) & apart)
        second = (difference.high < 0.0) | ((difference.high == 0.0) & apart)
        gradient = {
            j: _chosen(a.gradient.get(j), b.gradient.get(j), first, second, None) for j in _keys(a.gradient, b.gradient)
        }
        hessian: dict[tuple[int, int], Intervals] = {}
        if self._order == 2:
            # A kink in the box undoes every second derivative in which either branch moves.
            pairs = itertools.combinations_with_replacement(sorted(gradient), 2)
            hessian = {p: _chosen(a.hessian.get(p), b.hessian.get(p), first, second, WHOLE) for p in pairs}
        return Jet(value, gradient, hessian)


def constant(expression: Expr) -> Intervals:
    """Enclose a constant expression.

    Raises
    ------
    UnknownFunctionError
        If it is undefined, infinite or not real.
    """
    if expression.is_Rational:
        return _fraction(Fraction(int(expression.p), int(expression.q)))
    try:
        found = enclose(expression, digits=18)
    except (EnclosureError, ValueError) as error:
        raise UnknownFunctionError(f"the constant {sympy.sstr(expression)[:80]}") from error
    return Intervals(_fraction(found.low).low, _fraction(found.high).high)


def _fraction(value: Fraction) -> Intervals:
    nearest = float(value)
    low = nearest if Fraction(nearest) <= value else float(np.nextafter(nearest, -np.inf))
    high = nearest if Fraction(nearest) >= value else float(np.nextafter(nearest, np.inf))
    return Intervals(np.array(low), np.array(high))


def _keys(a: Mapping[int, Intervals], b: Mapping[int, Intervals]) -> list[int]:
    return sorted(a.keys() | b.keys())


def _negated(a: Jet) -> Jet:
    return Jet(-a.value, {j: -x for j, x in a.gradient.items()}, {p: -x for p, x in a.hessian.items()})


def _added(a: Jet, b: Jet) -> Jet:
    gradient = _sums([*a.gradient.items(), *b.gradient.items()])
    return Jet(a.value + b.value, gradient, _sums([*a.hessian.items(), *b.hessian.items()]))


def _times(terms: Mapping[_Key, Intervals], factor: Intervals) -> list[tuple[_Key, Intervals]]:
    return [(key, x * factor) for key, x in terms.items()]


def _sums(terms: list[tuple[_Key, Intervals]]) -> dict[_Key, Intervals]:
    sums: dict[_Key, Intervals] = {}
    for key, x in terms:
        sums[key] = sums[key] + x if key in sums else x
    return sums


def _chosen(
    a: Intervals | None, b: Intervals | None, first: Bool, second: Bool, otherwise: Intervals | None
) -> Intervals:
    zero = Intervals.point(0.0)
    a, b = a or zero, b or zero
    return a.where(first, b.where(second, a.hull(b) if otherwise is None else otherwise))


def _real_power(x: Intervals, exponent: Fraction) -> Intervals:
    if exponent.denominator == 1:
        return iv.power(x, int(exponent))
    if exponent.denominator == 2:
        return iv.power(iv.sqrt(x), int(exponent.numerator))
    return iv.exp(iv.log(x) * _fraction(exponent))


_Derivatives = tuple[Intervals, Intervals | None, Intervals | None]


def _exp(x: Intervals) -> _Derivatives:
    value = iv.exp(x)
    return value, value, value


def _log(x: Intervals) -> _Derivatives:
    first = iv.reciprocal(x)
    return iv.log(x), first, -iv.power(first, 2)


def _sin(x: Intervals) -> _Derivatives:
    value = iv.sin(x)
    return value, iv.cos(x), -value


def _cos(x: Intervals) -> _Derivatives:
    value = iv.cos(x)
    return value, -iv.sin(x), -value


def _tanh(x: Intervals) -> _Derivatives:
    value = iv.tanh(x)
    first = _ONE - iv.power(value, 2)
    return value, first, -(value * first * Intervals.point(2.0))


_RULES: Mapping[type, Callable[[Intervals], _Derivatives]] = {
    sympy.exp: _exp,
    sympy.log: _log,
    sympy.sin: _sin,
    sympy.cos: _cos,
    sympy.tanh: _tanh,
}
