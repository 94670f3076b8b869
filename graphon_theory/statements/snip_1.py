"""SNIP-1: when the batch is large against the inputs, SNIP's mask follows a rank-one model."""

from __future__ import annotations

from sympy import Integral, Rational, Subs, Symbol, exp, oo, pi, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_z = Symbol("z", real=True)
_r2, _e, _S, _d = (Symbol(name, positive=True) for name in ("m2", "E", "S", "d"))
_p = Symbol("p", positive=True)
_R2 = Symbol("R2", positive=True)


def _derivation() -> Derivation:
    normal = exp(-(_z**2) / 2) / sqrt(2 * pi)
    return Derivation(
        id="SNIP-1",
        title="SNIP at a large batch",
        steps=(
            Step(
                id="mean-slope",
                text="For ReLU and a centred Gaussian preactivation E[sigma'(z)] = 1/2, for every neuron.",
                left=Integral(normal, (_z, 0, oo)),
                relation="=",
                right=Rational(1, 2),
                rule="integration",
            ),
            Step(
                id="slope-variance",
                text="The slope, 0 or 1 with mean p, has variance p - p^2 = 1/4 - (p - 1/2)^2: 1/4 at p = 1/2.",
                left=_p - _p**2,
                relation="=",
                right=Rational(1, 4) - (_p - Rational(1, 2)) ** 2,
                rule="E[s^2] = E[s]",
                domain={_p: (0, 1)},
            ),
            Step(
                id="split",
                text="So h_ij/a_i has mean E[r x_j]/2 over the slopes, and a fluctuation of variance "
                "E[r^2 x_j^2]/(4 S): with m^2 = E[r x_j]^2 and E = E[r^2 x_j^2] the ratio of squared mean to variance "
                "is S m^2/E.",
                left=as_written(lambda: (_r2 / 4) / (_e / (4 * _S))),
                relation="=",
                right=_S * _r2 / _e,
                rule="cancellation",
                domain={_r2: (Rational(1, 10), 3), _e: (Rational(1, 10), 3), _S: (1, 100)},
            ),
            Step(
                id="lambda",
                text="A linear signal of explained share R^2 spread over d inputs of variance 1 has m^2 = R^2/d on "
                "average, at E = 1: the ratio is lambda = S R^2/d.",
                left=Subs(_S * _r2 / _e, (_r2, _e), (_R2 / _d, 1)),
                relation="=",
                right=_S * _R2 / _d,
                rule="substitution",
                domain={_S: (1, 100), _R2: (Rational(1, 10), 1), _d: (1, 100)},
            ),
            Step(
                id="limit",
                text="As lambda grows the fluctuation is lost against the mean, h_ij tends to a_i E[r x_j]/2 in "
                "probability, and W, continuous and bounded, follows.",
                source="continuous mapping and dominated convergence",
            ),
        ),
    )


SNIP_1 = Statement(
    id="SNIP-1",
    title="SNIP at a large batch is rank one",
    hypotheses=assumed(
        "those of SNIP-S",
        "centred inputs",
        "lambda = S R^2/d -> infinity (R^2: linearly explained share of the label)",
    ),
    conclusion=(
        r"$W$ is the graphon of $g = |a|$ and $f(v) = |E[r x_v]|$: the cut distance of the mask to it vanishes as "
        r"$\lambda \to \infty$. At a fixed batch it does not."
    ),
    uses=("THR", "LIM-a", "SNIP-S"),
    source="[P26], with the regime in which it holds",
    derive=_derivation,
)
