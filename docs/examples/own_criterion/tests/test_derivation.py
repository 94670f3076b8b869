"""The derivation proves each of its steps, and would not have proved false ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from own_criterion.derivation import equal_shares
from sympy import Rational, sqrt

from graphon_theory.derivation import Evidence, evaluate
from graphon_theory.noise import Gaussian
from graphon_theory.notation import rho, tau


def test_every_step_is_proved():
    assert [r.evidence for r in equal_shares().run().results] == [Evidence.PROVED] * len(equal_shares().steps)


@pytest.mark.parametrize(
    ("step", "false"),
    [
        ("gaussian-share", Gaussian().survival_expr(tau) / 2),  # one tail for two
        ("gaussian-threshold", Rational(21, 20) * rho),  # a share 5 % larger
        ("uniform-threshold", rho / sqrt(3)),  # plain magnitude's threshold
        ("uniform-share", Gaussian().survival_expr(tau)),  # the other law
    ],
)
def test_a_false_step_is_contradicted(step, false):
    (true,) = (known for known in equal_shares().steps if known.id == step)
    assert evaluate(replace(true, right=false)).evidence is Evidence.CONTRADICTED
