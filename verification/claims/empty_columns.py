"""Empty columns counted on many small masks, against their exact probability: the first half of UAT-n.

Two exact laws. Of a saliency model at its population threshold the entries are independent given the types, so that
every empty column is an indicator of rate ``prod_i (1 - W(u_i, v_j))``; given its column's type alone the rate is
``(1 - deg(v_j))^n``, and indicators of different masks are independent. Under top-k with a constant graphon all sets of
entries are equally likely, and the rate is hypergeometric. Sums of independent indicators are held to the binomial
law of their mean rate: exact where the rates are equal; where they are not, a bound of the tails from one unit away
from the mean on (Hoeffding 1956, Theorem 5), so that nearer ones count for nothing (``two_sided``).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.approximation.empty import empty_given_degree, empty_given_rows, empty_under_top_k
from graphon_theory.graphon import Graphon
from graphon_theory.saliency import SaliencyModel, kept_probability
from verification.cases import Case, ModelSpec
from verification.claims.claim import STATEMENT
from verification.experiment import Pruned, prune
from verification.sampling import model_scores
from verification.statistics import binomial_two_sided

Mask = npt.NDArray[np.bool_]
Counts = dict[str, dict[str, float]]
"""Variant -> "count", "size", "rate" and "unequal" of each test, with the test's name behind; of models "whole" and
"whole predicted" besides: the share of masks without an empty column, and its expectation."""

MASKS = 256
"""Masks of a trial."""

GIVEN_ROWS, GIVEN_COLUMN, TOP_K = "given all types", "given the column's type", "under top-k"
TESTS = (GIVEN_ROWS, GIVEN_COLUMN, TOP_K)


def model_counts(case: Case, generator: torch.Generator) -> Counts:
    """Count empty columns of masks of a model, cut at the population threshold.

    Parameters
    ----------
    case
        A case with a model.
    generator
        Draws the types of columns, once, those of rows for each mask, and the noise.
    """
    if case.model is None:
        raise RuntimeError("the case has no model")
    model, graphon, tau = _built(case.model, case.density)
    n, d = case.width, case.inputs
    types = torch.rand(d + MASKS * n, generator=generator, dtype=torch.float64).numpy()
    columns, rows = types[:d], types[d:]
    known = model.at(rows, columns)
    kept = (model_scores(known, generator) >= tau).numpy().reshape(MASKS, n, d)
    empty: Mask = np.logical_not(kept.any(axis=1))
    given_rows = empty_given_rows(kept_probability(known.profile, known.noise, tau).reshape(MASKS, n, d))
    degrees = graphon.degree_input(columns)
    alike = np.full(d, case.density)
    exponents = {STATEMENT: (degrees, n), "constant-degree": (alike, n), "exchanged": (degrees, d)}
    # Columns of one mask share its rows: given the columns alone, one column a mask is what is independent.
    turn = np.arange(MASKS) % d
    values: Counts = {}
    for variant, (degree, power) in exponents.items():
        by_column = empty_given_degree(degree, power)
        rates = given_rows if variant == STATEMENT else np.broadcast_to(by_column, empty.shape)
        values[variant] = _counted(GIVEN_ROWS, empty, rates)
        values[variant] |= _counted(GIVEN_COLUMN, empty[np.arange(MASKS), turn], by_column[turn])
    # Given all types the columns of a mask are empty independently of one another.
    values[STATEMENT] |= {
        "whole": float(np.mean(~empty.any(axis=1))),
        "whole predicted": float((1.0 - given_rows).prod(axis=1).mean()),
    }
    return values


def pruned_counts(case: Case, generator: torch.Generator) -> tuple[Counts, Pruned | None]:
    """Count empty columns of Random or Magnitude masks, one column a mask.

    Returns
    -------
    tuple
        The counts; and the first pruned network with an empty column, None if there is none.
    """
    n, d = case.width, case.inputs
    empty = np.zeros(MASKS, dtype=bool)
    first: Pruned | None = None
    kept = 0
    for m in range(MASKS):
        pruned = prune(case, generator)
        without = np.logical_not(pruned.kept.numpy().any(axis=0))
        kept = int(pruned.kept.sum())
        empty[m] = without[m % d]
        if first is None and without.any():
            first = pruned
    rates = {
        STATEMENT: empty_under_top_k(n, d, kept),
        "fixed-threshold": float(empty_given_degree(kept / (n * d), n)),
        "exchanged": empty_under_top_k(d, n, kept),
    }
    return {name: _counted(TOP_K, empty, np.full(MASKS, rate)) for name, rate in rates.items()}, first


def two_sided(count: int, size: int, rate: float, *, unequal: bool) -> float:
    """p-value of a sum of independent indicators whose mean rate is given, at most doubled by taking either side.

    Parameters
    ----------
    count, size
        The sum, from 0 to ``size``, and the number of indicators.
    rate
        Their mean rate under the null, in [0, 1].
    unequal
        Whether their rates may differ: the binomial law then bounds the tails only from one unit away from the mean on
        (Hoeffding 1956, Theorem 5), and the p-value of a count that is nearer is 1.
    """
    if unequal and abs(count - size * rate) < 1.0:
        return 1.0
    return binomial_two_sided(count, size, rate)


@lru_cache(maxsize=64)
def _built(spec: ModelSpec, density: float) -> tuple[SaliencyModel, Graphon, float]:
    """Build a model, its graphon and its threshold: costly, and the same in every trial."""
    model = spec.build()
    return model, model.graphon(density), model.threshold(density).value


def _counted(test: str, empty: Mask, rates: npt.NDArray[np.float64]) -> dict[str, float]:
    return {
        f"count {test}": float(empty.sum()),
        f"size {test}": float(empty.size),
        f"rate {test}": float(rates.mean()),
        f"unequal {test}": float(rates.min() < rates.max()),
    }
