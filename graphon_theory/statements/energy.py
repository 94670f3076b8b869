"""ENERGY: the graphon that weighs kept weights by their squares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Derivative, Expr, Integral, Rational, Symbol, erfc, exp, oo, pi, sqrt

from graphon_theory.derivation import Derivation, Step
from graphon_theory.statements.hypothesis import REACHABLE_DENSITY, SYMMETRIC_NOISE, assumed
from graphon_theory.statements.statement import Statement

_s, _t = Symbol("s", positive=True), Symbol("t", positive=True)
_e = Symbol("e", nonnegative=True)
_h, _tau = Symbol("h", positive=True), Symbol("tau", positive=True)
_LEVELS = {_t: (Rational(1, 10), 4)}
_INSIDE = {_t: (Rational(1, 10), Rational(9, 10))}


def _moment(id_: str, text: str, density: Expr, top: Expr, value: Expr, domain: Mapping[Expr, tuple[Any, Any]]) -> Step:
    return Step(
        id=id_,
        text=text,
        left=Integral(_s**2 * density, (_s, _t, top)),
        relation="=",
        right=value,
        rule="integration by parts",
        domain=domain,
    )


def _derivation() -> Derivation:
    gaussian = sqrt(2 / pi) * exp(-(_s**2) / 2)
    energy = erfc(_t / sqrt(2)) + 2 * _t * exp(-(_t**2) / 2) / sqrt(2 * pi)
    return Derivation(
        id="ENERGY",
        title="The energy graphon",
        steps=(
            _moment("gaussian", "Gaussian noise: V = W + 2 t phi(t), with t = tau/|h|.", gaussian, oo, energy, _LEVELS),
            _moment(
                "laplace",
                "Laplace noise: V = (t^2 + 2 t + 2) exp(-t).",
                exp(-_s),
                oo,
                (_t**2 + 2 * _t + 2) * exp(-_t),
                _LEVELS,
            ),
            _moment(
                "uniform",
                "Uniform noise on [-1, 1]: V = (1 - t^3)/3.",
                Rational(1),
                Rational(1),
                (1 - _t**3) / 3,
                _INSIDE,
            ),
            Step(
                id="above",
                text="A kept weight has modulus s = t + e >= t, so s^2 - t^2 >= 0 and V >= t^2 W, for every law.",
                left=(_t + _e) ** 2 - _t**2,
                relation=">=",
                right=Rational(0),
                rule="expansion",
                domain=_LEVELS | {_e: (0, 5)},
            ),
            Step(
                id="above-gaussian",
                text="The same, enclosed for the Gaussian closed form.",
                left=energy,
                relation=">=",
                right=_t**2 * erfc(_t / sqrt(2)),
                rule="enclosure",
                domain=_LEVELS,
            ),
            Step(
                id="below",
                text="V is at most the whole second moment, 1 for unit Gaussian noise.",
                left=energy,
                relation="<=",
                right=Rational(1),
                rule="enclosure",
                domain=_LEVELS,
            ),
            Step(
                id="monotone",
                text="The integrand is positive, so V falls in t and rises with |h|: its slope is -t^2 q(t).",
                left=Derivative(energy, _t),
                relation="=",
                right=-(_t**2) * gaussian.subs(_s, _t),
                rule="differentiation",
                domain=_LEVELS,
            ),
            Step(
                id="magnitude",
                text="Magnitude at rho = 0.1 (t = 1.6448536...): V lies between 0.4385 and 0.4395, against W = 0.1.",
                left=energy,
                relation="<=",
                right=Rational(4395, 10000),
                rule="enclosure",
                domain={_t: (Rational(16448, 10000), Rational(16449, 10000))},
            ),
            Step(
                id="magnitude-below",
                text="Lower end of the same.",
                left=energy,
                relation=">=",
                right=Rational(4385, 10000),
                rule="enclosure",
                domain={_t: (Rational(16448, 10000), Rational(16449, 10000))},
            ),
        ),
    )


ENERGY = Statement(
    id="ENERGY",
    title="Kept weights are not re-drawn weights: the energy graphon",
    hypotheses=(
        SYMMETRIC_NOISE,
        REACHABLE_DENSITY,
        *assumed("kept weights keep their values at initialisation", "xi has a second moment"),
    ),
    conclusion=(
        r"$V = E[\xi^2 1\{|\xi| \ge \tau/|h|\}]$ satisfies $t^2 W \le V \le E\xi^2$ with $t = \tau/|h|$ and is "
        r"non-decreasing in $|h|$; for Gaussian noise $V = W + 2 t \varphi(t)$. Weights drawn anew after pruning have "
        r"$V = W$ instead (in units of the variance)."
    ),
    uses=("THR",),
    source="derived here; the papers take V = W",
    derive=_derivation,
)
