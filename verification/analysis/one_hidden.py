"""Recognise a user's module as a network of one hidden layer, ``a sigma(W x + b) + c``.

That is not read off its source but checked on the batch: the formula must give the module's own outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from verification.analysis.inputs import Prepared, outputs_of
from verification.analysis.result import Array

PIECEWISE_LINEAR = ("relu", "leaky relu", "identity")
"""Activations whose second derivative vanishes: GRASP's identity holds for them."""

_PROBES = 32  # samples on which a formula is held against the module
_SIGMAS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "tanh": torch.tanh,
    "gelu": functional.gelu,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "elu": functional.elu,
    "leaky relu": functional.leaky_relu,
    "softplus": functional.softplus,
    "identity": lambda z: z,
}


@dataclass(frozen=True, eq=False)
class OneHidden:
    """A module that computes ``a sigma(W x + b) + c``.

    Parameters
    ----------
    hidden, readout
        Names of its layers.
    activation
        Name of sigma.
    biased
        Whether b or c are there and not zero.
    z
        Preactivations, shape (S, n).
    a
        Output weights, shape (C, n).
    c
        Output biases, shape (C,).
    weight
        Hidden weights W, shape (n, d).
    """

    hidden: str
    readout: str
    activation: str
    biased: bool
    z: Tensor
    a: Array
    c: Array
    weight: Array

    def slopes(self) -> Array:
        """``sigma'(z_is)``, shape (S, n)."""
        return self._derivative(1)

    def bends(self) -> Array:
        """``sigma''(z_is)`` away from kinks, shape (S, n)."""
        return self._derivative(2)

    def outputs(self) -> Array:
        """``f_c(x_s)`` by the formula, shape (S, C)."""
        return _SIGMAS[self.activation](self.z.double()).numpy() @ self.a.T + self.c

    def _derivative(self, order: int) -> Array:
        z = self.z.double().detach().requires_grad_()
        value = _SIGMAS[self.activation](z)
        for _ in range(order):
            if not value.requires_grad:
                return np.zeros(tuple(z.shape))
            (value,) = torch.autograd.grad(value.sum(), z, create_graph=True, materialize_grads=True)
        found: Array = value.detach().numpy()
        return found


@torch.no_grad()
def one_hidden_layer(module: nn.Module, prepared: Prepared) -> OneHidden | None:
    """Recognise a network of one hidden layer with as many outputs as the module has; None for any other."""
    layers = [(name, part) for name, part in module.named_modules() if isinstance(part, (nn.Linear, nn.Conv2d))]
    if len(layers) != 2:
        return None
    for (hidden, first), (readout, last) in ((layers[0], layers[1]), (layers[1], layers[0])):
        if not (isinstance(first, nn.Linear) and isinstance(last, nn.Linear)):
            return None
        if last.out_features != prepared.outputs or first.out_features != last.in_features:
            continue
        if first.in_features != prepared.flat.shape[1]:
            continue
        z = functional.linear(prepared.flat, first.weight, first.bias)
        outputs = outputs_of(module, prepared.inputs[:_PROBES]).reshape(-1)
        for name, sigma in _SIGMAS.items():
            wanted = functional.linear(sigma(z[:_PROBES]), last.weight, last.bias).reshape(-1)
            if torch.allclose(outputs, wanted, rtol=1e-4, atol=1e-5 * float(wanted.abs().max() + 1e-30)):
                return OneHidden(
                    hidden=hidden,
                    readout=readout,
                    activation=name,
                    biased=any(part.bias is not None and bool(part.bias.any()) for part in (first, last)),
                    z=z,
                    a=last.weight.detach().double().numpy(),
                    c=np.zeros(prepared.outputs) if last.bias is None else last.bias.detach().double().numpy(),
                    weight=first.weight.detach().double().numpy(),
                )
    return None


@torch.no_grad()
def last_layer(module: nn.Module, prepared: Prepared) -> tuple[str, Array] | None:
    """Name and inputs, shape (S, m), of a ``Linear`` layer whose output is the module's own; None if there is none."""
    seen: dict[str, tuple[Tensor, Tensor]] = {}
    handles = []
    for name, part in module.named_modules():
        if isinstance(part, nn.Linear):

            def note(_: nn.Module, taken: tuple[Tensor, ...], given: Tensor, name: str = name) -> None:
                seen[name] = (taken[0], given)

            handles.append(part.register_forward_hook(note))
    try:
        outputs = outputs_of(module, prepared.inputs)
    finally:
        for handle in handles:
            handle.remove()
    for name, (taken, given) in reversed(seen.items()):
        if taken.ndim == 2 and given.numel() == outputs.numel() and torch.equal(given.reshape(-1), outputs.reshape(-1)):
            return name, taken.double().numpy()
    return None
