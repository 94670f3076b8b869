"""What instruments take: batches, masks, losses, levels and data that are refused; what rounding does not change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

import verification.criteria.gradients as gradients
import verification.statistics.power as power
from graphon_theory.errors import InputError
from verification.criteria import score
from verification.criteria.layers import require_ranking
from verification.criteria.synflow_autograd import autograd_scores
from verification.cutnorm import cut_norm
from verification.cutnorm.result import CutNorm
from verification.generalisation.complexity import complexity, range_complexity
from verification.generalisation.risks import least_risk
from verification.histograms import block_histogram
from verification.losses import squared_loss
from verification.networks import perceptron
from verification.sampling import draw_noise
from verification.statistics.power import critical_count
from verification.statistics.strata import stratified_slope


def test_grasp_refuses_batches_that_change_between_its_passes() -> None:
    class Shrinking:
        """Gives its last batch once."""

        def __init__(self) -> None:
            self.sizes = [8, 5]

        def __iter__(self) -> Any:
            size = self.sizes.pop(0)
            generator = torch.Generator().manual_seed(0)
            return iter([(torch.randn(size, 3, generator=generator), torch.randn(size, generator=generator))])

    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1), nn.Flatten(0))
    with pytest.raises(InputError, match="8 samples, then 5"):
        score(module, squared_loss, Shrinking(), criterion="grasp")


def test_a_loss_without_gradient_is_refused() -> None:
    class Detached(nn.Module):
        """Give outputs that do not depend on the weights."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x).detach()[:, 0]

    with pytest.raises(InputError, match="layer layer = 'no gradient'"):
        score(Detached(), squared_loss, [(torch.ones(4, 3), torch.ones(4))], criterion="snip")


def test_pieces_cover_every_entry_once_whatever_the_order_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.arange(12.0).reshape(3, 4)
    monkeypatch.setattr(gradients, "_CHUNK", 5)
    for first, second, count in ((values, values.clone(), 3), (values.T, values.T.contiguous(), 1)):
        found = list(gradients.pieces(first, second))
        assert len(found) == count
        assert sorted(torch.cat([part.reshape(-1) for part, _ in found]).tolist()) == list(range(12))
        assert all(torch.equal(part, other) for part, other in found)


def test_layers_that_do_not_know_their_shape_are_refused() -> None:
    with pytest.raises(InputError, match="not yet initialised"):
        score(nn.Sequential(nn.LazyLinear(2)), criterion="magnitude")


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_no_numbers_name_their_layer(bad: float) -> None:
    scores = {"first": torch.ones(3), "second": torch.tensor([1.0, bad])}
    with pytest.raises(InputError, match="scores of second = 'NaN or infinite'"):
        require_ranking(scores, "a cause")
    # The sum of finite scores may overflow.
    require_ranking({"first": torch.full((2,), torch.finfo(torch.float32).max)}, "a cause")


class _Answers(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.layer, self.kind = nn.Linear(3, 2, bias=False), kind

    def forward(self, x: torch.Tensor) -> Any:
        y = self.layer(x)
        return {"pair": (y, y), "large": y * 1e308 * 1e10, "loose": torch.ones(1, dtype=y.dtype)}[self.kind]


@pytest.mark.parametrize(("kind", "said"), [("pair", "returns tuple"), ("large", "overflow"), ("loose", "no gradient")])
def test_synflow_by_autograd_refuses_outputs_without_path_sums(kind: str, said: str) -> None:
    module = _Answers(kind)
    with pytest.raises(InputError, match=said):
        autograd_scores(module, {"layer": module.layer.weight}, (3,))


@pytest.mark.parametrize("tolerance", [0.0, 1.0, -1.0, math.nan])
def test_tolerances_are_shares(tolerance: float) -> None:
    with pytest.raises(InputError, match="tolerance"):
        range_complexity(np.eye(3), np.ones(3), tolerance=tolerance)


@pytest.mark.parametrize("kernel", [np.zeros((3, 3)), np.full((3, 3), np.nan), np.array([["a"]]), np.zeros((0, 0))])
def test_kernels_without_a_scale_are_refused(kernel: Any) -> None:
    with pytest.raises(InputError):
        complexity(kernel, np.ones(3))


@pytest.mark.parametrize("losses", [[], [[0.5]], 0.5, [0.5, 1.5], [-0.1], [math.nan]])
def test_losses_are_a_row_in_the_unit_interval(losses: Any) -> None:
    with pytest.raises(InputError, match="losses"):
        least_risk(losses, 0.05)


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_levels_are_probabilities(level: float) -> None:
    with pytest.raises(InputError, match="level"):
        least_risk([0.5], level)
    assert least_risk([0.5] * 100, 0.05) == pytest.approx(0.5 - math.sqrt(math.log(20.0) / 200.0))


def test_masks_of_complex_or_sparse_numbers_are_refused() -> None:
    for wrong in (torch.ones(4, 4, dtype=torch.complex64), torch.eye(4).to_sparse()):
        with pytest.raises(InputError, match="dense tensor"):
            block_histogram(wrong, blocks=2)
    histogram = block_histogram(torch.eye(4), blocks=2)
    assert histogram.shape == (2, 2)
    np.testing.assert_array_equal(histogram.densities, [[0.5, 0.0], [0.0, 0.5]])


@pytest.mark.parametrize("off", [-3, -1, 0, 1, 4])
def test_the_critical_count_does_not_hang_on_the_quantile(off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the definition: the least count whose upper tail has at most the level."""
    isf = stats.binom.isf
    monkeypatch.setattr(power.stats.binom, "isf", lambda *given: isf(*given) + off)
    for size, null, level in ((20, 0.1, 0.01), (50, 0.5, 0.05), (4, 0.9, 0.01)):
        tails = [sum(stats.binom.pmf(range(count, size + 1), size, null)) for count in range(size + 2)]
        wanted = next(count for count, tail in enumerate(tails) if tail <= level)
        assert critical_count(size, level, null) == wanted


def test_networks_have_layers_and_known_activations() -> None:
    with pytest.raises(InputError, match="widths"):
        perceptron(3, [])
    with pytest.raises(InputError, match="activation"):
        perceptron(3, [4], activation="sine")


def test_a_law_without_a_sampler_is_refused() -> None:
    class Odd:
        name, variance = "odd", 1.0

    with pytest.raises(InputError, match="noise = 'odd'"):
        draw_noise(Odd(), (3,), torch.Generator().manual_seed(0))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [2**70, "one", 1.5])
def test_seeds_and_generators_of_searches_are_checked(seed: Any) -> None:
    with pytest.raises(ValueError, match="whole number"):
        cut_norm(np.eye(3), seed=seed)
    with pytest.raises(TypeError, match="restarts=True"):
        cut_norm(np.eye(3), restarts=True)


def test_bounds_of_zero_and_none_stay_so_under_powers_of_two() -> None:
    rows = columns = np.ones(2, dtype=np.bool_)
    for lower, upper in ((0.0, None), (0.0, 0.0), (0.25, None), (0.25, 0.5)):
        found = CutNorm(lower, upper, rows, columns, 0.0).times_power_of_two(3)
        assert found.upper is None if upper is None else found.upper == pytest.approx(8.0 * upper)
        assert found.lower == pytest.approx(8.0 * lower)
        assert found.lower <= 8.0 * lower
        assert upper is None or found.upper >= 8.0 * upper  # type: ignore[operator]


def test_covariates_that_say_nothing_new_are_dropped() -> None:
    rng = np.random.default_rng(0)
    strata = [k // 10 for k in range(40)]
    x, z = rng.standard_normal(40), rng.standard_normal(40)
    y = 2.0 * x + 3.0 * z + np.repeat([0.0, 5.0, -5.0, 1.0], 10) + 0.1 * rng.standard_normal(40)
    by_stratum = np.repeat(rng.standard_normal(4), 10)
    once = stratified_slope(y, strata, x, [z], 0.05)
    again = stratified_slope(y, strata, x, [z, 2.0 * z, by_stratum], 0.05)
    assert once is not None
    assert again is not None
    assert again.freedom == once.freedom
    assert again.estimate == pytest.approx(once.estimate)
    assert once.estimate == pytest.approx(2.0, abs=0.1)
    assert stratified_slope(y, strata, x, [x], 0.05) is None
