"""The relaxed problem: the linear part of the labels, for which the best path density is known exactly (SCALE)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.generalisation import best_density, scale_floor, scale_free
from verification.design.objective import require_data

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Relaxed:
    """Best path density for the linear part of the labels.

    Parameters
    ----------
    beta
        Linear fit, shape (d,).
    explained
        Share of the labels' mean square that the fit explains on its own sample, at most 1.
    density
        D, shape (d,), in [0, 1], of mean rho.
    value
        ``2 sqrt 2 sqrt(sum beta^2/D sum D ||X||^2)/N``: least under density and cap.
    floor
        The same without cap, ``2 sqrt 2 sum |beta| ||X_j||/N``.
    constant
        The same at ``D = rho``, that of Random.
    """

    beta: Array
    explained: float
    density: Array
    value: float
    floor: float
    constant: float

    def gap(self, density: npt.ArrayLike, norms: npt.ArrayLike, samples: int) -> float:
        """Value of another path density over ``value``, at least 1 for one of the same mean and cap."""
        return scale_free(self.beta, density, norms, samples) / self.value


def linear_fit(inputs: npt.ArrayLike, labels: npt.ArrayLike) -> Array:
    """Ridge regression without intercept, the ridge by generalised cross-validation (Golub, Heath, Wahba 1979).

    Parameters
    ----------
    inputs, labels
        Shapes (N, d) and (N,).

    Returns
    -------
    Array
        Coefficients, shape (d,); exactly 0 where an input is 0 throughout.
    """
    X, y = require_data(inputs, labels)
    left, values, right = np.linalg.svd(X, full_matrices=False)
    along = left.T @ y
    outside = max(float(y @ y - along @ along), 0.0)
    best, best_score = 0.0, np.inf
    for ridge in float(values[0] ** 2) * np.logspace(-8.0, 1.0, 37):
        shrink = ridge / (values**2 + ridge)
        freedom = 1.0 - float((1.0 - shrink).sum()) / len(y)
        score = (float(np.square(shrink * along).sum()) + outside) / freedom**2 if freedom > 0.0 else np.inf
        if score < best_score:
            best, best_score = float(ridge), score
    beta: Array = right.T @ (values / (values**2 + best) * along)
    return np.where(np.any(X != 0.0, axis=0), beta, 0.0)


def relaxed(inputs: npt.ArrayLike, labels: npt.ArrayLike, density: float) -> Relaxed:
    """Solve the relaxed problem, with output weights of mean square 1.

    Parameters
    ----------
    inputs, labels
        Shapes (N, d) and (N,).
    density
        rho, in (0, 1).

    Raises
    ------
    InputError
        If data or density are out of range, or no input is correlated with the labels.
    """
    X, y = require_data(inputs, labels)
    norms = np.linalg.norm(X, axis=0)
    # Sums of N products are known to N roundings: below that a correlation is 0.
    explaining = np.abs(X.T @ y) > len(y) * np.finfo(np.float64).eps * norms * np.linalg.norm(y)
    beta = linear_fit(X, y)
    if not explaining.any() or not beta.any():
        raise InputError("labels", "without linear part", "give labels that some input explains")
    best = best_density(beta, norms, density * X.shape[1], 1.0)
    rest = y - X @ beta
    return Relaxed(
        beta=beta,
        explained=1.0 - float(rest @ rest) / float(y @ y),
        density=best,
        value=scale_free(beta, best, norms, len(y)),
        floor=scale_floor(beta, norms, len(y)),
        constant=scale_free(beta, np.full(X.shape[1], density), norms, len(y)),
    )
