"""The ``k`` largest entries of several tensors, exactly, without sorting and without joining the tensors.

A sample brackets the threshold; one pass counts what lies above the bracket and collects what lies in it;
``kthvalue`` settles the few that were collected. Counting is exact, so the sample can only cost time: where the
bracket misses, or holds too many, bisection over the floating-point numbers finds one that does not.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphon_theory.errors import InputError

_SMALL: Final = 2**16  # entries that are settled at once, without a sample
_SAMPLE: Final = 2**16  # at most so many entries are sampled: a bracket of about 1 % of all
_CHUNK: Final = 2**16  # entries a step: scores and their comparisons stay in the cache
_SPREAD: Final = 4.0  # half width of the bracket in standard deviations: one miss in 16,000
_EXACT: Final = 2**53  # integers up to here are exact in float64


class _Band(NamedTuple):
    """Entries inside a bracket: their places in all parts joined, ascending; no values if all are equal."""

    places: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64] | None


def all_finite(values: Tensor) -> bool:
    """Whether no entry is NaN or infinite; one reading pass, no copy."""
    if not values.is_floating_point():
        return True
    # A sum is finite only if all its terms are; the converse fails by overflow alone.
    total = values.sum(dtype=torch.float64 if values.dtype == torch.float64 else torch.float32)
    return bool(torch.isfinite(total)) or bool(torch.isfinite(values).all())


def keep_largest(parts: Sequence[Tensor], count: int, *, ties: str, generator: torch.Generator) -> list[Tensor]:
    """Boolean masks of the ``count`` largest entries of all parts together.

    Parameters
    ----------
    parts
        Flat tensors of finite real numbers; dtypes may differ and are compared exactly.
    count
        Number kept, from 1 to the number of entries.
    ties
        "random", "index" or "error", as in ``verification.mask``.
    generator
        Draws among ties.

    Raises
    ------
    InputError
        If a dtype is complex, an integer is not exact in float64, or ``ties="error"`` meets a tie.
    """
    parts = [_floating(part) for part in parts]
    total = sum(part.numel() for part in parts)
    limit = max(_SMALL, total // 16)
    masks = [torch.empty(part.numel(), dtype=torch.bool, device=part.device) for part in parts]
    low, high = _bracket(parts, count, total)
    above, band = _sift(parts, masks, low, high, limit)
    if band is None or not above < count <= above + len(band.places):
        low, high = _bisect(parts, count, low, high, limit)
        above, band = _sift(parts, masks, low, high, total)
        if band is None:
            raise AssertionError("a band of at most all entries is always collected")
    missing, tied, level = count - above, band.places, low
    if band.values is not None:
        level = float(_largest(band.values, missing)[0])
        over = band.places[band.values > level]
        tied = band.places[band.values == level]
        ends = np.searchsorted(over, np.cumsum([0, *(mask.numel() for mask in masks)]))
        for mask, start, first, last in zip(masks, _offsets(masks), ends, ends[1:], strict=False):
            mask[torch.from_numpy(over[first:last] - start).to(mask.device)] = True
        missing -= len(over)
    if missing < len(tied):
        tied = _break(tied, missing, ties, level, generator)
    for mask, start in zip(masks, _offsets(masks), strict=True):
        own = tied[(tied >= start) & (tied < start + mask.numel())]
        mask[torch.from_numpy(own - start).to(mask.device)] = True
    return masks


def _largest(values: npt.NDArray[np.float64], *ranks: int) -> list[np.float64]:
    """Order statistics, rank 1 the largest."""
    places = [len(values) - rank for rank in ranks]
    ordered = np.partition(values, places)
    return [ordered[place] for place in places]


def _offsets(parts: Sequence[Tensor]) -> list[int]:
    """Place of the first entry of each part in all of them joined."""
    return list(accumulate((part.numel() for part in parts), initial=0))[:-1]


def _floating(part: Tensor) -> Tensor:
    if part.is_floating_point():
        return part
    if part.is_complex():
        raise InputError("scores", part.dtype, "give real scores")
    if part.dtype == torch.int64 and part.numel() and int(part.abs().max()) > _EXACT:
        raise InputError("scores", "integers beyond 2^53", "give floating-point scores")
    return part.double()


def _bracket(parts: Sequence[Tensor], count: int, total: int) -> tuple[float, float]:
    """Two numbers that hold the threshold between them, very likely; infinite ones for few entries."""
    if total <= _SMALL:
        return -math.inf, math.inf
    wanted = min(_SAMPLE, total // 32)
    own = torch.Generator().manual_seed(0)  # neither the caller's generator nor the global one moves
    drawn = []
    for part in parts:
        size = round(wanted * part.numel() / total)
        if size:
            index = torch.randint(part.numel(), (size,), generator=own, device="cpu")
            drawn.append(part[index.to(part.device)].cpu().double())
    sample = torch.cat(drawn).numpy()
    size, share = len(sample), count / total
    half = _SPREAD * math.sqrt(size * share * (1 - share)) + 2
    upper, lower = math.floor(share * size - half), math.ceil(share * size + half)  # ranks from the top
    first, last = _largest(sample, max(upper, 1), min(lower, size))
    return (float(last) if lower <= size else -math.inf), (float(first) if upper >= 1 else math.inf)


def _sift(
    parts: Sequence[Tensor], masks: Sequence[Tensor], low: float, high: float, limit: int
) -> tuple[int, _Band | None]:
    """Write ``x > high`` into the masks, count it, and collect ``low <= x <= high`` if they are at most ``limit``."""
    above, collected = 0, 0
    places, entries = [np.empty(0, dtype=np.int64)], [np.empty(0)]
    for part, kept, offset in zip(parts, masks, _offsets(parts), strict=True):
        floor, ceiling = _rounded(high, part.dtype, -math.inf), _rounded(low, part.dtype, math.inf)
        for start, values, mask in _chunks(part, kept):
            if part.device.type == "cpu":  # NumPy compares about twice as fast as torch here
                numbers = values.numpy()
                over = np.greater(numbers, floor, out=mask.numpy())
                above += int(np.count_nonzero(over))
                index = np.flatnonzero(np.greater_equal(numbers, ceiling) ^ over)
            else:
                torch.gt(values, floor, out=mask)
                above += int(mask.count_nonzero())
                found = torch.nonzero((values >= ceiling) ^ mask)[:, 0]
                numbers, index = values[found].cpu().numpy(), found.cpu().numpy()
            collected += len(index)
            if collected <= limit and len(index):
                places.append(index + (offset + start))
                if low < high:
                    entries.append(numbers[index] if part.device.type == "cpu" else numbers)
    if collected > limit:
        return above, None
    return above, _Band(np.concatenate(places), np.concatenate(entries) if low < high else None)


def _chunks(part: Tensor, kept: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Pieces (start, values, mask) that fit the cache; half precision is widened, which is exact."""
    step = _CHUNK if part.device.type == "cpu" else max(1, part.numel())
    for start in range(0, part.numel(), step):
        values = part[start : start + step]
        yield (
            start,
            values if values.dtype in (torch.float32, torch.float64) else values.float(),
            kept[start : start + step],
        )


def _rounded(level: float, dtype: torch.dtype, towards: float) -> float:
    """``level`` rounded to a number of the dtype, so that comparing in the dtype equals comparing the reals."""
    if dtype == torch.float64:
        return level
    with np.errstate(over="ignore"):
        near = np.float32(level)
        wrong = float(near) > level if towards < 0 else float(near) < level
        return float(np.nextafter(near, np.float32(towards)) if wrong else near)


def _above(parts: Sequence[Tensor], level: float) -> int:
    """Count the entries ``> level``."""
    count = 0
    for part in parts:
        floor = _rounded(level, part.dtype, -math.inf)
        for _, values, _ in _chunks(part, part):
            if part.device.type == "cpu":
                count += int(np.count_nonzero(values.numpy() > floor))
            else:
                count += int((values > floor).count_nonzero())
    return count


def _bisect(parts: Sequence[Tensor], count: int, low: float, high: float, limit: int) -> tuple[float, float]:
    """Bracket that holds the threshold and at most ``limit`` entries, or is a single number; at most 64 counts."""
    bottom, top = _key(-math.inf), _key(math.inf)
    reached, above = sum(part.numel() for part in parts), 0
    for end in (low, high):  # most often one of the two is a large atom, and either the threshold or just beside it
        over, least = _above(parts, end), _above(parts, _number(_key(end) - 1)) if end > -math.inf else reached
        if over < count <= least:
            return end, end
        if over >= count:
            bottom, reached = _key(end) + 1, over
        else:
            top, above = _key(end) - 1, least
    while bottom < top and reached - above > limit:
        middle = (bottom + top) // 2
        over = _above(parts, _number(middle))
        if over >= count:
            bottom, reached = middle + 1, over
        else:
            top, above = middle, over
    return _number(bottom), _number(top)


def _key(number: float) -> int:
    """Integer that orders float64 numbers as their values do; both zeros are 0."""
    (bits,) = struct.unpack("<q", struct.pack("<d", number))
    return int(bits) if bits >= 0 else -(int(bits) + 2**63)


def _number(key: int) -> float:
    (number,) = struct.unpack("<d", struct.pack("<q", key if key >= 0 else -key - 2**63))
    return float(number)


def _break(
    tied: npt.NDArray[np.int64], missing: int, ties: str, level: float, generator: torch.Generator
) -> npt.NDArray[np.int64]:
    """Choose ``missing`` of the tied places by the rule."""
    if ties == "error":
        raise InputError(
            "scores",
            f"{len(tied)} equal to the threshold {level:.6g}",
            f"only {missing} of them fit: break the ties, or choose ties='random' or 'index'",
        )
    if ties == "random":
        order = torch.randperm(len(tied), generator=generator, device=generator.device)
        tied = tied[order.cpu().numpy()]
    return tied[:missing]
