"""Independent samples of one linear teacher, and of two classes of digits: labels whose risk is asked for.

A pruning batch, a training sample and a test sample must come from one population and know nothing of each other; a
task is that population. The linear task draws Gaussian inputs of known scales and labels

    y = sqrt(R^2) <beta, x> + sqrt(1 - R^2) noise,    Var <beta, x> = 1,

where few or decaying coordinates of beta matter, so that it makes a difference which inputs a mask keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import torch
from torch import Tensor

from graphon_theory.errors import InputError
from graphon_theory.generalisation.intake import count, number
from verification.data.batch import unit_inputs
from verification.data.digits import DIGIT_SAMPLES, digit_samples

TEACHERS = ("sparse", "decaying")
LARGEST_SPREAD = 300.0
"""Variances then stay normal floats: they are within ``exp(600)``, or 1e261, of one another."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Inputs and labels, both float64.

    Parameters
    ----------
    inputs
        Shape (N, d).
    labels
        Shape (N,).
    """

    inputs: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)
class LinearTask:
    """Gaussian inputs and a linear teacher.

    Parameters
    ----------
    beta
        Coefficients of the noiseless label, shape (d,): ``y = X beta`` where the signal is 1.
    scales
        Standard deviations of the inputs, shape (d,), of mean square 1.
    signal
        Linearly explained share ``R^2`` of the label's variance, in [0, 1]; 0: labels are noise.
    signs
        Whether labels are the signs of ``y``, -1 or 1.
    """

    beta: Tensor
    scales: Tensor
    signal: float
    signs: bool = False

    def draw(self, samples: int, generator: torch.Generator) -> Sample:
        """Draw independent samples.

        Raises
        ------
        InputError
            If the number is not positive.
        """
        samples = count("samples", samples)
        x = torch.randn(samples, len(self.beta), generator=generator, dtype=torch.float64) * self.scales
        noise = torch.randn(samples, generator=generator, dtype=torch.float64)
        y = sqrt(self.signal) * (x @ self.beta) + sqrt(1.0 - self.signal) * noise
        return Sample(x, torch.where(y > 0.0, 1.0, -1.0).double() if self.signs else y)


def linear_task(
    inputs: int,
    *,
    generator: torch.Generator,
    teacher: str = "sparse",
    active: int = 4,
    decay: float = 1.0,
    spread: float = 0.0,
    signal: float = 1.0,
    signs: bool = False,
) -> LinearTask:
    """Draw a linear teacher.

    Parameters
    ----------
    inputs
        Number of inputs d, positive.
    generator
        Draws coefficients, their places and the scales' places.
    teacher
        "sparse": ``active`` inputs matter alike; "decaying": the k-th in importance has ``k^-decay``. Signs and places
        are drawn.
    active
        Number of inputs that matter, 1 to d; for "sparse".
    decay
        Positive; for "decaying".
    spread
        Logarithm of the largest over the smallest scale of an input, from 0 to ``LARGEST_SPREAD``: scales are
        geometric, in a random order. 0: all inputs have variance 1.
    signal
        ``R^2``, in [0, 1].
    signs
        Whether labels are signs.

    Raises
    ------
    InputError
        If a number is out of range or the teacher unknown.
    """
    inputs = count("inputs", inputs)
    if teacher not in TEACHERS:
        raise InputError("teacher", teacher, f"choose one of {', '.join(TEACHERS)}")
    if teacher == "sparse" and count("active", active) > inputs:
        raise InputError("active", active, f"give 1 to {inputs}, the number of inputs")
    if teacher == "decaying":
        number("decay", decay, 0.0, inf, open_low=True)
    number("signal", signal, 0.0, 1.0)
    number("spread", spread, 0.0, LARGEST_SPREAD)
    ranks = torch.arange(1, inputs + 1, dtype=torch.float64)
    sizes = (ranks <= active).double() if teacher == "sparse" else ranks**-decay
    signed = sizes * (2.0 * torch.randint(2, (inputs,), generator=generator).double() - 1.0)
    beta = signed[torch.randperm(inputs, generator=generator)]
    scales = torch.exp(spread * (ranks - 0.5) / inputs)[torch.randperm(inputs, generator=generator)]
    scales = scales / scales.square().mean().sqrt()
    return LinearTask(beta / (beta * scales).norm(), scales, signal, signs)


def digit_parts(sizes: Sequence[int], generator: torch.Generator) -> tuple[Sample, ...]:
    """Disjoint random parts of scikit-learn's digits, 5-9 (label 1) against 0-4 (label -1), 64 pixels.

    Parameters
    ----------
    sizes
        Sizes of the parts, each positive, 1,797 at most together.
    generator
        Draws the order.

    Returns
    -------
    tuple
        One sample a size. Inputs are centred and scaled to mean square 1 over all images, before any part is drawn, so
        that a part depends on the others by not holding their images alone.

    Raises
    ------
    InputError
        If a size is not positive or there are too few images.
    """
    if not sizes or min(sizes) < 1 or sum(sizes) > DIGIT_SAMPLES:
        raise InputError("sizes", tuple(sizes), f"give positive sizes of {DIGIT_SAMPLES} together at most")
    samples = digit_samples()
    inputs = unit_inputs(samples.flat().double())
    labels = torch.where(samples.targets >= 5, 1.0, -1.0).double()
    order = torch.randperm(DIGIT_SAMPLES, generator=generator)[: sum(sizes)]
    return tuple(Sample(inputs[part], labels[part]) for part in torch.split(order, list(sizes)))
