"""NULL: the cut distance of a homogeneous mask to its density, asymptotically."""

from __future__ import annotations

from sympy import Integral, Rational, Symbol, erfc, exp, oo, pi, sqrt

from graphon_theory.derivation import Derivation, Step
from graphon_theory.statements.hypothesis import CONSTANT_PROFILE, SYMMETRIC_NOISE, TOP_K, assumed
from graphon_theory.statements.statement import Statement

_z, _x = Symbol("z", real=True), Symbol("x", real=True)
_s, _t = Symbol("s", nonnegative=True), Symbol("t", nonnegative=True)
_p, _q = Symbol("p", nonnegative=True), Symbol("q", nonnegative=True)
_alpha, _beta, _n, _d = (Symbol(name, positive=True) for name in ("alpha", "beta", "n", "d"))
_f, _g = Symbol("phi_alpha", positive=True), Symbol("phi_beta", positive=True)
_UNIT = (Rational(1, 100), 1)
_SIZES = {_n: (1, 100), _d: (1, 100)}


def _derivation() -> Derivation:
    normal = exp(-(_x**2) / 2) / sqrt(2 * pi)
    a, b = _s + _p, _t + _q  # sizes of the sets: the common part plus the rest
    constant = 2 * sqrt(erfc(_z / sqrt(2)) / 2) * exp(-(_z**2) / 2) / sqrt(2 * pi)
    return Derivation(
        id="NULL",
        title="Cut distance of a homogeneous mask",
        steps=(
            Step(
                id="universality",
                text="The largest block sum of independent centred entries of variance sigma^2 is asymptotically that "
                "of a Gaussian matrix; fixing the total number of entries shifts no block by more than its own order.",
                source="Chatterjee (2006), A generalization of the Lindeberg principle",
            ),
            Step(
                id="increments",
                text="Blocks S x T and S' x T' of equal sizes a, b that share s rows and t columns: the block sums' "
                "increments are 2(ab - st); those of sqrt(b) sum_S g + sqrt(a) sum_T h are 2b(a - s) + 2a(b - t), "
                "larger by 2(a - s)(b - t).",
                left=2 * b * (a - _s) + 2 * a * (b - _t) - 2 * (a * b - _s * _t),
                relation="=",
                right=2 * _p * _q,
                rule="expansion with a = s + p and b = t + q",
                domain={_s: (0, 5), _t: (0, 5), _p: (0, 5), _q: (0, 5)},
            ),
            Step(
                id="order",
                text="So the second process has the larger increments.",
                left=2 * _p * _q,
                relation=">=",
                right=Rational(0),
                rule="positivity",
                domain={_p: (0, 5), _q: (0, 5)},
            ),
            Step(
                id="comparison",
                text="A Gaussian process with the larger increments has the larger expected maximum.",
                source="Sudakov-Fernique inequality: Vershynin, High-Dimensional Probability (2018), section 7.2",
            ),
            Step(
                id="largest",
                text="The alpha n largest of n standard normals have the mean sum n phi(z_alpha).",
                left=Integral(_x * normal, (_x, _z, oo)),
                relation="=",
                right=normal.subs(_x, _z),
                rule="integration",
                domain={_z: (-3, 3)},
            ),
            Step(
                id="scale",
                text="Both parts over nd, with a = alpha n rows and b = beta d columns.",
                left=(sqrt(_beta * _d) * _n * _f + sqrt(_alpha * _n) * _d * _g) / (_n * _d),
                relation="=",
                right=sqrt(_beta) * _f / sqrt(_d) + sqrt(_alpha) * _g / sqrt(_n),
                rule="cancellation",
                domain=_SIZES | {_alpha: _UNIT, _beta: _UNIT, _f: _UNIT, _g: _UNIT},
            ),
            Step(
                id="square-above",
                text="For n = d and alpha = beta the factor of sigma/sqrt n is at most 0.6005 ...",
                left=constant,
                relation="<=",
                right=Rational(6005, 10000),
                rule="enclosure over z in [-4, 4], outside of which it is below 0.1",
                domain={_z: (-4, 4)},
            ),
            Step(
                id="square-below",
                text="... and at least 0.5995 near its maximum.",
                left=constant,
                relation=">=",
                right=Rational(5995, 10000),
                rule="enclosure near z = -0.306",
                domain={_z: (Rational(-31, 100), Rational(-30, 100))},
            ),
        ),
    )


NULL = Statement(
    id="NULL",
    title="Cut distance of a homogeneous mask to its density",
    hypotheses=(SYMMETRIC_NOISE, CONSTANT_PROFILE, TOP_K, *assumed("n and d grow with n/d bounded from both sides")),
    conclusion=(
        r"$\|M - \rho\|_\square \sim \sigma \max_{\alpha,\beta} \big[\sqrt\beta\,\varphi(z_\alpha)/\sqrt d + "
        r"\sqrt\alpha\,\varphi(z_\beta)/\sqrt n\big]$ with $\sigma^2 = \rho(1-\rho)$: $0.600\,\sigma/\sqrt n$ if "
        r"$n = d$. The derivation shows the upper bound; that it is attained is measured."
    ),
    uses=("LIM-a",),
    source="derived here",
    derive=_derivation,
)
