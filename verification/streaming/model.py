"""A factorised saliency model given by the factors of its types: O(n + d) numbers stand for n d saliencies.

``h_ij = <q_i, p_j>`` with q_i of row i and p_j of column j; scores are ``|h_ij| |xi_ij|``. What is needed of it are
the saliencies of single entries, and bounds of them over a band of neighbouring rows: types sorted by profile make
the bounds narrow, which is a matter of speed alone.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt

from graphon_theory import notation
from graphon_theory.errors import InputError
from graphon_theory.noise import Gaussian, NoiseLaw
from graphon_theory.profiles import profile_function
from graphon_theory.saliency import FiniteModel
from graphon_theory.threshold import require_atomless

if TYPE_CHECKING:
    from graphon_theory.saliency import SaliencyModel

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

LARGEST: Final = 2**53
"""Entries of a mask, at most: counts stay exact in float64."""
_ROUNDING: Final = 1e-14  # relative to the sum of moduli of the terms, a term


@dataclass(frozen=True, eq=False)
class FactorModel:
    """Saliency model of an n x d layer of any size.

    Parameters
    ----------
    rows
        ``q_i``, shape (n, R), or (n,) for rank one.
    columns
        ``p_j``, shape (d, R), or (d,) for rank one.
    noise
        Law of the edge noise, without atoms.

    Raises
    ------
    InputError
        If a factor is empty, not finite or of another rank, if there are more than 2^53 entries, or the law has
        atoms.
    """

    rows: Array
    columns: Array
    noise: NoiseLaw = field(default_factory=Gaussian)

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            given = np.asarray(getattr(self, name))
            if given.ndim not in (1, 2) or given.size == 0 or given.dtype.kind not in "fiu":
                raise InputError(name, f"array of shape {given.shape}", "give real numbers, (count, R) or (count,)")
            values = np.ascontiguousarray(given.reshape(given.shape[0], -1), dtype=np.float64)
            if not bool(np.isfinite(values).all()):
                raise InputError(name, "NaN or infinite", "give finite factors")
            object.__setattr__(self, name, values)
        if self.rows.shape[1] != self.columns.shape[1]:
            raise InputError(
                "columns", f"array of shape {self.columns.shape}", f"give the rank of rows, {self.rows.shape[1]}"
            )
        self.check_size(*self.shape)
        require_atomless(self.noise)

    @staticmethod
    def check_size(n: int, d: int) -> None:
        """Refuse more than 2^53 entries.

        Raises
        ------
        InputError
            If there are more.
        """
        if n * d > LARGEST:
            raise InputError("rows", f"{n} x {d} entries", "give at most 2^53 entries")

    @classmethod
    def from_types(cls, model: SaliencyModel, u: Array, v: Array) -> FactorModel:
        """Put types into a population model.

        Parameters
        ----------
        model
            Two-sided model of any rank.
        u, v
            Types of rows, shape (n,), and of columns, shape (d,), in [0, 1].

        Raises
        ------
        InputError
            If the model is signed, or a profile is not finite at the types.
        """
        if model.signed:
            raise InputError("model", "signed", "streamed masks have two-sided scores: leave signed at False")
        terms = ((model.g, model.f), *model.further)
        q = np.stack([profile_function(row, notation.u)(u) for row, _ in terms], axis=-1)
        p = np.stack([profile_function(column, notation.v)(v) for _, column in terms], axis=-1)
        return cls(q, p, model.noise)

    @classmethod
    def draw(
        cls, model: SaliencyModel, n: int, d: int, seed: int, *, columns: Literal["iid", "grid"] = "grid"
    ) -> FactorModel:
        """Put sorted iid uniform row types and column types into a population model.

        Parameters
        ----------
        model
            Two-sided model of any rank.
        n, d
            Rows and columns, positive.
        seed
            Seed of the types, not negative.
        columns
            ``"grid"``: the midpoints ``(j - 1/2)/d``; ``"iid"``: uniform, sorted.

        Raises
        ------
        InputError
            If a size is not positive, ``columns`` is unknown, or as :meth:`from_types`.
        """
        for name, size in (("n", n), ("d", d)):
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise InputError(name, size, "give a positive whole number")
        if columns not in ("iid", "grid"):
            raise InputError("columns", columns, "give 'iid' or 'grid'")
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise InputError("seed", seed, "give a whole number, not negative")
        source = np.random.default_rng(seed)
        u = np.sort(source.random(n))
        v = (np.arange(d) + 0.5) / d if columns == "grid" else np.sort(source.random(d))
        return cls.from_types(model, u, v)

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, d)``."""
        return self.rows.shape[0], self.columns.shape[0]

    @property
    def rank(self) -> int:
        """``R``."""
        return int(self.rows.shape[1])

    @functools.cached_property
    def alive(self) -> int:
        """Entries that no vanishing row or column makes 0: at rank one, the entries with ``h != 0``."""
        n, d = (int(np.count_nonzero(np.any(side != 0, axis=1))) for side in (self.rows, self.columns))
        return n * d

    def dense(self) -> FiniteModel:
        """Model with all saliencies in memory, 8 bytes an entry."""
        n, d = self.shape
        return FiniteModel(self.block(slice(0, n), slice(0, d)), self.noise)

    def block(self, rows: slice, columns: slice) -> Array:
        """``|h_ij|`` of a block, shape (rows, columns)."""
        total = np.multiply.outer(self.rows[rows, 0], self.columns[columns, 0])
        for r in range(1, self.rank):
            total += np.multiply.outer(self.rows[rows, r], self.columns[columns, r])
        return np.asarray(np.abs(total, out=total))

    def entries(self, rows: Places, columns: Places) -> Array:
        """``|h_ij|`` of single entries, to the bit as in :meth:`block`: terms are added in the same order."""
        total = self.rows[rows, 0] * self.columns[columns, 0]
        for r in range(1, self.rank):
            total += self.rows[rows, r] * self.columns[columns, r]
        return np.asarray(np.abs(total, out=total))

    def bounds(self, edges: Places, columns: slice) -> tuple[Array, Array]:
        """Bounds of ``|h_ij|``, as computed, over bands of rows.

        Parameters
        ----------
        edges
            Ends of b bands of rows, ascending, shape (b + 1,); no band is empty.
        columns
            Columns.

        Returns
        -------
        tuple
            Lower and upper bounds, shape (b, columns).
        """
        rows = self.rows[edges[0] : edges[-1]]
        inner, p = edges[:-1] - edges[0], np.abs(self.columns[columns])
        if self.rank == 1:
            # Rounding is monotone, so that these bound the rounded products themselves.
            g = np.abs(rows[:, 0])
            low, high = np.minimum.reduceat(g, inner), np.maximum.reduceat(g, inner)
            return np.multiply.outer(low, p[:, 0]), np.multiply.outer(high, p[:, 0])
        low, high = np.minimum.reduceat(rows, inner, axis=0), np.maximum.reduceat(rows, inner, axis=0)
        centre = 0.5 * (low + high)
        radius = np.maximum(high - centre, centre - low)
        size = (np.abs(centre) + radius) @ p.T
        middle, slack = np.abs(centre @ self.columns[columns].T), radius @ p.T + _ROUNDING * self.rank * size
        return np.maximum(middle - slack, 0.0), middle + slack
