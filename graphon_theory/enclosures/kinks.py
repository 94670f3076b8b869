"""Affine models with kinks: the mean of an integrand over a cell that a kink crosses.

A model bounds an expression on a rectangle around the origin by

    c + sum_i s_i x_i + sum_k w_k max(0, l_k(x)) +- e,        l_k affine.

Sums keep that form; products and smooth functions keep it up to a remainder of second order, by Taylor's
formula; ``Max(a, b) = b + max(0, a - b)`` adds a kink. The mean of ``max(0, l)`` over a rectangle is known
in closed form, so a cell of side h errs by O(h^2) per unit of area, against O(h) for the bare range of the
integrand. What has no such rule (a step, say) is replaced by its range.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flint import arb

from graphon_theory.enclosures.arithmetic import Arithmetic
from graphon_theory.enclosures.balls import ball
from graphon_theory.enclosures.range_algebra import ZERO, Behaviour, Range, range_from_ends
from graphon_theory.enclosures.ranges import RANGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

Ball = Any  # flint.arb
Slopes = tuple[Ball, Ball]

_FLAT: Final[Slopes] = (ZERO, ZERO)
_NEGLIGIBLE: Final = 2.0**-24  # slopes below this share of the other count as error: the mean would cancel


class Kink(NamedTuple):
    """The function ``max(0, centre + slopes . x)``."""

    centre: Ball
    slopes: Slopes


class Model(NamedTuple):
    """An affine model with kinks, and the range of the expression by range arithmetic.

    ``half_sides`` are those of the rectangle; ``error`` bounds the modulus of the rest, infinite or NaN where
    there is no model.
    """

    centre: Ball
    slopes: Slopes
    kinks: tuple[tuple[Ball, Kink], ...]
    error: Ball
    image: Range


def coordinate(middle: Ball, half_side: Ball, axis: int) -> Model:
    """Return the model of the coordinate ``middle + x_axis`` for ``|x_axis| <= half_side``."""
    slopes = (arb(1), ZERO) if axis == 0 else (ZERO, arb(1))
    reach = half_side.upper()
    image = Range((middle - reach).lower(), (middle + reach).upper(), Behaviour.CONTINUOUS)
    return Model(middle, slopes, (), ZERO, image)


def mean(model: Model, half_sides: tuple[Ball, Ball]) -> Ball:
    """Return a ball that holds the mean of the expression over the rectangle; NaN without a model.

    Parameters
    ----------
    model
        Of an expression that is defined and real on the rectangle.
    half_sides
        Half the sides of the rectangle around the origin; 0 for an axis that is not there.
    """
    if model.image.behaviour >= Behaviour.SINGULAR or not model.error.is_finite():
        return arb.nan()
    total = model.centre + arb(0, model.error.upper())
    for weight, kink in model.kinks:
        total += weight * _mean_of_kink(kink, half_sides)
    return total


def _mean_of_kink(kink: Kink, half_sides: tuple[Ball, Ball]) -> Ball:
    a = kink.centre
    b, c = sorted((abs(s) * h for s, h in zip(kink.slopes, half_sides, strict=True)), key=float)
    if a > b + c:
        return a
    if a < -(b + c):
        return ZERO
    if not c > 0:
        return _positive(a) + arb(0, (b + c).upper())
    if not b > c * _NEGLIGIBLE:
        # Dropping b x moves max(0, l) by at most b.
        return (_positive(a + c) ** 2 - _positive(a - c) ** 2) / (4 * c) + arb(0, b.upper())
    cubes = [_positive(a + s * b + t * c) ** 3 * (s * t) for s in (1, -1) for t in (1, -1)]
    return sum(cubes, start=ZERO) / (24 * b * c)


def _positive(value: Ball) -> Ball:
    return value.max(ZERO)


def _from_ends(low: Fraction, high: Fraction) -> Model:
    return Model(ball(low, high), _FLAT, (), ZERO, range_from_ends(low, high))


def _constant(name: str) -> Callable[[], Model]:
    def value() -> Model:
        return _only(RANGES.constants[name]())

    return value


def _only(image: Range) -> Model:
    """Return the model that knows the range alone."""
    if not image.is_finite:
        return Model(arb.nan(), _FLAT, (), arb.nan(), image)
    whole = image.low.union(image.high)
    return Model(whole.mid(), _FLAT, (), whole.rad(), image)


def _spread(model: Model) -> Ball:
    """Bound the distance of the expression from the model's centre."""
    return (model.image.high - model.centre).max(model.centre - model.image.low).upper().max(ZERO)


def _scaled(model: Model, factor: Ball, image: Range) -> Model:
    return Model(
        model.centre * factor,
        (model.slopes[0] * factor, model.slopes[1] * factor),
        tuple((weight * factor, kink) for weight, kink in model.kinks),
        (model.error * abs(factor)).upper(),
        image,
    )


def _sum(a: Model, b: Model, image: Range) -> Model:
    slopes = (a.slopes[0] + b.slopes[0], a.slopes[1] + b.slopes[1])
    return Model(a.centre + b.centre, slopes, a.kinks + b.kinks, (a.error + b.error).upper(), image)


def _add(a: Model, b: Model) -> Model:
    return _sum(a, b, RANGES.functions["add"](a.image, b.image))


def _mul(a: Model, b: Model) -> Model:
    image = RANGES.functions["mul"](a.image, b.image)
    # ab = a0 b + b0 a - a0 b0 + (a - a0)(b - b0)
    linear = _sum(_scaled(a, b.centre, image), _scaled(b, a.centre, image), image)
    return linear._replace(centre=a.centre * b.centre, error=(linear.error + _spread(a) * _spread(b)).upper())


def _negative(a: Model) -> Model:
    return _scaled(a, arb(-1), Range(-a.image.high, -a.image.low, a.image.behaviour))


def _smooth(
    a: Model,
    image: Range,
    value: Callable[[Ball], Ball],
    slope: Callable[[Ball], Ball],
    curve: Callable[[Ball], Ball],
) -> Model:
    """Taylor's formula of first order around the model's centre; ``curve`` is the second derivative."""
    if not (a.image.is_finite and a.error.is_finite() and image.behaviour <= Behaviour.JUMPING):
        return _only(image)
    hull = a.image.low.union(a.image.high).union(a.centre)
    remainder = (abs(curve(hull)) * _spread(a) ** 2 / 2).upper()
    result = _scaled(a, slope(a.centre), image)
    result = result._replace(centre=value(a.centre), error=(result.error + remainder).upper())
    return result if result.centre.is_finite() and result.error.is_finite() else _only(image)


def _gauss(x: Ball) -> Ball:
    return 2 * (-(x * x)).exp() / arb.pi().sqrt()


# Value, first and second derivative.
_TAYLOR: Final[dict[str, tuple[Callable[[Ball], Ball], ...]]] = {
    "exp": (lambda x: x.exp(), lambda x: x.exp(), lambda x: x.exp()),
    "log": (lambda x: x.log(), lambda x: 1 / x, lambda x: -1 / x**2),
    "erf": (lambda x: x.erf(), _gauss, lambda x: -2 * x * _gauss(x)),
    "erfc": (lambda x: x.erfc(), lambda x: -_gauss(x), lambda x: 2 * x * _gauss(x)),
    "sin": (lambda x: x.sin(), lambda x: x.cos(), lambda x: -x.sin()),
    "cos": (lambda x: x.cos(), lambda x: -x.sin(), lambda x: -x.cos()),
}


def _function(name: str) -> Callable[[Model], Model]:
    primitive = RANGES.functions[name]
    derivatives = _TAYLOR.get(name)

    def apply(a: Model) -> Model:
        image = primitive(a.image)
        return _only(image) if derivatives is None else _smooth(a, image, *derivatives)

    return apply


def _power(a: Model, exponent: int) -> Model:
    n = exponent
    image = RANGES.parametrised["power"](a.image, n)
    return _smooth(a, image, lambda x: x**n, lambda x: n * x ** (n - 1), lambda x: n * (n - 1) * x ** (n - 2))


def _root(a: Model, index: int) -> Model:
    q = index
    image = RANGES.parametrised["root"](a.image, q)
    return _smooth(
        a,
        image,
        lambda x: x.root(q),
        lambda x: x.root(q) / (q * x),
        lambda x: (1 - q) * x.root(q) / (q * x) ** 2,
    )


def _general_power(base: Model, exponent: Model) -> Model:
    if not base.image.low > 0:
        return _only(RANGES.functions["general_power"](base.image, exponent.image))
    return _function("exp")(_mul(exponent, _function("log")(base)))


def _larger(a: Model, b: Model) -> Model:
    image = RANGES.functions["max"](a.image, b.image)
    excess = _add(a, _negative(b))
    if excess.image.low >= 0:
        return a._replace(image=image)
    if excess.image.high <= 0:
        return b._replace(image=image)
    if excess.kinks or not excess.error.is_finite():
        return _only(image)
    # max(0, .) moves by no more than its argument, so the error of the argument passes through.
    added = Model(ZERO, _FLAT, ((arb(1), Kink(excess.centre, excess.slopes)),), excess.error, excess.image)
    return _sum(b, added, image)


def _smaller(a: Model, b: Model) -> Model:
    return _negative(_larger(_negative(a), _negative(b)))


def _absolute(a: Model) -> Model:
    return _larger(a, _negative(a))


def _choice(name: str) -> Callable[[Model, Model, Model], Model]:
    primitive = RANGES.functions[name]

    def choose(condition: Model, then: Model, otherwise: Model) -> Model:
        image = primitive(condition.image, then.image, otherwise.image)
        if condition.image.low > 0:
            return then._replace(image=image)
        return otherwise._replace(image=image) if condition.image.high < 0 else _only(image)

    return choose


_OWN_RULES: Final[dict[str, Callable[..., Model]]] = {
    "add": _add,
    "mul": _mul,
    "max": _larger,
    "min": _smaller,
    "abs": _absolute,
    "general_power": _general_power,
    "if_positive": _choice("if_positive"),
    "if_nonnegative": _choice("if_nonnegative"),
}

MODELS: Final = Arithmetic(
    name="affine models with kinks",
    from_ends=_from_ends,
    constants=MappingProxyType({name: _constant(name) for name in RANGES.constants}),
    functions=MappingProxyType({name: _OWN_RULES.get(name, _function(name)) for name in RANGES.functions}),
    parametrised=MappingProxyType({"power": _power, "root": _root}),
)
