"""SynFlow as a saliency model (THEORY section 2, statements SYN and SF).

One shot: the score of an edge is ``|w_ij| r_i c_j``, where ``r`` sums the paths from row i to the outputs and ``c``
those from the inputs to column j. Both come from the other layers alone, so that each layer is a rank-one model with
known factors, at every width.

Steps: SynFlow scores anew what it has kept. A unit whose factor is larger than the others' keeps more, which makes its
factor larger in the next step; ``step_growth`` says by how much, ``critical_density`` from where on that diverges.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import integrate, optimize

from graphon_theory.errors import InputError, require_density
from graphon_theory.noise import NoiseLaw
from graphon_theory.saliency import FiniteModel
from graphon_theory.threshold import require_atomless

Array = npt.NDArray[np.float64]

_LEAST_DENSITY = 1e-6  # critical densities are looked for between here and 1 less as much


def path_factors(weights: Sequence[npt.NDArray[np.floating]]) -> list[tuple[Array, Array]]:
    """Row and column factors of every layer of a chain: path sums of ``|W|`` through the other layers.

    Parameters
    ----------
    weights
        The weights from input to output, shape (out, in) each, each layer's inputs the outputs of the one before.

    Returns
    -------
    list
        For each layer ``(r, c)``, shapes (out,) and (in,): ``r`` is ``(|W_L| ... |W_(l+1)|)^T 1`` and ``c`` is
        ``|W_(l-1)| ... |W_1| 1``.

    Raises
    ------
    InputError
        If there is no layer, or the sizes of two do not fit.
    """
    if not weights:
        raise InputError("weights", weights, "give at least one layer")
    for k, (first, second) in enumerate(itertools.pairwise(weights)):
        if second.shape[1] != first.shape[0]:
            raise InputError(f"weights[{k + 1}]", f"array of shape {second.shape}", f"give {first.shape[0]} columns")
    moduli = [np.abs(weight.astype(np.float64)) for weight in weights]
    inner = [np.ones(moduli[0].shape[1])]
    for modulus in moduli[:-1]:
        inner.append(modulus @ inner[-1])
    outer = [np.ones(moduli[-1].shape[0])]
    for modulus in reversed(moduli[1:]):
        outer.append(modulus.T @ outer[-1])
    return list(zip(reversed(outer), inner, strict=True))


def synflow_model(rows: Array, columns: Array, noise: NoiseLaw) -> FiniteModel:
    """Model of one layer in one shot: ``h_ij = r_i c_j`` (statement SYN).

    Parameters
    ----------
    rows, columns
        Path sums of the other layers, shapes (n,) and (d,), as from ``path_factors``. With one hidden layer and one
        output, ``|a|`` and ones.
    noise
        Law of the layer's weights over their scale.
    """
    return FiniteModel.from_factors(rows, columns, noise)


def factor_spread(weights: npt.NDArray[np.floating], noise: NoiseLaw) -> float:
    """Relative variance, expected, of the sums ``sum_k |xi_ki| b_k`` over i, for given positive ``b``.

    ``(E[xi^2]/E[|xi|]^2 - 1) sum b^2/(sum b)^2``: of order 1/n where the b are alike, and of order one where few of
    them count, such as above a layer with few outputs.

    Parameters
    ----------
    weights
        ``b_k``, non-negative, shape (m,): the factors of the rows of the layer that follows.
    noise
        Law of that layer's weights.
    """
    mean, _ = integrate.quad(lambda t: float(noise.survival(np.array(t))), 0.0, _horizon(noise))
    return float((noise.variance / mean**2 - 1.0) * np.square(weights).sum() / weights.sum() ** 2)


def kept_mass(noise: NoiseLaw, level: float) -> float:
    """``E[|xi|; |xi| >= t] = t Q(t) + integral of Q from t``, by quadrature: any law.

    Parameters
    ----------
    noise
        Law of the weights over their scale.
    level
        ``t``, non-negative.
    """
    end = max(_horizon(noise), level)
    tail, _ = integrate.quad(lambda t: float(noise.survival(np.array(t))), level, end, epsrel=1e-12, limit=200)
    return level * float(noise.survival(np.array(level))) + float(tail)


def step_growth(noise: NoiseLaw, density: float, push: float = 0.0) -> float:
    """Factor by which one SynFlow step multiplies a relative perturbation of a unit's factor (statement SF).

    A unit whose factor is ``e^x`` times the others' keeps the edges with ``|xi| >= t e^-x``. The logarithm of its kept
    mass ``m`` then moves by ``x t^2 q(t)/m(t)``, to first order. The factor does not depend on the scale of the law.

    Parameters
    ----------
    noise
        Law of the weights over their scale.
    density
        Kept fraction; ``t`` has ``Q(t) = density``.
    push
        ``x``: half of the units have the factor ``e^x``, half ``e^-x``. 0 gives the derivative; otherwise the exact
        ``(log m(t e^-x) - log m(t e^x))/(2x)``, at the level ``t`` where both halves together have the density.
        Infinite where the lower half keeps nothing.

    Raises
    ------
    InputError
        If the density is not in (0, 1), the law has atoms, or ``push`` is negative.
    """
    rho = require_density(density)
    require_atomless(noise)
    if push < 0:
        raise InputError("push", push, "give 0 for the derivative, or a positive number")
    level = noise.inverse(rho)
    if push == 0:
        return level**2 * float(noise.density(np.array(level))) / kept_mass(noise, level)
    low, high = (level * math.exp(sign * push) for sign in (-1.0, 1.0))

    def excess(t: float) -> float:
        halves = noise.survival(np.array([t * math.exp(-push), t * math.exp(push)]))
        return float(halves.mean()) - rho

    level = float(optimize.brentq(excess, low, high, xtol=1e-14, rtol=1e-14))
    masses = [kept_mass(noise, level * math.exp(sign * push)) for sign in (-1.0, 1.0)]
    return math.inf if masses[1] == 0 else math.log(masses[0] / masses[1]) / (2.0 * push)


def critical_density(noise: NoiseLaw) -> float:
    """Density below which a step amplifies perturbations: ``step_growth = 1`` (statement SF).

    Gaussian ``Q(1) = 0.31731``; uniform ``1 - 1/sqrt 3 = 0.42265``; Laplace ``exp(-(1 + sqrt 5)/2) = 0.19830``,
    whatever their scales.

    Raises
    ------
    InputError
        If the law has atoms, or its growth does not cross 1.
    """
    require_atomless(noise)

    def excess(density: float) -> float:
        return step_growth(noise, density) - 1.0

    low, high = _LEAST_DENSITY, 1.0 - _LEAST_DENSITY
    if not excess(low) > 0 > excess(high):
        raise InputError("noise", noise, "its growth does not cross 1: it has no critical density")
    return float(optimize.brentq(excess, low, high, xtol=1e-13, rtol=1e-13))


def _horizon(noise: NoiseLaw) -> float:
    """Level beyond which the kept mass is negligible."""
    return noise.inverse(1e-15)
