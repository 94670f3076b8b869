"""The original GraSP, whose largest signed scores ``h xi`` are kept: one-sided probabilities and what they bias (SIGN).

Kept are entries with ``h xi >= tau``; as the noise is symmetric, the sign of h moves the kept weight's sign, not the
probability. The threshold is negative where more than half of the entries are kept.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian, Laplace, NoiseLaw, Uniform
from graphon_theory.saliency import FiniteModel

Array = npt.NDArray[np.float64]


def one_sided_threshold(model: FiniteModel, density: float) -> float:
    """Level ``tau``, of any sign, at which the mean of ``P(h xi >= tau)`` is ``rho``.

    With ``N_2`` the two-sided kept fraction it is ``N_2^-1(2 rho)`` below ``rho = 1/2`` and ``-N_2^-1(2 (1 - rho))``
    above.

    Raises
    ------
    InputError
        If ``2 min(rho, 1 - rho)`` is no density that the model's two-sided threshold reaches.
    """
    if density < 0.5:
        return model.threshold(2.0 * density)
    if density > 0.5:
        return -model.threshold(2.0 * (1.0 - density))
    if bool(np.any(model.profile == 0)):
        raise InputError("density", density, "entries with h = 0 tie at the threshold 0: choose another")
    return 0.0


def one_sided_levels(model: FiniteModel, threshold: float) -> Array:
    """``tau/|h_ij|``, shape (n, d): infinite, of the threshold's sign, where h vanishes."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        levels: Array = np.where(model.profile > 0, threshold / model.profile, math.copysign(math.inf, threshold))
    return levels


def upper_probability(noise: NoiseLaw, t: Array) -> Array:
    """``P(xi >= t)`` at levels of any sign, infinity allowed."""
    half = 0.5 * noise.survival(np.abs(t))
    return np.where(t >= 0, half, 1.0 - half)


def upper_mean(noise: NoiseLaw, t: Array) -> Array:
    """``E[xi; xi >= t]`` at levels of any sign, infinity allowed: even in t, for symmetric noise.

    Raises
    ------
    InputError
        If no closed form is known for the law.
    """
    level = np.abs(np.asarray(t, dtype=np.float64))
    if isinstance(noise, Gaussian):
        scale = math.sqrt(noise.variance)
        return scale / math.sqrt(2.0 * math.pi) * np.exp(-0.5 * (level / scale) ** 2)
    if isinstance(noise, Uniform):
        return (noise.bound**2 - np.minimum(level, noise.bound) ** 2) / (4.0 * noise.bound)
    if isinstance(noise, Laplace):
        scale = math.sqrt(noise.variance / 2.0)
        finite = np.where(np.isfinite(level), level, 0.0)
        return np.where(np.isfinite(level), 0.5 * (finite + scale) * np.exp(-finite / scale), 0.0)
    raise InputError("noise", noise.name, "choose gaussian, uniform or laplace")


def upper_second_moment(noise: NoiseLaw, t: Array) -> Array:
    """``E[xi^2; xi >= t]`` at levels of any sign, infinity allowed."""
    half = 0.5 * noise.truncated_moment(np.abs(t))
    return np.where(t >= 0, half, noise.variance - half)


def mean_kept_weight(noise: NoiseLaw, levels: Array) -> float:
    """Mean of ``xi sign(h)`` over the kept entries, for levels ``tau/|h_ij|``: positive; 0 by modulus."""
    return float(upper_mean(noise, levels).sum() / upper_probability(noise, levels).sum())


def output_moments(readout: Array, signs: Array, levels: Array, inputs: Array, noise: NoiseLaw) -> tuple[Array, Array]:
    """Mean and variance of the masked ReLU network's output at each input, its kept weights as in the model.

    Preactivations ``d^-1/2 sum_j xi_ij 1{kept} x_sj`` have the mean
    ``m_is = d^-1/2 sum_j sign(h_ij) E[xi; xi >= t_ij] x_sj`` and the variance
    of the sum, and are taken as Gaussian. The output's mean ``sum_i a_i E[sigma]`` is of order ``n^(1/2)``, its
    variance ``sum_i a_i^2 Var[sigma]`` of order 1.

    Parameters
    ----------
    readout
        ``a_i`` in the scale of ``f = sum_i a_i sigma(z_i)``, shape (n,).
    signs
        Sign of ``h_ij``, shape (n, d); 0 for kept weights without bias.
    levels
        ``tau/|h_ij|``, shape (n, d).
    inputs
        ``x_sj``, shape (S, d).
    noise
        Law of the weights over ``d^-1/2``.

    Returns
    -------
    tuple
        Means and variances, shape (S,) each.
    """
    first = signs * upper_mean(noise, levels)
    second = upper_second_moment(noise, levels)
    d = inputs.shape[1]
    mean = inputs @ first.T / math.sqrt(d)
    deviation = np.sqrt(np.maximum((inputs**2) @ (second - first**2).T / d, np.finfo(np.float64).tiny))
    ratio = mean / deviation
    above, density = special.ndtr(ratio), np.exp(-0.5 * ratio**2) / math.sqrt(2.0 * math.pi)
    expected = mean * above + deviation * density
    square = (mean**2 + deviation**2) * above + mean * deviation * density
    return expected @ readout, (square - expected**2) @ readout**2


def output_drift(readout: Array, signs: Array, levels: Array, noise: NoiseLaw) -> Array:
    """Leading order of the output's mean, a linear function of the input.

    A neuron with ``-a`` has ``-h``, so the opposite mean and the same variance, and for ReLU ``E[sigma]`` at m less
    that at -m is m: half the mean of ``|a| sign(a) m`` is left, whatever the variance (GRASP-D). As ``output_moments``
    up to order 1.

    Parameters
    ----------
    readout, signs, levels, noise
        As ``output_moments``.

    Returns
    -------
    array
        Coefficients of ``x_j``, shape (d,): ``(1/2) d^-1/2 sum_i a_i sign(h_ij) E[xi; xi >= t_ij]``.
    """
    drift: Array = 0.5 * (readout @ (signs * upper_mean(noise, levels))) / math.sqrt(signs.shape[1])
    return drift


def output_size(readout: Array, signs: Array, levels: Array, inputs: Array, noise: NoiseLaw) -> float:
    """Root mean square over a batch of the masked ReLU network's output: mean and variance of ``output_moments``.

    Parameters
    ----------
    readout, signs, levels, inputs, noise
        As ``output_moments``.
    """
    mean, variance = output_moments(readout, signs, levels, inputs, noise)
    return float(np.sqrt((mean**2 + variance).mean()))
