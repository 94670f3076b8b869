"""SNIP-P: SNIP where the batch grows in proportion to the inputs."""

from __future__ import annotations

from sympy import Derivative, Integral, Limit, Rational, Subs, Symbol, asin, erf, exp, oo, pi, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.noise import Gaussian
from graphon_theory.notation import tau
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.snip_u import chain_rule
from graphon_theory.statements.statement import Statement

_z, _c = Symbol("z", real=True), Symbol("c", real=True)
_a, _m, _s, _y, _p, _e = (Symbol(name, positive=True) for name in ("a", "m", "s", "y", "p", "epsilon"))
_S, _E, _R2, _d = (Symbol(name, positive=True) for name in ("S", "E", "R2", "d"))
_POSITIVE = (Rational(1, 4), 3)


def _derivation() -> Derivation:
    normal = exp(-(_z**2) / 2) / sqrt(2 * pi)
    survival = Gaussian().survival_expr
    folded = (exp(-((_y - _m) ** 2) / (2 * _s**2)) + exp(-((_y + _m) ** 2) / (2 * _s**2))) / (_s * sqrt(2 * pi))
    kept = survival(2 * tau / (_a * (_m + _s * _e)))
    return Derivation(
        id="SNIP-P",
        title="SNIP at a batch in proportion to the inputs",
        steps=(
            chain_rule(),
            Step(
                id="mean-slope",
                text="ReLU's slope is 0 or 1; for a centred preactivation with a symmetric law it is 1/2 plus half a "
                "fair sign (here normal). So given types h = a (m + t)/2, m = S^-1 sum r x, t = S^-1 sum r x sign(z).",
                left=Integral(normal, (_z, 0, oo)),
                relation="=",
                right=Rational(1, 2),
                rule="integration",
            ),
            Step(
                id="sign-variance",
                text="With mean 1/2 the slope has variance 1/4, the square of half a sign.",
                left=Subs(_p - _p**2, _p, Rational(1, 2)),
                relation="=",
                right=Rational(1, 4),
                rule="E[slope^2] = E[slope]",
            ),
            Step(
                id="spread",
                text="Were the signs of the samples independent, t would have the variance S^-2 sum r^2 x^2 = E/S = "
                "s^2 with E = E[r^2 x^2]: S terms of E/S^2.",
                left=as_written(lambda: _S * _E / _S**2),
                relation="=",
                right=_E / _S,
                rule="cancellation",
                domain={_S: (1, 100), _E: _POSITIVE},
            ),
            Step(
                id="cross",
                text="Signs of two samples with inputs at cosine c correlate by (2/pi) arcsin c, by Sheppard's formula "
                "2 P(both positive) - 2 P(one positive): here its slope at 0.",
                left=Subs(Derivative(2 * asin(_c) / pi, _c), _c, 0),
                relation="=",
                right=2 / pi,
                rule="differentiation",
            ),
            Step(
                id="cross-sum",
                text="With c about <x, x'>/d the pairs add (2/(pi d)) sum_k (S^-1 sum_s r x_v x_k)^2, less its "
                "diagonal (2/pi) E/S. For independent centred inputs the squares have mean E/S: d of them cancel the "
                "diagonal. (The input k = v adds mean(r)^2 E[x^2]^2/d, of the order of 1/S: hence mean residual 0.)",
                left=as_written(lambda: (2 / (pi * _d)) * _d * _E / _S),
                relation="=",
                right=(2 / pi) * _E / _S,
                rule="cancellation",
                domain={_S: (1, 100), _E: _POSITIVE, _d: (1, 100)},
                follows=("cross", "spread"),
            ),
            Step(
                id="clt",
                text="Over the weights of a neuron t is a sum of S signs with small coefficients: t/s tends to a "
                "standard normal eps, independent over neurons, and uncorrelated over independent inputs.",
                source="Lindeberg's central limit theorem; weak dependence as in Chatterjee (2006)",
                follows=("cross-sum",),
            ),
            Step(
                id="folded",
                text="So W = E_eps Q(2 tau/(|a| |m + s eps|)), the integral of Q(2 tau/(|a| y)) against the density of "
                "y = |m + s eps|: a normal one folded at 0, the slope of P(|m + s eps| <= y).",
                left=Derivative((erf((_y - _m) / (_s * sqrt(2))) + erf((_y + _m) / (_s * sqrt(2)))) / 2, _y),
                relation="=",
                right=folded,
                rule="differentiation",
                domain={_y: _POSITIVE, _m: _POSITIVE, _s: _POSITIVE},
                follows=("clt",),
            ),
            Step(
                id="scale",
                text="A factor common to mean and spread (the half) moves tau alone.",
                left=as_written(lambda: survival(2 * (tau / 2) / (_a * (_m + _s * _e) / 2))),
                relation="=",
                right=kept,
                rule="scale invariance",
                domain={tau: _POSITIVE, _a: _POSITIVE, _m: _POSITIVE, _s: _POSITIVE, _e: _POSITIVE},
            ),
            Step(
                id="rank-one",
                text="As s -> 0 the graphon tends to the rank-one one ...",
                left=Limit(kept, _s, 0),
                relation="=",
                right=survival(2 * tau / (_a * _m)),
                rule="limit",
                domain={tau: _POSITIVE, _a: _POSITIVE, _m: _POSITIVE, _e: _POSITIVE},
            ),
            Step(
                id="second-order",
                text="... of the batch's own m to second order in s: eps and -eps cancel in the first.",
                left=Subs(Derivative(kept + kept.subs(_e, -_e), _s), _s, 0),
                relation="=",
                right=Rational(0),
                rule="differentiation",
                domain={tau: _POSITIVE, _a: _POSITIVE, _m: _POSITIVE, _e: _POSITIVE},
            ),
            Step(
                id="first-order",
                text="Against the population's E[r x], from which m is off by s eta with one normal eta for an input, "
                "W changes by s eta dW/dm: the first order in s. SNIP-1 gives its cut norm.",
                left=Derivative(survival(2 * tau / (_a * _m)), _m),
                relation="=",
                right=Gaussian().density_expr(2 * tau / (_a * _m)) * 2 * tau / (_a * _m**2),
                rule="chain rule",
                domain={tau: _POSITIVE, _a: _POSITIVE, _m: _POSITIVE},
            ),
        ),
    )


SNIP_P = Statement(
    id="SNIP-P",
    title="SNIP at a batch in proportion to the inputs",
    hypotheses=assumed(
        "squared loss, one hidden layer, ReLU",
        "batch-mean residual 0",
        "weights iid symmetric without atoms",
        "independent centred inputs",
        "S/d fixed as n and d grow",
    ),
    conclusion=(
        r"With $m_v = S^{-1} \sum_s r_s x_{sv}$ of the batch, $s_v^2 = E[r^2 x_v^2]/S$ and $\epsilon$ standard normal "
        r"the limit is $W = E_\epsilon Q(2\tau/(|a|\,|m_v + s_v \epsilon|))$: the mask is within $O(n^{-1/2})$ of it "
        r"in cut norm, a bounded multiple of the distance of a mask sampled from it."
    ),
    uses=("THR", "LIM-a"),
    source="new; [P26] states the rank-one graphon, which is its limit as S/d -> infinity",
    derive=_derivation,
)
