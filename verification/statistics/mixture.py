"""Confidence sequences for the mean of normal or sub-Gaussian observations, by mixtures of likelihood ratios.

Averaging the likelihood ratio of every shift against a mean over a normal prior of the shift gives a martingale
of initial value 1 under that mean; it exceeds ``1 / level`` at some time with probability at most ``level``.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize

from verification.statistics.intake import Array, Values, require_level, require_positive, require_values, require_whole

_HUGE = 600.0  # logarithm of the largest prior variance: beyond it the width changes no more


def normal_prior(level: float, tuned_at: int) -> float:
    """Variance of the prior of the shift, in units of sigma^2, that makes the interval narrowest at one time.

    Parameters
    ----------
    level
        Level of ``normal_mixture_sequence``, in (0, 1).
    tuned_at
        Number of observations at which its interval shall be narrowest, at least 1.

    Returns
    -------
    float
        ``g`` with ``u = 1 + tuned_at g`` the solution of ``u - 1 - log u = 2 log(1 / level)``.

    Raises
    ------
    InputError
        If an argument is not as above.

    Notes
    -----
    Source: Howard, Ramdas, McAuliffe and Sekhon (2021), Proposition 3, with their ``rho = 1 / g``.
    """
    tuned_at = require_whole(tuned_at, "tuned_at", 1)
    target = -2.0 * math.log(require_level(level))
    logarithm = optimize.brentq(lambda v: math.expm1(v) - v - target, 0.0, 2.0 + math.log1p(target))
    return math.expm1(logarithm) / tuned_at


def student_prior(level: float, tuned_at: int) -> float:
    """Variance of the prior of the effect size that makes the interval narrowest at one time.

    Parameters
    ----------
    level
        Level of ``student_mixture_sequence``, in (0, 1).
    tuned_at
        Number of observations at which its interval shall be narrowest, at least 2.

    Returns
    -------
    float
        ``g`` with ``u = 1 + n g`` the solution of ``n log(1 + (u - 1) / n) - log u = 2 log(1 / level)`` at
        ``n = tuned_at``: where the derivative of the width in ``g`` is zero.

    Raises
    ------
    InputError
        If an argument is not as above.
    """
    size = require_whole(tuned_at, "tuned_at", 2)
    target = -2.0 * math.log(require_level(level))

    def excess(v: float) -> float:
        return size * math.log1p(math.expm1(v) / size) - v - target  # with v = log u

    logarithm = _HUGE if excess(_HUGE) < 0.0 else optimize.brentq(excess, 0.0, _HUGE)
    return math.expm1(logarithm) / size


def normal_mixture_sequence(values: Values, sigma: float, level: float, tuned_at: int) -> tuple[Array, Array]:
    """Confidence sequence for the mean of observations with sub-Gaussian deviations of known scale.

    The null that is inverted: given the past, ``E exp(s (X - mean)) <= exp(s^2 sigma^2 / 2)`` for every ``s``, with
    the same mean throughout: normal of standard deviation ``sigma``, or within a range of ``2 sigma``.

    Parameters
    ----------
    values
        Observations, shape (size,), in the order in which they came; at least one.
    sigma
        Scale of the deviations, known beforehand, in the unit of the values; above 0.
    level
        Probability, at most, that *any* of the intervals misses the mean.
    tuned_at
        Number of observations, chosen beforehand, at which the interval is narrowest.

    Returns
    -------
    tuple
        (lower, upper), each of shape (size,): the limits after each observation, each pair inside the one
        before it, in the unit of the values. Where ``lower > upper`` every mean is excluded.

    Raises
    ------
    InputError
        If a number is not finite, there is no value, or an option is unsuitable.

    Notes
    -----
    With ``S`` the sum of the deviations from a mean and ``g = normal_prior(level, tuned_at)``, the mixture is
    ``(1 + n g)^(-1/2) exp(g S^2 / (2 sigma^2 (1 + n g)))``. Sources: Robbins (1970); Howard et al. (2021),
    equation 14.
    """
    array = require_values(values)
    sigma = require_positive(sigma, "sigma")
    growth = normal_prior(level, tuned_at) * np.arange(1, array.size + 1)
    half = sigma * np.sqrt((1.0 + 1.0 / growth) * (np.log1p(growth) - 2.0 * math.log(level)))
    return _intersections(_running_means(array), half / np.sqrt(np.arange(1, array.size + 1)))


def student_mixture_sequence(values: Values, level: float, tuned_at: int) -> tuple[Array, Array]:
    """Confidence sequence for the mean of normal observations of unknown variance.

    The null that is inverted: independent normal observations of one mean and one variance.

    Parameters
    ----------
    values
        Observations, shape (size,), in the order in which they came; at least one.
    level
        Probability, at most, that *any* of the intervals misses the mean.
    tuned_at
        Number of observations, chosen beforehand, at which the interval is narrowest; at least 2.

    Returns
    -------
    tuple
        (lower, upper), each of shape (size,): the limits after each observation, each pair inside the one
        before it, in the unit of the values; infinite at first, and the longer so the later it is tuned. Where
        ``lower > upper`` every mean is excluded. Where all values are equal the finite intervals are one point.

    Raises
    ------
    InputError
        If a value is not finite, there is none, or an option is unsuitable.

    Notes
    -----
    Against a mean ``m``, with ``S`` and ``V`` the sums of the deviations from it and of their squares, the
    effect size ``(mean - m) / sigma`` normal of variance ``g = student_prior(level, tuned_at)``, and the
    right-Haar prior ``d sigma / sigma`` above and below the line, the ratio of mixed likelihoods is
    ``(1 + n g)^(-1/2) (1 - g S^2 / ((1 + n g) V))^(-n/2)``: a martingale under ``m``, for every sigma, in the
    filtration of the ratios of deviations. It is below ``1 / level`` if and only if
    ``(m - mean)^2 < s^2 (1 - B) / (B - 1 / (1 + n g))`` with ``B = (level^2 / (1 + n g))^(1/n)`` and ``s^2``
    the mean squared deviation from the running mean; everywhere if that denominator is not positive.
    Sources: Lai (1976); Wang and Ramdas (2023), "Anytime-valid t-tests and confidence sequences for Gaussian
    means with unknown variance".
    """
    array = require_values(values)
    times = np.arange(1, array.size + 1)
    growth = np.log1p(student_prior(level, tuned_at) * times)
    exponent = (2.0 * math.log(level) - growth) / times  # log B
    room = np.exp(exponent) - np.exp(-growth)
    means = _running_means(array)
    half = np.full(array.size, np.inf)
    finite = room > 0.0
    half[finite] = np.sqrt(_running_variances(array, means)[finite] * -np.expm1(exponent[finite]) / room[finite])
    return _intersections(means, half)


def _running_means(array: Array) -> Array:
    # Summed as deviations from the first value, so that a large offset costs no digits.
    means: Array = array[0] + np.cumsum(array - array[0]) / np.arange(1, array.size + 1)
    return means


def _running_variances(array: Array, means: Array) -> Array:
    """Mean squared deviation from the running mean, by Welford's sum of nonnegative terms."""
    times = np.arange(1, array.size + 1)
    earlier = np.concatenate([array[:1], means[:-1]])
    variances: Array = np.cumsum(np.square(array - earlier) * (times - 1) / times) / times
    return variances


def _intersections(centres: Array, halves: Array) -> tuple[Array, Array]:
    return np.maximum.accumulate(centres - halves), np.minimum.accumulate(centres + halves)
