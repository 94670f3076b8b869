"""A mask held against a prediction: certified cut distance, Monte Carlo null, finite-width bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.bounds import mask_bound
from verification.analysis.layer_models import LayerModel, draw_mask
from verification.analysis.matrices import LayerMatrix
from verification.analysis.result import LEVEL, Array, Comparison, Mask
from verification.cutnorm import cut_norm
from verification.null_laws import READY_MADE, Statistic, degree_distance
from verification.statistics import holm, rank_p_value

DELTA = 0.01
"""Failure probability of the finite-width bound."""

MOST_CERTIFIED = 1 << 22
"""Largest matrix whose cut distance gets a certified upper bound, in entries."""

_MOST_BOUNDED = 1 << 24
_STARTS = 4
_STRATA = 8
_STEPS = 10
_INFINITE = 1e100  # in place of infinity, which ranks above every finite value of these statistics


def compare(
    layer: LayerMatrix,
    model: LayerModel,
    *,
    name: str,
    statement: str,
    rank: int | None,
    draws: int,
    seed: int,
    bounded: bool = True,
    independent: bool = True,
) -> tuple[Comparison, Array]:
    """Compare a mask that is neither empty nor full; also returns the predicted graphon, shape (n, m).

    Parameters
    ----------
    layer
        The mask, with k kept entries.
    model
        The prediction, of the shape of ``layer.kept``. Null masks are top-k masks of fresh scores of it, with the
        same k; the p-values are exact if the model is, whatever the statistics.
    name, statement, rank
        As in ``Comparison``.
    draws
        Sampled masks; 0 for none.
    seed
        Of the draws.
    bounded
        Whether the finite-width bound of LIM-a applies.
    independent
        Whether the mask is to look like sampled masks; else they give a scale, and neither p-values nor a bound.

    Raises
    ------
    InputError
        If the profile vanishes on so large a share that the mask's density cannot be reached.
    """
    kept, taps = layer.kept, layer.taps
    density = int(kept.sum()) / kept.size
    prediction = model.probabilities(density)
    difference = layer.averaged(kept) - layer.averaged(prediction)
    enclosed = cut_norm(difference, certify=difference.size <= MOST_CERTIFIED, seed=0)
    bound = mask_bound(prediction, DELTA) if bounded and independent and kept.size <= _MOST_BOUNDED else None
    found: dict[str, float] = {}
    adjusted: dict[str, float] = {}
    searched: float | None = None
    ratio: float | None = None
    band: tuple[float, float] | None = None
    if draws:
        statistics = _statistics(taps)
        source = torch.Generator().manual_seed(seed)
        if not independent:
            statistics = {"cut": statistics["cut"]}
        null = _sampled(model, density, prediction, statistics, draws, source)
        observed = {key: statistic(kept, prediction) for key, statistic in statistics.items()}
        searched = observed["cut"]
        ratio = searched / max(float(np.mean(null["cut"])), 1e-300)
        if independent:
            # A vertex without randomness whose degree is off makes a statistic infinite, with ties.
            largest = _INFINITE
            found = {
                key: rank_p_value(min(value, largest), np.minimum(null[key], largest))
                for key, value in observed.items()
            }
            adjusted = holm(found, LEVEL)
        low, high = np.quantile(null["cut"], [0.05, 0.95])
        band = float(low), float(high)
    comparison = Comparison(
        name=name,
        statement=statement,
        rank=rank,
        lower=max(enclosed.lower, 0.0),
        upper=enclosed.upper,
        bound=None if bound is None else bound.value,
        bound_name="" if bound is None else bound.theorem,
        delta=None if bound is None else bound.delta,
        searched=searched,
        null=band,
        p_values=found,
        adjusted=adjusted,
        draws=draws,
        ratio=ratio,
        independent=independent,
    )
    return comparison, prediction


def searched_cut(difference: Array) -> float:
    """Lower bound of the cut norm by a short search from fixed starts; a fixed function of the matrix.

    Alternating maximisation over row and column sets, for both signs, from four column sets and the columns of
    positive sum. Some ten times faster than ``cut_norm``, for use on many sampled masks.
    """
    values = np.ascontiguousarray(difference, dtype=np.float32)
    starts = np.random.default_rng(0).random((values.shape[1], _STARTS)) < 0.5
    starts = np.concatenate([starts, values.sum(axis=0)[:, None] > 0], axis=1)
    sign = np.repeat(np.array([1.0, -1.0], dtype=np.float32), starts.shape[1])
    columns = np.concatenate([starts, ~starts], axis=1).astype(np.float32)
    sums = values @ columns * sign
    best = 0.0
    for _ in range(_STEPS):
        rows = (sums > 0).astype(np.float32)
        columns = ((values.T @ rows) * sign > 0).astype(np.float32)
        sums = values @ columns * sign
        reached = float(np.maximum(sums, 0.0).sum(axis=0).max())
        if reached <= best * (1.0 + 1e-6):
            break
        best = reached
    return best / values.size


def strata_distance(kept: Mask, prediction: Array) -> float:
    """Chi-square of the kept counts of eight strata of entries by their predicted probability, dimensionless.

    Strata have equal sums of ``P(1 - P)``. They see a prediction whose errors are scattered over the layer, such as a
    weight's own share of its saliency, which rectangles, degrees and blocks average away.

    Parameters
    ----------
    kept, prediction
        Mask and kept probabilities, both of shape (n, m).

    Returns
    -------
    float
        At least 0; 0 for a constant prediction, which has no strata.
    """
    p = prediction.ravel()
    variance = p * (1.0 - p)
    total = float(variance.sum())
    if p.min() == p.max() or total == 0.0:
        return 0.0
    order = np.argsort(p, kind="stable")
    middle = np.cumsum(variance[order]) - 0.5 * variance[order]
    stratum = np.minimum((_STRATA * middle / total).astype(np.intp), _STRATA - 1)
    excess = np.bincount(stratum, (kept.ravel() - p)[order], _STRATA)
    spread = np.bincount(stratum, variance[order], _STRATA)
    random = spread > 0
    return float((excess[random] ** 2 / spread[random]).sum())


def _sampled(
    model: LayerModel,
    density: float,
    prediction: Array,
    statistics: Mapping[str, Statistic],
    draws: int,
    source: torch.Generator,
) -> dict[str, Array]:
    """Statistics of masks sampled from a model against its own prediction, each of shape (draws,)."""
    drawn: dict[str, list[float]] = {key: [] for key in statistics}
    for _ in range(draws):
        kept = draw_mask(model, density, source)
        for key, statistic in statistics.items():
            drawn[key].append(float(statistic(kept, prediction)))
    return {key: np.array(values) for key, values in drawn.items()}


def _statistics(taps: int) -> dict[str, Statistic]:
    """Statistics by name; with taps, the cut and the columns are those of the averaged matrix."""

    def averaged(values: npt.NDArray[np.generic]) -> Array:
        numbers = values.astype(np.float64)
        return numbers if taps == 1 else numbers.reshape(numbers.shape[0], -1, taps).mean(axis=2)

    def cut(kept: npt.NDArray[np.bool_], prediction: Array) -> float:
        return searched_cut(averaged(kept) - averaged(prediction))

    def columns(kept: npt.NDArray[np.bool_], prediction: Array) -> float:
        difference = averaged(kept) - averaged(prediction)
        return float(np.abs(difference.sum(axis=0)).sum() / difference.size)

    rows: Callable[[npt.NDArray[np.bool_], Array], float] = lambda kept, prediction: degree_distance(  # noqa: E731
        kept, prediction, "row"
    )
    return {
        "cut": cut,
        "row degrees": rows,
        "column degrees": columns,
        "largest column": READY_MADE["largest column"],
        "blocks": READY_MADE["blocks"],
        "strata": strata_distance,
    }
