"""A network beside its linearisation: equal by algebra, apart by a known term, closer as the width grows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.networks import OneHiddenLayer, perceptron
from verification.ntk.empirical import empirical_ntk
from verification.ntk.masked import MaskedNetwork, apply_masks, prune_network
from verification.ntk.training import lazy_training

N, T, D = 12, 7, 10


def _data(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(N, D, generator=generator, dtype=torch.float64)
    return x, torch.sin(x[:, 0]) + 0.3 * x[:, 1], torch.randn(T, D, generator=generator, dtype=torch.float64)


def _pruned(width: int = 40, seed: int = 1, weights: str = "kept", activation: str = "tanh") -> MaskedNetwork:
    network = OneHiddenLayer(D, width, initialisation="gaussian", seed=seed, activation=activation).double()
    return prune_network(network, criterion="magnitude", density=0.3, seed=seed, weights=weights, layers=["hidden"])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_output_weights_alone_train_as_their_linearisation(activation: str) -> None:
    run = lazy_training(_pruned(activation=activation), *_data(), steps=60, layers=["readout"])
    assert float(run.gap_train.max()) < 1e-12
    assert float(run.gap_test.max()) < 1e-12
    assert float(run.drift.max()) < 1e-12
    assert float(run.loss[-1]) < 0.2 * float(run.loss[0])  # and it did train


def test_linearisation_is_the_closed_form_of_its_recursion() -> None:
    pruned, (x, y, probe) = _pruned(), _data()
    run = lazy_training(pruned, x, y, probe, steps=40, records=4, step_size=0.7)
    kernel = empirical_ntk(pruned.module, torch.cat([x, probe]), x, masks=pruned.masks).total
    values, frame = torch.linalg.eigh(kernel[:N])
    assert run.largest_eigenvalue == pytest.approx(float(values[-1]))
    assert run.rate == pytest.approx(0.7 * N / float(values[-1]))
    assert run.steps == (0, 10, 20, 30, 40)
    shrunk = 1.0 - run.rate * values / N
    for k, step in enumerate(run.steps):
        residual = frame @ (shrunk**step * (frame.T @ y))
        torch.testing.assert_close(run.linear_train[k], y - residual, rtol=0, atol=1e-10)
        # On other inputs: K(x', .) K^-1 (I - (I - eta K/N)^t) y, the sum of the geometric series.
        series = torch.where(values > 0, (1.0 - shrunk**step) / values, run.rate * step / N)
        torch.testing.assert_close(
            run.linear_test[k], kernel[N:] @ (frame @ (series * (frame.T @ y))), rtol=0, atol=1e-10
        )
    assert float(run.linear_loss[0]) == pytest.approx(0.5 * float(y.square().mean()))


@pytest.mark.parametrize("weights", ["kept", "redrawn"])
def test_linearisation_is_gradient_descent_of_the_first_order_expansion(weights: str) -> None:
    """In the space of weights, with whole Jacobians: no kernel is formed."""
    pruned, (x, y, probe) = _pruned(weights=weights), _data()
    run = lazy_training(pruned, x, y, probe, steps=15, records=15)
    scale = {"hidden.weight": pruned.masks["hidden"].double() / D, "readout.weight": 1 / 40}

    parameters = dict(pruned.module.named_parameters())
    rows = [
        torch.autograd.grad(output, list(parameters.values()), retain_graph=True)
        for output in pruned.module(torch.cat([x, probe]))
    ]
    jacobian = {name: torch.stack([row[k] for row in rows]) for k, name in enumerate(parameters)}
    moved = {name: torch.zeros_like(value[0]) for name, value in jacobian.items()}
    for step in range(16):
        expansion = sum(torch.einsum("sij,ij->s", jacobian[name], moved[name]) for name in moved)
        torch.testing.assert_close(run.linear_train[step], expansion[:N], rtol=0, atol=1e-11)
        torch.testing.assert_close(run.linear_test[step], expansion[N:], rtol=0, atol=1e-11)
        residual = (expansion[:N] - y) / N
        for name in moved:
            moved[name] -= run.rate * scale[name] * torch.einsum("s,sij->ij", residual, jacobian[name][:N])


def test_one_step_of_two_linear_layers_leaves_the_product_of_their_moves() -> None:
    """``(a + da)(W + dW) x`` is beyond its linearisation by ``da dW x``, with moves written out by hand."""
    generator = torch.Generator().manual_seed(3)
    width = 30
    module = nn.Sequential(nn.Linear(D, width, bias=False), nn.Identity(), nn.Linear(width, 1, bias=False)).double()
    with torch.no_grad():
        module[0].weight.normal_(0, D**-0.5, generator=generator)
        module[2].weight.normal_(0, width**-0.5, generator=generator)
    masks = {
        "0": torch.rand(width, D, generator=generator) < 0.4,
        "2": torch.rand(1, width, generator=generator) < 0.6,
    }
    pruned, (x, y, probe) = apply_masks(module, masks), _data()
    run = lazy_training(pruned, x, y, probe, steps=1, records=1)
    W, a = (pruned.module[k].weight.detach().numpy() for k in (0, 2))
    inputs, labels, others = x.numpy(), y.numpy(), probe.numpy()
    # r = -y at the start: the step is + eta/N sum_s y_s times the gradient, over the number of inputs of the layer.
    pull = inputs.T @ labels / N
    dW = run.rate / D * masks["0"].numpy() * np.outer(a[0], pull)
    da = run.rate / width * masks["2"].numpy()[0] * (W @ pull)
    for found, at in ((run.network_train - run.linear_train, inputs), (run.network_test - run.linear_test, others)):
        np.testing.assert_allclose(found[1].numpy(), at @ dW.T @ da, rtol=0, atol=1e-12)
    np.testing.assert_allclose(run.gap_test[1], np.sqrt(np.mean((others @ dW.T @ da) ** 2)), rtol=1e-9)


def test_one_short_step_differs_by_the_second_order_term_of_tanh() -> None:
    pruned, (x, y, probe) = _pruned(), _data()
    run = lazy_training(pruned, x, y, probe, steps=1, records=1, step_size=1e-3)
    w, a = pruned.module.hidden.weight.detach().numpy(), pruned.module.readout.weight.detach().numpy()[0]
    kept, inputs, labels, others = pruned.masks["hidden"].numpy(), x.numpy(), y.numpy(), probe.numpy()
    h, ht = np.tanh(inputs @ w.T), np.tanh(others @ w.T)
    dw = run.rate / D / N * kept * (a[:, None] * ((labels[:, None] * (1 - h**2)).T @ inputs))
    da = run.rate / 40 / N * (labels @ h)
    shift = others @ dw.T
    second = ((1 - ht**2) * shift) @ da + 0.5 * (-2 * ht * (1 - ht**2) * shift**2) @ a
    found = (run.network_test - run.linear_test)[1].numpy()
    np.testing.assert_allclose(found, second, rtol=0, atol=2e-3 * np.abs(second).max())


def test_dropped_weights_do_not_move_and_the_network_given_stays() -> None:
    pruned, data = _pruned(), _data()
    before = pruned.module.hidden.weight.detach().clone()
    run = lazy_training(pruned, *data, steps=5, records=1)
    assert torch.equal(pruned.module.hidden.weight, before)
    # A dropped weight that moved would show: only the first input is connected, and the others then do not matter.
    kept = torch.zeros(40, D, dtype=torch.bool)
    kept[:, 0] = True
    alone = apply_masks(pruned.module, {"hidden": kept & pruned.masks["hidden"]})
    x, y, probe = data
    flat = probe.clone()
    flat[:, 1:] = 0.0
    first, second = (lazy_training(alone, x, y, at, steps=20, records=1) for at in (probe, flat))
    torch.testing.assert_close(first.network_test, second.network_test, rtol=0, atol=1e-13)
    assert float(run.network_test[-1].abs().max()) > 0


def test_runs_repeat_to_the_bit() -> None:
    first, second = (lazy_training(_pruned(), *_data(), steps=20) for _ in range(2))
    for name in ("network_train", "network_test", "linear_train", "linear_test", "drift"):
        assert torch.equal(getattr(first, name), getattr(second, name))
    assert first.drift[0] == 0
    assert len(lazy_training(_pruned(), *_data(), steps=20, drift=False).drift) == 0


def test_gap_and_drift_shrink_with_width() -> None:
    gaps, drifts = [], []
    for width in (64, 1024):
        runs = [lazy_training(_pruned(width, seed), *_data(seed), steps=30, records=1) for seed in range(6)]
        gaps.append(np.mean([float(run.gap_test[-1]) for run in runs]))
        drifts.append(np.mean([float(run.drift[-1]) for run in runs]))
    # Sixteen times wider: at most 1/4 as large at the order n^(-1/2).
    assert gaps[1] < 0.25 * gaps[0]
    assert drifts[1] < 0.25 * drifts[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": torch.zeros(0, D)}, rf"^inputs = \(0, {D}\): give shape \(N, d\)$"),
        ({"targets": torch.zeros(N, 1)}, rf"^targets = \({N}, 1\): give one number a sample: {N}$"),
        ({"targets": torch.full((N,), float("nan"))}, "^targets = 'NaN or infinite': give finite"),
        ({"test_inputs": torch.zeros(3, D + 1)}, rf"^test_inputs = \(3, {D + 1}\): give shape \(T, {D}\)$"),
        ({"steps": 0}, "^steps = 0: give a positive integer"),
        ({"steps": 3, "records": 4}, "^records = 4: give at most one a step: 3$"),
        ({"records": True}, "^records = True: give a positive integer"),
        ({"step_size": 2.0}, r"^step_size = 2\.0: give a number in \(0, 2\)"),
        ({"step_size": float("nan")}, r"^step_size = nan: give a number in \(0, 2\)"),
        ({"layers": ["output"]}, "layers"),
    ],
)
def test_bad_input_is_refused(change: dict[str, object], message: str) -> None:
    x, y, probe = _data()
    with pytest.raises(InputError, match=message):
        lazy_training(_pruned(), **({"inputs": x, "targets": y, "test_inputs": probe} | change))


def test_data_in_float32_train_in_float64() -> None:
    single = [part.float() for part in _data()]
    narrow, wide = (
        lazy_training(_pruned(), *parts, steps=5, records=2) for parts in (single, [part.double() for part in single])
    )
    assert narrow.network_test.dtype == torch.float64
    torch.testing.assert_close(narrow.network_test, wide.network_test, rtol=0, atol=0)
    torch.testing.assert_close(narrow.linear_train, wide.linear_train, rtol=0, atol=0)


def test_several_outputs_and_dead_networks_are_refused() -> None:
    masks = {"0": torch.ones(6, D, dtype=torch.bool)}
    with pytest.raises(InputError, match=r"^network = '2 outputs': give a network of one output$"):
        lazy_training(apply_masks(perceptron(D, [6], outputs=2).double(), masks), *_data())
    dead = apply_masks(perceptron(D, [6]).double(), {"0": ~masks["0"]})
    with pytest.raises(InputError, match=r"^kernel at initialisation = 0\.0: look for dead layers"):
        lazy_training(dead, *_data())
