"""Which entries of a block score above a level, exactly, though few scores are ever computed.

An entry scores above t if and only if its uniform number U lies below ``Q(t/|h|)``. Three stages, each for what the
one before has left open:

1. High bits against bounds of ``2^16 Q(t/|h|)`` over a band of rows: two comparisons of 16-bit numbers an entry.
2. High bits against ``2^16 Q(t/|h_ij|)`` of the entry: where a band is not of one profile.
3. The score itself in float64, ``|h_ij| Q^-1(U_ij)``, from all 64 bits: about one entry in 2^16.

Only the third decides by the score as computed; the others must decide as it would. ``Q`` and ``Q^-1`` are good to
1e-10 where ``2^-16 < Q < 1 - 2^-16`` (outside, high bits decide nothing), and the first two stages leave a relative
1e-9 of ``Q`` open on either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from verification.streaming.levels import kept, moduli
from verification.streaming.model import FactorModel
from verification.streaming.tiles import HIGH_LEVELS, PANEL, EntryNoise, uniforms

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_MARGIN: Final = 1e-9
_BANDS: Final = (1, 4, 16, 64, 256)
_SAMPLED: Final = 64  # columns, and about as many bands, that are looked at to choose a height
_BOUND_COST: Final = 12.0  # of a band's bounds, a column, in units of one comparison of a tile
_OPEN_COST: Final = 150.0  # of an entry that the first stage leaves open
_BAND_ENTRIES: Final = 2**24  # of a band, at most, if it has several rows: a strip holds whole bands
_TOGETHER: Final = 2**17  # bounds at a time: they stay in the cache


@dataclass(frozen=True, eq=False)
class Sifted:
    """A block of entries, sifted by two levels.

    Parameters
    ----------
    above
        Boolean, shape (panels, rows, 256), on the device of the sieve: scores above the higher level. Columns beyond
        the last are False.
    rows, columns
        Places of the entries with scores between the levels, both included, row by row.
    scores
        Their scores.
    """

    above: Tensor
    rows: Places
    columns: Places
    scores: Array


@dataclass(frozen=True, eq=False)
class Sieve:
    """Model and noise, and how to walk through them.

    Parameters
    ----------
    model
        The saliencies.
    noise
        The noise of the entries.
    band
        Rows of a band: speed alone depends on it.
    device
        Where masks are made.
    """

    model: FactorModel
    noise: EntryNoise
    band: int
    device: torch.device

    def block(self, first: int, stop: int, columns: slice, low: float, high: float) -> Sifted:
        """Sift the rows from ``first`` to ``stop`` of the panels that hold some columns.

        Parameters
        ----------
        first, stop
            Rows, not empty.
        columns
            Columns, with start and stop, not empty; whole panels are made.
        low, high
            Levels, ``0 < low <= high``.

        Returns
        -------
        Sifted
        """
        d = self.model.shape[1]
        edges = np.append(np.arange(first, stop, self.band), stop)
        bands, panels = len(edges) - 1, range(columns.start // PANEL, -(-columns.stop // PANEL))
        above = torch.empty((len(panels), bands * self.band, PANEL), dtype=torch.bool, device=self.device)
        found: list[tuple[Places, Places, Places]] = []
        step = max(1, _TOGETHER // (bands * PANEL))
        for group in range(0, len(panels), step):
            chosen = panels[group : group + step]
            lower, upper = self._bounds(edges, chosen, low, high)
            for k, panel in enumerate(chosen):
                own = slice(k * PANEL, (k + 1) * PANEL)
                places, bits = self._compare(first, panel, lower[:, own], upper[:, own], above[group + k])
                i, j = places // PANEL + first, places % PANEL + panel * PANEL
                inside = (i < stop) & (j < d)
                found.append((i[inside], j[inside], bits[inside]))
        rows, places, bits = (np.concatenate(part) for part in zip(*found, strict=True))
        over, between, scores = self._decide(rows, places, bits, low, high)
        target = (places // PANEL - panels.start) * (bands * self.band * PANEL)
        target += (rows - first) * PANEL + places % PANEL
        above.view(-1)[torch.from_numpy(target[over]).to(self.device)] = True
        order = np.lexsort((places[between], rows[between]))
        between = between[order]
        return Sifted(above[:, : stop - first], rows[between], places[between], scores[order])

    def _bounds(
        self, edges: Places, panels: range, low: float, high: float
    ) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
        """High bits below the first are above the higher level, high bits over the second below the lower one."""
        d, law = self.model.shape[1], self.model.noise
        columns = slice(panels.start * PANEL, min(panels.stop * PANEL, d))
        least, most = self.model.bounds(edges, columns)
        shape = (len(edges) - 1, len(panels) * PANEL)
        lower, upper = np.zeros(shape, dtype=np.uint16), np.zeros(shape, dtype=np.uint16)
        width = columns.stop - columns.start
        surely = kept(law, least, high)
        possibly = surely if low == high and np.array_equal(least, most) else kept(law, most, low)
        lower[:, :width], upper[:, :width] = _floor(surely * (1.0 - _MARGIN)), _floor(possibly * (1.0 + _MARGIN))
        return lower, upper

    def _compare(
        self, first: int, panel: int, lower: npt.NDArray[np.uint16], upper: npt.NDArray[np.uint16], above: Tensor
    ) -> tuple[Places, Places]:
        """Write the first stage's findings; return places in the panel that it leaves open, and their high bits."""
        compare = self.by_numpy if self.device.type == "cpu" else self.by_torch
        return compare(first, panel, lower, upper, above)

    def by_numpy(
        self, first: int, panel: int, lower: npt.NDArray[np.uint16], upper: npt.NDArray[np.uint16], above: Tensor
    ) -> tuple[Places, Places]:
        """First stage on one panel, on the CPU.

        Parameters
        ----------
        first, panel
            First row, and panel.
        lower, upper
            Bounds of high bits, shape (bands, 256).
        above
            Boolean, shape (rows of the bands, 256): filled with what is surely above.

        Returns
        -------
        tuple
            Places in the panel that are left open, and their high bits.
        """
        shape = (len(lower), self.band, PANEL)
        high = self.noise.high(first, len(lower) * self.band, panel).reshape(shape)
        over = above.numpy().reshape(shape)
        np.less(high, lower[:, None], out=over)
        opened = np.less_equal(high, upper[:, None])
        opened ^= over
        places = np.flatnonzero(opened)
        return places, high.reshape(-1)[places].astype(np.int64)

    def by_torch(
        self, first: int, panel: int, lower: npt.NDArray[np.uint16], upper: npt.NDArray[np.uint16], above: Tensor
    ) -> tuple[Places, Places]:
        """Do the same on the device of ``above``, with vectorised Philox."""
        device, shape = above.device, (len(lower), self.band, PANEL)
        bits = self.noise.high_on(device, first, len(lower) * self.band, panel).view(shape)
        ends = [torch.from_numpy(end.astype(np.int32)).to(device)[:, None] for end in (lower, upper)]
        torch.lt(bits, ends[0], out=above.view(shape))
        index = torch.nonzero(((bits <= ends[1]) ^ above.view(shape)).view(-1))[:, 0]
        return index.cpu().numpy(), bits.reshape(-1)[index].cpu().numpy().astype(np.int64)

    def _decide(
        self, rows: Places, columns: Places, bits: Places, low: float, high: float
    ) -> tuple[npt.NDArray[np.bool_], Places, Array]:
        """Stages two and three: which are above, the indices of those between, and their scores."""
        law = self.model.noise
        saliencies = self.model.entries(rows, columns)
        surely = kept(law, saliencies, high)
        possibly = surely if low == high else kept(law, saliencies, low)
        above = bits < _floor(surely * (1.0 - _MARGIN))
        left = np.flatnonzero(~above & (bits <= _floor(possibly * (1.0 + _MARGIN))))
        if not len(left):
            return above, left, np.empty(0)
        scores = self.scores(rows[left], columns[left], bits[left])
        above[left] = scores > high
        between = (scores >= low) & (scores <= high)
        return above, left[between], scores[between]

    def scores(self, rows: Places, columns: Places, bits: Places) -> Array:
        """``|h_ij| Q^-1(U_ij)`` in float64, from places and high bits."""
        uniform = uniforms(bits, self.noise.low(rows, columns))
        return self.model.entries(rows, columns) * moduli(self.model.noise, uniform)


def band_height(model: FactorModel, level: float) -> int:
    """Choose the height of bands that should make a sieve fastest near a level.

    High bands share the cost of bounds, low ones leave fewer entries open. Bands spread over the rows are looked at on
    some columns.
    """
    n, d = model.shape
    columns = np.unique(np.linspace(0, d - 1, _SAMPLED).astype(np.int64))
    few = FactorModel(model.rows, model.columns[columns], model.noise)
    costs: dict[int, float] = {}
    for height in (height for height in _BANDS if height == 1 or height * d <= _BAND_ENTRIES):
        share = 0.0
        firsts = np.unique(np.linspace(0, max(n - height, 0), min(_SAMPLED, -(-n // height))).astype(np.int64))
        for first in firsts if height > 1 else ():
            edges = np.array([first, min(first + height, n)])
            least, most = few.bounds(edges, slice(0, len(columns)))
            gap = kept(model.noise, most, level) - kept(model.noise, least, level)
            share += float(gap.mean()) / len(firsts)
        costs[height] = _BOUND_COST / height + _OPEN_COST * share
    return min(costs, key=costs.__getitem__)


def _floor(probabilities: Array) -> npt.NDArray[np.uint16]:
    """``floor(2^16 p)``, at most 2^16 - 1: clipping leaves an entry open, and never decides it."""
    return np.minimum(probabilities * HIGH_LEVELS, HIGH_LEVELS - 1).astype(np.uint16)
