"""What SymPy decides: that an expression vanishes, or has a sign. ``None`` always means undecided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import sympy
from sympy.core.function import AppliedUndef
from sympy.polys.polyerrors import BasePolynomialError
from sympy.series.order import Order

if TYPE_CHECKING:
    from sympy import Expr

    Method = tuple[str, Callable[[Expr], Expr]]

UNEVALUATED: Final = (sympy.Derivative, sympy.Integral, sympy.Limit, sympy.Sum, sympy.Product, sympy.Subs)

# SymPy raises these where a method does not apply; anything else is a defect and surfaces.
_INAPPLICABLE: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    BasePolynomialError,
)
_SPECIAL: Final = (sympy.erf, sympy.erfc, sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise, sympy.Heaviside)
_LARGEST: Final = 400  # operations beyond which only the quick methods are tried


def _as_cases(expression: Expr) -> Expr:
    return sympy.simplify(sympy.piecewise_fold(expression.rewrite(sympy.Piecewise)))


def _logarithms_apart(expression: Expr) -> Expr:
    return sympy.simplify(sympy.expand_log(expression))


def _through_erf(expression: Expr) -> Expr:
    return sympy.simplify(expression.rewrite(sympy.erf))


def _through_exp(expression: Expr) -> Expr:
    return sympy.simplify(expression.rewrite(sympy.exp))


_QUICK: Final[tuple[Method, ...]] = (
    ("cancellation", lambda expression: expression),
    ("expansion", sympy.expand),
)
_SLOW: Final[tuple[Method, ...]] = (
    ("common denominator", lambda expression: sympy.cancel(sympy.together(expression))),
    ("simplify", sympy.simplify),
    ("expansion after simplify", lambda expression: sympy.expand(sympy.simplify(expression))),
    ("trigonometric identities", sympy.trigsimp),
    ("powers", lambda expression: sympy.powsimp(sympy.powdenest(expression))),
    ("logarithms", _logarithms_apart),
    ("radicals", lambda expression: sympy.radsimp(expression)),
    ("error functions", _through_erf),
    ("exponentials", _through_exp),
    ("gamma functions", sympy.gammasimp),
    ("distinction of cases", _as_cases),
)


def _is_dear(integral: Expr) -> bool:
    """Whether SymPy would search for minutes: a multiple integral of special functions or cases."""
    inner = integral.function.atoms(sympy.Integral)
    return (len(integral.limits) > 1 or bool(inner)) and integral.has(*_SPECIAL)


def _masked(expressions: tuple[Expr, ...], *, dear_only: bool) -> tuple[tuple[Expr, ...], dict[Expr, Expr]]:
    """Put a dummy for each operator that is to stay as it stands; equal operators get the same one."""
    masks: dict[Expr, Expr] = {}

    def mask(node: Expr) -> Expr:
        return masks.setdefault(node, sympy.Dummy("kept"))

    def wanted(node: Expr) -> bool:
        # Outermost operators only: a dummy inside a derivative would count as constant.
        if not isinstance(node, UNEVALUATED):
            return False
        return not dear_only or any(_is_dear(integral) for integral in node.atoms(sympy.Integral))

    return tuple(_outermost(expression, wanted, mask) for expression in expressions), masks


def _outermost(node: Expr, wanted: Callable[[Expr], bool], mask: Callable[[Expr], Expr]) -> Expr:
    if wanted(node):
        return mask(node)
    if not node.args or not node.has(*UNEVALUATED):
        return node
    return node.func(*(_outermost(part, wanted, mask) for part in node.args))


def settled(expression: Expr) -> Expr:
    """Carry out what SymPy does by itself, where an expression was built without (``as_written``); no operators."""
    if not expression.args or isinstance(expression, UNEVALUATED):
        return expression
    parts = tuple(settled(part) for part in expression.args)
    return expression.func(*parts)


def evaluated(expression: Expr) -> Expr:
    """Carry out unevaluated derivatives, integrals, limits and sums where SymPy can, and what was left as written."""
    expression = settled(expression)
    if not expression.has(*UNEVALUATED):
        return expression
    (plain,), masks = _masked((expression,), dear_only=True)
    try:
        return plain.doit().xreplace({dummy: operator for operator, dummy in masks.items()})
    except _INAPPLICABLE:
        return expression


def vanishes(left: Expr, right: Expr) -> str | None:
    """Return the method by which SymPy finds ``left - right`` to be zero, or None if it does not.

    Limits of trust: the answer holds under the assumptions of the symbols, and SymPy can be wrong; callers
    compare it with numbers.
    """
    for pair in _versions(left, right):
        # What SymPy could not do is kept as it stands; simplify would only try again, at length.
        (first, second), _ = _masked(pair, dear_only=False)
        for name, form in _forms(first - second):
            if form == 0 or form.is_zero is True:
                return name
    return None


def _versions(left: Expr, right: Expr) -> Iterator[tuple[Expr, Expr]]:
    """Yield the two sides evaluated, evaluated through erf (some limits need it), and as they stand."""
    yield evaluated(left), evaluated(right)
    if left.has(*UNEVALUATED) or right.has(*UNEVALUATED):
        if left.has(sympy.erfc) or right.has(sympy.erfc):
            yield evaluated(left.rewrite(sympy.erf)), evaluated(right.rewrite(sympy.erf))
        yield left, right


def positivity(difference: Expr, *, strict: bool) -> str | None:
    """Return the form in which SymPy knows ``difference`` to be non-negative (positive if strict), or None."""
    (plain,), masks = _masked((evaluated(difference),), dear_only=False)
    if masks:
        return None
    for name, form in _forms(plain, last="simplify"):
        for variant in dict.fromkeys((form, sympy.factor_terms(form), _factored(form))):
            if (variant.is_positive if strict else variant.is_nonnegative) is True:
                return name
    return None


def has_unknown(expression: Expr) -> bool:
    """Return whether undefined functions occur, so that there is nothing to evaluate."""
    return bool(expression.atoms(AppliedUndef)) or expression.has(Order)


def _factored(expression: Expr) -> Expr:
    try:
        return sympy.factor(expression)
    except _INAPPLICABLE:
        return expression


def _forms(expression: Expr, last: str | None = None) -> Iterator[tuple[str, Expr]]:
    """Yield rewritten forms of an expression with the names of the methods, quick ones first."""
    methods = _QUICK + (_SLOW if sympy.count_ops(expression) <= _LARGEST else ())
    for name, method in methods:
        try:
            form = method(expression)
        except _INAPPLICABLE:
            continue
        if isinstance(form, sympy.Expr):
            yield name, form
        if name == last:
            return
