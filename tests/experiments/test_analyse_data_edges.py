"""Networks and data that do not suit each other: what ``graphon analyse`` says of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import verification.analysis.inputs as inputs_module
from graphon_theory.errors import InputError
from verification.analysis.inputs import Prepared, explained_share, prepare
from verification.analysis.one_hidden import one_hidden_layer
from verification.analysis.pruning import masks_of
from verification.data import Samples


def samples(size: int = 40, inputs: int = 4, classes: int | None = None, targets: Any = None) -> Samples:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(size, inputs, generator=generator)
    if targets is None:
        targets = x[:, 0] + x[:, 1] if classes is None else torch.arange(size) % classes
    return Samples(x, targets, classes)


class Odd(nn.Module):
    """A layer that fits, and outputs that do not."""

    def __init__(self, shape: str) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.shape = shape

    def forward(self, x: torch.Tensor) -> Any:
        y = self.layer(x)
        return {"pair": (y, y), "deep": y[:, :, None], "short": y[:1]}[self.shape]


@pytest.mark.parametrize(
    ("shape", "said"), [("pair", "returned a tuple"), ("deep", "(2, 3, 1) for 2 samples"), ("short", "(1, 3)")]
)
def test_outputs_that_are_none_are_refused_without_blaming_the_inputs(shape: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        prepare(Odd(shape), samples(classes=3), batch=None, loss=None, seed=0)
    assert said in str(refused.value)
    assert "takes" not in str(refused.value).replace("does not take", "")


def _prepared(outputs: int, data: Samples, loss: str | None = "squared") -> Prepared:
    return prepare(nn.Linear(4, outputs), data, batch=None, loss=loss, seed=0)


def test_outputs_must_suit_the_targets() -> None:
    with pytest.raises(InputError, match=r"2 outputs.*one real target"):
        _prepared(2, samples())
    with pytest.raises(InputError, match=r"2 outputs.*3 classes"):
        _prepared(2, samples(classes=3))
    found = _prepared(3, samples(classes=3))
    assert found.targets.shape == (40, 3)
    torch.testing.assert_close(found.targets.mean(dim=0), torch.zeros(3), atol=1e-6, rtol=0.0)
    assert float(found.targets.square().mean()) == pytest.approx(1.0)


def test_a_batch_of_one_class_is_refused() -> None:
    with pytest.raises(InputError, match="all labels of the batch are equal"):
        _prepared(3, samples(classes=3, targets=torch.ones(40, dtype=torch.long)))


def test_the_explained_share_is_found_on_a_part_of_many_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(3000, 4, generator=generator)
    y = x[:, 0] + torch.randn(3000, generator=generator)  # half of the variance is linear
    prepared = _prepared(1, Samples(x, y, None))
    whole = explained_share(prepared)
    monkeypatch.setattr(inputs_module, "_MOST_FITTED", 1000)
    part = explained_share(prepared)
    assert whole is not None
    assert part is not None
    # R^2 of 1,000 samples has a standard deviation of about 0.03 here; five of them.
    assert whole == pytest.approx(0.5, abs=0.09)
    assert part == pytest.approx(0.5, abs=0.16)
    assert part != whole


def test_a_network_whose_layers_do_not_meet_has_no_hidden_layer() -> None:
    prepared = _prepared(1, samples())

    class Apart(nn.Module):
        """Two layers side by side."""

        def __init__(self, first: nn.Module, second: nn.Module) -> None:
            super().__init__()
            self.first, self.second = first, second

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.first(x).flatten(1).sum(dim=1)

    for first, second in (
        (nn.Linear(4, 1), nn.Conv2d(1, 1, 1)),
        (nn.Linear(4, 5), nn.Linear(4, 1)),
        (nn.Linear(3, 5), nn.Linear(5, 1)),
    ):
        assert one_hidden_layer(Apart(first, second), prepared) is None
    found = one_hidden_layer(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 1)), prepared)
    assert found is not None
    assert found.hidden == "0"


def test_a_scope_that_is_none_is_refused() -> None:
    prepared = _prepared(1, samples())
    with pytest.raises(InputError, match="scope"):
        masks_of(
            nn.Linear(4, 1),
            prepared,
            criterion="magnitude",
            density=0.5,
            scope="layers",
            layers=None,
            generator=torch.Generator(),
        )
