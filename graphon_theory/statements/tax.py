"""TAX: which masks are homogeneous, and how degrees follow the profile."""

from __future__ import annotations

from sympy import Derivative, Expr, Integral, Limit, Rational, Symbol, exp, log, oo

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.noise import Gaussian, Laplace
from graphon_theory.notation import tau
from graphon_theory.statements.hypothesis import REACHABLE_DENSITY, SYMMETRIC_NOISE, assumed
from graphon_theory.statements.statement import Statement

_h, _f, _g = Symbol("h", positive=True), Symbol("f", positive=True), Symbol("g", positive=True)
_POSITIVE = (Rational(1, 4), 3)


def _pareto_degree(t: Expr) -> Expr:
    return 3 * (2 - (t**2 + 2 * t + 2) * exp(-t)) / t**3


def _derivation() -> Derivation:
    gaussian, laplace = Gaussian(), Laplace()
    increasing = [
        Step(
            id=f"increasing-{law.name}",
            text=f"For the {law.name} law the kept probability rises strictly with the profile: W is constant only "
            "where |h| is.",
            left=Derivative(law.survival_expr(tau / _h), _h),
            relation=">",
            right=Rational(0),
            rule="chain rule and positivity of the density",
            domain={tau: _POSITIVE, _h: _POSITIVE},
        )
        for law in (gaussian, laplace)
    ]
    return Derivation(
        id="TAX",
        title="Homogeneous and heterogeneous criteria",
        steps=(
            *increasing,
            Step(
                id="inverse",
                text="Conversely W determines |h|: for Laplace noise tau/h = -log W.",
                left=as_written(lambda: -log(laplace.survival_expr(tau / _h))),
                relation="=",
                right=tau / _h,
                rule="inverse function",
                domain={tau: _POSITIVE, _h: _POSITIVE},
            ),
            Step(
                id="degree",
                text="For h = g f the integrand of deg(v) = integral of Q(tau/(g(u) f(v))) du rises with f(v).",
                left=Derivative(gaussian.survival_expr(tau / (_g * _f)), _f),
                relation=">",
                right=Rational(0),
                rule="chain rule",
                domain={tau: _POSITIVE, _g: _POSITIVE, _f: _POSITIVE},
            ),
            Step(
                id="integral",
                text="Integration over u keeps the order, so deg(v) is non-decreasing in f(v).",
                source="monotonicity of the Lebesgue integral",
            ),
            Step(
                id="dense",
                text="As rho -> 1 (tau -> 0) ratios of degrees tend to 1.",
                left=Limit(gaussian.survival_expr(tau / _f) / gaussian.survival_expr(tau / (2 * _f)), tau, 0),
                relation="=",
                right=Rational(1),
                rule="limit",
            ),
            Step(
                id="sparse",
                text="As rho -> 0 (tau -> oo) with Gaussian noise and g = 1 the ratio of the degrees of f and 2 f "
                "tends to 0. A light tail of g is needed:",
                left=Limit(gaussian.survival_expr(tau) / gaussian.survival_expr(tau / 2), tau, oo),
                relation="=",
                right=Rational(0),
                rule="limit",
            ),
            Step(
                id="pareto",
                text="with a Pareto(3) law of g, density 3 g^-4 on [1, oo), and Laplace noise the degree at f is this, "
                "in t = tau/f ...",
                left=Integral(3 * _g**-4 * laplace.survival_expr(tau / _g), (_g, 1, oo)),
                relation="=",
                right=_pareto_degree(tau),
                rule="substitution s = t/g",
                domain={tau: _POSITIVE},
            ),
            Step(
                id="pareto-limit",
                text="... and the ratio of the degrees of f and 2 f tends to 2^-3 = 1/8, not to 0.",
                left=Limit(_pareto_degree(tau) / _pareto_degree(tau / 2), tau, oo),
                relation="=",
                right=Rational(1, 8),
                rule="limit",
            ),
        ),
    )


TAX = Statement(
    id="TAX",
    title="Homogeneous and heterogeneous criteria",
    hypotheses=(
        SYMMETRIC_NOISE,
        REACHABLE_DENSITY,
        *assumed("rank one", "Q is injective at level rho"),
    ),
    conclusion=(
        r"$W$ is a.e. constant iff $|h|$ is; $\deg(v) = \int W(u,v)\,du$ is non-decreasing in $f(v)$. Random and "
        r"Magnitude are homogeneous; SNIP is heterogeneous on both axes."
    ),
    uses=("THR",),
    source="[P26] (taxonomy), with exact hypotheses",
    derive=_derivation,
)
