"""Nulls by sampling: their level, what each ready-made statistic sees, and what it does not see."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy import stats

from graphon_theory import FiniteModel, Gaussian
from graphon_theory.errors import InputError
from verification.null_laws import READY_MADE, null_p_values, quantile_groups, sampled_null
from verification.null_laws.ready_made import block_statistic
from verification.sampling import sample_mask
from verification.statistics import rank_p_value
from verification.threads import one_thread

N = 256
DENSITY = 0.1
DRAWS = 49


def _rising() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.outer(np.sort(rng.uniform(0.7, 1.3, N)), np.sort(rng.uniform(0.7, 1.3, N)))


def _p_values(truth: np.ndarray, prediction: np.ndarray, seed: int) -> dict[str, float]:
    generator = torch.Generator().manual_seed(seed)
    with one_thread():
        kept = sample_mask(FiniteModel(truth, Gaussian()), DENSITY, generator).numpy()
        return null_p_values(kept, FiniteModel(prediction, Gaussian()), DENSITY, draws=DRAWS, generator=generator)


def test_p_values_keep_their_level() -> None:
    """Null: top-k masks of a model, 12 x 10; level 0.1 with 9 draws; 150 rounds; each statistic, 1e-6."""
    rng = np.random.default_rng(1)
    model = FiniteModel(np.outer(rng.uniform(0.5, 2, 12), rng.uniform(0.5, 2, 10)), Gaussian())
    statistics = {name: READY_MADE[name] for name in READY_MADE if name != "cut"}
    generator = torch.Generator().manual_seed(2)
    rejected = dict.fromkeys(statistics, 0)
    for _ in range(150):
        kept = sample_mask(model, 0.3, generator).numpy()
        for name, p in null_p_values(kept, model, 0.3, statistics, 9, generator).items():
            rejected[name] += p <= 0.1
    assert max(rejected.values()) <= stats.binom.isf(1e-6, 150, 0.1)
    # Continuous statistics reject at the level itself.
    assert rejected["row degrees"] >= stats.binom.ppf(1e-6, 150, 0.1)


def test_one_heavy_column_is_seen_by_degrees_and_not_by_the_cut_norm() -> None:
    """Entries of one column in 256 are larger by half: 0.001 at most, beside 0.008 of noise."""
    truth = _rising()
    truth[:, 100] *= 1.5
    found = _p_values(truth, _rising(), 20)
    assert found["largest column"] == 1 / (DRAWS + 1)
    assert found["cut"] > 0.05


def test_a_faint_checkerboard_is_seen_by_blocks_and_not_by_the_cut_norm() -> None:
    """Scores of 4 x 4 blocks up and down by 4 %: all degrees are as predicted."""
    truth = _rising() * (1 + 0.04 * np.kron((-1.0) ** np.add.outer(range(4), range(4)), np.ones((64, 64))))
    found = _p_values(truth, _rising(), 20)
    assert found["blocks"] == 1 / (DRAWS + 1)
    assert found["cut"] > 0.05
    assert min(found["row degrees"], found["column degrees"]) > 0.05


def test_a_hidden_bipartition_is_seen_by_the_cut_norm_alone() -> None:
    """Rows and columns halved at random, balanced in every block: degrees and block counts are as predicted."""
    rng = np.random.default_rng(3)
    halves = [np.concatenate([rng.permutation(np.repeat([1.0, -1.0], 32)) for _ in range(4)]) for _ in range(2)]
    found = _p_values(1 + 0.22 * np.outer(*halves), np.ones((N, N)), 10)
    assert found["cut"] == 1 / (DRAWS + 1)
    assert min(p for name, p in found.items() if name != "cut") > 0.05


def test_a_true_prediction_is_not_rejected_outright() -> None:
    """Null: six p-values of one mask, each a multiple of 0.02 and at most 0.02 with probability 0.02; fixed seed."""
    assert min(_p_values(_rising(), _rising(), 12).values()) > 1 / (DRAWS + 1)


def test_statistics_get_masks_and_the_prediction() -> None:
    model = FiniteModel(np.outer([1.0, 2.0, 3.0], [1.0, 0.5]), Gaussian())
    prediction = model.probabilities(0.5)
    seen = []

    def statistic(kept: np.ndarray, given: np.ndarray) -> float:
        assert kept.dtype == np.bool_
        assert kept.sum() == 3
        assert np.array_equal(given, prediction)
        seen.append(kept)
        return float(kept[2, 0])

    null = sampled_null(model, 0.5, {"corner": statistic}, 30, torch.Generator().manual_seed(4))["corner"]
    assert null.shape == (30,)
    assert len(seen) == 30
    kept = np.array([[False, False], [True, False], [True, True]])
    found = null_p_values(kept, model, 0.5, {"corner": statistic}, 30, torch.Generator().manual_seed(4))
    assert found == {"corner": rank_p_value(1.0, null)}
    again = sampled_null(model, 0.5, {"corner": statistic}, 30, torch.Generator().manual_seed(4))
    assert np.array_equal(again["corner"], null)


def test_block_statistic_by_loops() -> None:
    rng = np.random.default_rng(5)
    prediction = np.outer(rng.uniform(0.2, 1, 9), rng.uniform(0.1, 0.9, 7))
    kept = rng.random((9, 7)) < prediction
    rows, columns = quantile_groups(prediction.mean(axis=1), 3), quantile_groups(prediction.mean(axis=0), 3)
    total = 0.0
    for r in range(3):
        for c in range(3):
            block = [(i, j) for i in range(9) for j in range(7) if rows[i] == r and columns[j] == c]
            deviation = sum(float(kept[place]) - prediction[place] for place in block)
            total += deviation**2 / sum(prediction[place] * (1 - prediction[place]) for place in block)
    assert block_statistic(kept, prediction, 3) == pytest.approx(total)
    assert block_statistic(kept, kept.astype(float), 3) == 0.0
    assert block_statistic(~kept, kept.astype(float), 3) == math.inf
    assert math.isfinite(block_statistic(kept, prediction, 20))


def test_quantile_groups_are_of_equal_size_and_break_ties_by_index() -> None:
    assert quantile_groups([3.0, 1.0, 2.0, 0.0], 2).tolist() == [1, 0, 1, 0]
    assert quantile_groups(np.ones(5), 2).tolist() == [0, 0, 0, 1, 1]
    assert quantile_groups([1.0, 0.0], 5).tolist() == [1, 0]
    assert quantile_groups([Fraction(1, 3), Fraction(1, 4), 2**70, True], 2).tolist() == [0, 0, 1, 1]  # type: ignore[list-item]


MODEL = FiniteModel(np.ones((4, 5)), Gaussian())
HALF = np.arange(20).reshape(4, 5) % 2 == 0


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: sampled_null(MODEL, 0.5, {}), "statistics"),
        (lambda: sampled_null(MODEL, 0.5, draws=0), "draws"),
        (lambda: sampled_null(MODEL, 0.0), "density"),
        (lambda: null_p_values(HALF.T, MODEL, 0.5), "kept"),
        (lambda: null_p_values(HALF, MODEL, 0.4), "kept"),
        (lambda: null_p_values(HALF[0], MODEL, 0.5), "kept"),
        (lambda: null_p_values(HALF, MODEL, 0.5, {"nothing": lambda kept, prediction: math.nan}), "statistics"),
        (lambda: block_statistic(HALF, np.full((4, 5), 0.5), 0), "groups"),
        (lambda: block_statistic(HALF, np.full((5, 4), 0.5), 2), "probabilities"),
        (lambda: quantile_groups([], 2), "values"),
        (lambda: quantile_groups([1.0, math.nan], 2), "values"),
        (lambda: quantile_groups([1.0, 2.0], 0), "groups"),
    ],
)
def test_bad_input_is_named(call: object, argument: str) -> None:
    with pytest.raises(InputError, match=r": (give|choose) ") as caught:
        call()
    assert caught.value.argument == argument
