"""Features with mean 0, and with variance 1 if wanted; constant features are left at zero and reported."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from graphon_theory.errors import InputError
from verification.data.samples import Samples

_PIECE = 4096  # samples at a time: bounds the memory of a copy in float64


@dataclass(frozen=True, eq=False)
class Standardised:
    """Samples with their features moved and scaled, and how.

    Parameters
    ----------
    samples
        ``(inputs - mean) / scale`` in float32; exactly 0 at constant features.
    mean
        Means of the features, float64, of the shape of one input.
    scale
        What the features were divided by, float64, of the shape of one input, positive.
    constant
        Features that are equal in all samples, boolean, of the shape of one input.
    """

    samples: Samples
    mean: Tensor
    scale: Tensor
    constant: Tensor

    def apply(self, other: Samples) -> Samples:
        """Move and scale other samples, such as a test set, with the numbers of these.

        Constant features are 0 there too, whatever they are.

        Raises
        ------
        InputError
            If the shape of an input is another.
        """
        if other.shape != self.samples.shape:
            raise InputError("shape of the inputs", other.shape, f"give samples of shape {self.samples.shape}")
        return _moved(other, self.mean, self.scale, self.constant)


def centred(samples: Samples) -> Standardised:
    """Remove the mean of every feature; its scale stays.

    Parameters
    ----------
    samples
        At least one sample; inputs of any shape.
    """
    mean, _, constant = _moments(samples)
    scale = torch.ones_like(mean)
    return Standardised(_moved(samples, mean, scale, constant), mean, scale, constant)


def standardised(samples: Samples) -> Standardised:
    """Remove the mean of every feature and divide by its standard deviation (over N, not N - 1).

    Parameters
    ----------
    samples
        At least one sample; inputs of any shape.
    """
    mean, variance, constant = _moments(samples)
    scale = torch.where(constant, 1.0, variance.sqrt())
    return Standardised(_moved(samples, mean, scale, constant), mean, scale, constant)


def _moments(samples: Samples) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, variance (both float64) and constancy of every feature, in two passes of bounded memory."""
    inputs = samples.inputs
    # By equality, not by a small variance: a feature that varies at all keeps its information.
    constant = inputs.amin(dim=0) == inputs.amax(dim=0)
    mean = torch.stack([part.double().sum(dim=0) for part in torch.split(inputs, _PIECE)]).sum(dim=0) / len(inputs)
    squares = [(part.double() - mean).square().sum(dim=0) for part in torch.split(inputs, _PIECE)]
    return mean, torch.stack(squares).sum(dim=0) / len(inputs), constant


def _moved(samples: Samples, mean: Tensor, scale: Tensor, constant: Tensor) -> Samples:
    inputs = torch.empty_like(samples.inputs)
    for source, target in zip(torch.split(samples.inputs, _PIECE), torch.split(inputs, _PIECE), strict=True):
        target.copy_(((source.double() - mean) / scale).masked_fill_(constant, 0.0))
    return replace(samples, inputs=inputs)
