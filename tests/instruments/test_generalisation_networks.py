"""Pruned layers with their path density, predictors of the kernel regime against training, and the tasks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graphon_theory.errors import InputError
from verification.criteria import score
from verification.data.linear_task import Sample, digit_parts, linear_task
from verification.generalisation.predictor import HIDDEN, after_steps, hidden_kernels, interpolant, kernel_regime
from verification.generalisation.pruned import BY_GRADIENT, CRITERIA, pruned_hidden
from verification.networks import OneHiddenLayer
from verification.ntk.training import lazy_training


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_path_density_of_the_types_is_that_of_real_masks(criterion: str) -> None:
    """Mean over inputs of measured over predicted: its error is some (n d rho)^(-1/2), 2 per cent here."""
    source = _generator(1)
    task = linear_task(32, generator=source, teacher="decaying", spread=1.0)
    pruned = pruned_hidden(
        32, 1024, criterion=criterion, density=0.2, generator=source, batch=task.draw(128, source), weights="redrawn"
    )
    assert pruned.kept.mean() == pytest.approx(0.2, abs=1e-4)
    assert pruned.graphon.mean() == pytest.approx(0.2, abs=1e-6)
    ratio = pruned.measured / pruned.predicted
    assert ratio.mean() == pytest.approx(1.0, abs=0.06)
    if criterion in BY_GRADIENT:
        assert np.corrcoef(pruned.measured, pruned.predicted)[0, 1] > 0.9
    else:
        assert np.ptp(pruned.predicted) < 1e-12


def test_the_mask_does_not_enter_the_prediction() -> None:
    pruned = pruned_hidden(8, 64, criterion="magnitude", density=0.3, generator=_generator(2))
    squares = pruned.network.module.readout.weight.detach().double().numpy()[0] ** 2 * 64
    np.testing.assert_allclose(pruned.predicted, 0.3 * squares.mean())


def test_readout_scale_multiplies_the_path_density() -> None:
    one, two = (
        pruned_hidden(8, 64, criterion="synflow", density=0.3, generator=_generator(3), readout_scale=s)
        for s in (1.0, 2.0)
    )
    np.testing.assert_allclose(two.predicted, 4.0 * one.predicted)
    assert bool((one.kept == two.kept).all())


def test_density_one_is_the_dense_network() -> None:
    pruned = pruned_hidden(8, 16, criterion="random", density=1.0, generator=_generator(3))
    assert pruned.kept.all()
    np.testing.assert_allclose(pruned.predicted, pruned.output_squares.mean())


def test_scoring_leaves_networks_of_both_precisions_as_they_were() -> None:
    for dtype in (torch.float32, torch.float64):
        network = OneHiddenLayer(6, 10, initialisation="gaussian", seed=1).to(dtype)
        before = network.hidden.weight.detach().clone()
        score(network, criterion="synflow", layers=("hidden",))
        assert bool((before < 0).any())
        assert torch.equal(network.hidden.weight.detach(), before)


def test_bad_pruning_is_refused() -> None:
    with pytest.raises(InputError, match="criterion"):
        pruned_hidden(8, 16, criterion="synflow-iterative", density=0.5, generator=_generator(0))
    with pytest.raises(InputError, match="redrawn"):
        pruned_hidden(8, 16, criterion="grasp", density=0.5, generator=_generator(0))
    for criterion in BY_GRADIENT:
        with pytest.raises(InputError, match="batch"):
            pruned_hidden(8, 16, criterion=criterion, density=0.5, generator=_generator(0), weights="redrawn")


def test_the_kernel_regime_is_where_a_wide_network_trains_to() -> None:
    """Exact linearised steps against those of lazy_training, the interpolant as their limit, the network beside it."""
    source = _generator(4)
    task = linear_task(6, generator=source, active=2)
    pruned = pruned_hidden(6, 2048, criterion="magnitude", density=0.5, generator=source)
    sample, test = task.draw(8, source), task.draw(20, source)
    labels = 0.3 * sample.labels.numpy()
    regime = kernel_regime(pruned.network, sample.inputs, labels, test.inputs)
    np.testing.assert_allclose(regime.train, labels, atol=1e-8)
    trained = lazy_training(
        pruned.network,
        sample.inputs,
        torch.from_numpy(labels),
        test.inputs,
        steps=300,
        step_size=1.9,
        records=1,
        layers=HIDDEN,
        drift=False,
    )
    steps = after_steps(regime.kernel, labels, regime.cross, steps=300, step_size=1.9)
    np.testing.assert_allclose(trained.linear_test[-1].numpy(), steps, atol=1e-9)
    size = float(np.sqrt(np.mean(regime.test**2)))
    # Training has all but reached its end, and so has the network itself, to an error of order n^(-1/2).
    assert float(np.sqrt(np.mean((steps - regime.test) ** 2))) < 0.05 * size
    assert float(trained.gap_test[-1]) < 0.1 * size
    limit = after_steps(regime.kernel, labels, regime.cross, steps=10**8, step_size=1.0)
    np.testing.assert_allclose(limit, regime.test, atol=1e-6)


def test_predictors_by_hand() -> None:
    kernel, cross = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([[1.0, 0.0]])
    # K^-1 (1, 0) = (2/3, -1/3)
    np.testing.assert_allclose(interpolant(kernel, [1.0, 0.0], cross), [2.0 / 3.0])
    # (K + I)^-1 (1, 0) = (3/8, -1/8)
    np.testing.assert_allclose(interpolant(kernel, [1.0, 0.0], cross, ridge=1.0), [0.375])
    assert after_steps(kernel, [1.0, 0.0], cross, steps=0)[0] == 0.0
    # One step of size 1: K(x, X) y / lambda_1 = 1/3.
    np.testing.assert_allclose(after_steps(kernel, [1.0, 0.0], cross, steps=1), [1.0 / 3.0])
    with pytest.raises(InputError, match="ridge"):
        interpolant(kernel, [1.0, 0.0], cross, ridge=-1.0)
    with pytest.raises(InputError, match="positive definite"):
        interpolant(np.ones((2, 2)), [1.0, 0.0], cross)
    with pytest.raises(InputError, match="cross"):
        interpolant(kernel, [1.0, 0.0], np.ones((1, 3)))
    with pytest.raises(InputError, match="step_size"):
        after_steps(kernel, [1.0, 0.0], cross, steps=1, step_size=2.0)


_GOOD, _CROSS, _Y = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([[1.0, 0.0]]), [1.0, 0.0]
_NEAR = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]])


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: interpolant(np.full((2, 2), np.nan), _Y, _CROSS), "kernel"),
        (lambda: interpolant(_NEAR, _Y, _CROSS), "kernel"),
        (lambda: interpolant(np.array([[1.0, 0.5], [0.0, 1.0]]), _Y, _CROSS), "kernel"),
        (lambda: interpolant(_GOOD, _Y, np.full((1, 2), np.inf)), "cross"),
        (lambda: interpolant(_GOOD, _Y, _CROSS, ridge=np.inf), "ridge"),
        (lambda: after_steps(np.zeros((2, 2)), _Y, _CROSS, steps=3), "kernel"),
        (lambda: after_steps(-_GOOD, _Y, _CROSS, steps=3), "kernel"),
        (lambda: after_steps(_GOOD, _Y, _CROSS, steps=2.5), "steps"),  # type: ignore[arg-type]
        (lambda: after_steps(_GOOD, _Y, _CROSS, steps=-1), "steps"),
        (lambda: after_steps(_GOOD, _Y, _CROSS, steps=1, step_size=np.nan), "step_size"),
    ],
)
def test_bad_predictors_are_refused(call: object, argument: str) -> None:
    with pytest.raises(InputError, match=rf"^{argument} = "):
        call()  # type: ignore[operator]


def test_a_ridge_mends_a_kernel_that_is_singular_to_rounding() -> None:
    # (K + I)^-1 (1, 0) = (2/3, -1/3) for K all ones
    np.testing.assert_allclose(interpolant(_NEAR, _Y, _CROSS, ridge=1.0), [2.0 / 3.0])


@pytest.mark.parametrize(
    "batch",
    [
        Sample(torch.randn(9, 7, dtype=torch.float64), torch.ones(9, dtype=torch.float64)),
        Sample(torch.randn(9, 8, dtype=torch.float64), torch.ones(8, dtype=torch.float64)),
        Sample(torch.randn(9, dtype=torch.float64), torch.ones(9, dtype=torch.float64)),
        Sample(torch.randn(0, 8, dtype=torch.float64), torch.ones(0, dtype=torch.float64)),
        Sample(torch.full((9, 8), float("nan"), dtype=torch.float64), torch.ones(9, dtype=torch.float64)),
    ],
)
def test_batches_that_do_not_fit_are_refused(batch: Sample) -> None:
    for criterion in BY_GRADIENT:
        with pytest.raises(InputError, match=r"^batch = "):
            pruned_hidden(
                8, 16, criterion=criterion, density=0.5, generator=_generator(0), batch=batch, weights="redrawn"
            )


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"density": 0.0}, "density"),
        ({"density": float("nan")}, "density"),
        ({"density": 1.1}, "density"),
        ({"readout_scale": np.inf}, "readout_scale"),
        ({"readout_scale": 0.0}, "readout_scale"),
        ({"width": 0}, "width"),
        ({"inputs": 2.5}, "inputs"),
    ],
)
def test_numbers_out_of_range_are_refused(change: dict[str, float], argument: str) -> None:
    given: dict[str, float] = {"inputs": 8, "width": 16, "density": 0.5} | change
    with pytest.raises(InputError, match=rf"^{argument} = "):
        pruned_hidden(criterion="random", generator=_generator(0), **given)  # type: ignore[arg-type]


def test_equal_inputs_make_a_kernel_that_is_refused() -> None:
    source = _generator(5)
    pruned = pruned_hidden(4, 64, criterion="random", density=0.5, generator=source)
    x = torch.randn(3, 4, generator=source, dtype=torch.float64)
    twice = torch.cat([x, x[:1]])
    assert hidden_kernels(pruned.network, x, twice)[1].shape == (4, 3)
    with pytest.raises(InputError, match="eigenvalues 4 to 4 of 4"):
        kernel_regime(pruned.network, twice, np.array([1.0, 0.0, 0.0, -1.0]), x)


def test_the_linear_task_has_the_labels_and_moments_that_it_says() -> None:
    source = _generator(6)
    task = linear_task(12, generator=source, teacher="decaying", decay=2.0, spread=1.5)
    sample = task.draw(20_000, source)
    torch.testing.assert_close(sample.labels, sample.inputs @ task.beta)
    # Var y = 1: the standard error of a variance of 20,000 normal values is 1 per cent.
    assert float(sample.labels.var()) == pytest.approx(1.0, abs=0.05)
    assert float(task.scales.square().mean()) == pytest.approx(1.0)
    assert float(task.scales.max() / task.scales.min()) == pytest.approx(np.exp(1.5 * 11 / 12))
    sizes = task.beta.abs().sort(descending=True).values
    torch.testing.assert_close(sizes / sizes[0], torch.arange(1, 13).double() ** -2.0)
    sparse = linear_task(12, generator=source, active=3, signal=0.0, signs=True)
    assert int((sparse.beta != 0).sum()) == 3
    noise = sparse.draw(20_000, source)
    assert set(noise.labels.unique().tolist()) == {-1.0, 1.0}
    assert abs(float((noise.labels * (noise.inputs @ sparse.beta)).mean())) < 0.05


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"teacher": "odd"}, "teacher"),
        ({"active": 9}, "active"),
        ({"teacher": "decaying", "decay": 0.0}, "decay"),
        ({"signal": 1.5}, "signal"),
        ({"spread": -1.0}, "spread"),
        ({"spread": float("inf")}, "spread"),
        ({"spread": 3000.0}, "spread"),
        ({"signal": float("nan")}, "signal"),
        ({"teacher": "decaying", "decay": float("inf")}, "decay"),
        ({"active": 2.5}, "active"),
    ],
)
def test_bad_tasks_are_refused(change: dict[str, object], match: str) -> None:
    with pytest.raises(InputError, match=match):
        linear_task(8, generator=_generator(0), **change)  # type: ignore[arg-type]


def test_the_largest_spread_leaves_finite_scales_and_labels_of_variance_one() -> None:
    source = _generator(9)
    task = linear_task(64, generator=source, teacher="decaying", spread=300.0)
    assert bool(torch.isfinite(task.beta).all())
    assert float(task.scales.min()) > 0.0
    assert float(task.scales.square().mean()) == pytest.approx(1.0)
    assert float((task.beta * task.scales).norm()) == pytest.approx(1.0)


def test_parts_of_the_digits_are_disjoint() -> None:
    parts = digit_parts((700, 600, 497), _generator(7))
    assert sum(len(part.inputs) for part in parts) == 1797
    together = torch.cat([part.inputs for part in parts])
    assert len(together.unique(dim=0)) == len(digit_parts((1797,), _generator(8))[0].inputs.unique(dim=0))
    assert float(together.mean(dim=0).abs().max()) < 1e-12
    assert float(together.square().mean()) == pytest.approx(1.0)
    assert set(torch.cat([part.labels for part in parts]).tolist()) == {-1.0, 1.0}
    with pytest.raises(InputError, match="sizes"):
        digit_parts((1000, 1000), _generator(9))
    assert isinstance(parts[0], Sample)
