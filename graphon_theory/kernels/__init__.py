"""Dual activations: the two Gaussian expectations that every neural tangent kernel is made of.

For a centred Gaussian pair ``(z, z')`` with variances ``s11``, ``s22`` and covariance ``s12``,
``k1 = E[sigma(z) sigma(z')]`` and ``k0 = E[sigma'(z) sigma'(z')]``. One file an activation, each with its closed form
(where there is one) and the derivation of it; ``hermite`` and ``panels`` do any activation, with an error estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from graphon_theory.kernels.activation import Activation, Duals
from graphon_theory.kernels.duals import dual_activations
from graphon_theory.kernels.erf import ERF
from graphon_theory.kernels.gelu import GELU
from graphon_theory.kernels.hermite import HermiteSeries, dual_series, hermite_series
from graphon_theory.kernels.panels import dual_panels
from graphon_theory.kernels.relu import RELU
from graphon_theory.kernels.tanh import TANH

__all__ = [
    "ACTIVATIONS",
    "ERF",
    "GELU",
    "RELU",
    "TANH",
    "Activation",
    "Duals",
    "HermiteSeries",
    "dual_activations",
    "dual_panels",
    "dual_series",
    "hermite_series",
]

ACTIVATIONS: Final[Mapping[str, Activation]] = MappingProxyType(
    {activation.name: activation for activation in (RELU, ERF, GELU, TANH)}
)
"""The activations that come with the package, by name."""
