"""The numbers that NTK-c, NTK-1 and NTK-L state, found a second way."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import numpy as np
import pytest
from sympy import Symbol

from graphon_theory.derivation import Derivation, Evidence
from graphon_theory.kernels.relu import relu_expressions
from graphon_theory.noise import Gaussian, Uniform
from graphon_theory.statements import STATEMENTS
from graphon_theory.statements.ntk_c import NTK_C


@pytest.mark.parametrize("density", [0.03, 0.1, 0.5])
def test_the_energy_of_magnitude_is_the_integral_it_claims_to_be(density: float) -> None:
    with mpmath.workdps(30):
        level = mpmath.sqrt(2) * mpmath.erfinv(1 - mpmath.mpf(density))
        gaussian = mpmath.quad(lambda s: s**2 * 2 * mpmath.npdf(s), [level, level + 2, mpmath.inf])
        uniform = 3 * mpmath.quad(lambda s: s**2, [1 - density, 1])
    found = [
        float(law.truncated_moment(np.array(law.inverse(density)))) / law.variance for law in (Gaussian(), Uniform())
    ]
    assert found[0] == pytest.approx(float(gaussian), rel=1e-12)
    assert found[1] == pytest.approx(float(uniform), rel=1e-12)
    assert found[1] == pytest.approx(1 - (1 - density) ** 3, rel=1e-12)


def test_a_wrong_exponent_would_be_contradicted() -> None:
    step = next(step for step in NTK_C.derive().steps if step.id == "hidden")
    assert step.right is not None
    wrong = replace(step, right=step.right * Symbol("V", positive=True), follows=())
    result = Derivation(id="wrong", title="wrong", steps=(wrong,)).run()
    assert result.results[0].evidence is Evidence.CONTRADICTED


def test_homogeneity_against_simulation_free_quadrature() -> None:
    """k1 at V times the covariances is V k1, by a double integral over an angle that knows nothing of the formula."""
    energy, s11, s22, s12 = 0.44, 1.3, 0.8, 0.5

    def by_angle(a: float, b: float, c: float) -> mpmath.mpf:
        # z = sqrt(a) r cos(phi), z' = sqrt(b) r cos(phi - theta); E r^2 = 2.
        theta = mpmath.acos(c / mpmath.sqrt(a * b))
        arc = mpmath.quad(lambda p: mpmath.cos(p) * mpmath.cos(p - theta), [theta - mpmath.pi / 2, mpmath.pi / 2])
        return mpmath.sqrt(a * b) * arc / mpmath.pi

    stated = relu_expressions(*(mpmath.mpf(x) for x in (s11, s22, s12)))[0]
    scaled = by_angle(energy * s11, energy * s22, energy * s12)
    assert float(scaled) == pytest.approx(energy * float(stated), rel=1e-12)


def test_hypotheses_name_what_kept_weights_need() -> None:
    for name in ("NTK-1", "NTK-L"):
        assert any("kept" in hypothesis.text for hypothesis in STATEMENTS[name].hypotheses)
    assert any(
        "other inputs than those that pruned" in hypothesis.text for hypothesis in STATEMENTS["NTK-1"].hypotheses
    )
