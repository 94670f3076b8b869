"""The limit kernel at the types of a finite network, for pairs of inputs, by the sum of [P25] Theorem 1.

``W_l`` and ``V_l`` are matrices over the neurons themselves, so that every integral over positions is a mean over
neurons. The recursion runs as the theorem writes it, covariances forwards and ``G_l`` backwards, in float64; ``limit``
runs forwards alone, over nodes. It is meant for a few pairs of inputs, which it keeps apart from all other pairs.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from graphon_theory.errors import InputError
from graphon_theory.kernels import Activation, Duals, dual_activations

Array = npt.NDArray[np.float64]

_NOTHING: Final = 1e-140  # energies below count as 0: products of two variances would underflow


@dataclass(frozen=True)
class PairKernel:
    """The kernel of P pairs of inputs, part by part; the last part is the dense output layer's.

    Parameters
    ----------
    first, second
        ``Theta_l(x, x)`` and ``Theta_l(x', x')``, shape (L + 1, P).
    cross
        ``Theta_l(x, x')``, shape (L + 1, P).
    """

    first: Array
    second: Array
    cross: Array


def pair_kernel(
    x: Array,
    y: Array,
    trainable: Sequence[Array],
    energies: Sequence[Array],
    readout: Array,
    activation: Activation,
    *,
    slopes: Activation | None = None,
) -> PairKernel:
    """Kernel of a masked network with a dense output, at P pairs ``(x_p, y_p)``.

    Parameters
    ----------
    x, y
        Inputs, shape (P, d).
    trainable
        ``W_l = P(kept)``, first to last, shapes (n_1, d), (n_2, n_1), ...
    energies
        ``V_l = E[xi^2; kept]`` of the same shapes, in units where the dense weight has variance ``V`` of no mask.
    readout
        ``E[a^2 | u]`` at the last layer's neurons, shape (n_L,).
    activation
        ``sigma``.
    slopes
        Activation whose ``k0`` is used, if it is another one: only false variants do that.

    Returns
    -------
    PairKernel
        Each with L + 1 rows.

    Raises
    ------
    InputError
        If shapes do not fit.
    """
    _require_shapes(x, y, trainable, energies, readout)
    # Columns: P times (x, x), then (y, y), then (x, y).
    products = np.concatenate([x * x, y * y, x * y]).T
    below, states, inner = products, [], []
    for energy in energies:
        covariance = np.where(energy < _NOTHING, 0.0, energy) @ below / energy.shape[1]
        states.append(_both(activation, covariance) if slopes is None else _mixed(activation, slopes, covariance))
        inner.append(below)
        below = states[-1].k1
    parts = [below.mean(axis=0)]
    outer = readout[:, None] * states[-1].k0
    for layer in reversed(range(len(energies))):
        through = trainable[layer] @ inner[layer] / trainable[layer].shape[1]
        parts.append((outer * through).mean(axis=0))
        if layer:
            # G_l(u') = k0(u') integral V_(l+1)(u, u') G_(l+1)(u) du
            outer = states[layer - 1].k0 * (energies[layer].T @ outer) / len(outer)
    found = np.array([*reversed(parts[1:]), parts[0]]).reshape(len(energies) + 1, 3, len(x))
    return PairKernel(found[:, 0], found[:, 1], found[:, 2])


def _both(activation: Activation, covariance: Array) -> Duals:
    """Both duals of all pairs, shape (n, 3 P): variances are the first two thirds of the columns."""
    first, second, cross = np.split(covariance, 3, axis=1)
    own = np.concatenate([first, second], axis=1)
    diagonal = dual_activations(activation, own, own, own)
    mixed = dual_activations(activation, first, second, cross)
    joined = (
        np.concatenate([getattr(diagonal, name), getattr(mixed, name)], axis=1)
        for name in ("k1", "k0", "error1", "error0")
    )
    return Duals(*joined)


def _mixed(activation: Activation, slopes: Activation, covariance: Array) -> Duals:
    """``k1`` of one activation with ``k0`` of another."""
    true, false = _both(activation, covariance), _both(slopes, covariance)
    return Duals(true.k1, false.k0, true.error1, false.error0)


def _require_shapes(x: Array, y: Array, trainable: Sequence[Array], energies: Sequence[Array], readout: Array) -> None:
    if x.ndim != 2 or x.shape != y.shape or x.size == 0:
        raise InputError("x and y", (x.shape, y.shape), "give two matrices of one shape (P, d)")
    if not energies or [part.shape for part in energies] != [part.shape for part in trainable]:
        shapes = [[part.shape for part in parts] for parts in (trainable, energies)]
        raise InputError("trainable and energies", shapes, "give one matrix a layer each, of the same shapes")
    columns = [x.shape[1], *(part.shape[0] for part in energies)]
    for layer, (part, wanted) in enumerate(itertools.zip_longest(energies, columns[:-1])):
        if part.ndim != 2 or part.shape[1] != wanted:
            raise InputError(f"energies[{layer}]", f"array of shape {part.shape}", f"give {wanted} columns")
    if readout.shape != (columns[-1],):
        raise InputError("readout", f"array of shape {readout.shape}", f"give shape ({columns[-1]},)")
