"""SynFlow's factors: against path sums by brute force, autograd scores, and the spread on real networks."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from graphon_theory import Gaussian, InputError, Uniform
from graphon_theory.criteria import factor_spread, path_factors, synflow_model
from verification.criteria import score
from verification.networks import perceptron


def test_factors_are_sums_over_paths() -> None:
    rng = np.random.default_rng(2)
    first, second, third = (rng.standard_normal(shape) for shape in ((3, 2), (4, 3), (2, 4)))
    rows, columns = path_factors([first, second, third])[1]
    for i in range(4):
        assert rows[i] == pytest.approx(sum(abs(third[o, i]) for o in range(2)))
    for j in range(3):
        assert columns[j] == pytest.approx(sum(abs(first[j, x]) for x in range(2)))
    rows, _ = path_factors([first, second, third])[0]
    for i in range(3):
        paths = sum(abs(third[o, k] * second[k, i]) for o, k in itertools.product(range(2), range(4)))
        assert rows[i] == pytest.approx(paths)


def test_one_hidden_layer_has_the_readout_as_rows_and_constant_columns() -> None:
    a = np.array([[0.5, -2.0, 1.0]])
    rows, columns = path_factors([np.ones((3, 5)), a])[0]
    np.testing.assert_array_equal(rows, [0.5, 2.0, 1.0])
    np.testing.assert_array_equal(columns, np.ones(5))
    np.testing.assert_array_equal(synflow_model(rows, columns, Gaussian()).profile, np.abs(a).T * np.ones(5))


def test_weight_times_factors_is_the_score() -> None:
    network = perceptron(6, [5, 4], outputs=3, seed=4)
    layers = {name: layer for name, layer in network.named_children() if isinstance(layer, torch.nn.Linear)}
    weights = [layer.weight.detach().numpy() for layer in layers.values()]
    scores = score(network, criterion="synflow")
    for name, weight, (rows, columns) in zip(layers, weights, path_factors(weights), strict=True):
        np.testing.assert_allclose(scores[name].numpy(), np.abs(weight) * np.outer(rows, columns), rtol=2e-6)


@pytest.mark.parametrize(("law", "factor"), [(Gaussian(), math.pi / 2 - 1), (Gaussian(3.0), math.pi / 2 - 1),
                                             (Uniform(), 1 / 3)])  # fmt: skip
def test_spread_of_equal_factors_is_of_order_one_over_n(law: Gaussian | Uniform, factor: float) -> None:
    assert factor_spread(np.ones(50), law) == pytest.approx(factor / 50, rel=1e-9)
    assert factor_spread(np.array([1.0, 0.0, 0.0]), law) == pytest.approx(factor, rel=1e-9)


def test_spread_is_that_of_real_networks() -> None:
    ratios = []
    for seed in range(20):
        network = perceptron(8, [128, 64], outputs=1, seed=seed)
        weights = [layer.weight.detach().numpy() for layer in network if isinstance(layer, torch.nn.Linear)]
        (rows, _), (behind, _), _ = path_factors(weights)
        ratios.append(rows.var() / rows.mean() ** 2 / factor_spread(behind, Gaussian()))
    # A variance of 128 values has a relative error of 0.125 or a little more; of twenty networks 0.03.
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.12)


def test_layers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match=r"weights\[1\]"):
        path_factors([np.ones((3, 2)), np.ones((2, 4))])
    with pytest.raises(InputError):
        path_factors([])
