"""Steps, their evidence, and derivations."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import pytest
import sympy
from sympy import (
    Derivative,
    Function,
    Integer,
    Integral,
    Limit,
    Max,
    Rational,
    Subs,
    Sum,
    Symbol,
    cosh,
    erf,
    erfc,
    exp,
    floor,
    gamma,
    log,
    oo,
    pi,
    sin,
    sqrt,
)

from graphon_theory.derivation import Derivation, Evidence, Step, as_written, evaluate
from graphon_theory.derivation.points import sample_points
from graphon_theory.derivation.symbolic import vanishes
from graphon_theory.derivation.values import NotEvaluatedError, value_at
from graphon_theory.enclosures import enclose
from graphon_theory.errors import InputError

x, y = Symbol("x", real=True), Symbol("y", positive=True)
u, v = Symbol("u", nonnegative=True), Symbol("v", nonnegative=True)
n = Symbol("n", integer=True, positive=True)
UNIT = {u: (0, 1), v: (0, 1)}


def step(left: Any, relation: str, right: Any, **rest: Any) -> Step:
    return Step(id="s", text="because", left=left, relation=relation, right=right, **rest)


PROVED = [
    step((x + 1) ** 2, "=", x**2 + 2 * x + 1),
    step(Derivative(erf(x), x), "=", 2 * exp(-(x**2)) / sqrt(pi)),
    step(Integral(exp(-(x**2)), (x, -oo, oo)), "=", sqrt(pi)),
    step(Integral(exp(-y * u), (u, 0, 1)), "=", (1 - exp(-y)) / y, domain={y: (Rational(1, 2), 3)}),
    step(Limit(sin(x) / x, x, 0), "=", 1),
    step(Sum(n, (n, 1, 10)), "=", 55),
    step(gamma(y + 1), "=", y * gamma(y), domain={y: (1, 4)}),
    step(as_written(lambda: Function("Q")(x) * 2 - Function("Q")(x)), "=", Function("Q")(x)),
    step(as_written(lambda: erfc(n * y / (n * u))), "=", erfc(y / u), domain={n: (1, 9), y: (1, 2), u: (1, 2)}),
    step(Subs(Derivative(erf(x) * exp(x), x), x, y), "=", exp(y) * (erf(y) + 2 * exp(-(y**2)) / sqrt(pi))),
    step(1 + x**2, ">", 0),
    step(u * (1 - u), "<=", Rational(1, 4), domain=UNIT),
    step(0, "<=", y * exp(y)),
    step(cosh(x) ** 2 - sympy.sinh(x) ** 2, "=", 1, domain={x: (-1, 1)}),
]
ENCLOSED = [
    step(exp(-x), ">=", 1 - x, domain={x: (-1, 2)}),
    step(exp(-x) * (1 + x + x**2), "<=", 1 + x**2 / 2, domain={x: (0, 2)}),
    step(log(1 + y), "<", y, domain={y: (Rational(1, 100), oo)}),
    step(erfc(1 / (1 + u + v)), "<", Rational(7, 10), domain=UNIT),
]
CHECKED = [
    step(Subs(Derivative(sin(x) / x, x), x, 0), "=", 0),
    step(sqrt(u + 2 * sqrt(u) + 1), "=", 1 + sqrt(u), domain=UNIT, symbolic=False),
    step(floor(x + Rational(1, 2)) - x, "<=", Rational(1, 2), domain={x: (0, 50)}),
    step(
        Integral(erfc(1 / ((1 + u) * (1 + v))), (u, 0, 1), (v, 0, 1)),
        "=",
        Integral(erfc(1 / ((1 + u) * (1 + v))), (v, 0, 1), (u, 0, 1)),
        symbolic=False,
    ),
    step(x**2 + y**2, ">=", 2 * x * y - 0, domain={x: (-1, 2), y: (Rational(1, 3), 1)}, symbolic=False),
]
UNDECIDED = [
    step(Function("Q")(x), "=", Function("R")(x), domain={x: (0, 1)}),
    step(Limit(Function("Q")(x), x, 0), "=", 1),
    step(sqrt(u + 2 * sqrt(u) + 1), "=", 1 + sqrt(u), symbolic=False),
    step(sympy.Abs(x - Rational(1, 3)), ">", 0, domain={x: (0, 1)}),
    step(erf(x + 100), "<", 1, domain={x: (0, 1)}, symbolic=False),
    step(erf(x + 100) + floor(x / 2), "<", 1, domain={x: (0, 1)}, symbolic=False),
]
CONTRADICTED = [
    step((x + 1) ** 2, "=", x**2 + 1, domain={x: (-1, 1)}),
    step((x + 1) ** 2, "=", x**2 + 1),
    step(as_written(lambda: n * y / (2 * n)), "=", y, domain={n: (1, 9), y: (1, 2)}),
    step(Subs(Derivative(sin(x) * exp(x), x), x, 0), "=", 2),
    step(exp(-x), ">", 1 - x, domain={x: (-1, 1)}),
    step(Function("Q")(x) * 0 + x, "=", 2 * x),
    step((u - Rational(1, 3)) ** 2, ">=", Rational(1, 10**8), domain=UNIT),
]


@pytest.mark.parametrize(
    ("given", "evidence"),
    [
        (given, evidence)
        for evidence, steps in [
            (Evidence.PROVED, PROVED),
            (Evidence.ENCLOSED, ENCLOSED),
            (Evidence.CHECKED, CHECKED),
            (Evidence.UNDECIDED, UNDECIDED),
            (Evidence.CONTRADICTED, CONTRADICTED),
        ]
        for given in steps
    ],
    ids=lambda item: f"{item.left}{item.relation}{item.right}"[:50] if isinstance(item, Step) else item.value,
)
def test_evidence_of_a_step(given: Step, evidence: Evidence) -> None:
    result = evaluate(given)
    assert result.evidence is evidence, result.detail
    assert result.detail


def test_what_sympy_calls_zero_is_still_compared_with_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphon_theory.derivation.evaluation.vanishes", lambda *_: "a defect")
    monkeypatch.setattr("graphon_theory.derivation.evaluation.positivity", lambda *_, **__: "a defect")
    assert evaluate(step(sin(x), "=", x)).evidence is Evidence.CONTRADICTED
    assert evaluate(step(sin(x), ">", x)).evidence is Evidence.CONTRADICTED
    assert evaluate(step(Integral(exp(-(x**2)), (x, 0, oo)), "=", sqrt(pi))).evidence is Evidence.CONTRADICTED


def test_none_of_sympy_is_undecided_and_not_false() -> None:
    assert vanishes(Function("Q")(x), Function("R")(x)) is None


def test_integrals_too_dear_for_sympy_stay_as_they_stand() -> None:
    double = Integral(erfc(y / (1 + u) * exp(v)), (u, 0, 1), (v, 0, 1))
    assert vanishes(2 * double - double, double) is not None
    assert vanishes(double, sympy.S.Zero) is None
    # Its derivative is no derivative of a constant.
    assert vanishes(Derivative(double, y), sympy.S.Zero) is None


def test_contradictions_name_the_point_and_both_sides() -> None:
    detail = evaluate(step(x, "=", 2 * x, domain={x: (1, 2)})).detail
    assert detail.startswith("at x = 65/64: the sides are 1.015625")
    assert "2.03125" in detail


def test_citations_need_a_source_and_formulas_all_their_parts() -> None:
    cited = Step(id="lemma", text="standard", source="Hoeffding (1963), Theorem 2")
    assert evaluate(cited).evidence is Evidence.CITED
    assert cited.latex == ""
    for source in (None, "", "  "):
        with pytest.raises(ValueError, match="source"):
            Step(id="lemma", text="standard", source=source)
    with pytest.raises(InputError, match="all three"):
        Step(id="half", text="", left=x, relation="=")
    with pytest.raises(InputError, match="relation"):
        step(x, "==", x)
    with pytest.raises(InputError, match="SymPy"):
        step("x", "=", x)
    false_with_source = step(x, "=", x + 1, source="somebody")
    assert evaluate(false_with_source).evidence is Evidence.CONTRADICTED


def test_domains_that_contradict_assumptions_are_refused() -> None:
    for domain in ({y: (-1, 1)}, {x: (1, 0)}, {u: (-oo, 0)}, {x: (0, u)}):
        with pytest.raises(InputError):
            step(y, "=", 2 * y, domain=domain)


def test_derivations_check_their_chain_and_count_their_evidence() -> None:
    first = Step(id="a", text="", left=x, relation="=", right=as_written(lambda: 2 * x - x))
    second = Step(id="b", text="", source="Janson (2013)", follows=("a",))
    third = Step(id="c", text="", left=x, relation="<", right=as_written(lambda: 2 * x - x), domain={x: (0, 1)})
    good = Derivation(id="D", title="two steps", steps=(first, second)).run()
    assert good.holds
    assert good.counts() == {kind: int(kind in (Evidence.PROVED, Evidence.CITED)) for kind in Evidence}
    assert good.latex() == ("x = - x + 2 x", "")
    assert not Derivation(id="D", title="false", steps=(first, third)).run().holds
    assert evaluate(third).latex == "x < - x + 2 x"
    for steps in ((second, first), (first, first), ()):
        with pytest.raises(InputError):
            Derivation(id="D", title="", steps=steps)


@pytest.mark.parametrize("relation", ["=", "<=", "<", ">=", ">"])
def test_a_step_whose_sides_are_one_expression_is_refused(relation: str) -> None:
    """It would be "proved" and show nothing; SymPy may make it so while it is built."""
    for left, right in ((x, x), (n * y / n, y), (1, Integer(1)), (Integral(x, (x, 0, 1)), Integral(x, (x, 0, 1)))):
        with pytest.raises(InputError, match=r"step s, left and right = .*both sides are one expression.*as_written"):
            step(left, relation, right)


def test_what_is_written_out_is_shown_and_evaluated_like_any_other() -> None:
    written = as_written(lambda: n * y / n)
    assert written != y
    assert sympy.latex(written) == r"\frac{n y}{n}"
    assert n * y / n == y  # evaluation is on again
    assert vanishes(written, y) is not None
    assert vanishes(written, 2 * y) is None


def test_steps_are_values() -> None:
    one, other = (step(Max(u, v), ">=", u, domain=UNIT) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(evaluate(one))).step == one  # noqa: S301 - our own bytes


def test_sample_points_are_admissible_deterministic_and_spread() -> None:
    points = sample_points((n, u, x), {n: (1, 5), u: (0, Rational(1, 2)), x: (-oo, oo)})
    assert points == sample_points((n, u, x), {n: (1, 5), u: (0, Rational(1, 2)), x: (-oo, oo)})
    assert len(points) == 10
    assert {point[n] for point in points} == {1, 2, 3, 4, 5}
    assert all(0 < point[u] < Fraction(1, 2) for point in points)
    assert min(point[x] for point in points) < -1 < 1 < max(point[x] for point in points)
    assert sample_points((Symbol("z", irrational=True),), {}) == []
    assert sample_points((), {}) == [{}]


@pytest.mark.parametrize(
    ("expression", "closed_form"),
    [
        (Derivative(exp(-(x**2)), (x, 2)), (4 * x**2 - 2) * exp(-(x**2))),
        (Derivative(sin(x * y), x, y), sympy.cos(x * y) - x * y * sin(x * y)),
        (Integral(Derivative(sin(x * u), u), (u, 0, y)) + x, sin(x * y) + x),
        (Integral(exp(-u * y), (u, 0, oo)), 1 / y),
        (Integral(u * v * x, (u, 0, v), (v, 0, 1)), x / 8),
    ],
    ids=str,
)
def test_numbers_of_unevaluated_operators(expression: sympy.Expr, closed_form: sympy.Expr) -> None:
    point = {x: Fraction(2, 7), y: Fraction(5, 3)}
    try:
        value, imaginary = value_at(expression, point, 50)
    except NotEvaluatedError:
        # Derivatives below an integral sign and ends that depend on the outer variable have no rule.
        assert expression.has(Integral)
        return
    assert imaginary == 0
    truth = enclose(closed_form, point, digits=60).midpoint
    assert abs(value - truth) <= abs(truth) / 10**48
