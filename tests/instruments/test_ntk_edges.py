"""Kernels of graphons and of networks: what is refused, and series with nothing in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sympy import exp
from torch import nn

from graphon_theory import FiniteModel, SaliencyModel
from graphon_theory.errors import InputError
from graphon_theory.notation import u, v
from verification.ntk.capture import capture
from verification.ntk.dual import _horner, dual
from verification.ntk.graphon_factors import GraphonLayer, finite_layer, model_layer, require_chain, step_layer

MODEL = SaliencyModel(g=1 + u, f=exp(-v))
ROWS = FiniteModel(np.ones((3, 2)))


def _layer(**changed: Any) -> GraphonLayer:
    parts = {
        "W": np.ones((2, 3)),
        "V": np.ones((2, 3)),
        "weights": np.full(2, 0.5),
        "columns": np.full(3, 1 / 3),
        "readout": np.ones(2),
    }
    return GraphonLayer(**parts | changed)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("W", np.ones(3)),
        ("W", np.ones((0, 3))),
        ("V", np.ones((3, 2))),
        ("weights", np.full(3, 1 / 3)),
        ("columns", np.full(2, 0.5)),
        ("readout", np.ones((2, 1))),
        ("V", np.full((2, 3), np.nan)),
        ("readout", -np.ones(2)),
    ],
)
def test_parts_of_a_layer_must_fit(name: str, wrong: Any) -> None:
    assert _layer().W.shape == (2, 3)
    with pytest.raises(InputError, match=rf"^{name} ="):
        _layer(**{name: wrong})


@pytest.mark.parametrize("nodes", [0, -1])
def test_a_layer_has_a_node_or_more(nodes: int) -> None:
    with pytest.raises(InputError, match="nodes"):
        finite_layer(ROWS, 0.5, nodes=nodes)
    with pytest.raises(InputError, match="nodes"):
        model_layer(MODEL, 0.1, columns=2, nodes=nodes)


def test_readouts_are_one_a_neuron() -> None:
    with pytest.raises(InputError, match=r"readout = .*give shape \(3,\)"):
        finite_layer(ROWS, 0.5, readout=np.ones(2))
    assert finite_layer(ROWS, 0.5, readout=np.full(3, 2.0)).readout.mean() == pytest.approx(2.0)


def test_columns_may_be_positions_of_ones_own() -> None:
    blocks = np.array([[0.2, 0.8]])
    found = step_layer(blocks, columns=[0.1, 0.9, 0.4, 0.6])
    np.testing.assert_array_equal(found.W, [[0.2, 0.8, 0.2, 0.8]])
    np.testing.assert_allclose(found.columns, 0.25)
    for wrong in ([], [[0.5]], [1.5], [-0.1], [np.nan]):
        with pytest.raises(InputError, match="columns"):
            step_layer(blocks, columns=wrong)


@pytest.mark.parametrize("wrong", [(), [], [1], "layers"])
def test_a_chain_is_of_layers(wrong: Any) -> None:
    with pytest.raises(InputError, match="layers"):
        require_chain(wrong)
    assert len(require_chain(_layer())) == 1


@pytest.mark.parametrize("name", ["relu", "erf", "gelu"])
def test_closed_forms_have_no_degree(name: str) -> None:
    with pytest.raises(InputError, match="degree"):
        dual(name, degree=4)


def test_a_series_without_live_degrees_is_zero() -> None:
    c = torch.linspace(-1.0, 1.0, 6).reshape(2, 3)
    a, b = torch.full((4, 2), 2.0), torch.ones(4, 3)
    torch.testing.assert_close(_horner(c, c, a, b, [], 1), torch.zeros(2, 3))
    torch.testing.assert_close(_horner(c, c, a, b, [0, 1, 2], 1), 2 * (1 + c + c**2))


def test_layers_must_see_one_row_a_sample() -> None:
    class Folded(nn.Module):
        """Give its layer two rows a sample."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x.reshape(-1, 2)).reshape(len(x), -1).sum(dim=1)

    with pytest.raises(InputError, match=r"input of layer = \(6, 2\)"):
        capture(Folded(), torch.ones(3, 4), ["layer"], torch.float32)
