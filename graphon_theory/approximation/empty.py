"""How probable it is that a column of a mask is empty, so that the network ignores its input (statement UAT-n)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]


def empty_given_rows(kept: npt.ArrayLike) -> Array:
    """Probability that each column is empty, given all types, entries independent.

    Parameters
    ----------
    kept
        Kept probabilities, in [0, 1], shape (..., n, d).

    Returns
    -------
    Array
        ``prod_i (1 - kept_ij)``, shape (..., d).

    Raises
    ------
    InputError
        If there are fewer than two axes or a value is no probability.
    """
    rates = _probabilities(kept, "kept")
    if rates.ndim < 2:
        raise InputError("kept", f"shape {rates.shape}", "give kept probabilities, shape (n, d)")
    with np.errstate(divide="ignore"):  # a row that is sure to be joined leaves a probability of 0
        return np.asarray(np.exp(np.log1p(-rates).sum(axis=-2)))


def empty_given_degree(degree: npt.ArrayLike, neurons: int) -> Array:
    """Probability that a column is empty, given its type, row types iid and the threshold fixed.

    Parameters
    ----------
    degree
        ``deg(v) = integral of W(u, v) du``, in [0, 1], any shape.
    neurons
        Number of rows n, positive.

    Returns
    -------
    Array
        ``(1 - deg)^n``, in the shape of ``degree``.

    Raises
    ------
    InputError
        If a degree is no probability or n is not positive.
    """
    _require_positive("neurons", neurons)
    return np.asarray((1.0 - _probabilities(degree, "degree")) ** neurons)


def empty_under_top_k(neurons: int, inputs: int, kept: int) -> float:
    """Probability that a given column is empty where all masks of ``kept`` entries are equally likely.

    Hypergeometric: ``prod_{i < n} (nd - K - i)/(nd - i)``; at most ``(1 - K/(nd))^n``.

    Parameters
    ----------
    neurons, inputs
        Sizes n and d, positive.
    kept
        Number K of kept entries, from 0 to ``n d``.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    _require_positive("neurons", neurons)
    _require_positive("inputs", inputs)
    total = neurons * inputs
    if isinstance(kept, bool) or not isinstance(kept, (int, np.integer)) or not 0 <= kept <= total:
        raise InputError("kept", kept, f"give the number of kept entries, from 0 to {total}")
    if kept > total - neurons:
        return 0.0
    return float(np.exp(np.log1p(-kept / (total - np.arange(neurons, dtype=np.float64))).sum()))


def _probabilities(values: npt.ArrayLike, name: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    inside = (array >= 0.0) & (array <= 1.0)
    if not bool(inside.all()):
        worst = float(array[~inside].flat[0])
        raise InputError(name, worst, "give probabilities from 0 to 1")
    return array


def _require_positive(name: str, size: int) -> None:
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise InputError(name, size, "give a positive whole number")
