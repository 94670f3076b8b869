"""Degrees, block counts and homomorphism densities of a streamed mask, all counts exact.

One pass gives the degrees of rows and columns and the kept entries of B x B cells; stars follow from degrees. The path
of three edges takes a second pass, ``sum_ij M_ij deg_i deg_j``. The four-cycle is ``||M^T M||_F^2``: from the Gram
matrix where one side is short, else by a sketch.

**The sketch** (Hutch++: Meyer, Musco, Musco and Woodruff, SOSA 2021). With ``B = M^T M`` and V an orthonormal basis
of the span of a few ``B w_l``, ``||B||_F^2 = ||B V||_F^2 + ||B (I - V V^T)||_F^2``, and the last is the mean of ``|B (I
- V V^T) g|^2`` over Gaussian g. The first part holds nearly all: what is left has no large eigenvalue, so that the
terms are nearly normal and nearly equal. The interval is Student's, and approximate for that reason.
"""

from __future__ import annotations

import functools
import math
import re
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.errors import InputError
from verification.histograms import BlockHistogram
from verification.histograms.intake import cell_count, cell_ends
from verification.statistics import mean_interval
from verification.streaming.mask import MaskSource
from verification.streaming.passes import Strip, run
from verification.streaming.products import as_numbers, gram_times
from verification.streaming.tiles import PANEL

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

NARROW: Final = 1024
"""The shorter side up to which the four-cycle is counted by a Gram matrix."""
_BASIS, _SAMPLES = 8, 16


@dataclass(frozen=True, eq=False)
class Moments:
    """Counts of one pass.

    Parameters
    ----------
    rows, columns
        Degrees: kept entries of each row, shape (n,), and of each column, shape (d,).
    histogram
        Kept entries of B x B cells, in storage order; cells as in :func:`verification.histograms.block_histogram`.
    """

    rows: Counts
    columns: Counts
    histogram: BlockHistogram


@dataclass(frozen=True)
class Estimate:
    """A number with an interval.

    Parameters
    ----------
    value, lower, upper
        The number and its limits; all equal where it is exact.
    """

    value: float
    lower: float
    upper: float


def count_moments(source: MaskSource, blocks: int, executor: Executor | None = None) -> Moments:
    """Count degrees and cells in one pass.

    Parameters
    ----------
    source
        The mask.
    blocks
        Cells an axis, at most the rows and at most the columns.
    executor
        Counts on its workers.

    Raises
    ------
    InputError
        If there are more cells than rows or columns.
    """
    n, d = source.sieve.model.shape
    cells = cell_count(blocks, n, "blocks")
    cell_count(blocks, d, "blocks")
    row_ends, column_ends = cell_ends(n, cells), cell_ends(d, cells)
    rows, columns, counts = [], np.zeros(d, dtype=np.int64), np.zeros((cells, cells), dtype=np.int64)
    job = functools.partial(_count_strips, source, row_ends, column_ends)
    for own_rows, own_columns, own_counts in run(job, source.strips(), executor):
        rows.append(own_rows)
        columns += own_columns
        counts += own_counts
    sizes = np.multiply.outer(np.diff(row_ends), np.diff(column_ends))
    return Moments(np.concatenate(rows), columns, BlockHistogram(counts, sizes))


def _count_strips(
    source: MaskSource, row_ends: Counts, column_ends: Counts, walk: list[Strip]
) -> tuple[Counts, Counts, Counts]:
    d, device = source.sieve.model.shape[1], source.sieve.device
    rows, columns = [], np.zeros(d, dtype=np.int64)
    counts = np.zeros((len(row_ends) - 1, len(column_ends) - 1), dtype=np.int64)
    for first, stop in walk:
        cells = np.searchsorted(row_ends, np.arange(first, stop), side="right") - 1
        own, place = np.unique(cells, return_inverse=True)
        # Rows of one cell are added up by a product with ones; float32 is exact below 2^24 rows.
        member = torch.zeros((len(own), stop - first), device=device)
        member[torch.from_numpy(place), torch.arange(stop - first)] = 1.0
        ones = torch.ones(PANEL, device=device)
        by_row, by_cell = torch.zeros(stop - first, dtype=torch.float64, device=device), []
        for panel in source.strip((first, stop)):
            numbers = as_numbers(panel, torch.float32)
            by_row += numbers @ ones
            by_cell.append(member @ numbers)
        whole = torch.cat(by_cell, dim=1)[:, :d].to(torch.int64).cpu().numpy()
        rows.append(by_row.to(torch.int64).cpu().numpy())
        columns += whole.sum(axis=0)
        counts[own] += np.add.reduceat(whole, column_ends[:-1], axis=1)
    return np.concatenate(rows), columns, counts


def homomorphism_density(
    F: str, source: MaskSource, moments: Moments, *, seed: int = 0, executor: Executor | None = None
) -> Estimate:
    """``t(F, W_M)`` of a streamed mask (statement COUNT).

    Parameters
    ----------
    F
        ``"edge"``, ``"star_neuron(k)"``, ``"star_input(k)"``, ``"path(3)"`` or ``"C_4"``, as in
        ``graphon_theory.homomorphism``.
    source
        The mask.
    moments
        Of the mask.
    seed
        Of the sketch of a wide mask's four-cycle.
    executor
        Makes strips on its workers.

    Returns
    -------
    Estimate
        Exact to rounding, save for ``"C_4"`` of a mask with both sides above 1,024: there a Student interval that
        misses with probability 0.01, approximately.

    Raises
    ------
    InputError
        If F is none of these.
    """
    n, d = source.sieve.model.shape
    name = F.replace(" ", "")
    if name == "edge":
        return _exact(int(moments.rows.sum()) / (n * d))
    if found := re.fullmatch(r"star_(neuron|input)\(([1-9]\d?)\)", name):
        degrees, size = (moments.rows, d) if found[1] == "neuron" else (moments.columns, n)
        return _exact(math.fsum(((degrees / size) ** int(found[2])).tolist()) / len(degrees))
    if name == "path(3)":
        total = 0
        for part in run(functools.partial(_paths, source, moments), source.strips(), executor):
            total += part
        return _exact(total / (n * d) ** 2)
    if name == "C_4":
        if min(n, d) <= NARROW:
            return _exact(_four_cycles(source) / (float(n) * d) ** 2)
        return _sketched(source, seed, executor)
    raise InputError("F", F, "give 'edge', 'star_neuron(k)', 'star_input(k)', 'path(3)' or 'C_4'")


def _exact(value: float) -> Estimate:
    return Estimate(value, value, value)


def _paths(source: MaskSource, moments: Moments, walk: list[Strip]) -> int:
    """Sum of ``deg_i deg_j`` over the kept entries of some strips: whole numbers throughout."""
    device = source.sieve.device
    d = len(moments.columns)
    padded = torch.zeros(-(-d // PANEL) * PANEL, dtype=torch.float64, device=device)
    padded[:d] = torch.from_numpy(moments.columns.astype(np.float64)).to(device)
    total = 0
    for first, stop in walk:
        inner = torch.zeros(stop - first, dtype=torch.int64, device=device)
        for panel, degrees in zip(source.strip((first, stop)), padded.view(-1, PANEL), strict=True):
            inner += (as_numbers(panel, torch.float64) @ degrees).to(torch.int64)
        # Degrees may be a million each: their products over all entries leave 64 bits.
        pairs = zip(inner.tolist(), moments.rows[first:stop].tolist(), strict=True)
        total += sum(a * b for a, b in pairs)
    return total


def _four_cycles(source: MaskSource) -> float:
    """``||M^T M||_F^2`` of a mask with a short side; entries of the Gram matrix are exact."""
    n, d = source.sieve.model.shape
    device = source.sieve.device
    if d <= n:
        width = -(-d // PANEL) * PANEL
        gram = torch.zeros((width, width), dtype=torch.float64, device=device)
        for strip in source.strips():
            panels = source.strip(strip)
            whole = as_numbers(panels.permute(1, 0, 2).reshape(panels.shape[1], -1), torch.float32)
            gram += whole.T @ whole
    else:
        gram = torch.zeros((n, n), dtype=torch.float64, device=device)
        for start in range(0, d, 16 * PANEL):
            for panel in source.panels(0, n, slice(start, min(start + 16 * PANEL, d))):
                numbers = as_numbers(panel, torch.float32)
                gram += numbers @ numbers.T
    return float(gram.square().sum())


def _sketched(source: MaskSource, seed: int, executor: Executor | None) -> Estimate:
    n, d = source.sieve.model.shape
    random = np.random.default_rng(seed)
    span = gram_times(source, random.standard_normal((d, _BASIS)), executor)
    basis = np.linalg.qr(span)[0]
    probes = random.standard_normal((d, _SAMPLES))
    probes -= basis @ (basis.T @ probes)
    squares = np.square(gram_times(source, np.hstack([basis, probes]), executor)).sum(axis=0)
    size = (float(n) * d) ** 2
    whole = float(squares[:_BASIS].sum()) / size
    mean, lower, upper = mean_interval((squares[_BASIS:] / size).tolist(), 0.005)
    return Estimate(whole + mean, whole + max(lower, 0.0), whole + upper)
