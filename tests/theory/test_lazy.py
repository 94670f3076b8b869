"""The scaling argument of LAZY, found a second way: by exact increments of drawn neurons."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from graphon_theory.derivation import Derivation, Evidence
from graphon_theory.statements.grasp_d import GRASP_D
from graphon_theory.statements.lazy import LAZY

Array = npt.NDArray[np.float64]


def _left(n: int, activation: str, rng: np.random.Generator, pull: float) -> float:
    """Increment of ``n^(-1/2) sum a sigma(z)`` beyond its linear part, after one step on one other sample."""
    a, noise, other = rng.standard_normal((3, n))
    z, y = noise + pull * a, other + pull * a

    def sigma(t: Array) -> Array:
        return np.tanh(t) if activation == "tanh" else np.maximum(t, 0.0)

    def slope(t: Array) -> Array:
        return 1.0 - np.tanh(t) ** 2 if activation == "tanh" else (t > 0).astype(np.float64)

    da, dz = sigma(y) / math.sqrt(n), a * slope(y) / math.sqrt(n)
    increment = (a + da) * sigma(z + dz) - (a + da) * sigma(z) - a * slope(z) * dz
    return float(increment.sum()) / math.sqrt(n)


@pytest.mark.parametrize(
    ("activation", "pull", "exponent"),
    [("tanh", 0.0, -1.0), ("relu", 0.0, -0.75), ("tanh", 1.0, -0.5), ("relu", 1.0, -0.5)],
)
def test_exponents_of_the_increment(activation: str, pull: float, exponent: float) -> None:
    rng = np.random.default_rng(8)
    # ReLU also leaves da times the change of sigma, of order 1/n: begin where that is small.
    widths, draws = (2048, 32768), 100
    sizes = [math.sqrt(np.mean([_left(n, activation, rng, pull) ** 2 for _ in range(draws)])) for n in widths]
    found = math.log(sizes[1] / sizes[0]) / math.log(widths[1] / widths[0])
    # 100 draws leave 0.04 of the exponent, lower orders less than 0.04.
    assert found == pytest.approx(exponent, abs=0.14)


def test_at_its_own_sample_relu_keeps_the_order_of_the_bound() -> None:
    """A neuron moved by the sample at which it is read: means of a and -a do not cancel, for ReLU alone."""
    rng = np.random.default_rng(10)
    n, draws = 4096, 200
    means = {}
    for activation in ("relu", "tanh"):
        lefts = []
        for _ in range(draws):
            a, z = rng.standard_normal((2, n))
            slope = (z > 0).astype(np.float64) if activation == "relu" else 1.0 - np.tanh(z) ** 2
            after, before = (
                np.maximum(t, 0.0) if activation == "relu" else np.tanh(t) for t in (z + a * slope / math.sqrt(n), z)
            )
            lefts.append(float((a * (after - before - slope * a * slope / math.sqrt(n))).sum()) / math.sqrt(n))
        means[activation] = (math.sqrt(n) * np.mean(lefts), math.sqrt(n) * np.std(lefts) / math.sqrt(draws))
    # Only a < 0 crosses, from above: -E[|a|^3; a < 0] phi(0)/2.
    exact = -math.sqrt(2.0 / math.pi) / math.sqrt(2.0 * math.pi) / 2.0
    assert means["relu"][0] == pytest.approx(exact, abs=5.0 * means["relu"][1])
    assert means["relu"][1] < 0.03
    assert abs(means["tanh"][0]) < 5.0 * means["tanh"][1] + 0.01


@pytest.mark.parametrize(
    ("statement", "step", "factor"),
    [
        (LAZY, "second", 2),
        (LAZY, "kink-square", 3),
        (LAZY, "kink-rate", 2),
        (GRASP_D, "pairs", 2),
        (GRASP_D, "second", 2),
    ],
)
def test_wrong_steps_would_be_contradicted(statement: object, step: str, factor: int) -> None:
    (right,) = [s for s in statement.derive().steps if s.id == step]  # type: ignore[attr-defined]
    wrong = replace(right, right=factor * right.right, follows=())
    assert Derivation(id="wrong", title="wrong", steps=(wrong,)).run().results[0].evidence is Evidence.CONTRADICTED


def test_the_bend_is_of_one_sign_under_signed_scores_alone() -> None:
    """Mean of ``a^3 tanh''(z)`` over neurons: 0 for centred preactivations, not for those that go with a."""
    rng = np.random.default_rng(9)
    a, z = rng.standard_normal((2, 200_000))

    def mean(pull: float) -> float:
        t = np.tanh(z + pull * a)
        return float(np.mean(a**3 * -2.0 * t * (1.0 - t**2)))

    assert abs(mean(0.0)) < 0.02
    assert mean(0.5) < -0.2
