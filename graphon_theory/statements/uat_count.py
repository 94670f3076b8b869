"""UAT-count: the number of neurons joined to all active coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sympy import Derivative, Integral, Rational, Sum, Symbol, binomial, exp, factorial, log, symbols

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.noise import Gaussian, Uniform
from graphon_theory.notation import tau, u
from graphon_theory.statements.hypothesis import SYMMETRIC_NOISE, Hypothesis, assumed
from graphon_theory.statements.statement import Statement

if TYPE_CHECKING:
    from graphon_theory.saliency import SaliencyModel

_x, _y = symbols("x1:3", positive=True), symbols("y1:3", positive=True)
_a, _b, _e, _z = (Symbol(name, nonnegative=True) for name in ("a", "b", "e", "z"))
_g, _f, _p, _q, _t, _s = (Symbol(name, positive=True) for name in ("g", "f", "p", "q", "t", "s"))
_k, _m, _y0, _K, _N, _n, _d = (Symbol(name, positive=True) for name in ("k", "m", "y", "K", "N", "n", "d"))
_beta, _B, _D, _r = (Symbol(name, real=True) for name in ("beta", "B", "D", "r"))
_m1, _m2 = Symbol("m1", positive=True), Symbol("m2", positive=True)
_i = Symbol("i", integer=True, nonnegative=True)
_UNIT, _RANGE = (Rational(1, 20), Rational(19, 20)), (Rational(1, 4), 2)
_FIVE = 5  # neurons of the step that writes a binomial law out


def _bernoulli_moments() -> tuple[Step, ...]:
    return (
        Step(
            id="star",
            text="Given its type u a row's entries are independent, so it is joined to both of two coordinates with "
            "probability W(u, v_1) W(u, v_2), k coordinates likewise: the chance is p_u, and t_J its mean over u.",
            left=as_written(lambda: 1 * _p * _q + 0 * (_p * (1 - _q) + (1 - _p) * _q + (1 - _p) * (1 - _q))),
            relation="=",
            right=_p * _q,
            rule="independence given the type",
            domain={_p: _UNIT, _q: _UNIT},
        ),
        Step(
            id="binomial",
            text="With the column types given, rows are independent at a fixed threshold, each joined with "
            "probability t_J: the generating function is ((1 - t) + t z)^n, that of Binomial(n, t_J); here n = 5. With "
            "row types given it is the product of (1 - p_i) + p_i z: Poisson-binomial.",
            left=Sum(binomial(_FIVE, _i) * _t**_i * (1 - _t) ** (_FIVE - _i) * _z**_i, (_i, 0, _FIVE)),
            relation="=",
            right=((1 - _t) + _t * _z) ** _FIVE,
            rule="binomial theorem",
            domain={_t: _UNIT, _z: (0, 2)},
        ),
    )


def _lower_bounds() -> tuple[Step, ...]:
    gaussian, uniform = Gaussian(), Uniform(1)
    return (
        Step(
            id="floor",
            text="W >= p on row types of measure a, for every coordinate of J: the integral of the product is at least "
            "a p^k, since each factor there is p or more; here two factors.",
            left=_a * (_p + _e) * (_p + _b),
            relation=">=",
            right=_a * _p**2,
            rule="monotone integral",
            domain={_a: (0, 1), _p: _UNIT, _e: (0, 1), _b: (0, 1)},
        ),
        Step(
            id="chebyshev",
            text="The covariance of two columns over two equally likely rows is a quarter of the product of their "
            "increments; over all pairs of rows it averages such products (Chebyshev). So t_J >= deg deg where no pair "
            "is ordered one way by one column and the other way by the other.",
            left=(_x[0] * _y[0] + _x[1] * _y[1]) / 2 - (_x[0] + _x[1]) * (_y[0] + _y[1]) / 4,
            relation="=",
            right=(_x[0] - _x[1]) * (_y[0] - _y[1]) / 4,
            rule="expansion",
            domain=dict.fromkeys((*_x, *_y), _UNIT),
        ),
        Step(
            id="induction",
            text="Products of non-negative columns of one order have that order, so that k columns follow from two.",
            left=(_p + _a) * (_q + _b) - _p * _q,
            relation=">=",
            right=Rational(0),
            rule="monotone products",
            domain={_p: _UNIT, _q: _UNIT, _a: (0, 1), _b: (0, 1)},
        ),
        Step(
            id="rank-one",
            text="At rank one every column rises with g: all are of one order, and t_J >= prod deg(v_j) always.",
            left=Derivative(gaussian.survival_expr(tau / (_g * _f)), _g),
            relation=">",
            right=Rational(0),
            rule="chain rule",
            domain={tau: _RANGE, _g: _RANGE, _f: _RANGE},
        ),
        Step(
            id="rank-two",
            text="At rank two it can fail: h = (1-u)(1-v) + u v gives the columns Q(tau/(1-u)) at v = 0 and Q(tau/u) "
            "at v = 1, of opposite order. Uniform noise, tau = 1/10: t_J is less than the product.",
            left=Integral((1 - 1 / (10 * (1 - u))) * (1 - 1 / (10 * u)), (u, Rational(1, 10), Rational(9, 10))),
            relation="<",
            right=Integral(uniform.survival_expr(1 / (10 * u)), (u, Rational(1, 10), 1)) ** 2,
            rule="integration",
        ),
        Step(
            id="convex",
            text="Chernoff: E exp(-s N_J) is the product of 1 - x with x = p_i (1 - e^-s), and 1 - x <= e^-x: both "
            "sides of x <= -log(1 - x) are 0 at 0, and the right one grows faster.",
            left=Derivative(-log(1 - _t) - _t, _t),
            relation=">=",
            right=Rational(0),
            rule="comparison of slopes",
            domain={_t: (0, Rational(19, 20))},
        ),
        Step(
            id="chernoff",
            text="At s = log 2 the bound of P(N_J <= mu/2) is exp(s mu/2 - mu (1 - e^-s)), at most exp(-mu/8).",
            left=-log(2) / 2 + (1 - exp(-log(2))),
            relation=">=",
            right=Rational(1, 8),
            rule="a value of the exponent",
        ),
    )


def _uniform_masks() -> tuple[Step, ...]:
    rows, entries, kept = 2, 6, 4  # two rows of two active coordinates in six entries, four of them kept
    return (
        Step(
            id="conditioned",
            text="Constant graphon under top-k: a uniform K-set is an independent mask given that it keeps K entries. "
            "m full blocks, y entries kept in the others and K - k m - y outside have the weight p^K (1-p)^(nd-K), "
            "whatever m and y: Bayes' rule gives the law, and any p will do.",
            left=_k * _m * log(_p)
            + _y0 * log(_p)
            + (_k * (_n - _m) - _y0) * log(1 - _p)
            + (_K - _k * _m - _y0) * log(_p)
            + (_N - _k * _n - _K + _k * _m + _y0) * log(1 - _p),
            relation="=",
            right=_K * log(_p) + (_N - _K) * log(1 - _p),
            rule="logarithms of the weights",
            domain={_p: _UNIT, _k: (1, 3), _m: (1, 4), _y0: (1, 4), _K: (20, 30), _N: (60, 80), _n: (8, 12)},
        ),
        Step(
            id="two-ways",
            text="The same by inclusion and exclusion: both of two blocks of two are full in a 4-set of 6 entries with "
            "probability C(2,0)/C(6,4); by Bayes' rule p^4 (1-p)^2 over C(6,4) p^4 (1-p)^2.",
            left=as_written(lambda: factorial(kept) * factorial(entries - kept) / factorial(entries)),
            relation="=",
            right=as_written(
                lambda: (_p ** (2 * rows) * (1 - _p) ** 2) / (binomial(entries, kept) * _p**kept * (1 - _p) ** 2)
            ),
            rule="inclusion and exclusion",
            domain={_p: _UNIT},
        ),
        Step(
            id="without-replacement",
            text="A block of two is full with probability K(K-1)/(N(N-1)), at most (K/N)^2: the second factor is below "
            "K/N by (N-K)/(N(N-1)).",
            left=_K / _N - (_K - 1) / (_N - 1),
            relation="=",
            right=(_N - _K) / (_N * (_N - 1)),
            rule="common denominator",
            domain={_K: (1, 20), _N: (21, 50)},
        ),
    )


def _top_k() -> tuple[Step, ...]:
    return (
        Step(
            id="nested",
            text="Masks at two thresholds are nested: more entries kept join more neurons, the indicators being a b "
            "and (a + e) b. So N_J under top-k lies between its values at two fixed thresholds.",
            left=(_a + _e) * _b,
            relation=">=",
            right=_a * _b,
            rule="order of the indicators",
            domain={_a: (0, 1), _b: (0, 1), _e: (0, 1)},
        ),
        Step(
            id="entropy",
            text="The two thresholds are those of densities r with nd KL(rho || r) = log(1/delta); KL grows away from "
            "rho, so there is one on each side.",
            left=Derivative(_p * log(_p / _q) + (1 - _p) * log((1 - _p) / (1 - _q)), _q),
            relation="=",
            right=(_q - _p) / (_q * (1 - _q)),
            rule="differentiation",
            domain={_p: _UNIT, _q: _UNIT},
        ),
        Step(
            id="hoeffding",
            text="Each count of entries is on the wrong side of K with probability at most delta.",
            source="Hoeffding, Probability inequalities for sums of bounded random variables (1963), Theorem 1",
        ),
        Step(
            id="threshold-moves",
            text="The threshold solves D - rho' x = r for the shift x, D the mean row density at the fixed threshold: "
            "the count changes by -t' x = -beta (D - r), beta = t'/rho'.",
            left=as_written(lambda: -_t * ((_D - _r) / _s)),
            relation="=",
            right=-(_t / _s) * (_D - _r),
            rule="implicit function",
            domain={_t: _RANGE, _s: _RANGE, _D: (-1, 1), _r: (-1, 1)},
        ),
        Step(
            id="delta-method",
            text="To first order N_J is a sum over rows of B_i - beta (D_i - rho).",
            source="delta method for a sample quantile: van der Vaart, Asymptotic Statistics (1998), chapters 3 and 21",
        ),
        Step(
            id="compensated",
            text="Its variance a row: the terms of the expanded square are Var B, Cov(B, D) and Var D.",
            left=(_B - _beta * _D) ** 2,
            relation="=",
            right=_B**2 - 2 * _beta * _B * _D + _beta**2 * _D**2,
            rule="expansion",
            domain={_B: (-1, 1), _D: (-1, 1), _beta: (-2, 2)},
        ),
        Step(
            id="own-entries",
            text="Given the row's type, B with its own entry of J has the covariance p_u - p_u W(u, v_j), which D "
            "carries with the weight 1/d; entries outside J add nothing.",
            left=_p * 1 - _p * _q,
            relation="=",
            right=_p * (1 - _q),
            rule="covariance of indicators",
            domain={_p: _UNIT, _q: _UNIT},
        ),
        Step(
            id="constant",
            text="Constant graphon: beta = k rho^(k-1), Cov = k rho^k (1-rho)/d, Var D = rho (1-rho)/d. The correction "
            "is -k^2 rho^(2k-1) (1-rho)/d; it vanishes as d grows.",
            left=-2 * (_k * _p ** (_k - 1)) * (_k * _p**_k * (1 - _p) / _d)
            + (_k * _p ** (_k - 1)) ** 2 * (_p * (1 - _p) / _d),
            relation="=",
            right=-(_k**2) * _p ** (2 * _k - 1) * (1 - _p) / _d,
            rule="substitution",
            domain={_k: (1, 4), _p: _UNIT, _d: (2, 50)},
        ),
        Step(
            id="one-coordinate",
            text="k = 1, W constant in v, row types drawn, d large: t_u = D_u = W, beta = 1, and m_1 (1-m_1) - 2 Var W "
            "+ Var W is E[W (1 - W)], m_1 and m_2 the moments of W: less than the binomial by Var W, at every width.",
            left=_m1 * (1 - _m1) - 2 * (_m2 - _m1**2) + (_m2 - _m1**2),
            relation="=",
            right=_m1 - _m2,
            rule="substitution",
            domain={_m1: _UNIT, _m2: _UNIT},
        ),
    )


def _derivation() -> Derivation:
    return Derivation(
        id="UAT-count",
        title="Neurons joined to all active coordinates",
        steps=(*_bernoulli_moments(), *_lower_bounds(), *_uniform_masks(), *_top_k()),
    )


def _rank_one(model: SaliencyModel, _density: float) -> bool | None:
    # Models of higher rank may have similarly ordered columns all the same.
    return None if model.further else True


SIMILARLY_ORDERED = Hypothesis(
    "for t_J >= prod deg alone: the columns W(., v_j) of J are similarly ordered, as they are at rank one", _rank_one
)

UAT_COUNT = Statement(
    id="UAT-count",
    title="How many neurons are joined to all active coordinates",
    hypotheses=(
        SYMMETRIC_NOISE,
        SIMILARLY_ORDERED,
        *assumed(
            "row types iid uniform (binomial law), or all types given (Poisson-binomial law)",
            "J is a set of k columns, fixed before the noise is drawn",
            "a fixed threshold; for a top-k mask the exact law is that of the constant graphon, else the bracket and "
            "the variance as n grows hold",
        ),
    ),
    conclusion=(
        r"Fixed threshold, column types given: $N_J \sim \mathrm{Bin}(n, t_J)$, $t_J = \int \prod_{j \in J} W(u, v_j)"
        r"\,du \ge \alpha p^k$; $P(N_J < n t_J/2) \le e^{-n t_J/8}$. $t_J \ge \prod_J \deg(v_j)$ if the columns are "
        r"similarly ordered. Top-k: between the laws at two nested thresholds; constant graphon: exactly that of a "
        r"uniform $K$-set; row types drawn: $\mathrm{Var}(N_J)/n \to \mathrm{Var}\,B - 2\beta\,\mathrm{Cov}(B, D) + "
        r"\beta^2\,\mathrm{Var}\,D$ as $n \to \infty$, smaller than binomial by $O(1)$; all types given: by $O(1/d)$."
    ),
    uses=("THR",),
    source="[P26] for t_J and alpha p^k; the laws under top-k and the hypothesis of the product bound: new",
    derive=_derivation,
)
