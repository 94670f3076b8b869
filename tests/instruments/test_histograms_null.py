"""The constant null: uniform sets drawn right, p-values at their level, structure found, sorting noise not."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

from graphon_theory.errors import InputError
from verification.histograms import (
    PROCEDURES,
    cross_fitted_histogram,
    degree_sorted_histogram,
    gradient,
    null_band,
    spread,
    uniform_mask,
)


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_uniform_sets_are_uniform() -> None:
    # 20 sets of 3 in 6, 4,000 draws: a chi-square test at 1e-6.
    places = {chosen: index for index, chosen in enumerate(itertools.combinations(range(6), 3))}
    tally, source = np.zeros(len(places)), _generator(1)
    for _ in range(4000):
        mask = uniform_mask((2, 3), 3, source)
        tally[places[tuple(np.flatnonzero(mask).tolist())]] += 1
    assert stats.chisquare(tally).pvalue > 1e-6


@pytest.mark.parametrize("kept", [0, 1, 17, 34, 35])
def test_exactly_k_entries(kept: int) -> None:
    mask = uniform_mask((5, 7), kept, _generator(2))
    assert mask.shape == (5, 7)
    assert mask.dtype == np.bool_
    assert int(mask.sum()) == kept


@pytest.mark.parametrize("procedure", PROCEDURES)
@pytest.mark.parametrize("statistic", [spread, gradient])
def test_p_values_keep_their_level(procedure: str, statistic: object) -> None:
    # One band serves 200 masks, so that p-values depend on one another: 200 ranks among 199 draws. The share at or
    # below 0.25 has the standard error sqrt(0.25 * 0.75 (1/200 + 1/200)) = 0.043; 5 of them are allowed.
    source = _generator(3)
    band = null_band((24, 20), 96, 4, generator=source, draws=199, procedure=procedure, statistic=statistic)
    values = []
    for _ in range(200):
        mask = uniform_mask((24, 20), 96, source)
        if procedure == "cross-fitted":
            values.append(band.p_value(cross_fitted_histogram(mask, 4, generator=source)))
        else:
            values.append(band.p_value(degree_sorted_histogram(mask, 4)))
    assert abs(np.mean(np.array(values) <= 0.25) - 0.25) < 5 * 0.043
    assert min(values) >= 1 / 200


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_structure_is_found(procedure: str) -> None:
    source, n = _generator(4), 64
    profile = torch.linspace(0.3, 0.05, n)[:, None].expand(n, n)
    mask = torch.rand(n, n, generator=source) < profile
    band = null_band((n, n), int(mask.sum()), 8, generator=source, draws=99, procedure=procedure, statistic=gradient)
    if procedure == "cross-fitted":
        assert band.p_value(cross_fitted_histogram(mask, 8, generator=source)) == 0.01
    else:
        assert band.p_value(degree_sorted_histogram(mask, 8)) == 0.01


def test_the_band_shows_the_bias_of_sorting() -> None:
    source, shape, kept = _generator(5), (64, 64), 410
    rho = kept / (64 * 64)
    honest = null_band(shape, kept, 4, generator=source, draws=200)
    naive = null_band(shape, kept, 4, generator=source, draws=200, procedure="degree-sorted")
    error = 5.5 * math.sqrt(rho * (1 - rho) / 256 / 200)
    assert bool((np.abs(honest.mean - rho) < error).all())
    assert naive.mean[0, 0] > rho + 4 * error
    assert naive.mean[-1, -1] < rho - 4 * error
    assert bool((naive.low <= naive.mean).all() and (naive.mean <= naive.high).all())


def test_a_band_refuses_other_masks() -> None:
    source = _generator(6)
    band = null_band((20, 20), 50, 4, generator=source, draws=5)
    for mask, blocks in ((uniform_mask((20, 20), 51, source), 4), (uniform_mask((20, 20), 50, source), 5)):
        with pytest.raises(InputError, match="histogram"):
            band.p_value(cross_fitted_histogram(mask, blocks, generator=source))
    with pytest.raises(InputError, match="degree-sorted"):
        band.p_value(degree_sorted_histogram(uniform_mask((20, 20), 50, source), 4))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kept": 401}, "kept = 401"),
        ({"kept": -1}, "kept = -1"),
        ({"shape": (0, 20)}, "shape[0] = 0"),
        ({"blocks": 11}, "blocks = 11"),
        ({"draws": 0}, "draws = 0"),
        ({"procedure": "sorted"}, "choose one of cross-fitted, degree-sorted"),
        ({"level": 1.0}, "level = 1.0"),
        ({"generator": None}, "generator = None"),
    ],
)
def test_bad_input(changed: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"shape": (20, 20), "kept": 50, "blocks": 4, "draws": 2, "generator": _generator()}
    with pytest.raises(InputError) as error:
        null_band(**(given | changed))  # type: ignore[arg-type]
    assert message in str(error.value)
