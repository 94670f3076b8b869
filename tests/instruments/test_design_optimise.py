"""The optimum against brute force, the relaxed problem against scipy, planted structure, and singular kernels."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import optimize

from graphon_theory.errors import InputError
from graphon_theory.generalisation import scale_free
from graphon_theory.noise import Gaussian, Uniform
from verification.data.linear_task import linear_task
from verification.design import design
from verification.design.linear import linear_fit, relaxed
from verification.design.objective import Objective
from verification.design.profile import columns_of
from verification.design.select import LEAST_CROSSED, bases, folds, tailor
from verification.networks import OneHiddenLayer


def data(samples: int, inputs: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(samples, inputs))
    return X, X[:, 0] - 0.4 * X[:, 1] + 0.2 * rng.normal(size=samples)


def test_optimum_is_that_of_brute_force() -> None:
    X, _ = data(12, 3)
    y = X[:, 0] + 0.05 * X[:, 1] ** 2
    found = design(X, y, 0.4)
    objective = Objective(X, y, 0.4)
    # The first of log f is 0: only ratios count. Beyond 3 hardly an edge of an input is kept or lost.
    grid = np.linspace(-3.0, 3.0, 9)
    values = {p: objective.value(np.array([0.0, *p])) for p in itertools.product(grid, grid)}
    start = min(values, key=values.__getitem__)
    polished = optimize.minimize(
        lambda p: objective.value(np.array([0.0, *p])), start, method="Nelder-Mead", options={"xatol": 1e-5}
    )
    assert found.value <= min(values.values()) * (1.0 + 1e-6)
    assert found.value == pytest.approx(float(polished.fun), rel=1e-4)
    assert found.value < 0.97 * found.constant
    assert objective.value(np.zeros(3)) == pytest.approx(found.constant)
    assert found.profile.W.mean() == pytest.approx(0.4, rel=1e-12)


def test_relaxed_optimum_is_that_of_scipy() -> None:
    X, y = data(40, 4)
    X[:, 2] *= 3.0
    found = relaxed(X, y, 0.6)
    norms = np.linalg.norm(X, axis=0)
    solved = [
        optimize.minimize(
            lambda D: scale_free(found.beta, D, norms, 40),
            start,
            bounds=[(1e-6, 1.0)] * 4,
            constraints=[{"type": "eq", "fun": lambda D: D.sum() - 2.4}],
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        for start in (np.full(4, 0.6), np.array([0.9, 0.9, 0.1, 0.5]))
    ]
    assert found.density.sum() == pytest.approx(2.4)
    assert found.value == pytest.approx(min(float(one.fun) for one in solved), rel=1e-6)
    assert found.floor <= found.value <= found.constant
    assert found.gap(np.full(4, 0.6), norms, 40) == pytest.approx(found.constant / found.value)


def test_labels_that_are_explained_by_roundings_alone_are_refused() -> None:
    X, y = data(40, 4)
    rest = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    assert (X.T @ rest).any()
    with pytest.raises(InputError, match="without linear part"):
        relaxed(X, rest, 0.5)
    assert relaxed(X, rest + 1e-9 * X[:, 0], 0.5).beta.any()


def test_linear_fit_has_the_ridge_of_generalised_cross_validation() -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30, 12))
    y = X[:, 0] + 2.0 * rng.normal(size=30)
    top = float(np.linalg.svd(X, compute_uv=False)[0] ** 2)

    def solved(ridge: float) -> tuple[float, np.ndarray]:
        inverse = np.linalg.inv(X.T @ X + ridge * np.eye(12))
        hat = X @ inverse @ X.T
        rest = y - hat @ y
        return float(rest @ rest) / (1.0 - np.trace(hat) / 30) ** 2, inverse @ X.T @ y

    _, wanted = min((solved(top * r) for r in np.logspace(-8.0, 1.0, 37)), key=lambda pair: pair[0])
    np.testing.assert_allclose(linear_fit(X, y), wanted, rtol=1e-8)
    exact = X @ np.arange(12.0)
    np.testing.assert_allclose(linear_fit(X, exact), np.arange(12.0), atol=1e-5)


def test_planted_inputs_are_found() -> None:
    generator = torch.Generator().manual_seed(11)
    task = linear_task(24, generator=generator, active=3)
    sample = task.draw(60, generator)
    found = design(sample.inputs.numpy(), sample.labels.numpy(), 0.1, starts=("relaxed",))
    assert set(np.argsort(-found.profile.degrees)[:3]) == set(torch.nonzero(task.beta)[:, 0].tolist())
    assert found.value < 0.6 * found.constant
    assert found.profile.effective_inputs < 5.0


def test_labels_without_structure_leave_little_to_gain_on_samples_not_seen() -> None:
    rng = np.random.default_rng(12)
    X, y = rng.normal(size=(80, 12)), rng.normal(size=80)
    found = design(X, y, 0.3, starts=("relaxed",))
    seen, fresh = (Objective(X, labels, 0.3) for labels in (y, rng.permutation(y)))
    logs = np.log(np.maximum(found.profile.columns, 1e-9))
    assert seen.value(logs) < found.constant
    assert fresh.value(logs) > 0.98 * fresh.value(np.zeros(12))


def test_columns_of_probabilities_have_threshold_1() -> None:
    kept = np.array([0.0, 0.1, 0.5, 0.99])
    for noise in (Gaussian(), Uniform()):
        f = columns_of(kept, noise)
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(noise.survival(1.0 / f), kept, atol=1e-14)
    with pytest.raises(InputError, match="below 1"):
        columns_of(np.ones(2), Gaussian())


def test_a_singular_kernel_is_named_and_a_ridge_helps() -> None:
    X, y = data(10, 4)
    X[1] = X[0]
    with pytest.raises(InputError, match="eigenvalues 10 to 10 of 10"):
        design(X, y, 0.4)
    found = design(X, y, 0.4, ridge=0.1, starts=("constant",))
    assert math.isfinite(found.value)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"samples": 3}, "give 4 or more"),
        ({"density": 1.0}, "density"),
        ({"starts": ()}, "starts"),
        ({"starts": ("magic",)}, "starts"),
        ({"steps": 0}, "steps"),
    ],
)
def test_bad_input_is_named(change: dict[str, object], match: str) -> None:
    options: dict[str, object] = {"density": 0.4} | change
    X, y = data(int(options.pop("samples", 12)), 4)  # type: ignore[call-overload]
    with pytest.raises(InputError, match=match):
        design(X, y, options.pop("density"), **options)  # type: ignore[arg-type]


def test_folds_are_alike_and_refused_where_they_would_say_nothing() -> None:
    labels = np.array([1.0, -1.0] * 10)
    (first, second), exchanged = folds(labels)
    assert exchanged == (second, first) or np.array_equal(exchanged[0], second)
    assert sorted([*first, *second]) == list(range(20))
    assert labels[first].sum() == labels[second].sum() == 0.0
    assert folds(labels[: LEAST_CROSSED - 1]) == []
    assert folds(np.array([1.0] + [-1.0] * 30)) == []


def test_tailoring_prefers_what_the_network_itself_bears_out() -> None:
    generator = torch.Generator().manual_seed(3)
    sample = linear_task(16, generator=generator, active=2).draw(32, generator)
    X, y = sample.inputs.numpy(), sample.labels.numpy()
    found = design(X, y, 0.2, starts=("relaxed",), steps=20)
    network = OneHiddenLayer(16, 96, initialisation="gaussian", seed=0).double()
    before = network.hidden.weight.clone()
    tailored = tailor(found, network, X, y, seed=1)
    assert torch.equal(network.hidden.weight, before)
    values = [one.value for one in tailored.candidates]
    assert values == sorted(values)
    assert tailored.chosen == tailored.candidates[0]
    assert tailored.crossed
    assert len(tailored.candidates) == 2 + 3 * 3 * 2
    assert tailored.profile.W.mean() == pytest.approx(0.2, rel=1e-12)
    constant = min(one.value for one in tailored.candidates if one.base == "constant")
    assert tailored.chosen.value < 0.8 * constant
    assert not tailor(found, network, X[:12], y[:12], seed=1).crossed


def test_tailoring_says_when_every_kernel_is_singular() -> None:
    generator = torch.Generator().manual_seed(3)
    sample = linear_task(8, generator=generator, active=2).draw(40, generator)
    X, y = sample.inputs.numpy(), sample.labels.numpy()
    found = design(X, y, 0.2, starts=("relaxed",), steps=5)
    narrow = OneHiddenLayer(8, 2, initialisation="gaussian", seed=0).double()
    with pytest.raises(InputError, match="singular for all 20 profiles at width 2"):
        tailor(found, narrow, X, y)


def test_bases_leave_dead_inputs_dead() -> None:
    X, y = data(20, 4)
    X[:, 3] = 0.0
    found = design(X, y, 0.3, starts=("relaxed",), steps=5)
    for name, columns in bases(found, X, y).items():
        assert columns[3] == 0.0, name
        assert columns.max() == 1.0
