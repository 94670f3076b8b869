"""GEN: the risk of a network in the kernel regime, by the energy of its labels and the trace of its kernel."""

from __future__ import annotations

from sympy import Matrix, Rational, Sum, Symbol, ceiling, exp, log, oo, sqrt, symbols

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_p, _q, _r = Symbol("p", positive=True), Symbol("q", positive=True), Symbol("r", real=True)
_y1, _y2, _w1, _w2, _s1, _s2 = symbols("y_1 y_2 w_1 w_2 s_1 s_2", real=True)
_k, _t, _x = Symbol("k", positive=True), Symbol("t", nonnegative=True), Symbol("x", real=True)
_N, _delta, _m = Symbol("N", positive=True), Symbol("delta", positive=True), Symbol("m", integer=True, nonnegative=True)
_B, _T, _c, _L, _R = (Symbol(name, positive=True) for name in ("B", "T", "c", "L", "R"))
_SIDES, _RANGE = (Rational(-2), Rational(2)), (Rational(1, 4), 4)
_GRAM = {_p: (1, 2), _q: (1, 2), _r: (Rational(-1, 2), Rational(1, 2))}
_RISK = {_N: (2, 500), _delta: (Rational(1, 1000), Rational(1, 2))}


def _derivation() -> Derivation:
    gram, labels = Matrix([[_p, _r], [_r, _q]]), Matrix([_y1, _y2])
    weights = gram.inv() * labels
    level = sqrt(log(2 * (_m + 1) * (_m + 2) / _delta) / (2 * _N))
    plain = sqrt(log(2 / _delta) / (2 * _N))
    return Derivation(
        id="GEN",
        title="Risk in the kernel regime",
        steps=(
            Step(
                id="norm",
                text="Trained to the end from f_0 = 0 the predictor is K(x, X) K^-1 y: its squared norm in the space "
                "of the kernel is y^T K^-1 y = B^2. Here for N = 2, cited for all N.",
                source="Schoelkopf, Smola (2002), sections 2.2 and 4.2: reproducing kernels, representer theorem",
                left=(weights.T * gram * weights)[0, 0],
                relation="=",
                right=(labels.T * weights)[0, 0],
                rule="linear algebra",
                domain=_GRAM | {_y1: _SIDES, _y2: _SIDES},
            ),
            Step(
                id="early",
                text="Gradient flow stopped early has fitted a share from 0 to 1 along an eigenvector of eigenvalue k, "
                "written t/(1 + t) here: its norm is smaller ...",
                left=(_t / (1 + _t)) ** 2 / _k,
                relation="<=",
                right=1 / _k,
                rule="common denominator",
                domain={_k: _RANGE, _t: (0, 4)},
            ),
            Step(
                id="ridge",
                text="... and so is that of a ridge regression.",
                left=_k / (_k + _t) ** 2,
                relation="<=",
                right=1 / _k,
                rule="common denominator",
                domain={_k: _RANGE, _t: (0, 4)},
            ),
            Step(
                id="supremum",
                text="Over a ball of radius R a linear form s is at most R ||s|| (Cauchy and Schwarz, here in two "
                "dimensions, cited for a Hilbert space).",
                source="Bartlett, Mendelson (2002), Lemma 22",
                left=(_w1 * _s1 + _w2 * _s2) ** 2,
                relation="<=",
                right=(_w1**2 + _w2**2) * (_s1**2 + _s2**2),
                rule="square of w_1 s_2 - w_2 s_1",
                domain=dict.fromkeys((_w1, _w2, _s1, _s2), _SIDES),
            ),
            Step(
                id="signs",
                text="Random signs: the mean of ||sum_i e_i phi(x_i)||^2 is tr K, mixed terms cancel. Here for N = 2, "
                "cited for all N.",
                source="Bartlett, Mendelson (2002), Lemma 22",
                left=as_written(lambda: ((_p + _q + 2 * _r) + (_p + _q - 2 * _r)) / 2),
                relation="=",
                right=_p + _q,
                rule="mean over the signs of e_1 e_2",
                domain=_GRAM,
            ),
            Step(
                id="jensen",
                text="The mean norm is at most the root of the mean square: the ball's empirical Rademacher complexity "
                "is at most R sqrt(tr K)/N.",
                left=(sqrt(_p) + sqrt(_q)) / 2,
                relation="<=",
                right=sqrt((_p + _q) / 2),
                rule="concavity of the root",
                domain={_p: (Rational(1, 4), 1), _q: (2, 4)},
                follows=("supremum", "signs"),
            ),
            Step(
                id="lipschitz",
                text="The loss min(1, |f - y|) is 1-Lipschitz in f: of two predictions at distances p and q from y, on "
                "opposite sides, the losses differ by at most |p - q|, the predictions by p + q; on one side both "
                "by |p - q|. Clipping brings losses nearer.",
                left=(_p - _q) ** 2,
                relation="<=",
                right=(_p + _q) ** 2,
                rule="expansion",
                domain={_p: _RANGE, _q: _RANGE},
            ),
            Step(
                id="contraction",
                text="A 1-Lipschitz loss, another one for each sample, does not enlarge the Rademacher complexity.",
                source="Ledoux, Talagrand (1991), Theorem 4.12; Meir, Zhang (2003), Theorem 7",
            ),
            Step(
                id="symmetrisation",
                text="The mean of the largest gap between risk and training risk, over a class fixed before the "
                "sample, is at most twice its Rademacher complexity.",
                source="Bartlett, Mendelson (2002), Theorem 8; Mohri et al. (2018), Theorem 3.3",
            ),
            Step(
                id="concentration",
                text="One sample moves that gap, and the empirical complexity of the losses, by at most 1/N: each "
                "leaves its mean by x with probability at most exp(-2 N x^2) (McDiarmid 1989), together delta.",
                left=as_written(lambda: 2 * exp(-2 * _N * plain**2)),
                relation="=",
                right=_delta,
                rule="substitution",
                domain=_RISK,
            ),
            Step(
                id="three",
                text="The gap costs x once, the complexity twice, since it counts twice.",
                left=as_written(lambda: sqrt(_L / (2 * _N)) + 2 * sqrt(_L / (2 * _N))),
                relation="=",
                right=3 * sqrt(_L / (2 * _N)),
                rule="sum",
                domain={_L: (1, 20), _N: (2, 500)},
                follows=("concentration", "symmetrisation"),
            ),
            Step(
                id="shares",
                text="B is known after the fact alone. The ball of radius 2^m gets the share 1/((m+1)(m+2)) of delta, "
                "in all delta ...",
                left=Sum(1 / ((_m + 1) * (_m + 2)), (_m, 0, oo)),
                relation="=",
                right=Rational(1),
                rule="telescoping sum",
            ),
            Step(
                id="level",
                text="... which puts 2 (m+1)(m+2)/delta in place of 2/delta.",
                left=2 * exp(-2 * _N * level**2),
                relation="=",
                right=_delta / ((_m + 1) * (_m + 2)),
                rule="substitution",
                domain=_RISK | {_m: (0, 30)},
                follows=("concentration", "shares"),
            ),
            Step(
                id="holds",
                text="With x = log2 B the radius 2^ceil(x) is at least B ...",
                left=2 ** ceiling(_x),
                relation=">=",
                right=2**_x,
                rule="ceil(x) >= x",
                domain={_x: (-10, 10)},
            ),
            Step(
                id="doubles",
                text="... and at most 2 B: rounding up costs a factor of two, for B >= 1.",
                left=2 ** ceiling(_x),
                relation="<=",
                right=2 * 2**_x,
                rule="ceil(x) <= x + 1",
                domain={_x: (-10, 10)},
            ),
            Step(
                id="scale",
                text="K and cK give one predictor and one product B sqrt(tr K) ...",
                left=as_written(lambda: sqrt(_B**2 / _c) * sqrt(_c * _T)),
                relation="=",
                right=_B * sqrt(_T),
                rule="cancellation",
                domain={_B: _RANGE, _c: _RANGE, _T: _RANGE},
            ),
            Step(
                id="floor",
                text="... but below B = 1 the radius stays 1, and the complexity of 4K is twice that of K: as stated "
                "the bound is not free of scale.",
                left=as_written(lambda: 2 * sqrt(4 * _T) / _N),
                relation="=",
                right=2 * (2 * sqrt(_T) / _N),
                rule="radius 1 for both",
                domain={_T: _RANGE, _N: (2, 500)},
            ),
            Step(
                id="two-sided",
                text="With a ball of radius s 2^m for every whole m, s fixed beforehand, the shares are proportional "
                "to 1/((|m|+1)(|m|+2)), of which the sum is 3/2: the logarithm has 3 in place of 2, and the radius is "
                "below 2B for every B.",
                left=2 * Sum(1 / ((_m + 1) * (_m + 2)), (_m, 0, oo)) - Rational(1, 2),
                relation="=",
                right=Rational(3, 2),
                rule="both sides of m = 0, which counts once",
                follows=("shares",),
            ),
        ),
    )


GEN = Statement(
    id="GEN",
    title="Risk in the kernel regime",
    hypotheses=assumed(
        "kernel regime: the trained network is the predictor of its tangent kernel, f_0 = 0",
        "N samples, independent and alike, independent of the mask and of all else that the kernel depends on",
        "the loss lies in [0, 1] and is 1-Lipschitz in the prediction",
        "the labels lie in the range of K",
    ),
    conclusion=(
        r"With $B^2 = y^\top K^{-1} y$ and $m = \max(0, \lceil \log_2 B \rceil)$, with probability at least "
        r"$1 - \delta$: risk $\le$ training risk $+\; 2^{m+1} \sqrt{\mathrm{tr} K}/N + 3 "
        r"\sqrt{\ln(2(m+1)(m+2)/\delta)/(2N)}$. With radii $s\,2^m$ for every whole $m$, $s$ fixed beforehand: "
        r"$2 s\,2^m \sqrt{\mathrm{tr} K}/N + 3 \sqrt{\ln(3(|m|+1)(|m|+2)/\delta)/(2N)}$, "
        r"$m = \lceil \log_2(B/s) \rceil$."
    ),
    uses=(),
    source="Arora et al. (2019), Theorem 5.1, with constants; Bartlett, Mendelson (2002); radii of every scale: new",
    derive=_derivation,
)
