"""Scores: against plain loops and finite differences, on real modules."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from graphon_theory.errors import InputError
from verification.criteria import CRITERIA, score
from verification.losses import centred_squared_loss, squared_loss


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0)).double()


def _data(size: int = 7) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(size, 3, generator=generator, dtype=torch.float64)
    return x, torch.randn(size, generator=generator, dtype=torch.float64)


def test_snip_agrees_with_central_differences() -> None:
    module, (x, y) = _network(), _data()
    found = score(module, squared_loss, [(x, y)], criterion="snip")
    for name in ("0", "2"):
        weight = module.get_submodule(name).weight
        for index in range(weight.numel()):
            flat = weight.data.view(-1)
            kept = float(flat[index])
            values = []
            for step in (1e-6, -1e-6):
                flat[index] = kept + step
                with torch.no_grad():
                    residuals = [float(module(x[s : s + 1])[0] - y[s]) for s in range(len(y))]
                values.append(sum(r * r for r in residuals) / (2 * len(y)))
            flat[index] = kept
            slope = (values[0] - values[1]) / 2e-6
            assert float(found[name].view(-1)[index]) == pytest.approx(abs(kept * slope), rel=1e-6, abs=1e-10)


def test_batches_of_unequal_size_add_up_exactly() -> None:
    module, (x, y) = _network(), _data()
    whole = score(module, squared_loss, [(x, y)], criterion="snip")
    parts = score(module, squared_loss, [(x[:2], y[:2]), (x[2:], y[2:])], criterion="snip")
    for name in whole:
        torch.testing.assert_close(whole[name], parts[name], rtol=1e-13, atol=1e-15)


def test_centred_loss_has_the_gradient_of_residual_minus_y() -> None:
    module, (x, y) = _network(), _data()
    found = score(module, centred_squared_loss, [(x, y)], criterion="snip")["0"]
    weight = module.get_submodule("0").weight
    (gradient,) = torch.autograd.grad((-(y * module(x))).mean(), weight)
    torch.testing.assert_close(found, (weight * gradient).abs().detach(), rtol=1e-12, atol=1e-15)


def test_magnitude_is_the_modulus_and_random_ignores_the_weights() -> None:
    module = _network()
    assert torch.equal(score(module, criterion="magnitude")["0"], module[0].weight.detach().abs())
    draws = [score(_network(), criterion="random", generator=torch.Generator().manual_seed(3))["0"] for _ in range(2)]
    assert torch.equal(*draws)
    assert draws[0].min() >= 0
    assert draws[0].max() < 1


def test_scoring_leaves_the_module_alone() -> None:
    module = _network()
    before = [p.detach().clone() for p in module.parameters()]
    score(module, squared_loss, [_data()], criterion="snip")
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))
    assert all(p.grad is None for p in module.parameters())


def test_layers_can_be_chosen() -> None:
    assert list(score(_network(), criterion="magnitude", layers=["2"])) == ["2"]


def test_bad_requests_are_refused_by_name() -> None:
    module, batch = _network(), [_data()]
    with pytest.raises(InputError, match="criterion = 'snap': did you mean 'snip'"):
        score(module, criterion="snap")
    with pytest.raises(InputError, match=r"call synflow_iterative\("):
        score(module, criterion="synflow-iterative")
    with pytest.raises(InputError, match="layers = 'hidden'"):
        score(module, criterion="magnitude", layers=["hidden"])
    with pytest.raises(InputError, match="at least one torch"):
        score(nn.ReLU(), criterion="magnitude")
    with pytest.raises(InputError, match="loss and batch"):
        score(module, criterion="snip")
    with pytest.raises(InputError, match="batch = 'empty'"):
        score(module, squared_loss, [], criterion="snip")
    with pytest.raises(InputError, match="generator"):
        score(module, criterion="random")
    module[0].weight.requires_grad_(False)
    with pytest.raises(InputError, match="frozen"):
        score(module, squared_loss, batch, criterion="snip")


def test_layers_without_gradient_and_infinite_scores_are_refused() -> None:
    class Unused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Linear(3, 1), nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x)[:, 0]

    x, y = (part.float() for part in _data())
    with pytest.raises(InputError, match="layer idle = 'no gradient'"):
        score(Unused(), squared_loss, [(x, y)], criterion="snip")
    with pytest.raises(InputError, match="NaN or infinite"):
        score(Unused(), squared_loss, [(x * float("inf"), y)], criterion="snip", layers=["used"])


def test_every_named_criterion_exists() -> None:
    for name in CRITERIA:
        found = score(_network(), squared_loss, [_data()], criterion=name, generator=torch.Generator().manual_seed(0))
        assert found["0"].shape == (4, 3)
