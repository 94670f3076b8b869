"""The formula reader: what it accepts, what it refuses, and that it computes nothing on the way."""

from __future__ import annotations

import time
from typing import Final

import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import Abs, E, Integer, Max, Min, Rational, cos, exp, log, pi, sin, sqrt

from graphon_theory.formula import DEEPEST, LONGEST, FormulaError, parse_formula
from graphon_theory.notation import rho, tau, u, v

ACCEPTED: Final = {
    "u": u,
    " 1/2 + u ": Rational(1, 2) + u,
    "exp(-v)": exp(-v),
    "0.1*u + 1e-3": u / 10 + Rational(1, 1000),
    "1_000 * u": 1000 * u,
    "-u ** 2": -(u**2),
    "+u - v": u - v,
    "2 * (u + v) / 3": 2 * (u + v) / 3,
    "max(0, u - 0.5)": Max(0, u - Rational(1, 2)),
    "Min(u, v, 1)": Min(u, v, 1),
    "abs(u - v)": Abs(u - v),
    "sqrt(u) + u**0.5": 2 * sqrt(u),
    "u ** v": u**v,
    "sin(pi*u)**2 + cos(v)": sin(pi * u) ** 2 + cos(v),
    "log(1 + u) / E": log(1 + u) / E,
    "((((u))))": u,
    "1 - 1": Integer(0),
    "7": Integer(7),
}

REFUSED: Final = {
    "__import__('os').system('true')": "unknown function",
    "u.real": "not part of a formula",
    "().__class__": "not part of a formula",
    "lambda: u": "not part of a formula",
    "[u for u in v]": "not part of a formula",
    "{u: v}": "not part of a formula",
    "u if v else 1": "not part of a formula",
    "u < v": "not part of a formula",
    "u and v": "not part of a formula",
    "not u": "not part of a formula",
    "(u := 1)": "not part of a formula",
    "u[0]": "not part of a formula",
    "exp(*[u])": "not part of a formula",
    "f'{u}'": "not part of a formula",
    "'u'": "no real number",
    "1j": "no real number",
    "True": "no real number",
    "None": "no real number",
    "...": "no real number",
    "": "empty",
    "  \n ": "empty",
    "u v": "no formula",
    "2u": "no formula",
    "u = 1": "no formula",
    "u; v": "no formula",
    "import os": "no formula",
    "\x00": "no formula",
    "1and 2": "no formula",
    "w": "unknown name",
    "tau": "unknown name",
    "oo": "unknown name",
    "I": "unknown name",
    "exp": "unknown name",
    "é": "unknown name",
    "tan(u)": "unknown function",
    "eval(u)": "unknown function",
    "u(v)": "unknown function",
    "exp(exp)(u)": "unknown function",
    "exp(u, v)": "needs 1 argument",
    "exp()": "needs 1 argument",
    "max(u)": "needs 2 to 8",
    "exp(x=u)": "named argument",
    "u ^ 2": "write \\*\\*",
    "u // v": "operator FloorDiv",
    "u @ v": "operator MatMult",
    "~u": "not part of a formula",
    "1/0": "divides by zero",
    "1/(u - u)": "divides by zero",
    "0 ** -1": "undefined",
    "log(0)": "undefined",
    "sqrt(-1)": "undefined",
    "(-1) ** 0.5": "not real",
    "1e999": "outside",
    "1e-999": "outside",
    "1e999999999": "outside",
    "9" * 300: "outside",
    "9**9**9": "exponent",
    "u ** 1000000": "exponent",
    "u ** (1/1000003)": "exponent",
    "(u**64)**64": "exponent",
    "((9**64)**64)**64": "outside",
    "9 ** (9 ** (u - u + 9))": "exponent",
    "2 ** -(10 ** 9)": "exponent",
    "exp(exp(exp(9)))": "outside",
    "max(exp(exp(9)), 1)": "outside",
    "exp(-exp(9))": "outside",
    "-" * (DEEPEST + 5) + "u": "nested",
    "abs(" * (DEEPEST + 5) + "u" + ")" * (DEEPEST + 5): "nested",
    "(" * 400 + "u" + ")" * 400: "no formula",
    "u" * (LONGEST + 1): f"at most {LONGEST}",
}


@pytest.mark.parametrize("text", ACCEPTED)
def test_formulas_are_read_exactly(text: str) -> None:
    assert sympy.simplify(parse_formula(text) - ACCEPTED[text]) == 0


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text)[:30])
def test_everything_else_is_refused_at_once_with_the_reason(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(FormulaError, match=REFUSED[text]):
        parse_formula(text)
    assert time.perf_counter() - start < 2


def test_messages_quote_the_piece_and_list_what_is_allowed() -> None:
    with pytest.raises(FormulaError, match=r"^'w' is an unknown name; allowed are .* names u, v, pi, E and .* exp"):
        parse_formula("1 + exp(w) * u")
    with pytest.raises(FormulaError, match=r"^'aaaaaaaaaaaa.*\.\.\.' is an unknown name"):
        parse_formula("u + " + "a" * 200)


def test_names_select_symbols_of_the_notation() -> None:
    assert parse_formula("tau / rho", names=("tau", "rho")) == tau / rho
    with pytest.raises(FormulaError, match="'v' is an unknown name"):
        parse_formula("u + v", names=("u",))
    for name in ("nonsense", "Symbol", "__doc__"):
        with pytest.raises(FormulaError, match="names"):
            parse_formula("1", names=(name,))
    with pytest.raises(FormulaError, match="int"):
        parse_formula(3)  # type: ignore[arg-type]


def test_no_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def trap(*_: object, **__: object) -> None:
        raise AssertionError("evaluated")

    # SymPy itself uses neither while it builds expressions of these functions.
    monkeypatch.setattr("builtins.eval", trap)
    monkeypatch.setattr(sympy, "sympify", trap)
    for text in ("1/2 + u*exp(-v)", "max(u, v)**2", "sqrt(2)*pi"):
        parse_formula(text)
    with pytest.raises(FormulaError):
        parse_formula("eval('1')")


@given(st.text(max_size=40))
@settings(deadline=None, max_examples=300)
def test_arbitrary_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_formula(text)
    except FormulaError:
        return
    assert found.free_symbols <= {u, v}


_LEAVES = st.sampled_from(["u", "v", "pi", "2", "0.25", "3"])
_FORMULAS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda a: f"exp(-abs({a}))"),
        inner.map(lambda a: f"(-{a})"),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        inner.map(lambda a: f"{a}**2" if a.isalnum() else f"({a})**2"),
    ),
    max_leaves=6,
)


@given(_FORMULAS)
@settings(deadline=None, max_examples=60)
def test_reading_agrees_with_python(text: str) -> None:
    import math

    scope = {"u": 0.375, "v": 0.625, "pi": math.pi, "exp": math.exp, "abs": abs, "max": max}
    expected = eval(text, {"__builtins__": {}}, scope)  # noqa: S307 - the test wrote the text
    assume(abs(expected) < 1e50)
    found = parse_formula(text)
    value = float(found.subs({u: Rational(3, 8), v: Rational(5, 8)}))
    assert math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)
