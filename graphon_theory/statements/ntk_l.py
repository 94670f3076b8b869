"""NTK-L: the tangent kernel of several masked layers, [P25] Theorem 1 with W and V kept apart."""

from __future__ import annotations

from sympy import Derivative, Rational, Subs, Symbol, erfc, exp, pi, sqrt, tanh

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.kernels.relu import relu_expressions
from graphon_theory.statements.hypothesis import REACHABLE_DENSITY, SYMMETRIC_NOISE, assumed
from graphon_theory.statements.statement import Statement

_t = Symbol("t", positive=True)
_c = Symbol("c", real=True)
_p, _q, _r = Symbol("p", positive=True), Symbol("q", positive=True), Symbol("r", positive=True)
_V, _W = Symbol("V", positive=True), Symbol("W", positive=True)
_A2 = Symbol("A_2", positive=True)
_W1, _W2, _W3, _V2, _V3 = (Symbol(name, positive=True) for name in ("W_1", "W_2", "W_3", "V_2", "V_3"))
_K0, _K1, _K2 = (Symbol(name, positive=True) for name in ("K_0", "K_1", "K_2"))
_k1, _k2, _k3 = (Symbol(name, positive=True) for name in ("k_1", "k_2", "k_3"))
_w, _h, _v, _a = (
    Symbol("w", real=True),
    Symbol("h", positive=True),
    Symbol("v", positive=True),
    Symbol("a", positive=True),
)
_S = Symbol("S", positive=True)
_UNIT = (Rational(1, 10), 1)
_RANGE = (Rational(1, 4), 2)
_LEVELS = {_t: (Rational(1, 10), 4)}
_ALL = dict.fromkeys((_A2, _W1, _W2, _W3, _V2, _V3, _K0, _K1, _K2, _k1, _k2, _k3), _UNIT)


def _derivation() -> Derivation:
    energy = erfc(_t / sqrt(2)) + 2 * _t * exp(-(_t**2) / 2) / sqrt(2 * pi)
    # Two neurons in a chain, without factors n^(-1/2): f = a tanh(v tanh(w h)).
    inner = tanh(_w * _h)
    outer = tanh(_v * inner)
    scaled1, _ = relu_expressions(_V * _p, _V * _q, _V * _r)
    plain1, plain0 = relu_expressions(_p, _q, _r)
    pair = {_p: (Rational(1, 2), 2), _q: (Rational(1, 2), 2), _r: (Rational(1, 100), Rational(2, 5))}
    unrolled = _A2 * _k3 * (_W3 * _K2 + _V3 * _k2 * (_W2 * _K1 + _V2 * _k1 * _W1 * _K0))
    last = _A2 * _k3
    middle = _k2 * _V3 * last
    first = _k1 * _V2 * middle
    return Derivation(
        id="NTK-L",
        title="Graphon NTK of L hidden layers",
        steps=(
            Step(
                id="chain",
                text="A kept weight's derivative is what enters it times the signal behind it, a product of slopes and "
                "later weights: here two neurons in a chain.",
                left=Derivative(_a * outer, _w),
                relation="=",
                right=_a * (1 - outer**2) * _v * (1 - inner**2) * _h,
                rule="chain rule",
                domain={_a: _RANGE, _v: _RANGE, _h: _RANGE, _w: (Rational(-1), Rational(1))},
            ),
            Step(
                id="energy",
                text="An edge transmits the second moment of its kept weight, forwards and backwards: "
                "V = E[xi^2; kept], W + 2 t phi(t) for Gaussian weights.",
                left=Derivative(energy, _t),
                relation="=",
                right=-(_t**2) * sqrt(2 / pi) * exp(-(_t**2) / 2),
                rule="fundamental theorem: V falls by t^2 q(t), to 0",
                domain=_LEVELS,
            ),
            Step(
                id="forward",
                text="Given the layer before, a row's preactivation sums independent terms of mean 0: its covariance "
                "is the mean of V times sigma sigma', and it tends to a Gaussian.",
                source="Lindeberg, layer by layer; Jacot et al. (2018), Theorem 1",
            ),
            Step(
                id="backward",
                text="Forward and backward pass may be taken as independent.",
                source="[P25], Theorem 1; Yang (2020), Tensor Programs II: gradient independence",
                assumptions=("weights drawn anew, or kept under a mask that sees no data",),
            ),
            Step(
                id="sum",
                text="The theorem's sum over layers of W_l G_l Sig_(l-1), with G_l = k0 V_(l+1) G_(l+1) backwards, is "
                "the kernel built forwards, T_(l+1) = W_(l+1) K_l + V_(l+1) k0 T_l: here for L = 3 and one type a "
                "layer.",
                left=_W3 * last * _K2 + _W2 * middle * _K1 + _W1 * first * _K0,
                relation="=",
                right=unrolled,
                rule="rearrangement",
                domain=_ALL,
            ),
            Step(
                id="homogeneous",
                text="ReLU: V enters covariances of later layers as a factor ...",
                left=scaled1,
                relation="=",
                right=_V * plain1,
                rule="homogeneity",
                domain=pair | {_V: _UNIT},
            ),
            Step(
                id="slopes",
                text="... and slopes not at all.",
                left=as_written(lambda: relu_expressions(_V * _p, _V * _q, _V * _r)[1]),
                relation="=",
                right=plain0,
                rule="homogeneity",
                domain=pair | {_V: _UNIT},
            ),
            Step(
                id="constant",
                text="With one type a layer the middle layer's part is W V V times the dense one: NTK-c's c V^(L-1) at "
                "L = 3.",
                left=Subs(_W2 * middle * _V * _K1, (_W2, _V3), (_W, _V)),
                relation="=",
                right=_W * _V**2 * (_A2 * _k3 * _k2 * _K1),
                rule="substitution",
                domain=_ALL | {_V: _UNIT, _W: _UNIT},
                follows=("sum", "homogeneous", "slopes"),
            ),
            Step(
                id="price",
                text="k0 is the derivative of k1 in the covariance, here for ReLU.",
                left=Derivative(relu_expressions(Rational(1), Rational(1), _c)[0], _c),
                relation="=",
                right=relu_expressions(Rational(1), Rational(1), _c)[1],
                rule="differentiation",
                domain={_c: (Rational(-9, 10), Rational(9, 10))},
            ),
            Step(
                id="aligned",
                text="A mask that saw data keeps the weights with |xi| |h| large, h the mean over the batch of signal "
                "times activation. Given the preactivation z on S samples a weight's mean is a projection: for one "
                "sample, z h/|h|^2 ...",
                left=Subs(Derivative((_p - _w * _h) ** 2 / _S, _w), _w, _p / _h),
                relation="=",
                right=Rational(0),
                rule="least squares",
                domain={_p: _RANGE, _h: _RANGE, _S: (1, 64)},
            ),
            Step(
                id="covers",
                text="... and a mean mu leaves V mu in what is kept, more than W mu: kept weights carry the batch on, "
                "and mask, activations and signals stay dependent in every later layer. The recursion without that "
                "dependence is not claimed for them.",
                left=energy,
                relation=">",
                right=erfc(_t / sqrt(2)),
                rule="enclosure",
                domain=_LEVELS,
            ),
        ),
    )


NTK_L = Statement(
    id="NTK-L",
    title="Graphon NTK of L hidden layers",
    hypotheses=(
        SYMMETRIC_NOISE,
        REACHABLE_DENSITY,
        *assumed(
            "L masked layers, a dense output layer, no biases, widths and d growing together",
            "given the types the masks follow saliency models; W_l and V_l are their graphons",
            "Gaussian weights, or weights of finite variance, drawn layer by layer independently",
            "weights drawn anew after pruning; or kept, and the masks see no data",
        ),
    ),
    conclusion=(
        r"With $\tilde\Sigma_1(u) = \Lambda^{V_1}_u$, $\Sigma_l = k_1(\tilde\Sigma_l)$, $\tilde\Sigma_{l+1}(u) = \int "
        r"V_{l+1}(u,u')\,\Sigma_l(u')\,du'$, $G_L(u) = E[a^2|u]\,k_0(\tilde\Sigma_L(u))$ and $G_l(u') = "
        r"k_0(\tilde\Sigma_l(u')) \int V_{l+1}(u,u')\,G_{l+1}(u)\,du$ the kernel tends to $\Theta = \sum_l \iint "
        r"W_l(u,u')\,G_l(u)\,\Sigma_{l-1}(u')\,du\,du' + \int \Sigma_L$, part by part. Weights drawn anew have $V = W$ "
        r"(in units of the variance), kept ones $V = E[\xi^2; kept]$. It does not hold for kept weights under masks "
        r"that saw data."
    ),
    uses=("THR",),
    source="V = W: [P25], Theorem 1; V and the failure for kept weights under data-driven masks: new",
    derive=_derivation,
)
