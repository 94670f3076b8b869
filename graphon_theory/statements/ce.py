"""CE: under cross-entropy SNIP's mask follows a rank-S model whose residuals differ from unit to unit."""

from __future__ import annotations

from sympy import Derivative, Expr, Function, Rational, Subs, Symbol, erfc, exp, log, pi, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.noise import Gaussian
from graphon_theory.notation import tau
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_CLASSES = 3
_f = tuple(Symbol(f"f_{c}", real=True) for c in range(_CLASSES))
_a = tuple(Symbol(f"a_{c}", real=True) for c in range(_CLASSES))
_b = tuple(Symbol(f"b_{c}", real=True) for c in range(_CLASSES))
_w, _x, _z, _e, _m = (Symbol(name, real=True) for name in ("w", "x", "z", "e", "m"))
_h, _scale, _d = Symbol("h", positive=True), Symbol("s", positive=True), Symbol("d", positive=True)
_REAL = (-2, 2)
_BOX = (Rational(1, 10), 3)


def _loss(logits: tuple[Expr, ...]) -> Expr:
    """Cross-entropy of one sample of class 0."""
    return log(sum((exp(f) for f in logits), start=Rational(0))) - logits[0]


def _softmax(logits: tuple[Expr, ...], which: int) -> Expr:
    return exp(logits[which]) / sum((exp(f) for f in logits), start=Rational(0))


def _derivation() -> Derivation:
    sigma = Function("sigma")
    gaussian = Gaussian()
    outputs = tuple(a * sigma(_w * _x) + b for a, b in zip(_a, _b, strict=True))
    slope = Derivative(sigma(_z), _z).subs(_z, _w * _x)
    seen = sum((_a[c] * (_softmax(outputs, c) - (1 if c == 0 else 0)) for c in range(_CLASSES)), start=Rational(0))
    small = tuple(_e * f for f in _f)
    mean = sum(_f, start=Rational(0)) / _CLASSES
    return Derivation(
        id="CE",
        title="SNIP under cross-entropy",
        steps=(
            *(
                Step(
                    id=f"residual-{name}",
                    text=f"The loss's slope in the logit of {text} is softmax less the label: here three classes.",
                    left=Derivative(_loss(_f), _f[c]),
                    relation="=",
                    right=_softmax(_f, c) - (1 if c == 0 else 0),
                    rule="differentiation",
                    domain=dict.fromkeys(_f, _REAL),
                )
                for name, c, text in (("true", 0, "the true class"), ("other", 1, "another class"))
            ),
            Step(
                id="chain-rule",
                text="One unit w feeds logit c by a_c: the slope in w is sum_c a_c (p_c - y_c) sigma'(z) x: "
                "the unit mixes the classes' residuals by its own output weights.",
                left=Derivative(_loss(outputs), _w),
                relation="=",
                right=seen * slope * _x,
                rule="chain rule",
                follows=("residual-true", "residual-other"),
            ),
            Step(
                id="sum-to-zero",
                text="The residuals of a sample sum to 0 over the classes: what all classes share in a drops out.",
                left=sum((_softmax(_f, c) for c in range(_CLASSES)), start=Rational(0)) - 1,
                relation="=",
                right=Rational(0),
                rule="simplification",
                domain=dict.fromkeys(_f, _REAL),
            ),
            Step(
                id="uniform",
                text="With logits 0 softmax is 1/C ...",
                left=Subs(_softmax(small, 0), _e, 0),
                relation="=",
                right=Rational(1, _CLASSES),
                rule="substitution",
            ),
            Step(
                id="correction",
                text="... and its first-order correction is (f_c - mean f)/C: at standard initialisation, logits of "
                "order 1, this is no small part of the residual.",
                left=Subs(Derivative(_softmax(small, 0), _e), _e, 0),
                relation="=",
                right=(_f[0] - mean) / _CLASSES,
                rule="differentiation",
                domain=dict.fromkeys(_f, _REAL),
            ),
            Step(
                id="scale",
                text="Factors shared by the layer move the threshold, not the mask (THR).",
                left=as_written(lambda: gaussian.survival_expr(_scale * tau / (_scale * _h))),
                relation="=",
                right=gaussian.survival_expr(tau / _h),
                rule="scale invariance",
                domain={_scale: _BOX, tau: _BOX, _h: _BOX},
            ),
            Step(
                id="own-share",
                text="For ReLU a weight moves its own h_ij by w times the unit's batch-mean residual, sum_c a_ci (mean "
                "p_c - share of class c), times E[x^2]/sqrt(2 pi d) (m stands for the mean residual).",
                left=_m * Subs(Derivative(erfc(-_w * _x / sqrt(2 * _d)) / 2, _w), _w, 0),
                relation="=",
                right=_m * _x / sqrt(2 * pi * _d),
                rule="differentiation",
                domain={_m: (-1, 1), _x: _REAL, _d: (1, 100)},
            ),
            Step(
                id="small-share",
                text="Where that mean vanishes, or the share fades, the rest of h_ij is independent of w_ij up to "
                "fluctuations, and through the logits a weight moves one of n terms: the masks differ by o(1).",
                source="leave-one-out argument, as for universality: Chatterjee (2006), A generalization of the "
                "Lindeberg principle",
            ),
        ),
    )


CE = Statement(
    id="CE",
    title="SNIP under cross-entropy is a saliency model of rank S with unit-dependent residuals",
    hypotheses=assumed(
        "cross-entropy with C classes, one hidden ReLU layer with C outputs",
        "batch-mean residual of every class 0 (balanced classes and logits without a batch mean), or a weight's own "
        "share fades because inputs are correlated",
        "weights iid symmetric without atoms; no single input carries the preactivation",
    ),
    conclusion=(
        r"$|w_{ij}\,\partial L/\partial w_{ij}| = |w_{ij}|\,|h_{ij}|$ with $h_{ij} = S^{-1} \sum_s \big(\sum_c a_{ci} "
        r"(\operatorname{softmax}_c(f_s) - y_{sc})\big) \sigma'(z_{is}) x_{sj}$, and the mask is as close to "
        r"$Q(\tau/|h_{ij}|)$ in cut norm as a mask sampled from it, as $n, d \to \infty$."
    ),
    uses=("THR", "LIM-a"),
    source="new; extends SNIP-S to several classes",
    derive=_derivation,
)
