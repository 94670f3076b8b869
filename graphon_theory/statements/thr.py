"""THR: the threshold of a given density exists, and the limit graphon is unique."""

from __future__ import annotations

from sympy import Derivative, Expr, Integral, Limit, Rational, Symbol, log, oo

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.noise import Gaussian, Laplace, NoiseLaw, Uniform
from graphon_theory.notation import t, tau, u
from graphon_theory.statements.hypothesis import REACHABLE_DENSITY, SYMMETRIC_NOISE, assumed
from graphon_theory.statements.statement import Statement

_h = Symbol("h", positive=True)
_c = Symbol("c", positive=True)
_POSITIVE = (Rational(1, 10), 3)


def _law_steps(law: NoiseLaw, *, below: Expr | int) -> list[Step]:
    """Q falls from 1 to 0 with slope -q, on the support of the law."""
    name = law.name
    survival, density = law.survival_expr(t), law.density_expr(t)
    interior = {t: (Rational(1, 10), below)}
    if name == "uniform":
        # On (0, b) the maximum and the case distinction of the law are decided.
        survival, density = 1 - t, Rational(1)
    return [
        Step(
            id=f"{name}-slope",
            text=f"The survival function of the {name} law has slope -q.",
            left=Derivative(survival, t),
            relation="=",
            right=-density,
            rule="differentiation",
            assumptions=("t inside the support",),
            domain=interior,
        ),
        Step(
            id=f"{name}-mass",
            text=f"The density of the modulus of the {name} law has mass 1, so Q(0) = 1 and Q falls to 0.",
            left=Integral(density, (t, 0, 1 if name == "uniform" else oo)),
            relation="=",
            right=Rational(1),
            rule="integration",
        ),
    ]


def _decreasing(law: NoiseLaw) -> Step:
    return Step(
        id=f"{law.name}-decreasing",
        text=f"For the {law.name} law each kept probability falls strictly in tau: no gap, so tau is unique.",
        left=Derivative(law.survival_expr(tau / _h), tau),
        relation="<",
        right=Rational(0),
        rule="chain rule and positivity of the density",
        assumptions=("h > 0",),
        domain={tau: _POSITIVE, _h: _POSITIVE},
    )


def _derivation() -> Derivation:
    gaussian, laplace, uniform = Gaussian(), Laplace(), Uniform()
    steps = [
        *_law_steps(gaussian, below=4),
        *_law_steps(laplace, below=4),
        *_law_steps(uniform, below=Rational(9, 10)),
        _decreasing(gaussian),
        _decreasing(laplace),
        Step(
            id="start",
            text="As tau falls to 0 every entry with h > 0 is kept: N(0+) = P(h > 0).",
            left=Limit(gaussian.survival_expr(tau / _h), tau, 0),
            relation="=",
            right=Rational(1),
            rule="limit",
        ),
        Step(
            id="end",
            text="As tau grows every entry is dropped: N(oo) = 0.",
            left=Limit(gaussian.survival_expr(tau / _h), tau, oo),
            relation="=",
            right=Rational(0),
            rule="limit",
        ),
        Step(
            id="continuity",
            text="Q is continuous and bounded by 1, so N(tau) = double integral of Q(tau/|h|) is continuous; "
            "a continuous function takes every value between P(h != 0) and 0.",
            source="dominated convergence and the intermediate value theorem",
        ),
        Step(
            id="scale",
            text="Multiplying the profile by c multiplies the threshold by c and leaves the graphon alone.",
            left=as_written(lambda: gaussian.survival_expr(_c * tau / (_c * _h))),
            relation="=",
            right=gaussian.survival_expr(tau / _h),
            rule="cancellation",
            domain={_c: _POSITIVE, tau: _POSITIVE, _h: _POSITIVE},
        ),
        Step(
            id="constant-laplace",
            text="A constant profile h = 1 has the threshold Q^-1(rho): for Laplace noise -log(rho).",
            left=as_written(lambda: laplace.survival_expr(laplace.inverse_expr(u))),
            relation="=",
            right=u,
            rule="inverse function",
            domain={u: (Rational(1, 100), Rational(99, 100))},
        ),
        Step(
            id="constant-gaussian",
            text="For Gaussian noise the threshold of a constant profile is sqrt(2) erfinv(1 - rho).",
            left=as_written(lambda: gaussian.survival_expr(gaussian.inverse_expr(u))),
            relation="=",
            right=u,
            rule="inverse function",
            domain={u: (Rational(1, 100), Rational(99, 100))},
        ),
        Step(
            id="ramp-uniform",
            text="Uniform noise and h(u, v) = u: N(tau) = 1 - tau + tau log(tau), for tau in (0, 1).",
            left=Integral(1 - tau / u, (u, tau, 1)),
            relation="=",
            right=1 - tau + tau * log(tau),
            rule="integration over the neurons with u > tau",
            domain={tau: (Rational(1, 10), Rational(9, 10))},
        ),
    ]
    return Derivation(id="THR", title="The threshold of a given density", steps=tuple(steps))


THR = Statement(
    id="THR",
    title="The threshold exists and the limit graphon is unique",
    hypotheses=(SYMMETRIC_NOISE, REACHABLE_DENSITY, *assumed("h is measurable")),
    conclusion=(
        r"There is a unique graphon $W = Q(\tau/|h|)$ (0 where $h = 0$) with $\iint W = \rho$; $\tau$ itself is "
        r"unique if the law of $|\xi|$ has no gap; $h \mapsto c h$ gives $c \tau$ and the same $W$."
    ),
    uses=(),
    source="[P26], with exact hypotheses",
    derive=_derivation,
)
