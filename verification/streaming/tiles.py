"""Noise of single entries: 64 bits that are a function of (seed, i, j) alone.

The bits of entry (i, j) do not depend on the size of the mask, on the tile that they are drawn with, or on what was
drawn before. Columns lie in panels of 256, so that all rows of a panel are one run of counters:

* entry (i, j) has the place ``256 i + j mod 256`` in the panel ``j // 256``;
* its 16 high bits: place mod 16 of the 16-bit lanes of the counter ``(place // 16, panel, 0, 0)``;
* its 48 low bits: those at the top of the word ``place mod 4`` of the counter ``(place // 4, panel, 1, 0)``.

High bits decide nearly every entry, at two bytes each; low bits are drawn where they do not (one entry in some tens of
thousands). With ``U = (high 2^48 + low + 1/2) 2^-64`` the modulus of the noise is ``Q^-1(U)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphon_theory.errors import InputError
from verification.streaming.philox import consecutive_words, words_at

PANEL: Final = 256
"""Columns of a panel: wide enough that comparing rows costs no more than the entries, narrow enough for small d."""

HIGH_LEVELS: Final = 2**16
_LANES: Final = 16
_LOW_BITS: Final = 48
_WORDS: Final = 2**64

Places = npt.NDArray[np.int64]
High = npt.NDArray[np.uint16]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EntryNoise:
    """The noise of all entries of an unbounded matrix.

    Parameters
    ----------
    seed
        In [0, 2^64).
    stream
        In [0, 2^64): independent matrices of one seed.

    Raises
    ------
    InputError
        If one of the two is no whole number of that range.
    """

    seed: int
    stream: int = 0

    def __post_init__(self) -> None:
        for name in ("seed", "stream"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _WORDS:
                raise InputError(name, value, "give a whole number from 0 to 2^64 - 1")

    @property
    def key(self) -> tuple[int, int]:
        """Key of the generator."""
        return self.seed, self.stream

    def high(self, first: int, rows: int, panel: int) -> High:
        """High bits of the rows from ``first`` of a panel.

        Parameters
        ----------
        first, rows
            First row and number of rows.
        panel
            Columns ``256 panel`` to ``256 panel + 255``.

        Returns
        -------
        numpy.ndarray
            uint16, shape (rows, 256).
        """
        words = consecutive_words(self.key, (first * (PANEL // _LANES), panel, 0, 0), rows * (PANEL // 4))
        return words.astype("<u8", copy=False).view("<u2").reshape(rows, PANEL)

    def high_on(self, device: torch.device, first: int, rows: int, panel: int) -> Tensor:
        """Give the same numbers from vectorised Philox: int32, shape (rows, 256), on a device."""
        counters = torch.arange(
            first * (PANEL // _LANES), (first + rows) * (PANEL // _LANES), dtype=torch.int64, device=device
        )
        words = torch.stack(words_at(self.key, (counters, panel, 0, 0)), dim=-1)
        lanes = torch.stack([(words >> shift) & (HIGH_LEVELS - 1) for shift in (0, 16, 32, 48)], dim=-1)
        return lanes.to(torch.int32).reshape(rows, PANEL)

    def low(self, rows: Places, columns: Places) -> npt.NDArray[np.uint64]:
        """Low bits of single entries, in [0, 2^48).

        Parameters
        ----------
        rows, columns
            int64, of one shape (m,).

        Returns
        -------
        numpy.ndarray
            uint64, shape (m,).
        """
        place = rows * PANEL + columns % PANEL
        counters = (torch.from_numpy(place // 4), torch.from_numpy(columns // PANEL), 1, 0)
        words = torch.stack(words_at(self.key, counters)).numpy().view(np.uint64)
        chosen: npt.NDArray[np.uint64] = words[place % 4, np.arange(len(place))] >> np.uint64(64 - _LOW_BITS)
        return chosen


def uniforms(high: npt.NDArray[np.integer], low: npt.NDArray[np.uint64]) -> Array:
    """``(high 2^48 + low + 1/2) 2^-64``, rounded to float64: in (0, 1].

    Parameters
    ----------
    high
        In [0, 2^16).
    low
        uint64 in [0, 2^48), of the same shape.

    Returns
    -------
    numpy.ndarray
        Float64; the relative error is at most two units of roundoff.
    """
    whole = (high.astype(np.uint64) << np.uint64(_LOW_BITS)) | low
    return np.asarray((whole.astype(np.float64) + 0.5) * 2.0**-64)
