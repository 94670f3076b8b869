"""Evaluating a step: sample points first, then a symbolic decision, then an enclosure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import sympy

from graphon_theory.derivation.points import sample_points
from graphon_theory.derivation.step import Evidence, Step, StepResult
from graphon_theory.derivation.symbolic import evaluated, positivity, vanishes
from graphon_theory.derivation.values import Complex, NotEvaluatedError, value_at
from graphon_theory.enclosures import EnclosureError, examine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sympy import Expr, Symbol

_DIGITS: Final = 50
_RELATIVE: Final = Fraction(1, 10**45)  # two numbers to 50 digits that differ by less agree
_ABSOLUTE: Final = (Fraction(1, 10**40), Fraction(1, 10**80))  # noise around 0 at the two precisions
_ENOUGH: Final = 8  # points that must agree for a step to count as checked
_FEW: Final = 4
_CELLS: Final = 600


class _Outcome(Enum):
    AGREES = "agrees"
    DISAGREES = "disagrees"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class _Sampling:
    """What the sample points said: how many agree and are unclear, and the first that disagrees."""

    agreeing: int
    unclear: int
    total: int
    objection: str | None


def evaluate(step: Step) -> StepResult:
    """Find out what a step stands on.

    The formula is evaluated at sample points, at 50 and at 100 digits: one point that clearly disagrees
    contradicts the step, even one that SymPy would hold for proved. Then an equality is tried symbolically, an
    inequality symbolically and by ball arithmetic on the whole domain. Agreement at
    eight points or more makes an equality, or a non-strict inequality, ``CHECKED``. A strict inequality on
    which ball arithmetic gave up stays undecided, since points would miss where it is attained.

    Parameters
    ----------
    step
        The step.

    Returns
    -------
    StepResult
        Evidence and one line of detail, with the point of failure for a contradicted step.
    """
    if step.left is None or step.right is None or step.relation is None:
        return StepResult(step, Evidence.CITED, step.source or "")
    if step.relation == "=":
        return _equality(step, step.left, step.right)
    if step.relation in ("<=", "<"):
        return _inequality(step, step.right, step.left)
    return _inequality(step, step.left, step.right)


def _equality(step: Step, left: Expr, right: Expr) -> StepResult:
    # Points first: SymPy can search for hours for a proof of what one number contradicts. Integrals are dear,
    # so four points must do until they are all that there is.
    few = step.symbolic and (left - right).has(sympy.Integral)
    sampling = _sample(step, left, right, "=", most=_FEW if few else None)
    if sampling.objection is not None:
        return StepResult(step, Evidence.CONTRADICTED, sampling.objection)
    method = vanishes(left, right) if step.symbolic else None
    if method is not None:
        return StepResult(step, Evidence.PROVED, f"the difference is zero by {method}{_and_points(sampling)}")
    if few:
        sampling = _sample(step, left, right, "=")
        if sampling.objection is not None:
            return StepResult(step, Evidence.CONTRADICTED, sampling.objection)
    return _by_points(step, sampling, "SymPy does not decide the difference")


def _inequality(step: Step, greater: Expr, smaller: Expr) -> StepResult:
    strict = step.relation in ("<", ">")
    relation = ">" if strict else ">="
    sampling = _sample(step, greater, smaller, relation)
    if sampling.objection is not None:
        return StepResult(step, Evidence.CONTRADICTED, sampling.objection)
    difference = greater - smaller
    if step.symbolic:
        method = positivity(difference, strict=strict)
        if method is not None:
            word = "positive" if strict else "non-negative"
            return StepResult(step, Evidence.PROVED, f"{word} by {method}{_and_points(sampling)}")
    try:
        box = {symbol: step.domain[symbol] for symbol in step.symbols}
        decision = examine(evaluated(difference), ">" if strict else ">=", box, cells=_CELLS)
    except KeyError as error:
        return _by_points(step, sampling, f"no domain for {error.args[0]}")
    except EnclosureError as error:
        return _by_points(step, sampling, str(error))
    if decision.verdict is True:
        detail = f"enclosed on the domain, {decision.cells} boxes{_and_points(sampling)}"
        return StepResult(step, Evidence.ENCLOSED, detail)
    if decision.verdict is False:
        witness = decision.witness or {}
        return StepResult(step, Evidence.CONTRADICTED, f"proved to fail at {_named(witness)}")
    if strict:
        detail = f"strict, and neither proved nor refuted on {decision.cells} boxes"
        return StepResult(step, Evidence.UNDECIDED, detail)
    return _by_points(step, sampling, f"neither proved nor refuted on {decision.cells} boxes")


def _by_points(step: Step, sampling: _Sampling, reason: str) -> StepResult:
    missing = [str(symbol) for symbol in step.symbols if symbol not in step.domain]
    if missing:
        return StepResult(step, Evidence.UNDECIDED, f"{reason}; no domain for {', '.join(missing)}")
    enough = min(_ENOUGH, sampling.total)
    if sampling.agreeing >= max(enough, 1) and not sampling.unclear:
        detail = f"{reason}; agrees to 45 digits at {_points(sampling.agreeing)}"
        return StepResult(step, Evidence.CHECKED, detail)
    return StepResult(step, Evidence.UNDECIDED, f"{reason}; clear at {_points(sampling.agreeing)} only")


def _and_points(sampling: _Sampling) -> str:
    if sampling.agreeing:
        return f"; agrees at {_points(sampling.agreeing)}"
    return "; no numbers to compare with"


def _points(number: int) -> str:
    return f"{number} point{'' if number == 1 else 's'}"


def _sample(step: Step, left: Expr, right: Expr, relation: str, most: int | None = None) -> _Sampling:
    points = sample_points(step.symbols, step.domain)[:most]
    agreeing = unclear = 0
    for point in points:
        try:
            outcome, values = _compare(left, right, relation, point)
        except NotEvaluatedError:
            continue
        if outcome is _Outcome.DISAGREES:
            ends = " and ".join(_shown(value) for value in values)
            return _Sampling(agreeing, unclear, len(points), f"at {_named(point)}: the sides are {ends}")
        agreeing += outcome is _Outcome.AGREES
        unclear += outcome is _Outcome.UNCLEAR
    return _Sampling(agreeing, unclear, len(points), None)


def _compare(
    left: Expr, right: Expr, relation: str, point: Mapping[Symbol, Fraction]
) -> tuple[_Outcome, tuple[Complex, Complex]]:
    """Compare two sides at a point, at two precisions."""
    first = [value_at(side, point, _DIGITS) for side in (left, right)]
    second = [value_at(side, point, 2 * _DIGITS) for side in (left, right)]
    values = (second[0], second[1])
    gaps = [_modulus(_minus(*pair)) for pair in (first, second)]
    scale = max(_modulus(value) for value in second)
    same = gaps[1] <= _RELATIVE * scale or (gaps[0] <= _ABSOLUTE[0] and gaps[1] <= _ABSOLUTE[1])
    # Noise around zero changes with the precision; a value must not, before it may contradict anything.
    stable = all(
        _modulus(_minus(a, b)) <= _RELATIVE * max(_modulus(b), gaps[1]) for a, b in zip(first, second, strict=True)
    )
    if relation == "=":
        if same:
            return _Outcome.AGREES, values
        return (_Outcome.DISAGREES if stable else _Outcome.UNCLEAR), values
    if any(part[1] for part in second) or not (stable or same):
        return _Outcome.UNCLEAR, values
    if same:
        # Equal to all digits computed: enough for >=, but no sign of > either way.
        return (_Outcome.AGREES if relation == ">=" else _Outcome.UNCLEAR), values
    return (_Outcome.AGREES if second[0][0] > second[1][0] else _Outcome.DISAGREES), values


def _minus(a: Complex, b: Complex) -> Complex:
    return a[0] - b[0], a[1] - b[1]


def _modulus(value: Complex) -> Fraction:
    # The larger part: a norm that stays rational.
    return max(abs(value[0]), abs(value[1]))


def _named(point: Mapping[Symbol, Fraction]) -> str:
    return ", ".join(f"{symbol} = {value}" for symbol, value in point.items()) or "every point"


def _shown(value: Complex) -> str:
    real, imaginary = (sympy.Rational(part.numerator, part.denominator) for part in value)
    return str((real + sympy.I * imaginary).evalf(20))
