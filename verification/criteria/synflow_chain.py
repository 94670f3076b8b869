"""SynFlow on a chain of ``Linear`` layers: path sums as vectors, no autograd.

With ``R = 1^T |W_L| ... |W_1| 1`` the score of layer l is ``|W_l| dR/d|W_l| = |W_l| * (r_l  s_l^T)``, where
``s_l = |W_(l-1)| ... |W_1| 1`` sums the paths into each input of the layer and ``r_l^T = 1^T |W_L| ... |W_(l+1)|``
those out of each output. Two passes over the weights: one for s, one for r and the scores.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Final

import torch
from torch import Tensor, nn

_BLOCK: Final = 2**19  # weights a step: their moduli stay in the cache and are never held whole
_RANGE: Final = {torch.float64: 500.0}  # |log2 R| within which scores are R's own; elsewhere:
_NARROW: Final = 48.0
_SHAPELESS: Final = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus,
    nn.Sigmoid, nn.Hardsigmoid, nn.Hardtanh, nn.Hardswish, nn.Tanh, nn.Softsign, nn.LogSigmoid, nn.Identity,
    nn.Dropout, nn.Flatten,
)  # fmt: skip


def linear_chain(module: nn.Module) -> list[str] | None:
    """Names of the layers in their order if the module is a chain of ``Linear`` layers, else None.

    A chain is an ``nn.Linear`` or a (nested) ``nn.Sequential`` of them, with elementwise activations, dropout,
    ``Flatten`` and ``Identity`` between, each layer once, sizes matching, without hooks.
    """
    chain: list[tuple[str, nn.Linear]] = []
    if not _collect("", module, chain):
        return None
    sizes = all(a.out_features == b.in_features for (_, a), (_, b) in itertools.pairwise(chain))
    distinct = len({id(layer) for _, layer in chain}) == len(chain) > 0
    return [name for name, _ in chain] if sizes and distinct else None


def _collect(name: str, module: nn.Module, chain: list[tuple[str, nn.Linear]]) -> bool:
    if module._forward_hooks or module._forward_pre_hooks:
        return False
    if type(module) is nn.Linear:
        chain.append((name, module))
        return True
    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        prefix = f"{name}." if name else ""
        return all(child is not None and _collect(prefix + key, child, chain) for key, child in module._modules.items())
    return type(module) in _SHAPELESS


def chain_scores(weights: Sequence[Tensor], scores: Sequence[Tensor | None]) -> None:
    """Write the SynFlow scores of a chain.

    Parameters
    ----------
    weights
        The weights from input to output, shape (out, in) each; their signs do not matter.
    scores
        Where to write, of the shapes and dtypes of the weights; None for layers that nobody asked for.

    Notes
    -----
    Vectors are float64, scaled by powers of two (exactly) to a largest entry in [1/2, 1), so that no depth
    or width overflows them; products with blocks of ``|W|`` are taken in the dtype of the weights (half
    precision: in float32), rounding by about 1e-7 of a path sum for float32. If R itself lies outside
    ``2^-48 .. 2^48`` (float64: ``2^-500 .. 2^500``), all scores of all layers are divided by one power of two
    near R, which leaves every mask as it is.
    """
    first, last = weights[0], weights[-1]
    inward = [_unit(torch.ones(first.shape[1], dtype=torch.float64, device=first.device))]
    for weight in weights:
        vector, exponent = inward[-1]
        source = vector.to(_working(weight))
        sums = [(block @ source).double() for _, block in _blocks(weight)]
        scaled, more = _unit(torch.cat(sums))
        inward.append((scaled, exponent + more))
    total = float(inward[-1][0].sum())
    unit = scale_exponent(math.log2(total) + inward[-1][1], first.dtype) if total > 0 else 0
    outward, exponent = _unit(torch.ones(last.shape[0], dtype=torch.float64, device=last.device))
    for weight, target, (vector, shift) in zip(reversed(weights), reversed(scores), reversed(inward[:-1]), strict=True):
        kind = _working(weight)
        near, source = outward.to(kind), vector.to(kind)
        factor = (outward * math.ldexp(1.0, max(-1000, min(1000, exponent + shift - unit)))).to(kind)[:, None]
        into = torch.zeros_like(vector)
        for rows, block in _blocks(weight):
            if weight is not first:  # nothing asks for the paths out of the inputs
                into += near[rows] @ block
            if target is None:
                continue
            if target.dtype == kind:
                torch.mul(block, source, out=target[rows]).mul_(factor[rows])
            else:
                target[rows] = block.mul_(source).mul_(factor[rows])
        outward, more = _unit(into)
        exponent += more


def scale_exponent(log2_total: float, dtype: torch.dtype) -> int:
    """Exponent of the power of two by which scores of this dtype are divided; 0 unless R is out of range."""
    return 0 if abs(log2_total) <= _RANGE.get(dtype, _NARROW) else round(log2_total)


def _working(weight: Tensor) -> torch.dtype:
    return torch.float64 if weight.dtype == torch.float64 else torch.float32


def _blocks(weight: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Rows of ``|W|`` at a time, in one buffer."""
    rows = max(1, min(weight.shape[0], _BLOCK // max(1, weight.shape[1])))
    buffer = torch.empty(rows, weight.shape[1], dtype=_working(weight), device=weight.device)
    for start in range(0, weight.shape[0], rows):
        part = weight.detach()[start : start + rows]
        yield (
            slice(start, start + rows),
            buffer[: len(part)].copy_(part).abs_()
            if part.dtype != buffer.dtype
            else (torch.abs(part, out=buffer[: len(part)])),
        )


def _unit(vector: Tensor) -> tuple[Tensor, int]:
    """Divide by a power of two such that the largest entry is in [1/2, 1); zero stays zero."""
    exponent = math.frexp(float(vector.max()))[1]
    return torch.ldexp(vector, torch.tensor(-exponent, device=vector.device)), exponent
