"""SNIP-U: SNIP on labels with a mean, where each weight adds to its own saliency."""

from __future__ import annotations

from sympy import Abs, Derivative, Function, Limit, Rational, Subs, Symbol, erfc, pi, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.notation import tau
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_x = Symbol("x", real=True)
_xi = Symbol("xi", real=True)
_s, _R, _d, _v = (Symbol(name, positive=True) for name in ("s", "R", "d", "V"))
_h, _k, _e = (Symbol(name, positive=True) for name in ("h", "kappa", "e"))
_hr, _kr = Symbol("h0", real=True), Symbol("kappa0", real=True)
_REAL, _POSITIVE = (-2, 2), (Rational(1, 4), 3)
_BOX = {_h: _POSITIVE, _k: _POSITIVE, tau: _POSITIVE}


def chain_rule() -> Step:
    """Slope of one sample's squared loss in one weight: the score that every statement on SNIP starts from."""
    w, x, b, a, y, z = (Symbol(name, real=True) for name in ("w", "x", "b", "a", "y", "z"))
    sigma = Function("sigma")
    output = a * sigma(w * x + b)
    return Step(
        id="chain-rule",
        text="One sample's loss (a sigma(w x + b) - y)^2/2, with b the share of the other inputs, has the slope "
        "residual times a sigma'(z) x in w: averaged over the batch, and times |w|, the score |w| |h|.",
        left=Derivative((output - y) ** 2 / 2, w),
        relation="=",
        right=(output - y) * a * Derivative(sigma(z), z).subs(z, w * x + b) * x,
        rule="chain rule",
    )


def _derivation() -> Derivation:
    # Slope of one sample, averaged over the other weights: their sum is normal with standard deviation R sqrt(V/d).
    slope = erfc(-_xi * _x / sqrt(_d) / (sqrt(2) * (_R * sqrt(_v / _d)))) / 2
    reach = _h + sqrt(_h**2 + 4 * _k * tau)
    # The lower quadratic has real roots iff h^2 >= 4 kappa tau: write h^2 = 4 kappa tau + e^2.
    high = sqrt(4 * _k * tau + _e**2)
    inner, outer = 2 * tau / (high + _e), (high + _e) / (2 * _k)
    lower = {_e: _POSITIVE, _k: _POSITIVE, tau: _POSITIVE}
    return Derivation(
        id="SNIP-U",
        title="SNIP on labels with a mean",
        steps=(
            chain_rule(),
            Step(
                id="share",
                text="An edge of weight xi/sqrt(d) shifts the preactivation of a sample by xi x/sqrt(d); the rest is "
                "about normal, of variance V R^2/d with V = Var xi and R = |x_s|. So the mean of ReLU's slope rises "
                "with xi, at rate x/(R sqrt(2 pi V)) at 0. Times a r x, averaged over the batch: kappa.",
                left=Subs(Derivative(slope, _xi), _xi, 0),
                relation="=",
                right=_x / (_R * sqrt(2 * pi * _v)),
                rule="differentiation",
                domain={_x: _REAL, _R: _POSITIVE, _d: (1, 100), _v: _POSITIVE},
            ),
            Step(
                id="no-curvature",
                text="It has no second-order term: the first-order share is right up to the third order in xi x/R.",
                left=Subs(Derivative(slope, _xi, 2), _xi, 0),
                relation="=",
                right=Rational(0),
                rule="differentiation",
                domain={_x: _REAL, _R: _POSITIVE, _d: (1, 100), _v: _POSITIVE},
                follows=("share",),
            ),
            Step(
                id="typical",
                text="For R^2 = d, and r unrelated to x_j^2, the share is a mean(r) E[x_j^2]/sqrt(2 pi d V).",
                left=Subs(_x**2 / (_R * sqrt(2 * pi * _v)), _R, sqrt(_d)),
                relation="=",
                right=_x**2 / sqrt(2 * pi * _d * _v),
                rule="substitution",
                domain={_x: _REAL, _d: (1, 100), _v: _POSITIVE},
                follows=("share",),
            ),
            Step(
                id="sign",
                text="The score |xi| |h + kappa xi| takes at -xi the value that it takes at xi with kappa's sign "
                "changed: for symmetric noise the signs of h and kappa do not matter. Let both be positive.",
                left=as_written(lambda: Abs(-_xi) * Abs(_hr + _kr * (-_xi))),
                relation="=",
                right=Abs(_xi) * Abs(_hr - _kr * _xi),
                rule="evenness",
                domain={_xi: _REAL, _hr: _REAL, _kr: _REAL},
            ),
            Step(
                id="upper-right",
                text="kappa x^2 + h x = tau at x = 2 tau/(h + s), with s = sqrt(h^2 + 4 kappa tau) ...",
                left=_k * (2 * tau / reach) ** 2 + _h * (2 * tau / reach),
                relation="=",
                right=tau,
                rule="root of a quadratic",
                domain=_BOX,
            ),
            Step(
                id="upper-left",
                text="... and at x = -(h + s)/(2 kappa).",
                left=_k * (reach / (2 * _k)) ** 2 - _h * (reach / (2 * _k)),
                relation="=",
                right=tau,
                rule="root of a quadratic",
                domain=_BOX,
            ),
            Step(
                id="lower-inner",
                text="kappa x^2 + h x = -tau has roots iff h^2 = 4 kappa tau + e^2: x = -2 tau/(h + e) ...",
                left=_k * inner**2 - high * inner,
                relation="=",
                right=-tau,
                rule="root of a quadratic",
                domain=lower,
            ),
            Step(
                id="lower-outer",
                text="... and x = -(h + e)/(2 kappa). Between them the score reaches tau again.",
                left=_k * outer**2 - high * outer,
                relation="=",
                right=-tau,
                rule="root of a quadratic",
                domain=lower,
            ),
            Step(
                id="order",
                text="The inner root lies nearer to 0, so the kept set has the probability [Q(2 tau/(h+s)) + "
                "Q((h+s)/(2 kappa)) + Q(2 tau/(h+e)) - Q((h+e)/(2 kappa))]/2.",
                left=outer - inner,
                relation="=",
                right=_e / _k,
                rule="difference of roots",
                domain=lower,
                follows=("upper-right", "upper-left", "lower-inner", "lower-outer"),
            ),
            Step(
                id="centred",
                text="As kappa -> 0 the two near roots tend to tau/h (here the upper one) ...",
                left=Limit(2 * tau / reach, _k, 0),
                relation="=",
                right=tau / _h,
                rule="limit",
            ),
            Step(
                id="centred-far",
                text="... and the far ones leave every bounded set (their inverses vanish): W = Q(tau/|h|), as SNIP-S "
                "says.",
                left=Limit(2 * _k / reach, _k, 0),
                relation="=",
                right=Rational(0),
                rule="limit",
            ),
            Step(
                id="leave-one-out",
                text="Given the types, h_ij - kappa_ij xi_ij is free of xi_ij up to fluctuations that vanish as d "
                "grows (the flips of single slopes); the masks then differ by o(1) in cut norm.",
                source="leave-one-out argument, as for universality: Chatterjee (2006), A generalization of the "
                "Lindeberg principle",
                follows=("no-curvature",),
            ),
            Step(
                id="rate",
                text="Against h, whose spread is at least of order S^(-1/2), the share stays of order 1 while S/d "
                "does: with |mean r| = b, E[x^2] = V = 1 and E[r^2 x^2] = e^2 the ratio of kappa to the slopes' spread "
                "e/(2 sqrt S) is 2 b sqrt(S/d)/(e sqrt(2 pi)).",
                left=as_written(lambda: (_h / sqrt(2 * pi * _d)) / (_e / (2 * sqrt(_s)))),
                relation="=",
                right=2 * _h * sqrt(_s / _d) / (_e * sqrt(2 * pi)),
                rule="cancellation",
                domain={_h: _POSITIVE, _e: _POSITIVE, _d: (1, 100), _s: (1, 100)},
            ),
        ),
    )


SNIP_U = Statement(
    id="SNIP-U",
    title="SNIP on labels with a mean: each weight adds to its own saliency",
    hypotheses=assumed(
        "squared loss, one hidden layer, ReLU",
        "weights iid symmetric without atoms; no single input carries the preactivation",
        "the batch-mean residual is any number",
    ),
    conclusion=(
        r"Let $\kappa_{ij} = a_i S^{-1} \sum_s r_s x_{sj}^2 / (\|x_s\| \sqrt{2\pi \mathrm{Var}\,\xi})$, and $h_{ij}$ "
        r"the saliency of the batch less $\kappa_{ij}\xi_{ij}$. An edge is kept with probability $P(|\xi|\,|h_{ij} + "
        r"\kappa_{ij}\xi| \ge \tau)$, on average over every set of edges declared by types and $h$, and the mask is as "
        r"close to it in cut norm as a mask sampled from it, as $n, d \to \infty$."
    ),
    uses=("THR", "LIM-a"),
    source="new; extends SNIP-S to residuals with a mean",
    derive=_derivation,
)
