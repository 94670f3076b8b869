"""Criteria on any network, and decision rules on any observations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch import nn

from graphon_theory.kernels import ERF, RELU, Activation, dual_activations
from tests.properties.within import within
from verification.cases import Observation
from verification.claims import Outcome, claims
from verification.criteria import score
from verification.data import Batch
from verification.losses import squared_loss
from verification.names import STATEMENTS
from verification.strategies import batches, kernels, networks, observations

LEVELS = (1e-6, 1e-4, 0.01, 0.05, 0.2)


@within(25)
@given(networks(activation="relu"))
def test_synflow_sums_to_the_same_over_every_layer(network: nn.Sequential) -> None:
    """SYN: conservation, each layer's scores sum to R, the sum of products of moduli along all paths."""
    with torch.no_grad():
        moduli = [layer.weight.double().abs() for layer in network if isinstance(layer, nn.Linear)]
        flow = torch.ones(moduli[0].shape[1], dtype=torch.float64)
        for weight in moduli:
            flow = weight @ flow
    sums = [float(value.double().sum()) for value in score(network, criterion="synflow").values()]
    np.testing.assert_allclose(sums, float(flow.sum()), rtol=1e-5)


@within(25)
@given(networks(inputs=3, outputs=1, activation="tanh"), batches(inputs=3))
def test_snip_is_the_slope_of_the_loss_under_scaling_one_weight(network: nn.Sequential, batch: Batch) -> None:
    """SNIP-S: ``|w dL/dw| = |dL/dc|`` for the weight ``c w`` at c = 1: by central differences in float64."""
    network = network.double()
    x, y = batch.inputs.double(), batch.labels.double()[:, None]
    found = score(network, squared_loss, [(x, y)], criterion="snip")["0"]
    weight, step = network[0].weight, 1e-5
    with torch.no_grad():
        kept = float(weight[0, 0])
        losses = []
        for factor in (1.0 + step, 1.0 - step):
            weight[0, 0] = kept * factor
            losses.append(float(squared_loss(network(x), y)))
        weight[0, 0] = kept
    # Truncation is of order step^2, cancellation of order 1e-16 / step.
    assert float(found[0, 0]) == pytest.approx(abs(losses[0] - losses[1]) / (2 * step), rel=1e-6, abs=1e-9)


@within(25)
@given(kernels(correlation=True), st.sampled_from([RELU, ERF]))
def test_dual_activations_of_kernels_are_kernels(R: np.ndarray, activation: Activation) -> None:
    """``E[sigma(z) sigma(z')]`` over a correlation matrix is a Gram matrix again, and so is that of the slopes."""
    ones = np.ones_like(R)
    duals = dual_activations(activation, ones, ones, R)
    for K, error in ((duals.k1, duals.error1), (duals.k0, duals.error0)):
        # A symmetric error of size e moves no eigenvalue by more than n e.
        slack = len(K) * (float(np.max(error)) + 1e-15)
        assert np.linalg.eigvalsh((K + K.T) / 2)[0] >= -slack


@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_claim_decides_on_nothing(statement: str) -> None:
    claim = claims()[statement]

    @within(len(LEVELS))
    @given(st.sampled_from(LEVELS))
    def check(level: float) -> None:
        for variant in ("statement", *(mutant.id for mutant in claim.mutants)):
            found = claim.decide((), variant, level)
            assert found.outcome is Outcome.NOT_RUN
            assert found.level == level

    check()


# Some 250 are expected: near enough that most outcomes change with the level.
NEAR = observations("THR", {"count": st.integers(200, 300).map(float), "size": 1000.0})


def refuted(found: list[Observation], levels: tuple[float, ...] = LEVELS) -> list[bool]:
    """Whether THR's rule refutes the statement, level by level."""
    return [claims()["THR"].decide(found, "statement", level).outcome is Outcome.REFUTED for level in levels]


@within(40)
@given(NEAR)
def test_what_thr_refutes_at_a_level_it_refutes_at_every_higher_one(found: list[Observation]) -> None:
    """What Holm's procedure asks of a rule."""
    outcomes = refuted(found)
    assert outcomes == sorted(outcomes)


def test_a_rule_that_takes_high_levels_for_low_ones_is_noticed_by_that_property() -> None:
    """Such a rule refutes less at a higher level: seen only where an outcome changes with the level."""
    changing = []

    @settings(within(40), phases=[Phase.generate])
    @given(NEAR)
    def check(found: list[Observation]) -> None:
        outcomes = refuted(found, LEVELS[::-1])
        changing.append(outcomes != sorted(outcomes))

    check()
    assert sum(changing) > len(changing) / 4


@within(40)
@given(NEAR, st.randoms(use_true_random=False))
def test_the_order_of_trials_does_not_matter_to_thr(found: list[Observation], random) -> None:
    shuffled = random.sample(found, len(found))
    one, other = (claims()["THR"].decide(some, "statement", 0.01) for some in (found, shuffled))
    assert (one.outcome, one.p_value, one.observed) == (other.outcome, other.p_value, other.observed)
