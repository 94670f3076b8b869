"""Neural tangent kernel of the graphon limit: NTK-1 and NTK-L, in blocks.

With ``S_1(u) = integral of V_1(u,v) x(v) x'(v) dv``, ``K_l = k1(S_l)`` and ``S_(l+1)(u) = integral of V_(l+1)(u,u')
K_l(u') du'``, the kernel of the layers up to l at a neuron in u obeys, forwards,
``T_1(u) = integral of W_1(u,v) x(v) x'(v) dv`` and
``T_(l+1)(u) = integral of W_(l+1)(u,u') K_l(u') + V_(l+1)(u,u') k0(S_l(u')) T_l(u') du'``. Then
``Theta = integral of E[a^2|u] k0(S_L) T_L du + integral of K_L du``; the second term is the output layer's.

Unrolled, this is the sum over layers of [P25], Theorem 1, with W and V kept apart. Differs from writing that sum down
in: layers in forward order, so that nothing but one block is kept; one matrix product in place of a loop over pairs
of nodes; few Gram matrices in place of one a node (``graphon_factors``); half the blocks where both inputs are the
same; the diagonal from a float64 recursion of its own.

Holds for weights drawn anew after pruning (then V is W times their variance), and for kept weights where the mask does
not depend on the data. For kept weights under data-driven masks the recursion must be conditioned on the types.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy.typing as npt
import torch
from torch import Tensor

from graphon_theory.errors import InputError
from graphon_theory.kernels import Activation
from verification.ntk.dual import Dual, dual
from verification.ntk.graphon_factors import GraphonLayer, factorise, require_chain
from verification.ntk.homogeneous import Homogeneous, energies, homogeneous
from verification.ntk.propagation import Propagation, Tile

_ELEMENTS: Final = {"cpu": 1 << 17, "cuda": 1 << 26}
_SIDES: Final = {"cpu": (128, 256), "cuda": (256, 4096)}


@dataclass(frozen=True)
class LimitKernel:
    """The limit kernel at given inputs.

    Parameters
    ----------
    total
        ``Theta(x_i, x'_j)``, shape (N, N').
    layers
        Contributions of the masked layers, first to last, each (N, N'); None unless asked for. For one hidden layer
        the first is ``K_1``.
    output
        Contribution of the output layer (``K_2``), (N, N'); None unless asked for, or where it is not trained.
    rank
        Number of Gram matrices that served all nodes.
    factor_error
        Largest error of an entry of the first layer's graphons by their factorisation: a covariance of the first layer
        is wrong by at most this times ``|x| |x'|/d``.
    node_error
        Largest ``error`` of the layers: sums over nodes for integrals, as far as degrees and energies show it.
    activation_error
        Estimated relative error of a series in place of the activation's closed form; 0 where there is one.
    """

    total: Tensor
    layers: tuple[Tensor, ...] | None
    output: Tensor | None
    rank: int
    factor_error: float
    node_error: float
    activation_error: float


def limit_ntk(
    X: npt.ArrayLike | Tensor,
    layers: GraphonLayer | Sequence[GraphonLayer],
    X2: npt.ArrayLike | Tensor | None = None,
    *,
    activation: str | Activation | Dual = "relu",
    train_output: bool = True,
    contributions: bool = False,
    tolerance: float = 1e-5,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
    block: int | None = None,
) -> LimitKernel:
    """Kernel of the limit network of one or several masked layers and a dense output.

    Network: ``z_1 = d^(-1/2) (M_1 * xi_1) x``, ``z_(l+1) = n^(-1/2) (M * xi) sigma(z_l)``,
    ``f = n^(-1/2) sum_i a_i sigma(z_L,i)``, derivatives with respect to ``xi`` where kept and (if trained) ``a``.

    Parameters
    ----------
    X
        Inputs, shape (N, d), finite.
    layers
        The masked layers from input to output; the first has d columns, every other the nodes of the one before.
        ``E[a^2|u]`` is the last one's ``readout``.
    X2
        Other inputs, shape (N', d); X again if not given, which halves the work and makes the diagonal exact.
    activation
        A name, an ``Activation`` of your own (by Hermite series), or what ``dual`` returns.
    train_output
        Whether the output layer is trained.
    contributions
        Whether to give the layers' contributions as well: one more result each.
    tolerance
        Of the factorisation, as in ``factorise``.
    dtype
        float32 or float64; that of X, else float32.
    device
        Where to work; that of X, else the CPU.
    block
        Rows of a block; chosen for the cache if not given. Memory beyond results and inputs is that of a few blocks a
        node and layer, and of one number an input, node and layer.

    Returns
    -------
    LimitKernel
        float32 results err by some 1e-6 relative to ``sqrt(Theta(x,x) Theta(x',x'))``, the diagonal by its last
        place; ``k0`` of two inputs that are nearly equal, but not the same entry, loses up to half the digits.

    Raises
    ------
    InputError
        If inputs are not finite matrices of d columns, or layers, activation, dtype or block are unusable.
    """
    chain = require_chain(layers)
    first = _matrix(X, "X", dtype, device)
    second = first if X2 is None else _matrix(X2, "X2", first.dtype, first.device)
    for name, part in (("X", first), ("X2", second)):
        if part.shape[1] != chain[0].columns.size:
            raise InputError(name, f"array of shape {tuple(part.shape)}", f"give {chain[0].columns.size} columns")
    if block is not None and block < 1:
        raise InputError("block", block, "give a positive number of rows")
    kernel = dual(activation) if isinstance(activation, (str, Activation)) else activation
    symmetric = X2 is None
    plan: Propagation | Homogeneous | None = homogeneous(
        first, second, chain, kernel, symmetric=symmetric, train_output=train_output
    )
    if plan is None or contributions:
        factors = factorise(chain[0], tolerance=tolerance)
        plan = Propagation(first, second, chain, factors, kernel, symmetric=symmetric, train_output=train_output)
        rank, factor_error = factors.rank, factors.error
    else:
        rank, factor_error = 1, 0.0
    side = block if block is not None else _side(first.device, plan.planes)
    found = _fill(plan, first, second, side, symmetric=symmetric, apart=contributions)
    return LimitKernel(
        total=found[0],
        layers=tuple(found[1 : 1 + len(chain)]) if contributions else None,
        output=found[-1] if contributions and train_output else None,
        rank=rank,
        factor_error=factor_error,
        node_error=max(layer.error for layer in chain),
        activation_error=plan.activation_error,
    )


def refinement_error(
    build: Callable[[int], GraphonLayer | Sequence[GraphonLayer]],
    nodes: int,
    X: npt.ArrayLike | Tensor,
    *,
    activation: str | Activation | Dual = "relu",
    train_output: bool = True,
    sample: int = 12,
) -> float:
    """Estimate the error of quadrature in u, by doubling the nodes for a few of the inputs.

    Parameters
    ----------
    build
        Makes the layers at a number of nodes.
    nodes
        The number to judge.
    X
        Inputs; evenly spaced ones of them are used.
    activation, train_output
        As in ``limit_ntk``.
    sample
        Number of inputs, positive.

    Returns
    -------
    float
        Largest difference of the two kernels, relative to the largest entry, in float64. It estimates the error at
        ``nodes``, and is far above that at twice as many where the graphon is smooth.
    """
    inputs = _matrix(X, "X", torch.float64, None)
    chosen = inputs[:: max(1, len(inputs) // sample)][:sample]
    coarse, fine = (
        limit_ntk(chosen, build(count), activation=activation, train_output=train_output, tolerance=1e-12).total
        for count in (nodes, 2 * nodes)
    )
    return float((coarse - fine).abs().max() / fine.abs().max().clamp_min(torch.finfo(torch.float64).tiny))


def _matrix(
    value: npt.ArrayLike | Tensor, name: str, dtype: torch.dtype | None, device: torch.device | str | None
) -> Tensor:
    found = value.detach() if isinstance(value, Tensor) else torch.as_tensor(value)
    if dtype is None:
        dtype = torch.float64 if found.dtype == torch.float64 else torch.float32
    if dtype not in (torch.float32, torch.float64):
        raise InputError("dtype", dtype, "give torch.float32 or torch.float64")
    if found.ndim != 2 or found.numel() == 0:
        raise InputError(name, f"array of shape {tuple(found.shape)}", "give a non-empty (N, d) matrix")
    found = found.to(device=device, dtype=dtype)
    if not bool(torch.isfinite(energies(found)).all()):
        raise InputError(name, "NaN, infinity, or too large to be squared", "give finite inputs")
    return found


def _side(device: torch.device, planes: int) -> int:
    """Side of a block of which ``planes`` copies fit the cache."""
    kind = "cuda" if device.type == "cuda" else "cpu"
    low, high = _SIDES[kind]
    side = math.isqrt(_ELEMENTS[kind] // planes)
    # Whole vector registers: a matrix product on a ragged side loses up to a fifth of its speed.
    return min(max(side - side % 32, low), high)


def _fill(
    plan: Propagation | Homogeneous, first: Tensor, second: Tensor, side: int, *, symmetric: bool, apart: bool
) -> list[Tensor]:
    """Results: the total, then each layer and the output apart if wanted."""
    shape = (len(first), len(second))
    results = [torch.empty(shape, dtype=first.dtype, device=first.device) for _ in range(plan.results(apart=apart))]
    for rows, columns, same in _blocks(*shape, side, symmetric=symmetric):
        for result, tile in zip(results, plan.tile(Tile(rows, columns, same), apart=apart), strict=True):
            # A product of a matrix with its own transpose is symmetric up to rounding only.
            result[rows, columns] = tile.add(tile.T).mul_(0.5) if same else tile
            if symmetric and not same:
                result[columns, rows] = tile.T
    if symmetric:
        for result, exact in zip(results, plan.diagonal(apart=apart), strict=True):
            result.diagonal().copy_(exact)
    return results


def _blocks(rows: int, columns: int, side: int, *, symmetric: bool) -> Iterator[tuple[slice, slice, bool]]:
    """Row and column ranges, and whether they are the same inputs; the upper half alone if symmetric."""
    for i in range(0, rows, side):
        for j in range(i if symmetric else 0, columns, side):
            yield slice(i, min(i + side, rows)), slice(j, min(j + side, columns)), symmetric and i == j
