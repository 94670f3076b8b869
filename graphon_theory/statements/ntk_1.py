"""NTK-1: the tangent kernel of one masked hidden layer, by the graphon W of edges and the graphon V of energies."""

from __future__ import annotations

from sympy import Derivative, Rational, Subs, Symbol, asin, erf, erfc, exp, pi, sqrt, tanh

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.kernels.relu import relu_expressions
from graphon_theory.noise import Gaussian
from graphon_theory.notation import tau
from graphon_theory.statements.hypothesis import REACHABLE_DENSITY, SYMMETRIC_NOISE, assumed
from graphon_theory.statements.statement import Statement

_s, _t = Symbol("s", positive=True), Symbol("t", positive=True)
_w, _x, _n, _d = (
    Symbol("w", real=True),
    Symbol("x", positive=True),
    Symbol("n", positive=True),
    Symbol("d", positive=True),
)
_a, _rest, _mu = Symbol("a", positive=True), Symbol("m", positive=True), Symbol("mu", real=True)
_c = Symbol("c", real=True)
_RANGE = (Rational(1, 4), 2)
_LEVELS = {_t: (Rational(1, 10), 4)}
_OPEN = {_c: (Rational(-9, 10), Rational(9, 10))}


def _derivation() -> Derivation:
    k1, k0 = relu_expressions(Rational(1), Rational(1), _c)
    energy = erfc(_t / sqrt(2)) + 2 * _t * exp(-(_t**2) / 2) / sqrt(2 * pi)
    inside = (_w * _x + _rest) / sqrt(_d)
    # E[(xi + mu) 1{|xi + mu| >= t}] = integral over s >= t of s (phi(s - mu) - phi(s + mu))
    folded = _s * (exp(-((_s - _mu) ** 2) / 2) - exp(-((_s + _mu) ** 2) / 2)) / sqrt(2 * pi)
    return Derivation(
        id="NTK-1",
        title="Graphon NTK of one hidden layer",
        steps=(
            Step(
                id="gradient",
                text="Chain rule: a kept weight has the derivative n^(-1/2) d^(-1/2) a sigma'(z) x; here for tanh. The "
                "kernel of the hidden weights is the sum of products over kept edges.",
                left=Derivative(_a * tanh(inside) / sqrt(_n), _w),
                relation="=",
                right=_a * (1 - tanh(inside) ** 2) * _x / sqrt(_n * _d),
                rule="chain rule",
                domain={
                    _a: _RANGE,
                    _x: _RANGE,
                    _rest: _RANGE,
                    _w: (Rational(-1), Rational(1)),
                    _n: (1, 64),
                    _d: (1, 64),
                },
            ),
            Step(
                id="covariance",
                text="z_i sums kept weights times inputs: given the types its covariance is the mean of V x x', with "
                "V = E[xi^2; kept]; Gaussian weights: V = W + 2 t phi(t), t = tau/|h|.",
                left=Derivative(energy, _t),
                relation="=",
                right=-(_t**2) * sqrt(2 / pi) * exp(-(_t**2) / 2),
                rule="fundamental theorem: V falls by t^2 q(t), to 0",
                domain=_LEVELS,
            ),
            Step(
                id="gaussian",
                text="A row's kept weights are independent given the types, of finite variance, and of order d many: "
                "z_i tends to a Gaussian. Rows are independent, so means over them tend to expectations.",
                source="Lindeberg; Jacot et al. (2018), Theorem 1",
            ),
            Step(
                id="edges",
                text="Trainable edges count once each, whatever they transmit: W, not V, weighs them; V exceeds W.",
                left=energy,
                relation=">",
                right=erfc(_t / sqrt(2)),
                rule="enclosure",
                domain=_LEVELS,
            ),
            Step(
                id="slopes",
                text="k0 is the derivative of k1 in the covariance (Price), here for ReLU.",
                left=Derivative(k1, _c),
                relation="=",
                right=k0,
                rule="differentiation",
                domain=_OPEN,
            ),
            Step(
                id="half",
                text="Equal inputs fire on half of the neurons: k0 = 1/2 ...",
                left=Subs(k0, _c, 1),
                relation="=",
                right=Rational(1, 2),
                rule="value",
            ),
            Step(
                id="half-variance",
                text="... and transmit half the variance: k1 = V/2 (for every symmetric law).",
                left=as_written(lambda: relu_expressions(_a, _a, _a)[0]),
                relation="=",
                right=_a / 2,
                rule="value",
                domain={_a: _RANGE},
            ),
            Step(
                id="series",
                text="k0 = 1/4 + arcsin(c)/(2 pi): a mean over positive and negative correlations is not k0 of the "
                "mean correlation, so that the covariance is formed at each u before the mean over u.",
                left=k0,
                relation="=",
                right=Rational(1, 4) + asin(_c) / (2 * pi),
                rule="arccos + arcsin = pi/2",
                domain=_OPEN,
            ),
            Step(
                id="readout",
                text="SynFlow and SNIP keep more edges where |a| is large: Q(tau/|a|) rises with |a|. So E[a^2|u] and "
                "W are positively associated, and E[a^2] does not factor out.",
                left=Derivative(Gaussian().survival_expr(tau / _a), _a),
                relation=">",
                right=Rational(0),
                rule="chain rule",
                domain={tau: _RANGE, _a: _RANGE},
            ),
            Step(
                id="memory",
                text="On the pruning batch a kept weight remembers: given the preactivations there, its mean is some "
                "mu, and the mean of what is kept of it is V mu to first order.",
                left=Subs(Derivative(folded, _mu), _mu, 0),
                relation="=",
                right=_s**2 * sqrt(2 / pi) * exp(-(_s**2) / 2),
                rule="derivative under the integral over s from t on, at mu = 0: the integrand of V",
                domain={_s: _RANGE},
                follows=("covariance",),
            ),
            Step(
                id="odd",
                text="Without such a mean the kept part of a symmetric weight has mean 0: no drift on a new batch with "
                "centred inputs.",
                left=Subs(folded, _mu, 0),
                relation="=",
                right=Rational(0),
                rule="symmetry",
                domain={_s: _RANGE},
            ),
            Step(
                id="linear",
                text="K_2 = k1 is linear in V on the diagonal (half-variance), so that exchanging V and W there errs "
                "by the factor V/W: at t = 1.6449 more than 4.",
                left=energy / erfc(_t / sqrt(2)),
                relation=">=",
                right=Rational(4),
                rule="enclosure",
                domain={_t: (Rational(16448, 10000), Rational(16449, 10000))},
            ),
            Step(
                id="mean-slope",
                text="Where z has a mean m > 0, of unit variance, equal inputs fire on Phi(m) > 1/2 of the neurons: "
                "k0 of a centred Gaussian is too small.",
                left=(1 + erf(_rest / sqrt(2))) / 2,
                relation=">",
                right=Rational(1, 2),
                rule="enclosure",
                domain={_rest: _RANGE},
            ),
        ),
    )


NTK_1 = Statement(
    id="NTK-1",
    title="Graphon NTK of one hidden layer",
    hypotheses=(
        SYMMETRIC_NOISE,
        REACHABLE_DENSITY,
        *assumed(
            "one masked hidden layer, a dense output layer, no biases",
            "the mask follows a saliency model with types u, v; W and V are its graphons",
            "Gaussian weights, or weights of finite variance and d large",
            "weights drawn anew; or kept, and the mask sees no data, or it saw a large batch of centred inputs",
            "the kernel is read at other inputs than those that pruned",
        ),
    ),
    conclusion=(
        r"With $\Lambda^G_u(x,x') = \int G(u,v)\,x(v)\,x'(v)\,dv$ the kernel tends to $K_1 + K_2$, "
        r"$K_1 = \int E[a^2|u]\,k_0(\Lambda^V_u)\,\Lambda^W_u\,du$ (hidden weights) and $K_2 = \int "
        r"k_1(\Lambda^V_u)\,du$ (output weights), $k_0 = E[\sigma'\sigma']$ and $k_1 = E[\sigma\sigma]$ under the "
        r"Gaussian of covariance $\Lambda^V_u$. Kept weights have $V = E[\xi^2; kept]$, weights drawn anew $V = W$ (in "
        r"units of the variance)."
    ),
    uses=("THR",),
    source="V = W: [P26]; V and E[a^2|u]: new",
    derive=_derivation,
)
