"""Lower bounds with a witness, by alternating maximisation from many starts.

For fixed columns the best row signs are the signs of ``A' y``, and the other way round; alternating never
lowers ``x^T A' y``. All starts, of one matrix or of several of one shape, advance together as one matrix product
in float32. The weaker half is dropped a few times on the way: on mask residuals that halves the time and leaves the
best value where it was. Starts cut from the relaxation are ahead of random ones, and are sorted out sooner.

A point where alternation stops cannot be bettered by flipping one sign. The local search therefore flips a
random few per cent of the column signs of the best few, alternates again and keeps what is better (iterated
local search: Lourenco, Martin and Stuetzle, *Handbook of Metaheuristics*, 2003).

The number reported is computed afresh, in float64, from the original matrix and the witness.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from verification.cutnorm.centred import centre, sets_to_signs, signs_to_sets
from verification.cutnorm.intake import matrix, placed, random_source, rescaled, restart_count, start_columns
from verification.cutnorm.pair import Pair
from verification.cutnorm.rounding import BLOCK_ROWS, UNDERFLOW, divide_down, gamma

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from verification.cutnorm.centred import Centred
    from verification.cutnorm.intake import MatrixLike

_MOST_SWEEPS = 100
_HALVE_RANDOM = (4, 8)
_HALVE_ROUNDED = (1, 2, 3, 5)
_KICKS, _KICKS_LARGE = 6, 3
_LARGE_ENTRIES = 2**21
_KICK_SWEEPS = 6
_KICK_FLIPS = 0.06
_PARENTS = 4
_CHILDREN = 16
_FIRST_GAIN = 1e-3
_KICK_GAIN = 1e-4
_FINAL_GAIN = 1e-7
_FINAL_SWEEPS = 8
_POLISH_ENTRIES = 2**22
_POLISH_SWEEPS = 20


@dataclass(frozen=True, eq=False)
class Witness:
    """A rectangle and what it proves.

    Parameters
    ----------
    rows, columns : torch.Tensor
        Boolean, shapes ``(n,)`` and ``(d,)``, on the CPU.
    value : float
        A number that ``|A(rows x columns)|`` reaches or exceeds in exact arithmetic; not divided by ``n d``.
    """

    rows: Tensor
    columns: Tensor
    value: float


def cut_norm_lower(
    A: MatrixLike,
    *,
    restarts: int = 32,
    starts: MatrixLike | None = None,
    seed: int = 0,
    generator: torch.Generator | None = None,
    device: str | None = None,
) -> float:
    """Bound the cut norm of a step graphon from below, fast, without certificate from above.

    Parameters
    ----------
    A : torch.Tensor or numpy.ndarray
        Shape ``(n, d)``, real, finite, dense. float32 saves a copy.
    restarts : int
        Number of random starts, advanced together.
    starts : torch.Tensor or numpy.ndarray, optional
        Boolean, shape ``(k, d)``: further column sets to start from. The result is at least as good (up to
        float32 rounding) as the best rectangle on any of them.
    seed : int
        Seed of the random starts.
    generator : torch.Generator, optional
        CPU generator to use in place of ``seed``.
    device : str, optional
        Where to compute, see :func:`verification.cut_norm`.

    Returns
    -------
    float
        At most ``max over S, T of |A(S x T)| / (n d)``, rounding included. On mask residuals with n = d up to
        2,048 repeated runs agree to about 0.5 %; nothing is promised for other matrices.

    Raises
    ------
    TypeError, ValueError
        For unsuitable input; see :func:`verification.cut_norm`.
    """
    given = placed(matrix(A), device)
    extra = start_columns(starts, int(given.shape[1]))
    random = random_source(seed, generator)
    count = restart_count(restarts)
    inner, exponent = rescaled(given)
    centred = centre(inner)
    (found,) = search([centred], Pair.of(centred.augmented()), random, restarts=count, starts=extra)
    lower = divide_down(found.value, centred.cells)
    # Exact unless the result is subnormal, and then one step down restores the bound.
    return lower if exponent == 0 else divide_down(math.ldexp(lower, exponent), 1)


def search(
    centred: Sequence[Centred],
    pair: Pair,
    generator: torch.Generator,
    *,
    restarts: int,
    starts: Tensor | None = None,
    signs: Tensor | None = None,
) -> list[Witness]:
    """Look for rectangles with a large absolute sum, one in each of several matrices.

    Parameters
    ----------
    centred : sequence of Centred
        The matrices, all of one shape.
    pair : Pair
        Their ``augmented()``, stacked along the first dimension; of a single matrix it may have two dimensions.
    generator : torch.Generator
        CPU generator for starts and kicks, which the matrices share.
    restarts : int
        Number of random starts, at least 1.
    starts : torch.Tensor, optional
        Boolean, shape ``(k, d)``: column sets.
    signs : torch.Tensor, optional
        Float32, shape ``(..., d+1, k)``: starts as signs of the augmented matrix, close to maxima.

    Returns
    -------
    list of Witness
        For each matrix; the empty rectangle with value 0 if nothing better is found.
    """
    batch, d = pair.forward.shape[:-2], centred[0].shape[1]
    first = [_random_signs((d + 1, restarts), generator)]
    # All columns: the best rows are then those with a positive sum, the first thing to try on a
    # smooth difference.
    chosen = torch.ones(1, d, dtype=torch.bool, device="cpu")
    for sets in (chosen, chosen[:0] if starts is None else starts):
        first.append(sets_to_signs(sets.T))
    common = torch.cat(first, dim=-1).to(pair.forward.device)
    y = common.expand(*batch, *common.shape)
    if signs is not None:
        y = torch.cat([y, signs], dim=-1)
    halve_after = _HALVE_RANDOM if signs is None else _HALVE_ROUNDED
    y, values = _ascend(pair, y, _MOST_SWEEPS, _FIRST_GAIN, halve_after=halve_after)
    y = _kick(pair, y, values, generator)
    y, values = _ascend(pair, y, _FINAL_SWEEPS, _FINAL_GAIN)
    y, _ = _fittest(y, values, _PARENTS)
    x = _signs(pair.forward @ y).reshape(len(centred), -1, y.shape[-1])
    y = y.reshape(len(centred), -1, y.shape[-1])
    return [_best_rectangle(one, x[k], y[k]) for k, one in enumerate(centred)]


def rectangle(centred: Centred, rows: Tensor, columns: Tensor) -> Witness:
    """Evaluate a rectangle rigorously.

    Parameters
    ----------
    centred : Centred
        The matrix.
    rows, columns : torch.Tensor
        Boolean, shapes ``(n,)`` and ``(d,)``.

    Returns
    -------
    Witness
        Value: the computed sum less ``gamma(n + d)`` of the sum of the moduli inside (sums by rows, in which the
        columns outside count as zeros, then of those), at least 0.
    """
    inside = columns.to(torch.float64)
    sums, moduli = [], []
    places = torch.nonzero(rows)[:, 0]
    for start in range(0, len(places), BLOCK_ROWS):
        # A copy that may be changed, since indices make one.
        block = centred.matrix[places[start : start + BLOCK_ROWS]].to(torch.float64)
        sums.append(block @ inside)
        if not centred.exact_sums:
            moduli.append(block.abs_() @ inside)
    total = abs(float(torch.cat(sums).sum())) if sums else 0.0
    if moduli and total > 0.0:
        total -= gamma(sum(centred.shape)) * float(torch.cat(moduli).sum()) + UNDERFLOW
    return Witness(rows.cpu(), columns.cpu(), max(total, 0.0))


def _ascend(
    pair: Pair, y: Tensor, most_sweeps: int, gain: float, *, halve_after: tuple[int, ...] = ()
) -> tuple[Tensor, Tensor]:
    """Alternate until no start gains that fraction; return column signs and values of those that are left."""
    values = torch.zeros((*y.shape[:-2], y.shape[-1]), dtype=y.dtype, device=y.device)
    for sweep in range(1, most_sweeps + 1):
        fields = pair.backward @ _signs(pair.forward @ y)
        ahead = fields.abs().sum(dim=-2)
        y = _signs(fields)
        if not bool((ahead > values * (1.0 + gain)).any()):
            return y, ahead
        values = ahead
        if sweep in halve_after:
            y, values = _fittest(y, values, max(_PARENTS, values.shape[-1] // 2))
    return y, values


def _kick(pair: Pair, y: Tensor, values: Tensor, generator: torch.Generator) -> Tensor:
    """Improve the best few by random flips and renewed alternation; best first."""
    y, values = _fittest(y, values, _PARENTS)
    large = pair.forward.shape[-2] * pair.forward.shape[-1] >= _LARGE_ENTRIES
    for _ in range(_KICKS_LARGE if large else _KICKS):
        parents = torch.arange(_CHILDREN, device=y.device) % y.shape[-1]
        family = y[..., parents]
        flips = torch.rand(family.shape[-2:], generator=generator, device="cpu").to(y.device) < _KICK_FLIPS
        children, reached = _ascend(pair, torch.where(flips, -family, family), _KICK_SWEEPS, _KICK_GAIN)
        y, values = _fittest(torch.cat([y, children], dim=-1), torch.cat([values, reached], dim=-1), _PARENTS)
    return y


def _best_rectangle(centred: Centred, x: Tensor, y: Tensor) -> Witness:
    """Finish in float64: alternate from each start and evaluate the best rectangle; the first, if there is no time."""
    # A sweep in float64 is dear for a large matrix, and seldom changes a sign there.
    best = 0
    y = y.to(torch.float64)
    for _ in range(min(_POLISH_SWEEPS, _POLISH_ENTRIES // centred.cells)):
        x = _signs(centred.times(y))
        fields = centred.transpose_times(x)
        ahead = _signs(fields)
        best = int(fields.abs().sum(dim=0).argmax())
        settled = torch.equal(ahead, y)
        y = ahead
        if settled:
            break
    return rectangle(centred, signs_to_sets(x)[:, best], signs_to_sets(y)[:, best])


def _fittest(y: Tensor, values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    best = values.topk(min(count, values.shape[-1]), dim=-1)
    places = best.indices.unsqueeze(-2).expand(*y.shape[:-1], best.indices.shape[-1])
    return y.gather(-1, places), best.values


def _signs(fields: Tensor) -> Tensor:
    return torch.where(fields >= 0.0, 1.0, -1.0).to(fields.dtype)


def _random_signs(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    return 2.0 * torch.randint(0, 2, shape, generator=generator, device="cpu").to(torch.float32) - 1.0
