"""Products of a streamed mask, or of its residual ``M - P``, with a few vectors: a tile is made once for both ways.

``Z = A^T step(A X)`` takes one pass: when all columns of a strip are done, its rows of ``A X`` are known, are changed
row by row, and go back through the same strip. Products of 0/1 tiles with signs are whole numbers and exact.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from verification.streaming.levels import kept
from verification.streaming.mask import MaskSource
from verification.streaming.passes import Strip, run
from verification.streaming.prediction import Compressed
from verification.streaming.tiles import PANEL

Array = npt.NDArray[np.float64]
Step = Callable[[Array, slice], Array]
"""Changes rows of ``A X``, given which they are."""

_EXACT: Final = torch.float64


@dataclass(frozen=True)
class Same:
    """Leave rows as they are."""

    def __call__(self, Y: Array, rows: slice) -> Array:
        """Return ``Y``."""
        return Y


@dataclass(frozen=True)
class UnitRows:
    """Make rows of length 1."""

    def __call__(self, Y: Array, rows: slice) -> Array:
        """``Y_i / |Y_i|``, zero rows as they are."""
        lengths = np.linalg.norm(Y, axis=1, keepdims=True)
        return np.asarray(Y / np.where(lengths > 0, lengths, 1.0))


@dataclass(frozen=True)
class Signs:
    """Take signs, 1 for 0."""

    def __call__(self, Y: Array, rows: slice) -> Array:
        """-1 where ``Y`` is negative, else 1."""
        return np.where(Y >= 0, 1.0, -1.0)


@dataclass(frozen=True, eq=False)
class Scaled:
    """Multiply each row by a number of its own.

    Parameters
    ----------
    factors
        One a row.
    """

    factors: Array

    def __call__(self, Y: Array, rows: slice) -> Array:
        """``factors_i Y_i``."""
        return np.asarray(Y * self.factors[rows, None])


def as_numbers(panel: Tensor, dtype: torch.dtype) -> Tensor:
    """Zeros and ones of a dtype; torch converts bytes ten times as fast as booleans."""
    return panel.contiguous().view(torch.uint8).to(dtype)


def gram_times(source: MaskSource, X: Array, executor: Executor | None = None) -> Array:
    """``M^T M X`` in float64, for X of shape (d, k), in one pass."""
    return both_ways(source, X, Same(), executor=executor)[1]


def both_ways(
    source: MaskSource,
    X: Array,
    step: Step,
    *,
    offset: Array | None = None,
    level: float | None = None,
    single: bool = False,
    executor: Executor | None = None,
) -> tuple[Array, Array]:
    """``Y = A X - offset`` and ``A^T step(Y)`` in one pass.

    Parameters
    ----------
    source
        The mask M.
    X
        Shape (d, k).
    step
        Row by row; picklable where the executor has processes.
    offset
        Shape (n, k).
    level
        If given, ``A = M - P`` with P at this level, evaluated entry by entry; else ``A = M``.
    single
        Whether products of tiles are in float32, which is exact for signs; sums over tiles are in float64.
    executor
        Makes strips on its workers.

    Returns
    -------
    tuple
        ``Y``, shape (n, k), and ``A^T step(Y)``, shape (d, k).
    """
    rows = []
    total = np.zeros((X.shape[0], X.shape[1]))
    job = functools.partial(_strips_both_ways, source, X, step, offset, level, torch.float32 if single else _EXACT)
    for own, back in run(job, source.strips(), executor):
        rows.append(own)
        total += back
    return np.concatenate(rows), total


def _strips_both_ways(
    source: MaskSource,
    X: Array,
    step: Step,
    offset: Array | None,
    level: float | None,
    dtype: torch.dtype,
    walk: list[Strip],
) -> tuple[Array, Array]:
    device, (d, k) = source.sieve.device, X.shape
    panels = -(-d // PANEL)
    ahead = torch.zeros((panels * PANEL, k), dtype=dtype, device=device)
    ahead[:d] = torch.from_numpy(X).to(device, dtype)
    ahead = ahead.view(panels, PANEL, k)
    back = torch.zeros((panels, PANEL, k), dtype=_EXACT, device=device)
    rows = []
    for strip in walk:
        tiles: Tensor | list[Tensor] = source.strip(strip)
        if level is not None:
            tiles = [_residual(source, tile, strip, p, level, dtype) for p, tile in enumerate(tiles)]
        forward = torch.zeros((strip[1] - strip[0], k), dtype=_EXACT, device=device)
        for tile, part in zip(tiles, ahead, strict=True):
            forward += _numbers(tile, dtype) @ part
        Y = forward.cpu().numpy()
        if offset is not None:
            Y -= offset[slice(*strip)]
        changed = torch.from_numpy(step(Y, slice(*strip))).to(device, dtype)
        for tile, part in zip(tiles, back, strict=True):
            part += _numbers(tile, dtype).T @ changed
        rows.append(Y)
    return np.concatenate(rows), back.view(-1, k)[:d].cpu().numpy()


def _numbers(tile: Tensor, dtype: torch.dtype) -> Tensor:
    return as_numbers(tile, dtype) if tile.dtype == torch.bool else tile


def _residual(source: MaskSource, tile: Tensor, strip: Strip, p: int, level: float, dtype: torch.dtype) -> Tensor:
    model = source.sieve.model
    columns = slice(p * PANEL, min((p + 1) * PANEL, model.shape[1]))
    values = kept(model.noise, model.block(slice(*strip), columns), level)
    numbers = as_numbers(tile, dtype)
    numbers[:, : values.shape[1]] -= torch.from_numpy(values).to(numbers)
    return numbers


@dataclass(frozen=True, eq=False)
class Augmented:
    """``A' = M - P`` with a row and a column added so that all sums vanish (Alon and Naor 2006).

    Parameters
    ----------
    source
        The mask.
    level
        Level of the prediction.
    short
        The prediction in short form, which then is P; None: P is evaluated entry by entry.
    row_sums, column_sums
        Of ``M - P``, shapes (n,) and (d,).
    executor
        Makes strips on its workers.
    """

    source: MaskSource
    level: float
    short: Compressed | None
    row_sums: Array
    column_sums: Array
    executor: Executor | None

    @property
    def total(self) -> float:
        """Sum of all entries of ``M - P``."""
        return float(self.row_sums.sum())

    def both(self, X: Array, step: Step, *, single: bool) -> tuple[Array, Array]:
        """``Y = A' X`` and ``A'^T step(Y)`` for X of shape (d + 1, k): shapes (n + 1, k) and (d + 1, k)."""
        n = len(self.row_sums)
        inner, border = X[:-1], X[-1]
        offset = np.multiply.outer(self.row_sums, border)
        if self.short is not None:
            offset += self.short.times(inner)
        level = self.level if self.short is None else None
        top, back = both_ways(
            self.source, inner, step, offset=offset, level=level, single=single, executor=self.executor
        )
        bottom = self.total * border - self.column_sums @ inner
        changed, last = step(top, slice(0, n)), step(bottom[None], slice(n, n + 1))[0]
        if self.short is not None:
            back -= self.short.transpose_times(changed)
        back -= np.multiply.outer(self.column_sums, last)
        corner = self.total * last - self.row_sums @ changed
        return np.vstack([top, bottom]), np.vstack([back, corner])
