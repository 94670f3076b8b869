"""Laws of counts, and that of a sum of independent indicators of different rates, by direct convolution.

Chunks of entries are convolved one entry at a time, then one another in a tree. All terms are non-negative and
nothing is subtracted but ``1 - p``, so that every probability, in the far tails as well, has a relative error of
order ``m 2^-53`` for m entries: unlike the discrete Fourier transform, whose error is 2^-53 of the largest one.
Ends below ``NEGLIGIBLE`` are cut off, which keeps the supports to some 60 standard deviations and subnormal
numbers out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]

NEGLIGIBLE = 1e-200
"""Probabilities below this are taken as 0; what is lost is below 1e-190 in all."""

_CHUNK = 64


@dataclass(frozen=True, eq=False)
class CountLaw:
    """Law of a count.

    Parameters
    ----------
    start
        Smallest value of positive probability.
    weights
        Probabilities of ``start, start + 1, ...``, float64, shape (values,).
    """

    start: int
    weights: Array

    @property
    def stop(self) -> int:
        """One more than the largest value of positive probability."""
        return self.start + self.weights.size

    def at(self, values: npt.NDArray[np.int64]) -> Array:
        """Probability of each value, same shape; 0 outside the support."""
        inside = (values >= self.start) & (values < self.stop)
        return np.where(inside, self.weights[np.where(inside, values - self.start, 0)], 0.0)

    def at_most(self, value: int) -> float:
        """``P(X <= value)``, to a relative error of order ``m 2^-53``."""
        return min(1.0, float(self.weights[: max(0, value - self.start + 1)].sum()))

    def at_least(self, value: int) -> float:
        """``P(X >= value)``, likewise."""
        return min(1.0, float(self.weights[max(0, value - self.start) :].sum()))

    @property
    def mean(self) -> float:
        """Expectation of the count."""
        return float(self.weights @ np.arange(self.start, self.stop))

    @property
    def variance(self) -> float:
        """Variance of the count."""
        return float(self.weights @ np.square(np.arange(self.start, self.stop) - self.mean))

    def plus(self, other: CountLaw) -> CountLaw:
        """Law of the sum of independent counts."""
        return trimmed(self.start + other.start, np.convolve(self.weights, other.weights))

    def times(self, copies: int) -> CountLaw:
        """Law of the sum of independent copies, by repeated doubling.

        Raises
        ------
        InputError
            If their number is negative.
        """
        if copies < 0:
            raise InputError("copies", copies, "give a number of copies, 0 or more")
        total, power = CountLaw(0, np.ones(1)), self
        while copies:
            if copies % 2:
                total = total.plus(power)
            copies //= 2
            if copies:
                power = power.plus(power)
        return total


def poisson_binomial(probabilities: npt.ArrayLike) -> CountLaw:
    """Law of the number of successes of independent trials.

    Parameters
    ----------
    probabilities
        Rates, any shape, m in all, at least one. The cost grows little faster than m, since supports are cut to some
        60 standard deviations: 0.02 s at m = 16,384, 0.5 s at 262,144.

    Returns
    -------
    CountLaw

    Raises
    ------
    InputError
        If there are none, or one is NaN or outside [0, 1].
    """
    rates = np.asarray(probabilities, dtype=np.float64).ravel()
    if rates.size == 0 or not bool(np.all((rates >= 0) & (rates <= 1))):
        raise InputError("probabilities", "none, or values outside [0, 1] or NaN", "give rates in [0, 1]")
    return row_laws(rates[None, :])[0]


def row_laws(rates: Array) -> list[CountLaw]:
    """Law of the number of successes of each row of independent trials; all rows at once.

    Parameters
    ----------
    rates
        In [0, 1], shape (n, m), m positive.

    Returns
    -------
    list of CountLaw
        One a row.
    """
    # Trials of rate 0 change nothing and fill the last chunk.
    width = min(_CHUNK, rates.shape[1])
    padded = np.pad(rates, ((0, 0), (0, -rates.shape[1] % width))).reshape(-1, width)
    table = np.zeros((padded.shape[0], width + 1))
    table[:, 0] = 1.0
    for place in range(width):
        p = padded[:, place, None]
        table[:, 1 : place + 2] = table[:, 1 : place + 2] * (1.0 - p) + table[:, : place + 1] * p
        table[:, 0] *= 1.0 - p[:, 0]
    chunks = padded.shape[0] // rates.shape[0]
    laws = [trimmed(0, weights) for weights in table]
    return [total_law(laws[first : first + chunks]) for first in range(0, len(laws), chunks)]


def total_law(laws: list[CountLaw]) -> CountLaw:
    """Law of the sum of independent counts, at least one, convolved in a balanced tree."""
    while len(laws) > 1:
        pairs = [one.plus(other) for one, other in zip(laws[::2], laws[1::2], strict=False)]
        laws = pairs + laws[len(laws) - len(laws) % 2 :]
    return laws[0]


def trimmed(start: int, weights: Array) -> CountLaw:
    """Law with these probabilities from ``start`` on, negligible ends cut off; at least one is not negligible."""
    above = np.flatnonzero(weights >= NEGLIGIBLE)
    first, last = int(above[0]), int(above[-1]) + 1
    return CountLaw(start + first, weights[first:last].copy())
