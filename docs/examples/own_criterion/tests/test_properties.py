"""Properties of the criterion and of the claim's rule, for any network and any observations."""

from __future__ import annotations

from operator import add
from pathlib import Path

import torch
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from own_criterion.claims import EqualShares
from own_criterion.criteria import scaled_magnitude

from verification import score
from verification.claims import Outcome
from verification.strategies import networks, observations
from verification.suite import load_suite

SUITE = load_suite(str(Path(__file__).parents[1] / "suites" / "own.toml"))

DENSITY = 0.2
SIZES = (128 * 32, 128 * 128, 10 * 128)


def counts(size):
    """Draw counts within three standard deviations of what the claim states: many outcomes change with the level."""
    spread = round(3 * (size * DENSITY * (1 - DENSITY)) ** 0.5)
    return st.integers(round(size * DENSITY) - spread, round(size * DENSITY) + spread).map(float)


NEAR = {}
for layer, size in enumerate(SIZES):
    NEAR |= {f"count {layer}": counts(size), f"size {layer}": float(size), f"share {layer}": DENSITY}


def trials(initialisation):
    """Draw trials of a case of the suite."""
    fields = {"criterion": "scaled-magnitude", "inputs": 32, "depth": 2, "density": DENSITY}
    return observations("EQUAL-SHARES", NEAR, widths=[128], initialisation=initialisation, **fields)


TRIALS = st.builds(add, trials("gaussian"), trials("uniform"))
LEVELS = (0.0001, 0.001, 0.01, 0.05)
FIRST = settings(database=None, phases=[Phase.generate])  # what is found need not be the simplest


def refuted(found, levels):
    return [EqualShares().decide(found, "statement", level).outcome is Outcome.REFUTED for level in levels]


def test_trials_are_drawn_for_the_cases_of_the_suite():
    found = find(TRIALS, lambda _: True, settings=FIRST)
    assert {trial.case for trial in found} == set(SUITE.cases(SUITE.checks[0]))


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


@given(TRIALS)
def test_what_is_refuted_at_a_level_is_refuted_at_every_higher_one(found):
    outcomes = refuted(found, LEVELS)
    assert outcomes == sorted(outcomes)


def test_a_rule_that_takes_high_levels_for_low_ones_is_noticed():
    """It refutes less at a higher level: seen only where an outcome changes with the level."""

    def notices(found):
        outcomes = refuted(found, LEVELS[::-1])
        return outcomes != sorted(outcomes)

    find(TRIALS, notices, settings=FIRST)  # fails where there is none


@given(TRIALS, st.randoms(use_true_random=False))
def test_the_order_of_trials_does_not_matter(found, random):
    shuffled = random.sample(found, len(found))
    decided = [EqualShares().decide(some, "statement", 0.01) for some in (found, shuffled)]
    assert decided[0].outcome is decided[1].outcome
    assert decided[0].p_value == decided[1].p_value
