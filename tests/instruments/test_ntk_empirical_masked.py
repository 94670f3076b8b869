"""Networks pruned at initialisation: the same masks in both variants, and weights of the stated law."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from graphon_theory.errors import InputError
from verification.criteria import score
from verification.losses import centred_squared_loss
from verification.masks import mask
from verification.networks import OneHiddenLayer, perceptron
from verification.ntk.masked import apply_masks, prune_network

_GENERATOR = torch.Generator().manual_seed(0)
BATCH = [(torch.randn(64, 30, generator=_GENERATOR), torch.randn(64, generator=_GENERATOR))]


def _one_hidden() -> OneHiddenLayer:
    return OneHiddenLayer(30, 200, initialisation="gaussian", seed=1)


@pytest.mark.parametrize("criterion", ["random", "magnitude", "snip", "grasp", "grasp-magnitude", "synflow"])
def test_masks_are_those_of_the_scores_and_the_same_in_both_variants(criterion: str) -> None:
    network = _one_hidden()
    data = {"loss": centred_squared_loss, "batch": BATCH} if criterion.startswith(("snip", "grasp")) else {}
    kept, redrawn = (
        prune_network(network, criterion=criterion, density=0.2, seed=3, weights=weights, layers=["hidden"], **data)
        for weights in ("kept", "redrawn")
    )
    if criterion != "random":  # without ties a mask is a function of its scores
        scores = score(network, data.get("loss"), data.get("batch"), criterion=criterion, layers=["hidden"])
        assert torch.equal(kept.masks["hidden"], mask(scores, density=0.2, scope="layer")["hidden"])
    assert torch.equal(kept.masks["hidden"], redrawn.masks["hidden"])
    assert int(kept.masks["hidden"].sum()) == round(0.2 * 200 * 30)
    assert torch.equal(kept.module.hidden.weight, network.hidden.weight * kept.masks["hidden"])
    assert not redrawn.module.hidden.weight[~kept.masks["hidden"]].any()
    assert torch.equal(redrawn.module.readout.weight, network.readout.weight)
    assert not torch.equal(redrawn.module.hidden.weight, kept.module.hidden.weight)
    assert network.hidden.weight.all()


@pytest.mark.parametrize("initialisation", ["gaussian", "uniform"])
def test_weights_drawn_anew_follow_the_law_and_kept_ones_do_not(initialisation: str) -> None:
    network = perceptron(100, [300], initialisation=initialisation, seed=2)
    kept, redrawn = (
        prune_network(
            network, criterion="magnitude", density=0.3, seed=4, weights=weights, initialisation=initialisation
        )
        for weights in ("kept", "redrawn")
    )
    law = stats.norm() if initialisation == "gaussian" else stats.uniform(-1, 2)
    p_values = [
        stats.kstest(10 * pruned.module[0].weight[pruned.masks["0"]].detach().numpy(), law.cdf).pvalue
        for pruned in (kept, redrawn)
    ]
    assert p_values[0] < 1e-9
    assert p_values[1] > 1e-4


def test_iterative_synflow_and_global_thresholds() -> None:
    network = perceptron(20, [30, 25], seed=5)
    for criterion in ("synflow-iterative", "magnitude"):
        pruned = prune_network(network, criterion=criterion, density=0.3, seed=6, scope="global")
        sizes = sum(kept.numel() for kept in pruned.masks.values())
        assert sum(int(kept.sum()) for kept in pruned.masks.values()) == round(0.3 * sizes)
    with pytest.raises(
        InputError, match=r"^scope = 'layer': iterative SynFlow has one threshold over all layers: give"
    ):
        prune_network(network, criterion="synflow-iterative", density=0.3, seed=6)


def test_seeds_repeat_and_differ() -> None:
    def weights(seed: int) -> np.ndarray:
        pruned = prune_network(_one_hidden(), criterion="random", density=0.5, seed=seed, weights="redrawn")
        return pruned.module.hidden.weight.detach().numpy()

    assert np.array_equal(weights(1), weights(1))
    assert not np.array_equal(weights(1) != 0, weights(2) != 0)


def test_one_seed_for_network_mask_and_weights_leaves_them_unrelated() -> None:
    network = perceptron(100, [400], seed=9)
    pruned, fresh = (
        prune_network(network, criterion="random", density=0.5, seed=9, weights=weights, initialisation="gaussian")
        for weights in ("kept", "redrawn")
    )
    kept, before, after = (
        value.detach().double().flatten()
        for value in (pruned.masks["0"].double(), network[0].weight, fresh.module[0].weight)
    )
    chosen = kept > 0
    # Ranks of 40,000 entries: correlations of unrelated ones stay below 5 standard errors, 0.025 (20,000: 0.035).
    assert abs(stats.spearmanr(kept, before).statistic) < 0.025
    assert abs(stats.spearmanr(kept, before.abs()).statistic) < 0.025
    assert abs(stats.spearmanr(before[chosen], after[chosen]).statistic) < 0.036


def test_layers_of_convolutions_are_pruned_too() -> None:
    module = nn.Sequential(nn.Conv2d(2, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 4, 1))
    pruned = prune_network(module, criterion="magnitude", density=0.5, seed=0)
    assert not pruned.module[0].weight[~pruned.masks["0"]].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"masks": {}}, "one layer"),
        ({"masks": {"hiden": torch.ones(200, 30, dtype=torch.bool)}}, "did you mean 'hidden'"),
        ({"masks": {"hidden": torch.ones(30, 200, dtype=torch.bool)}}, r"shape \(200, 30\)"),
        ({"masks": {"hidden": torch.ones(200, 30)}}, "boolean"),
        ({"weights": "fresh"}, "kept, redrawn"),
        ({"weights": "redrawn"}, "seed"),
        ({"weights": "redrawn", "seed": 1, "initialisation": "laplace"}, "gaussian, uniform"),
        ({"weights": "redrawn", "seed": 1, "initialisation": "uniform"}, "times the variance of uniform"),
    ],
)
def test_bad_masks_and_laws_are_refused(change: dict[str, object], message: str) -> None:
    arguments = {"masks": {"hidden": torch.ones(200, 30, dtype=torch.bool)}} | change
    with pytest.raises(InputError, match=message):
        apply_masks(_one_hidden(), **arguments)


def test_a_law_that_is_nowhere_stated_is_asked_for() -> None:
    with pytest.raises(InputError, match="name the law"):
        prune_network(perceptron(30, [40]), criterion="magnitude", density=0.5, seed=0, weights="redrawn")
    with pytest.raises(InputError, match="scope"):
        prune_network(perceptron(30, [40]), criterion="magnitude", density=0.5, seed=0, scope="network")
