"""Numbers of unevaluated operators: what cannot be computed is said to be so, and nothing is guessed."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
import sympy
from sympy import Derivative, Function, Integral, Limit, Product, Sum, Symbol, exp, log, oo, pi, sin, sqrt, zoo

from graphon_theory.derivation import Evidence, Step, evaluate
from graphon_theory.derivation.points import sample_points
from graphon_theory.derivation.symbolic import evaluated, positivity, vanishes
from graphon_theory.derivation.values import NotEvaluatedError, value_at
from graphon_theory.errors import InputError

x, y, t = (Symbol(name, real=True) for name in "xyt")
n = Symbol("n", integer=True, positive=True)


def number(expression: sympy.Expr, **at: Fraction) -> complex:
    """Return the value at a point as a complex number."""
    point = {symbol: at[symbol.name] for symbol in expression.free_symbols if symbol.name in at}
    real, imaginary = value_at(expression, point, 20)
    return complex(float(real), float(imaginary))


def test_values_that_need_no_symbolic_calculus() -> None:
    third = Fraction(1, 3)
    assert number(Derivative(exp(2 * x) * sin(x), x, 2), x=third) == pytest.approx(
        complex(mpmath.diff(lambda a: mpmath.exp(2 * a) * mpmath.sin(a), mpmath.mpf(1) / 3, 2)), rel=1e-12
    )
    assert number(Derivative(x**3 * y**2, x, y), x=third, y=Fraction(2)) == pytest.approx(3 * (1 / 9) * 4, rel=1e-15)
    assert number(Integral(exp(-(t**2)) * x, (t, -oo, oo)), x=Fraction(2)) == pytest.approx(2 * 3.141592653589793**0.5)
    # A range enclosures cannot take: unbounded at an end.
    assert number(Integral(log(t), (t, 0, 1))) == pytest.approx(-1.0, rel=1e-15)
    assert number(sqrt(x - 1), x=Fraction(0)) == pytest.approx(1j)
    assert number(sympy.I * Integral(t, (t, 0, 1)) + Integral(t**2, (t, 0, 1))) == pytest.approx(1 / 3 + 0.5j)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (Function("Q")(x), "undefined function"),
        (Limit(sin(t) / t, t, 0) + x, "limits are not evaluated"),
        (Sum(Integral(t**n, (t, 0, 1)), (n, 1, 3)), "inside a sum"),
        (Product(Integral(t**n, (t, 0, 1)), (n, 1, 3)), "inside a sum"),
        (Derivative(x**7, x, 6), "no numerical derivative of order 6"),
        (Derivative(sin(x), (x, n)), "no numerical derivative of order n"),
        (Integral(sin(t**2 * y), (t, 0, oo)), "no number for"),
        (Integral(Integral(exp(-(t**2) - y**2), (t, -oo, oo)), (y, -oo, oo)), "no number|double integral"),
        (Integral(exp(-(t**2) - y**2), (t, -oo, oo), (y, -oo, oo)), "double integral beyond the reach"),
        (Integral(1 / t, (t, 0, 1)), "quadrature"),
        (Integral(zoo * exp(-t), (t, 0, oo)), "quadrature failed: .*ComplexInfinity"),
        (1 / (x - Fraction(1, 3)), "no number|finite"),
    ],
    ids=str,
)
def test_what_has_no_number_says_why(expression: sympy.Expr, reason: str) -> None:
    with pytest.raises(NotEvaluatedError, match=reason):
        value_at(expression, {x: Fraction(1, 3)}, 15)


def test_steps_that_no_number_decides_are_undecided() -> None:
    blind = Step(id="s", text="because", left=Function("Q")(x), relation="<=", right=Function("R")(x))
    assert evaluate(blind).evidence is Evidence.UNDECIDED


def test_strict_inequalities_are_not_proved_by_equality() -> None:
    """Equal to all digits: enough for >=, no sign of >."""
    one = sympy.sin(x) ** 2 + sympy.cos(x) ** 2
    strict = Step(id="s", text="because", left=one, relation=">", right=1, domain={x: (0, 1)}, symbolic=False)
    weak = Step(id="s", text="because", left=one, relation=">=", right=1, domain={x: (0, 1)}, symbolic=False)
    assert evaluate(strict).evidence not in (Evidence.PROVED, Evidence.ENCLOSED, Evidence.CHECKED)
    assert evaluate(weak).evidence in (Evidence.ENCLOSED, Evidence.CHECKED)
    false = Step(id="s", text="because", left=one, relation="<", right=1 - x**2, domain={x: (1, 2)}, symbolic=False)
    assert evaluate(false).evidence is Evidence.CONTRADICTED


def test_sympy_is_asked_in_several_forms() -> None:
    assert vanishes(log(x**2 * 4 + 4), log(sympy.Integer(4)) + log(x**2 + 1)) is not None
    assert vanishes(x, y) is None
    assert positivity(x**2 - 2 * x + 1, strict=False) is not None
    assert positivity(x**2 - 2 * x + 1, strict=True) is None
    assert evaluated(x + 1) == x + 1


def test_sample_points_of_half_lines_of_integers() -> None:
    below = Symbol("k", integer=True)
    for ends in ((3, oo), (-oo, -3), (-oo, oo)):
        points = [point[below] for point in sample_points((below,), {below: ends})]
        assert all(value.denominator == 1 for value in points)
        assert all(ends[0] <= value <= ends[1] for value in points)
        assert len(set(points)) > 3


def test_a_formula_needs_numbers_or_expressions() -> None:
    for bad in ("x", object(), [1]):
        with pytest.raises(InputError, match="left"):
            Step(id="s", text="because", left=bad, relation="=", right=x)  # type: ignore[arg-type]
    cited = Step(id="s", text="because", source="a book")
    assert (cited.latex, cited.symbols, cited.is_cited) == ("", (), True)
    assert Step(id="s", text="because", left=x, relation="<=", right=pi).latex == r"x \le \pi"


def test_all_symbols_without_a_domain_are_named() -> None:
    step = Step(
        id="s", text="because", left=Function("Q")(x, y), relation="=", right=Function("R")(t), domain={t: (0, 1)}
    )
    assert evaluate(step).detail.endswith("no domain for x, y")


def test_what_is_assumed_to_be_zero_vanishes_though_it_is_not_written_so() -> None:
    nothing = Symbol("z", zero=True)
    assert vanishes(x + nothing * y, x) is not None
    assert vanishes(nothing * y, sympy.Integer(0)) is not None
    assert vanishes(nothing + y, sympy.Integer(0)) is None
    long = sympy.Add(*(nothing * x**k for k in range(1, 150)))
    assert sympy.count_ops(long) > 400  # nothing but the quick methods is tried
    assert vanishes(long, sympy.Integer(0)) is not None


def test_symbols_without_a_domain_are_tried_where_their_assumptions_admit_them() -> None:
    below, natural = Symbol("b", nonpositive=True), Symbol("k", integer=True, nonnegative=True)
    points = sample_points((below, natural, x), {})
    assert max(point[below] for point in points) <= 0 <= min(point[natural] for point in points)
    assert min(point[x] for point in points) < -1 < 1 < max(point[x] for point in points)
    assert len({point[natural] for point in points}) > 3
