"""UAT-n: what an empty column costs, and how probable it is."""

from __future__ import annotations

from sympy import Derivative, Limit, Rational, Subs, Symbol, exp, log, oo, symbols, tanh

from graphon_theory.derivation import Derivation, Step
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_x, _y, _b, _s, _v, _w, _a = symbols("x y b m v w a", real=True)
_c, _g1, _g2 = symbols("c g_1 g_2", real=True)
_alpha, _beta, _p1, _p2, _p = (Symbol(name, positive=True) for name in ("alpha", "beta", "p_1", "p_2", "p"))
_i, _k, _r, _n, _d = (Symbol(name, positive=True) for name in ("i", "k", "r", "n", "d"))
_shift = Symbol("s", real=True)
_LINE = (-2, 2)
_UNIT = (Rational(1, 16), Rational(15, 16))
_MANY = (1, 50)


def _derivation() -> Derivation:
    both = _p1 * _alpha + _p2 * _beta
    return Derivation(
        id="UAT-n",
        title="An empty column",
        steps=(
            Step(
                id="sensitivity",
                text="The output depends on x_j through the kept edges of column j alone: a unit's derivative in x_j "
                "carries the factor m of its edge, and vanishes with it.",
                left=Derivative(_a * tanh(_w * _x + _s * _v * _y + _b), _y),
                relation="=",
                right=_s * _v * _a * (1 - tanh(_w * _x + _s * _v * _y + _b) ** 2),
                rule="chain rule",
                domain={_a: _LINE, _w: _LINE, _x: _LINE, _s: (0, 1), _v: _LINE, _y: _LINE, _b: _LINE},
            ),
            Step(
                id="ignores",
                text="So two inputs that differ in x_j alone have one output, whatever the weights: an empty column "
                "cannot be made up by others, by training or by width.",
                left=Subs(_a * tanh(_w * _x + _s * _v * _y + _b), _s, 0),
                relation="=",
                right=_a * tanh(_w * _x + _b),
                rule="m = 0",
                domain={_a: _LINE, _w: _LINE, _x: _LINE, _b: _LINE},
                follows=("sensitivity",),
            ),
            Step(
                id="floor",
                text="At two points of K on one fibre, where the target is g_1 and g_2 and the network c, the larger "
                "squared error is at least the mean of the two, and that at least ((g_1 - g_2)/2)^2: the sup error is "
                "at least half the oscillation along a fibre.",
                left=((_c - _g1) ** 2 + (_c - _g2) ** 2) / 2,
                relation=">=",
                right=(_g1 - _g2) ** 2 / 4,
                rule="square of 2c - g_1 - g_2",
                domain={_c: _LINE, _g1: _LINE, _g2: _LINE},
                follows=("ignores",),
            ),
            Step(
                id="attained",
                text="Half, not the whole: the constant (g_1 + g_2)/2 has exactly this error at both points.",
                left=((_g1 + _g2) / 2 - _g1) ** 2,
                relation="=",
                right=(_g1 - _g2) ** 2 / 4,
                rule="substitution",
                domain={_g1: _LINE, _g2: _LINE},
            ),
            Step(
                id="one-row",
                text="At a fixed threshold a row of type u misses column j with probability 1 - W(u, v_j); over the "
                "types, 1 - deg(v_j). Here for two types of shares alpha and 1 - alpha = beta.",
                left=_alpha * (1 - _p1) + (1 - _alpha) * (1 - _p2),
                relation="=",
                right=1 - both.subs(_beta, 1 - _alpha),
                rule="total probability",
                domain={_alpha: _UNIT, _p1: _UNIT, _p2: _UNIT},
            ),
            Step(
                id="all-rows",
                text="Given the row types the rows miss it independently: the product of 1 - W(u_i, v_j). With types "
                "drawn as well the mean of the product is the product of means, (1 - deg(v_j))^n; here n = 2.",
                left=(_alpha * (1 - _p1)) ** 2 + 2 * _alpha * (1 - _p1) * _beta * (1 - _p2) + (_beta * (1 - _p2)) ** 2,
                relation="=",
                right=(_alpha * (1 - _p1) + _beta * (1 - _p2)) ** 2,
                rule="independence",
                domain={_alpha: _UNIT, _beta: _UNIT, _p1: _UNIT, _p2: _UNIT},
                follows=("one-row",),
            ),
            Step(
                id="top-k",
                text="Under top-k with a constant graphon all sets of K entries of nd are equally likely, and the "
                "column is empty with probability prod_{i<n} (nd - K - i)/(nd - i). Each factor is at most 1 - K/(nd) "
                "(here nd = K + i + r): top-k makes empty columns rarer than (1 - rho)^n.",
                left=_r / (_k + _r),
                relation="<=",
                right=(_i + _r) / (_k + _i + _r),
                rule="common denominator",
                domain={_i: _MANY, _k: _MANY, _r: _MANY},
            ),
            Step(
                id="at-most",
                text="(1 - deg)^n <= exp(-n deg), as log(1 - p) <= -p ...",
                left=log(1 - _p),
                relation="<=",
                right=-_p,
                rule="concavity of the logarithm",
                domain={_p: (0, Rational(9, 10))},
            ),
            Step(
                id="at-least",
                text="... and (1 - deg)^n >= exp(-n deg/(1 - deg)).",
                left=log(1 - _p),
                relation=">=",
                right=-_p / (1 - _p),
                rule="tangent at p",
                domain={_p: (0, Rational(9, 10))},
            ),
            Step(
                id="phase",
                text="At deg = (log d + s)/n the expected number of empty columns among d tends to exp(-s): columns "
                "are lost while n deg - log d is far below 0, and hardly ever where it is far above.",
                left=_d * Limit((1 - (log(_d) + _shift) / _n) ** _n, _n, oo),
                relation="=",
                right=exp(-_shift),
                rule="limit of (1 - x/n)^n",
                domain={_d: (2, 50), _shift: _LINE},
                follows=("at-most", "at-least"),
            ),
        ),
    )


UAT_N = Statement(
    id="UAT-n",
    title="An empty column cannot be made up for",
    hypotheses=assumed(
        "column j of the mask is empty, for the floor; the weights are any",
        "for the probability: entries are independent given the types, at a fixed threshold",
        "K holds the fibre along x_j on which the target oscillates",
    ),
    conclusion=(
        r"If column $j$ is empty the network ignores $x_j$, and its sup error on $K$ is at least half the oscillation "
        r"of the target along any fibre $\{x \in K : x_i \text{ fixed for } i \ne j\}$. At a fixed threshold "
        r"$P(\text{column } j \text{ empty} \mid v_j) = (1 - \deg(v_j))^n$, given the row types "
        r"$\prod_i (1 - W(u_i, v_j))$; under top-$k$ with a constant graphon it is hypergeometric, and smaller. Among "
        r"$d$ columns of equal degree empty ones vanish as $n \deg - \log d$ passes 0."
    ),
    uses=(),
    source="[P26], necessity; law under top-k: new",
    derive=_derivation,
)
