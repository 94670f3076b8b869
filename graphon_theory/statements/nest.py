"""NEST: masks at two thresholds are nested, so their distance is a difference of counts."""

from __future__ import annotations

from sympy import Abs, Rational, Symbol

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_b, _e = Symbol("b", nonnegative=True), Symbol("e", nonnegative=True)
_N, _K, _n, _d = (Symbol(name, positive=True) for name in ("N", "K", "n", "d"))


def _derivation() -> Derivation:
    return Derivation(
        id="NEST",
        title="Nested masks",
        steps=(
            Step(
                id="nested",
                text="For t < t' an entry kept at t' is kept at t: the indicators are b and b + e with e >= 0, and "
                "their distance is e, without a modulus.",
                left=as_written(lambda: Abs((_b + _e) - _b)),
                relation="=",
                right=_e,
                rule="order of the indicators",
                domain={_b: (0, 1), _e: (0, 1)},
            ),
            Step(
                id="sum",
                text="Summed over the entries, with K + N kept at t and K at t': the L1 distance is N/(nd).",
                left=as_written(lambda: ((_K + _N) - _K) / (_n * _d)),
                relation="=",
                right=_N / (_n * _d),
                rule="summation",
                domain={_K: (1, 50), _N: (1, 50), _n: (1, 50), _d: (1, 50)},
            ),
            Step(
                id="cut",
                text="All differences have one sign, so the cut norm is attained on the whole matrix and equals the "
                "L1 norm: the best sub-rectangle (a share e <= 1 of the sum) does no better.",
                left=_N * (1 - 1 / (1 + _e)),
                relation=">=",
                right=Rational(0),
                rule="positivity",
                domain={_N: (1, 50), _e: (0, 10)},
            ),
        ),
    )


NEST = Statement(
    id="NEST",
    title="Masks at two thresholds are nested",
    hypotheses=assumed("both masks are cut from the same scores"),
    conclusion=r"$\|M_t - M_{t'}\|_1 = \|M_t - M_{t'}\|_\square = |N(t) - N(t')|/(nd)$ exactly.",
    uses=(),
    source="elementary",
    derive=_derivation,
)
