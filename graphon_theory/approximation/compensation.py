"""Variance of N_J under top-k: the threshold moves against the count (statement UAT-count).

The top-k threshold ``tau^`` solves ``mean row density = rho``. Let ``B_i`` say whether row i is joined to all of J and
``D_i`` be its share of kept entries, both at the fixed ``tau``. To first order ``tau^ - tau`` is
``(mean D - rho)/rho'``, ``rho' = -d rho/d tau``, and takes ``beta n (mean D - rho)`` off the count,
``beta = t_J'/rho'``. So ``N_J = sum_i [B_i - beta (D_i - rho)]`` up to ``O(1)``, and the variance a row is
``Var B - 2 beta Cov(B, D) + beta^2 Var D``. Given the row's type its entries are independent:

* ``Cov(B, D) = Cov(p_u, D_u) + (1/d) sum_{j in J} E[p_u (1 - W(u, v_j))]``,
* ``Var D = Var(D_u) + (1/d^2) sum_j E[W(u, v_j)(1 - W(u, v_j))]``,

with ``p_u = prod_{j in J} W(u, v_j)`` and ``D_u`` the mean of ``W(u, v_j)`` over j. With row types given, the first
terms are absent: all that remains of the correction is ``O(1/d)``. Exact in d, first order in n.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphon_theory.approximation.coordinates import active_set, column_types
from graphon_theory.approximation.star import row_nodes
from graphon_theory.errors import InputError
from graphon_theory.saliency import FiniteModel, SaliencyModel, kept_probability
from graphon_theory.threshold import continuous_threshold

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TopKVariance:
    """Mean and variance of N_J a neuron, and the parts of the variance.

    Parameters
    ----------
    star
        ``t_J`` at the threshold where the given columns have the density: the mean of ``N_J/n`` up to ``O(1/n)``.
    independent
        ``Var B``: at the fixed threshold; ``t_J (1 - t_J)`` with row types drawn.
    covariance
        ``Cov(B, D)``.
    spread
        ``Var D``.
    slope
        ``beta = d t_J / d rho`` along the threshold.
    """

    star: float
    independent: float
    covariance: float
    spread: float
    slope: float

    @property
    def value(self) -> float:
        """``Var(N_J)/n`` under top-k, to first order."""
        return self.independent - 2.0 * self.slope * self.covariance + self.slope**2 * self.spread

    @property
    def share(self) -> float:
        """Variance under top-k over that at the fixed threshold."""
        return self.value / self.independent


def drawn_types_variance(
    model: SaliencyModel, density: float, types: npt.ArrayLike, active: Iterable[Iterable[int]]
) -> list[TopKVariance]:
    """Variances under top-k with row types drawn and column types given.

    Parameters
    ----------
    model
        The saliency model, two-sided.
    density
        Kept fraction ``rho``; the threshold is that at which the given columns have it.
    types
        Types of all d columns, in [0, 1].
    active
        Sets J of column indices, all of one size.

    Returns
    -------
    list of TopKVariance
        One a set.

    Raises
    ------
    InputError
        If a type or a set is out of range, the sizes differ, or no threshold reaches the density.
    """
    nodes, weights = row_nodes()
    profile = model.evaluate_profile(nodes[:, None], column_types(types)[None, :])
    # As a finite model of weighted rows: its threshold is found by bisection on the weighted mean.
    tau = _weighted_threshold(profile, weights, model, density)
    return _variances(profile, model, tau, weights, active, drawn=True)


def given_types_variance(model: FiniteModel, density: float, active: Iterable[Iterable[int]]) -> list[TopKVariance]:
    """Variances under top-k with all types given.

    Parameters
    ----------
    model
        The model with its types put in.
    density
        Kept fraction ``rho``.
    active
        Sets J of column indices, all of one size.

    Raises
    ------
    InputError
        If a set is out of range, the sizes differ, or no threshold reaches the density.
    """
    rows = model.profile.shape[0]
    tau = model.threshold(density)
    return _variances(model.profile, model, tau, np.full(rows, 1.0 / rows), active, drawn=False)


def _variances(
    profile: Array,
    model: SaliencyModel | FiniteModel,
    tau: float,
    weights: Array,
    active: Iterable[Iterable[int]],
    *,
    drawn: bool,
) -> list[TopKVariance]:
    kept = kept_probability(profile, model.noise, tau)
    with np.errstate(divide="ignore", invalid="ignore"):
        levels = np.where(profile > 0, tau / profile, 0.0)
    slopes = np.where(profile > 0, levels * model.noise.density(levels), 0.0)  # -dW/d log tau
    d = profile.shape[1]
    row_density = kept.mean(axis=1)
    rho = float(weights @ row_density)
    spread = float(weights @ (kept * (1.0 - kept)).sum(axis=1)) / d**2
    if drawn:
        spread += float(weights @ np.square(row_density - rho))
    steepness = float(weights @ slopes.mean(axis=1))
    sets = [active_set(one, d) for one in active]
    if len({len(one) for one in sets}) != 1:
        raise InputError("active", sets, "give sets of one size, one at least")
    places = np.array(sets)
    inside = kept[:, places]
    rates = inside.prod(axis=2)
    stars = weights @ rates
    covariances = weights @ (rates * (1.0 - inside).sum(axis=2)) / d
    independent = weights @ (rates * (1.0 - rates))
    if drawn:
        covariances += (weights * (row_density - rho)) @ (rates - stars)
        independent = stars * (1.0 - stars)
    steps = slopes[:, places]
    others = (np.delete(inside, k, axis=2).prod(axis=2) * steps[:, :, k] for k in range(places.shape[1]))
    betas = sum(weights @ part for part in others) / steepness
    return [
        TopKVariance(float(star), float(own), float(covariance), spread, float(beta))
        for star, own, covariance, beta in zip(stars, independent, covariances, betas, strict=True)
    ]


def _weighted_threshold(profile: Array, weights: Array, model: SaliencyModel, density: float) -> float:
    return continuous_threshold(
        lambda tau: float(weights @ kept_probability(profile, model.noise, tau).mean(axis=1)),
        density,
        start=model.noise.inverse(density) * float(np.median(profile)),
    )
