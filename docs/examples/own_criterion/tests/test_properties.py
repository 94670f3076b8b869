"""Properties of the criterion and of the claim's rule, for any network and any observations."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from own_criterion.claims import EqualShares
from own_criterion.criteria import scaled_magnitude

from verification import score
from verification.claims import Outcome
from verification.strategies import networks, observations

COUNTS = {"count 0": st.integers(0, 64).map(float), "size 0": 64.0, "share 0": 0.25}


@given(networks())
def test_scores_are_moduli_in_units_of_the_layers_scale(network):
    weights = {name: layer.weight for name, layer in network.named_children() if hasattr(layer, "weight")}
    scores = score(network, criterion="scaled-magnitude")
    assert list(scores) == list(weights)
    for name, weight in weights.items():
        assert torch.equal(scores[name], weight.detach().abs() * weight.shape[1] ** 0.5)


@given(networks(widths=[3]), st.sampled_from([0.5, 2.0, 8.0]))
def test_scores_scale_with_the_weights(network, factor):
    weights = {"hidden": network[0].weight}
    scaled = {"hidden": factor * network[0].weight}
    assert torch.equal(scaled_magnitude(scaled)["hidden"], factor * scaled_magnitude(weights)["hidden"])


@given(observations("EQUAL-SHARES", COUNTS, criterion="scaled-magnitude"))
def test_what_is_refuted_at_a_level_is_refuted_at_every_higher_one(found):
    levels = (0.0001, 0.001, 0.01, 0.05)
    refuted = [EqualShares().decide(found, "statement", level).outcome is Outcome.REFUTED for level in levels]
    assert refuted == sorted(refuted)


@given(observations("EQUAL-SHARES", COUNTS, criterion="scaled-magnitude"), st.randoms(use_true_random=False))
def test_the_order_of_trials_does_not_matter(found, random):
    shuffled = random.sample(found, len(found))
    decided = [EqualShares().decide(some, "statement", 0.01) for some in (found, shuffled)]
    assert decided[0].outcome is decided[1].outcome
    assert decided[0].p_value == decided[1].p_value
