"""Scores where layers take turns, where batches change between passes, and where the module is itself a layer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from graphon_theory.errors import InputError
from verification.criteria import gradients, score, synflow_chain
from verification.losses import squared_loss


class _Routed(nn.Module):
    """Batches whose first number is positive go by one layer, the others by the other; a third one adds to both."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.both = (nn.Linear(3, 2, bias=False) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        way = self.left if bool(x[0, 0] > 0) else self.right
        return torch.cat([torch.tanh(way(x)), self.both(x)], dim=1)


def _loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Linear in the layer that both ways share, so that its block of the Hessian is 0."""
    return squared_loss(output[:, :2], target) + output[:, 2:].mean()


@pytest.mark.parametrize("layers", [None, ["left"], ["both", "right"], ["right", "left"]])
def test_layers_that_only_some_batches_use_have_the_explicit_hessian(layers: list[str] | None) -> None:
    """GraSP is ``w (H g)`` of the mean over all samples, whichever batches a layer takes part in."""
    torch.manual_seed(2)
    module = _Routed().double()
    x, y = torch.randn(7, 3, dtype=torch.float64), torch.randn(7, 2, dtype=torch.float64)
    x[0, 0], x[3, 0], x[5, 0] = 1.0, -1.0, 1.0
    batches = [(x[:3], y[:3]), (x[3:5], y[3:5]), (x[5:], y[5:])]
    names = layers or ["left", "right", "both"]
    shape = module.left.weight.shape
    start = torch.stack([module.get_submodule(name).weight.detach() for name in names]).flatten()

    def value(flat: torch.Tensor) -> torch.Tensor:
        parts = {f"{n}.weight": part.view(shape) for n, part in zip(names, flat.split(shape.numel()), strict=True)}
        terms = [len(a) * _loss(torch.func.functional_call(module, parts, (a,)), b) for a, b in batches]
        return torch.stack(terms).sum() / len(x)

    hessian, gradient = torch.autograd.functional.hessian(value, start), torch.func.grad(value)(start)
    found = score(module, _loss, batches, criterion="grasp", layers=layers)
    assert list(found) == names
    flat = torch.cat([part.flatten() for part in found.values()])
    torch.testing.assert_close(flat, start * (hessian @ gradient), rtol=1e-11, atol=1e-14)
    snip = score(module, _loss, batches, criterion="snip", layers=layers)
    flat = torch.cat([part.flatten() for part in snip.values()])
    torch.testing.assert_close(flat, (start * gradient).abs(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("sizes", [(1,), (2,), (1, 1), (2, 1), (1, 2, 1)])
@pytest.mark.parametrize("chunk", [1, 5, 12, 13])
def test_few_samples_and_pieces_of_any_length_give_the_slopes_of_the_mean(
    sizes: tuple[int, ...], chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large weights are swept in pieces: shorter ones, one entry a piece among them, change no score."""
    monkeypatch.setattr(gradients, "_CHUNK", chunk)
    monkeypatch.setattr(synflow_chain, "_BLOCK", chunk)
    torch.manual_seed(5)
    module = nn.Sequential(nn.Linear(4, 3, bias=False), nn.Tanh(), nn.Linear(3, 2, bias=False)).double()
    with torch.no_grad():
        # Columns first in memory, as in a transposed weight.
        module[2].weight.set_(torch.randn(3, 2, dtype=torch.float64).t())
    x, y = torch.randn(sum(sizes), 4, dtype=torch.float64), torch.randn(sum(sizes), 2, dtype=torch.float64)
    batches = list(zip(x.split(sizes), y.split(sizes), strict=True))
    first, second = (module[i].weight.detach() for i in (0, 2))
    hidden = torch.tanh(x @ first.T)
    # The squared loss of torch, halved: d/df is the residual over samples and outputs.
    back = (hidden @ second.T - y) / y.numel()
    slopes = {"0": ((back @ second) * (1 - hidden**2)).T @ x, "2": back.T @ hidden}
    found = score(module, squared_loss, batches, criterion="snip")
    paths = score(module, criterion="synflow")
    flows = {
        "0": first.abs() * second.abs().sum(dim=0)[:, None],
        "2": second.abs() * first.abs().sum(dim=1)[None, :],
    }
    for name, weight in (("0", first), ("2", second)):
        torch.testing.assert_close(found[name], (weight * slopes[name]).abs(), rtol=1e-12, atol=1e-15)
        torch.testing.assert_close(paths[name], flows[name], rtol=1e-12, atol=1e-15)


class _Changing:
    """Other batches at every pass."""

    def __init__(self, *passes: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
        self.passes = list(passes)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return iter(self.passes.pop(0))


@pytest.mark.parametrize("criterion", ["grasp", "grasp-magnitude"])
@pytest.mark.parametrize(("first", "second"), [(4, 3), (3, 4)])
def test_batches_that_differ_between_the_passes_are_refused(criterion: str, first: int, second: int) -> None:
    x, y = torch.randn(4, 3), torch.randn(4, 1)
    with pytest.raises(InputError) as caught:
        score(
            nn.Linear(3, 1), squared_loss, _Changing([(x[:first], y[:first])], [(x[:second], y[:second])]),
            criterion=criterion,
        )  # fmt: skip
    assert caught.value.argument == "batch"
    assert caught.value.value == f"{first} samples, then {second}"


def test_a_module_that_is_itself_a_layer_is_named_without_a_dot() -> None:
    alone = nn.Linear(3, 2)
    x, y = torch.randn(4, 3), torch.randn(4, 2)
    for criterion in ("magnitude", "snip", "grasp", "synflow"):
        assert list(score(alone, squared_loss, [(x, y)], criterion=criterion)) == [""]
    alone.inner = nn.Linear(3, 2)
    alone.inner.weight = alone.weight
    with pytest.raises(InputError, match=r"'shared by weight, inner\.weight'"):
        score(alone, criterion="magnitude")


def test_a_convolution_first_asks_for_the_shape_of_an_example_and_a_linear_layer_does_not() -> None:
    """Sums of paths of a module that is no chain: one input of ones through the moduli."""
    convolved = nn.Sequential(nn.Conv2d(1, 1, 2), nn.Flatten(), nn.Linear(4, 1))
    with pytest.raises(InputError, match="input_shape = None: give the shape of one example"):
        score(convolved, criterion="synflow")
    routed = _Routed().double()
    routed.right, routed.left = nn.Linear(3, 2, bias=False).double(), nn.Linear(3, 2, bias=False).double()
    found = score(routed, criterion="synflow", layers=["left", "both"])
    for name in ("left", "both"):
        torch.testing.assert_close(found[name], routed.get_submodule(name).weight.detach().abs())
