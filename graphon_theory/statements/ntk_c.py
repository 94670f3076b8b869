"""NTK-c: constant graphons of one density in every masked layer multiply the dense ReLU kernel by numbers."""

from __future__ import annotations

from sympy import Derivative, Integral, Limit, Rational, Symbol, erfc, exp, oo, pi, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.kernels.relu import relu_expressions
from graphon_theory.statements.hypothesis import CONSTANT_PROFILE, REACHABLE_DENSITY, SYMMETRIC_NOISE, assumed
from graphon_theory.statements.statement import Statement

_s, _t = Symbol("s", positive=True), Symbol("t", positive=True)
_c, _V, _C = Symbol("c", positive=True), Symbol("V", positive=True), Symbol("C", positive=True)
_L, _l = Symbol("L", positive=True), Symbol("l", positive=True)
_a, _b, _r = Symbol("a", positive=True), Symbol("b", positive=True), Symbol("r", positive=True)
_LEVELS = {_t: (Rational(1, 10), 4)}
_PAIR = {_a: (Rational(1, 2), 2), _b: (Rational(1, 2), 2), _r: (Rational(1, 100), Rational(2, 5))}
_FACTORS = {_V: (Rational(1, 10), 1), _c: (Rational(1, 20), Rational(9, 10))}
_TENTH = {_t: (Rational(16448, 10000), Rational(16449, 10000))}


def _derivation() -> Derivation:
    kept = erfc(_t / sqrt(2))
    energy = kept + 2 * _t * exp(-(_t**2) / 2) / sqrt(2 * pi)
    k1, k0 = relu_expressions(_a, _b, _r)
    scaled1, _ = relu_expressions(_V * _a, _V * _b, _V * _r)
    return Derivation(
        id="NTK-c",
        title="Constant graphons: factors of the dense ReLU kernel",
        steps=(
            Step(
                id="energy",
                text="Magnitude keeps |xi| >= t, so a kept edge transmits V = E[xi^2; |xi| >= t]. Gaussian weights: "
                "V = c + 2 t phi(t), with c = Q(t).",
                left=Derivative(energy, _t),
                relation="=",
                right=-(_t**2) * sqrt(2 / pi) * exp(-(_t**2) / 2),
                rule="fundamental theorem: V falls by t^2 q(t)",
                domain=_LEVELS,
            ),
            Step(
                id="energy-end",
                text="Nothing is kept at t = oo, so that V is that integral from t on, and nothing else.",
                left=Limit(energy, _t, oo),
                relation="=",
                right=Rational(0),
                rule="limit",
            ),
            Step(
                id="energy-uniform",
                text="Uniform weights keep t = 1 - c upwards; in units of their variance 1/3, V = 1 - (1 - c)^3.",
                left=3 * Integral(_s**2, (_s, 1 - _c, 1)),
                relation="=",
                right=1 - (1 - _c) ** 3,
                rule="integration",
                domain={_c: _FACTORS[_c]},
            ),
            Step(
                id="forward",
                text="sigma is positively homogeneous: covariances V times as large make k1 V times as large. So, "
                "layer by layer, all covariances behind l masked layers are V^l times the dense ones.",
                left=scaled1,
                relation="=",
                right=_V * k1,
                rule="homogeneity",
                domain=_PAIR | {_V: _FACTORS[_V]},
            ),
            Step(
                id="slopes",
                text="Slopes see correlations alone: k0 does not change.",
                left=as_written(lambda: relu_expressions(_V * _a, _V * _b, _V * _r)[1]),
                relation="=",
                right=k0,
                rule="homogeneity",
                domain=_PAIR | {_V: _FACTORS[_V]},
            ),
            Step(
                id="induction",
                text="The step of the induction: V k1 at covariances C = V^l times the dense ones is V C k1.",
                left=_V * relu_expressions(_C * _a, _C * _b, _C * _r)[0],
                relation="=",
                right=_V * _C * k1,
                rule="induction",
                domain=_PAIR | {_V: _FACTORS[_V], _C: _FACTORS[_V]},
                follows=("forward",),
            ),
            Step(
                id="hidden",
                text="Masked layer l: trainable edges c, L - l layers behind it transmit V each in the backward pass, "
                "l - 1 before it in the forward pass.",
                left=_c * _V ** (_L - _l) * _V ** (_l - 1),
                relation="=",
                right=_c * _V ** (_L - 1),
                rule="product of powers",
                domain=_FACTORS | {_L: (1, 5), _l: (1, 5)},
                follows=("induction", "slopes"),
            ),
            Step(
                id="redrawn",
                text="Weights drawn anew, and masks that do not look at the weights, have V = c: every layer, the "
                "output layer too, c^L. This is [P25]'s factor.",
                left=(_c * _V ** (_L - 1)).subs(_V, _c),
                relation="=",
                right=_c**_L,
                rule="substitution",
                domain={_c: _FACTORS[_c], _L: (1, 5)},
                follows=("hidden",),
            ),
            Step(
                id="above",
                text="Magnitude's kept weights transmit more than their share: V > c at every level.",
                left=energy,
                relation=">",
                right=kept,
                rule="enclosure",
                domain=_LEVELS,
            ),
            Step(
                id="hidden-tenth",
                text="L = 3, c = 0.1: hidden layers by c V^2, between 0.0191 and 0.0194 ...",
                left=Rational(1, 10) * energy**2,
                relation="<=",
                right=Rational(194, 10000),
                rule="enclosure",
                domain=_TENTH,
            ),
            Step(
                id="hidden-tenth-below",
                text="... against c^3 = 0.001.",
                left=Rational(1, 10) * energy**2,
                relation=">=",
                right=Rational(191, 10000),
                rule="enclosure",
                domain=_TENTH,
            ),
            Step(
                id="output-tenth",
                text="The output layer by V^3, between 0.0840 and 0.0850.",
                left=energy**3,
                relation="<=",
                right=Rational(850, 10000),
                rule="enclosure",
                domain=_TENTH,
            ),
            Step(
                id="output-tenth-below",
                text="Lower end of the same.",
                left=energy**3,
                relation=">=",
                right=Rational(840, 10000),
                rule="enclosure",
                domain=_TENTH,
            ),
            Step(
                id="limit",
                text="As widths and d grow, the sums over neurons and edges tend to their means, layer after layer.",
                source="Jacot et al. (2018), Theorem 1; [P25], Theorem 1; the weights of a row need finite variance",
            ),
        ),
    )


NTK_C = Statement(
    id="NTK-c",
    title="Constant graphons: the dense kernel times c V^(L-1)",
    hypotheses=(
        CONSTANT_PROFILE,
        SYMMETRIC_NOISE,
        REACHABLE_DENSITY,
        *assumed(
            "L masked layers of one density c, ReLU, a dense output layer, no biases",
            "Gaussian weights, or weights of finite variance, drawn layer by layer independently",
            "each layer is cut at its own threshold, by scores that see no data",
        ),
    ),
    conclusion=(
        r"In the limit of wide layers $\Theta = \sum_l \Theta_l + \Theta_{out}$ with $\Theta_l = c V^{L-1} "
        r"\Theta_l^{dense}$ and $\Theta_{out} = V^L \Theta_{out}^{dense}$, $V = E[\xi^2; kept]/E[\xi^2]$. Weights "
        r"drawn anew after pruning, and Random masks, have $V = c$, so that $\Theta = c^L \Theta^{dense}$; Magnitude's "
        r"kept weights have $V = c + 2 t \varphi(t) > c$ (Gaussian) or $1 - (1 - c)^3$ (uniform)."
    ),
    uses=("THR",),
    source="redrawn: [P25]; kept: new",
    derive=_derivation,
)
