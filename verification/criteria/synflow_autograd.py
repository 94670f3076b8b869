"""SynFlow on any module: the absolute network, made linear, in float64, through autograd."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.overrides import TorchFunctionMode

from graphon_theory.errors import InputError
from verification.criteria.synflow_chain import scale_exponent

_NAMES: Final = (
    "relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "prelu", "rrelu", "rrelu_", "elu", "elu_", "celu", "celu_",
    "selu", "selu_", "gelu", "silu", "mish", "softplus", "softsign", "sigmoid", "sigmoid_", "logsigmoid",
    "hardsigmoid", "hardtanh", "hardtanh_", "hardswish", "tanh", "tanh_",
)  # fmt: skip
_ACTIVATIONS: Final[frozenset[Any]] = frozenset(
    getattr(home, name) for home in (torch, F, Tensor) for name in _NAMES if hasattr(home, name)
)
_OWN_STATISTICS: Final = (nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm, nn.modules.instancenorm._InstanceNorm)
_BATCH_NORMS: Final = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_BIASED: Final = (nn.Linear, nn.modules.conv._ConvNd, *_BATCH_NORMS)


class _Linear(TorchFunctionMode):
    """Takes elementwise activations as the identity, whether called as modules or as functions."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        if func in _ACTIVATIONS:
            return args[0] if args else given["input"]
        return func(*args, **given)


def autograd_scores(
    module: nn.Module, weights: Mapping[str, Tensor], input_shape: tuple[int, ...]
) -> dict[str, Tensor]:
    """``|w| dR/d|w|`` with R the sum of outputs of the absolute, linear network for an input of ones.

    Parameters
    ----------
    module
        The network. It is called with its parameters and buffers replaced, never changed; modules are in eval
        mode during the call.
    weights
        Layer name to the weight to use in that layer, which may be another than the module's own (a masked
        one); these layers are scored.
    input_shape
        Shape of one example, without the axis of the batch.

    Returns
    -------
    dict
        Layer name to score, non-negative, in the dtype of the weight; divided by one power of two near R if R
        is out of the range of ``chain_scores``.

    Raises
    ------
    InputError
        If the module normalises by statistics of its own input, does not take the input shape, returns no
        tensor, overflows float64, or a layer has no path to the output.
    """
    leaves = {name: weight.detach().double().abs().requires_grad_() for name, weight in weights.items()}
    replaced = _absolute(module) | {f"{name}.weight".lstrip("."): leaf for name, leaf in leaves.items()}
    ones = torch.ones(1, *input_shape, dtype=torch.float64, device=next(iter(leaves.values())).device)
    devices = [ones.device] if ones.device.type == "cuda" else []
    with _evaluating(module), torch.random.fork_rng(devices=devices), torch.enable_grad(), _Linear():
        try:
            output = torch.func.functional_call(module, replaced, (ones,))
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            raise InputError(
                "input_shape", input_shape, f"give the shape of one example that the module takes in float64 ({error})"
            ) from error
        if not isinstance(output, Tensor):
            raise InputError("module", f"returns {type(output).__name__}", "give a module that returns one tensor")
        total = output.sum()
    size = abs(float(total.detach()))
    if not math.isfinite(size):
        raise InputError("scores", "overflow", "float64 does not hold the path sums: scale the weights down")
    if not total.requires_grad:
        raise InputError(f"layer {next(iter(leaves))}", "no gradient", "leave out layers without path to the output")
    slopes = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    scores = {}
    for (name, leaf), slope in zip(leaves.items(), slopes, strict=True):
        if slope is None:
            raise InputError(f"layer {name}", "no gradient", "leave out layers without path to the output")
        unit = scale_exponent(math.log2(size), weights[name].dtype) if size > 0 else 0
        product = (leaf.detach() * slope).abs_()
        scores[name] = torch.ldexp(product, torch.tensor(-unit, device=product.device)).to(weights[name].dtype)
    return scores


def _absolute(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers of the absolute network: moduli, biases and running means zero, all float64."""
    replaced: dict[str, Tensor] = {}
    for name, part in module.named_modules():
        own = isinstance(part, _OWN_STATISTICS)
        if own or (isinstance(part, _BATCH_NORMS) and part.running_var is None):
            raise InputError(
                f"layer {name}",
                f"{type(part).__name__} with statistics of its own input",
                "SynFlow needs a network that is linear up to activations: remove it or keep running statistics",
            )
        for key, parameter in part.named_parameters(recurse=False):
            value = parameter.detach().double().abs()
            zero = key == "bias" and isinstance(part, _BIASED)
            replaced[f"{name}.{key}".lstrip(".")] = torch.zeros_like(value) if zero else value
        for key, buffer in part.named_buffers(recurse=False):
            value = buffer.double() if buffer.is_floating_point() else buffer.clone()
            zero = key == "running_mean" and isinstance(part, _BATCH_NORMS)
            replaced[f"{name}.{key}".lstrip(".")] = torch.zeros_like(value) if zero else value
    return replaced


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Eval mode inside, every flag as it was afterwards."""
    flags = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        yield
    finally:
        for part, flag in flags:
            part.training = flag
