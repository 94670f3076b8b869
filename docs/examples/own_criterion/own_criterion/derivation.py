"""Why EQUAL-SHARES holds: from the law of the scores to the share of every layer, and why plain magnitude differs."""

from __future__ import annotations

from sympy import Abs, Derivative, Integral, Rational, Subs, Symbol, oo, sqrt

from graphon_theory.derivation import Derivation, Step, as_written
from graphon_theory.noise import Gaussian, NoiseLaw
from graphon_theory.notation import rho, t, tau
from verification.networks import initial_noise

_xi = Symbol("xi", real=True)
_m, _M, _N, _q = (Symbol(name, positive=True) for name in ("m", "M", "N", "q"))
_FANS = {_m: (1, 64)}
_LEVELS = {tau: (Rational(1, 10), Rational(9, 10))}
_SHARES = {rho: (Rational(1, 10), Rational(9, 10))}


def equal_shares() -> Derivation:
    """Derive the share of every layer, for both laws of the weights that the suite draws."""
    return Derivation(
        id="EQUAL-SHARES",
        title="Equal shares under the scaled magnitude",
        steps=(
            Step(
                id="units",
                text="A weight of a layer with fan-in m is xi/sqrt(m), xi of one law for all layers: times sqrt(m) its "
                "modulus is |xi|, whatever the layer.",
                left=as_written(lambda: Abs(_xi / sqrt(_m)) * sqrt(_m)),
                relation="=",
                right=Abs(_xi),
                rule="cancellation",
                domain={_xi: (-3, 3), **_FANS},
            ),
            *_law_steps("gaussian", initial_noise("gaussian")),
            *_law_steps("uniform", initial_noise("uniform")),
            Step(
                id="layers",
                text="So the share q of one layer of N weights is that of another of M, and of both together: the "
                "threshold of the whole network is that of each of its layers.",
                left=(_N * _q + _M * _q) / (_N + _M),
                relation="=",
                right=_q,
                rule="mean of equal shares",
                domain={_N: (1, 100), _M: (1, 100), _q: (0, 1)},
            ),
            Step(
                id="plain-magnitude",
                text="Without the factor the share is Q(tau sqrt(m)), which falls with the fan-in: layers of different "
                "fan-in keep different shares.",
                left=Derivative(Gaussian().survival_expr(tau * sqrt(_m)), _m),
                relation="<",
                right=Rational(0),
                rule="chain rule",
                domain={**_LEVELS, **_FANS},
            ),
        ),
    )


def _law_steps(name: str, law: NoiseLaw) -> tuple[Step, Step]:
    """Share above a threshold, and the threshold of a share; the uniform law up to its bound 1."""
    end = oo if name == "gaussian" else 1
    return (
        Step(
            id=f"{name}-share",
            text=f"For {name} weights the expected share above tau is Q(tau), the mass of |xi| from tau on.",
            left=Integral(law.density_expr(t), (t, tau, end)),
            relation="=",
            right=law.survival_expr(tau),
            rule="integration",
            domain=_LEVELS,
            follows=("units",),
        ),
        Step(
            id=f"{name}-threshold",
            text="At tau = Q^-1(rho) it is rho.",
            left=Subs(law.survival_expr(tau), tau, law.inverse_expr(rho)),
            relation="=",
            right=rho,
            rule="inverse function",
            domain=_SHARES,
            follows=(f"{name}-share",),
        ),
    )
