"""SynFlow: by enumerating paths, by vectors against autograd, and step by step."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from graphon_theory.errors import InputError
from verification.criteria import score, synflow_iterative
from verification.criteria.layers import chosen_weights
from verification.criteria.synflow_autograd import autograd_scores
from verification.criteria.synflow_chain import linear_chain
from verification.masks import LayerCollapse, mask
from verification.networks import OneHiddenLayer


def _chain(*sizes: int, dtype: torch.dtype = torch.float64, seed: int = 0, bias: bool = True) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = [p for a, b in pairwise(sizes) for p in (nn.Linear(a, b, bias=bias), nn.ReLU())]
        return nn.Sequential(*parts[:-1]).to(dtype)


def _by_paths(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Sum over all paths through each weight of the product of moduli, path by path."""
    found = [np.zeros_like(w) for w in weights]
    for path in product(range(weights[0].shape[1]), *(range(w.shape[0]) for w in weights)):
        value = math.prod(abs(w[path[k + 1], path[k]]) for k, w in enumerate(weights))
        for k, total in enumerate(found):
            total[path[k + 1], path[k]] += value
    return found


def test_synflow_sums_all_paths_through_a_weight() -> None:
    module = _chain(3, 4, 2, 3)
    found = score(module, criterion="synflow")
    wanted = _by_paths([module[k].weight.detach().numpy() for k in (0, 2, 4)])
    for value, other in zip(found.values(), wanted, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-13)


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 9), min_size=2, max_size=6), seed=st.integers(0, 99))
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_vectors_agree_with_autograd(sizes: list[int], seed: int, dtype: torch.dtype, rtol: float) -> None:
    module = _chain(*sizes, seed=seed, dtype=dtype)
    assert linear_chain(module) is not None
    fast = score(module, criterion="synflow")
    slow = autograd_scores(module, chosen_weights(module, None), (sizes[0],))
    for name in slow:
        assert fast[name].dtype == dtype
        torch.testing.assert_close(fast[name], slow[name], rtol=rtol, atol=0.0)


def test_vectors_agree_with_autograd_on_a_wide_chain_of_several_blocks() -> None:
    module = _chain(700, 900, 800, 10, dtype=torch.float32)
    slow = autograd_scores(module, chosen_weights(module, None), (700,))
    for name, value in score(module, criterion="synflow").items():
        torch.testing.assert_close(value, slow[name], rtol=1e-5, atol=0.0)


def test_a_million_weights_keep_the_flow_of_every_layer() -> None:
    module = _chain(784, 700, 600, 10, dtype=torch.float32)
    totals = [float(value.double().sum()) for value in score(module, criterion="synflow").values()]
    assert totals == pytest.approx([totals[0]] * 3, rel=1e-5)


class _Functional(nn.Module):
    def __init__(self, activation) -> None:
        super().__init__()
        self.first, self.second, self.activation = nn.Linear(3, 5), nn.Linear(5, 2), activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.activation(self.first(x)))


ACTIVATIONS = (
    torch.tanh, torch.relu, functional.gelu, functional.relu, functional.silu, torch.Tensor.tanh, torch.sigmoid,
    lambda z: z.relu(), lambda z: functional.relu(z, inplace=True), nn.Tanh(), nn.GELU(), nn.ELU(inplace=True),
    nn.ReLU(inplace=True), nn.Softplus(), nn.PReLU(),
)  # fmt: skip


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_elementwise_activations_are_the_identity_however_they_are_called(activation) -> None:
    module = _Functional(activation).double()
    assert linear_chain(module) is None
    found = score(module, criterion="synflow")
    wanted = _by_paths([module.first.weight.detach().numpy(), module.second.weight.detach().numpy()])
    for value, other in zip(found.values(), wanted, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-13)


def test_one_hidden_layer_of_the_theory_has_g_a_and_f_constant() -> None:
    network = OneHiddenLayer(6, 9, initialisation="gaussian", seed=0)
    found = score(network, criterion="synflow", layers=["hidden"])["hidden"]
    wanted = network.hidden.weight.abs() * network.readout.weight.abs().T
    torch.testing.assert_close(found, wanted.detach(), rtol=1e-6, atol=0.0)


def test_batch_normalisation_multiplies_by_its_gain() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2)).double()
    norm = module[1]
    norm.weight.data = torch.tensor([1.0, -2.0, 0.5, 3.0]).double()
    norm.running_var.copy_(torch.tensor([4.0, 1.0, 0.25, 9.0]))
    norm.running_mean.fill_(-7.0)
    norm.bias.data.fill_(5.0)
    gain = (norm.weight.abs() / (norm.running_var + norm.eps).sqrt()).detach().numpy()
    first, last = (module[k].weight.detach().numpy() for k in (0, 3))
    found = score(module, criterion="synflow", input_shape=(3,))
    wanted = _by_paths([gain[:, None] * first, last])
    np.testing.assert_allclose(found["0"], wanted[0], rtol=1e-12)
    np.testing.assert_allclose(found["3"], wanted[1], rtol=1e-12)


def test_what_is_a_chain_and_what_is_not() -> None:
    assert linear_chain(nn.Linear(3, 2)) == [""]
    nested = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(3, 4), nn.GELU()), nn.Dropout(), nn.Linear(4, 1))
    assert linear_chain(nested) == ["1.0", "3"]
    assert linear_chain(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))) is None
    assert linear_chain(nn.Sequential(nn.Linear(3, 4), nn.Flatten(0), nn.Linear(8, 1))) is None
    layer = nn.Linear(3, 3)
    assert linear_chain(nn.Sequential(layer, nn.ReLU(), layer)) is None
    nested.register_forward_hook(lambda *_: None)
    assert linear_chain(nested) is None


def test_deep_chains_neither_overflow_nor_vanish() -> None:
    for scale in (1e4, 1e-4):
        module = _chain(*[20] * 60, dtype=torch.float32)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.mul_(scale)
        found = score(module, criterion="synflow")
        totals = [float(value.double().sum()) for value in found.values()]
        assert all(0.5 < total < 2.0 for total in totals)
        unscaled = score(_chain(*[20] * 60), criterion="synflow")  # in range of float64
        kept, wanted = mask(found, density=0.3), mask(unscaled, density=0.3)
        differ = sum(int((kept[name] ^ wanted[name]).sum()) for name in kept)
        assert differ <= 20


def _plain_iteration(weights: list[np.ndarray], density: float, steps: int) -> list[np.ndarray]:
    size = sum(w.size for w in weights)
    masks = [np.ones(w.shape, dtype=bool) for w in weights]
    for step in range(1, steps + 1):
        scores = _by_paths([w * m for w, m in zip(weights, masks, strict=True)])
        joined = np.concatenate([s.reshape(-1) for s in scores])
        kept = np.zeros(size, dtype=bool)
        kept[np.argsort(-joined)[: round(density ** (step / steps) * size)]] = True
        split = np.split(kept, np.cumsum([w.size for w in weights])[:-1])
        masks = [part.reshape(w.shape) for part, w in zip(split, weights, strict=True)]
    return masks


@pytest.mark.parametrize("steps", [1, 4, 13])
@pytest.mark.parametrize("wrapped", [False, True])
def test_iterative_synflow_agrees_with_scoring_by_paths(steps: int, wrapped: bool) -> None:
    module = _chain(4, 5, 3, 2)

    class Wrapped(nn.Module):  # no chain: through autograd
        def __init__(self) -> None:
            super().__init__()
            self.body = module

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(x)

    found = synflow_iterative(Wrapped() if wrapped else module, 0.4, steps)
    wanted = _plain_iteration([module[k].weight.detach().numpy() for k in (0, 2, 4)], 0.4, steps)
    for kept, other in zip(found.masks.values(), wanted, strict=True):
        assert np.array_equal(kept.numpy(), other)


@pytest.mark.filterwarnings("ignore::verification.masks.LayerCollapse")
@given(density=st.floats(0.02, 0.95), steps=st.integers(1, 30), seed=st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_iteration_keeps_exactly_k_even_through_zeros(density: float, steps: int, seed: int) -> None:
    module = _chain(6, 5, 4, seed=seed)
    module[0].weight.data[:2] = 0.0
    found = synflow_iterative(module, density, steps)
    assert sum(int(kept.sum()) for kept in found.masks.values()) == round(density * 50)


def test_iterations_avoid_the_collapse_that_one_shot_meets() -> None:
    module = _chain(50, 400, 400, 2, dtype=torch.float32)
    before = [p.detach().clone() for p in module.parameters()]
    found = synflow_iterative(module, 0.005)
    assert sum(int(kept.sum()) for kept in found.masks.values()) == round(0.005 * 180_800)
    assert all(bool(kept.any()) for kept in found.masks.values())
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))
    with pytest.warns(LayerCollapse):
        mask(score(module, criterion="magnitude"), density=0.0005)


def test_chosen_layers_are_pruned_and_the_others_carry_paths() -> None:
    module = _chain(5, 6, 3)
    found = synflow_iterative(module, 0.5, 5, layers=["0"])
    assert list(found.masks) == ["0"]
    assert int(found.masks["0"].sum()) == 15
    one = synflow_iterative(module, 0.5, 1)
    assert all(torch.equal(one.scores[name], value) for name, value in score(module, criterion="synflow").items())


def test_bad_requests_are_refused_by_name() -> None:
    module = _chain(3, 4, 2)
    for steps in (0, 1.5, True):
        with pytest.raises(InputError, match="steps"):
            synflow_iterative(module, 0.5, steps)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="density"):
        synflow_iterative(module, 1.0)
    with pytest.raises(InputError, match="ties"):
        synflow_iterative(module, 0.5, ties="first")
    with pytest.raises(InputError, match="input_shape = None"):
        score(nn.Sequential(nn.Conv2d(1, 1, 2), nn.Flatten(), nn.Linear(4, 1)), criterion="synflow")
    with pytest.raises(InputError, match=r"input_shape = \(7,\)"):
        score(_Functional(torch.relu), criterion="synflow", input_shape=(7,))
    with pytest.raises(InputError, match="LayerNorm with statistics of its own input"):
        score(nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4)), criterion="synflow")
    module[2].weight.data.zero_()
    with pytest.raises(InputError, match="scores = 'all zero': no path joins"):
        score(module, criterion="synflow")
    spare = _Functional(torch.relu)
    spare.idle = nn.Linear(2, 2)
    with pytest.raises(InputError, match="layer idle = 'no gradient'"):
        score(spare, criterion="synflow")
