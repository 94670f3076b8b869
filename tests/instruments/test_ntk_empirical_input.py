"""What the empirical kernel refuses, and with what words."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from graphon_theory.errors import InputError
from verification.networks import perceptron
from verification.ntk.empirical import empirical_ntk

X = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))


class _Mixing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x)
        return out - out.mean(dim=0)


class _Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 5)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(torch.relu(self.layer(x)))
        return out


class _Loose(_Twice):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))


class _Scalar(_Twice):
    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x).sum()


class _Unused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.spare = nn.Linear(5, 1), nn.Linear(5, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x)
        return out


def _tied() -> nn.Module:
    module = nn.Sequential(nn.Linear(5, 5), nn.ReLU(), nn.Linear(5, 5))
    module[2].weight = module[0].weight
    return module


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Sequential(nn.Conv1d(4, 4, 1)), "Linear"),
        (
            nn.Sequential(nn.Unflatten(1, (1, 1, 5)), nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(10, 1)),
            "Unflatten|Conv2d",
        ),
        (nn.Sequential(nn.Conv2d(1, 2, 3)), r"layer 0 = 'Conv2d': give Linear layers"),
        (nn.Sequential(nn.Linear(5, 3), nn.BatchNorm1d(3)), "BatchNorm1d"),
        (nn.Sequential(nn.Linear(5, 3), nn.Dropout(0.5)), r"module.eval"),
        (nn.Sequential(nn.Linear(5, 3), nn.Softmax(dim=0)), "Softmax"),
        (_tied(), "Parameter of its own"),
        (nn.Sequential(parametrizations.weight_norm(nn.Linear(5, 1))), "plain torch.nn.Linear"),
        (_Mixing(), "mix samples"),
        (_Twice(), "used 2 times"),
        (_Loose(), "scale = 'a parameter outside"),
        (_Scalar(), "return shape"),
        (_Unused(), "used 0 times"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_modules_that_are_not_understood_are_refused(module: nn.Module, message: str) -> None:
    with pytest.raises(InputError, match=message):
        empirical_ntk(module, X)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": X[0]}, "inputs"),
        ({"x": X[:0]}, "inputs"),
        ({"x": torch.full((2, 5), float("nan"))}, "NaN"),
        ({"y": torch.full((2, 5), float("inf"))}, "NaN or infinite"),
        ({"masks": {"1": torch.ones(6, 5, dtype=torch.bool)}}, "name Linear layers: 0, 2"),
        ({"masks": {"0": torch.ones(5, 6, dtype=torch.bool)}}, r"boolean one of shape \(6, 5\)"),
        ({"masks": {"0": torch.ones(6, 5)}}, "boolean"),
        ({"masks": {"0": torch.zeros(6, 5, dtype=torch.bool)}}, "drops 30 weights that are not 0.*apply_masks"),
        ({"layers": ["3"]}, "layers"),
        ({"outputs": "trace"}, "sum, each"),
        ({"parametrisation": "mup"}, "ntk, standard"),
        ({"dtype": torch.float16}, "float32 or torch.float64"),
    ],
)
def test_bad_arguments_are_refused(change: dict[str, object], message: str) -> None:
    module = perceptron(5, [6], seed=0)
    with pytest.raises(InputError, match=message):
        empirical_ntk(module, **({"x": X} | change))


def test_overflow_is_refused_and_dead_layers_are_not() -> None:
    module = perceptron(5, [6], seed=0)
    with torch.no_grad():
        module[2].weight.fill_(3e38)
    with pytest.raises(InputError, match="NaN or infinite"):
        empirical_ntk(module, 1e3 * X)
    with torch.no_grad():
        module[2].weight.zero_()
        module[0].weight.zero_()
    assert not empirical_ntk(module, X).total.any()
    assert torch.isfinite(empirical_ntk(perceptron(5, [6], seed=0), torch.zeros(3, 5)).total).all()
