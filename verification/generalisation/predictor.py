"""Predictors in the kernel regime: a masked network trained to the end, and after any number of steps.

The linearised network of squared loss, started at ``f - f_0 = 0`` and trained by full-batch gradient descent with the
kernel K, is after t steps of rate eta

    f_t(x) = K(x, X) K^-1 (I - (I - eta K/N)^t) y,

and in the limit the interpolant of least norm, ``K(x, X) K^-1 y``. ``verification.ntk.training`` takes the steps one
by one, and those of the network itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from graphon_theory.errors import InputError
from graphon_theory.generalisation.intake import count, matrix, number
from verification.generalisation.complexity import Complexity, complexity, require_labels
from verification.ntk.empirical import empirical_ntk
from verification.ntk.masked import MaskedNetwork
from verification.ntk.spectra import Spectrum, spectrum

Array = npt.NDArray[np.float64]

HIDDEN = ("hidden",)
"""Layers that train where the theory speaks of ``K_1``: the masked one alone."""


@dataclass(frozen=True, eq=False)
class KernelRegime:
    """A masked network trained to the end in the kernel regime.

    Parameters
    ----------
    kernel
        K on the training inputs, shape (N, N).
    cross
        ``K(x', X)`` of test and training inputs, shape (T, N).
    train, test
        Outputs ``f - f_0``, shapes (N,) and (T,).
    complexity
        Of the labels under the kernel.
    """

    kernel: Array
    cross: Array
    train: Array
    test: Array
    complexity: Complexity


def interpolant(kernel: Array, labels: npt.ArrayLike, cross: Array, *, ridge: float = 0.0) -> Array:
    """``K(x', X) (K + ridge I)^-1 y``, shape (T,).

    Parameters
    ----------
    kernel
        K, shape (N, N), symmetric; positive definite with the ridge.
    labels
        y, shape (N,).
    cross
        ``K(x', X)``, shape (T, N).
    ridge
        Non-negative; 0 interpolates.

    Raises
    ------
    InputError
        If shapes do not fit, a number is not finite, the kernel is not positive semidefinite, or its smallest
        eigenvalue with the ridge cannot be told from 0.
    """
    ridge = number("ridge", ridge, 0.0, np.inf)
    y, found = _require(kernel, labels, cross)
    if not float(found.eigenvalues[-1]) + ridge > found.error:
        raise InputError("kernel", "not positive definite beyond rounding", "give a ridge > 0, or drop equal inputs")
    try:
        factor = np.linalg.cholesky(0.5 * (kernel + kernel.T) + ridge * np.eye(len(y)))
    except np.linalg.LinAlgError as error:
        raise InputError("kernel", "not positive definite", "give a ridge > 0, or drop equal inputs") from error
    weights = np.linalg.solve(factor.T, np.linalg.solve(factor, y))
    outputs: Array = cross @ weights
    return outputs


def after_steps(kernel: Array, labels: npt.ArrayLike, cross: Array, *, steps: int, step_size: float = 1.0) -> Array:
    """Train the linearised network for a number of steps of gradient descent: its outputs, shape (T,).

    Parameters
    ----------
    kernel, labels, cross
        As ``interpolant``; K positive semidefinite is enough.
    steps
        t, a whole number, non-negative.
    step_size
        ``eta lambda_1/N``, in (0, 2), as in ``verification.ntk.training.lazy_training``.

    Raises
    ------
    InputError
        If shapes do not fit, a number is not finite or out of range, or the kernel is 0 or not positive semidefinite.
    """
    steps = count("steps", steps, 0)
    y, _ = _require(kernel, labels, cross)
    if not 0.0 < step_size < 2.0:
        raise InputError("step_size", step_size, "give a number in (0, 2)")
    values, vectors = np.linalg.eigh(0.5 * (kernel + kernel.T))
    shares = step_size * np.maximum(values, 0.0) / values[-1]
    # (1 - (1 - s)^t)/s, which tends to t where s does to 0; powers of (1 - s) in [-1, 1] lose nothing.
    done = np.where(shares > 1e-12, (1.0 - (1.0 - shares) ** steps) / np.maximum(shares, 1e-12), float(steps))
    outputs: Array = cross @ (vectors @ (done * (step_size / values[-1]) * (vectors.T @ y)))
    return outputs


def kernel_regime(network: MaskedNetwork, inputs: Tensor, labels: npt.ArrayLike, test_inputs: Tensor) -> KernelRegime:
    """Train the masked layer of a network to the end in the kernel regime.

    Parameters
    ----------
    network
        A network whose masked layer is called "hidden", such as ``pruned_hidden`` makes.
    inputs
        Shape (N, d).
    labels
        y, shape (N,): of the centred network ``f - f_0``.
    test_inputs
        Shape (T, d).

    Raises
    ------
    InputError
        As ``empirical_ntk`` and ``complexity``: a kernel that is singular to rounding is refused.
    """
    kernel, cross = hidden_kernels(network, inputs, test_inputs)
    found = complexity(kernel, labels)
    return KernelRegime(kernel, cross, interpolant(kernel, labels, kernel), interpolant(kernel, labels, cross), found)


def hidden_kernel(network: MaskedNetwork, inputs: Tensor, others: Tensor | None = None) -> Array:
    """Exact ``K_1`` of the network, float64, shape (N, N), or (N, T) with other inputs.

    Parameters
    ----------
    network, inputs
        As ``kernel_regime``.
    others
        Other inputs, shape (T, d).
    """
    total = empirical_ntk(network.module, inputs, others, masks=network.masks, layers=HIDDEN).total
    kernel: Array = total.double().cpu().numpy()
    return kernel


def hidden_kernels(network: MaskedNetwork, inputs: Tensor, test_inputs: Tensor) -> tuple[Array, Array]:
    """Exact ``K_1`` of the network, float64: on the training inputs, and of test with training inputs.

    Parameters
    ----------
    network, inputs, test_inputs
        As ``kernel_regime``.
    """
    return hidden_kernel(network, inputs), hidden_kernel(network, test_inputs, inputs)


def _require(kernel: Array, labels: npt.ArrayLike, cross: Array) -> tuple[Array, Spectrum]:
    """Labels, and the kernel's eigenvalues with their error."""
    found = spectrum(kernel)
    if matrix("cross", cross, signed=True).shape[1] != len(kernel):
        raise InputError("cross", f"shape {cross.shape}", f"give shape (T, {len(kernel)})")
    return require_labels(labels, len(kernel)), found
