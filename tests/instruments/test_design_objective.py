"""The objective of a design: gradient, kernel, threshold, invariances, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate

from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian, Laplace, Uniform
from verification.design import Profile, design_mask
from verification.design.kernel import profile_kernel
from verification.design.levels import kept_energy, kept_share
from verification.design.objective import Objective
from verification.generalisation.complexity import complexity
from verification.networks import OneHiddenLayer
from verification.ntk.empirical import empirical_ntk
from verification.ntk.graphon_factors import GraphonLayer
from verification.ntk.limit import limit_ntk
from verification.ntk.masked import apply_masks

LAWS = [Gaussian(), Gaussian(0.7), Uniform(), Uniform(1.3)]


def data(samples: int = 14, inputs: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(samples, inputs))
    return X, X[:, 0] - 0.5 * X[:, 1] + 0.3 * rng.normal(size=samples)


@pytest.mark.parametrize("noise", LAWS, ids=str)
def test_levels_are_those_of_the_noise_laws_and_of_quadrature(noise: Gaussian | Uniform) -> None:
    t = np.array([0.0, 0.2, 0.9, 1.7, 40.0])
    for found, wanted in (
        (kept_share(torch.from_numpy(t), noise), noise.survival(t)),
        (kept_energy(torch.from_numpy(t), noise), noise.truncated_moment(t)),
    ):
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-13, atol=1e-15)
    end = 12.0 if isinstance(noise, Gaussian) else noise.bound
    for level in (0.2, 0.9):
        for power, found in ((0, kept_share), (2, kept_energy)):
            area, _ = integrate.quad(lambda x, k=power: x**k * float(noise.density(np.array(x))), level, end)
            assert float(found(torch.tensor(level, dtype=torch.float64), noise)) == pytest.approx(area, rel=1e-9)


def test_other_laws_are_refused() -> None:
    for function in (kept_share, kept_energy):
        with pytest.raises(InputError, match="gaussian or uniform"):
            function(torch.ones(1), Laplace())


@pytest.mark.parametrize("weights", ["kept", "redrawn"])
@pytest.mark.parametrize("noise", [Gaussian(), Uniform()], ids=["gaussian", "uniform"])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_gradient_is_that_of_finite_differences(weights: str, noise: Gaussian | Uniform, ridge: float) -> None:
    objective = Objective(*data(), 0.3, noise=noise, weights=weights, ridge=ridge)
    # Small, so that no uniform level lies beyond the bound, where Q has a kink.
    point = np.random.default_rng(1).normal(size=objective.size) * 0.2
    value, gradient = objective.slope(point)
    assert math.exp(value) == pytest.approx(objective.value(point), rel=1e-12)
    step = 1e-5
    for k in range(objective.size):
        away = np.eye(objective.size)[k] * step
        change = (math.log(objective.value(point + away)) - math.log(objective.value(point - away))) / (2 * step)
        assert gradient[k] == pytest.approx(change, rel=1e-5, abs=1e-8)
    assert np.abs(gradient).max() > 1e-3
    # f and cf are one graphon: the gradient has no part along constants.
    assert abs(gradient.sum()) < 1e-10


@pytest.mark.parametrize("weights", ["kept", "redrawn"])
def test_kernel_is_the_limit_of_one_hidden_layer(weights: str) -> None:
    X, _ = data(12, 6)
    rng = np.random.default_rng(2)
    profile = Profile(rng.uniform(0.1, 2.0, 6), 0.35, rng.uniform(0.5, 2.0, 3), weights=weights)
    V = profile.V
    layer = GraphonLayer(profile.W, V, np.full(3, 1 / 3), np.full(6, 1 / 6), np.ones(3))
    wanted = limit_ntk(X, layer, contributions=True, tolerance=1e-13, dtype=torch.float64)
    assert wanted.layers is not None
    W, V = torch.from_numpy(profile.W), torch.from_numpy(V)
    found = profile_kernel(torch.from_numpy(X), W, V)
    np.testing.assert_allclose(found.numpy(), wanted.layers[0].numpy(), rtol=1e-9, atol=1e-11)
    cross = profile_kernel(torch.from_numpy(X[:4]), W, V, torch.from_numpy(X[4:]))
    np.testing.assert_allclose(cross.numpy(), found.numpy()[:4, 4:], rtol=1e-12)
    swapped = profile_kernel(torch.from_numpy(X), W.square(), V)
    assert not np.allclose(swapped.numpy(), found.numpy(), rtol=0.05)


@pytest.mark.parametrize("weights", ["kept", "redrawn"])
def test_kernel_is_that_of_a_wide_network_under_the_designed_mask(weights: str) -> None:
    """Top-k masks of 4,096 neurons: errors of order ``n^-1/2`` = 0.016, and of the CLT over 96 inputs."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(8, 96))
    profile = Profile(np.exp(rng.normal(size=96)), 0.4, weights=weights)
    network = OneHiddenLayer(96, 4096, initialisation="gaussian", seed=5).double()
    kept = design_mask(profile, network.hidden.weight, generator=torch.Generator().manual_seed(0))
    pruned = apply_masks(network, {"hidden": kept}, weights=weights, seed=5)
    measured = empirical_ntk(pruned.module, torch.from_numpy(X), masks=pruned.masks, layers=("hidden",)).total

    def off(one: Profile) -> float:
        W, V = torch.from_numpy(one.W), torch.from_numpy(one.V)
        return float((measured - profile_kernel(torch.from_numpy(X), W, V)).norm() / measured.norm())

    assert off(profile) < 0.05
    assert off(Profile(np.ones(96), 0.4, weights=weights)) > 0.1


def test_density_is_met_and_only_ratios_count() -> None:
    X, y = data()
    objective = Objective(X, y, 0.27)
    point = np.random.default_rng(4).normal(size=5) * 3.0
    profile = objective.profile(point)
    assert profile.W.mean() == pytest.approx(0.27, rel=1e-12)
    assert objective.value(point + 3.0) == pytest.approx(objective.value(point), rel=1e-10)
    assert objective.value(point) == pytest.approx(Objective(X * 7.0, y, 0.27).value(point), rel=1e-10)
    assert 3.0 * objective.value(point) == pytest.approx(Objective(X, 3.0 * y, 0.27).value(point), rel=1e-10)
    assert objective.value(point) != pytest.approx(objective.value(-point), rel=0.01)


def test_value_is_that_of_the_enclosed_complexity() -> None:
    X, y = data()
    for ridge in (0.0, 0.2):
        objective = Objective(X, y, 0.4, ridge=ridge)
        point = np.linspace(-1.0, 1.0, 5)
        profile = objective.profile(point)
        kernel = profile_kernel(torch.from_numpy(X), torch.from_numpy(profile.W), torch.from_numpy(profile.V)).numpy()
        added = ridge * np.trace(kernel) / len(y)
        wanted = 2.0 * complexity(kernel, y, ridge=added or None).scale_free
        assert objective.value(point) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize(("density", "kept"), [(0.3, 0.0), (0.75, 0.75)])
@pytest.mark.parametrize("noise", LAWS, ids=str)
def test_inputs_that_are_0_throughout_get_no_edge_while_there_is_room(
    density: float, kept: float, noise: Gaussian | Uniform
) -> None:
    X, y = data()
    X[:, 3] = 0.0
    objective = Objective(X, y, density, noise=noise)
    profile = objective.profile(np.array([0.0, 0.5, -0.5, 1.0]))
    assert profile.W.mean() == pytest.approx(density, rel=1e-12)
    assert profile.W[0, 3] == pytest.approx(kept, abs=1e-12)
    # Scores of a network's weights are drawn from the profile itself: what gets no edge has to be 0 there.
    assert (profile.columns[3] > 0.0) == (kept > 0.0)


def test_a_singular_kernel_is_worth_infinity_here() -> None:
    X, y = data()
    X[1] = X[0]
    objective = Objective(X, y, 0.4)
    value, gradient = objective.slope(np.zeros(5))
    # Rounding may leave a tiny pivot in the place of none.
    assert value > 9.0
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"density": 0.0}, "density"),
        ({"density": 1.0}, "density"),
        ({"weights": "new"}, "weights"),
        ({"ridge": -1.0}, "ridge"),
        ({"ridge": math.nan}, "ridge"),
        ({"labels": np.ones(14)}, "labels = 'all 1'"),
        ({"labels": np.full(14, math.nan)}, "labels"),
        ({"labels": np.ones(3)}, "labels"),
        ({"inputs": np.full((14, 5), math.inf)}, "inputs"),
        ({"inputs": np.zeros((14, 5))}, "inputs = 'all 0'"),
        ({"inputs": np.ones((14, 1))}, "2 inputs or more"),
        ({"inputs": np.ones(14)}, "one row a sample"),
    ],
)
def test_bad_input_is_named(change: dict[str, object], match: str) -> None:
    X, y = data()
    arguments: dict[str, object] = {"inputs": X, "labels": y, "density": 0.3}
    with pytest.raises(InputError, match=match):
        Objective(**(arguments | change))  # type: ignore[arg-type]


def test_parameters_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match="give 5 numbers"):
        Objective(*data(), 0.3).value(np.zeros(4))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"columns": np.array([-1.0, 1.0])}, "columns"),
        ({"columns": np.array([[1.0]])}, "columns"),
        ({"rows": np.array([0.0])}, "rows"),
        ({"weights": "new"}, "weights"),
        ({"density": 2.0}, "density"),
    ],
)
def test_profiles_are_checked(change: dict[str, object], match: str) -> None:
    arguments: dict[str, object] = {"columns": np.ones(2), "density": 0.3}
    with pytest.raises(InputError, match=match):
        Profile(**(arguments | change))  # type: ignore[arg-type]
