"""A batch in the form that a module takes, with the loss that suits its outputs."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.analysis.module_file import user_code
from verification.criteria import Loss
from verification.data import LABELS, Samples, as_batch, as_class_batch, draw
from verification.losses import centred_squared_loss, cross_entropy

LOSSES = ("squared", "cross-entropy")
"""Names of the losses."""

DEFAULT_BATCH = 1024
"""Batch size S where none is given and there are as many samples."""

_MOST_FITTED = 20_000  # samples of the linear fit
_SMALLEST = 1e-10  # eigenvalues below this share of the largest count as 0


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a module is scored on.

    Parameters
    ----------
    inputs
        As the module takes them, (S, d) or (S, C, H, W); columns of mean 0, mean square 1.
    flat
        The same, shape (S, d).
    targets
        Shape (S,), or (S, outputs) for the squared loss of several outputs.
    loss_name
        "squared" or "cross-entropy".
    outputs
        Number of outputs.
    image
        (C, H, W) of the data, None for flat data.
    samples
        All samples.
    positive
        Classes with the label 1 where several classes meet one output; else None.
    """

    inputs: Tensor
    flat: Tensor
    targets: Tensor
    loss_name: str
    outputs: int
    image: tuple[int, int, int] | None
    samples: Samples
    positive: Collection[int] | None

    @property
    def loss(self) -> Loss:
        """The loss, a mean over the batch; the squared one is that of the centred network (residual ``-y``)."""
        return _squared if self.loss_name == "squared" else cross_entropy

    @property
    def batch(self) -> int:
        """S."""
        return len(self.flat)


def prepare(
    module: nn.Module, samples: Samples, *, batch: int | None, loss: str | None, seed: int, labels: str = "centred"
) -> Prepared:
    """Draw a batch and fit it to the module.

    Parameters
    ----------
    module
        The network; nothing of it changes.
    samples
        The data.
    batch
        S, at least 2; ``DEFAULT_BATCH`` or all samples by default.
    loss
        "squared" or "cross-entropy"; by default squared for one output and real targets, else cross-entropy.
    seed
        Draws the batch.
    labels
        "centred", or "raw", which leaves real labels their mean.

    Raises
    ------
    InputError
        If the batch is too small, all samples or labels are equal, the module takes neither flat samples nor
        images, or its outputs do not suit the targets and the loss.
    """
    size = min(len(samples), DEFAULT_BATCH) if batch is None else batch
    if size < 2:
        raise InputError("batch", size, "give at least 2 samples: inputs and labels are centred on the batch")
    if loss is not None and loss not in LOSSES:
        raise InputError("loss", loss, f"choose one of {', '.join(LOSSES)}")
    if labels not in LABELS:
        raise InputError("labels", labels, f"choose one of {', '.join(LABELS)}")
    part = next(draw(samples, size, torch.Generator().manual_seed(seed)))
    flat = (as_class_batch(part) if part.classes else as_batch(part, labels="centred")).inputs
    inputs, found = _fitted(module, flat, samples.shape)
    outputs = 1 if found.ndim == 1 else int(found.shape[1])
    chosen = loss or ("squared" if outputs == 1 or samples.classes is None else "cross-entropy")
    if labels != "centred" and (chosen != "squared" or outputs > 1):
        raise InputError("labels", labels, "only the squared loss of one output can have labels with a mean")
    positive = None
    if chosen == "cross-entropy":
        if part.classes is None or found.ndim != 2 or outputs < part.classes:
            have = "real-valued targets" if part.classes is None else f"{part.classes} classes"
            raise InputError("loss", chosen, f"the module has {outputs} outputs and the data {have}; use squared")
        targets = part.targets
    elif outputs == 1:
        positive = None if part.classes is None else range(part.classes // 2, part.classes)
        targets = as_batch(part, labels=labels, positive=positive).labels
    elif part.classes == outputs:
        targets = _one_hot(part)
    else:
        have = "one real target" if part.classes is None else f"{part.classes} classes"
        raise InputError("module", f"{outputs} outputs", f"the data has {have}: give as many outputs, or one")
    shape = samples.shape
    image = (shape[0], shape[1], shape[2]) if len(shape) == 3 else None
    return Prepared(inputs, flat, targets, chosen, outputs, image, samples, positive)


def explained_share(prepared: Prepared) -> float | None:
    """R^2 of the linear fit of the label on all samples, adjusted for the number of inputs, at least 0.

    None where samples are at most twice as many as the rank of the inputs: the adjustment would be noise.
    """
    samples = prepared.samples
    if len(samples) > _MOST_FITTED:
        samples = next(draw(samples, _MOST_FITTED, torch.Generator().manual_seed(0)))
    whole = as_batch(samples, labels="centred", positive=prepared.positive)
    x, y = whole.inputs.double(), whole.labels.double()
    values, vectors = torch.linalg.eigh(x.T @ x)
    kept = values > _SMALLEST * values[-1]
    rank = int(kept.sum())
    if len(y) <= 2 * rank + 1:
        return None
    found = float(((vectors.T @ (x.T @ y))[kept].square() / values[kept]).sum() / y.square().sum())
    return max(0.0, 1.0 - (1.0 - min(found, 1.0)) * (len(y) - 1) / (len(y) - rank - 1))


def outputs_of(module: nn.Module, inputs: Tensor) -> Tensor:
    """Return the module's outputs, without gradient; buffers and the global random stream stay as they were."""
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        found = torch.func.functional_call(module, buffers, (inputs,))
    if not isinstance(found, Tensor):
        raise InputError("module", f"forward returned a {type(found).__name__}", "return one tensor of outputs")
    return found


def _fitted(module: nn.Module, flat: Tensor, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Find the first form of the inputs that the module takes, and its outputs on two samples."""
    forms = [flat] if len(shape) == 1 else [flat, flat.reshape(-1, *shape)]
    first = next((part for part in module.modules() if isinstance(part, (nn.Linear, nn.Conv2d))), None)
    if isinstance(first, nn.Conv2d):
        forms.reverse()
    refusals: list[InputError] = []
    for inputs in forms:
        try:
            with user_code(f"on inputs of shape (S, {', '.join(str(size) for size in inputs.shape[1:])})"):
                found = outputs_of(module, inputs[:2])
            if found.shape[:1] == (2,) and found.ndim in (1, 2) and found.numel():
                return inputs, found
            said = f"outputs of shape {tuple(found.shape)} for 2 samples"
            refusals.append(InputError("module", said, "return (S,) or (S, outputs)"))
        except InputError as error:
            refusals.append(error)
    seen = f"({math.prod(shape)},)" + (f" or {shape}" if len(shape) > 1 else "")
    wanted = ""
    if isinstance(first, nn.Linear) and first.in_features != math.prod(shape):
        wanted = f"; its first Linear layer takes {first.in_features} inputs"
    elif isinstance(first, nn.Conv2d) and (len(shape) != 3 or first.in_channels != shape[0]):
        wanted = f"; its first Conv2d layer takes {first.in_channels} channels"
    refusal = refusals[0]
    raise InputError(
        "module", refusal.value, f"it does not take samples of shape {seen}{wanted} ({refusal.remedy})"
    ) from refusal


def _one_hot(part: Samples) -> Tensor:
    """Classes as centred columns of common mean square 1, shape (S, classes)."""
    y = torch.nn.functional.one_hot(part.targets, int(part.classes or 0)).double()
    y -= y.mean(dim=0)
    scale = y.square().mean().sqrt()
    if float(scale) == 0.0:
        raise InputError("labels", "one class", "all labels of the batch are equal: draw a larger batch")
    return (y / scale).float()


def _squared(output: Tensor, target: Tensor) -> Tensor:
    return centred_squared_loss(output.reshape(target.shape), target)
