"""SF: steps of SynFlow amplify differences between units below a critical density."""

from __future__ import annotations

from sympy import Derivative, Integer, Integral, Rational, Subs, Symbol, erfc, exp, log, oo, pi, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.noise import Gaussian, Laplace, Uniform
from graphon_theory.notation import t
from graphon_theory.statements.hypothesis import assumed
from graphon_theory.statements.statement import Statement

_x, _s = Symbol("x", real=True), Symbol("s", positive=True)
_y, _z, _l = Symbol("y", positive=True), Symbol("z", positive=True), Symbol("lambda", positive=True)
_RANGE = (Rational(1, 8), 3)
_GOLDEN = (1 + sqrt(5)) / 2


def _derivation() -> Derivation:
    gaussian, uniform, laplace = Gaussian(), Uniform(), Laplace()
    gaussian_mass = sqrt(2 / pi) * exp(-(t**2) / 2)
    laplace_mass = (1 + t) * exp(-t)
    uniform_mass = (1 - t**2) / 2
    unit = (Rational(1, 8), Rational(7, 8))
    return Derivation(
        id="SF",
        title="Steps of SynFlow",
        steps=(
            Step(
                id="mass",
                text="The kept mass of a unit is m(t) = E[|xi|; |xi| >= t]. Gaussian weights:",
                left=Integral(_s * gaussian.density_expr(_s), (_s, t, oo)),
                relation="=",
                right=gaussian_mass,
                rule="integration",
                domain={t: _RANGE},
            ),
            Step(
                id="mass-laplace",
                text="Laplace weights:",
                left=Integral(_s * laplace.density_expr(_s), (_s, t, oo)),
                relation="=",
                right=laplace_mass,
                rule="integration by parts",
                domain={t: _RANGE},
            ),
            Step(
                id="mass-uniform",
                text="Uniform weights, t below the bound 1:",
                left=Integral(_s, (_s, t, 1)),
                relation="=",
                right=uniform_mass,
                rule="integration",
                domain={t: unit},
            ),
            Step(
                id="growth",
                text="A unit whose factor is e^x times the others' keeps |xi| >= t e^-x. The slope of log m there at "
                "x = 0 is t^2 q(t)/m(t), as m' = -t q: for Gaussian weights t^2.",
                left=Subs(Derivative(log(gaussian_mass.subs(t, t * exp(-_x))), _x), _x, 0),
                relation="=",
                right=t**2 * gaussian.density_expr(t) / gaussian_mass,
                rule="chain rule",
                domain={t: _RANGE},
            ),
            Step(
                id="gaussian",
                text="That is t^2: it is 1 at t = 1, density Q(1).",
                left=as_written(lambda: t**2 * gaussian.density_expr(t) / gaussian_mass),
                relation="=",
                right=t**2,
                rule="cancellation",
                domain={t: _RANGE},
            ),
            Step(
                id="laplace",
                text="Laplace weights: t^2/(1 + t).",
                left=Derivative(log(laplace_mass.subs(t, t * exp(-_x))), _x).doit().subs(_x, 0),
                relation="=",
                right=t**2 / (1 + t),
                rule="chain rule",
                domain={t: _RANGE},
            ),
            Step(
                id="laplace-critical",
                text="It is 1 where t^2 = 1 + t: at the golden ratio, density exp(-(1 + sqrt 5)/2) = 0.19829.",
                left=_GOLDEN**2 / (1 + _GOLDEN),
                relation="=",
                right=Integer(1),
                rule="quadratic equation",
            ),
            Step(
                id="uniform",
                text="Uniform weights: 2 t^2/(1 - t^2).",
                left=Derivative(log(uniform_mass.subs(t, t * exp(-_x))), _x).doit().subs(_x, 0),
                relation="=",
                right=2 * t**2 / (1 - t**2),
                rule="chain rule",
                domain={t: unit},
            ),
            Step(
                id="uniform-critical",
                text="It is 1 at t = 1/sqrt 3, density 1 - 1/sqrt 3.",
                left=Subs(uniform.survival_expr(t), t, 1 / sqrt(3)),
                relation="=",
                right=1 - 1 / sqrt(3),
                rule="substitution",
            ),
            *(
                Step(
                    id=f"enclosed-{name}",
                    text=f"Critical density of {name} weights, enclosed: {'above' if side == '>' else 'below'}",
                    left=value,
                    relation=side,
                    right=bound,
                    rule="ball arithmetic",
                )
                for name, value, side, bound in (
                    ("gaussian-low", erfc(1 / sqrt(2)), ">", Rational(31731, 100000)),
                    ("gaussian-high", erfc(1 / sqrt(2)), "<", Rational(31732, 100000)),
                    ("uniform-low", 1 - 1 / sqrt(3), ">", Rational(42264, 100000)),
                    ("uniform-high", 1 - 1 / sqrt(3), "<", Rational(42265, 100000)),
                    ("laplace-low", exp(-_GOLDEN), ">", Rational(19828, 100000)),
                    ("laplace-high", exp(-_GOLDEN), "<", Rational(19829, 100000)),
                )
            ),
            Step(
                id="monotone",
                text="The growth rises in t, so that it is above 1 at every density below the critical one: Laplace.",
                left=Derivative(t**2 / (1 + t), t),
                relation=">",
                right=Integer(0),
                rule="quotient rule",
                domain={t: _RANGE},
            ),
            Step(
                id="monotone-uniform",
                text="Likewise uniform (Gaussian: t^2).",
                left=Derivative(2 * t**2 / (1 - t**2), t),
                relation=">",
                right=Integer(0),
                rule="quotient rule",
                domain={t: unit},
            ),
            Step(
                id="feedback",
                text="A unit's outer factor x moves its kept mass of incoming weights, which is its inner factor y, "
                "and y moves the kept mass of outgoing weights, the next x: with noise z of order n^(-1/2) in both, "
                "x = z + lambda (z + lambda x) has the solution z/(1 - lambda), finite for lambda < 1.",
                left=_z + _l * (_z + _l * _z / (1 - _l)),
                relation="=",
                right=_z / (1 - _l),
                rule="fixed point",
                domain={_z: _RANGE, _l: unit},
            ),
            Step(
                id="others",
                text="In a wide homogeneous network one unit moves the level and the factors of the units of other "
                "layers by O(1/n) of its own move, so that the step acts on each unit by itself.",
                source="law of large numbers over the other units",
            ),
        ),
    )


SF = Statement(
    id="SF",
    title="Iterative SynFlow is unstable below a critical density",
    hypotheses=assumed(
        "a chain of wide linear layers, weights iid symmetric with a density, all path sums alike up to O(n^(-1/2))",
        "no layer next to few outputs",
    ),
    conclusion=(
        r"One step at level $t$ multiplies a small relative perturbation of a unit's factor by "
        r"$\lambda = t^2 q(t)/\mathbb{E}[|\xi|; |\xi| \ge t]$. $\lambda > 1$ below the density $Q(1) = 0.3173$ "
        r"(Gaussian), $1 - 3^{-1/2} = 0.4226$ (uniform), $e^{-(1+\sqrt 5)/2} = 0.1983$ (Laplace): there steps blow up "
        r"the $n^{-1/2}$ differences of the units until rows are empty. Above, the share of empty rows tends to 0 with "
        r"the width."
    ),
    uses=("THR", "SYN"),
    source="new",
    derive=_derivation,
)
