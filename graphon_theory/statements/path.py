"""PATH: the path density of the inputs bounds the energy of the labels of a linear teacher."""

from __future__ import annotations

from sympy import Derivative, Integral, Rational, Subs, Symbol, asin, binomial, erf, exp, gamma, pi, sqrt, symbols

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.kernels.erf import erf_expressions
from graphon_theory.kernels.relu import relu_expressions
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_c, _z, _q, _y = symbols("c z q y", real=True)
_j = Symbol("k", integer=True, nonnegative=True)
_d, _k, _h, _s, _t = (Symbol(name, positive=True) for name in ("d", "K", "L", "s", "t"))
_b = Symbol("b", real=True)
_u1, _u2, _v1, _v2 = symbols("u_1 u_2 v_1 v_2", real=True)
_p, _r, _alpha, _beta = symbols("p r alpha beta", positive=True)
_A1, _A2, _W11, _W12, _W21, _W22 = symbols("A_1 A_2 W_11 W_12 W_21 W_22", positive=True)
_x1, _x2, _z1, _z2 = symbols("x_1 x_2 z_1 z_2", real=True)
_e1, _e2 = symbols("b_1 b_2", real=True)
_OPEN = {_c: (Rational(-9, 10), Rational(9, 10))}
_SIDES, _RANGE = (Rational(-2), Rational(2)), (Rational(1, 4), 2)


def _coefficient(k: Symbol) -> object:
    return binomial(2 * k, k) / 4**k


def _series() -> tuple[Step, ...]:
    """Show that no Taylor coefficient of k0 is negative."""
    k1, k0 = relu_expressions(Rational(1), Rational(1), _c)
    powers = _coefficient(_j)
    product = _t * (Rational(1, 4) + asin(_t) / (2 * pi))
    return (
        Step(
            id="slope",
            text="For ReLU, c the correlation of two preactivations, k0 has the derivative f(c^2)/(2 pi), "
            "f(x) = (1 - x)^(-1/2) ...",
            left=Derivative(k0, _c),
            relation="=",
            right=1 / sqrt(1 - _c**2) / (2 * pi),
            rule="differentiation",
            domain=_OPEN,
        ),
        Step(
            id="quarter",
            text="... and k0 = 1/4 at c = 0: k0 = 1/4 + arcsin(c)/(2 pi).",
            left=Subs(k0, _c, 0),
            relation="=",
            right=Rational(1, 4),
            rule="value",
        ),
        Step(
            id="arcsine",
            text="arcsin has the derivative f(c^2).",
            left=Derivative(asin(_c), _c),
            relation="=",
            right=1 / sqrt(1 - _c**2),
            rule="differentiation",
            domain=_OPEN,
        ),
        Step(
            id="equation",
            text="There (1 - x) f' = f/2, so that the coefficients of f = sum f_k x^k have (k + 1) f_(k+1) = (k + 1/2) "
            "f_k, f_0 = 1 ...",
            left=(1 - _c) * Derivative(1 / sqrt(1 - _c), _c),
            relation="=",
            right=1 / sqrt(1 - _c) / 2,
            rule="differentiation",
            domain=_OPEN,
        ),
        Step(
            id="recursion",
            text="... which binom(2k, k)/4^k solves (as Gamma functions).",
            left=(_j + 1) * gamma(2 * _j + 3) / gamma(_j + 2) ** 2 / 4 ** (_j + 1),
            relation="=",
            right=(_j + Rational(1, 2)) * gamma(2 * _j + 1) / gamma(_j + 1) ** 2 / 4**_j,
            rule="Gamma functions",
            domain={_j: (0, 40)},
            follows=("equation",),
        ),
        Step(
            id="integrated",
            text="Integrated: arcsin(c) = sum binom(2k, k)/(4^k (2k + 1)) c^(2k+1).",
            left=Integral(_z ** (2 * _j), (_z, 0, _t)),
            relation="=",
            right=_t ** (2 * _j + 1) / (2 * _j + 1),
            rule="integration term by term, inside the circle of convergence",
            domain={_j: (0, 12), _t: (Rational(1, 10), Rational(9, 10))},
            follows=("arcsine", "recursion"),
        ),
        Step(
            id="non-negative",
            text="No coefficient is negative; being bounded by pi/2 the series then converges at c = 1 and c = -1 as "
            "well.",
            left=powers / (2 * _j + 1),
            relation=">=",
            right=Rational(0),
            rule="sign of a binomial coefficient",
            domain={_j: (0, 40)},
            follows=("integrated",),
        ),
        Step(
            id="even-powers",
            text="Times the linear kernel t: powers 1, 2, 4, 6, ... occur, those of even order with the coefficients "
            "of arcsin over 2 pi; here t^4/(12 pi). So (beta . x)^p is reached for p = 1 and even p, where a row's "
            "variance is the same at all inputs ...",
            left=Subs(Derivative(product, (_t, 4)), _t, 0) / 24,
            relation="=",
            right=1 / (12 * pi),
            rule="Taylor coefficient",
            follows=("integrated",),
        ),
        Step(
            id="odd-powers",
            text="... and other odd powers are not.",
            left=Subs(Derivative(product, (_t, 3)), _t, 0),
            relation="=",
            right=Rational(0),
            rule="Taylor coefficient",
        ),
        Step(
            id="forward",
            text="The first-order kernel k1 has the derivative k0: non-negative coefficients too, and 1/4 at c, so "
            "that k1 >= s/4, s the covariance.",
            left=Derivative(k1, _c),
            relation="=",
            right=k0,
            rule="Price",
            domain=_OPEN,
            follows=("non-negative",),
        ),
    )


def _order() -> tuple[Step, ...]:
    """From coefficients to the Loewner order, and from there to the energy of the labels."""
    inner = (_A1 * _W11 + _A2 * _W21) / 2
    return (
        Step(
            id="schur",
            text="A product entry by entry of positive semidefinite matrices is one (Schur): both are sums of "
            "matrices of rank one, of which the product is one again. Here u_1 u_2 v_1 v_2 off the diagonal.",
            left=as_written(lambda: (_u1 * _u2) * (_v1 * _v2)),
            relation="=",
            right=(_u1 * _v1) * (_u2 * _v2),
            rule="rearrangement",
            domain=dict.fromkeys((_u1, _u2, _v1, _v2), _SIDES),
        ),
        Step(
            id="powers",
            text="So k0 - 1/4, a series of powers of a correlation matrix with non-negative coefficients, is positive "
            "semidefinite: k0 >= 1/4 (all ones), whatever the covariance. Times Lambda^W it stays so.",
            source="Horn, Johnson, Topics in Matrix Analysis (1991), Theorem 5.2.1",
            follows=("schur",),
        ),
        Step(
            id="mean",
            text="The mean over rows of E[a^2|u] Lambda^W/4 is (1/4d) X diag(D) X^T, D_j the mean of E[a^2] W_j: here "
            "one entry, for two rows and two inputs.",
            left=(_A1 * (_W11 * _x1 * _z1 + _W12 * _x2 * _z2) + _A2 * (_W21 * _x1 * _z1 + _W22 * _x2 * _z2)) / (8 * _d),
            relation="=",
            right=(inner * _x1 * _z1 + (_A1 * _W12 + _A2 * _W22) / 2 * _x2 * _z2) / (4 * _d),
            rule="rearrangement",
            domain=dict.fromkeys((_A1, _A2, _W11, _W12, _W21, _W22), _RANGE)
            | dict.fromkeys((_x1, _x2, _z1, _z2), _SIDES)
            | {_d: (1, 64)},
            follows=("powers",),
        ),
        Step(
            id="dual",
            text="y^T K^-1 y is the largest value of 2 z^T y - z^T K z over z, also for singular K and y in its "
            "range: here in one dimension, cited for matrices ...",
            source="Boyd, Vandenberghe (2004), Example 4.5 and appendix A.5.5",
            left=_y**2 / _k - (2 * _z * _y - _k * _z**2),
            relation="=",
            right=(_y - _k * _z) ** 2 / _k,
            rule="completing the square",
            domain={_y: _SIDES, _z: _SIDES, _k: _RANGE},
        ),
        Step(
            id="monotone",
            text="... so it falls as K grows (K = L + s, s >= 0): here for numbers, cited for matrices.",
            source="Horn, Johnson, Matrix Analysis (2013), Corollary 7.7.4",
            left=_y**2 / (_h + _s),
            relation="<=",
            right=_y**2 / _h,
            rule="common denominator",
            domain={_y: _SIDES, _h: _RANGE, _s: _RANGE},
            follows=("dual",),
        ),
        Step(
            id="linear",
            text="For L = (1/4d) X diag(D) X^T and y = X beta that value is 2 q b - q^2/(4d) summed over j, q_j = "
            "D_j^(1/2) (X^T z)_j and b_j = beta_j/D_j^(1/2): at most 4d b^2 each.",
            left=4 * _d * _b**2 - (2 * _q * _b - _q**2 / (4 * _d)),
            relation="=",
            right=(2 * sqrt(_d) * _b - _q / (2 * sqrt(_d))) ** 2,
            rule="completing the square",
            domain={_b: _SIDES, _q: _SIDES, _d: (1, 64)},
            follows=("mean", "monotone"),
        ),
        Step(
            id="tight",
            text="Together y^T K^-1 y <= 4d sum_j beta_j^2/D_j. For L itself this is exact at q = 4 d b, which some z "
            "attains if X has full column rank.",
            left=Subs(2 * _q * _b - _q**2 / (4 * _d), _q, 4 * _d * _b),
            relation="=",
            right=4 * _d * _b**2,
            rule="substitution",
            domain={_b: _SIDES, _d: (1, 64)},
            follows=("linear",),
        ),
        Step(
            id="split",
            text="y = X_A beta_A + rest: roots of energies are norms, so they add up; the rest has at most "
            "||rest||^2/lambda_min. The triangle inequality, by Cauchy and Schwarz, here for two coordinates, cited "
            "for vectors; the second bound by Rayleigh's quotient.",
            source="Horn, Johnson, Matrix Analysis (2013), Theorems 5.1.4 and 4.2.2",
            left=(_p**2 + _r**2) * (_e1**2 + _e2**2),
            relation=">=",
            right=(_p * _e1 + _r * _e2) ** 2,
            rule="square of p b_2 - r b_1",
            domain=dict.fromkeys((_p, _r, _e1, _e2), _RANGE),
        ),
        Step(
            id="layers",
            text="Several layers: of A >= alpha and B >= beta (times all ones) the product entry by entry is at least "
            "alpha beta, as A B - alpha beta = (A - alpha) B + alpha (B - beta). One factor 1/4 a layer: 4^-L.",
            left=_p * _r - _alpha * _beta,
            relation="=",
            right=(_p - _alpha) * _r + _alpha * (_r - _beta),
            rule="expansion",
            domain=dict.fromkeys((_p, _r, _alpha, _beta), _RANGE),
            follows=("schur", "forward"),
        ),
    )


def _other_activations() -> tuple[Step, ...]:
    return (
        Step(
            id="mehler",
            text="Any activation: k0 = sum_k b_k(s) b_k(s') c^k, b_k the Hermite coefficients of the slope at the two "
            "variances. So k0 >= b_0 b_0^T, b_0 the mean slope.",
            source="Mehler; Daniely, Frostig, Singer (2016), section 4",
        ),
        Step(
            id="mean-slope",
            text="ReLU: b_0 = 1/2 at every variance. erf at variance s: this primitive of slope times density rises by "
            "2/sqrt(pi (1 + 2s)) from end to end, which is b_0 ...",
            left=Derivative(erf(_z * sqrt(_s + Rational(1, 2))) / sqrt(pi * (1 + 2 * _s)), _z),
            relation="=",
            right=2 / sqrt(pi) * exp(-_s * _z**2) * exp(-(_z**2) / 2) / sqrt(2 * pi),
            rule="differentiation",
            domain={_s: _RANGE, _z: _SIDES},
        ),
        Step(
            id="uncorrelated",
            text="... and b_0^2 its k0 at covariance 0. It depends on s, so that D has the factor b_0^2 of each row "
            "only where a row's variance is the same at all inputs.",
            left=as_written(lambda: (2 / sqrt(pi * (1 + 2 * _s))) ** 2),
            relation="=",
            right=erf_expressions(_s, _s, Rational(0))[1],
            rule="value",
            domain={_s: _RANGE},
            follows=("mean-slope",),
        ),
    )


def _derivation() -> Derivation:
    return Derivation(
        id="PATH",
        title="Path density bounds the energy of the labels",
        steps=(*_series(), *_order(), *_other_activations()),
    )


PATH = Statement(
    id="PATH",
    title="Path density bounds the energy of a linear teacher's labels",
    hypotheses=assumed(
        "ReLU, no biases; one masked hidden layer whose kernel is that of NTK-1 (several layers: NTK-L)",
        "K is the kernel of the hidden weights, or that plus a positive semidefinite one",
        "labels y = X beta; D_j > 0 wherever beta_j is not 0, or K is positive definite",
    ),
    conclusion=(
        r"With $D(v) = \int E[a^2|u]\,W(u,v)\,du$: $K_1 \succeq \frac{1}{4d} X\,\mathrm{diag}(D)\,X^\top$, and $y^\top "
        r"K^{-1} y \le 4d \sum_j \beta_j^2/D_j$ for $y = X\beta$. For every set $A$ of inputs $y^\top K^{-1} y \le "
        r"\bigl(\sqrt{4d \sum_A \beta_j^2/D_j} + \|X_{A^c}\beta\|/\sqrt{\lambda_{\min}}\bigr)^2$. In the "
        r"kernel that NTK-L states, of $L$ layers, $4^{-L}$ stands in place of $1/4$, and $D$ is the density of paths "
        r"through all layers, $W$ in the layer that trains and $V$ in the others."
    ),
    uses=("NTK-1",),
    source="[P26], path density; several layers with W and V, singular kernels, other activations: new",
    derive=_derivation,
)
