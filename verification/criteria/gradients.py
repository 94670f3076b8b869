"""Gradient of the mean loss over batches, and the Hessian's product with it; nothing of the module changes.

The loss of all batches is the mean over their samples, ``L = sum_b S_b L_b / sum_b S_b`` with ``L_b`` the mean
loss of batch b and ``S_b = len(inputs)``. Its gradient ``g`` and the product ``H g`` are taken with respect to
the chosen weights alone: ``H`` is their block of the Hessian, and ``g`` has no entry for biases or other layers.

The module runs in the mode (train or eval) that it is in. Buffers are replaced by copies and random numbers by
a forked stream, the same for every pass; batch normalisation in training mode makes ``L_b`` depend on how
samples are split, by its own definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.criteria.layers import require_trainable

Loss = Callable[[Tensor, Tensor], Tensor]
Batches = Iterable[tuple[Tensor, Tensor]]

_CHUNK = 2**18  # entries a step of a fused sweep: they stay in the cache


class MeanLoss:
    """The mean loss over batches as a function of the chosen weights.

    Parameters
    ----------
    module
        The network.
    weights
        Layer name to weight; each must reach the loss.
    loss
        Maps (output, target) to the mean loss of a batch, a scalar.
    batches
        Pairs (inputs, targets).

    Raises
    ------
    InputError
        If a weight is frozen or computed from others, or the batches are no iterable of pairs.
    """

    def __init__(self, module: nn.Module, weights: Mapping[str, Tensor], loss: Loss, batches: Batches) -> None:
        require_trainable(weights)
        if isinstance(batches, Tensor) or not isinstance(batches, Iterable):
            raise InputError("batch", type(batches).__name__, "give an iterable of pairs: [(inputs, targets)]")
        self.module, self.loss, self.batches = module, loss, batches
        # Leaves of our own, on the same memory: gradients of the module's parameters stay as they are.
        self.leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        self.samples = 0
        self.factor = 1
        self.zero: set[str] = {"inputs", "targets"}

    def gradient(self) -> dict[str, Tensor]:
        """``g * S / factor``: the sum over batches of ``S_b`` times their gradient, S the number of samples.

        The attribute ``factor`` is S for one batch, whose gradient is returned as it is, and 1 for several.

        Raises
        ------
        InputError
            If there is no batch, a loss is no finite scalar, or a layer gets no gradient from any batch.
        """
        total: dict[str, Tensor] = {}
        self.samples, self.factor = 0, 1
        with self._isolated():
            for inputs, targets in self._pairs():
                self._value(inputs, targets).backward(inputs=list(self.leaves.values()))  # type: ignore[no-untyped-call]
                if total and self.factor > 1:
                    for name in total:
                        total[name].mul_(self.factor)
                self.factor = 1 if total else len(inputs)
                self.samples += len(inputs)
                for kind, part in (("inputs", inputs), ("targets", targets)):
                    if kind in self.zero and (not isinstance(part, Tensor) or bool(part.any())):
                        self.zero.discard(kind)
                for name, leaf in self.leaves.items():
                    if leaf.grad is not None:
                        # The leaf's gradient is its own and may be overwritten.
                        part = leaf.grad if self.factor > 1 else leaf.grad.mul_(len(inputs))
                        total[name] = total[name].add_(part) if name in total else part
                        leaf.grad = None
        for name in self.leaves:
            if name not in total:
                raise InputError(f"layer {name}", "no gradient", "leave out layers that the loss does not use")
        return {name: total[name] for name in self.leaves}

    def hessian_gradient(self) -> dict[str, Tensor]:
        """``H g``, in two passes over the batches: first the full ``g``, then the sum of ``S_b H_b g / S``.

        Raises
        ------
        InputError
            As ``gradient``, or if the batches can be read only once, or differ between the passes.
        """
        if isinstance(self.batches, Iterator):
            raise InputError(
                "batch",
                type(self.batches).__name__,
                "GraSP reads the batches twice: give a list or a DataLoader, not an iterator or generator",
            )
        gradient = {name: part.mul_(self.factor).div_(self.samples) for name, part in self.gradient().items()}
        total = {name: torch.zeros_like(leaf) for name, leaf in self.leaves.items()}
        samples = 0
        names, leaves = list(self.leaves), list(self.leaves.values())
        with self._isolated():
            for inputs, targets in self._pairs():
                value = self._value(inputs, targets)
                slopes = torch.autograd.grad(value, leaves, create_graph=True, materialize_grads=True)
                along = torch.stack([(a * gradient[n]).sum() for n, a in zip(names, slopes, strict=True)]).sum()
                samples += len(inputs)
                if not along.requires_grad:  # the loss is linear in these weights: H_b = 0
                    continue
                bent = torch.autograd.grad(along, leaves, materialize_grads=True)
                for name, part in zip(names, bent, strict=True):
                    total[name].add_(part, alpha=len(inputs))
        if samples != self.samples:
            raise InputError(
                "batch",
                f"{self.samples} samples, then {samples}",
                "GraSP reads the batches twice: give the same ones both times",
            )
        return {name: part.div_(samples) for name, part in total.items()}

    @property
    def cause_of_zeros(self) -> str:
        """What to look at when all scores are zero, as a clause."""
        if self.zero:
            return f"the {' and the '.join(sorted(self.zero))} of every batch are all zero: give others"
        return "no weight moves the loss: look for dead units, zero residuals or a zero readout"

    @contextmanager
    def _isolated(self) -> Iterator[None]:
        """Fork the random stream, so that each pass draws the same numbers and the caller's stream stands still."""
        devices = {leaf.device.index for leaf in self.leaves.values() if leaf.device.type == "cuda"}
        with torch.random.fork_rng(devices=sorted(devices)), torch.enable_grad():
            yield

    def _pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        empty = True
        for pair in self.batches:
            if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[0], Tensor):
                raise InputError("batch", type(pair).__name__, "give an iterable of pairs: [(inputs, targets)]")
            empty = False
            yield pair[0], pair[1]
        if empty:
            raise InputError("batch", "empty", "give at least one (inputs, targets) pair")

    def _value(self, inputs: Tensor, targets: Tensor) -> Tensor:
        replaced = {f"{name}.weight".lstrip("."): leaf for name, leaf in self.leaves.items()}
        replaced |= {name: buffer.clone() for name, buffer in self.module.named_buffers()}
        value = self.loss(torch.func.functional_call(self.module, replaced, (inputs,)), targets)
        if not isinstance(value, Tensor) or value.numel() != 1:
            raise InputError("loss", type(value).__name__, "return a scalar tensor, the mean over the batch")
        if not bool(torch.isfinite(value)):
            raise InputError("loss", "NaN or infinite", "check the inputs, the targets and the weights for overflow")
        if not value.requires_grad:
            first = next(iter(self.leaves))
            raise InputError(f"layer {first}", "no gradient", "leave out layers that the loss does not use")
        return value.reshape(())


def saliency(
    weights: Mapping[str, Tensor],
    sensitivity: dict[str, Tensor],
    *,
    factor: int = 1,
    samples: int = 1,
    signed: bool = False,
) -> dict[str, Tensor]:
    """``w * sensitivity * factor / samples``, or its modulus, written over the sensitivities in one sweep."""
    for name, weight in weights.items():
        for value, piece in pieces(weight.detach(), sensitivity[name]):
            if factor != 1:
                piece.mul_(factor)
            piece.mul_(value)
            if samples != 1:
                piece.div_(samples)
            if not signed:
                piece.abs_()
    return sensitivity


def pieces(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Cut tensors of one shape into pieces that fit the cache; whole where the memory is not in row-major order."""
    if not all(tensor.is_contiguous() for tensor in tensors):
        yield tensors
        return
    flat = [tensor.view(-1) for tensor in tensors]
    for start in range(0, flat[0].numel(), _CHUNK):
        yield tuple(tensor[start : start + _CHUNK] for tensor in flat)
