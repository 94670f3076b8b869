"""Joined neurons and empty columns, for any network and mask: UAT-count, UAT and UAT-n; SynFlow in steps: SF."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from graphon_theory.approximation import drawn_types_law, full_block_rate, given_types_law
from tests.properties.within import within
from verification.criteria import synflow_iterative
from verification.strategies import densities, graphons, masks, networks

SIZES = st.integers(2, 4)  # six weights or more: each step keeps some and drops some
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}


@within(40)
@given(graphons(st.integers(1, 4), 2))
def test_the_law_of_joined_neurons_is_that_of_independent_rows(W) -> None:
    """UAT-count: with types given by enumeration of all outcomes; with types drawn the mean is n times ``t_J``."""
    rates = W.matrix.prod(axis=1)
    law = given_types_law(rates)
    exact = np.zeros(len(rates) + 1)
    for outcome in itertools.product((0, 1), repeat=len(rates)):
        exact[sum(outcome)] += math.prod(p if o else 1.0 - p for p, o in zip(rates, outcome, strict=True))
    np.testing.assert_allclose([law.at_most(k) for k in range(len(exact))], np.cumsum(exact), atol=1e-12)
    assert drawn_types_law(7, float(rates.mean())).mean == pytest.approx(7 * rates.mean(), abs=1e-12)


@within(40)
@given(st.integers(1, 3), st.integers(0, 6), st.integers(0, 6))
def test_a_block_is_full_no_more_often_than_with_independent_entries(active: int, more: int, kept: int) -> None:
    """UAT-count: ``C(N-k, K-k)/C(N, K) <= (K/N)^k``, the left side by counting all masks."""
    entries = min(active + more, 7)
    kept = min(kept, entries)
    chosen = list(itertools.combinations(range(entries), kept))
    full = sum(set(range(active)) <= set(one) for one in chosen)
    found = full_block_rate(active, entries, kept)
    assert float(found) == pytest.approx(full / len(chosen), abs=1e-15)
    assert float(found) <= (kept / entries) ** active + 1e-15


@within(40)
@given(masks(st.integers(1, 4), st.integers(2, 4)), st.sampled_from(["relu", "tanh"]), st.integers(0, 9))
def test_a_masked_network_is_the_network_of_its_joined_neurons(kept: np.ndarray, name: str, seed: int) -> None:
    """UAT: zeros outside J and before every neuron not joined to all of J leave a dense network of width N_J."""
    generator, sigma = torch.Generator().manual_seed(seed), ACTIVATIONS[name]
    n, d = kept.shape
    w, b, a = (torch.randn(*size, generator=generator, dtype=torch.float64) for size in ((n, d), (n,), (n,)))
    x = torch.randn(5, d, generator=generator, dtype=torch.float64)
    active = [0, 1]
    joined = torch.from_numpy(kept[:, active].all(axis=1))
    weights, readout = w.clone(), a * joined
    weights[:, [j for j in range(d) if j not in active]] = 0.0
    masked = sigma(x @ (torch.from_numpy(kept) * weights).T + b) @ readout
    small = sigma(x[:, active] @ w[joined][:, active].T + b[joined]) @ a[joined]
    torch.testing.assert_close(masked, small, rtol=1e-12, atol=1e-12)


@within(25)
@given(networks(inputs=3), st.integers(0, 2), st.integers(0, 9))
def test_an_input_without_an_edge_is_not_seen(network: nn.Sequential, column: int, seed: int) -> None:
    """UAT-n: two inputs that differ there alone have one output, whatever the other weights."""
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(seed))
    other = x.clone()
    other[:, column] += 3.0
    with torch.no_grad():
        network[0].weight[:, column] = 0.0
        assert torch.equal(network(x), network(other))


@pytest.mark.filterwarnings("ignore::verification.masks.LayerCollapse")
@within(15)
@given(
    networks(SIZES, st.lists(SIZES, min_size=1, max_size=2), activation="relu"), densities(0.3, 0.7), st.integers(1, 4)
)
def test_synflow_in_steps_keeps_its_density_and_never_takes_back(
    network: nn.Sequential, rho: float, steps: int
) -> None:
    """SF: exactly ``round(rho N)`` weights are kept, and what one step drops stays dropped in the next."""
    found = synflow_iterative(network, rho, steps, ties="index").masks
    total = sum(kept.numel() for kept in found.values())
    assert sum(int(kept.sum()) for kept in found.values()) == round(rho * total)
    if steps > 1:
        before = synflow_iterative(network, rho ** ((steps - 1) / steps), steps - 1, ties="index").masks
        assert not any(bool((found[name] & ~before[name]).any()) for name in found)
