"""What the benchmark of deep networks computes from histograms: unbiased distances, predictions by formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.deep import SETTINGS, expected_distance, masks_of, network, predicted, run_distance, shape


def test_expected_distance_is_unbiased() -> None:
    # Runs of 4 x 4 normal numbers around means that differ by 0.5 in one cell: squared L2 distance 0.25 / 16. Over
    # 4,000 repetitions the mean of the signed square is within 5.5 of its standard errors.
    rng = np.random.default_rng(0)
    difference = np.zeros((4, 4))
    difference[0, 0] = 0.5
    for moved in (0.0, 1.0):
        found = []
        for _ in range(4000):
            one, other = rng.normal(size=(2, 4, 4, 4))
            root = expected_distance(list(one + moved * difference), list(other))
            found.append(np.sign(root) * root**2)
        error = np.std(found) / np.sqrt(len(found))
        assert abs(np.mean(found) - moved * 0.25 / 16) < 5.5 * error


def test_run_distance_leaves_out_a_run_and_itself() -> None:
    runs = [np.zeros((2, 2)), np.full((2, 2), 3.0)]
    assert run_distance(runs, runs) == 6.0
    assert run_distance(runs, list(runs)) == 3.0
    assert [float(part.mean()) for part in shape(runs)] == [0.0, 0.0]


@pytest.mark.parametrize("criterion", ["random", "magnitude", "synflow"])
def test_predictions_share_one_threshold_and_meet_the_masks(criterion: str) -> None:
    module = network(4, 60, seed=3)
    weights = [part.weight for part in module if isinstance(part, nn.Linear)]
    p = predicted(module, criterion, 0.1)
    assert [part.shape for part in p] == [tuple(weight.shape) for weight in weights]
    size = sum(part.size for part in p)
    assert sum(float(part.sum()) for part in p) / size == pytest.approx(0.1, rel=1e-6)
    ((_, masks),) = masks_of(module, criterion, [SETTINGS[0]], seed=5)
    for kept, rates in zip(masks, p, strict=True):
        # Counts of independent entries; the random level of the whole network moves them less than this.
        error = np.sqrt((rates * (1 - rates)).sum()) + 1.0
        assert abs(int(torch.count_nonzero(kept)) - rates.sum()) < 5.5 * error
