"""What PATH, SCALE and GEN share: a task, a network pruned on one batch of it, and samples independent of both."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from graphon_theory.errors import InputError
from verification.cases import Case, Observation
from verification.claims.masked_kernels import group_name as kernel_group_name
from verification.data.linear_task import Sample, digit_parts, linear_task
from verification.generalisation.pruned import PrunedHidden, pruned_hidden

Array = npt.NDArray[np.float64]

SPREAD = 1.0
"""Logarithm of the largest over the smallest standard deviation of an input, for the Gaussian task."""


def linear_samples(case: Case, sizes: Sequence[int], generator: torch.Generator) -> tuple[Array, tuple[Sample, ...]]:
    """Draw a linear teacher and independent samples of it, without noise: ``y = X beta``.

    Inputs are Gaussian of unequal scales, or disjoint parts of the digits; coefficients decay like 1/k.

    Parameters
    ----------
    case
        Its data and its number of inputs; digits have 64.
    sizes
        Sizes of the samples.
    generator
        Source of all randomness.

    Returns
    -------
    tuple
        beta, shape (d,), and the samples.
    """
    task = linear_task(case.inputs, generator=generator, teacher="decaying", spread=SPREAD)
    if case.data == "digits":
        parts = digit_parts(sizes, generator)
        # Pixels that are 0 in all images have no part in the labels, and SNIP gives them no edge.
        seen = torch.cat([part.inputs for part in parts]).abs().amax(dim=0) > 0.0
        beta = task.beta * seen
        return beta.numpy(), tuple(Sample(part.inputs, part.inputs @ beta) for part in parts)
    return task.beta.numpy(), tuple(task.draw(size, generator) for size in sizes)


def prune_on(
    case: Case, batch: Sample | None, generator: torch.Generator, *, readout_scale: float = 1.0, dense: bool = False
) -> PrunedHidden:
    """Prune a fresh network as the case says; ``dense`` keeps all edges instead."""
    return pruned_hidden(
        case.inputs,
        case.width,
        criterion=str(case.criterion),
        density=1.0 if dense else case.density,
        generator=generator,
        batch=batch,
        weights="kept" if dense else case.weights,
        activation=case.activation,
        initialisation=case.initialisation,
        readout_scale=readout_scale,
    )


def finite_values(group: Sequence[Observation], variant: str, measure: str) -> list[float]:
    """Read one quantity off observations, for rules that count how often a comparison holds: with NaN none does.

    Parameters
    ----------
    group
        Observations that carry the quantity.
    variant, measure
        Its variant and name.

    Raises
    ------
    InputError
        If a value is NaN or infinite.
    """
    values = [o.values[variant][measure] for o in group]
    for o, value in zip(group, values, strict=True):
        if not math.isfinite(value):
            raise InputError(f"{variant}, {measure}", value, f"make trial {o.repeat} of {group_name(o.case)} anew")
    return values


def group_name(case: Case) -> str:
    """Name the cases that differ in size alone."""
    # Other claims' names have the data where it prunes alone; here samples are drawn for every criterion.
    return f"{case.data} inputs, {kernel_group_name(case)}"
