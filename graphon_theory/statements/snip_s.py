"""SNIP-S: at a batch of size S, SNIP's mask follows a saliency model of rank S."""

from __future__ import annotations

from sympy import Derivative, Function, Rational, Subs, Symbol, erfc, exp, pi, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.noise import Gaussian
from graphon_theory.notation import tau
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_w, _x, _b, _a = (Symbol(name, real=True) for name in ("w", "x", "b", "a"))
_y, _m = Symbol("y", real=True), Symbol("m", real=True)
_h, _c, _d = Symbol("h", positive=True), Symbol("c", positive=True), Symbol("d", positive=True)
_z = Symbol("z", real=True)
_REAL = (-2, 2)


def _derivation() -> Derivation:
    sigma = Function("sigma")
    output = _a * sigma(_w * _x + _b)
    slope = Derivative(sigma(_z), _z).subs(_z, _w * _x + _b)
    gaussian = Gaussian()
    return Derivation(
        id="SNIP-S",
        title="SNIP at a finite batch",
        steps=(
            Step(
                id="chain-rule",
                text="One sample's loss (a sigma(w x + b) - y)^2/2, with b the share of the other inputs: its slope in "
                "w is residual times a sigma'(z) x.",
                left=Derivative((output - _y) ** 2 / 2, _w),
                relation="=",
                right=(output - _y) * _a * slope * _x,
                rule="chain rule",
            ),
            Step(
                id="scale",
                text="Factors shared by the layer (1/sqrt(nd), the scale of w) move the threshold, not the mask (THR).",
                left=as_written(lambda: gaussian.survival_expr(_c * tau / (_c * _h))),
                relation="=",
                right=gaussian.survival_expr(tau / _h),
                rule="scale invariance",
                domain={_c: (Rational(1, 10), 3), tau: (Rational(1, 10), 3), _h: (Rational(1, 10), 3)},
            ),
            Step(
                id="own-share",
                text="h_ij depends on w_ij through the preactivation alone. For ReLU, E[sigma'(m + Z)] with Z standard "
                "normal (the other inputs) is P(Z > -m) = erfc(-m/sqrt 2)/2: its slope in m is the normal density.",
                left=Derivative(erfc(-_m / sqrt(2)) / 2, _m),
                relation="=",
                right=exp(-(_m**2) / 2) / sqrt(2 * pi),
                rule="differentiation",
                domain={_m: _REAL},
            ),
            Step(
                id="kappa",
                text="Its slope at w = 0 is x/sqrt(2 pi d): one weight moves h_ij by w times |a| mean(r) "
                "E[x^2]/sqrt(2 pi d), to first order.",
                left=Subs(Derivative(erfc(-_w * _x / sqrt(2 * _d)) / 2, _w), _w, 0),
                relation="=",
                right=_x / sqrt(2 * pi * _d),
                rule="differentiation",
                domain={_x: _REAL, _d: (1, 100)},
            ),
            Step(
                id="centred",
                text="With mean(r) = 0 that term vanishes, and the rest of h_ij is independent of w_ij up to "
                "fluctuations of relative order (S d)^(-1/2); the masks then differ by o(1) in cut norm.",
                source="leave-one-out argument, as for universality: Chatterjee (2006), A generalization of the "
                "Lindeberg principle",
            ),
        ),
    )


SNIP_S = Statement(
    id="SNIP-S",
    title="SNIP at a finite batch is a saliency model of rank S",
    hypotheses=assumed(
        "squared loss, one hidden layer, ReLU",
        "batch-mean residual 0",
        "weights iid symmetric without atoms; no single input carries the preactivation",
    ),
    conclusion=(
        r"$|w_{ij}\,\partial L/\partial w_{ij}| \propto |w_{ij}|\,|h_{ij}|$ with $h_{ij} = a_i S^{-1} \sum_s r_s "
        r"\sigma'(z_{is}) x_{sj}$, and the mask is as close to $Q(\tau/|h_{ij}|)$ in cut norm as a mask sampled "
        r"from it, as $n, d \to \infty$."
    ),
    uses=("THR", "LIM-a"),
    source="extends [P26], which states the rank-one case",
    derive=_derivation,
)
