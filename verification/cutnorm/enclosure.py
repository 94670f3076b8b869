"""From checked matrices to bounds: relaxation, witness and certificate, in this order.

The relaxation comes first because it serves both sides: its vectors, cut by random hyperplanes, are good
starts for the witness (Alon and Naor 2006 round the same way), and its dual variables scale the
certificate.

Matrices of one shape share every product of the relaxation and of the search; each has a certificate of its own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import torch

from verification.cutnorm.centred import centre
from verification.cutnorm.exact import enumerate_subsets, is_cheap
from verification.cutnorm.intake import rescaled
from verification.cutnorm.krylov import largest_singular_values
from verification.cutnorm.lower import search
from verification.cutnorm.pair import Pair
from verification.cutnorm.relaxation import hyperplane_signs, relax
from verification.cutnorm.result import CutNorm
from verification.cutnorm.rounding import divide_down, divide_up
from verification.cutnorm.upper import entrywise_bound, scaling, smallest, spectral_bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verification.cutnorm.centred import Centred
    from verification.cutnorm.lower import Witness
    from verification.cutnorm.upper import UpperBound

_TOGETHER = 2**18
_ROUNDED_PER_RESTART = 2
_RESTARTS_PER_RANDOM = 8


def bound_all(
    given: Sequence[torch.Tensor],
    generator: torch.Generator,
    *,
    certify: bool,
    restarts: int,
    starts: torch.Tensor | None = None,
) -> list[CutNorm]:
    """Bound the cut norms of checked matrices, by enumeration where that is cheap.

    Parameters
    ----------
    given : sequence of torch.Tensor
        Shapes ``(n, d)``, which may differ; float32 or float64, finite.
    generator : torch.Generator
        CPU generator.
    certify : bool
        Whether to bound from above as well.
    restarts : int
        Number of starts, at least 1.
    starts : torch.Tensor, optional
        Boolean, shape ``(k, d)``: further column sets to start from.

    Returns
    -------
    list of CutNorm
        In the order given.
    """
    found: dict[int, CutNorm] = {}
    groups: defaultdict[tuple[int, int, torch.device], list[int]] = defaultdict(list)
    for k, one in enumerate(given):
        groups[(int(one.shape[0]), int(one.shape[1]), one.device)].append(k)
    for (n, d, _), members in groups.items():
        # Beyond that the two working copies leave the processor cache, and the gain is lost.
        size = max(1, _TOGETHER // (n * d))
        for first in range(0, len(members), size):
            chosen = members[first : first + size]
            parts = _of_one_shape(
                [given[k] for k in chosen], generator, certify=certify, restarts=restarts, starts=starts
            )
            found.update(zip(chosen, parts, strict=True))
    return [found[k] for k in range(len(given))]


def enclose(
    centred: Sequence[Centred], generator: torch.Generator, *, restarts: int, starts: torch.Tensor | None = None
) -> list[CutNorm]:
    """Bound cut norms from both sides.

    Parameters
    ----------
    centred : sequence of Centred
        The matrices, of one shape and any size, none all zero.
    generator : torch.Generator
        CPU generator.
    restarts : int
        Number of starts: an eighth of them random, and two roundings of the relaxation for each.
    starts : torch.Tensor, optional
        Boolean, shape ``(k, d)``: further column sets to start from.

    Returns
    -------
    list of CutNorm
    """
    pair = _working_pair(centred)
    relaxed = relax(pair, generator)
    signs = hyperplane_signs(relaxed.y, _ROUNDED_PER_RESTART * restarts, generator)
    random = max(1, restarts // _RESTARTS_PER_RANDOM)
    witnesses = search(centred, pair, generator, restarts=random, starts=starts, signs=signs)
    several = pair.forward.ndim == 3
    scales = [scaling(one, relaxed.part(k) if several else relaxed) for k, one in enumerate(centred)]
    left, right = torch.stack([one.left for one in scales]), torch.stack([one.right for one in scales])
    if not several:
        left, right = left[0], right[0]
    estimates = largest_singular_values(pair, left, right, relaxed.x).reshape(-1).tolist()
    # The certificate needs a square matrix of its own.
    del pair, relaxed, signs
    found = []
    for one, witness, scale, estimate in zip(centred, witnesses, scales, estimates, strict=True):
        bound = smallest(entrywise_bound(one), spectral_bound(one, scale, estimate))
        found.append(_per_cell(one, witness, bound))
    return found


def witness_only(
    centred: Sequence[Centred], generator: torch.Generator, *, restarts: int, starts: torch.Tensor | None = None
) -> list[CutNorm]:
    """Bound cut norms from below.

    Parameters
    ----------
    centred : sequence of Centred
        The matrices, of one shape and any size.
    generator : torch.Generator
        CPU generator.
    restarts : int
        Number of random starts, at least 1.
    starts : torch.Tensor, optional
        Boolean, shape ``(k, d)``: further column sets to start from.

    Returns
    -------
    list of CutNorm
        With ``upper`` equal to ``None``.
    """
    witnesses = search(centred, _working_pair(centred), generator, restarts=restarts, starts=starts)
    return [_per_cell(one, witness, None) for one, witness in zip(centred, witnesses, strict=True)]


def _of_one_shape(
    given: list[torch.Tensor],
    generator: torch.Generator,
    *,
    certify: bool,
    restarts: int,
    starts: torch.Tensor | None,
) -> list[CutNorm]:
    scaled = [rescaled(one) for one in given]
    centred = [centre(inner) for inner, _ in scaled]
    found: dict[int, CutNorm] = {}
    large: list[int] = []
    for k, one in enumerate(centred):
        if one.absolute == 0.0:
            found[k] = _zero(*one.shape, certify=certify)
        elif is_cheap(*one.shape):
            exact = enumerate_subsets(one)
            found[k] = exact if certify else CutNorm(exact.lower, None, exact.rows, exact.columns)
        else:
            large.append(k)
    if large:
        bound = enclose if certify else witness_only
        parts = bound([centred[k] for k in large], generator, restarts=restarts, starts=starts)
        found.update(zip(large, parts, strict=True))
    return [found[k].times_power_of_two(exponent) for k, (_, exponent) in enumerate(scaled)]


def _working_pair(centred: Sequence[Centred]) -> Pair:
    # A single matrix stays two-dimensional: its products are faster, and stacking would be a copy.
    alone = len(centred) == 1
    return Pair.of(centred[0].augmented() if alone else torch.stack([one.augmented() for one in centred]))


def _per_cell(centred: Centred, witness: Witness, bound: UpperBound | None) -> CutNorm:
    lower = divide_down(witness.value, centred.cells)
    rows, columns = witness.rows.numpy(), witness.columns.numpy()
    if bound is None:
        return CutNorm(lower, None, rows, columns)
    upper, margin = divide_up(bound.value, centred.cells), divide_up(bound.margin, centred.cells)
    return CutNorm(lower, upper, rows, columns, margin)


def _zero(rows: int, columns: int, *, certify: bool) -> CutNorm:
    nothing = np.zeros(rows, dtype=np.bool_), np.zeros(columns, dtype=np.bool_)
    return CutNorm(0.0, 0.0 if certify else None, *nothing)
