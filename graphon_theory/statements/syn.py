"""SYN: one-shot SynFlow is a rank-one saliency model in every layer, with factors from the other layers."""

from __future__ import annotations

from sympy import Derivative, Integral, Rational, Symbol, exp, oo, pi, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.noise import Gaussian, Laplace
from graphon_theory.notation import tau
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_w, _x = Symbol("w", positive=True), Symbol("x", positive=True)
_r, _s = Symbol("r", positive=True), Symbol("s", positive=True)
_c, _e = Symbol("c", positive=True), Symbol("e", positive=True)
_a, _b, _k, _n = (Symbol(name, positive=True) for name in ("a", "b", "k", "n"))
_RANGE = (Rational(1, 4), 2)


def _derivation() -> Derivation:
    gaussian, laplace = Gaussian(), Laplace()
    return Derivation(
        id="SYN",
        title="SynFlow in one shot",
        steps=(
            Step(
                id="score",
                text="R = 1' |W_L| ... |W_1| 1 is affine in each |w_ij|: R = |w| r_i c_j + rest, with r_i the paths "
                "from row i on and c_j those into column j, neither through w's layer. So |w| dR/d|w| = |w| r_i c_j.",
                left=_w * Derivative(_w * _r * _c + _s, _w),
                relation="=",
                right=_w * _r * _c,
                rule="product rule",
                domain={_w: _RANGE, _r: _RANGE, _c: _RANGE, _s: _RANGE},
            ),
            Step(
                id="one-hidden",
                text="With one hidden layer r_i = |a_i| and c_j = 1: the kept probability rises strictly with |a|, so "
                "the graphon is not constant in u, though no data enter.",
                left=Derivative(gaussian.survival_expr(tau / _a), _a),
                relation=">",
                right=Rational(0),
                rule="chain rule",
                domain={tau: _RANGE, _a: _RANGE},
            ),
            Step(
                id="scale",
                text="A factor shared by the layer moves the threshold, not the mask.",
                left=as_written(lambda: gaussian.survival_expr(_b * tau / (_b * _a))),
                relation="=",
                right=gaussian.survival_expr(tau / _a),
                rule="scale invariance",
                domain={tau: _RANGE, _a: _RANGE, _b: _RANGE},
            ),
            Step(
                id="independent",
                text="r and c are functions of the other layers' weights, so given them the layer's own weights are "
                "still iid: the hypotheses of THR and LIM-a hold at every width.",
                source="independence of the layers at initialisation",
            ),
            Step(
                id="concentration",
                text="r_i = sum_k |w_ki| b_k with b the factors of the next layer: its relative variance is "
                "(E[xi^2]/E[|xi|]^2 - 1) sum b^2/(sum b)^2. For k equal b and Gaussian weights it is (pi/2 - 1)/k: "
                "mean of |xi| ...",
                left=Integral(_x * sqrt(2 / pi) * exp(-(_x**2) / 2), (_x, 0, oo)),
                relation="=",
                right=sqrt(2 / pi),
                rule="integration",
            ),
            Step(
                id="concentration-gaussian",
                text="... and with it the relative variance, at k rows of the next layer.",
                left=(_k * _b**2 * (1 - 2 / pi)) / (_k * _b * sqrt(2 / pi)) ** 2,
                relation="=",
                right=(pi / 2 - 1) / _k,
                rule="variance of a sum",
                domain={_b: _RANGE, _k: (1, 64)},
            ),
            Step(
                id="alike",
                text="By Cauchy and Schwarz no b do better than equal ones: for two, sum b^2/(sum b)^2 is at least 1/2."
                " A layer that feeds few outputs has few b, and stays heterogeneous.",
                left=(_a**2 + _b**2) / (_a + _b) ** 2,
                relation=">=",
                right=Rational(1, 2),
                rule="Cauchy-Schwarz",
                domain={_a: _RANGE, _b: _RANGE},
            ),
            Step(
                id="smooth",
                text="The kept probability is Lipschitz in the logarithm of the factors: its slope there is t q(t), at "
                "most 1/e for Laplace weights. So an n^(-1/2) spread of the factors moves the mask's prediction by "
                "O(n^(-1/2)).",
                left=tau * laplace.density_expr(tau),
                relation="<=",
                right=exp(-1),
                rule="maximum of t exp(-t)",
                domain={tau: (0, 20)},
            ),
        ),
    )


SYN = Statement(
    id="SYN",
    title="SynFlow in one shot is a rank-one saliency model",
    hypotheses=assumed(
        "a chain of linear layers, elementwise activations, no biases",
        "the layer's weights are iid, symmetric without atoms, and independent of the other layers",
        "each layer is cut at its own threshold",
    ),
    conclusion=(
        r"The score of a layer is $|w_{ij}|\,r_i\,c_j$ with $r, c$ the path sums of $|W|$ through the other layers: "
        r"a rank-one model with known factors, exact at every width. One hidden layer: $g = |a|$, $f$ constant. "
        r"Where the layers behind and before are wide, $r$ and $c$ have a relative spread of order $n^{-1/2}$ and the "
        r"graphon tends to a constant; above a layer with few outputs $r$ stays spread."
    ),
    uses=("THR", "LIM-a"),
    source="score: Tanaka et al. (2020); model: new",
    derive=_derivation,
)
