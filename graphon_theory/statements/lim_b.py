"""LIM-b: the mask's step graphon, sorted by profile, is close to the population graphon."""

from __future__ import annotations

from sympy import Integral, Rational, Symbol, exp, log, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.statements.hypothesis import MONOTONE, REACHABLE_DENSITY, SYMMETRIC_NOISE, TOP_K, assumed
from graphon_theory.statements.statement import Statement

_n, _d, _j = (Symbol(name, positive=True) for name in ("n", "d", "j"))
_delta = Symbol("delta", positive=True)
_D, _Du, _Dv = (Symbol(name, positive=True) for name in ("D", "D_u", "D_v"))
_x = Symbol("x", nonnegative=True)
_UNIT = (Rational(1, 100), 1)


def _derivation() -> Derivation:
    level = sqrt(log(2 / _delta) / (2 * _n))
    return Derivation(
        id="LIM-b",
        title="Distance to the population graphon",
        steps=(
            Step(
                id="triangle",
                text="||W_M - W||_cut <= ||M - P||_cut + ||W_P - W||_1: LIM-a bounds the first part.",
                source="Janson, Graphons, cut norm and distance (2013), section 4",
            ),
            Step(
                id="wasserstein",
                text="W is monotone in each variable and both axes are sorted by profile: along one axis the L1 "
                "distance is one between quantile functions, hence between distribution functions.",
                source="Vallender (1974), Calculation of the Wasserstein distance between probability "
                "distributions on the line",
            ),
            Step(
                id="area",
                text="The values lie in [0, 1], so that area is at most the Kolmogorov distance D.",
                left=Integral(_D, (_x, 0, 1)),
                relation="=",
                right=_D,
                rule="integration of a constant bound",
                domain={_D: _UNIT},
            ),
            Step(
                id="massart",
                text="The Kolmogorov distance of n uniform types exceeds D with probability at most 2 exp(-2 n D^2).",
                source="Massart (1990), The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality",
            ),
            Step(
                id="level",
                text="That is delta at D_u = sqrt(ln(2/delta)/(2n)).",
                left=as_written(lambda: 2 * exp(-2 * _n * level**2)),
                relation="=",
                right=_delta,
                rule="substitution",
                domain={_n: (1, 100), _delta: (Rational(1, 1000), Rational(1, 2))},
            ),
            Step(
                id="grid",
                text="For inputs on the midpoint grid the distance is 1/(2d): at the j-th point the counts are j/d and "
                "the position is (j - 1/2)/d.",
                left=_j / _d - (_j - Rational(1, 2)) / _d,
                relation="=",
                right=1 / (2 * _d),
                rule="subtraction",
                domain={_j: (1, 50), _d: (50, 100)},
            ),
            Step(
                id="threshold",
                text="At the population's tau the mean of P is within D_u + D_v of rho; going on to tau_T moves all of "
                "P one way, so by exactly that much in L1 (NEST): 2 (D_u + D_v) in all.",
                left=as_written(lambda: (_Du + _Dv) + (_Du + _Dv)),
                relation="=",
                right=2 * (_Du + _Dv),
                rule="addition",
                domain={_Du: _UNIT, _Dv: _UNIT},
            ),
            Step(
                id="failures",
                text="LIM-a, the rows and the columns fail with probability delta each.",
                left=as_written(lambda: _delta + _delta + _delta),
                relation="=",
                right=3 * _delta,
                rule="union bound",
                domain={_delta: _UNIT},
            ),
            Step(
                id="rate",
                text="At fixed d the columns' part stays at sqrt(ln(2/delta)/(2d)) > 0: no convergence in n alone.",
                left=sqrt(log(2 / _delta) / (2 * _d)).subs(_delta, Rational(1, 10)),
                relation=">",
                right=Rational(0),
                rule="positivity",
                domain={_d: (1, 1000)},
            ),
        ),
    )


LIM_B = Statement(
    id="LIM-b",
    title="Cut distance of a mask to the population graphon",
    hypotheses=(
        SYMMETRIC_NOISE,
        REACHABLE_DENSITY,
        TOP_K,
        MONOTONE,
        *assumed("row types iid uniform; column types iid uniform or on the midpoint grid"),
    ),
    conclusion=(
        r"With probability at least $1 - 3\delta$: $\|W_M - W\|_\square \le \text{LIM-a} + 2(D_u + D_v)$ with "
        r"$D_u = \sqrt{\ln(2/\delta)/(2n)}$, $D_v$ likewise or $1/(2d)$ on the grid."
    ),
    uses=("THR", "NEST", "LIM-a"),
    source="[P26] (rate); explicit constants derived here",
    derive=_derivation,
)
