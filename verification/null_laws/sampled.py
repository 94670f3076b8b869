"""Any statistic's null, from masks sampled from the prediction itself.

If the prediction is true and the types are known, the observed mask and the sampled ones are exchangeable: all are
top-k masks, with one k, of scores drawn from one model. So the rank of the observed statistic among the sampled
ones is an exact p-value (``ranks``), for every statistic that is a fixed function of mask and prediction, at every
size and number of draws; no limit theorem and no bound enters.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.errors import InputError
from graphon_theory.saliency import FiniteModel
from verification.masks import kept_count
from verification.null_laws.intake import Array, Mask, boolean_mask, draw_count
from verification.null_laws.ranks import rank_of_first
from verification.null_laws.ready_made import READY_MADE, Statistic
from verification.sampling import sample_mask


def sampled_null(
    model: FiniteModel,
    density: float,
    statistics: Mapping[str, Statistic] = READY_MADE,
    draws: int = 99,
    generator: torch.Generator | None = None,
) -> dict[str, Array]:
    """Statistics of masks sampled from a model, against the model's own prediction.

    Parameters
    ----------
    model
        The prediction, with its types put in.
    density
        Kept fraction of the masks, in (0, 1).
    statistics
        By name: functions of a boolean mask and ``model.probabilities(density)``, both of shape (n, d).
    draws
        Number of masks.
    generator
        Source of the draws; by default one seeded with 0.

    Returns
    -------
    dict
        By name: float64, shape (draws,), in the order of the draws; all statistics of one draw are of one mask.

    Raises
    ------
    InputError
        If there are no statistics, ``draws`` is not positive, or the density keeps nothing or everything.
    """
    if not statistics:
        raise InputError("statistics", dict(statistics), "give at least one, such as those of ready_made")
    number = draw_count(draws)
    source = torch.Generator().manual_seed(0) if generator is None else generator
    prediction = model.probabilities(density)
    drawn = [_evaluate(sample_mask(model, density, source).numpy(), prediction, statistics) for _ in range(number)]
    return {name: np.array([values[name] for values in drawn]) for name in statistics}


def null_p_values(
    kept: npt.ArrayLike,
    model: FiniteModel,
    density: float,
    statistics: Mapping[str, Statistic] = READY_MADE,
    draws: int = 99,
    generator: torch.Generator | None = None,
) -> dict[str, float]:
    """Exact p-value of each statistic of an observed mask.

    Parameters
    ----------
    kept
        The observed top-k mask, shape (n, d), with ``round(density n d)`` entries.
    model, density, statistics, draws, generator
        As in ``sampled_null``; the generator must not be the one that made the mask, in the same state.

    Returns
    -------
    dict
        By name: multiples of ``1/(draws + 1)``; each valid by itself. They are computed on the same draws and
        depend on one another: correct for their number (Bonferroni).

    Raises
    ------
    InputError
        As ``sampled_null``; or if the mask's shape or number of entries is not that of the model's masks, or a
        statistic is NaN.
    """
    mask = boolean_mask(kept)
    if mask.shape != model.profile.shape:
        raise InputError("kept", f"mask of shape {mask.shape}", f"give one of the model's shape {model.profile.shape}")
    count, found = kept_count(mask.size, density), int(mask.sum())
    if found != count:
        raise InputError("kept", f"{found} entries kept", f"give a top-k mask of this density, with {count}")
    observed = _evaluate(mask, model.probabilities(density), statistics)
    null = sampled_null(model, density, statistics, draws, generator)
    return {name: rank_of_first(np.array([observed[name], *null[name]])) for name in statistics}


def _evaluate(mask: Mask, prediction: Array, statistics: Mapping[str, Statistic]) -> dict[str, float]:
    return {name: float(statistic(mask, prediction)) for name, statistic in statistics.items()}
