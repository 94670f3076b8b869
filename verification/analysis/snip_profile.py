"""SNIP's profiles on a user's module: of its one hidden layer (SNIP-S, SNIP-1), and of its last layer.

That a module is ``a sigma(W x + b) + c`` is not read off its source but checked on the batch: the formula must give
the module's own outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from graphon_theory.criteria import snip_rank_one, snip_rank_s
from graphon_theory.noise import NoiseLaw
from graphon_theory.saliency import FiniteModel
from verification.analysis.inputs import Prepared, explained_share, outputs_of
from verification.analysis.result import Regime

LEAST_LAMBDA = 8.0
"""From here on the distance of SNIP's mask to the rank-one graphon follows its law; below, it saturates."""

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
    """A module that computes ``a sigma(W x + b) + c`` with one output.

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
        Output weights, shape (n,).
    """

    hidden: str
    readout: str
    activation: str
    biased: bool
    z: Tensor
    a: Tensor


@torch.no_grad()
def one_hidden_layer(module: nn.Module, prepared: Prepared) -> OneHidden | None:
    """Recognise a network of one hidden layer and one output; None for any other."""
    layers = [(name, part) for name, part in module.named_modules() if isinstance(part, (nn.Linear, nn.Conv2d))]
    if len(layers) != 2 or prepared.outputs != 1:
        return None
    for (hidden, first), (readout, last) in ((layers[0], layers[1]), (layers[1], layers[0])):
        if not (isinstance(first, nn.Linear) and isinstance(last, nn.Linear)):
            return None
        if last.out_features != 1 or first.out_features != last.in_features:
            continue
        if first.in_features != prepared.flat.shape[1]:
            continue
        z = functional.linear(prepared.flat, first.weight, first.bias)
        outputs = outputs_of(module, prepared.inputs[:_PROBES]).reshape(-1)
        for name, sigma in _SIGMAS.items():
            wanted = functional.linear(sigma(z[:_PROBES]), last.weight, last.bias).reshape(-1)
            if torch.allclose(outputs, wanted, rtol=1e-4, atol=1e-5 * float(wanted.abs().max() + 1e-30)):
                biased = any(part.bias is not None and bool(part.bias.any()) for part in (first, last))
                return OneHidden(hidden, readout, name, biased, z, last.weight[0].double())
    return None


def hidden_models(found: OneHidden, prepared: Prepared, noise: NoiseLaw) -> tuple[FiniteModel, FiniteModel]:
    """Rank-S model of the batch (SNIP-S), and the rank-one model (SNIP-1), of the hidden layer."""
    z = found.z.detach().requires_grad_()
    (slopes,) = torch.autograd.grad(_SIGMAS[found.activation](z).sum(), z)
    y = prepared.targets.double().reshape(-1)
    readout = found.a.numpy()
    rank_s = snip_rank_s(readout, slopes.double().numpy(), -y.numpy(), prepared.flat.numpy(), noise)
    correlations = (prepared.flat.double().T @ y / len(y)).numpy()
    return rank_s, snip_rank_one(readout, correlations, noise)


@torch.no_grad()
def last_layer(module: nn.Module, prepared: Prepared) -> tuple[str, Tensor] | None:
    """Name and profile of a ``Linear`` layer whose output is the module's own; None if there is none.

    With the residual ``r = -y`` of the centred squared loss the score of an output weight is
    ``|w_ci| |S^-1 sum_s r_sc x_si|``, x the layer's inputs: its profile, shape (outputs, inputs), does not depend on
    the layer's own weights.
    """
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
    residuals = prepared.targets.double().reshape(prepared.batch, -1)
    for name, (taken, given) in reversed(seen.items()):
        if taken.ndim == 2 and given.numel() == outputs.numel() and torch.equal(given.reshape(-1), outputs.reshape(-1)):
            return name, (residuals.T @ taken.double()).abs() / prepared.batch
    return None


def regime(prepared: Prepared) -> Regime:
    """Estimate ``lambda = S R^2 / d`` and say which statement the batch is in the regime of."""
    batch, inputs = prepared.flat.shape
    share = explained_share(prepared)
    lam = None if share is None else batch * share / inputs
    if lam is None:
        text = "too few samples to estimate R^2: only SNIP-S can be relied on"
    elif lam >= LEAST_LAMBDA:
        text = (
            "large enough for SNIP-1's law (from 8 on): the rank-one graphon is off by about "
            f"{0.057 * lam**-0.5:.3f} at density 0.1, vanishing as lambda grows"
        )
    else:
        text = "below 8: the rank-one graphon of SNIP-1 stays off, only SNIP-S holds; a larger batch helps"
    name = "SNIP-1" if lam is not None and lam >= LEAST_LAMBDA else "SNIP-S"
    return Regime(batch, inputs, share, lam, batch / inputs, name, text)
