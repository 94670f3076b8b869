"""The derivation checker is checked: planted falsehoods must be caught, their true twins must pass."""

from __future__ import annotations

from typing import Any, Final

import pytest
import sympy
from sympy import (
    Abs,
    Derivative,
    Integral,
    Limit,
    Max,
    Min,
    Rational,
    Symbol,
    acos,
    asin,
    binomial,
    erfc,
    exp,
    log,
    oo,
    pi,
    sqrt,
)

from graphon_theory.derivation import Evidence, Step, as_written, evaluate
from graphon_theory.errors import InputError
from graphon_theory.notation import rho, t, tau, u, v

x, y = Symbol("x", real=True), Symbol("y", real=True)
c = Symbol("c", real=True)
n = Symbol("n", integer=True, positive=True)
UNIT: Final = {u: (0, 1), v: (0, 1)}
LEVEL: Final = {t: (Rational(1, 10), 4)}
TINY: Final = 1 + Rational(1, 10**12)
normal = exp(-(t**2) / 2) / sqrt(2 * pi)
W = erfc(tau / (sqrt(2) * (Rational(1, 2) + u) * exp(-v)))
mass = Integral(W.subs(tau, Rational(4, 5)), (u, 0, 1), (v, 0, 1))

# name: (left, relation, true right, false right, domain)
PAIRS: Final[dict[str, tuple[Any, str, Any, Any, dict[Any, Any]]]] = {
    "wrong factor": (Derivative(erfc(t / sqrt(2)), t), "=", -2 * normal, -normal, LEVEL),
    "wrong sign": (Derivative(exp(-t), t), "=", -exp(-t), exp(-t), LEVEL),
    "off by 1e-12": (Integral(2 * normal, (t, 0, oo)), "=", 1, TINY, {}),
    "off by 1e-12 times a function": (
        as_written(lambda: sqrt(t**2) * exp(-t)),
        "=",
        t * exp(-t),
        t * exp(-t) * TINY,
        LEVEL,
    ),
    "off by 1e-30": (t**2 - 1, "=", (t - 1) * (t + 1), (t - 1) * (t + 1) + Rational(1, 10**30), LEVEL),
    "principal branch": (as_written(lambda: sqrt(t**2)), "=", t, -t, LEVEL),
    "modulus forgotten": (as_written(lambda: sqrt(x**2)), "=", Abs(x), x, {x: (-1, 1)}),
    "outside the domain of an identity": (
        asin(sympy.sin(x)),
        "=",
        as_written(lambda: -asin(sympy.sin(-x))),
        x,
        {x: (0, 4)},
    ),
    "term dropped": (
        as_written(lambda: 2 * normal * t + erfc(t / sqrt(2))),
        "=",
        erfc(t / sqrt(2)) + 2 * t * normal,
        2 * t * normal,
        LEVEL,
    ),
    "one-sided survival function": (
        erfc(t / sqrt(2)),
        "=",
        2 * Integral(normal.subs(t, x), (x, t, oo)),
        erfc(t / sqrt(2)) / 2,
        LEVEL,
    ),
    "wrong quarter": (rho * (1 - rho), "<=", Rational(1, 4), Rational(1, 4) - Rational(1, 10**12), {rho: (0, 1)}),
    "strict for non-strict": (rho * (1 - rho), "<=", Rational(1, 4), None, {rho: (0, 1)}),
    "strict where an irrational point touches": ((x**2 - 2) ** 2, ">=", 0, None, {x: (0, 2)}),
    "strict at the edge": (exp(-x), ">=", 1 - x, None, {x: (0, 1)}),
    "direction turned": (log(1 + t), "<=", t, t / 2, {t: (Rational(1, 10), 1)}),
    "true on half of the domain": (u**2, "<=", Max(u, u**2), u / 2, UNIT),
    "fails on a sliver": ((u - Rational(1, 3)) ** 2, ">=", 0, Rational(1, 10**7), UNIT),
    "fails only far out": (exp(-t), ">=", 0, exp(-20), {t: (0, 30)}),
    "maximum and minimum exchanged": (Max(u, v) - Min(u, v), "=", Abs(u - v), u - v, UNIT),
    "limit of another law": (Limit(erfc(t) / erfc(t / 2), t, oo), "=", 0, 1, {}),
    "arc-cosine for arc-sine": (acos(x), "=", pi / 2 - asin(x), pi / 2 + asin(x), {x: (-1, 1)}),
    "integers only": (n**2 - n, ">=", 0, Rational(1, 2), {n: (1, 50)}),
    "binomial shifted": (binomial(n + 1, 2), "=", n * (n + 1) / 2, n * (n - 1) / 2, {n: (1, 50)}),
    "double integral off by 1e-12": (mass, "=", as_written(lambda: 2 * mass / 2), TINY * mass, {}),
    "complex where real was meant": (as_written(lambda: sqrt(x) ** 2), "=", x, Abs(x), {x: (-2, 2)}),
}

PASSES: Final = (Evidence.PROVED, Evidence.ENCLOSED, Evidence.CHECKED)
# True twins that the checker cannot settle: it must say so, not guess.
HARD: Final = ("strict where an irrational point touches",)


def _step(name: str, relation: str, right: Any) -> Step:
    left, _, _, _, domain = PAIRS[name]
    return Step(id="planted", text=name, left=left, relation=relation, right=right, domain=domain)


@pytest.mark.parametrize("name", PAIRS)
def test_falsehoods_are_caught(name: str) -> None:
    _, relation, true, false, _ = PAIRS[name]
    strict = false is None
    planted = _step(name, relation.removesuffix("=") if strict else relation, true if strict else false)
    result = evaluate(planted)
    assert result.evidence not in PASSES, result.detail
    expected = Evidence.UNDECIDED if name in HARD else Evidence.CONTRADICTED
    assert result.evidence is expected or isinstance(planted.left, Limit), result.detail


@pytest.mark.parametrize("name", PAIRS)
def test_true_twins_pass(name: str) -> None:
    result = evaluate(_step(name, PAIRS[name][1], PAIRS[name][2]))
    assert result.evidence in PASSES, result.detail


def test_a_domain_that_the_assumptions_exclude_is_refused() -> None:
    """sqrt(t^2) = t is true only because t is assumed positive; a wider domain must not be granted."""
    with pytest.raises(InputError, match="non-negative"):
        Step(id="s", text="", left=as_written(lambda: sqrt(t**2)), relation="=", right=t, domain={t: (-1, 1)})


def test_symbolic_proofs_do_not_outvote_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if SymPy held every falsehood for proved, the sample points would object to the equalities."""
    monkeypatch.setattr("graphon_theory.derivation.evaluation.vanishes", lambda *_: "a defect")
    for name, (left, relation, _, false, _) in PAIRS.items():
        if relation == "=" and not isinstance(left, Limit):
            assert evaluate(_step(name, "=", false)).evidence is Evidence.CONTRADICTED, name
