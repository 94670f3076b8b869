"""GEN: risk of a kernel predictor by its norm and the trace of the kernel (Arora et al. 2019, Theorem 5.1).

A predictor of norm at most R in the space of the kernel lies in a ball whose empirical Rademacher complexity is at most
``R sqrt(tr K)/N``. Symmetrisation doubles it, a 1-Lipschitz loss does not enlarge it, and two uses of McDiarmid's
inequality cost ``3 sqrt(ln(2/delta)/(2N))`` (Bartlett and Mendelson 2002). The norm is known after the fact alone, so
the bound is spent over balls of doubling radii.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from graphon_theory.errors import InputError, require_density
from graphon_theory.generalisation.intake import count, number

_LOWEST: Final = -1000


@dataclass(frozen=True)
class GenBound:
    """A bound on the risk, part by part.

    Parameters
    ----------
    train
        Mean loss on the sample, in [0, 1].
    complexity
        ``2 R sqrt(tr K)/N``, R the radius.
    confidence
        What the confidence costs.
    radius
        Radius R of the ball of the grid that was taken; it holds the predictor.
    level
        Its place m on the grid.
    """

    train: float
    complexity: float
    confidence: float
    radius: float
    level: int

    @property
    def total(self) -> float:
        """Sum of the three parts: above 1 it says nothing, and is not cut there."""
        return self.train + self.complexity + self.confidence


def gen_bound(train_risk: float, energy: float, trace: float, samples: int, delta: float) -> GenBound:
    """Bound the risk with probability at least ``1 - delta``, with radii 1, 2, 4, ... (statement GEN).

    ``risk <= train + 2^(m+1) sqrt(tr K)/N + 3 sqrt(ln(2(m+1)(m+2)/delta)/(2N))``, ``m = max(0, ceil(log2 B))``. Ball m
    gets the share ``1/((m+1)(m+2))`` of delta; the shares sum to 1.

    Parameters
    ----------
    train_risk
        Mean loss on the sample, in [0, 1]. The loss lies in [0, 1] and is 1-Lipschitz in the prediction.
    energy
        ``B^2``, a bound on the squared norm of the predictor: ``y^T K^-1 y`` for training to the end, and no less than
        the squared norm for gradient flow stopped early or ridge regression.
    trace
        ``tr K`` of the kernel matrix of the sample, at least 0.
    samples
        Number N of samples, independent and alike, independent of the kernel.
    delta
        Failure probability, in (0, 1).

    Returns
    -------
    GenBound
        In floating point, not rounded upwards.

    Raises
    ------
    InputError
        If an argument is out of its range; an infinite energy (labels outside the range of a singular kernel) too.

    Notes
    -----
    Not free of scale: below B = 1 the radius stays 1, so that K and 4K, of which the predictor is the same, get bounds
    that differ. ``scaled_gen_bound`` has no such floor.
    """
    train, energy, trace = _parts(train_risk, energy, trace)
    samples, delta = count("samples", samples), require_density(delta, "delta")
    level = max(0, _ceil_half_log2(energy))
    radius = math.ldexp(1.0, level)
    spent = 2.0 * (level + 1) * (level + 2)
    return GenBound(train, 2.0 * rademacher(radius, trace, samples), _confidence(spent, delta, samples), radius, level)


def scaled_gen_bound(
    train_risk: float,
    energy: float,
    trace: float,
    samples: int,
    delta: float,
    *,
    unit: float = 1.0,
    ratio: float = 2.0,
) -> GenBound:
    """Bound the risk with radii ``s r^m`` for every whole m, negative ones included.

    ``risk <= train + 2 s r^m sqrt(tr K)/N + 3 sqrt(ln(3(|m|+1)(|m|+2)/delta)/(2N))`` for every m with ``s r^m >= B``.
    Ball m gets the share ``(2/3)/((|m|+1)(|m|+2))`` of delta; the shares sum to 1. Taken is the smallest such m, of
    radius below ``r B``, or one nearer to 0 if it gives less: far below s the cost of m outweighs the radius.

    Parameters
    ----------
    train_risk, energy, trace, samples, delta
        As in ``gen_bound``.
    unit
        s, positive, fixed before the sample is seen. With ``s = sqrt(N/tr K')`` for a kernel matrix K' on N inputs that
        are independent of the sample (those that pruned, say) the bound is the same for K and cK.
    ratio
        r, above 1: nearer to 1 the radius is nearer to B, and m larger.

    Returns
    -------
    GenBound
        The least of these bounds.

    Raises
    ------
    InputError
        If an argument is out of its range, or the radius is beyond the range of floats.
    """
    train, energy, trace = _parts(train_risk, energy, trace)
    samples, delta = count("samples", samples), require_density(delta, "delta")
    unit = number("unit", unit, 0.0, math.inf, open_low=True)
    ratio = number("ratio", ratio, 1.0, math.inf, open_low=True)
    norm = math.sqrt(energy)
    # Any level on the grid is admissible whose ball holds the predictor, so none below _LOWEST need be tried.
    level = max(_LOWEST, math.ceil((math.log(norm) - math.log(unit)) / math.log(ratio))) if norm > 0.0 else _LOWEST
    while _radius(unit, ratio, level) < norm:  # the logarithm rounds
        level += 1
    while level > _LOWEST and _radius(unit, ratio, level - 1) >= norm:
        level -= 1
    if math.isinf(_radius(unit, ratio, level)):
        raise InputError("ratio", ratio, f"give a ratio of which a power times {unit:g} lies above {norm:g}, as floats")
    return min(
        (_at_level(train, trace, samples, delta, unit, ratio, m) for m in range(level, max(level, 0) + 1)), key=_total
    )


def rademacher(radius: float, trace: float, samples: int) -> float:
    """Bound the empirical Rademacher complexity of a ball, ``R sqrt(tr K)/N`` (Bartlett, Mendelson 2002, Lemma 22).

    The largest gap of risk and training risk over a ball fixed beforehand has at most twice this, averaged over the
    samples, as its mean.

    Parameters
    ----------
    radius
        R, at least 0.
    trace
        ``tr K``, at least 0.
    samples
        N, positive.

    Raises
    ------
    InputError
        If an argument is out of its range.
    """
    radius, trace = number("radius", radius, 0.0, math.inf), number("trace", trace, 0.0, math.inf)
    return radius * math.sqrt(trace) / count("samples", samples)


def _parts(train_risk: float, energy: float, trace: float) -> tuple[float, float, float]:
    return (
        number("train_risk", train_risk, 0.0, 1.0),
        number("energy", energy, 0.0, math.inf),
        number("trace", trace, 0.0, math.inf),
    )


def _confidence(spent: float, delta: float, samples: int) -> float:
    return 3.0 * math.sqrt((math.log(spent) - math.log(delta)) / (2.0 * samples))


def _at_level(
    train: float, trace: float, samples: int, delta: float, unit: float, ratio: float, level: int
) -> GenBound:
    radius = _radius(unit, ratio, level)
    spent = 3.0 * (abs(level) + 1) * (abs(level) + 2)
    return GenBound(train, 2.0 * rademacher(radius, trace, samples), _confidence(spent, delta, samples), radius, level)


def _total(bound: GenBound) -> float:
    return bound.total


def _radius(unit: float, ratio: float, level: int) -> float:
    try:
        return math.exp(math.log(unit) + level * math.log(ratio)) if ratio != 2.0 else math.ldexp(unit, level)
    except OverflowError:
        return math.inf


def _ceil_half_log2(energy: float) -> int:
    """Smallest m with ``4^m >= energy``, exactly: a logarithm would round at powers of 4."""
    if energy == 0.0:
        return 0
    fraction, exponent = math.frexp(energy)  # energy = fraction 2^exponent, 1/2 <= fraction < 1
    power = exponent - 1 if fraction == 0.5 else exponent
    return -(-power // 2)
