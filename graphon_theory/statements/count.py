"""COUNT: homomorphism densities are Lipschitz in the cut norm."""

from __future__ import annotations

from sympy import Max, Rational, Sum, Symbol, symbols

from graphon_theory.derivation import Derivation, Step
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_x, _y = symbols("x1:5", real=True), symbols("y1:5", real=True)
_a, _c = Symbol("a", nonnegative=True), Symbol("c", real=True)
_D, _i = Symbol("D", positive=True), Symbol("i", integer=True)
_e = Symbol("e", integer=True, positive=True)
_REAL = (-1, 1)


def _derivation() -> Derivation:
    x1, x2, x3, x4 = _x
    y1, y2, y3, y4 = _y
    box = dict.fromkeys((*_x, *_y), _REAL)
    return Derivation(
        id="COUNT",
        title="Counting lemma for bipartite graphs",
        steps=(
            Step(
                id="telescope-two",
                text="A product over the edges changes one edge at a time; two edges:",
                left=x1 * x2 - y1 * y2,
                relation="=",
                right=(x1 - y1) * x2 + y1 * (x2 - y2),
                rule="telescoping sum",
                domain=dict.fromkeys((x1, x2, y1, y2), _REAL),
            ),
            Step(
                id="telescope-four",
                text="Four edges (C_4); one more edge adds one more term in the same way.",
                left=x1 * x2 * x3 * x4 - y1 * y2 * y3 * y4,
                relation="=",
                right=(x1 - y1) * x2 * x3 * x4
                + y1 * (x2 - y2) * x3 * x4
                + y1 * y2 * (x3 - y3) * x4
                + y1 * y2 * y3 * (x4 - y4),
                rule="telescoping sum",
                domain=box,
            ),
            Step(
                id="factors",
                text="In the term of edge (i, j), the other positions fixed, F being simple no other factor holds both "
                "u_i and v_j: the factors multiply to a(u_i) b(v_j) with values in [0, 1].",
                source="Lovasz, Large Networks and Graph Limits (2012), counting lemma",
            ),
            Step(
                id="extreme",
                text="The integral of a (W - W') b is linear in a and in b, so it is largest at values 0 and 1, that "
                "is on a rectangle: at most the cut norm. For one value: a c <= max(c, 0) for a in [0, 1].",
                left=_a * _c,
                relation="<=",
                right=Max(_c, 0),
                rule="a linear function on an interval is largest at an end",
                domain={_a: (0, 1), _c: (-2, 2)},
            ),
            Step(
                id="sum",
                text="There are e(F) terms.",
                left=Sum(_D, (_i, 1, _e)),
                relation="=",
                right=_e * _D,
                rule="summation",
                domain={_e: (1, 10), _D: (Rational(1, 10), 1)},
            ),
        ),
    )


COUNT = Statement(
    id="COUNT",
    title="Homomorphism densities are Lipschitz in the cut norm",
    hypotheses=assumed("F bipartite and simple, with e(F) edges"),
    conclusion=r"$|t(F, W_M) - t(F, W)| \le e(F)\,\|W_M - W\|_\square$.",
    uses=(),
    source="Lovasz (2012), for bipartite graphons",
    derive=_derivation,
)
