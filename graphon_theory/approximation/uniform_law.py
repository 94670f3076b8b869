"""N_J in a uniformly random mask of exactly K of n d entries: the constant graphon under top-k (statement UAT-count).

Let B of disjoint blocks of k entries be looked at: n rows by one set J, or n rows by each of G disjoint sets, n G
blocks. The number of full ones has the factorial moments ``C(B, s) C(nd - k s, K - k s) / C(nd, K)``; inclusion and
exclusion gives its law in rational arithmetic. In floating point that cancels. There the mask is an independent one,
of any rate p, given that it keeps K entries, and Bayes' rule has positive terms alone:
``P(m | K) = Bin(B, p^k)(m) P(S_(B-m) + R = K - k m) / P(Bin(nd, p) = K)``, ``S`` the entries kept in blocks that are
not full, ``R`` those outside the blocks.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import numpy.typing as npt
from scipy import stats

from graphon_theory.approximation.joined_law import drawn_types_law, require_count
from graphon_theory.counts import CountLaw, trimmed
from graphon_theory.errors import InputError

Array = npt.NDArray[np.float64]

_NEGLIGIBLE = 1e-60  # of the independent law; conditioning multiplies by sqrt(2 pi n d) at most, or so


def uniform_mask_law(blocks: int, active: int, entries: int, kept: int) -> CountLaw:
    """Law of the number of full blocks in a uniformly random set of K entries.

    Parameters
    ----------
    blocks
        Number B of disjoint blocks: n for one set J, n G for the sum of N_J over G disjoint sets; at least 1.
    active
        Entries k of a block, at least 1.
    entries
        Number of entries ``n d``, at least ``k B``.
    kept
        Number K of entries kept, from 0 to ``n d``.

    Returns
    -------
    CountLaw
        To about 1e-10, relative to its largest probability; probabilities below 1e-50 or so are left out.

    Raises
    ------
    InputError
        If an argument is out of its range.
    """
    _check(blocks, active, entries, kept)
    if kept < active or kept == entries:
        return CountLaw(0 if kept < active else blocks, np.ones(1))
    p = kept / entries
    values = np.arange(min(blocks, kept // active) + 1)
    prior = drawn_types_law(blocks, p**active).at(values)
    wanted = values[prior > _NEGLIGIBLE]
    first, last = int(wanted[0]), int(wanted[-1])
    places = np.arange(active)
    part = trimmed(0, np.asarray(stats.binom.pmf(places, active, p)) / stats.binom.cdf(active - 1, active, p))
    partial = part.times(blocks - last)
    outside = stats.binom(entries - blocks * active, p)
    weights = np.zeros(last + 1)
    for m in range(last, first - 1, -1):
        rest = kept - m * active - np.arange(partial.start, partial.stop)
        weights[m] = prior[m] * float(partial.weights @ outside.pmf(rest))
        partial = partial.plus(part)
    # Dividing by the sum is dividing by P(Bin(nd, p) = K), without the rounding of its own.
    return trimmed(0, weights / weights.sum())


def exact_uniform_mask_law(blocks: int, active: int, entries: int, kept: int) -> tuple[Fraction, ...]:
    """Return the probabilities of 0, 1, ..., B full blocks as fractions, by inclusion and exclusion.

    Parameters
    ----------
    blocks, active, entries, kept
        As in ``uniform_mask_law``; the cost grows like ``B^2`` products of long integers.

    Raises
    ------
    InputError
        If an argument is out of its range.
    """
    _check(blocks, active, entries, kept)
    ways = [
        comb(blocks, s) * (comb(entries - active * s, kept - active * s) if active * s <= kept else 0)
        for s in range(blocks + 1)
    ]
    total = comb(entries, kept)
    return tuple(
        Fraction(sum((-1) ** (s - m) * comb(s, m) * ways[s] for s in range(m, blocks + 1)), total)
        for m in range(blocks + 1)
    )


def full_block_rate(active: int, entries: int, kept: int) -> Fraction:
    """Probability ``C(nd - k, K - k) / C(nd, K)`` that a block of k entries is full, at most ``(K/nd)^k``.

    Raises
    ------
    InputError
        If an argument is out of its range.
    """
    _check(1, active, entries, kept)
    return Fraction(comb(entries - active, kept - active), comb(entries, kept)) if active <= kept else Fraction(0)


def _check(blocks: int, active: int, entries: int, kept: int) -> None:
    require_count(blocks, "blocks")
    require_count(active, "active")
    if require_count(entries, "entries") < blocks * active:
        raise InputError("entries", entries, f"give at least the {blocks * active} entries of the blocks")
    if require_count(kept, "kept", 0) > entries:
        raise InputError("kept", kept, f"give a number from 0 to the {entries} entries")
