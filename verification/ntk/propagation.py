"""Blocks of the limit kernel of any graphons: Gram matrices, covariances at the nodes, and the forward recursion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from verification.ntk.dual import Dual
    from verification.ntk.graphon_factors import Factors, GraphonLayer


@dataclass(frozen=True)
class Tile:
    """Ranges of rows and columns of a block, and whether both are the same inputs."""

    rows: slice
    columns: slice
    same: bool


class Propagation:
    """What all blocks share, and the way through one of them.

    Parameters
    ----------
    first, second
        Inputs of rows and columns, shapes (N, d) and (N', d), of one dtype and device.
    chain
        The layers.
    factors
        Factorisation of the first one.
    kernel
        Dual activations.
    symmetric
        Whether both inputs are the same.
    train_output
        Whether the output layer contributes.
    """

    def __init__(
        self,
        first: Tensor,
        second: Tensor,
        chain: Sequence[GraphonLayer],
        factors: Factors,
        kernel: Dual,
        *,
        symmetric: bool,
        train_output: bool,
    ) -> None:
        dtype, device = first.dtype, first.device
        self._kernel, self._train, self._depth = kernel, train_output, len(chain)
        d = first.shape[1]
        rights = [torch.from_numpy(right / d).to(device, dtype) for _, right in factors.parts]
        self._rights = rights
        columns = [part for part, _ in factors.parts]
        if all(bool(np.all(np.diff(part) == 1)) for part in columns):
            # Ranges of columns, as profiles that are monotone in v give, need no copy.
            self._slices = [slice(int(part[0]), int(part[-1]) + 1) for part in columns]
            self._first, self._second = first, second
        else:
            # Parts of columns side by side, so that each is a slice.
            ends = np.cumsum([part.size for part in columns]).tolist()
            self._slices = [slice(end - part.size, end) for end, part in zip(ends, columns, strict=True)]
            picked = torch.from_numpy(np.concatenate(columns)).to(device)
            self._first = first.index_select(1, picked)
            self._second = self._first if symmetric else second.index_select(1, picked)
        self._V1, self._W1 = (torch.from_numpy(part).to(device, dtype) for part in (factors.V, factors.W))
        self._share = _ratio(factors.W, factors.V)
        self._proportional = [_ratio(layer.W, layer.V) for layer in chain[1:]]
        exact = torch.from_numpy(np.clip(factors.product(factors.V), 0.0, None) / d).to(device)
        trainable = torch.from_numpy(np.clip(factors.product(factors.W), 0.0, None) / d).to(device)
        self._mix = [
            tuple(torch.from_numpy(part * layer.columns).to(device) for part in (layer.V, layer.W))
            for layer in chain[1:]
        ]
        # Where W is no multiple of V both are taken in one product.
        self._both = torch.cat([self._V1] if self._share is not None else [self._V1, self._W1])
        self._mixers = [(V.to(dtype), torch.cat([V, W]).to(dtype)) for V, W in self._mix]
        last = chain[-1]
        self._mean = torch.from_numpy(last.weights).to(device)
        self._readout = torch.from_numpy(last.weights * last.readout).to(device)
        self._means = (self._readout.to(dtype)[None, :], self._mean.to(dtype)[None, :])
        squares = _squares(first, torch.cat([exact, trainable]))
        left, self._own = self._variances(squares[: len(exact)])
        self._left = [kernel.prepare(variance, dtype) for variance in left]
        if symmetric:
            self._right = self._left
            self._trainable = squares[len(exact) :]
        else:
            right_variances, _ = self._variances(_squares(second, exact))
            self._right = [kernel.prepare(variance, dtype) for variance in right_variances]
        self.activation_error = max(kernel.error(variance.amax(dim=1, keepdim=True)) for variance in left)
        self.planes = max(layer.weights.size for layer in chain)
        self._rows: tuple[slice, list[Tensor]] | None = None

    def results(self, *, apart: bool) -> int:
        """Return how many matrices ``tile`` gives."""
        return 1 + (self._depth + self._train if apart else 0)

    def diagonal(self, *, apart: bool) -> list[Tensor]:
        """Give the results for equal inputs, by the same recursion on vectors in float64."""
        found: list[Tensor] = []
        terms = [self._trainable]
        for k, (k1, k0) in enumerate(self._own):
            terms = [term * k0 for term in terms]
            if k < len(self._mix):
                V, W = self._mix[k]
                terms = [*(V @ term for term in terms), W @ k1]
        found = [self._readout @ term for term in terms]
        if self._train:
            found.append(self._mean @ self._own[-1][0])
        total = torch.stack(found).sum(dim=0)
        return [total, *found] if apart else [total]

    def tile(self, tile: Tile, *, apart: bool) -> list[Tensor]:
        """Give the results on one block, each of the block's shape."""
        covariance, trainable = self._covariances(tile)
        terms = [trainable]
        for k in range(self._depth):
            left, right = self._left[k][..., tile.rows], self._right[k][..., tile.columns]
            k1, k0 = self._kernel.pair(covariance, left, right, same=tile.same)
            for term in terms:
                term.mul_(k0)
            if k + 1 == self._depth:
                break
            V, both = self._mixers[k]
            terms = [_mix(V, term) for term in terms]
            share = self._proportional[k]
            mixed = _mix(both if share is None else V, k1)
            covariance = mixed[: V.shape[0]]
            new = mixed[V.shape[0] :] if share is None else covariance * share
            if apart:
                terms.append(new)
            else:
                terms[0].add_(new)
        readout, mean = self._means
        found = [_mix(readout, term)[0] for term in terms]
        if self._train:
            found.append(_mix(mean, k1)[0])
        if apart:
            return [torch.stack(found).sum(dim=0), *found]
        total = found[0]
        for part in found[1:]:
            total.add_(part)
        return [total]

    def _covariances(self, tile: Tile) -> tuple[Tensor, Tensor]:
        """Return the first layer's covariances and its trainable ones, shape (Q, b, b') both."""
        if self._rows is None or self._rows[0] != tile.rows:
            scaled = [
                (self._first[tile.rows, part].unsqueeze(0) * right.unsqueeze(1)).flatten(0, 1)
                for part, right in zip(self._slices, self._rights, strict=True)
            ]
            self._rows = (tile.rows, scaled)
        columns = self._second[tile.columns]
        rank, height, width = self._V1.shape[1], tile.rows.stop - tile.rows.start, len(columns)
        grams = torch.empty((rank * height, width), dtype=columns.dtype, device=columns.device)
        start = 0
        for part, block in zip(self._slices, self._rows[1], strict=True):
            torch.mm(block, columns[:, part].T, out=grams[start : start + len(block)])
            start += len(block)
        grams = grams.view(rank, height, width)
        mixed = _mix(self._both, grams)
        if self._share is not None:
            return mixed, mixed * self._share
        nodes = self._V1.shape[0]
        return mixed[:nodes], mixed[nodes:]

    def _variances(self, first: Tensor) -> tuple[list[Tensor], list[tuple[Tensor, Tensor]]]:
        """Variances at each layer's nodes, (Q, N), and the duals of equal inputs there; float64."""
        variances, own = [first], []
        for k in range(self._depth):
            own.append(self._kernel.diagonal(variances[-1]))
            if k < len(self._mix):
                variances.append(self._mix[k][0] @ own[-1][0])
        return variances, own


def _ratio(W: npt.NDArray[np.float64], V: npt.NDArray[np.float64]) -> float | None:
    """``W/V`` where it is one number (weights drawn anew), so that one covariance serves for both; else None."""
    top = float(np.abs(V).max())
    ratio = float(np.abs(W).max()) / top if top > 0 else 0.0
    return ratio if bool(np.all(np.abs(W - ratio * V) <= 1e-15 * ratio * top)) else None


def _squares(inputs: Tensor, matrix: Tensor) -> Tensor:
    """``matrix @ (inputs**2).T`` in float64, shape (P, N), by blocks that fit the cache."""
    parts = (inputs[start : start + 64].to(torch.float64, copy=True) for start in range(0, len(inputs), 64))
    return torch.cat([matrix @ part.mul_(part).T for part in parts], dim=1)


def _mix(matrix: Tensor, planes: Tensor) -> Tensor:
    """Combine planes: (P, Q) times (Q, b, b'), shape (P, b, b')."""
    if matrix.shape == (1, 1):
        return planes * matrix
    return (matrix @ planes.flatten(1)).view(matrix.shape[0], *planes.shape[1:])
