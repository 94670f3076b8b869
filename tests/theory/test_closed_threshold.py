"""Step profiles: the closed form solves the equation, and agrees with the finite solver on the same steps."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from sympy import Piecewise, Rational

from graphon_theory import Laplace, SaliencyModel, Uniform
from graphon_theory.closed_threshold import step_law
from graphon_theory.notation import u, v
from graphon_theory.threshold import finite_threshold

STEPS = Piecewise((1, u < Rational(1, 4)), (2, u < Rational(3, 4)), (Rational(1, 2), True))
HALF = Piecewise((0, v < Rational(1, 2)), (3, True))


@pytest.mark.parametrize("noise", [Laplace(), Laplace(0.7), Uniform(), Uniform(2.0)], ids=repr)
@pytest.mark.parametrize("rho", [0.05, 0.3, 0.45, 0.8])
def test_three_steps(noise: Laplace | Uniform, rho: float) -> None:
    threshold = SaliencyModel(g=STEPS, noise=noise).threshold(rho)
    assert threshold.exact is not None
    tau = float(threshold.exact.evalf(20))
    assert threshold.value == pytest.approx(tau, rel=1e-9)
    kept = sum(p * float(noise.survival(np.array([tau / h]))[0]) for h, p in ((1, 0.25), (2, 0.5), (0.5, 0.25)))
    assert kept == pytest.approx(rho, rel=1e-12)
    assert finite_threshold(np.array([1.0, 2.0, 2.0, 0.5]), noise, rho) == pytest.approx(tau, rel=1e-11)


def test_a_step_that_is_never_kept() -> None:
    threshold = SaliencyModel(f=HALF, noise=Laplace()).threshold(0.2)
    assert sympy.simplify(threshold.exact - 3 * sympy.log(Rational(5, 2))) == 0
    assert threshold.value == pytest.approx(3 * math.log(2.5), rel=1e-9)


def test_what_is_no_step_profile_is_not_read_as_one() -> None:
    assert step_law(1 + u, u) is None
    assert step_law(Piecewise((u, u < Rational(1, 2)), (1, True)), u) is None
    assert step_law(2 * STEPS, u) == (
        (2, Rational(1, 4)),
        (4, Rational(1, 2)),
        (1, Rational(1, 4)),
    )
