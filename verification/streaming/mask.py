"""The top-k mask of a factorised saliency model, of any size, made tile by tile.

    >>> import sympy
    >>> from graphon_theory.notation import u, v
    >>> from graphon_theory.saliency import SaliencyModel
    >>> model = SaliencyModel(g=sympy.Rational(1, 2) + u, f=sympy.exp(-v))
    >>> mask = StreamedMask(FactorModel.draw(model, 1000, 800, seed=1), density=0.1, seed=2)
    >>> int(mask.tile(slice(0, 1000), slice(0, 800)).sum()) == mask.count == 80_000
    True

The threshold is found by one pass; whatever is then asked for is made anew, tile by tile, from the threshold.
"""

from __future__ import annotations

import functools
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphon_theory.errors import InputError, require_density
from verification.devices import resolve
from verification.masks import TIES, kept_count, mask
from verification.streaming.levels import moduli
from verification.streaming.model import FactorModel
from verification.streaming.passes import STRIP_ENTRIES, Strip, strips
from verification.streaming.philox import words_at
from verification.streaming.prediction import Prediction
from verification.streaming.sieve import Sieve, band_height
from verification.streaming.threshold import Found, Window, find_threshold, likely_window
from verification.streaming.tiles import PANEL, EntryNoise, uniforms

Kept = npt.NDArray[np.bool_]

_DENSE: Final = 2**26
"""Entries of the largest mask that is made whole: about 3 GB on the way."""


@dataclass(frozen=True, eq=False)
class MaskSource:
    """What it takes to make any part of a mask: small, and picklable for the processes of an executor.

    Parameters
    ----------
    sieve
        Model and noise.
    found
        The threshold.
    """

    sieve: Sieve
    found: Found

    def panels(self, first: int, stop: int, columns: slice) -> Tensor:
        """Rows ``first`` to ``stop`` of the panels that hold some columns: boolean, shape (panels, rows, 256)."""
        found = self.found
        sifted = self.sieve.block(first, stop, columns, found.value, found.value)
        own = (found.rows >= first) & (found.rows < stop)
        panel = found.columns // PANEL - columns.start // PANEL
        own &= (panel >= 0) & (panel < len(sifted.above))
        places = (panel[own], found.rows[own] - first, found.columns[own] % PANEL)
        sifted.above[tuple(torch.from_numpy(place).to(self.sieve.device) for place in places)] = True
        return sifted.above

    def strip(self, strip: Strip) -> Tensor:
        """All columns of a strip."""
        return self.panels(*strip, slice(0, self.sieve.model.shape[1]))

    def strips(self, entries: int = STRIP_ENTRIES) -> list[Strip]:
        """Cut the mask into strips, in order."""
        return strips(*self.sieve.model.shape, self.sieve.band, entries)


class StreamedMask:
    """Mask of the ``k = round(rho n d)`` largest scores ``|h_ij| |xi_ij|``, never held whole.

    Memory is O(n + d) and a few strips of some four million entries.

    Parameters
    ----------
    model
        Factors of the types. Rows sorted by profile are made faster; the mask of given rows is the same in any order.
    density
        Kept fraction in (0, 1).
    seed
        Seed of the noise, in [0, 2^64). The noise of entry (i, j) depends on nothing else, so that masks of one seed
        and growing size have their corner's noise in common.
    stream
        Further independent noise of the same seed.
    ties
        As in :func:`verification.masks.mask`, with its default generator.
    executor
        Any executor makes strips at the same time; results do not depend on it.
    device
        ``"cpu"``, ``"cuda"``, ``"cuda:<number>"`` or ``"auto"``: where tiles are made. The mask does not depend on it.
    window
        Where to look for the threshold first; by default where it lies with probability ``1 - 1e-9``.

    Raises
    ------
    InputError
        If the density keeps nothing, everything, or more than the entries whose profile does not vanish; or seed,
        stream, ties, device or window are unusable.
    """

    def __init__(
        self,
        model: FactorModel,
        density: float,
        seed: int,
        *,
        stream: int = 0,
        ties: str = "random",
        executor: Executor | None = None,
        device: str = "cpu",
        window: tuple[float, float] | None = None,
    ) -> None:
        if not isinstance(model, FactorModel):
            raise InputError("model", type(model).__name__, "give a FactorModel: the factors of rows and columns")
        n, d = model.shape
        self.model, self.density = model, require_density(density)
        self.count = kept_count(n * d, density)
        if self.count > model.alive:
            raise InputError(
                "density",
                density,
                f"it keeps {self.count} entries, and only {model.alive} have a profile that does not vanish: lower it",
            )
        if ties not in TIES:
            raise InputError("ties", ties, f"choose one of {', '.join(TIES)}")
        if window is not None and not 0 < window[0] <= window[1] < np.inf:
            raise InputError("window", window, "give two finite levels above 0, the lower one first")
        self.ties, self.executor, self._first = ties, executor, window
        self.noise, self._device = EntryNoise(seed, stream), resolve(device)

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, d)``."""
        return self.model.shape

    @functools.cached_property
    def prediction(self) -> Prediction:
        """The prediction of LIM-a."""
        return Prediction(self.model)

    @functools.cached_property
    def level(self) -> float:
        """``tau_T``, at which the mean of ``Q(tau_T/|h_ij|)`` is the density, up to the error of the nodes."""
        return self.prediction.level(self.density)

    @functools.cached_property
    def sieve(self) -> Sieve:
        """Model and noise."""
        return Sieve(self.model, self.noise, band_height(self.model, self.level), self._device)

    @functools.cached_property
    def found(self) -> Found:
        """The exact threshold; the first use makes one pass over all entries."""
        if self._first is not None:
            window = Window(*map(float, self._first))
        else:
            window = likely_window(self.prediction, self.level, self.count)
        return find_threshold(self.sieve, self.count, window, ties=self.ties, executor=self.executor)

    @property
    def threshold(self) -> float:
        """The k-th largest score, exactly as computed in float64."""
        return self.found.value

    @functools.cached_property
    def source(self) -> MaskSource:
        """What makes any part of the mask."""
        return MaskSource(self.sieve, self.found)

    def tile(self, rows: slice, columns: slice) -> Kept:
        """Make a block of the mask.

        Parameters
        ----------
        rows, columns
            Slices of step 1.

        Returns
        -------
        numpy.ndarray
            Boolean, shape (rows, columns).

        Raises
        ------
        InputError
            If a slice has another step, or is empty.
        """
        (first, stop), (left, right) = (
            _ends(name, chosen, size)
            for name, chosen, size in zip(("rows", "columns"), (rows, columns), self.shape, strict=True)
        )
        panels = self.source.panels(first, stop, slice(left, right)).cpu()
        whole = panels.permute(1, 0, 2).reshape(stop - first, -1).numpy()
        start = left - left // PANEL * PANEL
        return np.ascontiguousarray(whole[:, start : start + right - left])

    def dense(self) -> Kept:
        """Make the whole mask by a plain route of its own: all scores in memory, then ``verification.masks.mask``.

        Raises
        ------
        InputError
            If there are more than 2^26 entries.
        """
        n, d = self.shape
        if n * d > _DENSE:
            raise InputError("mask", f"{n} x {d} entries", f"make tiles: more than {_DENSE} are not held")
        scores = torch.from_numpy(self.model.dense().profile * moduli(self.model.noise, self._all_uniforms()))
        return np.asarray(mask(scores, density=self.density, ties=self.ties).numpy())

    def _all_uniforms(self) -> npt.NDArray[np.float64]:
        """``U_ij`` of all entries by vectorised Philox alone, panel by panel."""
        n, d = self.shape
        values = np.empty((n, d))
        for panel in range(-(-d // PANEL)):
            high = self.noise.high_on(torch.device("cpu"), 0, n, panel).numpy()
            counters = torch.arange(n * (PANEL // 4))
            words = torch.stack(words_at(self.noise.key, (counters, panel, 1, 0)), dim=-1).reshape(n, PANEL)
            low = words.numpy().view(np.uint64) >> np.uint64(16)
            columns = slice(panel * PANEL, min((panel + 1) * PANEL, d))
            values[:, columns] = uniforms(high, low)[:, : columns.stop - columns.start]
        return values


def _ends(name: str, chosen: slice, size: int) -> tuple[int, int]:
    if not isinstance(chosen, slice) or chosen.step not in (None, 1):
        raise InputError(name, chosen, "give a slice of step 1")
    first, stop, _ = chosen.indices(size)
    if first >= stop:
        raise InputError(name, chosen, f"give a slice that is not empty, within {size}")
    return first, stop
