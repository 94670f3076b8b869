"""SCALE: the scale-free value from GEN and PATH, its floor, and the best shape against a general optimiser."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from graphon_theory.derivation import Derivation, Evidence
from graphon_theory.errors import InputError
from graphon_theory.generalisation import (
    best_density,
    gen_bound,
    input_path_density,
    path_complexity,
    rademacher,
    scale_floor,
    scale_free,
    scaled_gen_bound,
)
from graphon_theory.kernels import RELU
from graphon_theory.statements.gen import GEN
from graphon_theory.statements.path import PATH
from graphon_theory.statements.scale import SCALE
from graphon_theory.statements.statement import Statement

Array = npt.NDArray[np.float64]


@st.composite
def problems(draw: st.DrawFn) -> tuple[Array, Array, Array]:
    """Teacher (some 0, one not), norms (some 0), caps, far apart in scale."""
    size = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    beta = rng.standard_normal(size) * 10.0 ** rng.uniform(-2, 2, size) * (rng.random(size) < 0.7)
    norms = 10.0 ** rng.uniform(-1, 1, size) * (rng.random(size) < 0.85)
    beta[0], norms[0] = 1.0, 1.0
    return beta, norms, 10.0 ** rng.uniform(-1, 1, size)


def test_value_is_the_complexity_of_gen_with_path_and_the_exact_trace() -> None:
    rng = np.random.default_rng(0)
    X, W, squares, beta = rng.standard_normal((9, 5)), rng.random((7, 5)), rng.random(7) + 0.5, rng.standard_normal(5)
    trace = 0.0
    for kept, square in zip(W, squares, strict=True):
        variance = np.square(X) @ kept
        assert RELU.closed is not None
        trace += float(square * RELU.closed(variance, variance, variance).k0 @ variance) / (7 * 5)
    D, norms = input_path_density(W, squares), np.linalg.norm(X, axis=0)
    bound = path_complexity(beta, D)
    value = scale_free(beta, D, norms, 9)
    assert value == pytest.approx(2.0 * rademacher(math.sqrt(bound.energy), trace, 9), rel=1e-12)
    assert bound.energy > 1.0
    assert value <= gen_bound(0.0, bound.energy, trace, 9, 0.1).complexity <= 2.0 * value
    finer = scaled_gen_bound(0.0, bound.energy, trace, 9, 0.1, ratio=1.01)
    assert value <= finer.complexity <= 1.01 * value * (1.0 + 1e-12)


@settings(max_examples=80, deadline=None)
@given(problems(), st.floats(1e-6, 1e6))
def test_floor_is_below_every_shape_and_attained_by_its_own(problem: tuple[Array, Array, Array], scale: float) -> None:
    beta, norms, D = problem
    floor, value = scale_floor(beta, norms, 10), scale_free(beta, D, norms, 10)
    assert floor <= value * (1.0 + 1e-12)
    assert scale_free(beta, scale * D, norms, 10) == pytest.approx(value, rel=1e-12)
    shape = np.divide(np.abs(beta), norms, out=np.zeros_like(beta), where=norms > 0)
    assert scale_free(beta, shape, norms, 10) == pytest.approx(floor, rel=1e-12)
    needed = (beta != 0.0) & (norms > 0.0)
    if needed.sum() > 1:
        tilted = np.where(np.cumsum(needed) == 1, 2.0, 1.0) * shape
        assert scale_free(beta, tilted, norms, 10) > floor * (1.0 + 1e-12)
        shape[np.flatnonzero(needed)[-1]] = 0.0
        assert scale_free(beta, shape, norms, 10) == math.inf


def test_density_alone_changes_nothing_and_the_wrong_shape_does() -> None:
    rng = np.random.default_rng(1)
    beta, norms = np.concatenate([rng.standard_normal(4), np.zeros(12)]), rng.lognormal(0.0, 1.0, 16)
    values = [scale_free(beta, np.full(16, rho * 0.25), norms, 10) for rho in (0.02, 0.1, 1.0)]
    assert values == pytest.approx([values[0]] * 3, rel=1e-12)
    # D = |beta| with equal beta and norms 1, 3: 2 * 10 for the product, (1 + 3)^2 at the floor.
    wrong = scale_free([1.0, 1.0], [1.0, 1.0], [1.0, 3.0], 1) / scale_floor([1.0, 1.0], [1.0, 3.0], 1)
    assert wrong == pytest.approx(math.sqrt(20.0 / 16.0))
    assert scale_free(np.ones(4), np.ones(4), np.ones(4), 1) == pytest.approx(scale_floor(np.ones(4), np.ones(4), 1))
    equal = np.concatenate([np.ones(4), np.zeros(12)])
    ratio = scale_free(equal, np.ones(16), np.ones(16), 1) / scale_floor(equal, np.ones(16), 1)
    assert ratio == pytest.approx(math.sqrt(16 / 4))


def _by_scipy(beta: Array, norms: Array, total: float, caps: Array, starts: int) -> float:
    rng = np.random.default_rng(0)

    def objective(D: Array) -> float:
        needed = beta != 0.0
        return math.log(float((beta[needed] ** 2 / D[needed]).sum())) + math.log(float(D @ norms**2))

    best = math.inf
    for _ in range(starts):
        start = np.minimum(caps, rng.random(caps.size) * caps * 2 * total / caps.sum() + 1e-3)
        answer = optimize.minimize(
            objective,
            start,
            method="SLSQP",
            bounds=[(1e-9, cap) for cap in caps],
            constraints=[{"type": "eq", "fun": lambda D: float(D.sum()) - total}],
            options={"ftol": 1e-15, "maxiter": 400},
        )
        if abs(answer.x.sum() - total) < 1e-9:
            best = min(best, scale_free(beta, answer.x, norms, 1))
    return best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.4, 0.9])
def test_best_density_against_a_general_optimiser(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    beta = rng.standard_normal(6) * (rng.random(6) < 0.8)
    beta[0] = 1.0
    norms, caps = rng.lognormal(0.0, 1.0, 6), rng.random(6) + 0.1
    total = share * float(caps.sum())
    D = best_density(beta, norms, total, caps)
    assert D.sum() == pytest.approx(total, rel=1e-12)
    found, other = scale_free(beta, D, norms, 1), _by_scipy(beta, norms, total, caps, 4)
    assert found <= other * (1.0 + 1e-10)
    assert other <= found * (1.0 + 1e-5)  # the optimiser comes near, so that the comparison says something


@settings(max_examples=50, deadline=None)
@given(problems(), st.floats(0.01, 1.0), st.integers(0, 2**32 - 1))
def test_no_density_of_the_same_total_is_better(problem: tuple[Array, Array, Array], share: float, seed: int) -> None:
    beta, norms, caps = problem
    total = share * float(caps.sum())
    D = best_density(beta, norms, total, caps)
    assert bool(np.all((D >= 0.0) & (caps * (1.0 + 1e-12) >= D)))
    assert D.sum() == pytest.approx(total, rel=1e-9)
    value = scale_free(beta, D, norms, 1)
    rng = np.random.default_rng(seed)
    for size in (1.0, 1e-2, 1e-4):
        # Towards a random point of the same total: mass moves from one input to another.
        giver, taker = rng.integers(0, beta.size, 2)
        moved = size * min(D[giver], max(0.0, caps[taker] - D[taker]))
        other = D.copy()
        other[giver] -= moved
        other[taker] += moved
        assert value <= scale_free(beta, other, norms, 1) * (1.0 + 1e-9)
    assert value >= scale_floor(beta, norms, 1) * (1.0 - 1e-12)


def test_optimality_conditions_where_caps_bind() -> None:
    rng = np.random.default_rng(5)
    beta, norms = np.where(np.arange(30) < 12, rng.standard_normal(30), 0.0), rng.lognormal(0.0, 0.5, 30)
    D = best_density(beta, norms, 15.0, 1.0)
    P, Q = float((beta[:12] ** 2 / D[:12]).sum()), float(D @ norms**2)
    # Slope of log PQ in D_j: one number where 0 < D_j < 1, no larger at the cap, no smaller at 0.
    slope = (
        np.where(np.arange(30) < 12, -np.divide(beta**2, D**2, out=np.zeros(30), where=D > 0) / P, 0.0) + norms**2 / Q
    )
    inside, capped = (D > 1e-9) & (D < 1.0 - 1e-9), D >= 1.0 - 1e-9
    price = float(slope[inside].mean())
    assert inside.sum() >= 2
    assert capped.sum() >= 2
    np.testing.assert_allclose(slope[inside], price, rtol=1e-7)
    assert bool(np.all(slope[capped] <= price + 1e-9))
    assert bool(np.all(slope[D <= 1e-9] >= price - 1e-9))


def test_proportional_shape_while_it_fits_and_dead_inputs_take_the_rest() -> None:
    beta, norms = np.array([2.0, -1.0, 0.0, 5.0]), np.array([1.0, 2.0, 1.0, 0.0])
    D = best_density(beta, norms, 1.0, 1.0)
    assert pytest.approx([0.8, 0.2, 0.0, 0.0]) == D
    D = best_density(beta, norms, 2.0, 1.0)  # 1.25 for the first two, 0.75 on the dead input
    assert pytest.approx([1.0, 0.25, 0.0, 0.75]) == D
    assert scale_free(beta, D, norms, 1) == pytest.approx(scale_floor(beta, norms, 1))
    assert best_density(beta, norms, 4.0, 1.0) == pytest.approx(np.ones(4))
    more = best_density(beta, norms, 3.0, 1.0)
    assert more.sum() == pytest.approx(3.0)
    assert scale_free(beta, more, norms, 1) > scale_floor(beta, norms, 1) * 1.01


@pytest.mark.parametrize("unit", [2.0**-550, 2.0**-300, 2.0**300, 2.0**500])
def test_value_and_floor_keep_their_digits_in_every_unit(unit: float) -> None:
    rng = np.random.default_rng(8)
    beta, norms, D = rng.standard_normal(5), rng.random(5) + 0.1, rng.random(5) + 0.1
    value, floor = scale_free(beta, D, norms, 7), scale_floor(beta, norms, 7)
    assert value == pytest.approx(
        2.0 * math.sqrt(2.0) * math.sqrt((beta**2 / D).sum() * (D * norms**2).sum()) / 7.0, rel=1e-13
    )
    assert scale_free(beta * unit, D, norms, 7) / unit == pytest.approx(value, rel=1e-13)
    assert scale_free(beta * unit, D, norms / unit, 7) == pytest.approx(value, rel=1e-13)
    assert scale_free(beta, D * unit, norms, 7) == pytest.approx(value, rel=1e-13)
    assert scale_floor(beta * unit, norms / unit, 7) == pytest.approx(floor, rel=1e-13)
    best, far = (best_density(beta * one, norms / one, 0.7 * 5 * one, one) for one in (1.0, unit))
    np.testing.assert_allclose(far / unit, best, rtol=1e-9)


def test_values_beyond_the_range_of_floats_are_refused_or_exact() -> None:
    assert scale_free([0.0, 0.0], [1.0, 1.0], [1e200, 1.0], 3) == 0.0
    assert scale_floor([0.0, 0.0], [1e200, 1.0], 3) == 0.0
    value, floor = scale_free([1e-170] * 2, [1.0, 1.0], [1.0, 1.0], 1), scale_floor([1e-170] * 2, [1.0, 1.0], 1)
    assert value == pytest.approx(floor, rel=1e-14)
    assert floor == pytest.approx(4e-170 * math.sqrt(2.0), rel=1e-14)
    for size in (1e200, 1e-200):
        with pytest.raises(InputError, match="norms"):
            scale_free([size], [1.0], [size], 1)
        with pytest.raises(InputError, match="norms"):
            scale_floor([size], [size], 1)


@pytest.mark.parametrize(("step", "factor"), [("trace", 2), ("product", 2), ("constant", 3), ("half", 2)])
def test_a_wrong_constant_would_be_contradicted(step: str, factor: int) -> None:
    found = next(one for one in SCALE.derive().steps if one.id == step)
    assert found.right is not None
    wrong = replace(found, right=found.right * factor, follows=())
    assert Derivation(id="w", title="w", steps=(wrong,)).run().results[0].evidence is Evidence.CONTRADICTED


@pytest.mark.parametrize(
    ("derivation", "steps"),
    [
        (GEN, ("norm", "supremum", "signs")),
        (PATH, ("dual", "monotone", "split")),
        (SCALE, ("trace", "floor")),
    ],
)
def test_steps_computed_for_two_say_so_and_cite_the_general_fact(derivation: Statement, steps: tuple[str, ...]) -> None:
    found = {one.id: one for one in derivation.derive().steps}
    for name in steps:
        assert "here" in found[name].text.lower()
        assert found[name].source
        result = Derivation(id="s", title="s", steps=(replace(found[name], follows=()),)).run().results[0]
        assert result.evidence is Evidence.PROVED


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: scale_free([1.0], [1.0, 2.0], [1.0], 5), "D"),
        (lambda: scale_free([1.0], [1.0], [-1.0], 5), "norms"),
        (lambda: scale_free([1.0], [1.0], [1.0], 0), "samples"),
        (lambda: best_density([1.0, 1.0], [1.0, 1.0], 3.0, 1.0), "total"),
        (lambda: best_density([1.0, 1.0], [1.0, 1.0], 0.0, 1.0), "total"),
        (lambda: best_density([1.0, 0.0], [0.0, 1.0], 0.5, 1.0), "beta"),
        (lambda: best_density([1.0, 1.0], [1.0, 1.0], 0.5, [0.0, 1.0]), "cap"),
        (lambda: best_density([1.0, 1.0], [1.0, 1.0], 1.9, [1.0, 1e300]), "cap"),
        (lambda: best_density([1.0, 1.0], [1e-160, 1.0], 1.9, [1.0, 1e300]), "norms"),
        (lambda: best_density([1.0, 1.0], [1.0, 1e-320], 1.9, 1.0), "norms"),
        (lambda: best_density([1.0, 1e-200], [1.0, 1.0], 1.9, 1.0), "beta"),
    ],
)
def test_bad_input_is_named(call: object, name: str) -> None:
    with pytest.raises(InputError, match=name):
        call()  # type: ignore[operator]
