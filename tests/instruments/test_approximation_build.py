"""Joined neurons, networks on masks, targets and constructions."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphon_theory import notation
from graphon_theory.errors import InputError
from verification.approximation import (
    MaskedNetwork,
    NoJoinedNeuron,
    RidgeSum,
    Target,
    build,
    certify,
    fibre_floor,
    fitted_units,
    interpolating_units,
    joined,
    none_joined,
    require_joined,
    target,
)
from verification.approximation.interpolation import kinks
from verification.approximation.intervals import Intervals
from verification.names import TARGETS


@settings(max_examples=50, deadline=None)
@given(data=st.data(), n=st.integers(1, 12), d=st.integers(1, 6))
def test_joined_neurons_are_those_of_the_definition(data: st.DataObject, n: int, d: int) -> None:
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=n * d, max_size=n * d))).reshape(n, d)
    J = data.draw(st.lists(st.integers(0, d - 1), min_size=1, max_size=d, unique=True))
    expected = [i for i in range(n) if all(kept[i, j] for j in J)]
    for given_ in (kept, torch.from_numpy(kept), kept.astype(float)):
        found = joined(given_, J)
        assert found.dtype == np.int64
        assert found.tolist() == expected


@pytest.mark.parametrize("J", [[], [0, 0], [3], [-1], [0.5], ["a"]])
def test_bad_coordinates_are_refused(J: list[object]) -> None:
    with pytest.raises(InputError, match="coordinates"):
        joined(np.ones((2, 3), dtype=bool), J)  # type: ignore[arg-type]


@pytest.mark.parametrize("kept", [np.ones(3), np.ones((0, 3)), np.full((2, 2), 0.5), np.full((2, 2), np.nan)])
def test_bad_masks_are_refused(kept: np.ndarray) -> None:
    with pytest.raises(InputError, match="kept"):
        joined(kept, [0])


def test_no_joined_neuron_is_an_answer_with_its_probability() -> None:
    kept = np.array([[1, 0], [0, 1]])
    P = np.array([[0.5, 0.2], [0.25, 1.0]])
    with pytest.raises(NoJoinedNeuron, match="cannot") as caught:
        build(kept, [0, 1], target("smooth", 2), probabilities=P)
    assert caught.value.probability == pytest.approx(0.9 * 0.75)
    assert "0.675" in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (again.coordinates, again.probability, str(again)) == ((0, 1), caught.value.probability, str(caught.value))
    with pytest.raises(NoJoinedNeuron, match="cannot"):
        require_joined(kept, [0, 1])


def test_probability_of_no_joined_neuron_against_simulation() -> None:
    rng = np.random.default_rng(0)
    P = rng.random((3, 4))
    draws = rng.random((20_000, 3, 4)) < P
    rate = float((~draws[:, :, [0, 2]].all(axis=2)).all(axis=1).mean())
    p = none_joined(P, [0, 2])
    # Normal approximation, 20,000 draws: five standard errors, about 6e-7 of false alarms.
    assert abs(rate - p) < 5.0 * math.sqrt(p * (1.0 - p) / 20_000)
    assert none_joined(np.ones((2, 2)), [0]) == 0.0
    with pytest.raises(InputError, match="probabilities"):
        none_joined(np.full((2, 2), 1.5), [0])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_networks_live_on_the_mask_and_read_the_active_coordinates_alone(k: int, activation: str) -> None:
    rng = np.random.default_rng(k)
    kept = rng.random((40, 9)) < 0.7
    J = [7, 2, 4][:k]
    goal = target("smooth", k)
    network = build(kept, J, goal, activation=activation)
    weight = network.hidden.weight.detach().numpy()
    assert not weight[~kept].any()
    assert not np.delete(weight, J, axis=1).any()
    outer = network.readout.weight.detach().numpy()[0]
    idle = np.setdiff1d(np.arange(40), joined(kept, J))
    assert not outer[idle].any()
    assert np.flatnonzero(weight.any(axis=1)).tolist() == joined(kept, J).tolist()
    units = network.reduced(J)
    x = torch.from_numpy(rng.uniform(-1.0, 1.0, (50, 9)))
    out = network(x).detach().numpy()
    np.testing.assert_allclose(out, units(x.numpy()[:, J]), rtol=0, atol=1e-9)
    moved = x.clone()
    moved[:, [j for j in range(9) if j not in J]] = 17.0
    assert np.array_equal(out, network(moved).detach().numpy())


def test_the_ambient_dimension_and_the_place_of_neurons_change_nothing() -> None:
    goal = target("barron", 2)
    small = np.ones((12, 2), dtype=bool)
    large = np.random.default_rng(0).random((30, 50)) < 0.3
    large[:, [40, 11]] = False
    large[5:17, [40, 11]] = True
    first, second = build(small, [0, 1], goal).reduced([0, 1]), build(large, [40, 11], goal).reduced([40, 11])
    assert np.array_equal(first.slopes, second.slopes)
    assert np.array_equal(first.outer, second.outer)
    assert certify(first, goal) == certify(second, goal)


def test_a_weight_off_the_mask_and_a_stray_input_are_caught() -> None:
    kept = np.array([[True, True, False]])
    zero = np.zeros(1)
    with pytest.raises(InputError, match="off the mask"):
        MaskedNetwork(kept, np.array([[1.0, 0.0, 1e-300]]), zero, np.ones(1), 0.0, "relu")
    network = MaskedNetwork(kept, np.array([[1.0, 2.0, 0.0]]), zero, np.ones(1), 0.0, "relu")
    with pytest.raises(InputError, match="other inputs"):
        network.reduced([0])
    with torch.no_grad():
        network.hidden.weight[0, 2] = 3.0
    with pytest.raises(InputError, match="off the mask"):
        network.reduced([0, 1])
    silent = MaskedNetwork(kept, np.array([[1.0, 2.0, 0.0]]), zero, np.zeros(1), 0.5, "relu").reduced([0])
    assert len(silent.outer) == 0
    assert certify(silent, Target.of("x_1 + 0.5", 1)).upper == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("pieces", [1, 2, 7, 64])
def test_interpolation_of_the_square_has_its_closed_form_error(pieces: int) -> None:
    """On an interval of length h the chord of x^2 is above it by at most (h/2)^2; here h = 2/N."""
    goal = Target.of("x_1**2", 1)
    knots = np.linspace(-1.0, 1.0, pieces + 1)
    found = certify(interpolating_units(knots, knots**2), goal, tightness=1.0001)
    assert found.lower <= pieces**-2.0 * (1 + 1e-12)
    assert found.upper >= pieces**-2.0 * (1 - 1e-12)
    assert found.ratio <= 1.0001
    # Equal pieces are the best for a constant second derivative, and half the gap the best offset.
    built = certify(fitted_units(pieces, goal), goal, tightness=1.001)
    assert built.upper == pytest.approx(0.5 * pieces**-2.0, rel=0.01)


def test_interpolating_units_pass_through_their_points() -> None:
    rng = np.random.default_rng(0)
    knots = np.sort(rng.uniform(-1.0, 1.0, 11))
    values = rng.normal(size=11)
    units = interpolating_units(knots, values)
    assert len(units.outer) == 10
    between = np.linspace(knots[0], knots[-1], 301)
    np.testing.assert_allclose(units(between[:, None]), np.interp(between, knots, values), atol=1e-11)
    with pytest.raises(InputError, match="knots"):
        interpolating_units(knots[::-1].copy(), values)


def test_knots_lie_on_kinks() -> None:
    goal = Target.of("abs(x_1 - 0.3) + max(x_1, -0.5) + abs(x_1)", 1)
    np.testing.assert_allclose(kinks(goal), [-0.5, 0.0, 0.3], atol=1e-9)
    # A function of four pieces is represented, not approximated: what is left is the place of the knots.
    assert certify(fitted_units(4, goal), goal).upper < 1e-8


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("k", [1, 2])
def test_more_neurons_approximate_better_and_the_result_is_reproducible(name: str, k: int, activation: str) -> None:
    goal = target(name, k)
    counts = (2, 16, 80)
    found = [certify(fitted_units(n, goal, activation=activation), goal, tightness=1.3) for n in counts]
    assert found[0].lower > found[1].upper * 0.9
    assert found[1].lower > found[2].upper
    again, before = (fitted_units(16, goal, activation=activation) for _ in range(2))
    assert np.array_equal(again.outer, before.outer)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_smallest_networks_are_built(count: int, k: int, activation: str) -> None:
    goal = target("smooth", k)
    units = fitted_units(count, goal, activation=activation)
    assert len(units.outer) == count
    assert certify(units, goal).upper < 1.5


def test_targets_depend_on_every_coordinate_and_have_their_barron_norm() -> None:
    for name in TARGETS:
        for k in (1, 2, 3):
            for j in range(k):
                points = np.full((12, k), 0.3)
                points[:, j] = np.linspace(-1.0, 1.0, 12)
                assert np.ptp(target(name, k)(points)) > 0.1, (name, k, j)
    # C_g by an independent route: the second moment of a plane wave's gradient along its own direction.
    goal = target("barron", 2)
    waves = [term for term in goal.expression.args if term.has(sympy.cos)]
    norm = 0.0
    for wave in waves:
        size, inside = wave.as_coeff_Mul()
        norm += float(size) * math.hypot(*(float(sympy.diff(inside.args[0], s)) for s in (notation.x_1, notation.x_2)))
    assert len(waves) == 3
    assert goal.barron_norm == pytest.approx(norm, rel=1e-12)
    assert goal.barron_norm >= norm * (1 - 1e-15)
    assert target("smooth", 1).barron_norm is None


@pytest.mark.parametrize("formula", ["1/x_1", "log(x_1)", "sqrt(x_1 - 2)", "gamma(x_1)", "x_2", "1/(x_1 - 0.3)**2", ""])
def test_formulas_that_are_not_finite_or_not_known_are_refused(formula: str) -> None:
    with pytest.raises(InputError, match="formula"):
        Target.of(formula, 1)


def test_bad_arguments_are_refused() -> None:
    goal = target("smooth", 1)
    for call, argument in (
        (lambda: target("smoth", 1), "target"),
        (lambda: target("smooth", 4), "coordinates"),
        (lambda: target("smooth", True), "coordinates"),
        (lambda: fitted_units(0, goal), "count"),
        (lambda: fitted_units(4, goal, activation="gelu"), "activation"),
        (lambda: build(np.ones((3, 3)), [0, 1], goal), "coordinates"),
        (lambda: fibre_floor(goal, []), "inactive"),
        (lambda: fibre_floor(goal, [1]), "inactive"),
        (lambda: fibre_floor(target("smooth", 2), [0, 0]), "inactive"),
        (lambda: RidgeSum(np.ones((2, 1)), np.ones(3), np.ones(2), 0.0, "relu"), "slopes"),
        (lambda: RidgeSum(np.full((2, 1), np.inf), np.ones(2), np.ones(2), 0.0, "relu"), "slopes"),
        (lambda: certify(fitted_units(2, goal), target("smooth", 2)), "units"),
        (lambda: certify(fitted_units(2, goal), goal, tightness=1.0), "tightness"),
        (lambda: certify(fitted_units(2, goal), goal, most_boxes=0), "most_boxes"),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.argument == argument
        assert caught.value.value is not None


def test_what_looks_like_an_index_or_a_mask_and_is_none_is_refused() -> None:
    mask, smooth = np.ones((4, 3), dtype=bool), target("smooth", 1)
    with pytest.raises(InputError, match="not booleans"):
        joined(mask, [True, False])
    with pytest.raises(InputError, match="not booleans"):
        fibre_floor(smooth, [False])
    with pytest.raises(InputError, match="mask's shape"):
        build(np.zeros((4, 3)), [0], smooth, probabilities=np.full((10, 7), 0.3))
    with pytest.raises(InputError, match="probabilities"):
        build(mask, [0], smooth, probabilities="many")
    with pytest.raises(InputError, match="one length"):
        build([[1, 0], [1]], [0], smooth)
    with pytest.raises(InputError, match="give a Target"):
        build(mask, [0], "smooth")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="count"):
        fitted_units(2.5, smooth)  # type: ignore[arg-type]


def test_products_that_underflow_are_widened() -> None:
    tiny = Intervals(np.array([-5e-324, 5e-324]), np.array([5e-324, 1e-300]))
    half = tiny * Intervals(np.array(0.5), np.array(0.5))
    assert (half.low <= tiny.low / 2).all()
    assert half.low[0] < 0.0 < half.high[0]
