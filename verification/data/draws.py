"""Batches out of a data set: drawn without replacement, and made into what a criterion is scored on."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import torch
from torch import Tensor

from graphon_theory.errors import InputError
from verification.data.batch import Batch, ClassBatch, assemble, unit_inputs
from verification.data.samples import Samples


def draw(samples: Samples, size: int, generator: torch.Generator) -> Iterator[Samples]:
    """Yield disjoint batches of one size from one random order of the samples.

    All randomness is drawn before this returns. What is left over at the end, fewer than ``size``, is not
    yielded: the batch size enters the theory.

    Parameters
    ----------
    samples
        N samples.
    size
        Batch size S, 1 to N; ``N // S`` batches follow.
    generator
        Draws the order.

    Raises
    ------
    InputError
        If the size is out of range, at once.
    """
    if not 1 <= size <= len(samples):
        raise InputError("batch", size, f"there are {len(samples)} samples: give 1 to {len(samples)}")
    order = torch.randperm(len(samples), generator=generator)
    full = len(samples) - len(samples) % size
    return (
        Samples(inputs=samples.inputs[chosen], targets=samples.targets[chosen], classes=samples.classes)
        for chosen in torch.split(order[:full], size)
    )


def as_class_batch(samples: Samples) -> ClassBatch:
    """Make samples with classes into a batch: inputs flat, centred, of mean square 1.

    Parameters
    ----------
    samples
        S samples with classes.

    Raises
    ------
    InputError
        If the targets are real-valued, or all samples are equal.
    """
    if samples.classes is None:
        raise InputError("targets", "real-valued", "give samples with classes, or use as_batch")
    inputs = unit_inputs(_from_first(samples.flat())).float()
    return ClassBatch(inputs=inputs, labels=samples.targets, classes=samples.classes)


def as_batch(samples: Samples, *, labels: str, positive: Collection[int] | None = None) -> Batch:
    """Make samples into a batch with real labels: inputs flat, centred, of mean square 1.

    Parameters
    ----------
    samples
        S samples.
    labels
        "centred" (mean of the batch removed) or "raw".
    positive
        For samples with classes: the classes with label 1; the others have 0 (``digits`` has 5 to 9). None for
        real-valued targets.

    Raises
    ------
    InputError
        If ``positive`` does not suit the targets, ``labels`` is unknown, or all labels or samples are equal.
    """
    if samples.classes is None:
        if positive is not None:
            raise InputError("positive", positive, "the targets are real-valued: leave it out")
        y = samples.targets.double() if labels == "raw" else _from_first(samples.targets)
        return assemble(_from_first(samples.flat()), y, labels, population=None)
    if not positive or not set(positive) < set(range(samples.classes)):
        raise InputError("positive", positive, f"name some of the classes 0 to {samples.classes - 1}, not all")
    chosen = torch.isin(samples.targets, torch.tensor(sorted(set(positive))))
    return assemble(_from_first(samples.flat()), chosen.double(), labels, population=None)


def _from_first(values: Tensor) -> Tensor:
    """Differences to the first sample, in float64: what is constant becomes exactly 0, and so does its mean."""
    values = values.double()
    return values - values[:1]
