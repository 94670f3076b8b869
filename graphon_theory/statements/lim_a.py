"""LIM-a: at finite width, types known, the mask is close to its prediction in cut norm."""

from __future__ import annotations

from sympy import Abs, Max, Min, Rational, Symbol, exp, floor, log, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.statements.hypothesis import REACHABLE_DENSITY, SYMMETRIC_NOISE, TOP_K, assumed
from graphon_theory.statements.statement import Statement

_n, _d = Symbol("n", positive=True), Symbol("d", positive=True)
_delta = Symbol("delta", positive=True)
_L, _v, _V = Symbol("L", positive=True), Symbol("v", positive=True), Symbol("V", positive=True)
_a, _b = Symbol("N", positive=True), Symbol("k", positive=True)
_s, _theta = Symbol("s", nonnegative=True), Symbol("theta", nonnegative=True)
_A, _B = Symbol("A", positive=True), Symbol("B", positive=True)
_x = Symbol("x", positive=True)

_SIZES = {_n: (2, 60), _d: (2, 60)}
_RISK = {_delta: (Rational(1, 1000), Rational(1, 2))}


def _derivation() -> Derivation:
    rectangles = (_n + _d) * log(2) + log(4 / _delta)
    level = _L / 3 + sqrt(_L**2 / 9 + 2 * _v * _L)
    share = _v / _V
    return Derivation(
        id="LIM-a",
        title="Distance of a mask to its prediction at finite width",
        steps=(
            Step(
                id="nested",
                text="Masks of N and of k largest scores are nested, so they differ in exactly |N - k| entries (NEST).",
                left=Max(_a, _b) - Min(_a, _b),
                relation="=",
                right=Abs(_a - _b),
                rule="size of a difference of nested sets",
                domain={_a: (1, 100), _b: (1, 100)},
            ),
            Step(
                id="rounding",
                text="k = round(rho n d) is within 1/2 of rho n d.",
                left=Abs(floor(_x + Rational(1, 2)) - _x),
                relation="<=",
                right=Rational(1, 2),
                rule="rounding",
                domain={_x: (1, 100)},
            ),
            Step(
                id="triangle",
                text="The cut norm is a seminorm and at most the L1 norm, so the distance of the top-k mask is at "
                "most that of the fixed-threshold mask, plus |N - k|/(nd).",
                source="Janson, Graphons, cut norm and distance (2013), section 4",
            ),
            Step(
                id="hoeffding",
                text="Given the types, entries above a fixed threshold are independent: a sum of nd of them, over "
                "any fixed rectangle, leaves its mean by x nd with probability at most 2 exp(-2 nd x^2).",
                source="Hoeffding (1963), Theorem 2",
            ),
            Step(
                id="union",
                text="Over the 2^(n+d) rectangles, at x = sqrt(L/(2nd)) with L = (n+d) ln 2 + ln(4/delta), this is "
                "delta/2.",
                left=2 * 2 ** (_n + _d) * exp(-2 * _n * _d * sqrt(rectangles / (2 * _n * _d)) ** 2),
                relation="=",
                right=_delta / 2,
                rule="substitution",
                assumptions=("0 < delta < 1",),
                domain=_SIZES | _RISK,
            ),
            Step(
                id="count",
                text="The number of entries above the threshold leaves its mean by sqrt(ln(4/delta)/(2nd)) nd with "
                "probability at most delta/2.",
                left=as_written(lambda: 2 * exp(-2 * _n * _d * sqrt(log(4 / _delta) / (2 * _n * _d)) ** 2)),
                relation="=",
                right=_delta / 2,
                rule="substitution",
                domain=_SIZES | _RISK,
            ),
            Step(
                id="bernstein",
                text="A sum of independent centred terms of modulus at most 1 and variance v exceeds x with "
                "probability at most exp(-x^2 / (2 (v + x/3))).",
                source="Boucheron, Lugosi, Massart, Concentration Inequalities (2013), Corollary 2.11",
            ),
            Step(
                id="inversion",
                text="That is exp(-L) at x(v, L) = L/3 + sqrt(L^2/9 + 2 v L).",
                left=level**2 / (2 * (_v + level / 3)),
                relation="=",
                right=_L,
                rule="solution of a quadratic",
                domain={_v: (Rational(1, 10), 50), _L: (Rational(1, 10), 50)},
            ),
            Step(
                id="centred-variance",
                text="Subtracting the share c = v/V of the total from a block sum leaves the variance v (1 - v/V).",
                left=(1 - share) ** 2 * _v + share**2 * (_V - _v),
                relation="=",
                right=_v * (1 - _v / _V),
                rule="expansion",
                domain={_v: (1, 10), _V: (11, 50)},
            ),
            Step(
                id="quarter",
                text="That is at most V/4, whatever the block.",
                left=_v * (1 - _v / _V),
                relation="<=",
                right=_V / 4,
                rule="completing the square",
                domain={_v: (1, 10), _V: (11, 50)},
            ),
            Step(
                id="remainder",
                text="Nestedness removes a share theta of N - k from the block; what the centring leaves, "
                "|c - theta| |N - k|, is at most |N - k|. Upper half, with c = 1 - s:",
                left=(1 - _s) - _theta,
                relation="<=",
                right=Rational(1),
                rule="c <= 1 and theta >= 0",
                domain={_s: (0, 1), _theta: (0, 1)},
            ),
            Step(
                id="remainder-lower",
                text="Lower half, with theta = 1 - s and c >= 0 (written theta here).",
                left=_theta - (1 - _s),
                relation=">=",
                right=Rational(-1),
                rule="theta <= 1 and c >= 0",
                domain={_s: (0, 1), _theta: (0, 1)},
            ),
            Step(
                id="sizes",
                text="With A = C(n,a) and B = C(d,b) blocks of size a x b and L_ab = ln A + ln B + ln(4nd/delta), each "
                "of the nd sizes costs delta/(2nd), together delta/2.",
                left=as_written(lambda: 2 * _A * _B * exp(-(log(_A) + log(_B) + log(4 * _n * _d / _delta)))),
                relation="=",
                right=_delta / (2 * _n * _d),
                rule="substitution",
                domain=_SIZES | _RISK | {_A: (1, 1000), _B: (1, 1000)},
            ),
        ),
    )


LIM_A = Statement(
    id="LIM-a",
    title="Cut distance of a mask to its prediction at finite width",
    hypotheses=(SYMMETRIC_NOISE, REACHABLE_DENSITY, TOP_K, *assumed("the types are known")),
    conclusion=(
        r"With $P_{ij} = Q(\tau_T/|h(U_i,V_j)|)$, with probability at least $1 - \delta$: $\|M - P\|_\square$ is at "
        r"most $\big[\max_{ab} x(v^c_{ab}, L_{ab}) + x(V, \ln(4/\delta)) + 1/2\big]/(nd)$, with "
        r"$x(v, L) = L/3 + \sqrt{L^2/9 + 2 v L}$."
    ),
    uses=("THR",),
    source="[P26] (rate); explicit constants derived here",
    derive=_derivation,
)
