"""GRASP: for squared loss and piecewise-linear activations GraSP by modulus is SNIP with K r for r."""

from __future__ import annotations

from sympy import Derivative, Expr, Function, Matrix, Rational, Subs, Symbol, erfc, pi, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.noise import Gaussian
from graphon_theory.notation import tau
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_w, _x, _y, _a, _b = (Symbol(name, real=True) for name in ("w", "x", "y", "a", "b"))
_k, _c, _m, _mu, _z = (Symbol(name, real=True) for name in ("k", "c", "m", "mu", "z"))
_h, _scale, _d = Symbol("h", positive=True), Symbol("s", positive=True), Symbol("d", positive=True)
_BATCH = 2
_WEIGHTS = 3


def _hessian_gradient() -> tuple[Expr, Expr]:
    """First entry of H g for outputs linear in the weights (two samples, three weights), and of J^T K r/S."""
    weights = Matrix([Symbol(f"w_{q}", real=True) for q in range(_WEIGHTS)])
    jacobian = Matrix(_BATCH, _WEIGHTS, lambda s, q: Symbol(f"J_{s}{q}", real=True))
    offsets = Matrix([Symbol(f"c_{s}", real=True) for s in range(_BATCH)])
    residuals = jacobian * weights + offsets
    loss = (residuals.T * residuals)[0] / (2 * _BATCH)
    gradient = [Derivative(loss, weight).doit() for weight in weights]
    product = sum(
        (Derivative(loss, weights[0], weights[q]).doit() * gradient[q] for q in range(_WEIGHTS)), start=Rational(0)
    )
    kernel = jacobian * jacobian.T / _BATCH
    return product, (jacobian.T * kernel * residuals)[0] / _BATCH


def _derivation() -> Derivation:
    sigma, output = Function("sigma"), Function("F")
    neuron = _a * sigma(_w * _x + _b)
    argument = _w * _x + _b
    slope = Derivative(sigma(_z), _z).subs(_z, argument)
    bend = Derivative(sigma(_z), _z, _z).subs(_z, argument)
    gaussian = Gaussian()
    product, formula = _hessian_gradient()
    return Derivation(
        id="GRASP",
        title="GraSP by modulus",
        steps=(
            Step(
                id="linear",
                text="On a linear piece, sigma(z) = k z + c, an output is linear in one layer's weights: its second "
                "derivative vanishes.",
                left=Derivative(_a * (_k * argument + _c), (_w, 2)),
                relation="=",
                right=Rational(0),
                rule="differentiation",
            ),
            Step(
                id="hessian-gradient",
                text="For outputs linear in the weights, of Jacobian J, the loss |r|^2/(2 S) has H g = J^T K r/S with "
                "K = J J^T/S: here the first entry, for two samples and three weights.",
                left=product,
                relation="=",
                right=formula,
                rule="H = J^T J/S and g = J^T r/S",
                follows=("linear",),
            ),
            Step(
                id="gradient",
                text="One row of J: a sigma'(z) x. So (H g)_ij = S^-1 sum_s a_i (K r)_s sigma'(z_is) x_sj.",
                left=Derivative(neuron, _w),
                relation="=",
                right=_a * slope * _x,
                rule="chain rule",
            ),
            Step(
                id="centred",
                text="The centred loss (F - F_0 - y)^2/2, F_0 the output itself held constant (c below), is at F_0 = F "
                "the loss of residual -y on the true network: its second derivative is F'^2 - y F''.",
                left=Subs(Derivative((output(_w) - _c - _y) ** 2 / 2, (_w, 2)), _c, output(_w)),
                relation="=",
                right=Derivative(output(_w), _w) ** 2 - _y * Derivative(output(_w), (_w, 2)),
                rule="product rule",
            ),
            Step(
                id="curvature",
                text="A smooth sigma adds r a sigma''(z) x^2 to the Hessian of one sample: hence to (H g)_ij the term "
                "a_i S^-1 sum_s r_s sigma''(z_is) <x_s, g_i> x_sj, which the formula leaves out.",
                left=Derivative((neuron - _y) ** 2 / 2, (_w, 2)),
                relation="=",
                right=(_a * slope * _x) ** 2 + (neuron - _y) * _a * bend * _x**2,
                rule="product rule",
            ),
            Step(
                id="scale",
                text="Factors shared by the layer move the threshold, not the mask (THR): K may be rescaled.",
                left=as_written(lambda: gaussian.survival_expr(_scale * tau / (_scale * _h))),
                relation="=",
                right=gaussian.survival_expr(tau / _h),
                rule="scale invariance",
                domain={_scale: (Rational(1, 10), 3), tau: (Rational(1, 10), 3), _h: (Rational(1, 10), 3)},
            ),
            Step(
                id="own-share",
                text="For ReLU a weight moves sigma' of its own unit: E[sigma'(m + Z)] = erfc(-m/sqrt 2)/2 has slope "
                "x/sqrt(2 pi d) in w at 0. So w_ij moves h_ij by w |a| times the batch mean of K r, not of r, "
                "times E[x^2]/sqrt(2 pi d).",
                left=_mu * Subs(Derivative(erfc(-_w * _x / sqrt(2 * _d)) / 2, _w), _w, 0),
                relation="=",
                right=_mu * _x / sqrt(2 * pi * _d),
                rule="differentiation",
                domain={_mu: (-1, 1), _x: (-2, 2), _d: (1, 100)},
            ),
            Step(
                id="one-unit",
                text="Through K a weight moves the part of its own unit alone, one of n terms of equal order.",
                source="leave-one-out argument, as for universality: Chatterjee (2006), A generalization of the "
                "Lindeberg principle",
            ),
        ),
    )


GRASP = Statement(
    id="GRASP",
    title="GraSP by modulus is SNIP with K r in the place of r",
    hypotheses=assumed(
        "squared loss, one hidden layer, piecewise-linear activation",
        "gradient and Hessian in the hidden weights alone",
        "for the mask: the batch mean of K r is 0, or a weight's own share fades because inputs are correlated",
        "for the mask: weights iid symmetric without atoms; no single input carries the preactivation",
    ),
    conclusion=(
        r"$H g = J^\top K r / S$ with $K = J J^\top / S$, exactly, so that $|w_{ij} (Hg)_{ij}| = |w_{ij}|\,|h_{ij}|$ "
        r"with $h_{ij} = a_i S^{-1} \sum_s (K r)_s \sigma'(z_{is}) x_{sj}$; and the mask is as close to "
        r"$Q(\tau/|h_{ij}|)$ in cut norm as a mask sampled from it, as $n, d \to \infty$."
    ),
    uses=("THR", "LIM-a"),
    source="new; the magnitude variant of GraSP is that of [P26]",
    derive=_derivation,
)
