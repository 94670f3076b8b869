"""The number N_J of neurons joined to all active coordinates, at a fixed threshold (statement UAT-count).

Given the column types, rows are independent: with row types drawn N_J is binomial, with row types given it is
Poisson-binomial. Counts of disjoint sets share the rows, so that with row types drawn they depend on one another;
``pooled_law`` is the law of their sum all the same, since the rows stay independent.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.counts import CountLaw, row_laws, total_law, trimmed
from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]


def drawn_types_law(neurons: int, density: float) -> CountLaw:
    """Law of N_J with row types drawn: Binomial(n, t_J), exactly.

    Parameters
    ----------
    neurons
        Number of neurons n, at least 1.
    density
        ``t_J``, in [0, 1].

    Raises
    ------
    InputError
        If an argument is out of its range.
    """
    size = require_count(neurons, "neurons")
    if not 0.0 <= density <= 1.0:
        raise InputError("density", density, "give a star density in [0, 1]")
    # Convolution keeps the far tails, and takes rates so small that SciPy's law overflows.
    return trimmed(0, np.array([1.0 - density, density])).times(size)


def given_types_law(rates: npt.ArrayLike) -> CountLaw:
    """Law of N_J with all types given: Poisson-binomial with the rows' rates, exactly.

    Parameters
    ----------
    rates
        ``p_i = prod_j W(u_i, v_j)``, shape (n,); or of shape (n, G) for G disjoint sets, whose counts are independent
        given the types: then the law of their sum.

    Raises
    ------
    InputError
        If there are none, or one is outside [0, 1].
    """
    return total_law(row_laws(_rates(rates).reshape(1, -1)))


def pooled_law(neurons: int, rates: npt.ArrayLike, weights: npt.ArrayLike) -> CountLaw:
    """Law of the sum of N_J over G disjoint sets J, with row types drawn.

    Given its type u a row is joined to each set independently, with rates ``p_J(u)``: the number of sets that it is
    joined to is a mixture over u of Poisson-binomial laws, and the sum that of n independent such numbers.

    Parameters
    ----------
    neurons
        Number of neurons n, at least 1.
    rates
        ``p_J(u)`` at the nodes of a quadrature rule in u, shape (m, G).
    weights
        Its weights, of sum 1, shape (m,).

    Raises
    ------
    InputError
        If an argument is out of its range, or the shapes do not fit.
    """
    size, given = require_count(neurons, "neurons"), _rates(rates)
    shares = np.asarray(weights, dtype=np.float64)
    if given.ndim != 2 or shares.shape != given.shape[:1]:
        raise InputError("weights", f"array of shape {shares.shape}", "give rates (m, G) and weights (m,)")
    row = np.zeros(given.shape[1] + 1)
    for share, law in zip(shares, row_laws(given), strict=True):
        row[law.start : law.stop] += share * law.weights
    return trimmed(0, row / row.sum()).times(size)


def require_count(value: int, argument: str, least: int = 1) -> int:
    """Return a whole number of at least ``least``.

    Raises
    ------
    InputError
        If it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(argument, value, f"give a whole number of at least {least}")
    return value


def _rates(rates: npt.ArrayLike) -> Array:
    given = np.asarray(rates, dtype=np.float64)
    if given.size == 0 or not bool(np.all((given >= 0) & (given <= 1))):
        raise InputError("rates", "none, or values outside [0, 1] or NaN", "give probabilities, one a row at least")
    return given
