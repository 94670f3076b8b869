"""Structurally active inputs: the family's level, power, and counts of joined neurons against plain loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from graphon_theory.errors import InputError
from verification.analysis import analyse
from verification.analysis.document import document
from verification.analysis.intrinsic import intrinsic_dimension, intrinsic_facts
from verification.analysis.page import render_page
from verification.analysis.text import render_text
from verification.statistics import binomial_at_least

FALSE_ALARM = 1e-6


def test_family_level_holds_where_every_input_is_at_the_floor() -> None:
    rng = np.random.default_rng(1)
    n, d, rounds, level = 80, 30, 400, 0.2
    floor = 1.0 - 0.01 ** (1.0 / n)
    wrong = sum(bool(intrinsic_dimension(rng.random((n, d)) < floor, level=level).active) for _ in range(rounds))
    assert binomial_at_least(wrong, rounds, level) > FALSE_ALARM
    assert wrong > 0  # it is a test, not a wall


def test_unequal_rows_keep_the_level() -> None:
    # A few neurons see everything, most see nothing: the same mean degree, less spread.
    rng = np.random.default_rng(2)
    n, d, rounds, level = 80, 30, 300, 0.2
    floor = 1.0 - 0.01 ** (1.0 / n)
    rows = np.where(np.arange(n) < 8, 0.5, 0.0)
    rows[8:] = (floor * n - rows.sum()) / (n - 8) if floor * n > rows.sum() else 0.0
    rows *= min(1.0, floor * n / rows.sum())
    wrong = sum(
        bool(intrinsic_dimension(rng.random((n, d)) < rows[:, None], level=level).active) for _ in range(rounds)
    )
    assert binomial_at_least(wrong, rounds, level) > FALSE_ALARM


def test_well_connected_inputs_are_found_and_empty_ones_bounded() -> None:
    rng = np.random.default_rng(3)
    n = 400
    degrees = np.array([0.2] * 10 + [0.0] * 5)
    probabilities = np.tile(degrees, (n, 1))
    found = intrinsic_dimension(rng.random((n, 15)) < probabilities, probabilities=probabilities)
    assert found.active == tuple(range(10))
    assert found.empty == tuple(range(10, 15))
    assert found.most_empty_degree is not None
    assert math.isclose((1.0 - found.most_empty_degree) ** n, found.level / 15)
    assert math.isclose((1.0 - found.floor) ** n, found.risk)
    assert found.expected_empty is not None
    assert math.isclose(found.expected_empty[0], 5.0 + 10 * 0.8**n)


@given(st.integers(0, 2**16), st.floats(0.05, 0.7))
@settings(max_examples=30, deadline=None)
def test_joined_neurons_are_those_of_a_plain_loop(seed: int, density: float) -> None:
    rng = np.random.default_rng(seed)
    kept = rng.random((12, 7)) < density
    alive = rng.random(12) < 0.8
    found = intrinsic_dimension(kept, alive=alive)
    columns = found.active or tuple(j for j in range(7) if any(kept[i, j] and alive[i] for i in range(12)))
    assert len(found.widths) == min(3, len(columns))
    for width in found.widths:
        counts = [
            sum(alive[i] and all(kept[i, j] for j in J) for i in range(12))
            for J in itertools.combinations(columns, width.k)
        ]
        assert (width.least, width.most, width.median) == (min(counts), max(counts), float(np.median(counts)))
        assert (width.unjoined, width.sets, width.complete) == (counts.count(0), len(counts), True)
        if width.k == 2:
            assert (found.unjoined_pair is None) == (min(counts) > 0)
    assert found.largest == max(int(kept[i].sum()) if alive[i] else 0 for i in range(12))
    assert sorted((*found.active, *found.undecided, *found.empty)) == list(range(7))


def test_an_unjoined_pair_costs_a_quarter_of_the_mixed_difference() -> None:
    # The best sum f1(a) + f2(b) on four corners, by least squares in the sup norm: a linear programme.
    from scipy.optimize import linprog

    corners = list(itertools.product((0, 1), repeat=2))
    target = np.random.default_rng(4).normal(size=4)
    design = np.array([[a == 0, a == 1, b == 0, b == 1] for a, b in corners], dtype=float)
    slack = -np.ones((4, 1))
    bounds = np.vstack([np.hstack([design, slack]), np.hstack([-design, slack])])
    best = linprog([0, 0, 0, 0, 1], bounds, np.concatenate([target, -target]), bounds=[(None, None)] * 4 + [(0, None)])
    mixed = target[0] - target[1] - target[2] + target[3]
    assert math.isclose(best.fun, abs(mixed) / 4.0, rel_tol=1e-7)


def test_many_inputs_are_sampled_in_triples_and_facts_are_said() -> None:
    rng = np.random.default_rng(5)
    kept = rng.random((60, 90)) < 0.6
    kept[:, 4] = False
    kept[:, [7, 8]] = False
    kept[:30, 7] = kept[30:, 8] = True
    found = intrinsic_dimension(kept)
    assert not found.widths[2].complete
    assert found == intrinsic_dimension(kept)
    assert found.unjoined_pair == (7, 8)
    labels = dict(intrinsic_facts(found))
    assert "1 inputs (4)" in labels["empty"]
    assert "such as 7 and 8" in labels["cannot"]
    assert labels["active"].startswith(f"{len(found.active)} of 90")


def test_a_mask_without_edges_sees_nothing() -> None:
    found = intrinsic_dimension(np.zeros((5, 4), dtype=bool))
    assert (found.active, found.empty, found.widths, found.largest) == ((), (0, 1, 2, 3), (), 0)
    assert "cannot" in dict(intrinsic_facts(found))


def test_bad_input_is_named() -> None:
    kept = np.ones((5, 4), dtype=bool)
    with pytest.raises(InputError, match="kept"):
        intrinsic_dimension(np.full((5, 4), 0.5))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="alive"):
        intrinsic_dimension(kept, alive=np.ones(4, dtype=bool))
    with pytest.raises(InputError, match="probabilities"):
        intrinsic_dimension(kept, probabilities=np.full((4, 5), 0.1))
    with pytest.raises(InputError, match="probabilities"):
        intrinsic_dimension(kept, probabilities=np.full((5, 4), np.nan))
    with pytest.raises(InputError, match="level"):
        intrinsic_dimension(kept, level=1.0)
    with pytest.raises(InputError, match="risk"):
        intrinsic_dimension(kept, risk=0.0)


def test_the_analysis_carries_it() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 1), nn.Flatten(0))
    found = analyse(module, "digits", criterion="snip", density=0.1, draws=0)
    seen = found.intrinsic
    assert seen is not None
    assert seen == intrinsic_dimension(
        found.layers[0].mask, alive=found.masks["2"][0], probabilities=found.layers[0].prediction
    )
    stored = document(found)["intrinsic"]
    assert isinstance(stored, dict)
    assert stored["active"] == list(seen.active)
    assert "intrinsic dimension" in render_text(found)
    assert "Intrinsic dimension" in render_page(found, [])


def test_convolutions_have_none() -> None:
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 10))
    assert analyse(module, "digits", criterion="random", density=0.3, draws=0).intrinsic is None
