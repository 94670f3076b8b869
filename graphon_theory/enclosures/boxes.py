"""Complex box arithmetic (Arb), for bounds on ellipses around an interval of integration.

A primitive answers with a finite box only where it is analytic on a neighbourhood of the whole argument.
``Max``, ``Min``, ``Abs``, ``Heaviside``, ``sign`` and ``Piecewise`` choose their branch by the sign of a
real part, which must be certain; roots, logarithms and inverse functions must stay clear of their cuts.
Each primitive is one fixed function of its argument, and agrees with the real one on the real axis. So a
finite answer on every box of a cover proves that the expression is analytic on a neighbourhood of the
union. (Arb's own ``acb.integral`` leaves that test to a flag which an integrand can forget to honour, and
then returns wrong values with tiny radii; it is not used.)
"""

from __future__ import annotations

import operator
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from flint import acb, arb

from graphon_theory.enclosures.arithmetic import Arithmetic
from graphon_theory.enclosures.balls import ball

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

Box = Any  # flint.acb, which has no types

_WIDE: Final = 2.0**-8  # boxes wider than this get the mean value bound of erf


def _nowhere() -> Box:
    return acb(arb.nan(), arb.nan())


def _from_ends(low: Fraction, high: Fraction) -> Box:
    return acb(ball(low, high))


def _meets_negative_axis(box: Box) -> bool:
    return not (box.real > 0 or box.imag > 0 or box.imag < 0)


def _off_negative_axis(function: Callable[[Box], Box]) -> Callable[[Box], Box]:
    def guarded(box: Box) -> Box:
        return _nowhere() if _meets_negative_axis(box) else function(box)

    return guarded


def _off_real_cuts(function: Callable[[Box], Box]) -> Callable[[Box], Box]:
    # The cuts of asin and acos: the real axis outside (-1, 1).
    def guarded(box: Box) -> Box:
        between = box.real > -1 and box.real < 1
        return function(box) if between or box.imag > 0 or box.imag < 0 else _nowhere()

    return guarded


def _atan(box: Box) -> Box:
    between = box.imag > -1 and box.imag < 1
    return box.atan() if between or box.real > 0 or box.real < 0 else _nowhere()


def _right_half_plane(function: Callable[[Box], Box]) -> Callable[[Box], Box]:
    def guarded(box: Box) -> Box:
        return function(box) if box.real > 0 else _nowhere()

    return guarded


def _error_function(name: str) -> Callable[[Box], Box]:
    # |erf'(z)| = 2/sqrt(pi) exp(im^2 - re^2), bounded over a convex box, times the radius: the mean value
    # inequality beats Arb's own propagation on wide boxes.
    at_point = operator.methodcaller(name)

    def bounded(box: Box) -> Box:
        radius = box.rad()
        if not radius > _WIDE:
            return at_point(box)
        growth = (box.imag.abs_upper() ** 2 - box.real.abs_lower() ** 2).exp()
        reach = arb(0, (2 * growth * radius / arb.pi().sqrt()).abs_upper())
        return at_point(box.mid()) + acb(reach, reach)

    return bounded


def _power(box: Box, exponent: int) -> Box:
    return box**exponent


def _root(box: Box, index: int) -> Box:
    if _meets_negative_axis(box):
        return _nowhere()
    return box.sqrt() if index == 2 else box.root(index)


def _general_power(base: Box, exponent: Box) -> Box:
    return _nowhere() if _meets_negative_axis(base) else (exponent * base.log()).exp()


def _choice(condition: Box, then: Box, otherwise: Box) -> Box:
    if condition.real > 0:
        return then
    return otherwise if condition.real < 0 else _nowhere()


def _larger(first: Box, second: Box) -> Box:
    return _choice(first - second, first, second)


def _smaller(first: Box, second: Box) -> Box:
    return _choice(first - second, second, first)


def _modulus(box: Box) -> Box:
    return _choice(box, box, -box)


def _not_analytic(box: Box) -> Box:
    # No complex evaluation at hand: the integrand is then bounded by its real range.
    del box
    return _nowhere()


_ENTIRE: Final = ("exp", "sin", "cos", "sinh", "cosh")
# Meromorphic: Arb divides by cos or cosh, which is not finite where the box may hold a pole.
_MEROMORPHIC: Final = ("tan", "tanh")

BOXES: Final = Arithmetic(
    name="complex boxes",
    from_ends=_from_ends,
    constants=MappingProxyType(
        {
            "pi": lambda: acb(arb.pi()),
            "e": lambda: acb(arb.const_e()),
            "euler": lambda: acb(arb.const_euler()),
            "undefined": _nowhere,
        }
    ),
    functions=MappingProxyType(
        {
            "add": operator.add,
            "mul": operator.mul,
            "max": _larger,
            "min": _smaller,
            "abs": _modulus,
            "erf": _error_function("erf"),
            "erfc": _error_function("erfc"),
            "erfinv": _not_analytic,
            "erfcinv": _not_analytic,
            "log": _off_negative_axis(operator.methodcaller("log")),
            "asin": _off_real_cuts(operator.methodcaller("asin")),
            "acos": _off_real_cuts(operator.methodcaller("acos")),
            "atan": _atan,
            "gamma": _right_half_plane(operator.methodcaller("gamma")),
            "loggamma": _right_half_plane(operator.methodcaller("lgamma")),
            "general_power": _general_power,
            "if_positive": _choice,
            "if_nonnegative": _choice,
            **{name: operator.methodcaller(name) for name in _ENTIRE + _MEROMORPHIC},
        }
    ),
    parametrised=MappingProxyType({"power": _power, "root": _root}),
)
