"""MAG: Magnitude under one global threshold keeps of each layer what the scale of its weights says."""

from __future__ import annotations

from sympy import Derivative, Integral, Limit, Rational, Symbol, exp, oo, pi, sqrt

from graphon_theory.derivation import Derivation, Step
from graphon_theory.noise import Gaussian, Laplace, Uniform
from graphon_theory.notation import rho, tau
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_s, _r, _x = Symbol("sigma", positive=True), Symbol("r", positive=True), Symbol("x", positive=True)
_p, _q = Symbol("p", positive=True), Symbol("q", positive=True)
_a, _b = Symbol("a", positive=True), Symbol("b", positive=True)
_RANGE = (Rational(1, 4), 2)


def _derivation() -> Derivation:
    gaussian, uniform, laplace = Gaussian(), Uniform(), Laplace()
    # Two layers with shares p and 1 - p of the weights, scales sigma and r sigma.
    mean = _p * gaussian.survival_expr(tau / _s) + (1 - _p) * gaussian.survival_expr(tau / (_r * _s))
    level = (1 - rho) / (_p / _s + (1 - _p) / (_r * _s))
    return Derivation(
        id="MAG",
        title="Magnitude under one threshold over layers",
        steps=(
            Step(
                id="scale",
                text="The weights of a layer are sigma xi, so the share of moduli above tau is Q(tau/sigma): here for "
                "Gaussian xi, from the density of |sigma xi|.",
                left=Integral(sqrt(2 / pi) / _s * exp(-(_x**2) / (2 * _s**2)), (_x, tau, oo)),
                relation="=",
                right=gaussian.survival_expr(tau / _s),
                rule="substitution",
                domain={tau: _RANGE, _s: _RANGE},
            ),
            Step(
                id="unique",
                text="The share of all layers together falls strictly in tau, so one tau has density rho.",
                left=Derivative(mean, tau),
                relation="<",
                right=Rational(0),
                rule="sum of falling functions",
                domain={tau: _RANGE, _s: _RANGE, _r: _RANGE, _p: (Rational(1, 8), Rational(7, 8))},
                symbolic=False,
            ),
            Step(
                id="order",
                text="A layer of larger weights keeps a larger share: equal shares need equal scales.",
                left=Derivative(gaussian.survival_expr(tau / _s), _s),
                relation=">",
                right=Rational(0),
                rule="chain rule",
                domain={tau: _RANGE, _s: _RANGE},
            ),
            Step(
                id="order-laplace",
                text="So it is for Laplace weights.",
                left=Derivative(laplace.survival_expr(tau / _s), _s),
                relation=">",
                right=Rational(0),
                rule="chain rule",
                domain={tau: _RANGE, _s: _RANGE},
            ),
            Step(
                id="uniform",
                text="For uniform weights tau is 1 - rho times the harmonic mean of the scales, while no layer "
                "is empty.",
                left=_p * (1 - level / _s) + (1 - _p) * (1 - level / (_r * _s)),
                relation="=",
                right=rho,
                rule="linear equation",
                domain={
                    rho: (Rational(1, 8), Rational(7, 8)),
                    _p: (Rational(1, 8), Rational(7, 8)),
                    _s: _RANGE,
                    _r: _RANGE,
                },
            ),
            Step(
                id="collapse",
                text="At tau = sigma a layer of uniform weights is empty, though the density is positive: with bounds "
                "sigma and (1 + r) sigma the whole keeps the share (1 - p) r/(1 + r).",
                left=_p * uniform.survival_expr(_s / _s) + (1 - _p) * (1 - _s / ((1 + _r) * _s)),
                relation="=",
                right=(1 - _p) * _r / (1 + _r),
                rule="substitution",
                domain={_p: (Rational(1, 8), Rational(7, 8)), _s: _RANGE, _r: _RANGE},
            ),
            Step(
                id="sparse",
                text="For Gaussian weights no layer is empty in the limit, but as rho -> 0 the ratio of the shares of "
                "two layers of scales 1 and 2 tends to 0.",
                left=Limit(gaussian.survival_expr(tau) / gaussian.survival_expr(tau / 2), tau, oo),
                relation="=",
                right=Rational(0),
                rule="limit",
            ),
            Step(
                id="moved-level",
                text="Top-k moves tau until the counts add up to k. With densities a and b of weights at the level, "
                "the count of the first layer takes back the share a/(a + b) of the excess p + q."
                " Its deviation is p - (p + q) a/(a + b).",
                left=_p - _a * (_p + _q) / (_a + _b),
                relation="=",
                right=(_b * _p - _a * _q) / (_a + _b),
                rule="first order in the move of the level",
                domain={_p: _RANGE, _q: _RANGE, _a: _RANGE, _b: _RANGE},
            ),
            Step(
                id="exchangeable",
                text="Weights within a layer are exchangeable, so that given the counts the mask of each layer is a "
                "uniform set, independent of the other layers; the constant profile of LIM-a then gives the limit.",
                source="exchangeability of iid weights",
            ),
        ),
    )


MAG = Statement(
    id="MAG",
    title="Magnitude under one global threshold",
    hypotheses=assumed(
        "the weights of layer l are sigma_l xi with xi iid, one symmetric law without atoms for all layers",
        "one threshold over all layers keeps round(rho N) weights, ties broken at random",
    ),
    conclusion=(
        r"Layer $l$ keeps the share $\rho_l = Q(\tau/\sigma_l)$ with $\sum_l N_l \rho_l = \rho N$: above $\tau$ the "
        r"counts are independent $\mathrm{Bin}(N_l, \rho_l)$, exactly. Given its count each layer's mask is a uniform "
        r"set, with the constant graphon $\rho_l$ as limit."
    ),
    uses=("THR", "LIM-a"),
    source="[P26] for one layer; several layers: elementary",
    derive=_derivation,
)
