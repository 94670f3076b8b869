"""What the kernel of a network is made of: the inputs of its layers, and the derivatives of its outputs behind them.

The gradient of output c at the sample s with respect to the weight (i, j) of a layer is ``delta_i(s) h_j(s)``, where
``h`` goes into the layer and ``delta = d f_c / d z`` belongs to what comes out of it. One forward pass gives all
``h``; samples do not meet, so that one backward pass of ``sum_s f_c(s)`` gives ``delta`` at all samples.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from graphon_theory.errors import InputError
from verification.criteria.layers import chosen_weights

_ELEMENTWISE: Final = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus,
    nn.Sigmoid, nn.Hardsigmoid, nn.Hardtanh, nn.Hardswish, nn.Tanh, nn.Softsign, nn.LogSigmoid, nn.Identity,
    nn.Flatten,
)  # fmt: skip


class Factors(NamedTuple):
    """The two factors of one layer's gradients.

    Parameters
    ----------
    signals
        ``delta``, shape (C, N, out): derivative of each output with respect to what leaves the layer.
    inputs
        ``h``, shape (N, in): what enters the layer.
    """

    signals: Tensor
    inputs: Tensor


def trained_layers(
    module: nn.Module, masks: Mapping[str, Tensor] | None, layers: Iterable[str] | None
) -> dict[str, nn.Linear]:
    """Name to layer of the ``Linear`` layers that train, after checking that the module is one that is understood.

    Parameters
    ----------
    module
        ``Linear`` layers with elementwise activations between, in containers of any kind.
    masks
        Layer name to boolean mask of the shape of its weight; layers without one are dense.
    layers
        Names of the layers that train; None for all.

    Raises
    ------
    InputError
        If the module holds a layer of another kind or a parameter outside a layer, a weight is shared or computed
        from others, a name is unknown, or a mask has the wrong shape or dtype or drops a weight that is not 0.
    """
    weights = chosen_weights(module, layers)
    found = dict(module.named_modules())
    for name, part in found.items():
        _require_understood(name, part)
    for name, kept in (masks or {}).items():
        layer = found.get(name)
        if not isinstance(layer, nn.Linear):
            listed = ", ".join(key for key, part in found.items() if isinstance(part, nn.Linear))
            raise InputError("masks", name, f"name Linear layers: {listed}")
        _require_mask(name, layer.weight, kept)
    return {name: layer for name in weights if isinstance(layer := found[name], nn.Linear)}


def capture(module: nn.Module, inputs: Tensor, layers: Iterable[str], dtype: torch.dtype) -> dict[str, Factors]:
    """Run a module forward once and backward once for each output.

    Parameters
    ----------
    module
        A module that ``trained_layers`` has passed; left as it was.
    inputs
        Shape (N, ...), N at least 1.
    layers
        Names of the layers asked for.
    dtype
        ``torch.float32`` or ``torch.float64``: of all that is computed.

    Returns
    -------
    dict
        Layer name to its factors.

    Raises
    ------
    InputError
        If the inputs are not finite numbers, the outputs are not of shape (N,) or (N, C) or not finite, an output
        depends on other samples than its own, or a layer is not used exactly once on a batch of shape (N, in).
    """
    if not isinstance(inputs, Tensor) or inputs.ndim < 2 or inputs.numel() == 0:
        raise InputError("inputs", getattr(inputs, "shape", type(inputs).__name__), "give a tensor of shape (N, d)")
    if not bool(torch.isfinite(inputs).all()):
        raise InputError("inputs", "NaN or infinite", "give finite numbers")
    working = module if _dtype_of(module) == dtype else copy.deepcopy(module).to(dtype)
    place = next(working.parameters()).device
    given = inputs.detach().to(device=place, dtype=dtype)
    seen: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in layers}
    found = dict(working.named_modules())
    hooks = [found[name].register_forward_hook(_Recorder(calls)) for name, calls in seen.items()]
    try:
        with torch.enable_grad():
            outputs = working(given)
            columns = outputs.reshape(len(given), -1).unbind(1) if _is_table(outputs, len(given)) else ()
    finally:
        for hook in hooks:
            hook.remove()
    if not columns:
        raise InputError("outputs", getattr(outputs, "shape", type(outputs).__name__), "return shape (N,) or (N, C)")
    _require_separate(working, given, outputs)
    for name, calls in seen.items():
        if len(calls) != 1:
            raise InputError(f"layer {name}", f"used {len(calls)} times", "give a network that uses each layer once")
        if calls[0][0].ndim != 2 or len(calls[0][0]) != len(given):
            raise InputError(f"input of {name}", tuple(calls[0][0].shape), "give a network whose layers see (N, in)")
    leaving = [calls[0][1] for calls in seen.values()]
    # Materialised: an output that a layer does not reach has the derivative 0. A sum over samples has the derivative 1.
    one = torch.ones_like(columns[0])
    signals = [
        torch.autograd.grad(column, leaving, one, retain_graph=True, materialize_grads=True) for column in columns
    ]
    return {
        name: Factors(torch.stack([of_output[k] for of_output in signals]), calls[0][0])
        for k, (name, calls) in enumerate(seen.items())
    }


class _Recorder:
    """Forward hook that keeps what enters and leaves a layer."""

    def __init__(self, calls: list[tuple[Tensor, Tensor]]) -> None:
        self.calls = calls

    def __call__(self, layer: nn.Module, entering: tuple[Tensor, ...], leaving: Tensor) -> Tensor:
        if not leaving.requires_grad:  # a frozen first layer
            leaving.requires_grad_()
        self.calls.append((entering[0].detach().clone(), leaving))
        # A copy goes on: an activation in place would otherwise change what is differentiated.
        return leaving.clone()


def _is_table(outputs: object, samples: int) -> bool:
    """Whether the outputs are one number, or one row of numbers, a sample."""
    return isinstance(outputs, Tensor) and outputs.ndim in (1, 2) and len(outputs) == samples and outputs.numel() > 0


def _dtype_of(module: nn.Module) -> torch.dtype:
    return next(module.parameters()).dtype


def _require_understood(name: str, part: nn.Module) -> None:
    """Refuse layers whose gradients are not products of one signal and one input."""
    shown = f"layer {name}".strip()
    if isinstance(part, nn.Linear):
        if type(part) is not nn.Linear or not isinstance(part.weight, nn.Parameter):
            raise InputError(f"weight of {name}", "computed from other tensors", "give plain torch.nn.Linear layers")
        return
    if isinstance(part, nn.Dropout):
        if part.training and part.p > 0.0:
            raise InputError(shown, "Dropout in training mode", "call module.eval()")
        return
    if isinstance(part, _ELEMENTWISE):
        return
    if not list(part.children()):
        raise InputError(shown, type(part).__name__, "give Linear layers and elementwise activations alone")
    own = [key for key, _ in part.named_parameters(recurse=False)]
    if own:
        raise InputError(f"{shown}.{own[0]}", "a parameter outside a Linear layer", "give Linear layers alone")


def _require_mask(name: str, weight: Tensor, kept: Tensor) -> None:
    if kept.dtype != torch.bool or kept.shape != weight.shape:
        found = f"{kept.dtype} of shape {tuple(kept.shape)}"
        raise InputError(f"mask of {name}", found, f"give a boolean one of shape {tuple(weight.shape)}")
    stray = int(torch.count_nonzero(weight.detach()[~kept.to(weight.device)]))
    if stray:
        raise InputError(
            f"mask of {name}", f"drops {stray} weights that are not 0", "apply it to the module first: apply_masks"
        )


@torch.no_grad()
def _require_separate(module: nn.Module, inputs: Tensor, outputs: Tensor) -> None:
    """Refuse outputs that are not finite, or that change when the other samples are taken away."""
    if not bool(torch.isfinite(outputs).all()):
        raise InputError("outputs", "NaN or infinite", "check the weights and the inputs for overflow")
    alone = module(inputs[:1])[0]
    allowed = torch.finfo(outputs.dtype).eps ** 0.5 * float(outputs.detach().abs().max())
    if float((alone - outputs.detach()[0]).abs().max()) > allowed:
        raise InputError("outputs", "they mix samples", "give a module that treats each sample by itself")
