"""Intrinsic dimension: which inputs a mask is bound to see, and what can be built on it.

**Structurally active.** Given the types, edges are independent, and input j is empty with probability
``prod_i (1 - p_ij) <= (1 - deg_j)^n`` (means of geometric and arithmetic kind). It is called structurally active where
that is at most ``risk`` for every law that the observed degree leaves: the hypothesis ``deg_j <= floor`` with
``(1 - floor)^n = risk`` is tested by the binomial tail ``P(Bin(n, floor) >= D_j)``, which bounds that of unequal
probabilities beyond one unit above the mean (Hoeffding 1956, Theorem 5), and Holm's procedure keeps the probability of
calling any input active that is not below ``level``, all inputs together. Under a top-k mask the edges are independent
up to the fluctuation of the common threshold.

**Effective width.** ``N_J``, the neurons joined to every input of J and to the output, is counted on the mask itself.
With biases, ``N`` ReLU units of one input interpolate in ``N`` pieces, so that ``|f - g| <= max|g''| / (2 N^2)`` on
``[-1, 1]`` (statement UAT).

**What is out of reach.** An empty input: half the oscillation along it (UAT-n). And, with one hidden layer, two inputs
a, b that no neuron joins: the network is a sum of functions each of which ignores one of them, so that its mixed
difference over a, b vanishes on every rectangle, while four values of a target g with mixed difference D cannot all be
met within less than ``|D|/4``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError, require_density
from verification.null_laws.intake import boolean_mask, probability_matrix
from verification.statistics import binomial_at_least, holm

LEVEL = 0.05
"""Probability, at most, of calling any input structurally active that is not."""

RISK = 0.01
"""An input is structurally active if another draw of the mask would leave it empty with at most this probability."""

_EXACT_SUBSETS = 20_000
_DRAWN_SUBSETS = 2_000
_LARGEST_GRAM = 4_096


@dataclass(frozen=True)
class JointWidth:
    """Neurons joined to all of k inputs at once.

    Parameters
    ----------
    k
        Number of inputs.
    least, median, most
        Smallest, median and largest ``N_J``.
    unjoined
        Sets J without a neuron.
    sets
        Sets J looked at.
    complete
        Whether these are all sets of k of the inputs looked at, or drawn ones.
    """

    k: int
    least: int
    median: float
    most: int
    unjoined: int
    sets: int
    complete: bool


@dataclass(frozen=True)
class Intrinsic:
    """What a mask sees of the inputs.

    Parameters
    ----------
    count
        Inputs d.
    active
        Structurally active inputs, in order.
    undecided
        Inputs with an edge that are not called active, in order.
    empty
        Inputs without an edge, in order.
    unseen
        Inputs with edges, none of which leads to a neuron that reaches the output.
    level, risk, floor
        Level of the family, probability of being empty, and the degree (share of n) that it amounts to.
    most_empty_degree
        With confidence ``1 - level`` the degree of no empty input exceeds this; None if none is empty.
    expected_empty
        Mean and standard deviation of the number of empty inputs under the prediction; None without one.
    widths
        For k = 1, 2, 3, over the inputs that are active (with an edge, if none is), as far as there are k of them.
    unjoined_pair
        The first pair of these that no neuron joins.
    largest
        Most inputs that one neuron sees.
    """

    count: int
    active: tuple[int, ...]
    undecided: tuple[int, ...]
    empty: tuple[int, ...]
    unseen: tuple[int, ...]
    level: float
    risk: float
    floor: float
    most_empty_degree: float | None
    expected_empty: tuple[float, float] | None
    widths: tuple[JointWidth, ...]
    unjoined_pair: tuple[int, int] | None
    largest: int


def intrinsic_dimension(
    kept: npt.NDArray[np.bool_],
    *,
    alive: npt.NDArray[np.bool_] | None = None,
    probabilities: npt.NDArray[np.float64] | None = None,
    level: float = LEVEL,
    risk: float = RISK,
    seed: int = 0,
) -> Intrinsic:
    """Find the structurally active inputs of a layer and count the neurons joined to sets of them.

    Parameters
    ----------
    kept
        Mask of the layer that reads the inputs, shape (n, d): booleans, or the numbers 0 and 1.
    alive
        Neurons that reach the output, shape (n,); all by default. Others see, but nothing comes of it.
    probabilities
        Predicted probability of each edge, shape (n, d), in [0, 1].
    level
        Probability, at most, of calling any input active that is not; in (0, 1).
    risk
        Probability of being empty in another draw up to which an input is structurally active; in (0, 1).
    seed
        Of the triples that are drawn where there are too many.

    Raises
    ------
    InputError
        If an array is no mask, or has another shape, or a number is out of range.
    """
    mask = boolean_mask(kept, "kept")
    n, d = mask.shape
    if alive is not None and (alive.shape != (n,) or alive.dtype != np.bool_):
        raise InputError("alive", f"{alive.dtype} of shape {alive.shape}", f"give booleans of shape ({n},)")
    level, risk = require_density(level, "level"), require_density(risk, "risk")
    degrees = mask.sum(axis=0)
    floor = -math.expm1(math.log(risk) / n)
    # Hoeffding's bound on unequal probabilities holds from one unit above the mean on.
    tested = [binomial_at_least(int(D), n, floor) if n * floor + 1.0 <= D else 1.0 for D in degrees]
    called = np.array([p <= level for p in holm(tested, level)])
    seen = mask if alive is None else mask & alive[:, None]
    empty = np.flatnonzero(degrees == 0)
    chosen = np.flatnonzero(called) if called.any() else np.flatnonzero(seen.any(axis=0))
    widths, pair = _joint(seen[:, chosen], np.random.default_rng([seed, 3]))
    return Intrinsic(
        count=d,
        active=_indices(called),
        undecided=_indices(~called & (degrees > 0)),
        empty=tuple(int(j) for j in empty),
        unseen=_indices((degrees > 0) & ~seen.any(axis=0)),
        level=level,
        risk=risk,
        floor=floor,
        most_empty_degree=-math.expm1(math.log(level / d) / n) if empty.size else None,
        expected_empty=None if probabilities is None else _expected_empty(probabilities, (n, d)),
        widths=widths,
        unjoined_pair=None if pair is None else (int(chosen[pair[0]]), int(chosen[pair[1]])),
        largest=int(seen.sum(axis=1).max()),
    )


def intrinsic_facts(found: Intrinsic) -> list[tuple[str, str]]:
    """(label, sentence) of what the network sees, can and cannot represent."""
    said = [
        (
            "active",
            f"{len(found.active)} of {found.count} inputs are structurally active: another draw of the mask would "
            f"leave such an input empty with probability at most {found.risk:g}; all of them at once with confidence "
            f"{1 - found.level:g} (Holm)",
        )
    ]
    if found.undecided:
        said.append(
            ("undecided", f"{len(found.undecided)} inputs have too few edges to tell{_listed(found.undecided)}")
        )
    if found.empty:
        text = f"{len(found.empty)} inputs{_listed(found.empty)}"
        if found.most_empty_degree is not None:
            text += (
                f"; their degrees are at most {found.most_empty_degree:.3g} of n, with confidence {1 - found.level:g}"
            )
        said.append(("empty", text))
    if found.expected_empty is not None:
        mean, deviation = found.expected_empty
        said.append(("expected", f"the prediction expects {mean:.3g} +- {deviation:.2g} empty inputs"))
    if found.unseen:
        said.append(("unseen", f"{len(found.unseen)} inputs reach dead neurons alone{_listed(found.unseen)}"))
    said += [(f"joint, k = {width.k}", _joint_text(width)) for width in found.widths]
    said.append(("most", f"one neuron sees at most {found.largest} inputs"))
    if found.widths:
        least = found.widths[0].least
        if least > 0:
            said.append(
                (
                    "can",
                    "with biases and ReLU, any function g of one of these inputs to within max|g''|/(2 N^2) on "
                    f"[-1, 1], N at least {least} (UAT)",
                )
            )
    cannot = []
    if found.empty or found.unseen:
        cannot.append("a function of an input that is not seen, closer than half its oscillation along it (UAT-n)")
    if found.unjoined_pair is not None:
        a, b = found.unjoined_pair
        cannot.append(
            f"with one hidden layer, a function that couples two inputs which no neuron joins (such as {a} and {b}), "
            "closer than a quarter of its mixed difference"
        )
    if cannot:
        said.append(("cannot", "; ".join(cannot)))
    return said


def _joint_text(width: JointWidth) -> str:
    sets = f"all {width.sets}" if width.complete else f"{width.sets} drawn"
    return (
        f"{width.least} to {width.most} neurons joined to all, median {width.median:g} ({sets} sets; none joined in "
        f"{width.unjoined})"
    )


def _joint(
    seen: npt.NDArray[np.bool_], rng: np.random.Generator
) -> tuple[tuple[JointWidth, ...], tuple[int, int] | None]:
    columns = seen.shape[1]
    found, pair = [], None
    if columns >= 1:
        found.append(_width(1, seen.sum(axis=0), complete=True))
    if columns >= 2:
        if columns <= _LARGEST_GRAM:
            numbers = seen.astype(np.float32)  # counts up to 2^24 are exact
            gram = numbers.T @ numbers
            upper = np.triu_indices(columns, 1)
            counts, complete, members = gram[upper].astype(np.int64), True, np.stack(upper, axis=1)
        else:
            members, complete = _drawn(columns, 2, rng), False
            counts = _counted(seen, members)
        found.append(_width(2, counts, complete=complete))
        bare = np.flatnonzero(counts == 0)
        pair = (int(members[bare[0], 0]), int(members[bare[0], 1])) if bare.size else None
    if columns >= 3:
        complete = math.comb(columns, 3) <= _EXACT_SUBSETS
        triples = np.array(list(itertools.combinations(range(columns), 3))) if complete else _drawn(columns, 3, rng)
        found.append(_width(3, _counted(seen, triples), complete=complete))
    return tuple(found), pair


def _width(k: int, counts: npt.NDArray[np.int64], *, complete: bool) -> JointWidth:
    return JointWidth(
        k=k,
        least=int(counts.min()),
        median=float(np.median(counts)),
        most=int(counts.max()),
        unjoined=int(np.count_nonzero(counts == 0)),
        sets=counts.size,
        complete=complete,
    )


def _counted(seen: npt.NDArray[np.bool_], members: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    joined = np.logical_and.reduce([seen[:, members[:, k]] for k in range(members.shape[1])])
    return np.asarray(joined.sum(axis=0, dtype=np.int64))


def _drawn(columns: int, k: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return np.stack([rng.choice(columns, size=k, replace=False) for _ in range(_DRAWN_SUBSETS)])


def _expected_empty(probabilities: npt.NDArray[np.float64], shape: tuple[int, int]) -> tuple[float, float]:
    edges = probability_matrix(probabilities, shape)
    with np.errstate(divide="ignore"):
        chances = np.exp(np.log1p(-edges).sum(axis=0))
    return float(chances.sum()), float(np.sqrt((chances * (1.0 - chances)).sum()))


def _indices(chosen: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(j) for j in np.flatnonzero(chosen))


def _listed(indices: tuple[int, ...], most: int = 12) -> str:
    more = ", ..." if len(indices) > most else ""
    return f" ({', '.join(map(str, indices[:most]))}{more})"
