"""Values of expressions at exact points, to a given number of digits.

Integrals over finite boxes go through rigorous enclosures, derivatives through central differences at raised
precision, infinite ranges through mpmath's quadrature, so that none of them leans on the symbolic calculus
that it is to check; the rest through SymPy's ``evalf``.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import mpmath
import sympy

from graphon_theory.derivation.points import as_numbers
from graphon_theory.derivation.symbolic import has_unknown
from graphon_theory.enclosures import EnclosureError, integrate
from graphon_theory.enclosures.interval import exact
from graphon_theory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sympy import Expr, Symbol

    Point = Mapping[Symbol, Fraction]

Complex = tuple[Fraction, Fraction]

_GUARD: Final = 10  # digits that parts carry beyond those of the whole
_CELLS: Final = 150  # effort of an integral; those it does not suffice for fall back on mpmath
_HIGHEST_ORDER: Final = 4


class NotEvaluatedError(ArithmeticError):
    """The expression has no value here that could be computed to the digits asked for."""


def value_at(expression: Expr, point: Point, digits: int) -> Complex:
    """Return real and imaginary part of an expression at a point.

    Parameters
    ----------
    expression
        May hold unevaluated derivatives, integrals and sums.
    point
        Exact value of each free symbol.
    digits
        Relative accuracy aimed at. No guarantee: callers compare two precisions.

    Raises
    ------
    NotEvaluatedError
        If some part has no numerical value, such as an undefined function or a limit.
    """
    if has_unknown(expression):
        raise NotEvaluatedError(f"undefined function in {sympy.sstr(expression)[:60]}")
    plain = _without_operators(expression, point, digits + _GUARD)
    value = plain.subs(as_numbers(point)).evalf(digits, maxn=4 * digits)
    real, imaginary = value.as_real_imag()
    if not all(part.is_Float or part.is_Rational for part in (real, imaginary)):
        raise NotEvaluatedError(f"no number for {sympy.sstr(expression)[:60]}")
    try:
        return exact(real), exact(imaginary)
    except InputError as error:
        raise NotEvaluatedError(str(error)) from error


def _without_operators(expression: Expr, point: Point, digits: int) -> Expr:
    """Replace derivatives and integrals by their values at the point."""
    if isinstance(expression, sympy.Derivative):
        return _number(_derivative(expression, point, digits), digits)
    if isinstance(expression, sympy.Integral):
        return _number(_integral(expression, point, digits), digits)
    if isinstance(expression, sympy.Limit):
        raise NotEvaluatedError("limits are not evaluated numerically")
    if isinstance(expression, sympy.Subs):
        return _number(_substituted(expression, point, digits), digits)
    if not expression.args or not expression.has(sympy.Derivative, sympy.Integral, sympy.Limit, sympy.Subs):
        return expression
    if isinstance(expression, (sympy.Sum, sympy.Product)):
        raise NotEvaluatedError("integrals and derivatives inside a sum are not evaluated numerically")
    return expression.func(*(_without_operators(part, point, digits) for part in expression.args))


def _number(value: Complex, digits: int) -> Expr:
    real, imaginary = (sympy.Rational(part.numerator, part.denominator).evalf(digits) for part in value)
    return real + sympy.I * imaginary if imaginary else real


def _substituted(expression: sympy.Subs, point: Point, digits: int) -> Complex:
    """Evaluate the inner expression at the substituted values; through SymPy where it has none there as it stands."""
    try:
        values = [value_at(value, point, digits + _GUARD) for value in expression.point]
        if any(imaginary for _, imaginary in values):
            raise NotEvaluatedError("a complex value is substituted")
        moved = dict(zip(expression.variables, (real for real, _ in values), strict=True))
        return value_at(expression.expr, {**point, **moved}, digits)
    except NotEvaluatedError:
        carried_out = expression.doit()
        if carried_out.has(sympy.Subs):
            raise
        return value_at(carried_out, point, digits)


def _derivative(expression: sympy.Derivative, point: Point, digits: int) -> Complex:
    """Central differences of step h = 10^-(digits/2 + 5): an error of order h^2, below the digits asked for."""
    function = expression.expr
    for symbol, order in expression.variable_count:
        if symbol not in point or not (order.is_Integer and 1 <= order <= _HIGHEST_ORDER):
            raise NotEvaluatedError(f"no numerical derivative of order {order} in {symbol}")
    symbol, count = expression.variable_count[-1]
    if len(expression.variable_count) > 1:
        function = sympy.Derivative(function, *expression.variable_count[:-1])
    order = int(count)
    half = digits // 2 + 5
    step = Fraction(1, 10**half)
    working = digits + order * half + _GUARD
    total = [Fraction(0), Fraction(0)]
    for k in range(order + 1):
        moved = {**point, symbol: point[symbol] + (Fraction(order, 2) - k) * step}
        weight = (-1) ** k * math.comb(order, k)
        for part, value in enumerate(value_at(function, moved, working)):
            total[part] += weight * value
    return total[0] / step**order, total[1] / step**order


def _integral(expression: sympy.Integral, point: Point, digits: int) -> Complex:
    bound = {limit[0] for limit in expression.limits}
    outer = {symbol: value for symbol, value in point.items() if symbol not in bound}
    placed = expression.subs(as_numbers(outer))
    if not isinstance(placed, sympy.Integral):
        return value_at(placed, {}, digits)
    if all(len(limit) == 3 for limit in placed.limits) and len(placed.limits) <= 2:
        try:
            enclosure = integrate(placed.function, *placed.limits, digits=digits, cells=_CELLS)
        except (EnclosureError, InputError):
            pass
        else:
            if enclosure.digits >= digits or enclosure.width <= 10.0 ** -min(2 * digits, 300):
                return enclosure.midpoint, Fraction(0)
    if len(placed.limits) > 1:
        raise NotEvaluatedError("a double integral beyond the reach of enclosures")
    return _by_quadrature(placed, digits), Fraction(0)


def _by_quadrature(integral: sympy.Integral, digits: int) -> Fraction:
    """Tanh-sinh quadrature, for infinite ranges and unbounded integrands; its error estimate is no bound."""
    symbol, low, high = integral.limits[0]
    if integral.free_symbols or has_unknown(integral) or integral.function.has(sympy.Integral):
        raise NotEvaluatedError(f"no number for {sympy.sstr(integral)[:60]}")
    with mpmath.workdps(digits + _GUARD):
        try:
            integrand = sympy.lambdify([symbol], integral.function, modules="mpmath")
            ends = [sympy.lambdify([], end, modules="mpmath")() for end in (low, high)]
            value, error = mpmath.quad(integrand, ends, error=True)
        except (ArithmeticError, KeyError, TypeError, ValueError, NameError) as failure:  # no code for zoo: KeyError
            raise NotEvaluatedError(f"quadrature failed: {failure!r}") from failure
        if not isinstance(value, mpmath.mpf) or not mpmath.isfinite(value):
            raise NotEvaluatedError(f"quadrature gave {value}")
        if error > mpmath.mpf(10) ** -digits * max(abs(value), mpmath.mpf(10) ** -digits):
            raise NotEvaluatedError(f"quadrature is unsure: error estimate {mpmath.nstr(error, 3)}")
        return exact(value)
