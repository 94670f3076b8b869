"""N_J of a top-k mask between those of two fixed thresholds (statements NEST and UAT-count).

Masks at two thresholds are nested. If at least K entries lie above ``tau_-``, the top-k mask is part of the mask at
``tau_-``; if at most K lie above ``tau_+``, it contains that at ``tau_+``. Each fails with probability at most delta
by Hoeffding's inequality in its relative-entropy form, for independent terms in [0, 1] of mean rate ``r``:
``P(mean >= x) <= exp(-m KL(x || r))`` for ``x >= r``, and likewise below (Hoeffding 1963, Theorem 1). So
``P(N_J >= x) <= P(N_J(tau_-) >= x) + delta`` and ``P(N_J <= x) <= P(N_J(tau_+) <= x) + delta``, at every size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import rel_entr

from graphon_theory.approximation.coordinates import disjoint_sets
from graphon_theory.approximation.joined_law import given_types_law, require_count
from graphon_theory.counts import CountLaw
from graphon_theory.errors import InputError, require_density
from graphon_theory.saliency import FiniteModel, kept_probability

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class JoinedBracket:
    """Bounds of the tails of N_J under top-k.

    Parameters
    ----------
    below, above
        Laws at the higher and at the lower of the two thresholds: of fewer and of more joined neurons.
    failure
        ``delta``: probability, at most, that one inclusion fails; each tail needs one.
    """

    below: CountLaw
    above: CountLaw
    failure: float

    def at_least(self, value: int) -> float:
        """Upper bound of ``P(N_J >= value)``."""
        return min(1.0, self.above.at_least(value) + self.failure)

    def at_most(self, value: int) -> float:
        """Upper bound of ``P(N_J <= value)``."""
        return min(1.0, self.below.at_most(value) + self.failure)

    def outside(self, value: int, level: float) -> bool:
        """Whether the count has a tail of at most ``level/2``: of probability at most ``level`` under top-k."""
        return min(self.at_least(value), self.at_most(value)) <= level / 2.0


def bracket_densities(kept: float, terms: int, failure: float) -> tuple[float, float]:
    """Densities of the two thresholds between which the top-k threshold lies.

    Parameters
    ----------
    kept
        Kept fraction ``K/(nd)``, in (0, 1).
    terms
        Number of independent terms of the density: ``n d`` with all types given, n with row types drawn.
    failure
        ``delta``, in (0, 1).

    Returns
    -------
    tuple
        ``(r_+, r_-)`` with ``r_+ < kept < r_-``: densities at the higher and at the lower threshold, where
        ``terms KL(kept || r) = ln(1/delta)``.

    Raises
    ------
    InputError
        If an argument is out of its range.
    """
    rho = require_density(kept, "kept")
    size, log_odds = require_count(terms, "terms"), -math.log(require_density(failure, "failure"))

    def excess(rate: float) -> float:
        return size * float(rel_entr(rho, rate) + rel_entr(1.0 - rho, 1.0 - rate)) - log_odds

    tiny = 1e-300
    low = float(optimize.brentq(excess, tiny, rho)) if excess(tiny) > 0 else 0.0
    nearly = 1.0 - 2.0**-53
    high = float(optimize.brentq(excess, rho, nearly)) if excess(nearly) > 0 else 1.0
    return low, high


def joined_bracket(model: FiniteModel, kept: int, active: Iterable[Iterable[int]], failure: float) -> JoinedBracket:
    """Bracket of N_J, or of its sum over disjoint sets, for the top-k mask of a model with all types given.

    Parameters
    ----------
    model
        The model with its types put in.
    kept
        Number K of entries that the mask keeps.
    active
        Disjoint sets J of one size, of column indices.
    failure
        Probability ``delta``, at most, that one of the two inclusions fails, in (0, 1).

    Raises
    ------
    InputError
        If the sets are not disjoint or out of range, or K is not from 1 to ``n d - 1``.
    """
    sets = disjoint_sets(active, model.profile.shape[1])
    below, above = (
        given_types_law(joined_rates(kept_there, sets)) for kept_there in bracket_probabilities(model, kept, failure)
    )
    return JoinedBracket(below, above, failure)


def bracket_probabilities(model: FiniteModel, kept: int, failure: float) -> tuple[Array, Array]:
    """Kept probabilities at the higher and at the lower of the two thresholds, shape (n, d) each.

    Parameters
    ----------
    model, kept, failure
        As in ``joined_bracket``.

    Raises
    ------
    InputError
        If K is not from 1 to ``n d - 1``.
    """
    entries = model.profile.size
    if not 0 < kept < entries:
        raise InputError("kept", kept, f"give a number of kept entries from 1 to {entries - 1}")
    low, high = bracket_densities(kept / entries, entries, failure)
    return _probabilities(model, low), _probabilities(model, high)


def joined_rates(kept: Array, sets: Iterable[Iterable[int]]) -> Array:
    """Rates at which rows are joined to each of G sets of one size: products of kept probabilities, shape (n, G)."""
    return np.asarray(kept[:, np.array([list(one) for one in sets])].prod(axis=2))


def _probabilities(model: FiniteModel, density: float) -> Array:
    alive = model.profile > 0
    if density >= float(alive.mean()):
        return alive.astype(np.float64)  # the threshold 0: everything that can be kept is
    if density <= 0.0:
        return np.zeros_like(model.profile)
    return kept_probability(model.profile, model.noise, model.threshold(density))
