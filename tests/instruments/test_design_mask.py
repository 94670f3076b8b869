"""Masks of a design, networks pruned side by side, their training, and that the other half has no part in a mask."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy import stats

from graphon_theory.errors import InputError
from graphon_theory.generalisation import scaled_gen_bound
from verification.data import Samples, load_data
from verification.data.linear_task import Sample, linear_task
from verification.design import Profile, design, design_mask, result
from verification.design.compare import judge, judge_all, path_density, pruned
from verification.design.halves import MOST_HALF, halves
from verification.design.result import run_design
from verification.design.training import train_all
from verification.networks import OneHiddenLayer

FALSE_ALARM = 1e-7


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def task(samples: int = 20, inputs: int = 10) -> tuple[Sample, Sample, Sample]:
    source = generator(4)
    teacher = linear_task(inputs, generator=source, active=2)
    first, second, third = (teacher.draw(count, source) for count in (samples, samples, 40))
    return first, second, third


def test_top_masks_are_the_largest_scores_exactly() -> None:
    profile = Profile(np.array([0.5, 1.0, 2.0, 0.0]), 0.3, np.linspace(0.5, 1.5, 25))
    weights = torch.randn(25, 4, generator=generator())
    kept = design_mask(profile, weights, generator=generator())
    scores = np.outer(profile.rows, profile.columns) * weights.abs().numpy().astype(np.float64)
    wanted = np.zeros(100, dtype=bool)
    wanted[np.argsort(-scores.ravel())[:30]] = True
    np.testing.assert_array_equal(kept.numpy().ravel(), wanted)
    assert not kept[:, 3].any()


def test_degrees_of_masks_are_those_of_the_graphon() -> None:
    profile = Profile(np.array([0.2, 0.7, 1.0, 3.0]), 0.4)
    weights = torch.randn(20_000, 4, generator=generator(1), dtype=torch.float64)
    top = design_mask(profile, weights, generator=generator()).double().mean(dim=0).numpy()
    # Top-k is not independent over edges; six binomial standard deviations are more than it varies by.
    np.testing.assert_allclose(top, profile.W[0], atol=6 * 0.5 / math.sqrt(20_000))
    free = design_mask(profile, weights, kind="bernoulli", generator=generator(2)).sum(dim=0).numpy()
    for count, share in zip(free, profile.W[0], strict=True):
        assert stats.binomtest(int(count), 20_000, float(share)).pvalue > FALSE_ALARM / 4
    assert np.abs(top - 0.4).max() > 0.1


@pytest.mark.parametrize(
    ("shape", "kind", "match"), [((5, 3), "top", "give \\(n, 4\\)"), ((5,), "top", "shape"), ((5, 4), "soft", "kind")]
)
def test_bad_masks_are_refused(shape: tuple[int, ...], kind: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        design_mask(Profile(np.ones(4), 0.4), torch.ones(shape), kind=kind, generator=generator())


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(InputError, match="give 3, the neurons"):
        design_mask(Profile(np.ones(4), 0.4, np.ones(3)), torch.ones(5, 4), generator=generator())


def test_all_methods_prune_the_same_weights() -> None:
    batch, _, _ = task()
    original = OneHiddenLayer(10, 16, initialisation="gaussian", seed=9).double()
    for method in ("snip", "random", ("mine", Profile(np.arange(1.0, 11.0), 0.3))):
        network = pruned(method, 16, batch=batch, density=0.3, seed=9)
        kept = network.masks["hidden"]
        assert int(kept.sum()) == 48
        assert torch.equal(network.module.hidden.weight, original.hidden.weight * kept)  # type: ignore[union-attr,operator]
    assert bool(pruned("dense", 16, batch=batch, density=0.3, seed=9).masks["hidden"].all())
    with pytest.raises(InputError, match="method"):
        pruned("synflow-iterative", 16, batch=batch, density=0.3, seed=9)


def test_judgement_is_that_of_jacobians_and_gen() -> None:
    batch, sample, test = task(samples=8)
    network = pruned("random", 64, batch=batch, density=0.6, seed=2)
    beta = np.linspace(-1.0, 1.0, 10)
    told = judge("random", network, sample, test, beta=beta)
    parameters = {name: value.detach() for name, value in network.module.named_parameters()}

    def output(hidden: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(network.module, parameters | {"hidden.weight": hidden}, (x[None, :],))[0]

    everything = torch.cat([sample.inputs, test.inputs])
    rows = torch.stack([torch.func.grad(output)(parameters["hidden.weight"], x) for x in everything])
    J = (rows * network.masks["hidden"]).flatten(1).numpy()
    K = J @ J.T / 10
    y, truth = sample.labels.numpy(), test.labels.numpy()
    energy, trace = float(y @ np.linalg.solve(K[:8, :8], y)), float(np.trace(K[:8, :8]))
    assert told.complexity == pytest.approx(2.0 * math.sqrt(energy * trace) / 8, rel=1e-8)
    outputs = K[8:, :8] @ np.linalg.solve(K[:8, :8], y)
    assert told.risk == pytest.approx(np.minimum(np.abs(outputs - truth), 1.0).mean(), rel=1e-8)
    a = parameters["readout.weight"].numpy()[0]
    D = (a**2 / (a**2).mean()) @ network.masks["hidden"].double().numpy() / 64
    np.testing.assert_allclose(path_density(network), D)
    bound = scaled_gen_bound(0.0, energy, trace, 8, 0.1, unit=math.sqrt(2.0 / D.mean()), ratio=1.1)
    assert told.bound == pytest.approx(bound.total, rel=1e-6)
    norms = np.linalg.norm(sample.inputs.numpy(), axis=0)
    path = 2.0 * math.sqrt(2.0) * math.sqrt((beta**2 / D).sum() * (D * norms**2).sum()) / 8
    assert told.path == pytest.approx(path)
    assert math.isnan(judge("random", network, sample).risk)


def test_a_singular_kernel_is_named_not_judged() -> None:
    batch, sample, test = task()
    flat = Profile(np.array([1.0, *[0.0] * 9]), 0.05)
    (told,) = judge_all([("one", flat)], 8, batch, sample, test, density=0.05, seed=1)
    assert math.isnan(told.complexity)
    assert "eigenvalues" in told.singular
    network = pruned(("one", flat), 8, batch=batch, density=0.05, seed=1)
    assert math.isfinite(judge("one", network, sample, test, ridge=0.1).complexity)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_training_together_is_training_apart(optimiser: str) -> None:
    batch, sample, test = task()
    networks = [pruned(method, 12, batch=batch, density=0.5, seed=1) for method in ("snip", "random")]
    together = train_all(networks, sample.inputs, sample.labels, test.inputs, optimiser=optimiser, steps=30)
    assert together.shape == (2, 40)
    for network, outputs in zip(networks, together, strict=True):
        module, kept = network.module, network.masks["hidden"].float()
        hidden, readout = (
            module.get_parameter(f"{name}.weight").detach().float().clone().requires_grad_()
            for name in ("hidden", "readout")
        )
        way = (
            torch.optim.Adam([hidden, readout], lr=0.01)
            if optimiser == "adam"
            else torch.optim.SGD([hidden, readout], lr=0.05, momentum=0.9)
        )
        for _ in range(30):
            way.zero_grad()
            f = (torch.relu(sample.inputs.float() @ (hidden * kept).T) @ readout.T)[:, 0]
            (0.5 * (f - sample.labels.float()).square().mean()).backward()  # type: ignore[no-untyped-call]
            way.step()
        with torch.no_grad():
            alone = (torch.relu(test.inputs.float() @ (hidden * kept).T) @ readout.T)[:, 0]
        np.testing.assert_allclose(outputs.numpy(), alone.numpy(), rtol=2e-3, atol=2e-4)
    before = train_all(networks, sample.inputs, sample.labels, test.inputs, optimiser=optimiser, steps=1)
    truth = test.labels.float()
    assert (together - truth).square().mean() < 0.9 * (before - truth).square().mean()


@pytest.mark.parametrize(
    ("change", "match"),
    [({"optimiser": "lbfgs"}, "optimiser"), ({"steps": 0}, "steps"), ({"rate": -1.0}, "rate"), ({"rate": 1e9}, "rate")],
)
def test_bad_training_is_named(change: dict[str, object], match: str) -> None:
    batch, sample, test = task()
    network = pruned("random", 8, batch=batch, density=0.5, seed=1)
    options: dict[str, object] = {"steps": 60, "optimiser": "sgd"} | change
    with pytest.raises(InputError, match=match):
        train_all([network], sample.inputs, sample.labels, test.inputs, **options)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least one"):
        train_all([], sample.inputs, sample.labels, test.inputs)


def test_halves_are_disjoint_and_scaled_by_the_first() -> None:
    data = halves(load_data("digits"), size=50, seed=3)
    assert data.signs
    assert data.image == (1, 8, 8)
    assert data.rest is not None
    assert len(data.rest.labels) == 1000
    assert float(data.design.inputs.mean(dim=0).abs().max()) < 1e-12
    assert float(data.design.inputs.square().mean()) == pytest.approx(1.0)
    assert float(data.sample.inputs.mean(dim=0).abs().max()) > 1e-3
    assert float(torch.cdist(data.design.inputs, data.sample.inputs).min()) > 1e-6
    assert set(data.design.labels.tolist()) == {-1.0, 1.0}
    assert len(halves(load_data("digits")).design.labels) == MOST_HALF
    assert halves(load_data("teacher:8x4")).rest is None


def test_nothing_of_the_other_half_enters_the_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result, "design", partial(design, starts=("relaxed",), steps=5))
    monkeypatch.setattr(result, "CRITERIA", ("random",))
    samples = load_data("teacher:60x8")
    order = torch.randperm(60, generator=torch.Generator().manual_seed(5))
    inputs, targets = samples.inputs.clone(), samples.targets.clone()
    inputs[order[30:]] = -3.0 * inputs[order[30:]] + 1.0
    targets[order[30:]] = targets[order[30:]].flip(0)
    other = Samples(inputs, targets, None)
    runs = [run_design(data, 0.3, width=48, seed=5) for data in (samples, other)]
    assert torch.equal(runs[0].mask, runs[1].mask)
    assert runs[0].own.complexity != runs[1].own.complexity
    changed = targets.clone()
    changed[order[:30]] = changed[order[:30]].flip(0)
    assert not torch.equal(run_design(Samples(inputs, changed, None), 0.3, width=48, seed=5).mask, runs[0].mask)


@pytest.mark.parametrize(
    ("spec", "size", "match"),
    [("teacher:3x4", None, "give 4 or more"), ("teacher:8x4", 5, "give 2 to 4"), ("teacher:8x4", 1, "give 2 to 4")],
)
def test_too_few_samples_are_refused(spec: str, size: int | None, match: str) -> None:
    with pytest.raises(InputError, match=match):
        halves(load_data(spec), size=size)


def test_constant_data_is_refused() -> None:
    samples = load_data("teacher:20x4")
    with pytest.raises(InputError, match="labels"):
        halves(replace(samples, targets=torch.ones(20)))
    with pytest.raises(InputError, match="inputs"):
        halves(replace(samples, inputs=torch.ones(20, 4)))
