"""What a criterion is scored on: inputs of mean square 1 with real labels or with classes.

Every batch has centred inputs of mean square 1. Real labels are either centred on the batch ("centred") or
left with their mean ("raw"); both are scaled to mean square 1, which does not move a mask.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from graphon_theory.errors import InputError

LABELS = ("centred", "raw")


@dataclass(frozen=True)
class Batch:
    """A labelled batch.

    Parameters
    ----------
    inputs
        Shape (S, d), column means 0, mean square 1.
    labels
        Shape (S,), mean square 1.
    correlations
        ``E[y x_j]``, shape (d,): of the population where it is known (teacher), else of the batch.
    """

    inputs: Tensor
    labels: Tensor
    correlations: Tensor


@dataclass(frozen=True)
class ClassBatch:
    """A batch with class labels, as ``torch.nn.functional.cross_entropy`` takes them.

    Parameters
    ----------
    inputs
        Shape (S, d), float32, column means 0, mean square 1.
    labels
        Shape (S,), int64, from 0 to ``classes - 1``.
    classes
        Number of classes C of the data, at least 2; a batch need not show them all.
    """

    inputs: Tensor
    labels: Tensor
    classes: int


def assemble(x: Tensor, y: Tensor, labels: str, *, population: Tensor | None) -> Batch:
    """Centre and scale inputs and labels.

    Parameters
    ----------
    x
        Shape (S, d).
    y
        Shape (S,), float64.
    labels
        "centred" or "raw".
    population
        ``E[y x_j]`` in the units of ``y``, shape (d,), where it is known.

    Raises
    ------
    InputError
        If ``labels`` is unknown, or all labels or all inputs of the batch are equal.
    """
    if labels not in LABELS:
        raise InputError("labels", labels, f"choose one of {', '.join(LABELS)}")
    x = unit_inputs(x)
    if labels == "centred":
        y = y - y.mean()
    scale = y.square().mean().sqrt()
    if float(scale) == 0.0:
        raise InputError("labels", labels, "all labels of the batch are equal: draw a larger batch")
    y = y / scale
    correlations = x.T.double() @ y / len(y) if population is None else population / scale
    return Batch(inputs=x.float(), labels=y.float(), correlations=correlations)


def unit_inputs(x: Tensor) -> Tensor:
    """Return inputs, shape (S, d), with column means 0 and mean square 1, in the dtype given.

    Raises
    ------
    InputError
        If every column is constant.
    """
    x = x - x.mean(dim=0)
    scale = x.square().mean().sqrt()
    if float(scale) == 0.0:
        raise InputError("inputs", "constant", "all samples of the batch are equal: draw a larger batch")
    x /= scale
    return x
