"""One layer's kernel: Gram products of its factors over the edges that are kept.

``K(s, t) = sum_c sum_ij M_ij delta_ci(s) delta_ci(t) h_j(s) h_j(t)``. For a mask that is a block (whole rows times
whole columns) this is ``(delta delta^T) * (h h^T)`` on the block: ``2 N^2 (out + in)`` operations. For any other mask
it is the Gram matrix of the kept gradients: ``2 N^2 nnz`` operations, towards half of it by symmetry, over chunks of
edges so that memory does not grow with them. A mask denser than 1/2 goes by what it drops. With several outputs
summed, ``N^2 out in`` operations over pairs of samples serve all of them at once.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from verification.ntk.capture import Factors

_CHUNK: Final = 2**19  # entries of the gradients held at once: within a core's cache
_TILE: Final = 128  # samples a side of a tile: smaller ones cost more by overhead than symmetry saves
_SYMMETRIC_SHARE: Final = 0.6  # of a Gram matrix's tiles, roughly, that symmetry leaves to be computed


def masked_gram(left: Factors, right: Factors | None, kept: Tensor | None, *, summed: bool) -> Tensor:
    """Kernel of the weights of one layer.

    Parameters
    ----------
    left
        Factors at N samples.
    right
        Factors at N' other samples; None for the same ones.
    kept
        Boolean mask, shape (out, in); None for all.
    summed
        Whether to add the kernels of the outputs.

    Returns
    -------
    Tensor
        Shape (N, N') if ``summed``, else (C, N, N'), of the dtype and on the device of the factors.
    """
    block = None if kept is None else _block(kept)
    if kept is None or block is not None:
        return _dense(left, right, block, summed=summed)
    kept = kept.to(left.inputs.device)
    size, count, outputs = kept.numel(), int(kept.sum()), len(left.signals)
    edges = min(count, size - count)
    share = _SYMMETRIC_SHARE if right is None else 1.0
    # Over pairs: size * N N' operations times 1 (symmetric) or 2; over edges: 2 * share * edges * outputs * N N'.
    if summed and 2 * share * edges * outputs > size * (1 if right is None else 2):
        return _over_pairs(left, right, kept)
    if count <= size - count:
        return _over_edges(left, right, kept, summed=summed)
    return _dense(left, right, None, summed=summed) - _over_edges(left, right, ~kept, summed=summed)


def bias_gram(left: Factors, right: Factors | None, *, summed: bool) -> Tensor:
    """Kernel of the biases of one layer, ``delta delta^T``; as ``masked_gram``."""
    return _signals(left.signals, (right or left).signals, summed=summed)


def _block(kept: Tensor) -> tuple[Tensor, Tensor] | None:
    """Rows and columns, as boolean vectors, whose product the mask is; None if it is no such product."""
    rows, columns = kept.any(dim=1), kept.any(dim=0)
    return (rows, columns) if int(rows.sum()) * int(columns.sum()) == int(kept.sum()) else None


def _signals(left: Tensor, right: Tensor, *, summed: bool) -> Tensor:
    """``delta delta^T``, shape (N, N') or (C, N, N')."""
    if not summed:
        return left @ right.transpose(1, 2)
    flat = [side.transpose(0, 1).reshape(side.shape[1], -1) for side in (left, right)]
    return flat[0] @ flat[1].T


def _dense(left: Factors, right: Factors | None, block: tuple[Tensor, Tensor] | None, *, summed: bool) -> Tensor:
    other = left if right is None else right
    if block is None or (bool(block[0].all()) and bool(block[1].all())):
        return _signals(left.signals, other.signals, summed=summed) * (left.inputs @ other.inputs.T)
    rows, columns = (side.to(left.inputs.device) for side in block)
    signals = _signals(left.signals[:, :, rows], other.signals[:, :, rows], summed=summed)
    return signals * (left.inputs[:, columns] @ other.inputs[:, columns].T)


def _over_edges(left: Factors, right: Factors | None, kept: Tensor, *, summed: bool) -> Tensor:
    """Gram matrix of the gradients with respect to the kept edges, chunk by chunk."""
    rows, columns = kept.nonzero(as_tuple=True)
    sides = [left] if right is None else [left, right]
    # One row an entry of a factor: gathering edges then copies whole rows of N numbers.
    turned = [(side.signals.transpose(1, 2).contiguous(), side.inputs.T.contiguous()) for side in sides]
    sizes = [len(side.inputs) for side in (left, right or left)]
    outputs = len(left.signals)
    total = left.inputs.new_zeros((1 if summed else outputs), *sizes)
    step = max(256, _CHUNK // max(sizes))
    for start in range(0, len(rows), step):
        i, j = rows[start : start + step], columns[start : start + step]
        for c in range(outputs):
            gradients = [signals[c].index_select(0, i).mul_(inputs.index_select(0, j)) for signals, inputs in turned]
            target = total[0 if summed else c]
            if right is None:
                _add_gram(target, gradients[0])
            else:
                target.addmm_(gradients[0].T, gradients[1])
    if right is None:
        mirror(total)
    return total[0] if summed else total


def _add_gram(target: Tensor, gradients: Tensor) -> None:
    """Add ``G^T G`` to the tiles on and above the diagonal."""
    size = gradients.shape[1]
    for start in range(0, size, _TILE):
        stop = min(start + _TILE, size)
        target[start:stop, start:].addmm_(gradients[:, start:stop].T, gradients[:, start:])


def mirror(total: Tensor) -> None:
    """Copy what lies above the diagonals of the last two axes below them, in place."""
    upper = total.triu(1)
    total.triu_().add_(upper.transpose(-1, -2))


def _over_pairs(left: Factors, right: Factors | None, kept: Tensor) -> Tensor:
    """Sum over outputs first: for a pair of samples, ``(sum_c delta_c delta_c)^T M (h h)``."""
    other = left if right is None else right
    weights = kept.to(left.inputs.dtype)
    total = left.inputs.new_zeros(len(left.inputs), len(other.inputs))
    for s in range(len(left.inputs)):
        first = s if right is None else 0
        signals = torch.einsum("ci,cti->ti", left.signals[:, s], other.signals[:, first:])
        inputs = left.inputs[s] * other.inputs[first:]
        total[s, first:] = ((signals @ weights) * inputs).sum(dim=1)
    if right is None:
        mirror(total)
    return total
