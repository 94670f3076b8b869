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
from verification.ntk.graphon_factors import (
    GraphonLayer,
    field_layer,
    finite_layer,
    model_layer,
    require_chain,
    step_layer,
)
from verification.ntk.own_share import own_share

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
    with pytest.raises(InputError, match=f"^nodes = {nodes}: give at least one$"):
        finite_layer(ROWS, 0.5, nodes=nodes)
    with pytest.raises(InputError, match=f"^nodes = {nodes}: give at least one$"):
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
    for count in (0, -3):
        with pytest.raises(InputError, match=f"^columns = {count}: give a positive number of inputs$"):
            step_layer(blocks, columns=count)
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


@pytest.mark.parametrize("live", [[0, 2], [1, 3], [3], [2], [1, 5], [0, 4]])
def test_a_series_by_steps_of_two_is_the_series(live: list[int]) -> None:
    """Odd or even powers alone, from any of them on, against the sum written out; ``c^2`` is the step."""
    c = torch.linspace(-1.0, 1.0, 6, dtype=torch.float64).reshape(2, 3)
    a, b = torch.zeros(7, 2, dtype=torch.float64), torch.zeros(7, 3, dtype=torch.float64)
    for k in live:
        a[k], b[k] = torch.tensor([1.0 + k, -2.0]), torch.tensor([1.0, 0.5, k - 3.5])
    expected = sum(torch.outer(a[k], b[k]) * c**k for k in live)
    torch.testing.assert_close(_horner(c.square(), c, a, b, live, 2), expected)
    torch.testing.assert_close(_horner(c, c, a, b, live, 1), expected)


def test_nodes_are_drawn_towards_the_ends_where_that_errs_less() -> None:
    """The tenth root is steep at 0, where a rule of Gauss and Legendre misses its integral 10/11; of x^3 it has 1/4."""
    x, w = np.polynomial.legendre.leggauss(8)
    plain = abs(0.5 * w @ ((x + 1) / 2) ** 0.1 - 10 / 11)
    steep = field_layer(lambda u, v: (u + 0 * v) ** 0.1, columns=2, nodes=8)
    assert np.abs(steep.weights @ steep.W - 10 / 11).max() < 0.1 * plain
    smooth = field_layer(lambda u, v: (u + 0 * v) ** 3, columns=2, nodes=8)
    np.testing.assert_allclose(smooth.weights @ smooth.W, 1 / 4, rtol=1e-14)
    for layer in (steep, smooth):
        assert layer.weights.sum() == pytest.approx(1.0, rel=1e-14)


def test_neurons_that_the_readout_ignores_do_not_spread() -> None:
    """The stated error is the spread of what differs: of degrees, by hand, whatever one number the readout is."""
    model = FiniteModel(np.linspace(1.0, 2.0, 12)[:, None] * np.ones(3))
    ignored, read = (finite_layer(model, 0.4, nodes=3, readout=np.full(12, a)) for a in (0.0, 2.0))
    degrees = model.probabilities(0.4).mean(axis=1).reshape(3, 4)
    assert ignored.error == pytest.approx(max(part.var() / part.mean() ** 2 for part in degrees), rel=1e-12)
    assert ignored.error == read.error > 0.0


def test_dead_inputs_and_fields_have_no_share_of_their_own_and_change_nobody_elses() -> None:
    rng = np.random.default_rng(0)
    x, z, b, residuals = rng.standard_normal((5, 3)), rng.standard_normal((5, 4)), np.ones((5, 4)), np.ones(5)
    x[:, 1], b[:, 2] = 0.0, 0.0
    found = own_share(x, z, b, residuals, 0.1)
    assert not found[:, 1].any()
    assert not found[2].any()
    assert np.delete(np.delete(found, 1, axis=1), 2, axis=0).all()


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
