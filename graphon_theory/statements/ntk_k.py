"""NTK-K: the tangent kernel of kept weights under masks that saw data, by a recursion conditioned on the types."""

from __future__ import annotations

from sympy import Derivative, Expr, Rational, Subs, Symbol, erf, erfc, exp, pi, sqrt

from graphon_theory.derivation import Derivation, Step
from graphon_theory.notation import tau
from graphon_theory.statements.hypothesis import REACHABLE_DENSITY, SYMMETRIC_NOISE, assumed
from graphon_theory.statements.statement import Statement

_s, _mu = Symbol("s", positive=True), Symbol("mu", real=True)
_h, _u, _v = (Symbol(name, positive=True) for name in ("h", "u", "v"))
_m = Symbol("m", real=True)
_c, _e, _z, _w = (Symbol(name, positive=True) for name in ("c", "e", "z", "w"))
_V, _p, _g = Symbol("V", positive=True), Symbol("p", positive=True), Symbol("g", real=True)
_rho = Symbol("rho", real=True)
_RANGE = (Rational(1, 4), 2)
_UNIT = (Rational(1, 10), Rational(9, 10))
_SIGNED = (Rational(-2), Rational(2))


def _normal(x: Expr) -> Expr:
    return exp(-(x**2) / 2) / sqrt(2 * pi)


def _cumulative(x: Expr) -> Expr:
    return (1 + erf(x / sqrt(2))) / 2


def _derivation() -> Derivation:
    # E[(xi + mu) 1{|xi + mu| >= t}] = integral over s >= t of s (phi(s - mu) - phi(s + mu))
    folded = _s * (_normal(_s - _mu) - _normal(_s + _mu))
    level = tau / _h
    energy = erfc(level / sqrt(2)) + 2 * level * _normal(level)
    # P(|m + sqrt(v) eps| >= u)
    kept = _cumulative((_m - _u) / sqrt(_v)) + _cumulative((-_m - _u) / sqrt(_v))
    inner, outer = (_u - _m) / sqrt(_v), (_u + _m) / sqrt(_v)
    mean = _m * _cumulative(_m / sqrt(_v)) + sqrt(_v) * _normal(_m / sqrt(_v))
    square = (_m**2 + _v) * _cumulative(_m / sqrt(_v)) + _m * sqrt(_v) * _normal(_m / sqrt(_v))
    window = {_m: _SIGNED, _u: _RANGE, _v: _RANGE}
    single = {_m: _SIGNED, _v: _RANGE}
    return Derivation(
        id="NTK-K",
        title="Graphon NTK of kept weights under masks that saw data",
        steps=(
            Step(
                id="stein",
                text="A weight of mean mu, given the types, leaves V mu in what is kept, to first order: the "
                "derivative of the kept mean at mu = 0 has the integrand of V, over s from t on.",
                left=Subs(Derivative(folded, _mu), _mu, 0),
                relation="=",
                right=2 * _s**2 * _normal(_s),
                rule="derivative under the integral, at mu = 0",
                domain={_s: _RANGE},
            ),
            Step(
                id="projection",
                text="A neuron's weights given z = sum_j w_j c_j: the mean of w_j is the multiple of c_j that least "
                "squares give. Here two weights, one along c and one along e.",
                left=Derivative(_w**2 + ((_z - _w * _c) / _e) ** 2, _w).doit().subs(_w, _z * _c / (_c**2 + _e**2)),
                relation="=",
                right=Rational(0),
                rule="Gaussian conditioning: the likeliest weights are the mean",
                domain={_z: _RANGE, _c: _RANGE, _e: _RANGE},
            ),
            Step(
                id="batch-mean",
                text="New inputs overlap equally with every sample, so that of all preactivations on the batch only "
                "their mean tells of them; likewise backwards.",
                source="exchangeable samples; Yang (2020), Tensor Programs III: Gaussian conditioning",
                assumptions=("inputs with independent coordinates, S growing with d or d growing alone",),
            ),
            Step(
                id="remainder",
                text="What a mean takes of a variance is at most all of it: V^2 <= V, and Cauchy and Schwarz.",
                left=_V**2,
                relation="<",
                right=_V,
                rule="enclosure",
                domain={_V: _UNIT},
            ),
            Step(
                id="crossing",
                text="A weight moves its own saliency where samples cross the kink: there h is half way between with "
                "and without the sample's term g, which is (1/2 - p) g from its mean ...",
                left=_p * (_g / 2 - _g) + (1 - _p) * (_g / 2),
                relation="=",
                right=(Rational(1, 2) - _p) * _g,
                rule="mean over a sample that fires with probability p",
                domain={_p: _UNIT, _g: _SIGNED},
            ),
            Step(
                id="pairs",
                text="... and less by the other samples that are quiet with it: given that one is at the kink, another "
                "of correlation rho about the mean z fires less often, by phi(z) z rho to first order.",
                left=Subs(Derivative(_cumulative((_z - _rho * _z) / sqrt(1 - _rho**2)), _rho), _rho, 0),
                relation="=",
                right=-_z * _normal(_z),
                rule="derivative at rho = 0",
                domain={_z: _RANGE},
            ),
            Step(
                id="slope",
                text="The mean of w 1{kept} then moves with dV/dh: V(h) rises by 2 t^3 phi(t)/h, t = tau/h.",
                left=Derivative(energy, _h),
                relation="=",
                right=2 * level**3 * _normal(level) / _h,
                rule="chain rule",
                domain={_h: _RANGE, tau: _RANGE},
            ),
            Step(
                id="smoothed",
                text="h itself is Gaussian given the types, of mean m and variance v: P(|h| >= u) has the slope ...",
                left=Derivative(kept, _m),
                relation="=",
                right=(_normal(inner) - _normal(outer)) / sqrt(_v),
                rule="chain rule",
                domain=window,
            ),
            Step(
                id="curvature",
                text="... in its mean, and the second ...",
                left=Derivative(kept, (_m, 2)),
                relation="=",
                right=(inner * _normal(inner) + outer * _normal(outer)) / _v,
                rule="chain rule",
                domain=window,
            ),
            Step(
                id="heat",
                text="... which is twice that in the variance: a sample more, of either sign, widens h.",
                left=Derivative(kept, (_m, 2)),
                relation="=",
                right=2 * Derivative(kept, _v),
                rule="heat equation",
                domain=window,
            ),
            Step(
                id="relu-mean",
                text="With a mean, E[sigma(z)] has the derivative P(z > 0) in it ...",
                left=Derivative(mean, _m),
                relation="=",
                right=_cumulative(_m / sqrt(_v)),
                rule="differentiation",
                domain=single,
            ),
            Step(
                id="relu-square",
                text="... and E[sigma(z)^2] twice E[sigma(z)].",
                left=Derivative(square, _m),
                relation="=",
                right=2 * mean,
                rule="differentiation",
                domain=single,
            ),
            Step(
                id="centred",
                text="Without the mean it is NTK-L's v/2.",
                left=Subs(square, _m, 0),
                relation="=",
                right=_v / 2,
                rule="value",
                domain={_v: _RANGE},
            ),
            Step(
                id="pair",
                text="Pairs: P(z > 0, z' > 0) is the bivariate normal distribution function, by Owen's T.",
                source="Owen (1956), eq. 2.1; Rosenbaum (1961) for the products",
            ),
            Step(
                id="positive",
                text="V rises with |h|. Of activations that are not negative, a positive weight lets more samples into "
                "h, which widens it: on average the own share is positive, and no mean over weights removes it.",
                left=2 * level**3 * _normal(level) / _h,
                relation=">",
                right=Rational(0),
                rule="enclosure",
                domain={_h: _RANGE, tau: _RANGE},
                follows=("slope",),
            ),
        ),
    )


NTK_K = Statement(
    id="NTK-K",
    title="Graphon NTK of kept weights under masks that saw data",
    hypotheses=(
        SYMMETRIC_NOISE,
        REACHABLE_DENSITY,
        *assumed(
            "L masked ReLU layers, a dense output layer, no biases, widths and d growing together",
            "Gaussian weights, kept after pruning; SNIP with the squared loss, a threshold a layer",
            "S growing with d; residuals of mean 0; centred inputs with independent coordinates",
            "the kernel is read at other inputs than those that pruned",
        ),
    ),
    conclusion=(
        r"The recursion of NTK-L holds with Gaussians that have means, given each neuron's types: the batch means "
        r"$Z_i$ of its dense preactivation and $B_j$ of its dense backward field. Forwards, for $l \ge 2$, "
        r"$m_i(x) = Z_i\,\langle V_i\,E[h(x)], c\rangle/\langle c, c\rangle + d^{-1/2}\sum_j o_{ij}\,E[h_j(x)]$, "
        r"c the batch mean of what enters, $o_{ij}$ the mean of $\xi_{ij} 1\{kept\}$ by a weight's own share of its "
        r"saliency; backwards $\nu_j(x) = B_j\,\langle V_j\,E[\delta(x)], D\rangle/\langle D, D\rangle$, D the batch "
        r"mean of the dense signals. Covariances are NTK-L's less $\langle V h, c\rangle^2/\langle c, c\rangle$, and "
        r"likewise backwards."
    ),
    uses=("THR", "NTK-L"),
    source="new",
    derive=_derivation,
)
