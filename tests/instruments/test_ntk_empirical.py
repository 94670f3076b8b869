"""The empirical kernel is the sum over kept weights of products of derivatives, by four ways that do not meet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from verification.networks import OneHiddenLayer, perceptron
from verification.ntk import masked_gram as gram
from verification.ntk.empirical import empirical_ntk
from verification.ntk.masked import apply_masks


def _by_torch_func(
    module: nn.Module, masks: dict[str, Tensor], x: Tensor, y: Tensor, *, ntk: bool
) -> dict[str, Tensor]:
    """Kernel of each parameter, shape (C, N, N'), from whole Jacobians."""
    parameters = dict(module.named_parameters())

    def jacobian(inputs: Tensor) -> dict[str, Tensor]:
        def outputs(values: dict[str, Tensor], sample: Tensor) -> Tensor:
            return torch.func.functional_call(module, values, (sample[None],)).reshape(-1)

        return torch.func.vmap(torch.func.jacrev(outputs), (None, 0))(parameters, inputs)

    left, right = jacobian(x), jacobian(y)
    kernels = {}
    for key in parameters:
        name = key.removesuffix(".weight")
        kept = masks[name] if name in masks else torch.ones_like(parameters[key])
        a, b = ((side[key] * kept).flatten(2) for side in (left, right))
        scale = parameters[key].shape[1] if ntk and key.endswith("weight") else 1
        kernels[name] = torch.einsum("sce,tce->cst", a, b) / scale
    return kernels


def _random_masks(module: nn.Module, density: float, generator: torch.Generator) -> dict[str, Tensor]:
    return {
        name: torch.rand(layer.weight.shape, generator=generator) < density
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear)
    }


@settings(max_examples=25, deadline=None)
@given(
    widths=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    outputs=st.integers(1, 4),
    samples=st.integers(1, 6),
    others=st.integers(0, 5),
    density=st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]),
    activation=st.sampled_from(["relu", "tanh", "gelu"]),
    biases=st.booleans(),
    parametrisation=st.sampled_from(["ntk", "standard"]),
    seed=st.integers(0, 10**6),
)
def test_kernel_is_that_of_whole_jacobians(
    widths, outputs, samples, others, density, activation, biases, parametrisation, seed
) -> None:
    generator = torch.Generator().manual_seed(seed)
    module = perceptron(5, widths, outputs=outputs, activation=activation, seed=seed).double()
    if biases:
        for layer in module:
            if isinstance(layer, nn.Linear):
                layer.bias = nn.Parameter(torch.randn(layer.out_features, generator=generator, dtype=torch.float64))
    pruned = apply_masks(module, _random_masks(module, density, generator))
    x = torch.randn(samples, 5, generator=generator, dtype=torch.float64)
    y = torch.randn(others, 5, generator=generator, dtype=torch.float64) if others else None
    expected = _by_torch_func(pruned.module, pruned.masks, x, x if y is None else y, ntk=parametrisation == "ntk")
    each, summed = (
        empirical_ntk(
            pruned.module, x, y, masks=pruned.masks, biases=biases, parametrisation=parametrisation, outputs=mode
        )
        for mode in ("each", "sum")
    )
    assert set(each.layers) == set(summed.layers) == set(expected)
    scale = max(1.0, float(summed.total.abs().max()))
    for name, kernel in expected.items():
        torch.testing.assert_close(each.layers[name], kernel, rtol=0, atol=1e-12 * scale)
        torch.testing.assert_close(summed.layers[name], kernel.sum(0), rtol=0, atol=1e-12 * scale)
    torch.testing.assert_close(each.total, sum(expected.values()), rtol=0, atol=1e-12 * scale)
    torch.testing.assert_close(summed.total, each.total.sum(0), rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_kernel_is_that_of_finite_differences_weight_by_weight(activation: str) -> None:
    network = OneHiddenLayer(3, 4, initialisation="gaussian", seed=1, activation=activation).double()
    kept = torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]], dtype=torch.bool)
    pruned = apply_masks(network, {"hidden": kept})
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    step, total = 1e-5, torch.zeros(5, 5, dtype=torch.float64)
    with torch.no_grad():
        for layer, mask in ((pruned.module.hidden, kept), (pruned.module.readout, torch.ones(1, 4))):
            for i, j in itertools.product(*map(range, layer.weight.shape)):
                if not mask[i, j]:
                    continue
                value = layer.weight[i, j].item()
                layer.weight[i, j] = value + step
                above = pruned.module(x)
                layer.weight[i, j] = value - step
                slope = (above - pruned.module(x)) / (2 * step)
                layer.weight[i, j] = value
                total += torch.outer(slope, slope) / layer.in_features
    found = empirical_ntk(pruned.module, x, masks=pruned.masks).total
    torch.testing.assert_close(found, total, rtol=0, atol=1e-8)


@pytest.mark.parametrize("density", [0.1, 0.5, 0.9])
def test_one_hidden_layer_is_the_formula_of_the_theory(density: float) -> None:
    n, d, samples = 40, 24, 7
    network = OneHiddenLayer(d, n, initialisation="gaussian", seed=2).double()
    pruned = apply_masks(network, {"hidden": torch.rand(n, d, generator=torch.Generator().manual_seed(3)) < density})
    x = torch.randn(samples, d, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    # In the units of the theory: w = sqrt(d) weight, a = sqrt(n) readout.
    w, a = pruned.module.hidden.weight.detach().numpy() * d**0.5, network.readout.weight.detach().numpy()[0] * n**0.5
    kept, inputs = pruned.masks["hidden"].numpy().astype(float), x.numpy()
    z = inputs @ w.T / d**0.5
    first = np.einsum("i,si,ti,ij,sj,tj->st", a**2, z > 0, z > 0, kept, inputs, inputs, optimize=True) / (n * d)
    second = np.maximum(z, 0) @ np.maximum(z, 0).T / n
    found = empirical_ntk(pruned.module, x, masks=pruned.masks)
    np.testing.assert_allclose(found.layers["hidden"].numpy(), first, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.layers["readout"].numpy(), second, rtol=0, atol=1e-12)
    alone = empirical_ntk(pruned.module, x, masks=pruned.masks, layers=["hidden"])
    assert list(alone.layers) == ["hidden"]
    np.testing.assert_allclose(alone.total.numpy(), first, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("density", "outputs"), [(0.05, 1), (0.4, 1), (0.8, 1), (0.4, 6), (0.05, 6)])
@pytest.mark.parametrize("other", [False, True])
def test_every_route_over_tiles_and_chunks_adds_up_rows(monkeypatch, density, outputs, other) -> None:
    monkeypatch.setattr(gram, "_TILE", 16)
    monkeypatch.setattr(gram, "_CHUNK", 2**10)  # a step of 256 edges: several chunks
    generator = torch.Generator().manual_seed(5)
    kept = torch.rand(60, 70, generator=generator) < density

    def factors(samples: int) -> gram.Factors:
        signals = torch.randn(outputs, samples, 60, generator=generator, dtype=torch.float64)
        return gram.Factors(signals, torch.randn(samples, 70, generator=generator, dtype=torch.float64))

    left = factors(37)
    right = factors(21) if other else None
    to = right or left
    rows = [
        left.signals[:, :, i, None] * to.signals[:, None, :, i] * (left.inputs[:, kept[i]] @ to.inputs[:, kept[i]].T)
        for i in range(60)
    ]
    expected = torch.stack(rows).sum(0)
    torch.testing.assert_close(gram.masked_gram(left, right, kept, summed=False), expected, rtol=0, atol=1e-10)
    torch.testing.assert_close(gram.masked_gram(left, right, kept, summed=True), expected.sum(0), rtol=0, atol=1e-10)
    torch.testing.assert_close(gram._over_pairs(left, right, kept), expected.sum(0), rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", ["rows", "columns", "both", "all", "none", "one"])
def test_masks_of_whole_rows_and_columns_take_the_dense_route(monkeypatch, shape: str) -> None:
    kept = torch.zeros(6, 5, dtype=torch.bool)
    rows, columns = torch.tensor([0, 2, 5]), torch.tensor([1, 4])
    match shape:
        case "rows":
            kept[rows] = True
        case "columns":
            kept[:, columns] = True
        case "both":
            kept[rows[:, None], columns] = True
        case "all":
            kept[:] = True
        case "one":
            kept[3, 2] = True
    pruned = apply_masks(perceptron(5, [6], seed=6).double(), {"0": kept})
    x = torch.randn(4, 5, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    expected = sum(_by_torch_func(pruned.module, pruned.masks, x, x, ntk=True).values())[0]

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("took the route over edges")

    monkeypatch.setattr(gram, "_over_edges", refuse)
    found = empirical_ntk(pruned.module, x, masks=pruned.masks).total
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_kernel_is_symmetric_to_the_bit_and_positive_semidefinite() -> None:
    module = perceptron(30, [50, 40], outputs=3, seed=8)
    pruned = apply_masks(module, _random_masks(module, 0.3, torch.Generator().manual_seed(9)))
    x = torch.randn(150, 30, generator=torch.Generator().manual_seed(10))
    for mode in ("sum", "each"):
        found = empirical_ntk(pruned.module, x, masks=pruned.masks, outputs=mode)
        for kernel in (found.total, *found.layers.values()):
            assert torch.equal(kernel, kernel.transpose(-1, -2))
            values = torch.linalg.eigvalsh(kernel.double())
            assert float(values.min()) > -1e-5 * float(values.max())


def test_float32_is_float64_to_rounding() -> None:
    module = perceptron(64, [128, 128], seed=11)
    pruned = apply_masks(module, _random_masks(module, 0.2, torch.Generator().manual_seed(12)))
    x = torch.randn(20, 64, generator=torch.Generator().manual_seed(13))
    single, double = (
        empirical_ntk(pruned.module, x, masks=pruned.masks, dtype=dtype).total for dtype in (None, torch.float64)
    )
    assert single.dtype == torch.float32
    assert double.dtype == torch.float64
    assert float((single - double).abs().max()) < 2e-5 * float(double.abs().max())


def test_activations_in_place_frozen_layers_and_custom_containers_change_nothing() -> None:
    x = torch.randn(6, 5, generator=torch.Generator().manual_seed(14), dtype=torch.float64)
    plain = perceptron(5, [7, 4], seed=15).double()
    expected = empirical_ntk(plain, x).total
    inplace = nn.Sequential(plain[0], nn.ReLU(inplace=True), plain[2], nn.ReLU(inplace=True), nn.Dropout(0.5), plain[4])
    assert torch.equal(empirical_ntk(inplace.eval(), x).total, expected)
    for parameter in plain.parameters():
        parameter.requires_grad_(requires_grad=False)
    assert torch.equal(empirical_ntk(plain, x).total, expected)
    with torch.no_grad():
        assert torch.equal(empirical_ntk(plain, x).total, expected)


class _Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = (nn.Linear(5, 5) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        h = x + torch.tanh(self.first(x))
        return self.last(h + torch.relu(self.second(h)))


class _Heads(nn.Module):
    """Two outputs, each of which passes by a layer of the other."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.left, self.right = nn.Linear(5, 4), nn.Linear(4, 1), nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.tanh(self.trunk(x))
        return torch.cat([self.left(h), self.right(h)], dim=1)


@pytest.mark.parametrize("kind", [_Residual, _Heads])
def test_layers_in_parallel_are_captured(kind: type[nn.Module]) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(16)
        module = kind().double()
    x = torch.randn(4, 5, generator=torch.Generator().manual_seed(18), dtype=torch.float64)
    expected = sum(_by_torch_func(module, {}, x, x, ntk=False).values()).sum(0)
    found = empirical_ntk(module, x, biases=True, parametrisation="standard").total
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-11)


def test_module_is_left_as_it_was() -> None:
    module = perceptron(5, [6], seed=17)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    empirical_ntk(module, torch.randn(3, 5, generator=torch.Generator().manual_seed(0)), dtype=torch.float64)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert all(parameter.grad is None and parameter.dtype == torch.float32 for parameter in module.parameters())
    assert not any(part._forward_hooks for part in module.modules())
