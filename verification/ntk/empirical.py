"""The exact neural tangent kernel of a masked network at finite width, layer by layer, without Jacobians.

``Theta(x, x') = sum over trainable kept weights of (df/dw)(x) (df/dw)(x')``. In the parametrisation of the theory a
layer is ``z = in^(-1/2) w h`` with weights of order 1, trained at one rate; a module's own weight is ``in^(-1/2) w``,
and so its kernel is that of ``torch``'s gradients over the layer's number of inputs, dropped ones included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.ntk.capture import capture, trained_layers
from verification.ntk.masked_gram import bias_gram, masked_gram, mirror

PARAMETRISATIONS = ("ntk", "standard")
OUTPUTS = ("sum", "each")


@dataclass(frozen=True, eq=False)
class EmpiricalKernel:
    """A kernel and what it is the sum of.

    Parameters
    ----------
    total
        Shape (N, N'), or (C, N, N') with one kernel an output.
    layers
        Contribution of the weights of each layer under its name ("hidden", "0"), of its biases under
        "<name>.bias"; shapes as ``total``, of which they are the summands.
    """

    total: Tensor
    layers: dict[str, Tensor]


def empirical_ntk(
    module: nn.Module,
    x: Tensor,
    y: Tensor | None = None,
    *,
    masks: Mapping[str, Tensor] | None = None,
    layers: Iterable[str] | None = None,
    biases: bool = False,
    outputs: str = "sum",
    parametrisation: str = "ntk",
    dtype: torch.dtype | None = None,
) -> EmpiricalKernel:
    """Neural tangent kernel of a network of masked ``Linear`` layers.

    Parameters
    ----------
    module
        ``Linear`` layers with elementwise activations between; outputs of shape (N,) or (N, C). Left as it was.
    x
        Inputs, shape (N, d).
    y
        Other inputs, shape (N', d); by default the same, and the kernel is then exactly symmetric.
    masks
        Layer name to boolean mask, shape (out, in): the weights that train. Weights dropped must be 0. Layers
        without a mask train densely.
    layers
        Names of the layers that train; all of them by default.
    biases
        Whether the biases of these layers train too.
    outputs
        "sum": the sum over outputs of their kernels; "each": one kernel an output, kernels between two different
        outputs left out.
    parametrisation
        "ntk": weights of order 1 with factors ``in^(-1/2)``, so that each layer's gradient products are divided by
        its number of inputs (biases are not); "standard": the module's own weights.
    dtype
        ``torch.float32`` or ``torch.float64``; by default that of the module.

    Returns
    -------
    EmpiricalKernel
        On the device of the module.

    Raises
    ------
    InputError
        If the module has layers of another kind (``Conv2d`` too), shared weights, samples that meet, or Dropout in
        training mode; if masks do not fit or drop weights that are not 0; if anything is not finite; if a name is
        unknown or nothing trains.

    Notes
    -----
    Cost of a layer beyond one forward and C backward passes, in multiplications and additions: dense, or a mask of
    whole rows and columns, ``2 N^2 (C out + in)``; any other mask of nnz edges ``2 N^2 C min(nnz, out in - nnz)``, of
    which symmetry saves 25 % at N = 256 and nearly half for large N, or, summed, ``N^2 out in`` if that is less.
    """
    for name, value, allowed in (("outputs", outputs, OUTPUTS), ("parametrisation", parametrisation, PARAMETRISATIONS)):
        if value not in allowed:
            raise InputError(name, value, f"choose one of {', '.join(allowed)}")
    trained = trained_layers(module, masks, layers)
    kind = next(iter(trained.values())).weight.dtype if dtype is None else dtype
    if kind not in (torch.float32, torch.float64):
        raise InputError("dtype", kind, "give torch.float32 or torch.float64")
    left = capture(module, x, trained, kind)
    right = None if y is None else capture(module, y, trained, kind)
    summed = outputs == "sum"
    parts: dict[str, Tensor] = {}
    for name, layer in trained.items():
        pair = left[name], None if right is None else right[name]
        part = masked_gram(*pair, None if masks is None else masks.get(name), summed=summed)
        parts[name] = part.div_(layer.in_features) if parametrisation == "ntk" else part
        if biases and layer.bias is not None:
            parts[f"{name}.bias"] = bias_gram(*pair, summed=summed)
    if right is None:  # matrix products need not round alike on both sides of the diagonal
        for part in parts.values():
            mirror(part)
    total = torch.zeros_like(next(iter(parts.values())))
    for part in parts.values():
        total += part
    if not bool(torch.isfinite(total).all()):
        raise InputError("kernel", "NaN or infinite", "use float64, or scale the inputs and weights down")
    return EmpiricalKernel(total, parts)
