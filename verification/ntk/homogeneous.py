"""Blocks of the limit kernel of constant graphons with ReLU: in correlations alone, without scales.

ReLU is homogeneous, so with one node a layer every covariance is ``s_l |x| |x'| c_l/d`` with numbers ``s_l`` known
beforehand: ``c_(l+1) = 2 k1(c_l)`` and ``s_(l+1) = V_(l+1) s_l/2``. A block costs its Gram matrix, an arccos and a sine
a layer, and a handful of multiplications.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from graphon_theory.kernels import RELU

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verification.ntk.dual import Dual
    from verification.ntk.graphon_factors import GraphonLayer
    from verification.ntk.propagation import Tile

_TURN: Final = 1.0 / (2.0 * math.pi)


class Homogeneous:
    """What all blocks share; build it with ``homogeneous``."""

    planes = 2
    activation_error = 0.0

    def __init__(
        self, first: Tensor, second: Tensor, W: list[float], V: list[float], readout: float, output: float,
        *, symmetric: bool,
    ) -> None:  # fmt: skip
        dtype = first.dtype
        self._first, self._left = _directions(first)
        self._second, self._right = (self._first, self._left) if symmetric else _directions(second)
        self._energy = math.prod(V) * readout
        # Shares of W_l K_(l-1) in the kernel of the layers so far, in units of the product of V up to l.
        self._shares = [W[k] / (2.0**k * V[k]) for k in range(len(W))]
        self._output = output * math.prod(V) / 2.0 ** (len(V) - 1)
        self._sizes = (self._left.to(dtype), self._right.to(dtype))

    def results(self, *, apart: bool) -> int:
        """Return how many matrices ``tile`` gives: the total alone."""
        return 1

    def diagonal(self, *, apart: bool) -> list[Tensor]:
        """Give the kernel of equal inputs, in float64: every k0 is 1/2, every correlation 1."""
        term = self._shares[0]
        for share in self._shares[1:]:
            term = 0.5 * term + share
        return [(0.5 * self._energy * term + 0.5 * self._output) * self._left.square()]

    def tile(self, tile: Tile, *, apart: bool) -> list[Tensor]:
        """Give the kernel on one block."""
        c = (self._first[tile.rows] @ self._second[tile.columns].T).clamp_(-1.0, 1.0)
        if tile.same:
            c.diagonal().fill_(1.0)
        term: Tensor | None = None
        for k, share in enumerate(self._shares):
            if k:
                # k1 of the layer before, doubled, is this layer's correlation.
                c.mul_(2.0).clamp_(max=1.0)
            theta = torch.acos(c)
            k0 = torch.rsub(theta, 0.5, alpha=_TURN)
            sine = theta.sin_()
            if term is None:
                # T = share c, so k0 T is part of k1 already.
                c.mul_(k0)
                term = c * share
            else:
                term.add_(c, alpha=share).mul_(k0)
                c.mul_(k0)
            c.add_(sine, alpha=_TURN)
        assert term is not None  # noqa: S101  # there is a layer
        term.mul_(self._energy)
        if self._output:
            term.add_(c, alpha=self._output)
        rows, columns = self._sizes
        return [term.mul_(rows[tile.rows, None]).mul_(columns[None, tile.columns])]


def homogeneous(
    first: Tensor,
    second: Tensor,
    chain: Sequence[GraphonLayer],
    kernel: Dual,
    *,
    symmetric: bool,
    train_output: bool,
) -> Homogeneous | None:
    """Give the short way where it holds: ReLU, and every graphon constant with V > 0; None elsewhere."""
    constant = all(layer.constant and layer.V.flat[0] > 0 for layer in chain)
    if getattr(kernel, "activation", None) is not RELU or not constant:
        return None
    W, V = ([float(part.flat[0]) for part in parts] for parts in zip(*((x.W, x.V) for x in chain), strict=True))
    readout = float(np.asarray(chain[-1].readout).flat[0])
    return Homogeneous(first, second, W, V, readout, float(train_output), symmetric=symmetric)


def energies(inputs: Tensor) -> Tensor:
    """Squared norms of the rows in float64, shape (N,); not finite where a row is not."""
    # Blocks that fit the cache: a float64 copy of all inputs would cost more than the sums.
    parts = (inputs[start : start + 64].to(torch.float64, copy=True) for start in range(0, len(inputs), 64))
    return torch.cat([part.mul_(part).sum(dim=1) for part in parts])


def _directions(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Split inputs into directions and norms over ``sqrt(d)`` in float64; a zero input keeps direction 0."""
    norms = energies(inputs).sqrt_()
    inverse = torch.where(norms > 0, 1.0 / norms, torch.zeros_like(norms))
    return inputs * inverse.to(inputs.dtype)[:, None], norms / math.sqrt(inputs.shape[1])
